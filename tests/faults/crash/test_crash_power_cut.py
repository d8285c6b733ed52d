"""A power cut: what was not the subject of an fsync is gone, and the release goes on from what is left."""

from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.faults.crash.conftest import Prepared
from tests.faults.crash_rows import POWER
from tests.support.kill_cases import Case, Kill, check_end
from tests.support.kills import Scene
from tests.support.power_cut import Disk, Recording
from tests.support.proofs import proves

# What a line of the journal says is in the evidence folder, by its kind.
NAMED: Mapping[str, tuple[str, ...]] = {
    "sbom.made": ("spdx", "native"),
    "scan.done": ("results", "raw"),
    "gate.decided": ("report",),
    "statement.made": ("statement",),
    "evidence.signed": ("statement", "bundle"),
}
# What the kernel may have done with the line that was just being written.
TAILS = ("lost", "torn", "zeros", "whole")


def record(prepared: Prepared) -> tuple[Disk, Recording]:
    """Release once, and return the disk as it was before, and what became durable."""
    scene = prepared.scene
    scene.reset()
    kept = scene.folder / "fsyncs"
    kept.mkdir(exist_ok=True)
    (kept / "fsyncs.jsonl").unlink(missing_ok=True)
    disk = Disk(scene.folder)
    ran = scene.run(fsyncs=str(kept))
    assert ran.status == 0, ran.out
    return disk, Recording.load(kept)


@pytest.fixture
def recorded(layouts: Prepared) -> tuple[Disk, Recording]:
    """Return a disk before a release, and what the release made durable."""
    return record(layouts)


def not_on_disk(scene: Scene, disk: Disk, line: Mapping[str, Any]) -> Iterator[str]:
    """Yield what a line of the journal relies on and what a power cut would take away."""
    data = line["data"]
    for name in NAMED.get(line["kind"], ()):
        if not _is_stored(disk, scene.home, data[name]):
            yield f"{line['kind']}: {name} {data[name]}"
    if line["kind"] in ("target.staged", "evidence.placed", "tag.moved"):
        name = str(data.get("target", data.get("store")))
        if not name.startswith("oci:"):
            if not _is_a_line(disk, Path(name) / data["where"].partition(":")[0], data["content"]):
                yield f"{line['kind']}: {name} {data['where']}"
            return
        folder = Path(name.removeprefix("oci:"))
        yield from (f"{line['kind']}: {one}" for one in _not_at_target(disk, folder, line))


def _is_stored(disk: Disk, folder: Path, digest: str) -> bool:
    content = disk.read(folder / "blobs" / "sha256" / digest.removeprefix("sha256:"))
    return content is not None and f"sha256:{sha256(content).hexdigest()}" == digest


def _is_a_line(disk: Disk, path: Path, digest: str) -> bool:
    """Return whether a file of bundles has one with this digest."""
    lines = (disk.read(path) or b"").split(b"\n")
    return digest in {f"sha256:{sha256(line).hexdigest()}" for line in lines}


def _not_at_target(disk: Disk, folder: Path, line: Mapping[str, Any]) -> Iterator[str]:
    if line["kind"] == "target.staged":
        wanted = [
            f"sha256:{path.name}"
            for path in (folder.parent / "image" / "blobs" / "sha256").iterdir()
        ]
        yield from (digest for digest in wanted if not _is_stored(disk, folder, digest))
        return
    index = disk.read(folder / "index.json") or b""
    digest = line["data"]["where" if line["kind"] == "evidence.placed" else "digest"]
    if digest.encode() not in index or not _is_stored(disk, folder, digest):
        yield digest
    if line["kind"] == "tag.moved" and f'"{line["data"]["tag"]}"'.encode() not in index:
        yield f"tag {line['data']['tag']}"


def test_a_line_of_the_journal_never_names_what_is_not_on_disk(
    layouts: Prepared, recorded: tuple[Disk, Recording]
) -> None:
    disk, recording = recorded
    checked = set()
    for number, line in recording.lines():
        disk.advance(recording, number)
        assert list(not_on_disk(layouts.scene, disk, line)) == []
        checked.add(line["kind"])
    assert {*NAMED, "target.staged", "evidence.placed", "tag.moved"} <= checked


@pytest.mark.parametrize("without", ["folder", "file"])
def test_without_one_kind_of_fsync_that_would_be_noticed(
    layouts: Prepared, recorded: tuple[Disk, Recording], without: str
) -> None:
    disk, whole = recorded
    recording = Recording(whole.folder, [one for one in whole.events if one["event"] != without])
    found: list[str] = []
    for number, line in recording.lines():
        disk.advance(recording, number)
        found += not_on_disk(layouts.scene, disk, line)
    assert found


def cut(scene: Scene, disk: Disk, line: bytes, tail: str) -> None:
    """Let the machine come back with what is on disk, and what the kernel made of the last line."""
    for folder in ("project/a", "project/b", scene.home.name):
        disk.write(scene.folder / folder)
    (journal,) = scene.journals() or (None,)
    if journal is None:
        return
    told = {"lost": b"", "torn": line[: len(line) // 2], "zeros": bytes(len(line)), "whole": line}
    journal.write_bytes(journal.read_bytes() + told[tail])


def goes_on(prepared: Prepared, disk: Disk, recording: Recording, numbers: range) -> None:
    """Cut the power before each of these lines is on disk, and go on."""
    scene = prepared.scene
    lines = list(recording.lines())
    for number in (one for one in numbers if one < len(lines)):
        count, line = lines[number]
        disk.advance(recording, count)
        tail = TAILS[number % len(TAILS)]
        cut(scene, disk, msgspec.json.encode(line) + b"\n", tail)
        last = scene.run()
        case = Case((Kill(number / len(lines), f"power cut, {tail}, at"),), stopped_clock=True)
        assert last.status == POWER[tail].exit, f"{case}\n{last.out}"
        check_end(scene, case, [last], prepared.undisturbed)


@proves(*(POWER[tail] for tail in TAILS))
def test_after_a_power_cut_the_release_goes_on(
    layouts: Prepared, recorded: tuple[Disk, Recording]
) -> None:
    goes_on(layouts, *recorded, range(14, 200, 21))


@pytest.mark.faults
@pytest.mark.parametrize("block", range(8))
def test_after_a_power_cut_at_any_line_the_release_goes_on(layouts: Prepared, block: int) -> None:
    goes_on(layouts, *record(layouts), range(block, 200, 8))
