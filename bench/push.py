"""Push a large image to a local registry: shipseal's target against crane and skopeo, in one run.

Every push goes to a registry that was just started and holds nothing, so all bytes travel; the image is random, so
that nothing can be compressed away. What is timed is the whole process, from its start to its end; its peak memory is
what the kernel counted for it.
"""

import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from bench.machine import facts
from bench.options import Options
from bench.report import Goal, Report
from tests.support.registries import distribution
from tests.support.tools import ROOT, need

PLACE = ROOT / "build" / "bench"
MIB = 1024 * 1024
LAYERS = 8
PARALLEL = 4
ROUNDS = 5
THROUGHPUT, MEMORY = 0.9, 150.0


@dataclass(frozen=True, slots=True)
class Push:
    """How one push went.

    Attributes:
        seconds: wall-clock time of the whole process.
        peak: resident memory at its highest, in bytes.
    """

    seconds: float
    peak: int


def make_image(folder: Path, size: int) -> None:
    """Make a layout with one image of :data:`LAYERS` random layers, ``size`` bytes in all, unless it is there."""
    from shipseal.testing.images import build_layout  # noqa: PLC0415 - no part of a push

    if folder.exists():
        return
    source = random.Random(size)
    layers = [{"blob": source.randbytes(size // LAYERS)} for _ in range(LAYERS)]
    making = folder.with_name(f"{folder.name}.new")
    shutil.rmtree(making, ignore_errors=True)
    build_layout(making, platforms=("linux/amd64",), layers=layers, compression="none")
    making.rename(folder)


def timed(argv: list[str], image: Path) -> Push:
    """Run a program and return its time and its peak memory.

    The kernel's own figure at the end (``ru_maxrss``) would begin with the memory of this process, from which the
    program is started; the high-water mark of its address space does not.
    """
    started = time.perf_counter()
    with subprocess.Popen(
        argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=ROOT
    ) as process:
        status = Path(f"/proc/{process.pid}/status")
        peak = 0
        while process.poll() is None:
            peak = max(peak, high_water(status))
            time.sleep(0.01)
        taken = time.perf_counter() - started
        output = process.communicate()[0].decode("utf-8", "replace")
    if process.returncode:
        raise SystemExit(f"{' '.join(argv)} failed with {process.returncode}:\n{output} ({image})")
    return Push(taken, peak)


def high_water(status: Path) -> int:
    """Return the peak of a running process in bytes, 0 when it has just ended."""
    try:
        lines = status.read_text().splitlines()
    except OSError:
        return 0
    found = (line.split()[1] for line in lines if line.startswith("VmHWM:"))
    return int(next(found, "0")) * 1024


def command(name: str, image: Path, repository: str) -> list[str]:
    """Return the command line of one push."""
    if name == "crane":
        return [str(need("crane")), "push", "--index", "--insecure", str(image), f"{repository}:v1"]
    if name == "skopeo":
        target = f"docker://{repository}:v1"
        return [
            "skopeo",
            "copy",
            "--quiet",
            "--all",
            "--dest-tls-verify=false",
            f"oci:{image}",
            target,
        ]
    return [sys.executable, "-m", "bench.pushed", str(image), repository, str(PARALLEL)]


def race(names: list[str], image: Path, rounds: int) -> dict[str, list[Push]]:
    """Push ``rounds`` times with each, in turn, every time to an empty registry."""
    found: dict[str, list[Push]] = {name: [] for name in names}
    for number in range(rounds):
        for name in turn(names, number):
            with (
                tempfile.TemporaryDirectory(dir=PLACE, prefix="registry-") as place,
                distribution(Path(place)) as registry,
            ):
                found[name].append(
                    timed(command(name, image, f"{registry.host}/bench/image"), image)
                )
    return found


def turn(names: list[str], number: int) -> Iterator[str]:
    """Yield all, beginning with another one in each round."""
    first = number % len(names)
    yield from (*names[first:], *names[:first])


def throughput(found: Mapping[str, list[Push]], other: str) -> float:
    """Return how much shipseal pushes in a second for each byte that ``other`` does: the median over the rounds."""
    pairs = zip(found[other], found["shipseal"], strict=True)
    return statistics.median(theirs.seconds / ours.seconds for theirs, ours in pairs)


def warm(image: Path) -> None:
    """Read the image once, so that the first push does not wait for the disk."""
    for path in sorted(image.rglob("*")):
        if path.is_file():
            with path.open("rb") as stream:
                while stream.read(MIB):
                    pass


def report(found: Mapping[str, list[Push]], size: int) -> Report:
    """Return what came out."""
    peaks = {name: max(one.peak for one in each) / 1e6 for name, each in found.items()}
    rows = []
    for name, each in found.items():
        seconds = sorted(one.seconds for one in each)
        median = statistics.median(seconds)
        rows.append(
            [
                name,
                f"{median:.2f}",
                f"{seconds[0]:.2f} to {seconds[-1]:.2f}",
                f"{size / median / 1e6:.0f}",
                f"{throughput(found, name):.2f}",
                f"{peaks[name]:.0f}",
            ]
        )
    head = ("what", "seconds", "range", "MB a second", "shipseal's throughput ÷ this", "peak MB")
    rounds = len(found["shipseal"])
    return Report(
        part="push",
        title=f"a push of {size // MIB} MiB in {LAYERS} layers to a registry on this machine, {rounds} rounds",
        facts=facts("crane", "registry", *(["skopeo"] if "skopeo" in found else [])),
        header=head,
        rows=rows,
        goals=[
            Goal("throughput ÷ crane's", throughput(found, "crane"), THROUGHPUT, "x", least=True),
            Goal("shipseal's peak memory", peaks["shipseal"], MEMORY, "MB"),
        ],
        notes=[
            "seconds are those of whole processes, the start of Python included; a ratio is the median of the ratios "
            "within a round",
            *([] if "skopeo" in found else ["not measured: skopeo is not installed"]),
        ],
        raw={
            name: [{"seconds": one.seconds, "peak": one.peak} for one in each]
            for name, each in found.items()
        },
    )


def measure(options: Options) -> Report:
    """Measure pushes."""
    size = (16 if options.small else 1024) * MIB
    image = PLACE / f"image-{size // MIB}"
    PLACE.mkdir(parents=True, exist_ok=True)
    make_image(image, size)
    warm(image)
    names = ["shipseal", "crane", *(["skopeo"] if shutil.which("skopeo") else [])]
    return report(race(names, image, options.rounds or ROUNDS), size)
