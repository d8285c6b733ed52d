"""Where `shipseal diagnose` reads from: files, standard input, a release's journal, a run of GitHub Actions."""

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING

import msgspec

from shipseal._internal.limits import MIB
from shipseal.cli.output import is_live
from shipseal.errors import Code, ConfigError
from shipseal.runbook.diagnosis import Diagnosis, Examined
from shipseal.runbook.engine import examine
from shipseal.runbook.facts import Facts

if TYPE_CHECKING:
    from shipseal._internal.progress import Transfer

_LARGE = 32 * MIB
STANDARD_INPUT = "-"


class Asked(msgspec.Struct, frozen=True):
    """What a command line asks for.

    Attributes:
        logs: files, or ``-``; empty for standard input.
        run: a release of this machine.
        github_run: number of a run of GitHub Actions.
        repo: whose run; empty for what git's remote says.
        attempt: of the run; None for the last.
        config: of the release.
    """

    logs: tuple[str, ...] = ()
    run: str | None = None
    github_run: int | None = None
    repo: str = ""
    attempt: int | None = None
    config: Path | None = None


class Found(msgspec.Struct, frozen=True):
    """A diagnosis and the log that it is of.

    Attributes:
        log: name of the file or job; empty when there is one log alone.
        diagnosis: what was found.
    """

    log: str
    diagnosis: Diagnosis


class Left(msgspec.Struct, frozen=True):
    """Lines between which some were not looked at.

    Attributes:
        first: the first of them, from 1.
        last: the last of them.
        log: name of the file or job; empty when there is one log alone.
    """

    first: int
    last: int
    log: str = ""


class Answer(msgspec.Struct, frozen=True):
    """What the logs say.

    Attributes:
        found: the diagnoses, the one to begin with first.
        partly: where logs were not looked at in full.
    """

    found: Sequence[Found]
    partly: Sequence[Left] = ()


def found_of(asked: Asked, env: Mapping[str, str]) -> Answer:
    """Return what the logs that are asked for say.

    Raises:
        ConfigError: a log is not there, or several sources are named at once.
        ShipsealError: GitHub could not be asked, or the release's journal cannot be read.
    """
    named = [
        name
        for name, wanted in (
            ("LOG", bool(asked.logs)),
            ("--run", asked.run is not None),
            ("--github-run", asked.github_run is not None),
        )
        if wanted
    ]
    if len(named) > 1:
        raise ConfigError(f"{' and '.join(named)}: one source at a time", hint="name one of them")
    if asked.github_run is None and (asked.repo or asked.attempt is not None):
        raise ConfigError(
            "--repo and --attempt say which run of GitHub Actions is meant",
            hint="name the run: shipseal diagnose --github-run ID",
        )
    if asked.run is not None:
        from shipseal.cli.diagnose_release import of_release  # noqa: PLC0415 - imports a release's rooms

        return Answer([Found("", one) for one in of_release(asked.run, asked.config, env)])
    if asked.github_run is not None:
        return _of_github(asked, env)
    return together([(name, _of_file(name)) for name in asked.logs or (STANDARD_INPUT,)])


def together(logs: Sequence[tuple[str, Examined]]) -> Answer:
    """Return what several logs say; those that say nothing known are left out when others do."""
    named = [(name if len(logs) > 1 else "", one) for name, one in logs]
    found = [Found(name, one) for name, examined in named for one in examined.diagnoses]
    known = [one for one in found if one.diagnosis.code is not Code.UNKNOWN]
    telling = known or [one for one in found if one.diagnosis.proof]
    partly = [Left(one.partly.first, one.partly.last, name) for name, one in named if one.partly]
    return Answer(telling or found[:1], partly)


def _of_file(name: str) -> Examined:
    if name == STANDARD_INPUT:
        if sys.stdin.isatty():
            raise ConfigError(
                "no log is named, and nobody pipes one in",
                hint="shipseal diagnose LOG, or: gh run view ID --log-failed | shipseal diagnose",
            )
        return examine(_pieces(sys.stdin.buffer))
    path = Path(name)
    if path.is_dir():
        raise ConfigError(f"{name}: a folder, and no log", hint="name the file that holds the log")
    with path.open("rb") as stream, _shown(path, name) as transfer:
        return examine(_counted(_pieces(stream), transfer))


def _pieces(stream: IO[bytes]) -> Iterator[bytes]:
    read = getattr(stream, "read1", stream.read)
    while piece := read(MIB):
        yield piece


def _counted(pieces: Iterable[bytes], transfer: "Transfer | None") -> Iterator[bytes]:
    for piece in pieces:
        if transfer is not None:
            transfer.advance(len(piece))
        yield piece


@contextmanager
def _shown(path: Path, name: str) -> "Iterator[Transfer | None]":
    """Show how far a large file is read, on a terminal."""
    size = path.stat().st_size
    if size < _LARGE or not is_live(sys.stderr):
        yield None
        return
    from shipseal.cli.terminal import TerminalReporter  # noqa: PLC0415 - only for long work

    with TerminalReporter() as reporter:
        transfer = reporter.transfer(f"read {name}", size)
        yield transfer
        transfer.done()


def _of_github(asked: Asked, env: Mapping[str, str]) -> Answer:
    from shipseal._internal.clock import SystemClock  # noqa: PLC0415 - brings an HTTP client
    from shipseal.cli.working import working  # noqa: PLC0415
    from shipseal.wiring.watch import runs_of  # noqa: PLC0415

    number = asked.github_run or 0
    with (
        closing(runs_of(asked.repo, Path(), env, SystemClock())) as runs,
        working(f"read run {number}"),
    ):
        run = runs.run(number)
        facts = Facts(fork=run.is_forks)
        with runs.logs(number, asked.attempt or run.attempt) as logs:
            return together([(one.job, examine(logs.chunks(one), facts)) for one in logs.files])
