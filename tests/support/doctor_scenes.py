"""What doctor says of disks that are full or read-only; played by :func:`tests.support.small_disk.play`."""

from pathlib import Path
from typing import Any

from shipseal.doctor.machine import Room, disk_checks
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


def _said(place: Path) -> list[dict[str, Any]]:
    room = Room(
        "state folder", place.absolute() / "deep" / "er", 4096, "for a test", "SHIPSEAL_STATE"
    )
    return [
        {"status": str(one.check.status), "code": one.code, "got": one.check.got, "do": one.remedy}
        for one in disk_checks([room])
    ]
