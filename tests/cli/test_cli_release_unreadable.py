"""One journal that cannot be read hides no other release, and is never passed over in silence."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from shipseal.errors import Code, Exit, ReleaseError
from shipseal.release.folders import StateFolder, is_id_of
from shipseal.release.journal import read_begun
from tests.support.release_project import PASSWORD, Project
from tests.support.schemas import check_shape


def of_another_schema(journal: Path) -> None:
    journal.write_text(journal.read_text().replace('"v":1', '"v":99', 1))


def random_bytes(journal: Path) -> None:
    journal.write_bytes(bytes(range(1, 256)) * 3)


def random_bytes_without_an_end(journal: Path) -> None:
    journal.write_bytes(b"\xff\xfe\x00\x01garbage")


def a_folder(journal: Path) -> None:
    journal.unlink()
    journal.mkdir()


@pytest.mark.parametrize(
    "spoil", [of_another_schema, random_bytes, random_bytes_without_an_end, a_folder]
)
def test_it_is_a_row_and_the_others_are_shown_and_resumed(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    sbom_cache: Path,
    capsys: pytest.CaptureFixture[str],
    spoil: Callable[[Path], None],
) -> None:
    monkeypatch.setenv("SHIPSEAL_KEY_PASSWORD", PASSWORD)
    monkeypatch.setenv("SHIPSEAL_CACHE", str(sbom_cache))
    project = Project(tmp_path / "project")
    project.build()
    for version in ("1.0.0", "1.1.1"):
        assert project.release(version) == Exit.OK
    [journal] = (project.folder / ".shipseal" / "releases").glob("1.1.1-*/journal.jsonl")
    spoil(journal)
    capsys.readouterr()

    it_is_listed(project, journal, capsys)
    others_are_shown(project, journal, capsys)
    it_is_named_when_it_is_asked_for(project, journal, capsys)


def it_is_listed(project: Project, journal: Path, capsys: pytest.CaptureFixture[str]) -> None:
    identifier = journal.parent.name
    assert project.run("release", "list") == Exit.OK
    out = capsys.readouterr().out
    assert [line.split()[:4] for line in out.splitlines() if line.startswith(identifier)] == [
        [identifier, "-", "-", "unreadable"]
    ]
    assert f"unreadable: {identifier}: {journal}" in out
    assert any(line.startswith("1.0.0-") and "done" in line for line in out.splitlines())

    assert project.run("release", "list", "--json") == Exit.OK
    listed = said(capsys)
    assert [one["version"] for one in listed["releases"]] == ["1.0.0"]
    [broken] = listed["unreadable"]
    assert (broken["release"], broken["journal"]) == (identifier, str(journal))
    assert str(journal) in broken["reason"]


def others_are_shown(project: Project, journal: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert project.run("release", "show", "1.0.0") == Exit.OK
    assert "is public" in capsys.readouterr().out
    assert project.run("release", "show") == Exit.OK
    told = capsys.readouterr()
    assert "1.0.0" in told.out
    assert str(journal) in told.err


def it_is_named_when_it_is_asked_for(
    project: Project, journal: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    identifier = journal.parent.name
    for word in ("1.1.1", identifier):
        assert project.run("release", "show", word) == Exit.USAGE
        assert str(journal) in capsys.readouterr().err
    assert project.run("release", "abort", identifier) == Exit.USAGE
    assert str(journal) in capsys.readouterr().err

    assert project.run("release", "resume") == Exit.USAGE
    err = capsys.readouterr().err
    assert "no releases can be resumed" in err
    assert str(journal) in err
    assert project.run("release", "gc", "--dry-run") == Exit.OK
    other = next(name for name in StateFolder(journal.parents[2]).releases() if name != identifier)
    assert project.run("release", "resume", other) == Exit.OK
    capsys.readouterr()


def said(capsys: pytest.CaptureFixture[str]) -> Any:
    value = json.loads(capsys.readouterr().out)
    check_shape(value, "release-list")
    return value


@pytest.mark.parametrize("left", [b"", b'{"v', b'{"v":1,"seq":0', b"\0" * 200, b'{"v":1\0\0'])
def test_what_was_killed_in_its_first_line_is_no_release_yet(tmp_path: Path, left: bytes) -> None:
    (tmp_path / "journal.jsonl").write_bytes(left)
    assert read_begun(tmp_path / "journal.jsonl") == ()


@pytest.mark.parametrize("left", [b"\n", b"x", b'{"v":1}\n', b"\xff" * 50])
def test_what_is_no_journal_is_refused_with_its_path(tmp_path: Path, left: bytes) -> None:
    (tmp_path / "journal.jsonl").write_bytes(left)
    with pytest.raises(
        ReleaseError, match=r"journal\.jsonl: cannot be read: it is damaged"
    ) as error:
        read_begun(tmp_path / "journal.jsonl")
    assert error.value.code is Code.CONFIG_INVALID


@pytest.mark.parametrize(
    ("version", "same"), [("1.0.0-rc1", True), ("1.0.0", False), ("1.0.0-rc1-0123456789", False)]
)
def test_an_id_says_of_which_version_it_is(version: str, *, same: bool) -> None:
    assert is_id_of("1.0.0-rc1-0123456789", version) is same
