"""``shipseal watch``: whether what must happen by itself did happen, for people, for cron and for Prometheus."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shipseal._internal.clock import Clock
    from shipseal.github.runs import GitHubRuns
    from shipseal.watch.values import Expectation, SeenWorkflow
    from shipseal.wiring.watch import WatchWords

_LONGEST_LOOK = 600.0
"""Seconds; a usual look takes one or two. Who looks every quarter of an hour looks once at a time."""

app = typer.Typer(
    help="Look at what must happen by itself, and alarm when it did not.", no_args_is_help=True
)


@app.callback()
def _watch() -> None:
    """Look at what must happen by itself, and alarm when it did not."""


@app.command()
def actions(
    *,
    repo: Annotated[
        str,
        typer.Option("--repo", metavar="[HOST/]O/R", help="Default: the job's, else git's remote."),
    ] = "",
    workflow: Annotated[
        list[str] | None,
        typer.Option("--workflow", metavar="FILE", help="Of a workflow; several times."),
    ] = None,
    job: Annotated[
        list[str] | None,
        typer.Option("--job", metavar="NAME", help="Expected in every run; several times."),
    ] = None,
    step: Annotated[
        list[str] | None,
        typer.Option("--step", metavar="NAME", help="Expected in every run; several times."),
    ] = None,
    branch: Annotated[
        str, typer.Option("--branch", help="Of this branch or tag alone, such as v*.")
    ] = "",
    event: Annotated[
        str, typer.Option("--event", help="Of this alone; default: all but pull requests.")
    ] = "",
    runs: Annotated[
        int | None, typer.Option("--runs", min=1, max=100, help="How many runs are judged.")
    ] = None,
    max_age: Annotated[
        str, typer.Option("--max-age", metavar="7d", help="No run for longer is an alarm, or none.")
    ] = "",
    longest: Annotated[
        str, typer.Option("--longest", metavar="6h", help="A run that takes longer is an alarm.")
    ] = "",
    annotations: Annotated[
        bool | None,
        typer.Option(
            "--annotations/--no-annotations",
            help="Whether a job that passed and told of an error is an alarm.",
            show_default=False,
        ),
    ] = None,
    metrics: Annotated[
        Path | None,
        typer.Option("--metrics", metavar="FILE", help="For Prometheus' textfile collector."),
    ] = None,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Print nothing when there is no alarm.")
    ] = False,
    config: Annotated[
        Path | None,
        typer.Option("--config", "-c", help="shipseal.yaml, whose watch.actions says the rest."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Look at the last runs of the workflows that publish: expected jobs and steps there, done, not skipped.

    Exit status: 0 all is well, 2 there is an alarm, 4 not permitted, 5 nobody could look. Jobs and steps that are
    expected when nothing else is said: sbom-scan; "Attest build provenance" and "Attest SBOM".
    """
    import os  # noqa: PLC0415 - as needed

    from shipseal._internal.clock import SystemClock  # noqa: PLC0415
    from shipseal.wiring.watch import WatchWords  # noqa: PLC0415

    words = WatchWords(
        repo=repo,
        workflows=tuple(workflow or ()),
        jobs=tuple(job or ()),
        steps=tuple(step or ()),
        branch=branch,
        event=event,
        runs=runs,
        max_age=max_age,
        longest=longest,
        annotations=annotations,
    )
    status = run(
        words,
        os.environ,
        SystemClock(),
        config=config,
        metrics_file=metrics,
        quiet=quiet,
        as_json=as_json,
    )
    raise typer.Exit(status)


def run(
    words: "WatchWords",
    env: "Mapping[str, str]",
    clock: "Clock",
    *,
    config: Path | None = None,
    metrics_file: Path | None = None,
    quiet: bool = False,
    as_json: bool = False,
) -> int:
    """Look, print, write metrics, and return the exit status.

    Raises:
        ConfigError: what is asked for is wrong.
        ShipsealError: nobody could look; the metrics say so.
    """
    from shipseal.cli.output import print_json  # noqa: PLC0415 - not for --help
    from shipseal.cli.watch_view import print_watched  # noqa: PLC0415
    from shipseal.errors import Exit, ShipsealError  # noqa: PLC0415
    from shipseal.watch.document import document  # noqa: PLC0415
    from shipseal.watch.judge import judge  # noqa: PLC0415
    from shipseal.watch.metrics import metrics  # noqa: PLC0415
    from shipseal.wiring.watch import expectation, runs_of  # noqa: PLC0415

    expected, repo = expectation(words, config, env)
    folder = config.parent if config else Path.cwd()
    client = runs_of(repo, folder, env, clock)
    repository, now = str(client.repository), clock.now()
    try:
        seen = _look(client, expected)
    except ShipsealError:
        _try_to_write(metrics_file, metrics(repository, None, now))
        raise
    finally:
        client.close()
    found = [judge(one, expected, now) for one in seen]
    alarmed = any(one.alarms for one in found)
    try:
        _write(metrics_file, metrics(repository, found, now))
    finally:
        # What is wrong is told, whether or not the metrics can be.
        if as_json:
            print_json(document(repository, found, now))
        elif alarmed or not quiet:
            print_watched(repository, found, now)
    return Exit.REFUSED if alarmed else Exit.OK


def _look(client: "GitHubRuns", expected: "Expectation") -> "list[SeenWorkflow]":
    from shipseal._internal.time_limit import time_limit  # noqa: PLC0415 - not for --help
    from shipseal.watch.look import look  # noqa: PLC0415

    with time_limit(_LONGEST_LOOK, _no_end):
        return [look(client, file, expected) for file in expected.workflows]


def _no_end() -> Exception:
    from shipseal.errors import Code, ShipsealError  # noqa: PLC0415 - not for --help

    return ShipsealError(
        Code.SERVICE_OUTAGE,
        f"GitHub: the look has no end after {_LONGEST_LOOK:g} s",
        hint="what answers there sends a little all the time; run the same command again when GitHub answers",
        context={"service": "GitHub"},
    )


def _write(file: Path | None, text: str) -> None:
    from shipseal._internal.durable import write_atomic  # noqa: PLC0415 - not for --help

    if file is not None:
        # The collector runs as another user, and must never see half a file.
        write_atomic(file, text.encode(), mode=0o644)


def _try_to_write(file: Path | None, text: str) -> None:
    """Write, and only tell of it when that fails: there is a worse failure to tell of."""
    from shipseal.cli.output import tell  # noqa: PLC0415 - not for --help
    from shipseal.errors import ShipsealError  # noqa: PLC0415

    try:
        _write(file, text)
    except ShipsealError as error:
        tell(f"note: {error.message}")
