"""Measure how long `--help` takes, against crane and cosign in the same run."""

import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

from bench.machine import facts
from bench.options import Options
from bench.report import Goal, Report
from tests.support.tools import BUILT

ROUNDS = 25
BOUND = 0.3
PROGRAMS = {
    "shipseal": Path(sys.prefix) / "bin" / "shipseal",
    "crane": BUILT / "crane",
    "cosign": BUILT / "cosign",
}


def seconds(program: Path) -> float:
    """Return how long one `--help` takes."""
    started = time.perf_counter()
    subprocess.run(
        [program, "--help"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True
    )
    return time.perf_counter() - started


def time_each(programs: dict[str, Path], rounds: int) -> dict[str, list[float]]:
    """Return the times of each program; rounds are interleaved, so that a busy moment hits all of them."""
    taken: dict[str, list[float]] = {name: [] for name in programs}
    for number in range(rounds + 1):
        for name, program in programs.items():
            used = seconds(program)
            if number:  # the first round warms the page cache
                taken[name].append(used)
    return taken


def measure(options: Options) -> Report:
    """Measure the start of the program."""
    rounds = options.rounds or ROUNDS
    present = {name: path for name, path in PROGRAMS.items() if os.access(path, os.X_OK)}
    absent = sorted(PROGRAMS.keys() - present.keys())
    taken = time_each(present, rounds)
    medians = {name: statistics.median(each) for name, each in taken.items()}
    own = medians["shipseal"]
    rows = [
        [name, f"{median * 1000:.0f}", f"{own / median:.2f}"] for name, median in medians.items()
    ]
    return Report(
        part="startup",
        title=f"`--help`, median of {rounds} fresh processes",
        facts=facts(),
        header=("what", "milliseconds", "shipseal takes times as long"),
        rows=rows,
        goals=[Goal("shipseal --help", own, BOUND, "s")],
        notes=[f"not measured, run `make tools`: {', '.join(absent)}"] if absent else [],
        raw=dict(taken),
    )
