"""Measure a whole release against the same six steps in shell, and against Syft alone.

Contestants take turns, each with two registries that were just started and hold nothing. All use the same tools, the
same image and the same vulnerability database, and all of that has been read once before anything is measured.
"""

import json
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bench.machine import Timed, facts, timed_run
from bench.options import Options
from bench.report import Goal, Report
from bench.site import SHARED, VERSION, Image, Site, open_site, real_image, two_registries
from bench.watch import Start, Watch, differences
from tests.support.tools import ROOT, need

RUNBOOK = SHARED / "bench" / "runbook-pipeline.sh"
TUNED = ROOT / "bench" / "tuned-pipeline.sh"
SHIPSEAL = Path(sys.prefix) / "bin" / "shipseal"

SHELL, AT_HAND, AT_ONCE, RELEASE, WITH_GRYPE, SYFT = (
    "shell",
    "tuned shell",
    "tuned, at once",
    "release",
    "release with Grype",
    "Syft alone",
)
_TOLD = {
    SHELL: "the six steps as a shell script",
    AT_HAND: "a tuned shell script",
    AT_ONCE: "the same, all platforms at once",
    RELEASE: "`shipseal release`",
    WITH_GRYPE: "the same, scanned by Grype",
    SYFT: "Syft alone, as the release starts it",
}
SPEEDUP, TUNED_SPEEDUP, SHARE = 4.0, 1.2, 15.0


@dataclass
class Race:
    """What was measured so far.

    Attributes:
        site: where.
        deadline: when the last measurement must have ended, by :func:`time.monotonic`.
        rounds: per round, what each contestant took.
        starts: how Syft was started by the release, and alone.
        most: how many of them ran at once, likewise.
        absent: contestants that cannot take part, with the reason.
    """

    site: Site
    deadline: float
    rounds: list[dict[str, Timed]] = field(default_factory=list)
    starts: dict[str, list[Start]] = field(default_factory=dict)
    most: dict[str, int] = field(default_factory=dict)
    peaks: list[int] = field(default_factory=list)
    absent: dict[str, str] = field(default_factory=dict)

    def of(self, name: str) -> list[Timed]:
        """Return all measurements of one contestant."""
        return [each[name] for each in self.rounds if name in each]

    def median(self, name: str) -> float | None:
        """Return the median of its seconds; None when there are none."""
        found = [each.seconds for each in self.of(name)]
        return statistics.median(found) if found else None

    def ratios(self, name: str, other: str) -> list[float]:
        """Return, for each round with both, how many times as long as ``other`` ``name`` took."""
        return [
            each[name].seconds / each[other].seconds
            for each in self.rounds
            if name in each and other in each
        ]

    def ratio(self, name: str, other: str) -> float | None:
        """Return the median of the ratios within a round: a machine that gets busier slows both of a round."""
        found = self.ratios(name, other)
        return statistics.median(found) if found else None

    def has_time(self, name: str) -> bool:
        """Return whether one more measurement of a contestant fits in, and after it a last one of all others."""
        longest = [max((one.seconds for one in self.of(each)), default=0.0) for each in _TOLD]
        reserve = sum(longest) - max((one.seconds for one in self.of(SHELL)), default=0.0)
        own = max((one.seconds for one in self.of(name)), default=0.0)
        return (
            not self.of(name) or time.monotonic() + own + reserve * (name == SHELL) < self.deadline
        )


def shell(race: Race, script: Path, **extra: str) -> Timed:
    """Run one of the shell scripts."""
    environment = race.site.environment(KEY=str(race.site.key), **extra)
    with two_registries(race.site) as repositories:
        words: list[str | Path] = ["bash", script, race.site.image.layout, VERSION, *repositories]
        return timed_run(words, environment)[0]


def release(race: Race, name: str, engine: str = "builtin") -> Timed:
    """Release with an empty state folder and an empty cache, in a process of its own."""
    with two_registries(race.site) as repositories:
        project = race.site.project(name, repositories, engine=engine)
        words: list[str | Path] = [
            SHIPSEAL,
            *project.words("release", "--version", VERSION, "--json"),
        ]
        with Watch("syft", SHIPSEAL.name) as watch:
            taken, told = timed_run(words, project.environment(), folder=project.folder)
    if json.loads(told)["status"] != "done":
        raise SystemExit(f"the release is not done:\n{told}")
    if engine == "builtin":
        race.starts[RELEASE], race.most[RELEASE] = watch.seen, watch.most
        race.peaks.append(watch.peak)
    return taken


def syft_alone(race: Race, name: str) -> Timed:
    """Start Syft as the release starts it."""
    with two_registries(race.site) as repositories:
        project = race.site.project(name, repositories)
        config = str(project.folder / "shipseal.yaml")
        words = [sys.executable, "-m", "bench.syft_alone", config, VERSION]
        with Watch("syft") as watch:
            taken, told = timed_run(words, project.environment())
    race.starts[SYFT], race.most[SYFT] = watch.seen, watch.most
    # Its own start and imports are not Syft.
    return Timed(json.loads(told)["seconds"], taken.cpu, taken.others)


