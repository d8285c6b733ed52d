"""Disks that are full at every page, file and fsync, or that nobody may write to: real ones, of a few pages."""

import errno
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from shipseal.errors import Code, Exit
from tests.faults.home_rows import DISK, READ_ONLY
from tests.support.home_project import HomeProject, settle
from tests.support.small_disk import Room, play

SCENES = "tests.support.disk_scenes"
# From the first room in which anything can be written to one in which all fits: start, step, count.
WHOLE: Mapping[tuple[str, str], tuple[int, int, int]] = {
    ("state", "pages"): (1, 2, 55),
    ("state", "files"): (2, 2, 45),
    ("target", "pages"): (1, 2, 45),
    ("target", "files"): (2, 2, 45),
    ("temporary", "pages"): (1, 1, 12),
    ("temporary", "files"): (2, 1, 24),
    ("cache", "pages"): (1, 1, 12),
    ("cache", "files"): (2, 1, 30),
}
SHARD = 30
_CACHE_FULL = re.compile("the SBOM cache could not be written and is not used: .*no space left")


def shards() -> list[tuple[str, str, int, int, int]]:
    """Return the whole of :data:`WHOLE` in pieces that take less than a minute each."""
    return [
        (place, kind, start + offset * step, step, min(SHARD, count - offset))
        for (place, kind), (start, step, count) in WHOLE.items()
        for offset in range(0, count, SHARD)
    ]


QUICK = [("state", "pages", 20, 30, 2), ("target", "files", 50, 1, 1)]


@pytest.mark.parametrize(
    ("place", "kind", "start", "step", "count"),
    [*QUICK, *(pytest.param(*shard, marks=pytest.mark.faults) for shard in shards())],
)
def test_a_release_on_a_full_disk(
    tmp_path: Path, place: str, kind: str, start: int, step: int, count: int
) -> None:
    words = (place, kind, str(start), str(step), str(count))
    seen = play(f"{SCENES}:release", *words, cwd=tmp_path)
    assert len(seen) == count
    for one in seen:
        judge_release(place, one)


def judge_release(place: str, one: Mapping[str, Any]) -> None:
    """See that a release on one size of disk ended as the row says, and the next one as if nothing had been."""
    row = DISK[place]
    assert one["half"] == [], one
    assert "Traceback" not in one["err"], one
    assert (one["again"], one["same"]) == (0, True), one
    if one["exit"] == 0:
        # There was room enough, or it can do without.
        assert (one["code"], one["tags"]) == (None, ["1.0.0", "latest"]), one
        assert (
            place != "cache" or one["room"] != str(Room(pages=1)) or _CACHE_FULL.search(one["err"])
        )
        return
    assert row.code is not None, one
    assert (one["exit"], one["code"]) == (row.exit, row.code), one
    assert "no space left" in one["text"].lower(), one
    # Without room for the journal there is no result, only the error.
    assert one["status"] in {"", "partly-promoted" if one["tags"] else "pending"}, one
    assert all(f":{tag}" in one["text"] for tag in one["tags"]), one


@pytest.mark.parametrize(
    ("name", "files", "rooms"),
    [
        ("key", {"cosign.key", "cosign.pub"}, (1, 4)),
        ("init", {"shipseal.yaml"}, (1, 3)),
        ("trim", {"small.json"}, (1, 3)),
    ],
)
@pytest.mark.parametrize("kind", ["files", pytest.param("pages", marks=pytest.mark.faults)])
def test_a_command_on_a_full_disk(
    tmp_path: Path, name: str, files: set[str], rooms: tuple[int, int], kind: str
) -> None:
    row = DISK[name]
    start, count = rooms
    seen = play(f"{SCENES}:command", name, kind, str(start), "1", str(count), cwd=tmp_path)
    failed = [one for one in seen if one["exit"]]
    assert kind == "pages" or failed
    for one in failed:
        assert one["exit"] == row.exit, one
        assert one["err"].startswith(f"error {row.code}: "), one
        assert "no space left" in one["err"], one
        assert not set(one["left"]) & files, one
        assert one["again"] == 0, one
        assert one["made"].keys() >= files, one
        assert all(one["made"].values()), one
    if kind == "files":
        # One file fits and two do not: the pair is whole or not there.
        assert any("out" in one["err"] for one in failed)


@pytest.mark.parametrize(
    "key",
    [
        pytest.param(key, marks=() if key == "state" else pytest.mark.faults)
        for key in READ_ONLY
        if key != "state-later"
    ],
)
def test_a_folder_that_nobody_may_write_to(tmp_path: Path, key: str) -> None:
    row = READ_ONLY[key]
    seen = play(f"{SCENES}:read_only", key, cwd=tmp_path)
    assert (seen["exit"], seen["code"]) == (row.exit, row.code and str(row.code)), seen
    assert (seen["again"], seen["same"], seen["half"]) == (0, True, []), seen
    if row.code is None:
        assert "the SBOM cache could not be written and is not used" in seen["err"]
        assert "Read-only file system" in seen["err"]
        return
    assert "Read-only file system" in seen["text"], seen
    assert (seen["touched"], seen["tags"]) == ([], []), seen


