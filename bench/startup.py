"""How long does `--help` take, against crane and cosign in the same run. Only the ratios mean anything."""

import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TOOLS = ROOT / "build" / "tools" / "bin"
ROUNDS = 25
PROGRAMS = {
    "shipseal": Path(sys.prefix) / "bin" / "shipseal",
    "crane": TOOLS / "crane",
    "cosign": TOOLS / "cosign",
}


def seconds(program: Path) -> float:
    """Return how long one `--help` takes."""
    started = time.perf_counter()
    subprocess.run(
        [program, "--help"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True
    )
    return time.perf_counter() - started


def measure(programs: dict[str, Path]) -> dict[str, float]:
    """Return the median of each program; rounds are interleaved, so that a busy moment hits all of them."""
    taken: dict[str, list[float]] = {name: [] for name in programs}
    for number in range(ROUNDS + 1):
        for name, program in programs.items():
            used = seconds(program)
            if number:  # the first round warms the page cache
                taken[name].append(used)
    return {name: statistics.median(each) for name, each in taken.items()}


def main() -> int:
    """Measure and print."""
    present = {name: path for name, path in PROGRAMS.items() if os.access(path, os.X_OK)}
    absent = PROGRAMS.keys() - present.keys()
    if absent:
        print(f"not measured, run `make tools`: {', '.join(sorted(absent))}")
    medians = measure(present)
    own = medians["shipseal"]
    print(f"--help, median of {ROUNDS}")
    for name, median in medians.items():
        ratio = "" if name == "shipseal" else f"   shipseal takes {own / median:.2f} x as long"
        print(f"  {name:10}{median * 1000:8.0f} ms{ratio}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
