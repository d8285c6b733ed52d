"""What is watched: the configuration and the words of a command line, as expectations; and who looks."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shipseal._internal.clock import Clock
from shipseal.errors import ConfigError
from shipseal.watch.values import Expectation

if TYPE_CHECKING:
    from shipseal.config.watch_model import WatchActions
    from shipseal.github.runs import GitHubRuns


@dataclass(frozen=True, slots=True)
class WatchWords:
    """What a command line says; None and empty leave what the configuration says.

    Attributes:
        repo: ``[HOST/]OWNER/NAME``.
        workflows: names of files.
        jobs: names; with steps alone none is expected.
        steps: names; likewise.
        branch: see :class:`~shipseal.watch.values.Expectation`.
        event: likewise.
        runs: likewise.
        max_age: a duration such as ``7d``, or ``none``.
        longest: a duration.
        annotations: whether they are looked at.
    """

    repo: str = ""
    workflows: tuple[str, ...] = ()
    jobs: tuple[str, ...] = ()
    steps: tuple[str, ...] = ()
    branch: str = ""
    event: str = ""
    runs: int | None = None
    max_age: str = ""
    longest: str = ""
    annotations: bool | None = None


def expectation(
    words: WatchWords, config: Path | None, env: Mapping[str, str]
) -> tuple[Expectation, str]:
    """Return what is expected, and the repository as it was named; empty when it was not.

    Args:
        words: of the command line.
        config: the configuration; None for ``shipseal.yaml`` here, which need not be there.
        env: the environment.

    Raises:
        ConfigError: the configuration or a word is wrong.
    """
    words = _checked(words)
    section = _section(config, env)
    stated = {
        "workflows": words.workflows,
        "branch": words.branch,
        "event": words.event,
        "runs": words.runs,
    }
    fields: dict[str, Any] = {key: value for key, value in stated.items() if value}
    if words.jobs or words.steps:
        fields |= {"jobs": words.jobs, "steps": words.steps}
    if words.max_age:
        fields["max_age"] = _span(words.max_age, "--max-age", none=True)
    if words.annotations is not None:
        fields["annotations"] = words.annotations
    if words.longest:
        fields["longest"] = _span(words.longest, "--longest", none=False)
    return replace(_configured(section), **fields), words.repo or section.repository or ""


def runs_of(repo: str, folder: Path, env: Mapping[str, str], clock: Clock) -> "GitHubRuns":
    """Return who reads the runs of a repository.

    Args:
        repo: ``[HOST/]OWNER/NAME``; empty for the job's, else the one that git's remote names.
        folder: in the work tree.
        env: the environment, with a token in ``GH_TOKEN``.
        clock: time and sleep.

    Raises:
        ConfigError: no repository is known, or its name is none.
    """
    from shipseal.github.rest import GitHubRest  # noqa: PLC0415 - brings an HTTP client
    from shipseal.github.runs import GitHubRuns  # noqa: PLC0415
    from shipseal.github.wording import RUNS  # noqa: PLC0415
    from shipseal.wiring.exceptions import place_of  # noqa: PLC0415

    place = place_of(folder / "shipseal.yaml", env, repo)
    if place.repository is None:
        raise ConfigError(
            "no repository at GitHub is known here",
            hint="name it with --repo OWNER/NAME, or in watch.actions.repository of shipseal.yaml",
        )
    return GitHubRuns(GitHubRest(place.host, clock, wording=RUNS), place.repository)


def _checked(words: WatchWords) -> WatchWords:
    """Return the words, each name once: a series that is told twice makes the collector refuse the file."""
    named = {
        "--workflow": words.workflows,
        "--job": words.jobs,
        "--step": words.steps,
        # These two are not named where they are empty.
        "--branch": filter(None, [words.branch]),
        "--event": filter(None, [words.event]),
    }
    told = {option: tuple(dict.fromkeys(texts)) for option, texts in named.items()}
    for option, texts in told.items():
        for text in texts:
            if not text.strip() or not text.isprintable():
                raise ConfigError(f"{option}: {text[:80]!r} is no name")
    return replace(words, workflows=told["--workflow"], jobs=told["--job"], steps=told["--step"])


def _section(config: Path | None, env: Mapping[str, str]) -> "WatchActions":
    from shipseal.config.load import FILE_NAME, load  # noqa: PLC0415 - brings pydantic
    from shipseal.config.watch_model import WatchActions  # noqa: PLC0415

    if config is None and not Path(FILE_NAME).exists():
        return WatchActions()
    return load(config, env=env, overrides={}).config.watch.actions


def _configured(section: "WatchActions") -> Expectation:
    jobs, steps = section.jobs, section.steps
    said = section.model_fields_set & {"jobs", "steps"}
    if len(said) == 1:
        jobs, steps = (jobs, ()) if "jobs" in said else ((), steps)
    return Expectation(
        workflows=section.workflows,
        jobs=jobs,
        steps=steps,
        branch=section.branch or "",
        event=section.event or "",
        runs=section.runs,
        max_age=None if section.max_age is None else timedelta(seconds=section.max_age),
        longest=timedelta(seconds=section.longest),
        annotations=section.annotations,
    )


def _span(text: str, option: str, *, none: bool) -> timedelta | None:
    from shipseal.config.values import parse_duration  # noqa: PLC0415 - brings pydantic

    if none and text == "none":
        return None
    try:
        return timedelta(seconds=parse_duration(text))
    except ValueError as error:
        raise ConfigError(f"{option}: {text[:80]!r}: {error}", hint="such as 7d or 36h") from error
