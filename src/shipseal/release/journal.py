"""The journal: an append-only file of JSON lines that says what a release has done. Readable with ``less``.

Every line is on disk before the next thing is done. A line that is torn by a crash or a power cut is no line: reading
stops before it, and the next append cuts it off (the damaged rest is kept beside the journal as ``journal.damaged``).
Nothing secret is ever written: every text goes through :func:`shipseal._internal.redact.redact`.
"""

import contextlib
import os
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from shipseal._internal.clock import Clock, parse_rfc3339, rfc3339
from shipseal._internal.durable import disk_errors, fsync_folder, make_folders
from shipseal._internal.limits import JOURNAL, read_file, read_limited
from shipseal._internal.redact import redact
from shipseal.errors import Code, ReleaseError, ShipsealError

SCHEMA = 1
OLDEST = 1
"""Schemas from this one to :data:`SCHEMA` are read.

Within a schema members are added with defaults and never renamed, new kinds may come, and whoever does not know a
member or a kind passes over it: so every shipseal of one schema reads every journal of it. A change that an older
shipseal would misread counts :data:`SCHEMA` up, with a function here that reads lines of the schema before as lines of
the new one. When no supported version writes a schema any more, its function goes and :data:`OLDEST` counts up.
"""


_BEGIN = b'{"v":'


@dataclass(frozen=True, slots=True)
class Event:
    """One line.

    Attributes:
        seq: counts from 0 without gaps.
        at: RFC 3339, UTC.
        kind: what happened, e.g. ``image.built``.
        data: facts; their shape belongs to the kind.
    """

    seq: int
    at: str
    kind: str
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Damage:
    """A place in a journal that no crash leaves: lines stand behind it, and are not read.

    Attributes:
        line: number of the first line that is none, from 1.
        lost: how many whole lines stand behind it.
    """

    line: int
    lost: int


@dataclass(frozen=True, slots=True)
class Loaded:
    """A journal as its file is.

    Attributes:
        events: its whole lines, up to the first that is none.
        size: the bytes of the file that they are.
        damage: where it is damaged with whole lines behind it; None for a last line that is torn.
    """

    events: tuple[Event, ...]
    size: int
    damage: Damage | None


class _Line(msgspec.Struct, frozen=True):
    v: int
    seq: int
    at: str
    kind: str
    data: dict[str, Any]


class Journal:
    """One release's journal. Appending is safe from several threads; one process at a time holds the release's lock.

    Args:
        path: the file; its folder is made with the first line.
        clock: where times come from.
    """

    def __init__(self, path: Path, clock: Clock) -> None:
        self.path = path
        self._clock = clock
        self._lock = threading.Lock()
        loaded = _load(path)
        self._events, self._good = list(loaded.events), loaded.size
        self._opened = False

    @property
    def events(self) -> tuple[Event, ...]:
        """All lines so far."""
        with self._lock:
            return tuple(self._events)

    def append(self, kind: str, **data: Any) -> Event:
        """Write one line and make it durable.

        Raises:
            ShipsealError: ``resource.disk-full``, ``config.invalid`` (not writable).
        """
        with self._lock, disk_errors(self.path):
            event = Event(len(self._events), rfc3339(self._clock.now()), kind, _clean(data))
            line = msgspec.json.encode(
                {"v": SCHEMA, "seq": event.seq, "at": event.at, "kind": kind, "data": event.data}
            )
            self._write(line + b"\n")
            self._events.append(event)
            return event

    def _write(self, line: bytes) -> None:
        first = not self._opened
        if first:
            make_folders(self.path.parent)
            self._cut_damage()
        descriptor = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            written = 0
            while written < len(line):  # after a short write, the next one says why
                written += os.write(descriptor, line[written:])
            os.fsync(descriptor)
        except OSError:
            # Half a line, or one of which nobody knows whether it is on disk: taken back, or the next append would
            # follow half a line, or stand under the number of this one.
            with contextlib.suppress(OSError):
                os.ftruncate(descriptor, self._good)
            raise
        finally:
            os.close(descriptor)
        self._good += len(line)
        if first:
            # Also when the file is there: who made it may have been killed before its name was durable.
            fsync_folder(self.path.parent)
            self._opened = True

    def _cut_damage(self) -> None:
        if not self.path.exists() or self.path.stat().st_size == self._good:
            return
        with self.path.open("r+b") as stream:
            stream.seek(self._good)
            self.path.with_suffix(".damaged").write_bytes(
                read_limited(stream, JOURNAL, what=str(self.path))
            )
            stream.truncate(self._good)
            os.fsync(stream.fileno())


