"""Measure the advisory database: how long it takes to build, how large it is, and what a look-up costs.

What Grype has of the same advisories is its database as `grype db import` leaves it on the disk.
"""

import gzip
import json
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from bench.machine import facts, timed_run
from bench.options import Options
from bench.report import Goal, Report
from bench.site import Unmeasurable
from shipseal.advisories.compiled import CompiledDatabase, open_database
from shipseal.advisories.interface import PackageQuery
from shipseal.advisories.place import CacheFolders
from tests.support.grype_database import import_database
from tests.support.shared import SHARED

SHIPSEAL = Path(sys.prefix) / "bin" / "shipseal"
ROUNDS = 3
LOOK_UPS = 2000
BUILD, SIZE, OPEN, MISS, HIT = 30.0, 0.5, 10.0, 5.0, 100.0


def build(folder: Path, rounds: int) -> list[float]:
    """Return how long it takes to import everything, as a whole process each time."""
    environment = {"PATH": "/usr/bin:/bin", "SHIPSEAL_CACHE": str(folder / "cache")}
    words: list[str | Path] = [SHIPSEAL, "db", "import", SHARED / "advisories", "--fresh"]
    return [
        timed_run([*words, "--db", folder / "built.db"], environment)[0].seconds
        for _ in range(rounds)
    ]


def opening(path: Path, folder: Path) -> list[float]:
    """Return how long opening takes, in milliseconds, of a file that was checked before."""
    stamps = CacheFolders.below(folder / "cache").stamps
    # As a file that was not made a moment ago: what has just changed is read again.
    time.sleep(2.1)
    open_database(path, stamps=stamps).close()
    taken = []
    for _ in range(20):
        started = time.perf_counter()
        open_database(path, stamps=stamps).close()
        taken.append((time.perf_counter() - started) * 1000)
    return taken


def queries(database: CompiledDatabase) -> dict[str, list[PackageQuery]]:
    """Return look-ups: packages that nothing is known of, that are not affected, and that are."""
    names = database.rows("SELECT ecosystem, name FROM packages")
    known = random.Random(7).sample(list(names), LOOK_UPS)
    found: dict[str, list[PackageQuery]] = {
        "nothing is known": [],
        "not affected": [],
        "affected": [],
    }
    for number, (ecosystem, name) in enumerate(known):
        found["nothing is known"].append(PackageQuery(ecosystem, f"{name}-{number}", "1.0"))
        for version in ("0.0.1", "99999.0"):
            query = PackageQuery(ecosystem, name, version)
            answer = database.match(query)
            found["affected" if answer.hits else "not affected"].append(query)
    return found


def look_ups(path: Path) -> dict[str, tuple[float, float]]:
    """Return microseconds for each look-up of a kind, and for each hit, every one for the first time."""
    kinds = queries(open_database(path))
    taken = {}
    for kind, asked in kinds.items():
        used, hits = [], 0
        for _ in range(5):
            database = open_database(path)
            started = time.perf_counter()
            hits = sum(len(database.match(query).hits) for query in asked)
            used.append((time.perf_counter() - started) * 1e6)
        median = statistics.median(used)
        taken[kind] = (median / len(asked), median / hits if hits else 0.0)
    return taken


def grype_size(folder: Path) -> int:
    """Return the bytes of Grype's database of the same advisories, imported."""
    import_database(SHARED / "grype-db" / "vulnerability-db.tar.zst", folder)
    return sum(path.stat().st_size for path in folder.rglob("*.db"))


def records() -> tuple[int, int]:
    """Return how many records there are, and their bytes as text."""
    manifest = json.loads((SHARED / "advisories" / "MANIFEST.json").read_text())
    paths = [SHARED / "advisories" / name for name in manifest["files"] if ".jsonl" in name]
    texts = [gzip.decompress(path.read_bytes()) for path in paths]
    return sum(text.count(b"\n") for text in texts), sum(map(len, texts))


def measure(options: Options) -> Report:
    """Measure the database of all of ``../shared/advisories``.

    Raises:
        Unmeasurable: the data is not there.
    """
    if not (SHARED / "advisories").is_dir() or not (SHARED / "grype-db").is_dir():
        raise Unmeasurable("../shared/advisories and ../shared/grype-db are not there")
    with tempfile.TemporaryDirectory(prefix="bench-database-") as name:
        folder = Path(name)
        theirs = grype_size(folder / "grype")
        built = build(folder, options.rounds or ROUNDS)
        size = (folder / "built.db").stat().st_size
        opened = opening(folder / "built.db", folder)
        return report(built, (size, theirs), opened, look_ups(folder / "built.db"))


def report(
    built: Sequence[float],
    sizes: tuple[int, int],
    opened: Sequence[float],
    taken: dict[str, tuple[float, float]],
) -> Report:
    """Return what came out."""
    size, theirs = sizes
    count, text = records()
    build_time, open_time = statistics.median(built), statistics.median(opened)
    each_hit = taken["affected"][1]
    rows = [
        ["build, a whole process", f"{build_time:.1f} s"],
        ["file", f"{size / 1e6:.1f} MB"],
        ["Grype's database, imported", f"{theirs / 1e6:.1f} MB"],
        ["open, checked before", f"{open_time:.1f} ms"],
        *([f"look-up: {kind}", f"{each:.1f} µs"] for kind, (each, _) in taken.items()),
        ["look-up: affected, for each hit", f"{each_hit:.1f} µs"],
    ]
    return Report(
        part="database",
        title=f"the advisory database of {count:,} records ({text / 1e6:.0f} MB of JSON)",
        facts=facts("grype"),
        header=("what", "measured"),
        rows=rows,
        goals=[
            Goal("build", build_time, BUILD, "s"),
            Goal("size, of Grype's", size / theirs, SIZE, "times"),
            Goal("open", open_time, OPEN, "ms"),
            Goal("look-up that finds nothing", taken["nothing is known"][0], MISS, "µs"),
            Goal("each hit", each_hit, HIT, "µs"),
        ],
        notes=[
            "the file has KEV, severities by id and every record; Grype's is made from the same advisories by its own "
            "builder",
            "each look-up is asked for the first time: answers that were given are kept, and packages that images have "
            "in common cost less",
        ],
        raw={"build": list(built), "open": list(opened), "size": size, "grype": theirs},
    )
