"""Measure what a finished release costs once more: the same command again, and a resume with nothing to do.

Every time in a process of its own, so that the start of the program counts.
"""

import json
import statistics
import sys
from pathlib import Path

from bench.machine import Timed, facts, timed_run
from bench.options import Options
from bench.profile import HEADER, rows, sampled
from bench.report import Goal, Report, columns
from bench.samples import Profile
from bench.samples_text import details
from bench.site import VERSION, Image, Project, open_site, real_image, two_registries

SHIPSEAL = Path(sys.prefix) / "bin" / "shipseal"
BOUND = 2.0
SAME, RESUME, ELSEWHERE = (
    "the same release again",
    "a resume with nothing to do",
    "the same release on a fresh runner that has the SBOM cache",
)
ROUNDS = 5


def release(project: Project, *words: str, state: Path | None = None) -> tuple[Timed, str]:
    """Run ``shipseal release`` and return what it took and the release's id.

    Raises:
        SystemExit: it did not end well.
    """
    environment = project.environment()
    if state is not None:
        environment["SHIPSEAL_STATE"] = str(state)
    command: list[str | Path] = [SHIPSEAL, *project.words("release", *words, "--json")]
    taken, told = timed_run(command, environment, folder=project.folder)
    result = json.loads(told)
    if result["status"] != "done":
        raise SystemExit(f"the release is not done:\n{told}")
    return taken, result["release"]


def once(project: Project, identifier: str, number: int) -> dict[str, Timed]:
    """Measure each once."""
    fresh = project.folder / f"fresh-{number}"
    again = ("--version", VERSION)
    return {
        SAME: release(project, *again)[0],
        RESUME: release(project, "resume", identifier)[0],
        ELSEWHERE: release(project, *again, state=fresh)[0],
    }


def report(image: Image, rounds: list[dict[str, Timed]], first: Timed, profile: Profile) -> Report:
    """Return what came out."""
    names = (SAME, RESUME, ELSEWHERE)
    found = {name: [each[name].seconds for each in rounds] for name in names}
    medians = {name: statistics.median(each) for name, each in found.items()}
    table = [
        [
            name,
            f"{medians[name]:.2f}",
            f"{min(found[name]):.2f} to {max(found[name]):.2f}",
            f"{statistics.median(each[name].cpu for each in rounds):.2f}",
            f"{statistics.median(each[name].others for each in rounds) * 100:.0f} %",
        ]
        for name in names
    ]
    return Report(
        part="again",
        title=f"what a finished release costs once more, median of {len(rounds)} fresh processes",
        facts=facts("registry"),
        header=("what", "seconds", "range", "CPU seconds", "others' load"),
        rows=table,
        goals=[Goal(name, medians[name], BOUND, "s") for name in (SAME, RESUME)],
        notes=[
            f"an image for two platforms with {image.packages:,} packages each, two registries; the release before "
            f"took {first.seconds:.1f} s",
            "a fresh runner has no state folder: it finds what was signed at the registries, and takes its catalogues "
            "from the cache",
        ],
        raw=dict(found),
        details=[
            "  where the seconds of one such release go (there is no Syft in it)",
            *columns([HEADER, *rows(profile)]),
            *details(profile),
        ],
    )


def measure(options: Options) -> Report:
    """Measure releases of what is released already."""
    image = real_image(small=options.small)
    with open_site(image) as site, two_registries(site) as repositories:
        project = site.project("project", repositories)
        first, identifier = release(project, "--version", VERSION)
        release(project, "--version", VERSION)  # a first time that does not count
        rounds = [once(project, identifier, each) for each in range(options.rounds or ROUNDS)]
        profile = sampled(project, "release", "--version", VERSION, keep=options.samples)
        return report(image, rounds, first, profile)
