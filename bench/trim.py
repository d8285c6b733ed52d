"""Measure trimming an SPDX document of 17 MB until it fits 16 MiB, against the jq of the runbook.

`jq -c 'del(.relationships)'` is what the runbook's pipeline does; it takes relationships alone and says nothing of it.
A release trims in its own process, so that is what is compared; `shipseal sbom trim` as a whole process stands beside.
"""

import gzip
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from bench.machine import facts
from bench.options import Options
from bench.report import Goal, Report
from bench.site import Unmeasurable
from shipseal._internal.durable import write_atomic
from shipseal.oci.digest import digest_of
from shipseal.sbom.files import read_sbom_file
from shipseal.spdx import trim
from tests.support.shared import SHARED

SHIPSEAL = Path(sys.prefix) / "bin" / "shipseal"
LIMIT = 16_777_216
SIZE = 17_000_000
ROUNDS = 9
TIMES = 3.0
JQ, RELEASE, COMMAND = "jq, as in the runbook", "shipseal, in a release", "shipseal sbom trim"


def document(source: Path) -> bytes:
    """Return the document in ``source`` with only so many of its files that it has about :data:`SIZE` bytes."""
    whole: dict[str, Any] = msgspec.json.decode(gzip.decompress(source.read_bytes()))
    share = SIZE / len(msgspec.json.encode(whole))
    count = int(len(whole["files"]) * share)
    while True:
        small = _with_files(whole, count)
        if len(small) >= SIZE:
            return small
        count += 500


def _with_files(whole: Mapping[str, Any], count: int) -> bytes:
    gone = {item["SPDXID"] for item in whole["files"][count:]}
    relations = [
        item
        for item in whole["relationships"]
        if item["spdxElementId"] not in gone and item["relatedSpdxElement"] not in gone
    ]
    return msgspec.json.encode(
        {**whole, "files": whole["files"][:count], "relationships": relations}
    )


def with_jq(source: Path, target: Path) -> None:
    """Trim as the runbook does."""
    with target.open("wb") as out:
        subprocess.run(["jq", "-c", "del(.relationships)", source], stdout=out, check=True)


def in_release(source: Path, target: Path) -> None:
    """Trim as a release does, from file to file."""
    raw = read_sbom_file(source)
    result = trim(raw, LIMIT, full_digest=digest_of(raw))
    write_atomic(target, result.raw)


def with_command(source: Path, target: Path) -> None:
    """Trim as a person does."""
    words: list[str | Path] = [
        SHIPSEAL,
        "sbom",
        "trim",
        source,
        "--limit",
        str(LIMIT),
        "--output",
        target,
    ]
    subprocess.run(words, stdout=subprocess.DEVNULL, check=True)


WAYS: Mapping[str, Callable[[Path, Path], None]] = {
    JQ: with_jq,
    RELEASE: in_release,
    COMMAND: with_command,
}


def race(source: Path, folder: Path, rounds: int) -> dict[str, list[float]]:
    """Return the seconds of each way; rounds are interleaved, and the first one warms up."""
    taken: dict[str, list[float]] = {name: [] for name in WAYS}
    for number in range(rounds + 1):
        for name, way in WAYS.items():
            started = time.perf_counter()
            way(source, folder / "trimmed.json")
            used = time.perf_counter() - started
            if number:
                taken[name].append(used)
    return taken


def measure(options: Options) -> Report:
    """Measure trimming.

    Raises:
        Unmeasurable: jq or the document is not there.
    """
    source = SHARED / "sboms" / "debian12.spdx.json.gz"
    if shutil.which("jq") is None or not source.exists():
        raise Unmeasurable("jq or ../shared/sboms is not there")
    with tempfile.TemporaryDirectory(prefix="bench-trim-") as name:
        folder = Path(name)
        raw = document(source)
        (folder / "full.json").write_bytes(raw)
        taken = race(folder / "full.json", folder, options.rounds or ROUNDS)
        return report(taken, len(raw))


def report(taken: Mapping[str, Sequence[float]], size: int) -> Report:
    """Return what came out."""
    medians = {name: statistics.median(each) for name, each in taken.items()}
    ratios = {
        name: statistics.median(jq / own for jq, own in zip(taken[JQ], each, strict=True))
        for name, each in taken.items()
    }
    rows = [
        [name, f"{median * 1000:.0f}", f"{ratios[name]:.2f}"] for name, median in medians.items()
    ]
    told = facts()
    told["jq"] = subprocess.run(
        ["jq", "--version"], capture_output=True, text=True, check=True
    ).stdout.strip()
    return Report(
        part="trim",
        title=f"an SPDX document of {size / 1e6:.1f} MB made to fit {LIMIT:,} bytes, from file to file",
        facts=told,
        header=("what", "milliseconds", "times as fast as jq"),
        rows=rows,
        goals=[
            Goal("trimming in a release, against jq", ratios[RELEASE], TIMES, "times", least=True)
        ],
        notes=[
            "jq takes relationships alone, ownership by overlap with them, and leaves the files, so that the result "
            "may still be too large; shipseal takes files first, says what went, and keeps what scanners need",
            f"the whole command {COMMAND} starts a Python each time; a release does not",
        ],
        raw=dict(taken),
    )
