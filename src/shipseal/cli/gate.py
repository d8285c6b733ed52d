"""`shipseal gate`: for every finding, which rule decided."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from shipseal.cli.gate_options import MustFix

app = typer.Typer(
    help="Explain what the gate decides.", no_args_is_help=True, rich_markup_mode=None
)


@app.callback()
def gate() -> None:
    """Explain what the gate decides."""


@app.command()
def explain(
    what: Annotated[
        str | None,
        typer.Argument(
            metavar="[ID|VERSION|FILE|sbom:FILE]",
            help="A release of this machine, a file with scan results, or an SBOM. Default: the latest release.",
        ),
    ] = None,
    *,
    finding: Annotated[
        str | None,
        typer.Option(
            "--finding",
            metavar="CVE",
            help="Only this vulnerability, by any of its ids, with every rule that was asked.",
        ),
    ] = None,
    status: Annotated[
        str | None,
        typer.Option("--status", help="Only these: fail, unknown, pass or ignored."),
    ] = None,
    policy: Annotated[
        Path | None,
        typer.Option(
            "--policy",
            help="Decide by this file, with the keys of gate at its top, as shipseal scan does.",
        ),
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option(
            "--config",
            "-c",
            help="Configuration: where releases are looked for, and what results and SBOMs are held against.",
        ),
    ] = None,
    again: Annotated[
        bool,
        typer.Option(
            "--again", help="Hold a release's findings against today's configuration and ignores."
        ),
    ] = False,
    ignores: Annotated[
        Path | None,
        typer.Option("--ignores", help="File with ignore rules, such as .grype.yaml."),
    ] = None,
    must_fix: MustFix = None,
    since: Annotated[
        Path | None,
        typer.Option("--since", help="File with an earlier scan: only what that has not refuses."),
    ] = None,
    engine: Annotated[
        str | None, typer.Option("--engine", help="What scans an SBOM: auto, builtin or grype.")
    ] = None,
    db: Annotated[
        Path | None, typer.Option("--db", help="Advisory database of the built-in matcher.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Say for every finding which rule decided; of a release as it was decided then. The exit status is 0.

    With --policy, --must-fix, --since, --ignores or --again, a release's findings are held against that instead.
    """
    from shipseal._internal.clock import SystemClock  # noqa: PLC0415 - costs more than --help may
    from shipseal.cli.gate_explanation import ExplainWish, explanation  # noqa: PLC0415
    from shipseal.cli.gate_view import print_explanation  # noqa: PLC0415
    from shipseal.cli.output import print_json  # noqa: PLC0415
    from shipseal.cli.terminal import TerminalReporter  # noqa: PLC0415

    wish = ExplainWish(
        what=what,
        policy=policy,
        config=config,
        again=again,
        ignores=ignores,
        must_fix=tuple(must_fix or ()),
        since=since,
        engine=engine,
        db=db,
        finding=finding,
        status=status,
    )
    clock = SystemClock()
    with TerminalReporter(sys.stderr, os.environ, clock) as reporter:
        document = explanation(wish, os.environ, clock, reporter)
    if as_json:
        print_json(document)
    else:
        print_explanation(document, detailed=finding is not None)
