"""Measure a scan of an SBOM side by side with Grype: the same SBOMs, the same advisories, whole processes."""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.bars import Bars, drawing
from bench.machine import facts
from bench.options import Options
from bench.report import Goal, Report
from bench.scan_samples import KINDS, Sample, random_sboms, samples
from bench.site import ADVISORIES, DATABASE, Unmeasurable
from shipseal import __version__
from shipseal.advisories.building import build_into, read_folder
from shipseal.advisories.compiled import CompiledDatabase, open_database
from shipseal.scan.builtin import match_inventory
from shipseal.scan.native import NativeCatalogue
from shipseal.scan.read_inventory import inventory_of
from tests.support.grype_database import import_database
from tests.support.tools import BUILT, ROOT

ROUNDS = 5
SHIPSEAL, GRYPE = "shipseal", "grype"
SMALL, LARGE = 100, 2500
TIMES_SMALL, TIMES_OTHERS, TIMES_LARGE, TIMES_MEMORY = 1.3, 1.0, 1 / 8, 1 / 3
AGREEMENT = 99.5
WARM_PACKAGES, WARM_SBOMS, PER_SECOND = 400, 100, 100.0

Pairs = set[tuple[str, str, str]]


@dataclass
class Run:
    """One SBOM, scanned by both.

    Attributes:
        sample: which.
        seconds: of each round, by program.
        kib: the most memory, likewise.
        pairs: package, version and CVE, as found in the last round.
    """

    sample: Sample
    seconds: dict[str, list[float]] = field(default_factory=lambda: {SHIPSEAL: [], GRYPE: []})
    kib: dict[str, list[float]] = field(default_factory=lambda: {SHIPSEAL: [], GRYPE: []})
    pairs: dict[str, Pairs] = field(default_factory=dict)

    @property
    def times(self) -> float:
        """How many times as long as Grype we take: the median of the ratios within a round."""
        return _ratio(self.seconds)

    @property
    def memory(self) -> float:
        """How many times as much memory as Grype we take."""
        return _ratio(self.kib)

    @property
    def row(self) -> list[str]:
        """The cells of the table."""
        mine, other = (statistics.median(self.seconds[name]) * 1000 for name in (SHIPSEAL, GRYPE))
        mib, its = (statistics.median(self.kib[name]) / 1024 for name in (SHIPSEAL, GRYPE))
        whole = self.pairs[SHIPSEAL] | self.pairs[GRYPE]
        return [
            f"{self.sample.name}, {self.sample.kind}", f"{self.sample.packages}",
            f"{mine:.0f}", f"{other:.0f}", f"{1 / self.times:.1f}",
            f"{mib:.0f}", f"{its:.0f}", f"{self.memory:.2f}",
            f"{len(self.pairs[SHIPSEAL] & self.pairs[GRYPE])} of {len(whole)}",
        ]  # fmt: skip


def _ratio(taken: Mapping[str, Sequence[float]]) -> float:
    return statistics.median(a / b for a, b in zip(taken[SHIPSEAL], taken[GRYPE], strict=True))


@dataclass(frozen=True, slots=True)
class Scene:
    """Where it is measured.

    Attributes:
        folder: everything lies below it.
        database: ours; Grype's was made of the same advisories.
        environment: of both programs.
    """

    folder: Path
    database: Path
    environment: Mapping[str, str]

    def scan(self, program: str, sample: Sample) -> tuple[dict[str, Any], Path]:
        """Scan in a process of its own, and return what it took with the file that it printed."""
        output = self.folder / f"{program}.json"
        words = {
            SHIPSEAL: [str(Path(sys.prefix) / "bin" / "shipseal"), "scan", "--max-age", "none"],
            GRYPE: [str(BUILT / "grype")],
        }[program]
        argv = [*words, f"sbom:{sample.path}", "-o", "json"]
        done = subprocess.run(
            [sys.executable, "-I", "-S", ROOT / "bench" / "peak.py", output, *argv],
            env=dict(self.environment), stdout=subprocess.PIPE, text=True, check=True,
        )  # fmt: skip
        taken: dict[str, Any] = json.loads(done.stdout)
        if taken["status"]:
            raise SystemExit(f"{' '.join(argv)} failed with {taken['status']}")
        return taken, output


def make_scene(folder: Path) -> Scene:
    """Build our database, import Grype's, and return where they are."""
    database = build_into(read_folder(ADVISORIES), folder / "advisories")
    import_database(DATABASE, folder / "grype")
    environment = {
        **os.environ,
        "SHIPSEAL_DB": str(database),
        "SHIPSEAL_CACHE": str(folder / "cache"),
        "GRYPE_DB_CACHE_DIR": str(folder / "grype"),
        "GRYPE_DB_AUTO_UPDATE": "false",
        "GRYPE_DB_VALIDATE_AGE": "false",
        "GRYPE_CHECK_FOR_APP_UPDATE": "false",
    }
    return Scene(folder, database, environment)


def race(scene: Scene, runs: Iterable[Run], rounds: int) -> None:
    """Let both scan in turns; each round begins with the other one, and the first one only warms."""
    for run in runs:
        for number in range(rounds + 1):
            for program in (SHIPSEAL, GRYPE) if number % 2 else (GRYPE, SHIPSEAL):
                taken, output = scene.scan(program, run.sample)
                if number:
                    run.seconds[program].append(taken["seconds"])
                    run.kib[program].append(taken["kib"])
                if number == rounds:
                    run.pairs[program] = pairs_of(program, json.loads(output.read_bytes()))


