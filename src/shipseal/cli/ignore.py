"""``shipseal ignore``: the rules that take findings out of the gate, and their justification."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from shipseal.cli.ignore_life import add, assess, prune, vex

app = typer.Typer(
    help="Check, list and explain ignores, and give each its owner and end.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

IgnoreFileArgument = Annotated[
    Path | None,
    typer.Argument(
        metavar="[FILE]",
        help="File with ignore rules; default: ignores.file of shipseal.yaml, else .grype.yaml.",
    ),
]
ConfigFile = Annotated[
    Path | None,
    typer.Option("--config", "-c", help="shipseal.yaml; default: the one in this folder, if any."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.callback()
def ignore() -> None:
    """Check, list and explain ignores, and give each its owner and end."""


Results = Annotated[
    Path | None,
    typer.Option("--results", metavar="FILE", help="Hold the rules against results of a scan."),
]
Sbom = Annotated[
    Path | None,
    typer.Option("--sbom", metavar="FILE", help="Scan this SBOM, and hold the rules against that."),
]
ImageName = Annotated[
    str | None,
    typer.Option(
        "--image", metavar="IMAGE", help="Scan this image, and hold the rules against that."
    ),
]
Engine = Annotated[str | None, typer.Option("--engine", help="What scans: auto, builtin or grype.")]
Database = Annotated[
    Path | None, typer.Option("--db", help="Advisory database of the built-in matcher.")
]


@app.command()
def lint(
    file: IgnoreFileArgument = None,
    *,
    results: Results = None,
    sbom: Sbom = None,
    image: ImageName = None,
    strict: Annotated[
        bool,
        typer.Option("--strict", help="Exit 2 for every problem, not only for what is required."),
    ] = False,
    engine: Engine = None,
    db: Database = None,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Say what each rule lacks of its justification and what is wrong with it.

    Exit 2 when a rule lacks a part that is required (ignores.require), has a misspelt key or no condition, or cannot be
    used. What has ended, matches nothing or too much, or repeats another rule is told; with --strict that is exit 2,
    too.
    """
    from shipseal._internal.clock import SystemClock  # noqa: PLC0415 - costs more than --help may
    from shipseal.cli.ignore_lint import LintWish, linted, print_lint, tell_remarks  # noqa: PLC0415
    from shipseal.cli.output import print_json  # noqa: PLC0415
    from shipseal.cli.terminal import TerminalReporter  # noqa: PLC0415
    from shipseal.errors import Exit  # noqa: PLC0415

    wish = LintWish(file, config, results, sbom, image, db, engine)
    clock = SystemClock()
    with TerminalReporter(sys.stderr, os.environ, clock) as reporter:
        found = linted(wish, os.environ, clock, reporter)
    tell_remarks(found)
    if as_json:
        print_json(found.report.to_json())
    else:
        print_lint(found, against=bool(results or sbom or image))
    if found.report.refused or (strict and not found.report.spotless):
        raise typer.Exit(Exit.REFUSED)


@app.command()
def explain(
    vulnerability: Annotated[str, typer.Argument(metavar="CVE", help="Any id of it.")],
    *,
    file: Annotated[
        Path | None, typer.Option("--file", metavar="FILE", help="File with ignore rules.")
    ] = None,
    results: Results = None,
    sbom: Sbom = None,
    image: ImageName = None,
    engine: Engine = None,
    db: Database = None,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Say which rules are about a vulnerability, whether they count, and why one takes out nothing. Exit status 0."""
    from shipseal._internal.clock import SystemClock  # noqa: PLC0415 - costs more than --help may
    from shipseal.cli.ignore_explain import explained, print_explained  # noqa: PLC0415
    from shipseal.cli.ignore_lint import LintWish  # noqa: PLC0415
    from shipseal.cli.output import print_json  # noqa: PLC0415
    from shipseal.cli.terminal import TerminalReporter  # noqa: PLC0415

    wish = LintWish(file, config, results, sbom, image, db, engine)
    clock = SystemClock()
    with TerminalReporter(sys.stderr, os.environ, clock) as reporter:
        document = explained(vulnerability, wish, os.environ, clock, reporter)
    if as_json:
        print_json(document)
    else:
        print_explained(document)


@app.command("list")
def list_rules(
    file: IgnoreFileArgument = None, *, config: ConfigFile = None, as_json: AsJson = False
) -> None:
    """Show every rule with its end, its owner and its reason. The exit status is 0."""
    from shipseal.cli.ignore_list import list_document, print_list  # noqa: PLC0415 - when needed
    from shipseal.cli.output import print_json  # noqa: PLC0415

    document = list_document(file, config)
    if as_json:
        print_json(document)
    else:
        print_list(document)


for command in (assess, add, prune, vex):
    app.command()(command)
