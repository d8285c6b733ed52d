"""A machine whose clock jumps, without a home, without streams, with strange paths: whole releases."""

import os
import subprocess
from collections.abc import Iterator
from datetime import timedelta
from itertools import cycle
from pathlib import Path

import pytest

from shipseal._internal.clock import SystemClock
from shipseal.errors import Exit
from shipseal.release.journal import read_journal
from tests.faults.home_rows import DISK, MACHINE
from tests.support.home_project import MOMENT, HomeProject, Told, check_row, settle
from tests.support.processes import python_argv

YEARS = timedelta(days=3650)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> HomeProject:
    settle(monkeypatch, tmp_path / "cache")
    return HomeProject(tmp_path / "project", engine="grype")


@pytest.fixture
def everyday(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> HomeProject:
    """Return a project whose data have no age: its releases run in processes of their own, on the machine's clock."""
    settle(monkeypatch, tmp_path / "cache")
    return HomeProject(tmp_path / "project")


def clock_shows(patch: pytest.MonkeyPatch, *offsets: timedelta) -> None:
    """Let each look at the clock show the next one of these, over and over."""
    shown = cycle(offsets)
    patch.setattr(SystemClock, "now", lambda _self: MOMENT + next(shown))


@pytest.mark.parametrize(
    "jumps",
    [
        pytest.param(
            [timedelta(hours=-3), timedelta(hours=5), timedelta()],
            id="hours",
            marks=pytest.mark.faults,
        ),
        pytest.param([YEARS, -YEARS], id="years"),
        pytest.param(
            [-YEARS * 5, timedelta(days=400), timedelta(seconds=-1)],
            id="everything",
            marks=pytest.mark.faults,
        ),
    ],
)
def test_a_clock_that_jumps_at_every_look(
    project: HomeProject, monkeypatch: pytest.MonkeyPatch, jumps: list[timedelta]
) -> None:
    undisturbed = project.undisturbed()
    # The first look is the release's.
    shown = iter([timedelta(), *jumps * 1000])
    monkeypatch.setattr(SystemClock, "now", lambda _self: MOMENT + next(shown))
    told = project.ship()
    check_row(MACHINE["clock-jumps"], told, ())
    assert project.public() == undisturbed


@pytest.mark.parametrize(
    "hours", [-5, *(pytest.param(hours, marks=pytest.mark.faults) for hours in (5, 48))]
)
def test_a_clock_that_was_set_between_two_runs_by_hours(
    project: HomeProject, monkeypatch: pytest.MonkeyPatch, hours: int
) -> None:
    undisturbed = project.undisturbed()
    stopped_after(project, "evidence.placed")
    signed = evidence(project)
    clock_shows(monkeypatch, timedelta(hours=hours))
    told = project.resume()
    check_row(MACHINE["clock-hours"], told, ())
    assert evidence(project) == signed
    assert project.public() == undisturbed
    assert ("times go on from there" in told.err) == (hours < 0)


@pytest.mark.parametrize(
    ("key", "offset", "named"),
    [
        pytest.param("clock-ahead", YEARS, "ago", marks=pytest.mark.faults),
        ("clock-back", -YEARS, "in the future"),
    ],
)
def test_a_clock_that_was_set_between_two_runs_by_years(
    project: HomeProject,
    monkeypatch: pytest.MonkeyPatch,
    key: str,
    offset: timedelta,
    named: str,
) -> None:
    undisturbed = project.undisturbed()
    project.fault("grype-fault", "exit 1")
    assert project.ship().exit == Exit.OUTSIDE
    project.mend()
    with monkeypatch.context() as wrong:
        clock_shows(wrong, offset)
        check_row(MACHINE[key], project.ship(), (named, "2026-01-10T12:00:00Z"))
    assert project.tags("a") == project.tags("b") == {}
    assert project.ship().exit == Exit.OK
    assert project.public() == undisturbed


def evidence(project: HomeProject) -> list[str]:
    """Return the digests of all bundles that the journal says were signed."""
    (path,) = (project.folder / ".shipseal" / "releases").glob("*/journal.jsonl")
    return [event.data["bundle"] for event in read_journal(path) if event.kind == "evidence.signed"]


def stopped_after(project: HomeProject, kind: str) -> None:
    """Release, and cut the journal behind the last event of a kind, as a power cut does; the targets keep all."""
    assert project.ship().exit == Exit.OK
    (path,) = (project.folder / ".shipseal" / "releases").glob("*/journal.jsonl")
    lines = path.read_bytes().splitlines(keepends=True)
    last = max(number for number, line in enumerate(lines) if f'"{kind}"'.encode() in line)
    path.write_bytes(b"".join(lines[: last + 1]))


def test_an_epoch_that_is_no_time(project: HomeProject, monkeypatch: pytest.MonkeyPatch) -> None:
    undisturbed = project.undisturbed()
    with monkeypatch.context() as wrong:
        wrong.setenv("SOURCE_DATE_EPOCH", "yesterday")
        check_row(MACHINE["epoch"], project.ship(), ("SOURCE_DATE_EPOCH", "yesterday"))
    assert not (project.folder / ".shipseal").exists()
    assert project.ship().exit == Exit.OK
    assert project.public() == undisturbed


def test_a_home_that_cannot_be(project: HomeProject, monkeypatch: pytest.MonkeyPatch) -> None:
    undisturbed = project.undisturbed()
    monkeypatch.delenv("SHIPSEAL_CACHE")
    monkeypatch.setenv("HOME", "/dev/null/home")
    told = project.ship()
    check_row(MACHINE["no-home"], told, ())
    assert "the SBOM cache could not be written and is not used" in told.err
    assert project.public() == undisturbed


@pytest.mark.faults
def test_a_user_without_name_and_home(
    everyday: HomeProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    # In a namespace of its own this user has a number that no list of users has.
    user = "unshare --user --map-user=54321 --map-group=54321"
    if subprocess.run(["/bin/sh", "-c", f"{user} true"], check=False).returncode:
        pytest.skip("cannot run here: nobody may make a user namespace")
    monkeypatch.delenv("SHIPSEAL_CACHE")
    monkeypatch.delenv("HOME")
    told = released(everyday, f'{user} "$@"')
    row = MACHINE["nobody"]
    assert told.exit == row.exit, told
    assert everyday.last_line()["status"] == row.outcome
    assert "HOME-is-not-set" in told.err
    assert not (everyday.folder / "~").exists()


def test_a_temporary_folder_that_is_not_there(
    project: HomeProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    undisturbed = project.undisturbed()
    with monkeypatch.context() as wrong:
        wrong.setenv("TMPDIR", str(project.folder / "nowhere"))
        check_row(MACHINE["no-tmpdir"], project.ship(), ("TMPDIR", "nowhere", "No such file"))
    assert project.public() == {}
    assert project.runs("syft") == 0
    assert project.ship().exit == Exit.OK
    assert project.public() == undisturbed


def test_a_state_folder_whose_name_is_too_long(
    project: HomeProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHIPSEAL_STATE", str(project.folder / ("n" * 300)))
    row, told = MACHINE["too-long"], project.ship()
    check_row(row, told, ("n" * 300, "File name too long", "SHIPSEAL_STATE"))
    assert project.public() == {}


def test_a_path_of_thousands_of_characters(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settle(monkeypatch, tmp_path / "cache")
    deep = HomeProject(tmp_path.joinpath(*(["d" * 200] * 12)))
    assert len(str(deep.folder)) > 2400
    check_row(MACHINE["long-path"], deep.ship(), ())
    assert deep.tags("a").keys() == {"1.0.0", "latest"}


@pytest.mark.faults
def test_a_state_folder_on_other_disks(
    project: HomeProject, monkeypatch: pytest.MonkeyPatch, elsewhere: Path
) -> None:
    undisturbed = project.undisturbed()
    state = project.folder / ".shipseal"
    (state / "blobs").mkdir(parents=True)
    (elsewhere / "sha256").mkdir()
    (state / "blobs" / "sha256").symlink_to(elsewhere / "sha256")
    assert elsewhere.stat().st_dev != project.folder.stat().st_dev
    for _ in range(2):
        check_row(MACHINE["other-disk"], project.ship(), ())
        assert project.public() == undisturbed
    monkeypatch.setenv("SHIPSEAL_STATE", str(elsewhere / "state"))
    check_row(MACHINE["other-disk"], project.ship(), ())
    assert project.public() == undisturbed


@pytest.fixture
def elsewhere() -> Iterator[Path]:
    """Return a folder on another file system than the project's."""
    import tempfile  # noqa: PLC0415 - for this alone

    shared_memory = Path("/dev/shm")  # noqa: S108 - a file system of its own nearly everywhere
    if not os.access(shared_memory, os.W_OK):
        pytest.skip("cannot run here: there is no second file system to write to")
    with tempfile.TemporaryDirectory(dir=shared_memory) as name:
        yield Path(name)


def released(project: HomeProject, shell: str) -> Told:
    """Release in a process of its own, started by a shell line in which ``"$@"`` is the command."""
    words = python_argv("-m", "shipseal.cli.main", "release", "--version", "1.0.0")
    done = subprocess.run(
        ["/bin/bash", "-c", shell, "bash", *words],
        cwd=project.folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return Told(done.returncode, done.stdout, done.stderr)


STREAMS = [
    ("stdin-closed", '"$@" <&-', ""),
    ("streams-closed", '"$@" <&- >&- 2>&-', ""),
    ("reader-left", 'set -o pipefail; "$@" | true', ""),
    ("reader-left", 'set -o pipefail; "$@" --json | head -c 1 > /dev/null', ""),
    (
        "progress-left",
        'exec 3>&1; { "$@" 2>&1 >&3; echo "exit $?" >&3; } | head -n 1 >&2',
        "exit 0",
    ),
    ("progress-full", '"$@" 2> /dev/full', ""),
]


@pytest.mark.parametrize(
    ("key", "shell", "said"),
    [
        pytest.param(*stream, marks=() if number in {1, 2} else pytest.mark.faults)
        for number, stream in enumerate(STREAMS)
    ],
)
def test_streams_that_are_gone(everyday: HomeProject, key: str, shell: str, said: str) -> None:
    told = released(everyday, shell)
    row = MACHINE[key]
    assert told.exit == row.exit, told
    assert said in told.out
    assert "Traceback" not in told.out + told.err
    assert "Exception ignored" not in told.err
    assert everyday.last_line()["status"] == row.outcome
    assert everyday.tags("a").keys() == everyday.tags("b").keys() == {"1.0.0", "latest"}
    # What would have been printed did not end up in a file that took the number of a closed stream.
    for path in (everyday.folder / ".shipseal").rglob("*"):
        assert not path.is_file() or b"is public" not in path.read_bytes(), path


def test_a_result_for_which_there_is_no_room(everyday: HomeProject) -> None:
    row, told = DISK["stdout"], released(everyday, '"$@" > /dev/full')
    assert told.exit == row.exit, told
    assert f"error {row.code}: output: no space left" in told.err
    assert "Traceback" not in told.err
    assert everyday.last_line()["status"] == "done"
    again = released(everyday, '"$@"')
    assert again.exit == Exit.OK
    assert "is public" in again.out


@pytest.mark.faults
def test_a_locale_without_letters_beyond_ascii(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settle(monkeypatch, tmp_path / "cache")
    project = HomeProject(tmp_path / "pröjekt-日本")
    for name in ("LC_ALL", "LANG"):
        monkeypatch.setenv(name, "C")
    told = released(project, '"$@"')
    row = MACHINE["locale"]
    assert told.exit == row.exit, told
    assert project.last_line()["status"] == row.outcome


def test_every_row_has_its_test() -> None:
    source = Path(__file__).read_text(encoding="utf-8")
    assert [key for key in MACHINE if f'"{key}"' not in source] == []
