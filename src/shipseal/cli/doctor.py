"""``shipseal doctor``: what would stop a release, looked for before one is begun."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from shipseal.cli.output import is_live, print_json

if TYPE_CHECKING:
    from shipseal._internal.progress import Reporter

app = typer.Typer(help="Look for what would stop a release, before it is begun.")


@app.command()
def doctor(
    *,
    config: Annotated[
        Path | None, typer.Option("--config", "-c", help="Configuration; default: ./shipseal.yaml.")
    ] = None,
    only: Annotated[
        list[str] | None,
        typer.Option(
            "--only",
            metavar="CHECK",
            help="Only this one; may be given several times. Status pages are asked when they are named here.",
        ),
    ] = None,
    offline: Annotated[bool, typer.Option("--offline", help="Ask nobody outside.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Check configuration, tools, rights, clock, disk, memory, data, signing, and the services that a release needs.

    Nothing is stored at any target. Exit status: 0 when nothing stands in the way, 2 when something does, or its own:
    64 for the configuration, 4 for missing rights, 5 for what did not answer, 3 for an identity that is not accepted,
    6 for data that is too old.
    """
    from shipseal._internal.clock import SystemClock  # noqa: PLC0415 - as for every command
    from shipseal.cli.doctor_view import print_report, report_json  # noqa: PLC0415
    from shipseal.cli.failure import readers_may_leave  # noqa: PLC0415
    from shipseal.wiring.doctor import DoctorWish, examination  # noqa: PLC0415
    from shipseal.wiring.surroundings import Surroundings  # noqa: PLC0415

    with _reporter() as reporter:
        around = Surroundings(os.environ, SystemClock(), reporter, lambda: None)
        report = examination(DoctorWish(config, tuple(only or ()), offline), around)
    with readers_may_leave():
        if as_json:
            print_json(report_json(report))
        else:
            print_report(report)
    raise typer.Exit(report.exit)


@contextmanager
def _reporter() -> "Iterator[Reporter]":
    """Show on a terminal what is being looked at; elsewhere only notes."""
    if is_live(sys.stderr):
        from shipseal.cli.terminal import TerminalReporter  # noqa: PLC0415 - as above

        with TerminalReporter() as reporter:
            yield reporter
    else:
        from shipseal.cli.db_progress import QuietReporter  # noqa: PLC0415 - as above

        yield QuietReporter()
