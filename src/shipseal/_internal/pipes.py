"""What goes into a tool and comes out of it, in threads: none of it may hold us beyond the tool's deadline."""

import contextlib
import threading
from typing import IO

from shipseal._internal.limits import MIB, Limit
from shipseal._internal.redact import redact

# What left the tool's group and still holds a pipe must not hold us; the tool itself has ended.
DRAIN_SECONDS = 10.0


def feed(pipe: IO[bytes] | None, data: bytes) -> threading.Thread:
    """Write ``data`` in a thread, which is returned; a tool that does not read it is no error."""

    def write() -> None:
        if pipe is not None:
            with contextlib.suppress(BrokenPipeError), pipe:
                pipe.write(data)

    thread = threading.Thread(target=write, daemon=True)
    thread.start()
    return thread


class Collector:
    """Reads a pipe to its end in a thread and keeps it up to a limit.

    Args:
        stream: the pipe.
        limit: beyond it nothing is kept, and :attr:`overflow` says so.
    """

    def __init__(self, stream: IO[bytes] | None, limit: Limit) -> None:
        self._parts: list[bytes] = []
        self._limit = limit.size
        self._size = 0
        self._error: Exception | None = None
        self._thread = threading.Thread(target=self._read, args=(stream,), daemon=True)
        self._thread.start()

    def _read(self, stream: IO[bytes] | None) -> None:
        try:
            while stream is not None and (chunk := stream.read(MIB)):
                self._size += len(chunk)
                if not self.overflow:
                    self._parts.append(chunk)
        except MemoryError as error:
            # Of an ulimit: what was read is let go of, and the tool that goes on printing sees a closed pipe.
            self._parts.clear()
            self._error = error
            if stream is not None:
                stream.close()

    @property
    def overflow(self) -> bool:
        """Whether there was more than the limit."""
        return self._size > self._limit

    def data(self) -> bytes:
        """Return what was read.

        Raises:
            MemoryError: there was no room for it.
        """
        if self._error is not None:
            raise self._error
        return b"".join(self._parts)

    def join(self) -> None:
        """Wait for the end of the pipe, a few seconds at most."""
        self._thread.join(DRAIN_SECONDS)


class Tail:
    """Reads a pipe to its end in a thread and keeps the end of it, however much comes.

    Args:
        stream: the pipe.
        limit: bytes that are kept.
    """

    def __init__(self, stream: IO[bytes] | None, limit: Limit) -> None:
        self._kept = bytearray()
        self._cut = False
        self._limit = limit.size
        self._thread = threading.Thread(target=self._read, args=(stream,), daemon=True)
        self._thread.start()

    def _read(self, stream: IO[bytes] | None) -> None:
        while stream is not None and (line := stream.readline(self._limit)):
            self._kept += line
            # Twice as much as is shown: a secret at the beginning of what is shown is still known as a whole.
            if len(self._kept) > 4 * self._limit:
                del self._kept[: -2 * self._limit]
                self._cut = True

    def text(self) -> str:
        """Return the end of what was said, redacted; it begins with a whole line when something was cut off."""
        raw = bytes(self._kept)
        clean = redact(raw.decode("utf-8", "replace"))
        if not self._cut and len(clean) <= self._limit:
            return clean
        shown = clean[-self._limit :]
        # Half a line may hold half a secret, which nothing knows any more.
        return shown.partition("\n")[2] or shown[-self._limit // 2 :]

    def join(self) -> None:
        """Wait for the end of the pipe, a few seconds at most."""
        self._thread.join(DRAIN_SECONDS)
