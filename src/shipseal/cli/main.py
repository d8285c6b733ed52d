"""The entry point: finds the command, imports that one alone, and turns however it ends into an exit status.

``shipseal --help`` is read by people and by completion scripts at every keystroke, so nothing here imports a command, a
model or an HTTP client: the table below holds the names and the one-line helps.
"""

import gc
import importlib
import importlib.util
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import FrameType
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperGroup

from shipseal import __version__
from shipseal.cli.failure import Failure, abandon_closed_streams, open_missing_streams
from shipseal.cli.given import naming
from shipseal.cli.plain_values import take_plainly
from shipseal.errors import Exit


@dataclass(frozen=True, slots=True)
class Entry:
    """A command that exists without being imported.

    Attributes:
        module: the module that exposes it as ``app``, a ``typer.Typer``.
        help: one line for ``shipseal --help``.
    """

    module: str
    help: str


COMMANDS: Mapping[str, Entry] = {
    "init": Entry("shipseal.cli.init", "Write a shipseal.yaml that fits this repository."),
    "init github": Entry(
        "shipseal.cli.init_github", "Write the workflow of GitHub Actions that releases this image."
    ),
    "init gitlab": Entry(
        "shipseal.cli.init_gitlab", "Write the pipeline of GitLab that releases this image."
    ),
    "init shell": Entry(
        "shipseal.cli.init_shell", "Write a plain script that releases this image."
    ),
    "release": Entry(
        "shipseal.cli.release", "Take an image from build to moved tags, all or nothing."
    ),
    "verify": Entry(
        "shipseal.cli.verify", "Say whether an image carries the evidence that is required of it."
    ),
    "verify bundle": Entry(
        "shipseal.cli.verify_bundle",
        "Say whether one bundle is genuine and about one file or digest.",
    ),
    "evidence": Entry("shipseal.cli.evidence", "Take along what is said of an image."),
    "copy": Entry(
        "shipseal.cli.copy", "Copy an image with its evidence; tag it when it was verified there."
    ),
    "admission": Entry(
        "shipseal.cli.admission", "Write the policy out for a cluster's admission controller."
    ),
    "db": Entry(
        "shipseal.cli.db", "Fetch, import, share and check advisories for scans without Grype."
    ),
    "sbom": Entry("shipseal.cli.sbom", "Make, trim, compare and measure SBOMs."),
    "diagnose": Entry(
        "shipseal.cli.diagnose", "Say what a log proves went wrong, and what to do next."
    ),
    "gate": Entry("shipseal.cli.gate", "Say for every finding which rule of the gate decided."),
    "scan": Entry(
        "shipseal.cli.scan",
        "Find the vulnerabilities of an image or an SBOM; refuse them by a gate.",
    ),
    "ignore": Entry(
        "shipseal.cli.ignore", "Check, list and explain ignores, and give each its owner and end."
    ),
    "watch": Entry(
        "shipseal.cli.watch", "Look at what must happen by itself, and alarm when it did not."
    ),
    "doctor": Entry(
        "shipseal.cli.doctor", "Look for what would stop a release, before it is begun."
    ),
    "doctor workflow": Entry(
        "shipseal.cli.doctor_workflow",
        "Say what in workflows of GitHub Actions would fail, or let a bad image out.",
    ),
    "status-pages": Entry(
        "shipseal.cli.status_pages",
        "Say what the status pages of the services say that a release needs.",
    ),
    "key": Entry("shipseal.cli.key", "Create and inspect signing keys."),
    "config": Entry("shipseal.cli.config", "Check, show and describe the configuration."),
}

# Options that Typer adds to every stand-alone application; here only the root has them.
_COMPLETION_OPTIONS = frozenset({"install_completion", "show_completion"})
_BETWEEN_COLLECTIONS = 50_000
_COMPLETION_VARIABLE = "_SHIPSEAL_COMPLETE"


def installed() -> list[str]:
    """Return the names of the commands whose module is there, in the order of the table."""
    return [name for name, entry in COMMANDS.items() if importlib.util.find_spec(entry.module)]


