"""What doctor says of disks that are full or read-only; played by :func:`tests.support.small_disk.play`."""

from pathlib import Path
from typing import Any

from shipseal._internal.limits import KIB, MIB
from shipseal.config.load import load
from shipseal.doctor.machine import Room, disk_checks
from shipseal.wiring.doctor_machine import rooms_of
from tests.support.release_project import Project
from tests.support.small_disk import Room as DiskRoom
from tests.support.small_disk import disk


def full(pages: str, files: str) -> list[dict[str, Any]]:
    """Return what is said of a disk with so many pages and files."""
    place = Path("small")
    place.mkdir()
    with disk(place, DiskRoom(int(pages), int(files))):
        return _said(place)


def read_only() -> list[dict[str, Any]]:
    """Return what is said of a disk that nobody may write to."""
    place = Path("small")
    place.mkdir()
    with disk(place) as mounted:
        mounted.read_only(yes=True)
        return _said(place)


def small_image(megabytes: str) -> list[str]:
    """Return how the state folder of a project with a small image is on a disk of so many megabytes."""
    folder = Path("project")
    Project(folder).build()
    state = folder / ".shipseal"
    state.mkdir()
    with disk(state, DiskRoom(int(megabytes) * MIB // (4 * KIB))):
        loaded = load(folder / "shipseal.yaml", env={}, overrides={})
        first, *_ = disk_checks(rooms_of(loaded, None, {}))
        return [str(first.check.status)]


def _said(place: Path) -> list[dict[str, Any]]:
    room = Room(
        "state folder", place.absolute() / "deep" / "er", 4096, "for a test", "SHIPSEAL_STATE"
    )
    return [
        {"status": str(one.check.status), "code": one.code, "got": one.check.got, "do": one.remedy}
        for one in disk_checks([room])
    ]
