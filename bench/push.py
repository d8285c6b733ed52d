"""Push a large image to a local registry: shipseal's target against crane, in one run. Only the ratio means anything.

Every push goes to a registry that was just started and holds nothing, so all bytes travel; the image is random, so
that nothing can be compressed away. Peak memory is what the kernel counted for the process that pushes.
"""

import argparse
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from shipseal._internal.clock import SystemClock
from shipseal._internal.progress import SilentReporter
from shipseal._internal.retry import RetryPolicy
from shipseal.oci.closure import closure_of
from shipseal.oci.layout import OciLayout
from shipseal.oci.load import layout_root
from shipseal.registry.credentials import Anonymous
from shipseal.registry.factory import open_target
from shipseal.release.cancel import Cancel
from shipseal.release.steps.stage import Stager
from shipseal.testing.images import build_layout
from tests.support.registries import distribution
from tests.support.tools import need

PLACE = Path(__file__).resolve().parents[1] / "build" / "bench"
MIB = 1024 * 1024
LAYERS = 8
PARALLEL = 4


@dataclass(frozen=True, slots=True)
class Push:
    """How one push went.

    Attributes:
        seconds: wall-clock time.
        peak: resident memory at its highest, in bytes.
    """

    seconds: float
    peak: int


def make_image(folder: Path, size: int) -> None:
    """Make a layout with one image of :data:`LAYERS` random layers, ``size`` bytes in all, unless it is there."""
    if folder.exists():
        return
    source = random.Random(size)
    layers = [{"blob": source.randbytes(size // LAYERS)} for _ in range(LAYERS)]
    making = folder.with_name(f"{folder.name}.new")
    shutil.rmtree(making, ignore_errors=True)
    build_layout(making, platforms=("linux/amd64",), layers=layers, compression="none")
    making.rename(folder)


def push(folder: Path, repository: str) -> None:
    """Push as a release does: blobs in parallel, manifests, and the tag at the end."""
    layout = OciLayout(folder)
    root = layout_root(layout)
    target = open_target(
        repository,
        base=folder,
        hosts={},
        credentials=Anonymous(),
        clock=SystemClock(),
        policy=RetryPolicy(),
    )
    parts = closure_of(layout, root, what=str(folder))
    Stager(layout, parts, PARALLEL, SilentReporter(), Cancel()).stage(target, (target,))
    target.put_tag("v1", root)
    target.close()


def timed(argv: list[str]) -> Push:
    """Run a program and return its time and its peak memory.

    The kernel's own figure at the end (``ru_maxrss``) would begin with the memory of this process, from which the
    program is started; the high-water mark of its address space does not.
    """
    started = time.perf_counter()
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        status = Path(f"/proc/{process.pid}/status")
        peak = 0
        while process.poll() is None:
            peak = max(peak, high_water(status))
            time.sleep(0.01)
        output = process.communicate()[0].decode("utf-8", "replace")
    if process.returncode:
        raise SystemExit(f"{' '.join(argv)} failed with {process.returncode}:\n{output}")
    return Push(time.perf_counter() - started, peak)


def high_water(status: Path) -> int:
    """Return the peak of a running process in bytes, 0 when it has just ended."""
    try:
        lines = status.read_text().splitlines()
    except OSError:
        return 0
    found = (line.split()[1] for line in lines if line.startswith("VmHWM:"))
    return int(next(found, "0")) * 1024


def measure(image: Path, rounds: int) -> dict[str, list[Push]]:
    """Push ``rounds`` times with each, in turn, every time to an empty registry."""
    found: dict[str, list[Push]] = {"shipseal": [], "crane": []}
    for _ in range(rounds):
        for name, pushes in found.items():
            with (
                tempfile.TemporaryDirectory(dir=PLACE, prefix="registry-") as place,
                distribution(Path(place)) as registry,
            ):
                pushes.append(timed(command(name, image, f"{registry.host}/bench/image")))
    return found


def command(name: str, image: Path, repository: str) -> list[str]:
    """Return the command line of one push."""
    if name == "shipseal":
        return [sys.executable, "-m", "bench.push", "--push", str(image), repository]
    return [str(need("crane")), "push", "--index", "--insecure", str(image), f"{repository}:v1"]


def report(found: dict[str, list[Push]]) -> None:
    """Print medians and ratios."""
    medians = {
        name: (statistics.median(one.seconds for one in each), max(one.peak for one in each))
        for name, each in found.items()
    }
    for name, (seconds, peak) in medians.items():
        print(f"  {name:10}{seconds:8.2f} s{peak / MIB:8.0f} MiB at most")
    own, other = medians["shipseal"], medians["crane"]
    print(
        f"  shipseal takes {own[0] / other[0]:.2f} x as long, {own[1] / other[1]:.2f} x the memory"
    )


def main() -> int:
    """Measure and print, or do one push for the measurement."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=1024, help="MiB; default: 1024")
    parser.add_argument("--rounds", type=int, default=3, help="pushes with each; default: 3")
    parser.add_argument("--push", nargs=2, metavar=("LAYOUT", "REPOSITORY"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.push:
        push(Path(arguments.push[0]), arguments.push[1])
        return 0
    image = PLACE / f"image-{arguments.size}"
    PLACE.mkdir(parents=True, exist_ok=True)
    make_image(image, arguments.size * MIB)
    print(
        f"push of {arguments.size} MiB in {LAYERS} layers, median of {arguments.rounds}", flush=True
    )
    report(measure(image, arguments.rounds))
    return 0


if __name__ == "__main__":
    sys.exit(main())