def load(name: str) -> Any:
    """Import the command ``name`` and return it as Typer's command object."""
    app: typer.Typer = importlib.import_module(COMMANDS[name].module).app
    app.rich_markup_mode = (
        None  # plain help: importing Rich costs as much as everything else together
    )
    command = typer.main.get_command(app)
    command.name = name
    command.params = [param for param in command.params if param.name not in _COMPLETION_OPTIONS]
    take_plainly(command)
    return command


class LazyGroup(TyperGroup):
    """A group that knows its commands from the table and imports the one that is asked for."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names, without importing anything."""
        return installed()

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Return the command, imported now; None when there is no such one."""
        return load(cmd_name) if cmd_name in installed() else None

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Return a command of two words before one of the first word alone."""
        name = " ".join(args[:2])
        if len(args) > 1 and name in installed():
            return name, load(name), args[2:]
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the table's one-line helps, because asking the commands would import them all."""
        rows = [(name, COMMANDS[name].help) for name in installed()]
        if rows:
            with formatter.section("Commands"):
                formatter.write_dl(rows)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"shipseal {__version__}")
        raise typer.Exit


app = typer.Typer(cls=LazyGroup, name="shipseal", no_args_is_help=True, rich_markup_mode=None)


@app.callback(
    epilog="Exit statuses: docs/exit-codes.md. Configuration: shipseal.yaml, see `shipseal config schema`."
)
def _root(
    *,
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version and exit."
        ),
    ] = False,
) -> None:
    """Ship container images sealed: build, push, catalogue, scan, gate, attest, verify, promote."""


def main(argv: Sequence[str]) -> int:
    """Run one command line in this process and return its exit status; nothing is raised.

    Args:
        argv: the words after ``shipseal``.
    """
    failure = Failure.for_command_line(argv, os.environ)
    with naming(argv):
        try:
            status = _invoke(list(argv))
            sys.stdout.flush()
            return status
        except BaseException as error:  # noqa: BLE001 - the last line: whatever it is becomes a status and a sentence
            return failure.report(error)


def _invoke(argv: list[str]) -> int:
    """Run the command; wrong usage, errors and interrupts come out as exceptions."""
    root = typer.main.get_command(app)
    take_plainly(root)
    try:
        with root.make_context("shipseal", argv) as context:
            root.invoke(context)
    except typer.Exit as end:
        return int(end.exit_code)
    return Exit.OK


def _terminate(number: int, frame: FrameType | None) -> NoReturn:
    """Make a signal with which a job is cancelled, or a terminal goes away, end the work as Ctrl-C does."""
    raise KeyboardInterrupt


def run() -> NoReturn:
    """Run the command line of this process and exit."""
    if _COMPLETION_VARIABLE in os.environ:
        app(prog_name="shipseal")
    open_missing_streams()
    # What a command imports and reads stays until it ends; looking through it again and again for rubbish, as often as
    # the default says, took 7 % of a scan.
    gc.set_threshold(_BETWEEN_COLLECTIONS)
    signal.signal(signal.SIGTERM, _terminate)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # `nohup` means to go on
        signal.signal(signal.SIGHUP, _terminate)
    for stream in (sys.stdout, sys.stderr):
        # A terminal that cannot show a character must not turn a result into a defect.
        getattr(stream, "reconfigure", lambda **_: None)(errors="backslashreplace")
    status = main(sys.argv[1:])
    abandon_closed_streams()
    # The process ends: nobody needs to look through all that was imported once more.
    gc.freeze()
    if status == Exit.INTERRUPTED:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        from shipseal._internal.clock import SystemClock  # noqa: PLC0415 - most commands are not interrupted
        from shipseal._internal.leftovers import remove_own_scratch  # noqa: PLC0415

        remove_own_scratch(SystemClock())
        # Threads may still wait for a network or a tool; what they do is in nobody's journal as done.
        os._exit(status)
    sys.exit(status)


if __name__ == "__main__":
    run()
