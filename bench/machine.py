"""What a measurement ran on, and how much of the machine others used meanwhile."""

import contextlib
import mmap
import os
import platform
import re
import resource
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from shipseal._internal.clock import rfc3339
from tests.support.tools import ROOT, need

_TICK = os.sysconf("SC_CLK_TCK")
_GRACE_SECONDS = 10.0
_CORES = os.cpu_count() or 1
_GO_MODULE = re.compile(rb"\nmod\t\S+\t(v[^\t\n]+)")


@dataclass(frozen=True, slots=True)
class Timed:
    """One measurement.

    Attributes:
        seconds: wall-clock time.
        cpu: CPU seconds of the processes that were started and have ended.
        others: share of the machine's CPU time that went to processes that are not ours, from 0 to 1.
    """

    seconds: float
    cpu: float
    others: float


class Meter:
    """Reads clocks when it is made, and tells what has passed since.

    What was started before and still runs (registries) is ours, too: it works for what is measured.
    """

    def __init__(self) -> None:
        self._wall = time.perf_counter()
        self._children = _ended_children()
        self._busy = _busy()
        self._ours = self._children + _own() + _running()

    def read(self) -> Timed:
        """Return what has passed."""
        seconds = time.perf_counter() - self._wall
        busy = _busy() - self._busy
        children = _ended_children()
        ours = children + _own() + _running() - self._ours
        others = max(0.0, busy - ours) / (seconds * _CORES) if seconds else 0.0
        return Timed(seconds, children - self._children, min(1.0, others))


def timed_run(
    argv: Sequence[str | Path], environment: dict[str, str], *, folder: Path | None = None
) -> tuple[Timed, str]:
    """Run a program to its end and return what it took, with what it printed to standard output.

    It runs in a group of its own, which is ended when this process is.

    Raises:
        SystemExit: it did not end with status 0; a measurement of a failure means nothing.
    """
    meter = Meter()
    with subprocess.Popen(
        argv,
        env=environment,
        cwd=folder or ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            out, errors = process.communicate()
        except BaseException:
            _end(process)
            raise
    taken = meter.read()
    if process.returncode:
        told = f"{out[-3000:]}\n{errors[-3000:]}"
        raise SystemExit(f"{' '.join(map(str, argv))} failed with {process.returncode}:\n{told}")
    return taken, out


def _end(process: "subprocess.Popen[str]") -> None:
    """End a program with all that it started in its group: politely, then not."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_GRACE_SECONDS)


def facts(*tools: str) -> dict[str, str]:
    """Return machine, commit and versions of ``tools``, for people."""
    return {
        "when": rfc3339(datetime.now(UTC)),
        "commit": _commit(),
        "machine": f"{_CORES} cores ({_processor()}), {_memory():.0f} GiB memory, {platform.release()}",
        "load average": " ".join(f"{one:.2f}" for one in os.getloadavg()),
        "python": platform.python_version(),
        **{name: version_of(name) for name in tools},
    }


def version_of(name: str) -> str:
    """Return the version of a tool: what Go's linker wrote into it, or else what it says itself."""
    program = need(name)
    with (
        program.open("rb") as stream,
        mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as data,
    ):
        found = _GO_MODULE.search(data)
        if found:
            return found[1].decode()
    done = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
    return done.stdout.strip().splitlines()[0] if done.stdout.strip() else "says none"


def _commit() -> str:
    head = ["git", "-C", str(ROOT), "rev-parse", "--short=12", "HEAD"]
    changed = ["git", "-C", str(ROOT), "status", "--porcelain", "--", "src"]
    with contextlib.suppress(OSError):
        told = subprocess.run(head, capture_output=True, text=True, check=False).stdout.strip()
        dirty = subprocess.run(changed, capture_output=True, text=True, check=False).stdout.strip()
        return f"{told or 'none'}{' and changes in src' if dirty else ''}"
    return "none"


def _processor() -> str:
    for line in _lines(Path("/proc/cpuinfo")):
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()


def _memory() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30


def _own() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _ended_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _running() -> float:
    """Return the CPU seconds of all children that still run."""
    return sum(_cpu_of(pid) for pid in children_of(os.getpid()))


def _cpu_of(pid: int) -> float:
    try:
        times = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(times[11]) + int(times[12])) / _TICK


def children_of(pid: int) -> Iterator[int]:
    """Yield the ids of the processes that ``pid`` has started and that run now."""
    with contextlib.suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            with contextlib.suppress(OSError):
                yield from map(int, (task / "children").read_text().split())


def descendants_of(pid: int) -> Iterator[int]:
    """Yield the ids of the processes below ``pid``."""
    for child in children_of(pid):
        yield child
        yield from descendants_of(child)


def _busy() -> float:
    """Return the seconds that the machine's CPUs have worked since it started."""
    names = ("user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal")
    line = next(_lines(Path("/proc/stat")))
    times = dict(zip(names, map(int, line.split()[1:]), strict=False))
    return sum(times[name] for name in names if name not in {"idle", "iowait"}) / _TICK


def _lines(path: Path) -> Iterator[str]:
    with contextlib.suppress(OSError):
        yield from path.read_text().splitlines()
