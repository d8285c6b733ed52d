"""``shipseal doctor workflow``: what would keep GitHub's workflows from releasing, or let a bad image out."""

import os
from pathlib import Path
from typing import Annotated

import typer

from shipseal.cli.output import print_json
from shipseal.errors import Exit

app = typer.Typer(
    help="Read workflows of GitHub Actions and say what would fail, or let a bad image out."
)


_HELP = """Check rights, forks, order, tags, pins, secrets and gates of workflows; each finding with line and fix.

Nothing is accused that the text alone does not prove. What depends on settings of the repository is a note. Exit
status: 0 when nothing is found, 2 when something is, 64 when a file cannot be read.
"""


@app.command(help=_HELP)
def workflow(
    files: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="FILE",
            help="Workflows; default: all in .github/workflows.",
            show_default=False,
        ),
    ] = None,
    *,
    secret: Annotated[
        list[str] | None,
        typer.Option(
            "--secret",
            metavar="NAME",
            help="A secret that exists; with at least one, a login with any other is a finding.",
        ),
    ] = None,
    patch: Annotated[
        bool, typer.Option("--patch", help="Print the changes alone, for `git apply`.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Print what is found, and end with 2 when that is anything.

    Raises:
        ConfigError: a file cannot be read, or two forms of output are asked for.
        Exit: always, with the status.
    """
    from shipseal.cli.doctor_workflow_view import annotate, print_check  # noqa: PLC0415 - only now
    from shipseal.cli.failure import readers_may_leave  # noqa: PLC0415
    from shipseal.errors import ConfigError  # noqa: PLC0415
    from shipseal.wiring.workflow_files import workflow_files  # noqa: PLC0415
    from shipseal.workflows.check import check_workflows  # noqa: PLC0415
    from shipseal.workflows.documents import check_document  # noqa: PLC0415
    from shipseal.workflows.patch import unified  # noqa: PLC0415
    from shipseal.workflows.rule_input import CheckOptions  # noqa: PLC0415

    if patch and as_json:
        raise ConfigError(
            "--patch and --json: one of them decides the output", hint="name one of them"
        )
    read = workflow_files(files or ())
    options = CheckOptions(frozenset(secret) if secret else None, read.settings)
    report = check_workflows(read.sources, read.actions, options)
    changes = unified(read.sources, report.findings)
    with readers_may_leave():
        if as_json:
            print_json(check_document(report))
        else:
            print_check(report, changes, only_patch=patch)
        if os.environ.get("GITHUB_ACTIONS") == "true" and not patch:
            annotate(report)
    raise typer.Exit(Exit.REFUSED if report.findings else Exit.OK)