def contestants(race: Race, number: int) -> Iterator[tuple[str, Callable[[], Timed]]]:
    """Yield who takes part in a round, beginning with another one each time."""
    each: list[tuple[str, Callable[[], Timed]]] = [
        (RELEASE, lambda: release(race, f"release-{number}")),
        (SYFT, lambda: syft_alone(race, f"syft-{number}")),
        (WITH_GRYPE, lambda: release(race, f"grype-{number}", "grype")),
        (AT_HAND, lambda: shell(race, TUNED)),
        (SHELL, lambda: shell(race, RUNBOOK)),
    ]
    if number == 0:
        each.append((AT_ONCE, lambda: shell(race, TUNED, AT_ONCE="1")))
    shift = number % len(each)
    yield from (one for one in [*each[shift:], *each[:shift]] if one[0] not in race.absent)


def run(race: Race, rounds: int) -> None:
    """Warm everything up, then measure round by round, as long as there is time."""
    if not RUNBOOK.exists():
        race.absent[SHELL] = f"{RUNBOOK} is not there"
    release(race, "warm-up")
    for number in range(rounds):
        # The first round is complete, whatever it takes.
        found: dict[str, Timed] = {}
        race.rounds.append(found)
        for name, measure in contestants(race, number):
            if race.has_time(name):
                found[name] = measure()
                print(f"  round {number + 1}: {name} {found[name].seconds:.1f} s", file=sys.stderr)
    race.rounds = [each for each in race.rounds if each]


def goals(race: Race) -> list[Goal]:
    """Return what is wanted of the figures."""
    why_not = race.absent.get(SHELL, "")
    alike = not differing(race)
    share = race.ratio(RELEASE, SYFT)
    reason = "its runs were not those of the release"
    return [
        Goal(
            "shell ÷ release", race.ratio(SHELL, RELEASE), SPEEDUP, "x", least=True, why_not=why_not
        ),
        Goal("tuned shell ÷ release", race.ratio(AT_HAND, RELEASE), TUNED_SPEEDUP, "x", least=True),
        Goal(
            "everything but Syft, of Syft alone",
            (share - 1) * 100 if share and alike else None,
            SHARE,
            "%",
            why_not="" if alike else reason,
        ),
    ]


def differing(race: Race) -> list[str]:
    """Return how the Syft runs of the release and those alone differ: then their comparison means nothing."""
    if not race.starts.get(RELEASE):
        return ["no run of Syft was seen"]
    found = differences(race.starts[RELEASE], race.starts.get(SYFT, []))
    if race.most.get(RELEASE) != race.most.get(SYFT):
        found.append(f"{race.most.get(RELEASE)} at once against {race.most.get(SYFT)}")
    return found


def row(race: Race, name: str) -> list[str]:
    """Return the table's line of one contestant."""
    found, median = race.of(name), race.median(name)
    if median is None:
        return [_TOLD[name], "-", "-", "-", "-", "-", "-"]
    seconds = sorted(one.seconds for one in found)
    ratio = race.ratio(name, RELEASE)
    return [
        _TOLD[name],
        f"{median:.1f}",
        f"{seconds[0]:.1f} to {seconds[-1]:.1f}",
        str(len(found)),
        f"{ratio:.2f}" if ratio else "-",
        f"{statistics.median(one.cpu for one in found):.1f}",
        f"{statistics.median(one.others for one in found) * 100:.0f} %",
    ]


HEADER = ("what", "seconds", "range", "times", "÷ release", "CPU seconds", "others' load")


def report(race: Race, image: Image) -> Report:
    """Return what came out."""
    runs = len(race.starts.get(RELEASE, []))
    notes = [
        f"a Debian image for two platforms with {image.packages:,} packages each, {image.size / 1e6:.0f} MB; two "
        "registries on the same machine, empty at each start; nothing in shipseal's SBOM cache, no state folder",
        f"the release started Syft {runs} times, {race.most.get(RELEASE)} at once; Syft alone was started with the "
        "same arguments and environment (GOMEMLIMIT, which follows free memory, need only be set), as "
        "often, as many at once",
        "the release scans with its built-in matcher, the shell scripts with Grype, both with the same advisories; "
        "they find the same (docs/matching.md)",
        f"shipseal itself had {max(race.peaks, default=0) / 1e6:.0f} MB of memory at most, Syft not counted",
        "seconds are medians; a ratio is the median of the ratios within a round; others' load is the part of all "
        "cores that neither the contestant nor the registries used",
        *(f"Syft was started differently: {found}" for found in differing(race)),
        *(f"not measured: {_TOLD[name]}: {reason}" for name, reason in race.absent.items()),
    ]
    return Report(
        part="release",
        title="a whole release, from an image to moved tags",
        facts=facts("syft", "grype", "cosign", "crane", "registry", "jq"),
        header=HEADER,
        rows=[row(race, name) for name in _TOLD],
        goals=goals(race),
        notes=notes,
        raw={"rounds": [_raw(each) for each in race.rounds]},
    )


def _raw(found: Mapping[str, Timed]) -> dict[str, dict[str, float]]:
    return {
        name: {"seconds": one.seconds, "cpu": one.cpu, "others": one.others}
        for name, one in found.items()
    }


def measure(options: Options) -> Report:
    """Measure whole releases."""
    for name in ("crane", "cosign", "syft", "grype", "registry", "jq"):
        need(name)
    deadline = time.monotonic() + options.minutes * 60
    image = real_image(small=options.small)
    with open_site(image) as site:
        race = Race(site, deadline)
        run(race, options.rounds or 3)
        return report(race, image)
