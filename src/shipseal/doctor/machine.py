"""Room on disks, memory, and whether the clock is right."""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from email.utils import parsedate_to_datetime
from pathlib import Path

from shipseal._internal.budget import Wanted, choose_budget
from shipseal._internal.capacity import Machine
from shipseal._internal.clock import rfc3339
from shipseal._internal.durable import disk_errors
from shipseal._internal.limits import KIB, MIB
from shipseal.checks import Check, Status
from shipseal.doctor.examination import Examined, failed, of_error, passed
from shipseal.errors import Code, ConfigError, ShipsealError

DISK, MEMORY, CLOCK = "disk", "memory", "clock"
MOST_SKEW = 60.0
"""Seconds: identity tokens, certificates and timestamps of signing services are judged to the minute."""

LEAST_MEMORY = 256 * MIB
"""What one run of Syft over a small image takes, and shipseal itself beside it."""

_PROBE_BYTES = 64 * KIB
_LEAST_FILES = 1000


@dataclass(frozen=True, slots=True)
class Room:
    """A folder that a release writes to.

    Attributes:
        what: for people.
        folder: it need not exist yet.
        need: bytes that should be free.
        why: where that figure comes from.
        setting: how it is moved elsewhere.
        optional: whether a release goes on without it.
    """

    what: str
    folder: Path
    need: int
    why: str
    setting: str
    optional: bool = False


def disk_checks(rooms: Sequence[Room]) -> Iterator[Examined]:
    """Look at each folder: something is written there and removed again."""
    for room in rooms:
        subject = f"{room.what} ({room.folder})"
        try:
            found = _disk(room, subject)
        except ShipsealError as error:
            found = of_error(DISK, subject, error)
            if error.code is Code.CONFIG_INVALID:
                remedy = (
                    f"make it a folder that can be written, or name another place: {room.setting}"
                )
                found = replace(found, remedy=remedy)
        yield _only_told(found) if room.optional else found


def _only_told(found: Examined) -> Examined:
    """Return a finding that stops nothing: a release works without that folder, only slower."""
    if found.check.status is not Status.FAIL:
        return found
    remark = "a release goes on without it"
    return passed(
        found.check.name,
        found.check.subject,
        found.check.got,
        evidence=found.evidence,
        remark=remark,
        remedy=found.remedy,
    )


def _disk(room: Room, subject: str) -> Examined:
    with disk_errors(room.folder):
        above = (room.folder, *room.folder.absolute().parents)
        folder = next(path for path in above if path.exists())
    if not folder.is_dir():
        raise ConfigError(
            f"{folder}: is a file, not a folder",
        )
    with disk_errors(folder), tempfile.TemporaryFile(dir=folder) as probe:
        probe.write(b"\0" * _PROBE_BYTES)
        probe.flush()
        os.fsync(probe.fileno())
    free, files = shutil.disk_usage(folder).free, _files_free(folder)
    evidence = [
        f"{free // MIB} MiB free at {folder}",
        f"wanted: {room.need // MIB} MiB, {room.why}",
    ]
    if free < room.need or (files is not None and files < _LEAST_FILES):
        few = "" if files is None or files >= _LEAST_FILES else f", and room for {files} files"
        return failed(
            DISK,
            subject,
            expected=f"{room.need // MIB} MiB free",
            got=f"{free // MIB} MiB free{few}",
            remedy=f"make room there, or name another place: {room.setting}",
            code=str(Code.DISK_FULL),
            evidence=evidence,
        )
    return passed(DISK, subject, f"{free // MIB} MiB free", evidence=evidence)


def _files_free(folder: Path) -> int | None:
    """Return how many more files fit; None where the file system does not count them."""
    with contextlib.suppress(OSError):
        told = os.statvfs(folder)
        return told.f_favail if told.f_files else None
    return None


def memory_check(machine: Machine, wanted: Wanted) -> Iterator[Examined]:
    """Look at what outside tools may have, with the control group's limit counted in."""
    budget = choose_budget(machine, wanted)
    if budget.memory < LEAST_MEMORY:
        yield failed(
            MEMORY,
            "for outside tools",
            expected=f"{LEAST_MEMORY // MIB} MiB at least",
            got=f"{budget.memory // MIB} MiB",
            remedy="give the job or container more memory, or raise limits.memory in shipseal.yaml",
            code=str(Code.OUT_OF_MEMORY),
            evidence=budget.reasons,
        )
        return
    yield passed(
        MEMORY, "for outside tools", f"{budget.memory // MIB} MiB", evidence=budget.reasons
    )


@dataclass(frozen=True, slots=True)
class Heard:
    """What a server said of the time.

    Attributes:
        date: its ``Date`` header; empty when it sent none.
        asked: our time when it was asked.
        answered: our time when it had answered.
    """

    date: str
    asked: datetime
    answered: datetime


def clock_check(host: str, ask: Callable[[], Heard]) -> Iterator[Examined]:
    """Hold this machine's clock against a server's."""
    heard = ask()
    theirs = _time_of(heard.date)
    if theirs is None:
        got = f"Date: {heard.date[:60]!r}" if heard.date else "it sends no Date"
        reason = f"it does not tell the time: {got}"
        yield Examined(
            Check(CLOCK, host, Status.UNKNOWN, reason=reason),
            remedy="compare this machine's clock with another one (timedatectl): too late or too early a clock makes "
            "tokens and certificates invalid",
        )
        return
    # The answer was made somewhere between the two; Date has whole seconds.
    early = (theirs - heard.answered).total_seconds()
    late = (theirs - heard.asked).total_seconds() + 1.0
    skew = early if early > 0 else min(late, 0.0)
    ours, evidence = rfc3339(heard.answered), (f"Date of {host}: {heard.date}",)
    if abs(skew) > MOST_SKEW:
        way = "behind" if skew > 0 else "ahead"
        yield failed(
            CLOCK,
            host,
            expected=f"within {MOST_SKEW:g} s of {rfc3339(theirs)}",
            got=f"{ours}: {abs(skew):.0f} s {way}",
            remedy="set the clock (timedatectl set-ntp true): tokens and certificates would not be valid yet, or not "
            "any more; when other servers agree with this machine, that server's is wrong",
            evidence=evidence,
        )
        return
    yield passed(CLOCK, host, f"{abs(skew):.0f} s off", evidence=evidence)


def _time_of(date: str) -> datetime | None:
    """Return the time that a ``Date`` header states (RFC 9110, 5.6.7); None for what states none."""
    try:
        theirs = parsedate_to_datetime(date)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return theirs if theirs.tzinfo is not None else None
