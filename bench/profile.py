"""Where the time of a whole release goes: tools, and shipseal's own functions line by line.

Read the second column of the table first: it is the wall-clock time in which no Syft ran, which is what a release costs
beyond Syft. The third, CPU time, also counts while Syft runs: there it slows Syft down when the cores are busy.
"""

import json
import sys
import tempfile
from pathlib import Path

from bench.machine import facts, timed_run
from bench.options import Options
from bench.report import Report
from bench.samples import TOOL, Profile, load
from bench.samples_text import details
from bench.site import VERSION, Image, Project, open_site, real_image, two_registries

# Of the whole time: what is less is counted together in the table, and listed below it.
SMALLEST = 0.005


def sampled(project: Project, *command: str, keep: Path | None = None) -> Profile:
    """Run one command under the sampler, and return what it saw.

    Raises:
        SystemExit: the command failed.
    """
    with tempfile.TemporaryDirectory(dir=project.site.folder) as name:
        out = keep or Path(name) / "samples.json"
        argv = [sys.executable, "-m", "bench.sampled", str(out.absolute()), str(project.state)]
        taken, _ = timed_run([*argv, *project.words(*command)], project.environment())
        return load(json.loads(out.read_text()), taken.seconds)


def rows(profile: Profile) -> list[list[str]]:
    """Return the table: Syft, then everything else, largest first; what is small is counted together."""
    found = [["Syft", f"{profile.during_syft:.2f}", "", f"{profile.tools_cpu('syft'):.2f}", "", ""]]
    alone, used = profile.without_syft(), profile.used()
    small: list[tuple[float, float]] = []
    for name in sorted(used.keys() | alone.keys(), key=lambda each: -alone.get(each, 0.0)):
        seconds, (cpu, read, written) = alone.get(name, 0.0), used.get(name, (0.0, 0, 0))
        if name.startswith(TOOL):
            found.append(_row(name, seconds, profile.tools_cpu(name.removeprefix(TOOL))))
        elif max(seconds, cpu) < SMALLEST * profile.wall:
            small.append((seconds, cpu))
        else:
            found.append(_row(name, seconds, cpu, f"{read / 1e6:.0f}", f"{written / 1e6:.0f}"))
    rest = f"{len(small)} others, each below {SMALLEST * profile.wall:.2f} s"
    return [*found, _row(rest, sum(one[0] for one in small), sum(one[1] for one in small))]


def _row(name: str, seconds: float, cpu: float, read: str = "", written: str = "") -> list[str]:
    return [name, "", f"{seconds:.2f}", f"{cpu:.2f}", read, written]


HEADER = (
    "what",
    "seconds with Syft",
    "seconds without Syft",
    "CPU seconds",
    "MB read",
    "MB written",
)


def report(profile: Profile, image: Image) -> Report:
    """Return what came out."""
    beyond = profile.wall - profile.during_syft
    return Report(
        part="profile",
        title=f"where the {profile.wall:.1f} s of one release go, of which {beyond:.1f} s without Syft",
        facts=facts("syft", "grype"),
        header=HEADER,
        rows=rows(profile),
        notes=[
            f"an image for two platforms with {image.packages:,} packages each, {image.size / 1e6:.0f} MB; nothing "
            "cached, two empty registries; sampled 50 times a second, which slows it down a little",
            "a moment without Syft belongs to what used the most CPU in it, else to the tool that ran, else to what "
            "was waited for; a function stands for itself and for what it calls outside shipseal",
            f"shipseal itself used {profile.cpu:.1f} CPU seconds; MB are those of files and pipes, not of sockets",
        ],
        raw={
            "wall": profile.wall,
            "without Syft, by function": profile.without_syft(),
            "peak": profile.peak,
        },
        details=list(details(profile)),
    )


def measure(options: Options) -> Report:
    """Profile one release."""
    image = real_image(small=options.small)
    with open_site(image) as site, two_registries(site) as repositories:
        project = site.project("project", repositories)
        warm(image)
        return report(
            sampled(project, "release", "--version", VERSION, keep=options.samples), image
        )


def warm(image: Image) -> None:
    """Read the image once, so that the release does not wait for the disk."""
    for path in sorted(image.layout.rglob("*")):
        if path.is_file():
            with path.open("rb") as stream:
                while stream.read(1 << 20):
                    pass