def read_journal(path: Path) -> tuple[Event, ...]:
    """Return the whole lines of a journal; an absent file has none.

    Raises:
        ReleaseError: ``config.invalid`` when a shipseal wrote it that is too new, or too old; see :data:`OLDEST`.
        ShipsealError: it is longer than any journal can be.
    """
    return _load(path).events


def read_begun(path: Path) -> tuple[Event, ...]:
    """Return the whole lines of a journal that has one at least; see :func:`load_begun` for the errors."""
    return load_begun(path).events


def load_begun(path: Path) -> Loaded:
    """Return a journal that has one whole line at least; one that never began has none.

    Raises:
        ReleaseError: ``config.invalid`` when it is there and cannot be read: of another schema, damaged from the first
            line on, not a file, not readable for this user.
        ShipsealError: it is longer than any journal can be.
    """
    try:
        loaded = _load(path)
    except OSError as error:
        raise _not_a_journal(path, error.strerror or str(error)) from error
    if not loaded.events and not never_began(path):
        raise _not_a_journal(path, "it is damaged: its first line is none of a journal")
    return loaded


def damage_of(path: Path) -> Damage | None:
    """Return where a journal is damaged with whole lines behind it; None for a last line that is torn.

    Raises:
        OSError: it cannot be read.
        ShipsealError: it is longer than any journal can be.
    """
    return _load(path).damage


def never_began(path: Path) -> bool:
    """Return whether not one line was written: its run was killed at the first one, and nothing was done before."""
    try:
        data = read_file(path, JOURNAL)
    except FileNotFoundError:
        return True
    except (OSError, ShipsealError):
        return False
    # After a power cut a file may have its length already, and not yet its bytes.
    data = data.rstrip(b"\0")
    return b"\n" not in data and data.startswith(_BEGIN[: len(data)])


def _load(path: Path) -> Loaded:
    try:
        data = read_file(path, JOURNAL)
    except FileNotFoundError:
        return Loaded((), 0, None)
    lines = data.splitlines(keepends=True)
    events: list[Event] = []
    for line in lines:
        event = _parse(line, len(events), path)
        if event is None:
            break
        events.append(event)
    whole = len(events)
    lost = sum(_is_line(line) for line in lines[whole + 1 :]) if whole else 0
    damage = Damage(whole + 1, lost) if lost else None
    return Loaded(tuple(events), sum(map(len, lines[:whole])), damage)


def _parse(line: bytes, seq: int, path: Path) -> Event | None:
    """Return the event, or None for a line that is torn or damaged."""
    if not line.endswith(b"\n"):
        return None
    try:
        found = msgspec.json.decode(line, type=_Line)
        parse_rfc3339(found.at)
    except (msgspec.DecodeError, ValueError):
        return None
    if not OLDEST <= found.v <= SCHEMA:
        raise _unreadable(path, seq + 1, found.v)
    return Event(found.seq, found.at, found.kind, found.data) if found.seq == seq else None


def _is_line(line: bytes) -> bool:
    try:
        msgspec.json.decode(line, type=_Line)
    except (msgspec.DecodeError, ValueError):
        return False
    return line.endswith(b"\n")


def _unreadable(path: Path, line: int, schema: int) -> ReleaseError:
    reads = f"up to {SCHEMA}" if schema > SCHEMA else f"from {OLDEST} on"
    hint = (
        "use the shipseal that wrote it, or a newer one"
        if schema > SCHEMA
        else f"go on with the shipseal that wrote it, or move {path.parent} away and release again: "
        "what was signed is found at the targets"
    )
    return ReleaseError(
        Code.CONFIG_INVALID,
        f"{path}, line {line}: written in schema {schema}; this shipseal reads {reads}",
        hint=hint,
        context={"path": str(path), "schema": str(schema)},
    )


def _not_a_journal(path: Path, why: str) -> ReleaseError:
    return ReleaseError(
        Code.CONFIG_INVALID,
        f"{path}: cannot be read: {why}",
        hint=f"move {path.parent} away and release again: what was signed is found at the targets",
        context={"path": str(path)},
    )


def _clean(value: Any) -> Any:
    """Return ``value`` with every text redacted, so that no error message carries a secret into the file."""
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, Mapping):
        return {str(key): _clean(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_clean(item) for item in value]
    return value
