"""Run outside tools: the one place that starts processes.

A tool gets an explicit environment, a deadline, and limits on what is kept of its output. It runs in a process group
of its own, which is ended with it, so that no grandchild outlives a timeout or an interrupt; what a kill of shipseal
itself leaves running, the keeper ends (:mod:`shipseal._internal.keeper`). Secrets go in through the environment or
standard input, never through arguments: arguments can be read by every user of the machine.
"""

import contextlib
import errno
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from shipseal._internal.cgroups import group_limits
from shipseal._internal.keeper import KEEPER
from shipseal._internal.limits import TOOL_OUTPUT, TOOL_STDERR, Limit
from shipseal._internal.measured import MeasuredProcess
from shipseal._internal.memory import KillCounts
from shipseal._internal.pipes import DRAIN_SECONDS, Collector, Tail, feed
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
_LOOK_SECONDS = 0.5
# When somebody is first told that a tool still runs; then after twice as long, and so on.
_FIRST_WORD_SECONDS = 60.0
_running: set[MeasuredProcess] = set()
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
        peak: most bytes of memory that it had; 0 when that is not known.
    """

    argv: tuple[str, ...]
    status: int
    stdout: bytes
    stderr: str
    seconds: float
    peak: int = 0


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
    written: Mapping[Path, Limit] | None = None,
    waiting: Callable[[float], None] | None = None,
) -> ToolResult:
    """Run ``argv`` to its end and return how it ended; a non-zero status is a result, not an error.

    Args:
        argv: the program and its arguments; no secrets.
        timeout: seconds until the tool and all it started are ended.
        env: the whole environment; default :func:`tool_environment`.
        cwd: the folder to run in.
        stdin: what it reads.
        stdout_limit: the most that is kept of its standard output.
        written: files that it writes, and how large each may become.
        waiting: told now and then, ever less often, for how many seconds it has been running.

    Raises:
        ToolTimeoutError: it did not end in time (``tool.crashed``, retryable).
        ToolError: ``tool.missing``; ``resource.out-of-memory`` when the kernel ended it for want of memory, or has no
            room to start it; ``tool.crashed`` when somebody else killed it (retryable), or when its output passed a
            limit, which ends it.
    """
    words = tuple(str(word) for word in argv)
    started, kills = time.monotonic(), KillCounts.now()
    with _start(words, env=env, cwd=cwd) as process:
        out, tail = Collector(process.stdout, stdout_limit), Tail(process.stderr, TOOL_STDERR)
        feeder, watch = feed(process.stdin, stdin), _Watch(out, stdout_limit, written or {})
        _running.add(process)
        try:
            in_time = _wait(process, watch, timeout, waiting)
        finally:
            _end_group(process)
            _running.discard(process)
            feeder.join(DRAIN_SECONDS)
            out.join()
            tail.join()
    # First, because it is ended for that.
    if too_much := watch.too_much():
        raise _too_talkative(words[0], *too_much)
    if not in_time:
        raise _too_slow(words[0], timeout, tail.text())
    if process.returncode in _SIGKILL_STATUSES:
        raise _killed(words[0], tail.text(), by_kernel=KillCounts.now().risen(kills))
    return ToolResult(
        words,
        process.returncode,
        out.data(),
        tail.text(),
        time.monotonic() - started,
        process.peak,
    )


@dataclass(frozen=True, slots=True)
class _Watch:
    """What a tool produces, and how much of it there may be."""

    out: Collector
    limit: Limit
    files: Mapping[Path, Limit]

    def too_much(self) -> tuple[str, Limit] | None:
        """Return what has passed its limit; None when nothing has."""
        if self.out.overflow:
            return "printed", self.limit
        for path, limit in self.files.items():
            with contextlib.suppress(OSError):
                if path.stat().st_size > limit.size:
                    return f"wrote into {path.name}", limit
        return None


def _wait(
    process: MeasuredProcess,
    watch: _Watch,
    timeout: float,
    waiting: Callable[[float], None] | None,
) -> bool:
    """Wait until the tool has ended, or has produced more than a limit: nothing that comes after that is of use.

    Returns whether one of both came in time.
    """
    started = time.monotonic()
    words = _word_times()
    word = next(words)
    while True:
        used = time.monotonic() - started
        try:
            process.wait(max(0.0, min(timeout - used, _LOOK_SECONDS)))
        except subprocess.TimeoutExpired:
            if watch.too_much() is not None:
                return True
            if timeout - used <= _LOOK_SECONDS:
                return False
        else:
            return True
        if waiting is not None and used >= word:
            waiting(used)
            word = next(words)


def _word_times() -> Iterator[float]:
    """Yield after how many seconds it is said that a tool still runs."""
    seconds = _FIRST_WORD_SECONDS
    while True:
        yield seconds
        seconds *= 2


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


def _killed(tool: str, stderr: str, *, by_kernel: bool | None) -> ToolError:
    """Return what a SIGKILL means; ``by_kernel`` is what the kernel's own counts say, None where it counts nothing."""
    context = {"tool": tool, "stderr": stderr}
    if by_kernel is False:
        return ToolError(
            Code.TOOL_CRASHED,
            f"{tool}: was killed (SIGKILL) by another process: by the kernel's own count memory did not run out",
            hint="find out who ended it (a person, a job's limit, a supervisor), then run the same command again",
            context=context,
            retryable=True,
        )
    limit = group_limits().memory
    most = f"; this job may use {limit} bytes" if limit else ""
    how = (
        "was killed (SIGKILL) by the kernel, because memory ran out"
        if by_kernel
        else "was killed (SIGKILL), which is what the kernel does when memory runs out"
    )
    return ToolError(
        Code.OUT_OF_MEMORY,
        f"{tool}: {how}{most}",
        hint="give the job more memory, or do fewer platforms at once (limits.parallel)",
        context=context,
        retryable=True,
    )


def _too_talkative(tool: str, what: str, limit: Limit) -> ToolError:
    return ToolError(
        Code.TOOL_CRASHED,
        f"{tool}: {what} more than {limit.size} bytes, the limit for {limit.name}",
        hint=f"the limit stands because {limit.reason}: is this the right program?",
        context={"tool": tool},
    )


def _start(
    words: tuple[str, ...], *, env: Mapping[str, str] | None, cwd: Path | None
) -> MeasuredProcess:
    try:
        return MeasuredProcess(
            words,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**(tool_environment() if env is None else env), **KEEPER.watch()},
            cwd=cwd,
            start_new_session=True,
        )
    except OSError as error:
        raise _not_started(words[0], error) from error


def _not_started(tool: str, error: OSError) -> ToolError:
    if error.errno in (errno.ENOMEM, errno.EAGAIN):
        return ToolError(
            Code.OUT_OF_MEMORY,
            f"{tool}: cannot be started: there is no memory, or no room for another process: {error.strerror}",
            hint="give the job more memory and more processes (ulimit -u), or lower limits.parallel",
            context={"tool": tool},
            retryable=True,
        )
    return ToolError(
        Code.TOOL_MISSING,
        f"{tool}: cannot be started: {error.strerror}",
        hint="install it, or name another one in shipseal.yaml",
        context={"tool": tool},
    )


def _end_group(process: MeasuredProcess) -> None:
    """End what is left of the group: politely, then not."""
    if process.poll() is None:
        _signal_group(process, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_GRACE_SECONDS)
    _signal_group(process, signal.SIGKILL)
    process.wait()


def _signal_group(process: MeasuredProcess, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)