@pytest.mark.faults
def test_a_disk_that_becomes_read_only_while_a_release_runs(tmp_path: Path) -> None:
    row = READ_ONLY["state-later"]
    seen = play(f"{SCENES}:read_only_later", cwd=tmp_path)
    assert (seen["exit"], seen["code"], seen["tags"]) == (row.exit, row.code, []), seen
    assert "Read-only file system" in seen["text"]
    assert (seen["again"], seen["same"], seen["half"]) == (0, True, [])


@pytest.mark.faults
def test_no_file_may_become_large(tmp_path: Path) -> None:
    row = DISK["file-size"]
    seen = play(f"{SCENES}:stay_small", cwd=tmp_path)
    assert (seen["exit"], seen["code"], seen["tags"]) == (row.exit, row.code, []), seen
    assert "ulimit -f" in seen["text"]
    assert (seen["again"], seen["same"], seen["half"]) == (0, True, [])


class FailingSync:
    """Counts how often data are made durable, and fails once."""

    def __init__(self, at: int | None = None, number: int = errno.ENOSPC) -> None:
        self.count = 0
        self._at = at
        self._number = number
        self._real = os.fsync

    def __call__(self, descriptor: int) -> None:
        self.count += 1
        if self.count == self._at:
            raise OSError(self._number, os.strerror(self._number))
        self._real(descriptor)


@pytest.mark.parametrize(
    ("step", "number"),
    [
        pytest.param(190, errno.ENOSPC, id="some", marks=pytest.mark.faults),
        *(
            pytest.param(12, errno.ENOSPC, id=f"each-{start}", marks=pytest.mark.faults)
            for start in range(0, 12, 3)
        ),
        pytest.param(30, errno.EDQUOT, id="quota", marks=pytest.mark.faults),
        pytest.param(30, errno.EIO, id="damage", marks=pytest.mark.faults),
    ],
)
def test_data_that_cannot_be_made_durable(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
    step: int,
    number: int,
) -> None:
    settle(monkeypatch, tmp_path / "cache")
    project = HomeProject(tmp_path / "project")
    project.undisturbed()
    undisturbed, counted = release_with(project, monkeypatch, FailingSync())
    codes: set[str] = set()
    first = request.node.callspec.id.partition("-")[2]
    for at in range(int(first or 0) + 1, counted + 1, step):
        release_with(project, monkeypatch, FailingSync(at, number), codes)
        told = project.ship()
        assert told.exit == Exit.OK, (at, told)
        assert project.public() == undisturbed, at
        project.forget()
    right = Code.CONFIG_INVALID if number == errno.EIO else DISK["fsync"].code
    assert codes == {right}


def release_with(
    project: HomeProject,
    patch: pytest.MonkeyPatch,
    sync: FailingSync,
    codes: set[str] | None = None,
) -> tuple[dict[str, list[str]], int]:
    """Release once; without ``codes`` it must end well, else how it failed is added to them."""
    with patch.context() as inner:
        inner.setattr(os, "fsync", sync)
        told = project.ship()
    public, value = project.public(), told.value
    if codes is None:
        assert told.exit == Exit.OK, told
        project.forget()
        return public, sync.count
    assert "Traceback" not in told.out + told.err
    if told.exit != Exit.OK:
        codes.add(value["code"])
        tags = {*project.tags("a"), *project.tags("b")}
        assert value.get("status", "partly-promoted" if tags else "pending") == (
            "partly-promoted" if tags else value.get("status", "pending")
        ), told
        assert all(f":{tag}" in value["message"] for tag in tags), told
    return public, sync.count


def test_outputs_of_other_steps_stay_whole_when_there_is_no_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = DISK["outputs"]
    settle(monkeypatch, tmp_path / "cache")
    project = HomeProject(tmp_path / "project")
    output = tmp_path / "output"
    output.write_text("of=others\n")
    (tmp_path / "event.json").write_text("{}")
    for name, value in _JOB.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("GITHUB_EVENT_PATH", str(tmp_path / "event.json"))
    monkeypatch.setenv("GITHUB_OUTPUT", str(output))
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", "/dev/full")
    told = project.told("release", "--version", "1.0.0")
    assert told.exit == row.exit
    assert f"error {row.code}: /dev/full: no space left" in told.err
    assert project.tags("a").keys() == {"1.0.0", "latest"}
    assert output.read_text().startswith("of=others\n")
    assert output.read_text().endswith("\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary"))
    assert project.told("release", "--version", "1.0.0").exit == Exit.OK


_JOB = {
    "GITHUB_ACTIONS": "true",
    "GITHUB_EVENT_NAME": "push",
    "GITHUB_SERVER_URL": "https://github.com",
    "GITHUB_REPOSITORY": "org/app",
    "GITHUB_WORKFLOW_REF": "org/app/.github/workflows/release.yml@refs/tags/v1.0.0",
    "GITHUB_REF": "refs/tags/v1.0.0",
    "GITHUB_SHA": "a" * 40,
    "GITHUB_REPOSITORY_ID": "1",
    "GITHUB_REPOSITORY_OWNER_ID": "2",
    "RUNNER_ENVIRONMENT": "github-hosted",
    "GITHUB_RUN_ID": "3",
    "GITHUB_RUN_ATTEMPT": "1",
}


def test_every_row_has_its_test() -> None:
    source = Path(__file__).read_text(encoding="utf-8")
    source += (Path(__file__).parent / "test_home_machine.py").read_text(encoding="utf-8")
    assert [key for key in DISK if f'"{key}"' not in source] == []
