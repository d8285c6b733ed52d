"""`shipseal release rollback`: tags go back to an earlier release, after a look, a word, and a verification."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from shipseal.cli.output import print_json, say
from shipseal.errors import ConfigError, Exit

if TYPE_CHECKING:
    from shipseal.release.rollback.result import RollbackResult
    from shipseal.release.rollback.values import Setup, Wish


def rollback(
    *,
    to: Annotated[
        str | None,
        typer.Option(
            "--to",
            metavar="RELEASE",
            help="Where to: a version, the id of a release, or a digest; default: the release before the newest.",
        ),
    ] = None,
    targets: Annotated[
        list[str] | None,
        typer.Option("--target", help="Only at this target; may be given several times."),
    ] = None,
    tags: Annotated[
        list[str] | None,
        typer.Option(
            "--tags", help="Only these tags, with commas between them; default: all of the release."
        ),
    ] = None,
    reason: Annotated[
        str, typer.Option("--reason", help="Why; it is recorded, and shown by list and show.")
    ] = "",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Look, verify and tell; move nothing.")
    ] = False,
    allow_old_scan: Annotated[
        bool,
        typer.Option(
            "--allow-old-scan", help="Go back although the scan is older than verify.scan_max_age."
        ),
    ] = False,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Do not ask; needed where nobody can be asked.")
    ] = False,
    config: Annotated[
        Path | None,
        typer.Option("--config", "-c", help="Configuration; default: ./shipseal.yaml."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Move the tags of a bad release back to the one before it, all targets or none.

    That release is verified first, at every target. Version tags never move. The same command again moves nothing, or
    finishes what was cut short.
    """
    from shipseal._internal.clock import SystemClock  # noqa: PLC0415 - costs more than --help may
    from shipseal.cli.passwords import ask_password  # noqa: PLC0415
    from shipseal.cli.terminal import TerminalReporter  # noqa: PLC0415
    from shipseal.release.rollback.values import Wish  # noqa: PLC0415
    from shipseal.wiring.person import person  # noqa: PLC0415
    from shipseal.wiring.rollback import RollbackPlaces, rollback_setup  # noqa: PLC0415
    from shipseal.wiring.surroundings import Surroundings  # noqa: PLC0415

    names = tuple(name.strip() for text in tags or () for name in text.split(",") if name.strip())
    _refuse_empty(to, tags, names)
    wish = Wish(to or "", names, reason, person(os.environ), dry_run, allow_old_scan)
    clock = SystemClock()
    with TerminalReporter(sys.stderr, os.environ, clock) as reporter:
        around = Surroundings(os.environ, clock, reporter, ask_password)
        setup = rollback_setup(RollbackPlaces(config, tuple(targets or ())), around)
        try:
            result = _roll_back(setup, wish, yes=yes, as_json=as_json)
        finally:
            for target in setup.targets:
                target.close()
    _end(result.exit)


def _refuse_empty(to: str | None, tags: list[str] | None, names: tuple[str, ...]) -> None:
    """Take an option without a value for what it is: a variable that a script did not set.

    Raises:
        ConfigError: it is one.
    """
    for option, is_empty in (("--to", to == ""), ("--tags", tags is not None and not names)):
        if is_empty:
            raise ConfigError(
                f"{option} is empty, so nothing was begun",
                hint=f"say what is meant, or leave {option} out",
            )


def _end(status: int) -> NoReturn:
    raise typer.Exit(status)


def _roll_back(setup: "Setup", wish: "Wish", *, yes: bool, as_json: bool) -> "RollbackResult":
    from shipseal.cli.rollback_view import print_plan, print_rollback  # noqa: PLC0415
    from shipseal.release.rollback.plan import plan_rollback  # noqa: PLC0415
    from shipseal.release.rollback.result import result_of_plan  # noqa: PLC0415
    from shipseal.release.rollback.run import carry_out, one_at_a_time  # noqa: PLC0415

    with one_at_a_time(setup):
        looking = setup.reporter.transfer("looking at all targets", None)
        try:
            plan = plan_rollback(setup, wish)
        finally:
            looking.done()
        result = result_of_plan(setup, wish, plan)
        if not as_json:
            print_plan(result)
        if plan.to is not None and not wish.dry_run:
            _agree(yes=yes, as_json=as_json)
            result = carry_out(setup, wish, plan)
    if as_json:
        print_json(result.to_json())
    else:
        print_rollback(result)
    return result


def _agree(*, yes: bool, as_json: bool) -> None:
    """Go on when a person says so.

    Raises:
        ConfigError: nobody can be asked.
        typer.Exit: the person said no.
        typer.Abort: the person gave no answer.
    """
    if yes:
        return
    if as_json or not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise ConfigError(
            "rollback: nobody is here to agree, so nothing was moved",
            hint="look at it with --dry-run, and say --yes",
        )
    sys.stdout.flush()
    if not typer.confirm("move these tags?", err=True):
        say("nothing was moved: the answer was no")
        raise typer.Exit(Exit.INTERRUPTED)