def pairs_of(program: str, document: Mapping[str, Any]) -> Pairs:
    """Return package, version and CVE of each match; its own id where there is no CVE."""
    found: Pairs = set()
    for match in document["matches"]:
        if program == GRYPE:
            package, related = match["artifact"], match.get("relatedVulnerabilities") or ()
            ids = [match["vulnerability"]["id"], *(one["id"] for one in related)]
        else:
            package, ids = match["package"], [match["id"], *match["aliases"]]
        cves = [one for one in ids if one.startswith("CVE-")]
        found |= {(package["name"], package["version"], one) for one in cves or ids[:1]}
    return found


def warm_rate(database: CompiledDatabase, kind: str, count: int) -> float:
    """Return how many different SBOMs of 400 packages one core scans in a second, in a process that has started."""
    made = random_sboms(kind, count + 10, WARM_PACKAGES)
    for data in made[:10]:
        match_inventory(inventory_of(data, what=kind), database, NativeCatalogue())
    started = time.process_time()
    for data in made[10:]:
        match_inventory(inventory_of(data, what=kind), database, NativeCatalogue())
    return count / (time.process_time() - started)


def measure(options: Options) -> Report:
    """Measure scans of SBOMs.

    Raises:
        Unmeasurable: Grype, its database, the advisories or the SBOMs are not there.
    """
    for path in (BUILT / "grype", DATABASE, ADVISORIES):
        if not path.exists():
            raise Unmeasurable(f"{path} is not there")
    rounds = 1 if options.small else options.rounds or ROUNDS
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        scene = make_scene(folder)
        runs = [Run(sample) for sample in samples(folder, small=options.small)]
        race(scene, runs, rounds)
        count = 20 if options.small else WARM_SBOMS
        database = open_database(scene.database)
        warm = {kind: warm_rate(database, kind, count) for kind in KINDS}
        database.close()
    return _report(runs, warm, rounds)


def _report(runs: Sequence[Run], warm: Mapping[str, float], rounds: int) -> Report:
    return Report(
        part="scan",
        title=f"`shipseal scan sbom:FILE` against `grype sbom:FILE`, `-o json`, medians of {rounds} whole processes",
        facts={**facts(GRYPE), SHIPSEAL: __version__},
        header=("SBOM", "packages", "shipseal ms", "grype ms", "times as fast", "shipseal MiB", "grype MiB", "÷",
                "both found"),
        rows=[run.row for run in runs],
        goals=_goals(runs, warm),
        notes=[
            f"in one process that has started, different SBOMs of {WARM_PACKAGES} packages in a second and core: "
            + ", ".join(f"{rate:.0f} ({kind})" for kind, rate in warm.items()),
            "both read advisories of the same day; found are pairs of package, version and CVE",
        ],
        raw={
            **{f"{run.sample.name} {run.sample.kind}": {"seconds": run.seconds, "kib": run.kib} for run in runs},
            "warm": dict(warm),
        },
        pictures={"scan-times.svg": _picture(runs)},
    )  # fmt: skip


def _picture(runs: Sequence[Run]) -> str:
    rows = [
        Bars(
            f"{run.sample.name} ({run.sample.packages:,})",
            (
                statistics.median(run.seconds[SHIPSEAL]) * 1000,
                statistics.median(run.seconds[GRYPE]) * 1000,
            ),
        )
        for run in runs
        if run.sample.kind == KINDS[0]
    ]
    title = "Time of a whole scan of an SBOM in Syft's JSON, by packages: less is better"
    return drawing(title, (SHIPSEAL, GRYPE), rows)


def _goals(runs: Sequence[Run], warm: Mapping[str, float]) -> list[Goal]:
    small = [run.times for run in runs if run.sample.packages < SMALL]
    others = [run.times for run in runs if run.sample.packages >= SMALL]
    large = [run for run in runs if run.sample.packages > LARGE]
    none = "no SBOM is that large here"
    found = sum(len(run.pairs[SHIPSEAL] | run.pairs[GRYPE]) for run in runs)
    common = sum(len(run.pairs[SHIPSEAL] & run.pairs[GRYPE]) for run in runs)
    return [
        Goal("time below 100 packages, times Grype's", max(small, default=None), TIMES_SMALL,
             "times", why_not=none),
        Goal("time from 100 packages up, times Grype's", max(others, default=None), TIMES_OTHERS,
             "times", why_not=none),
        Goal("time above 2,500 packages, times Grype's", max((run.times for run in large), default=None),
             TIMES_LARGE, "times", why_not=none),
        Goal("memory above 2,500 packages, times Grype's", max((run.memory for run in large), default=None),
             TIMES_MEMORY, "times", why_not=none),
        Goal("warm, SBOMs of 400 packages", min(warm.values()), PER_SECOND, "a second", least=True),
        Goal("pairs that both find", 100 * common / found if found else None, AGREEMENT, "%", least=True,
             why_not="nothing was found"),
    ]  # fmt: skip
