"""``shipseal ignore``: the rules that take findings out of the gate, and their justification."""

from pathlib import Path
from typing import Annotated

import typer

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
