"""One release of one version at a time on one machine: a file lock that ends with its process, however that ends."""

import contextlib
import fcntl
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import msgspec

from shipseal._internal.clock import Clock, rfc3339
from shipseal._internal.durable import disk_errors
from shipseal._internal.limits import CONFIG_FILE, read_file
from shipseal.errors import Code, ReleaseError, ShipsealError

_POLL_SECONDS = 1.0
_INSTANT = 0.05


class Holder(msgspec.Struct, frozen=True):
    """Who holds a lock.

    Attributes:
        pid: the process.
        host: its machine.
        since: RFC 3339.
        release: the release's id.
    """

    pid: int
    host: str
    since: str
    release: str


_OTHERS = {"rollback": "a rollback of this image", "gc": "a collection of this release"}


class ReleaseLock:
    """Held from :meth:`acquire` to :meth:`free`, or to the end of the process: a crash leaves no stale lock.

    Args:
        path: the lock file, one per version.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor: int | None = None

    def acquire(self, release: str, clock: Clock, *, wait: float = 0.0) -> None:
        """Take the lock, waiting up to ``wait`` seconds for whoever holds it.

        Raises:
            ReleaseError: ``release.locked``, naming who holds it.
        """
        deadline = clock.monotonic() + wait
        # Twice at least: whoever lists releases at this moment holds the lock for an instant.
        tries = 0
        while not self._take(release, clock):
            tries += 1
            if tries > 1 and clock.monotonic() >= deadline:
                raise self._locked()
            clock.sleep(_POLL_SECONDS if wait else _INSTANT)

    def _take(self, release: str, clock: Clock) -> bool:
        with disk_errors(self.path):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            # A file system without locks says so here: a release without one is not begun.
            with disk_errors(self.path):
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return False
        except BaseException:
            os.close(descriptor)
            raise
        holder = Holder(os.getpid(), socket.gethostname(), rfc3339(clock.now()), release)
        try:
            with disk_errors(self.path):
                os.ftruncate(descriptor, 0)
                os.pwrite(descriptor, msgspec.json.encode(holder), 0)
        except BaseException:
            os.close(descriptor)
            raise
        self._descriptor = descriptor
        return True

    def free(self) -> None:
        """Let go of the lock."""
        if self._descriptor is not None:
            # A disk that has failed meanwhile must not hide how the release ended; closing alone frees the lock.
            with contextlib.suppress(OSError):
                os.ftruncate(self._descriptor, 0)
            os.close(self._descriptor)
            self._descriptor = None

    def holder(self) -> Holder | None:
        """Return who holds the lock now, or None."""
        if not self.path.exists():
            return None
        # Whoever only looks needs no right to write, and must not be taken for a holder by others who look.
        descriptor = os.open(self.path, os.O_RDONLY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return self._read()
        finally:
            os.close(descriptor)
        return None

    def _read(self) -> Holder:
        try:
            return msgspec.json.decode(read_file(self.path, CONFIG_FILE), type=Holder)
        except (OSError, ShipsealError, msgspec.DecodeError):
            # Between taking the lock and writing the name: held, by someone unnamed yet.
            return Holder(0, "unknown", "", "")

    def _locked(self) -> ReleaseError:
        holder = self._read()
        who = (
            f"process {holder.pid} on {holder.host} since {holder.since} (release {holder.release})"
        )
        what = _OTHERS.get(holder.release, "another release of this version")
        return ReleaseError(
            Code.RELEASE_LOCKED,
            f"{what} is running: {who}",
            hint="wait for it, or end that process; its release can be resumed",
            context={"pid": str(holder.pid), "host": holder.host, "release": holder.release},
            retryable=True,
        )


class StateUse:
    """Whether releases run on this machine, for those who must not disturb them; ends with its process.

    A release takes blobs that lie in the state folder for its own before its journal names them. So whoever removes
    blobs does that while no release runs.

    Args:
        path: the lock file, one per state folder.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """Say that a release runs; many may. Waits for whoever is removing blobs at the moment.

        Raises:
            ShipsealError: the state folder cannot be written.
        """
        descriptor = self._open()
        try:
            with disk_errors(self.path):
                fcntl.flock(descriptor, fcntl.LOCK_SH)
            yield
        finally:
            os.close(descriptor)

    @contextlib.contextmanager
    def alone(self) -> Iterator[bool]:
        """Keep releases from starting; gives False, and keeps nobody, when one is running.

        Raises:
            ShipsealError: the state folder cannot be written.
        """
        descriptor = self._open()
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
            else:
                yield True
        finally:
            os.close(descriptor)

    def _open(self) -> int:
        with disk_errors(self.path):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            return os.open(self.path, os.O_RDWR | os.O_CREAT, 0o644)
