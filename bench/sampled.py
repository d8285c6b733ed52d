"""Runs one command line of shipseal in this process, and writes down every few milliseconds what each thread does.

    python -m bench.sampled OUT STATE release --version 1.0.0 ...

What a thread did since the last look (its CPU time and the bytes that it read and wrote through files and pipes) goes
to the line that it is in now. A thread cannot be looked at while another one holds the interpreter lock, so a long call
into C is seen when it returns: at its own line.
"""

import contextlib
import gc
import json
import os
import resource
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

EVERY = 0.02
_TICK = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")
_TASKS = Path("/proc/self/task")


@dataclass
class Sampler:
    """Looks until it is told to stop.

    Attributes:
        state: the state folder, whose journal is followed.
        rows: one per thread and look: seconds since the start, thread, CPU seconds, bytes read, bytes written, stack.
        lines: journal lines with the second at which they were seen.
        tools: what is known of each child process.
        memory: per look, seconds since the start and resident bytes.
    """

    state: Path
    rows: list[list[Any]] = field(default_factory=list)
    lines: list[list[Any]] = field(default_factory=list)
    tools: dict[int, dict[str, Any]] = field(default_factory=dict)
    memory: list[list[float]] = field(default_factory=list)
    own: dict[int, tuple[float, int, int]] = field(default_factory=dict)
    read: int = 0
    started: float = field(default_factory=time.perf_counter)
    stop: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        """Look every :data:`EVERY` seconds."""
        while not self.stop.wait(EVERY):
            self.look()

    def look(self) -> None:
        """Look once."""
        now = time.perf_counter() - self.started
        frames = all_frames()
        for thread in threading.enumerate():
            if thread is threading.current_thread() or thread.native_id is None:
                continue
            used = self._since(thread.native_id)
            frame = frames.get(thread.ident or 0)
            self.rows.append([round(now, 4), thread.name, *used, stack_of(frame)])
        self.memory.append([round(now, 4), resident()])
        self._look_at_tools(now)
        self._follow(now)

    def _since(self, task: int) -> tuple[float, int, int]:
        before = self.own.get(task, (0.0, 0, 0))
        try:
            cpu = int((_TASKS / str(task) / "schedstat").read_text().split()[0]) / 1e9
            if cpu == before[0]:
                return 0.0, 0, 0
            read, written = bytes_of(_TASKS / str(task) / "io")
        except OSError:
            return 0.0, 0, 0
        self.own[task] = (cpu, read, written)
        return cpu - before[0], read - before[1], written - before[2]

    def _look_at_tools(self, now: float) -> None:
        for pid in children():
            try:
                seen = process(pid)
            except (OSError, ValueError, IndexError):
                continue
            if seen["name"]:  # empty: it has ended, and nobody has asked for its status yet
                known = self.tools.setdefault(pid, {"from": now})
                known |= {**seen, "to": now}

    def _follow(self, now: float) -> None:
        for journal in self.state.glob("releases/*/journal.jsonl"):
            with journal.open() as stream:
                stream.seek(self.read)
                for line in stream.read().splitlines():
                    self.lines.append([round(now, 3), json.loads(line)])
                self.read = stream.tell()


def all_frames() -> dict[int, FrameType]:
    """Return the frame that each thread is in.

    Without garbage collection meanwhile: Python before 3.11.9 can lock itself up for good when one begins in there
    (python/cpython issue 106883).
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        return sys._current_frames()  # noqa: SLF001 - there is no other way to see other threads
    finally:
        if was_on:
            gc.enable()


def stack_of(frame: FrameType | None) -> list[str]:
    """Return the frames of a thread, innermost first, as ``FILE:LINE:FUNCTION``."""
    found: list[str] = []
    while frame is not None and len(found) < 40:
        code = frame.f_code
        found.append(f"{code.co_filename}:{frame.f_lineno}:{code.co_qualname}")
        frame = frame.f_back
    return found


def children() -> list[int]:
    """Return the ids of the child processes that run now."""
    found: list[int] = []
    for task in _TASKS.iterdir():
        with contextlib.suppress(OSError):
            found += [int(pid) for pid in (task / "children").read_text().split()]
    return found


def process(pid: int) -> dict[str, Any]:
    """Return what a process has used so far."""
    place = Path(f"/proc/{pid}")
    words = (place / "cmdline").read_bytes().decode("utf-8", "replace").split("\0")
    times = (place / "stat").read_text().rpartition(")")[2].split()
    read, written = bytes_of(place / "io")
    return {
        "name": Path(words[0]).name,
        "words": [word for word in words if word][1:6],
        "cpu": (int(times[11]) + int(times[12])) / _TICK,
        "read": read,
        "written": written,
        "peak": peak_of(place),
    }


def resident() -> int:
    """Return the bytes that this process has in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE


def peak_of(place: Path) -> int:
    """Return the most memory that a process has held, in bytes; 0 when it has just ended."""
    lines = (place / "status").read_text().splitlines()
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:")), 0)


def bytes_of(path: Path) -> tuple[int, int]:
    """Return bytes read and written by system calls, from a file like ``/proc/self/io``."""
    values = dict(line.split(": ") for line in path.read_text().splitlines())
    return int(values["rchar"]), int(values["wchar"])


def main(out: Path, state: Path, words: list[str]) -> int:
    """Run and write."""
    sampler = Sampler(state)
    thread = threading.Thread(target=sampler.run, name="sampler", daemon=True)
    thread.start()
    from shipseal.cli.main import main as shipseal  # noqa: PLC0415 - its imports are part of what is measured

    status = shipseal(words)
    ended = time.perf_counter() - sampler.started
    sampler.stop.set()
    thread.join()
    sampler.look()
    own, others = (
        resource.getrusage(which) for which in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    document = {
        "status": status,
        "seconds": ended,
        "rows": sampler.rows,
        "journal": sampler.lines,
        "memory": sampler.memory,
        "tools": list(sampler.tools.values()),
        "cpu": own.ru_utime + own.ru_stime,
        "children_cpu": others.ru_utime + others.ru_stime,
        "peak": peak_of(Path("/proc/self")),
    }
    out.write_text(json.dumps(document))
    return status


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:]))
