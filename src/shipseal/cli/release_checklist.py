"""`shipseal release checklist`: what must hold before a release is public, ticked by its evidence."""

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from shipseal.cli.output import print_json, say, say_wrapped
from shipseal.cli.places import short_digest
from shipseal.errors import Exit

if TYPE_CHECKING:
    from shipseal.release.checklist import Checklist

HELP = "Say what must hold before a release is public, and what proves it; exit 2 when something is open."

_MARKS = {"done": "x", "not needed": "-", "failed": "!", "open": " "}
# A person compares beginnings; --json and --markdown have whole digests.
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


def checklist(
    identifier: Annotated[
        str | None,
        typer.Argument(
            metavar="[ID|VERSION]", help="Which; of a version the newest. Default: the latest."
        ),
    ] = None,
    *,
    config: Annotated[
        Path | None, typer.Option("--config", "-c", help="Configuration; default: ./shipseal.yaml.")
    ] = None,
    as_markdown: Annotated[
        bool, typer.Option("--markdown", help="Print it as Markdown, for an issue or a page.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print it as JSON.")] = False,
) -> None:
    """See :data:`HELP`.

    Raises:
        Exit: 2 when something is open, else 0.
        ShipsealError: there is no such release, or its journal cannot be read.
    """
    import msgspec  # noqa: PLC0415 - not for --help

    from shipseal.cli.release_view import tell_unreadable  # noqa: PLC0415
    from shipseal.release.checklist import checklist as made  # noqa: PLC0415
    from shipseal.release.checklist_page import checklist_markdown  # noqa: PLC0415
    from shipseal.release.known import find, survey  # noqa: PLC0415
    from shipseal.wiring.state import state_folder  # noqa: PLC0415

    state = state_folder(config, os.environ)
    there = None if identifier else survey(state)
    if there:
        tell_unreadable(there)
    found = there.latest() if there else find(state, identifier or "")
    listed = made(found.state)
    if as_json:
        print_json(msgspec.to_builtins(listed))
    elif as_markdown:
        typer.echo(checklist_markdown(listed), nl=False)
    else:
        _print(listed)
    raise typer.Exit(Exit.OK if listed.complete else Exit.REFUSED)


def _print(listed: "Checklist") -> None:
    complete = "complete" if listed.complete else "not complete"
    digest = f" {listed.digest}" if listed.digest else ""
    say_wrapped(f"{listed.image} {listed.version}{digest}: {complete}  [{listed.release}]")
    for item in listed.items:
        say()
        say_wrapped(f"[{_MARKS[item.state]}] {item.text} ({', '.join(item.statements)})")
        state = "" if item.state == "done" else f"{item.state}: "
        say_wrapped(f"    {state}{_DIGEST.sub(_short, item.proof)}")


def _short(found: re.Match[str]) -> str:
    return short_digest(found[0])
