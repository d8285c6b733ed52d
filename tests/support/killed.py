"""The command line as a child process that kills itself at a chosen moment, as ``kill -9`` would.

Run as a file: ``python -P killed.py SPEC WORD...``. The words are those of ``shipseal``; nothing of it is replaced,
only watched: each durable point of the journal is where a kill can come, and what it does in public is noted in a file.

SPEC is JSON: ``log``, the file for the notes; ``now``, what the clock says, in seconds since 1970; ``entry``
and ``when``, to be killed at the so-manieth line of the journal (from 0), one of :data:`WHEN`; ``after``, to be killed
so many seconds after the release has begun; ``fsyncs``, a folder in which everything that became durable is kept;
``wait``, a file that must be there before line ``entry`` is written; ``nohup``, whether SIGHUP is ignored, as by
``nohup``.
"""

import json
import os
import signal
import sys
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

WHEN = ("before", "torn", "unsynced", "after")
"""Before a line is written; in the middle of it; written, but not durable; durable, and nothing done after it."""


def die() -> None:
    """Be killed: nothing is flushed, nothing is closed, nobody is told."""
    os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(60)


class Notes:
    """A file of JSON lines that survives a kill."""

    def __init__(self, path: str) -> None:
        self._descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)

    def add(self, event: str, **facts: object) -> None:
        """Note what happens, before it does."""
        os.write(
            self._descriptor,
            json.dumps({"event": event, "at": time.monotonic(), **facts}).encode() + b"\n",
        )


class JournalCalls:
    """The system calls of the journal, in the place of its ``os``."""

    def __init__(self, spec: dict[str, Any], notes: Notes, durable: "Durable | None") -> None:
        self._entry, self._when = spec.get("entry", -1), spec.get("when", "")
        self._wait = spec.get("wait", "")
        self._notes, self._durable = notes, durable
        self._count = -1

    def __getattr__(self, name: str) -> Any:
        return getattr(os, name)

    def _now(self, when: str) -> bool:
        return (self._count, when) == (self._entry, self._when)

    def write(self, descriptor: int, line: bytes) -> int:
        """Write a line of the journal, or die."""
        self._count += 1
        while self._wait and self._count == self._entry and not Path(self._wait).exists():
            time.sleep(0.01)
        if self._durable:
            # From here on the kernel may write it to the disk whenever it likes.
            self._durable.line(line.decode())
        if self._now("before"):
            die()
        if self._now("torn"):
            os.write(descriptor, line[: len(line) // 2])
            die()
        written = os.write(descriptor, line)
        if self._now("unsynced"):
            die()
        told = json.loads(line)
        self._notes.add("journal", kind=told["kind"], data=told["data"])
        return written

    def fsync(self, descriptor: int) -> None:
        """Make a line durable, or die."""
        os.fsync(descriptor)
        if self._now("after"):
            die()


class Durable:
    """Keeps what every ``fsync`` made durable: a file's bytes, or a folder's names with what they stand for.

    Whatever was not the subject of an ``fsync`` may be gone after a power cut. What is kept is what was there before
    the call, and every file that was seen stays open, so that its inode is not another one's later.
    """

    def __init__(self, folder: str) -> None:
        self._folder = Path(folder)
        self._notes = Notes(str(self._folder / "fsyncs.jsonl"))
        self._fsync = os.fsync
        self._lock = threading.Lock()
        self._count = 0
        self._kept: list[int] = []

    def fsync(self, descriptor: int) -> None:
        """Note it, and do it."""
        place = Path(f"/proc/self/fd/{descriptor}")
        path, inode = str(place.readlink()), os.fstat(descriptor).st_ino
        self._kept.append(os.dup(descriptor))
        if place.is_dir():
            # One at a time, or an older list would be noted after a newer one.
            with self._lock:
                entries = list(os.scandir(place))
                self._fsync(descriptor)
                names = {one.name: one.inode() for one in entries}
                folders = [one.inode() for one in entries if one.is_dir(follow_symlinks=False)]
                self._notes.add("folder", inode=inode, path=path, names=names, folders=folders)
            return
        with self._lock:
            self._count += 1
            kept = self._folder / f"{self._count}"
        # Opened anew: the journal's own descriptor cannot be read from.
        kept.write_bytes(place.read_bytes())
        self._fsync(descriptor)
        self._notes.add("file", inode=inode, path=path, kept=kept.name)

    def line(self, text: str) -> None:
        """Note a line of the journal that is about to be written."""
        self._notes.add("line", text=text)


def watch(spec: dict[str, Any]) -> None:
    """Put the watching in place."""
    from shipseal._internal import clock as clocks  # noqa: PLC0415 - the test's own modules come first
    from shipseal.attest.key_signer import KeySigner  # noqa: PLC0415
    from shipseal.registry.layout_target import LayoutTarget  # noqa: PLC0415
    from shipseal.registry.repository import RepositoryTarget  # noqa: PLC0415
    from shipseal.release import journal, session  # noqa: PLC0415

    notes = Notes(spec["log"])
    durable = Durable(spec["fsyncs"]) if spec.get("fsyncs") else None
    vars(journal)["os"] = JournalCalls(spec, notes, durable)
    if durable:
        vars(os)["fsync"] = durable.fsync
    _note_calls(notes, KeySigner, (LayoutTarget, RepositoryTarget))
    if "now" in spec:
        _set_clock(spec["now"], clocks.SystemClock, clocks.SteadyClock)
    if "after" in spec:
        _die_after(session, spec["after"])


def _note_calls(notes: Notes, signer: Any, targets: tuple[Any, ...]) -> None:
    sign = signer.sign

    def noted_sign(self: Any, statement: bytes) -> Any:
        import hashlib  # noqa: PLC0415

        notes.add("sign", statement=hashlib.sha256(statement).hexdigest())
        return sign(self, statement)

    signer.sign = noted_sign
    for target in targets:
        _note_tags(notes, target)


def _note_tags(notes: Notes, target: Any) -> None:
    put_tag = target.put_tag

    def noted_put_tag(self: Any, tag: str, manifest: Any) -> Any:
        notes.add("tag", target=self.name, tag=tag, digest=str(manifest.digest))
        return put_tag(self, tag, manifest)

    target.put_tag = noted_put_tag


def _set_clock(start: float, *clocks: Any) -> None:
    """Let the clock stand: runs that are told the same moment make the same bytes."""
    moment = datetime.fromtimestamp(start, UTC)
    for clock in clocks:
        clock.now = lambda self: moment


def _die_after(session: Any, seconds: float) -> None:
    run = session.run

    def killed_run(setup: Any) -> Any:
        def wait() -> None:
            time.sleep(seconds)
            die()

        threading.Thread(target=wait, daemon=True).start()
        return run(setup)

    session.run = killed_run


def main() -> None:
    """Run one command line."""
    spec = json.loads(sys.argv.pop(1))
    # Whoever started the tests may ignore signals, and then so would this.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGHUP, signal.SIG_IGN if spec.get("nohup") else signal.SIG_DFL)
    watch(spec)
    from shipseal.cli.main import run  # noqa: PLC0415

    run()


if __name__ == "__main__":
    main()
