"""``shipseal diagnose``: what a log says went wrong, what proves it, and what to do next."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="Say what a log proves went wrong, and what to do next.")


@app.command()
def diagnose(
    logs: Annotated[
        list[str] | None,
        typer.Argument(metavar="[LOG...|-]", help="Files; - or nothing: standard input."),
    ] = None,
    *,
    run: Annotated[
        str | None,
        typer.Option("--run", metavar="RELEASE", help="A release of this machine: id or version."),
    ] = None,
    github_run: Annotated[
        int | None,
        typer.Option("--github-run", metavar="ID", min=1, help="A run of GitHub Actions."),
    ] = None,
    repo: Annotated[
        str,
        typer.Option(
            "--repo", metavar="[HOST/]O/R", help="Of --github-run. Default: as git's remote says."
        ),
    ] = "",
    attempt: Annotated[
        int | None,
        typer.Option("--attempt", min=1, help="Of --github-run. Default: the last one."),
    ] = None,
    config: Annotated[
        Path | None, typer.Option("--config", "-c", help="shipseal.yaml, of --run.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Say what went wrong: code, cause, the lines that prove it, what to do, and whether trying again can help.

    Reads logs of GitHub Actions and what docker, buildx, buildah, crane, skopeo, Syft, Grype, Trivy, cosign, gh and
    registries print. When nothing known fits it says unknown and shows the likely lines. Exit status: 0 whatever it
    finds, 64 for a log that is not there, 4 or 5 when GitHub could not be asked.
    """
    import os  # noqa: PLC0415 - as needed

    from shipseal.cli.diagnose_sources import Asked, found_of  # noqa: PLC0415
    from shipseal.cli.diagnose_view import as_value, print_answer  # noqa: PLC0415
    from shipseal.cli.output import print_json  # noqa: PLC0415

    asked = Asked(
        logs=tuple(logs or ()),
        run=run,
        github_run=github_run,
        repo=repo,
        attempt=attempt,
        config=config,
    )
    answer = found_of(asked, os.environ)
    if as_json:
        print_json(as_value(answer))
    else:
        print_answer(answer)
