"""Run outside tools: the one place that starts processes.

A tool gets an explicit environment, a deadline, and limits on what is kept of its output. It runs in a process group
of its own, which is ended with it, so that no grandchild outlives a timeout or an interrupt. Secrets go in through
the environment or standard input, never through arguments: arguments can be read by every user of the machine.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from shipseal._internal.limits import MIB, TOOL_OUTPUT, TOOL_STDERR, Limit
from shipseal._internal.redact import redact
from shipseal.errors import Code, ToolError

# What every outside tool may inherit: a way to find programs, a home, a locale, and the way through proxies and CAs.
_INHERITED = frozenset(
    {
        "PATH",
        "HOME",
        "USER",
        "LOGNAME",
        "LANG",
        "LC_ALL",
        "TMPDIR",
        "TZ",
        "XDG_CACHE_HOME",
        "XDG_CONFIG_HOME",
        "XDG_RUNTIME_DIR",
        "DOCKER_CONFIG",
        "DOCKER_HOST",
        "REGISTRY_AUTH_FILE",
        "SSL_CERT_FILE",
        "SSL_CERT_DIR",
        "SOURCE_DATE_EPOCH",
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "NO_PROXY",
        "http_proxy",
        "https_proxy",
        "no_proxy",
        "ALL_PROXY",
        "all_proxy",
    }
)
_GRACE_SECONDS = 2.0
_DRAIN_SECONDS = 10.0
_LOOK_SECONDS = 0.5
_running: "set[subprocess.Popen[bytes]]" = set()
_SIGKILL_STATUSES = (-signal.SIGKILL, 128 + signal.SIGKILL)


@dataclass(frozen=True, slots=True)
class ToolResult:
    """How a tool ended.

    Attributes:
        argv: the command line.
        status: exit status; negative for a signal.
        stdout: standard output, whole.
        stderr: the end of standard error, redacted.
        seconds: wall-clock time.
    """

    argv: tuple[str, ...]
    status: int
    stdout: bytes
    stderr: str
    seconds: float


class ToolTimeoutError(ToolError):
    """The tool did not end within its time."""


def tool_environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the environment for an outside tool: a short allowlist of ours, plus ``extra``."""
    return {key: value for key, value in os.environ.items() if key in _INHERITED} | dict(
        extra or {}
    )


def find_tool(name: str, *, hint: str) -> Path:
    """Return the program ``name`` (a path, or a name on PATH).

    Raises:
        ToolError: ``tool.missing``.
    """
    found = shutil.which(name)
    if found is None:
        raise ToolError(
            Code.TOOL_MISSING, f"{name}: no such program on PATH", hint=hint, context={"tool": name}
        )
    return Path(found)


def run_tool(
    argv: Sequence[str | Path],
    *,
    timeout: float,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    stdin: bytes = b"",
    stdout_limit: Limit = TOOL_OUTPUT,
) -> ToolResult:
    """Run ``argv`` to its end and return how it ended; a non-zero status is a result, not an error.

    Args:
        argv: the program and its arguments; no secrets.
        timeout: seconds until the tool and all it started are ended.
        env: the whole environment; default :func:`tool_environment`.
        cwd: the folder to run in.
        stdin: what it reads.
        stdout_limit: the most that is kept of its standard output.

    Raises:
        ToolTimeoutError: it did not end in time (``tool.crashed``, retryable).
        ToolError: ``tool.missing``; ``resource.out-of-memory`` when the kernel killed it; ``tool.crashed`` when its
            output passed the limit, which ends it.
    """
    words = tuple(str(word) for word in argv)
    started = time.monotonic()
    with _start(words, env=env, cwd=cwd) as process:
        out, tail = _Collector(process.stdout, stdout_limit), _Tail(process.stderr)
        feeder = _feed(process.stdin, stdin)
        _running.add(process)
        try:
            _wait(process, out, timeout)
        except subprocess.TimeoutExpired as error:
            raise _too_slow(words[0], timeout, tail.text()) from error
        finally:
            _end_group(process)
            _running.discard(process)
            feeder.join(_DRAIN_SECONDS)
        out.join()
        tail.join()
    # First, because it is ended for that.
    if out.overflow:
        raise _too_talkative(words[0], stdout_limit)
    if process.returncode in _SIGKILL_STATUSES:
        raise _killed(words[0], tail.text())
    return ToolResult(
        words, process.returncode, out.data(), tail.text(), time.monotonic() - started
    )


def _wait(process: "subprocess.Popen[bytes]", out: "_Collector", timeout: float) -> None:
    """Wait until the tool has ended, or has printed more than its limit: nothing that comes after that is of use.

    Raises:
        subprocess.TimeoutExpired: neither came in time.
    """
    deadline = time.monotonic() + timeout
    while not out.overflow:
        left = deadline - time.monotonic()
        try:
            process.wait(max(0.0, min(left, _LOOK_SECONDS)))
        except subprocess.TimeoutExpired:
            if left <= _LOOK_SECONDS:
                raise
        else:
            return


def end_all_tools() -> None:
    """End every tool that runs now, with all that it started: this process is about to go.

    Who waits for one of them in another thread sees it killed.
    """
    for process in list(_running):
        _signal_group(process, signal.SIGTERM)
    deadline = time.monotonic() + _GRACE_SECONDS
    for process in list(_running):
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(max(0.0, deadline - time.monotonic()))
        _signal_group(process, signal.SIGKILL)


def _too_slow(tool: str, timeout: float, stderr: str) -> ToolTimeoutError:
    return ToolTimeoutError(
        Code.TOOL_CRASHED,
        f"{tool}: did not end within {timeout:g} s",
        retryable=True,
        hint="raise the timeout in shipseal.yaml (timeouts), or see what it waits for",
        context={"tool": tool, "stderr": stderr},
    )


def _killed(tool: str, stderr: str) -> ToolError:
    return ToolError(
        Code.OUT_OF_MEMORY,
        f"{tool}: was killed (SIGKILL), which is what the kernel does when memory runs out",
        hint="give the job more memory, or scan fewer platforms at once",
        context={"tool": tool, "stderr": stderr},
        retryable=True,
    )


def _too_talkative(tool: str, limit: Limit) -> ToolError:
    return ToolError(
        Code.TOOL_CRASHED,
        f"{tool}: printed more than {limit.size} bytes",
        hint=limit.reason,
        context={"tool": tool},
    )


def _start(
    words: tuple[str, ...], *, env: Mapping[str, str] | None, cwd: Path | None
) -> "subprocess.Popen[bytes]":
    try:
        return subprocess.Popen(  # noqa: S603 - an argument list, no shell
            words,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=dict(tool_environment() if env is None else env),
            cwd=cwd,
            start_new_session=True,
        )
    except (FileNotFoundError, PermissionError) as error:
        raise ToolError(
            Code.TOOL_MISSING,
            f"{words[0]}: cannot be started: {error.strerror}",
            hint="install it, or name another one in shipseal.yaml",
            context={"tool": words[0]},
        ) from error


def _feed(pipe: IO[bytes] | None, data: bytes) -> threading.Thread:
    """Write ``data`` in a thread: a tool that does not read would otherwise hold us beyond its deadline."""

    def write() -> None:
        if pipe is not None:
            with contextlib.suppress(BrokenPipeError), pipe:
                pipe.write(data)

    thread = threading.Thread(target=write, daemon=True)
    thread.start()
    return thread


def _end_group(process: "subprocess.Popen[bytes]") -> None:
    """End what is left of the group: politely, then not."""
    if process.poll() is None:
        _signal_group(process, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_GRACE_SECONDS)
    _signal_group(process, signal.SIGKILL)
    process.wait()


def _signal_group(process: "subprocess.Popen[bytes]", number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)


class _Collector:
    """Reads a pipe to its end in a thread and keeps it up to a limit."""

    def __init__(self, stream: IO[bytes] | None, limit: Limit) -> None:
        self._parts: list[bytes] = []
        self._limit = limit.size
        self._size = 0
        self._thread = threading.Thread(target=self._read, args=(stream,), daemon=True)
        self._thread.start()

    def _read(self, stream: IO[bytes] | None) -> None:
        while stream is not None and (chunk := stream.read(MIB)):
            self._size += len(chunk)
            if not self.overflow:
                self._parts.append(chunk)

    @property
    def overflow(self) -> bool:
        return self._size > self._limit

    def data(self) -> bytes:
        return b"".join(self._parts)

    def join(self) -> None:
        # What left the group and still holds the pipe must not hold us; the tool itself has ended.
        self._thread.join(_DRAIN_SECONDS)


class _Tail:
    """Reads a pipe to its end in a thread and keeps its last lines."""

    def __init__(self, stream: IO[bytes] | None) -> None:
        self._lines: deque[bytes] = deque(maxlen=2000)
        self._thread = threading.Thread(target=self._read, args=(stream,), daemon=True)
        self._thread.start()

    def _read(self, stream: IO[bytes] | None) -> None:
        while stream is not None and (line := stream.readline(TOOL_STDERR.size)):
            self._lines.append(line)

    def text(self) -> str:
        return redact(b"".join(self._lines)[-TOOL_STDERR.size :].decode("utf-8", "replace"))

    def join(self) -> None:
        # What left the group and still holds the pipe must not hold us; the tool itself has ended.
        self._thread.join(_DRAIN_SECONDS)
