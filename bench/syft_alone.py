"""Starts Syft as a release of a project would, as often and as many at once, and does nothing else.

    python -m bench.syft_alone CONFIG VERSION

Which image, which binary, how many at once, which arguments and which environment: all of it comes from the functions
that a release calls. Prints as JSON how many seconds passed between the first start and the last end.
"""

import json
import os
import sys
import tempfile
import time
from pathlib import Path

from bench.site import PASSWORD
from shipseal._internal.clock import SystemClock
from shipseal._internal.progress import SilentReporter
from shipseal.oci import PlatformImage
from shipseal.oci.layout import OciLayout
from shipseal.release.cancel import Cancel
from shipseal.release.session import Setup
from shipseal.release.workers import workers
from shipseal.sbom.syft import SyftCataloguer
from shipseal.sbom.syft_tool import SyftTool, run_syft
from shipseal.sbom.view import one_image_view
from shipseal.wiring.release import Wish, release_setup
from shipseal.wiring.surroundings import Surroundings

_SECONDS = 900.0


def setup_of(config: Path, version: str) -> Setup:
    """Return what a release of the project would be started with."""
    around = Surroundings(os.environ, SystemClock(), SilentReporter(), lambda: PASSWORD)
    return release_setup(Wish(version, config, dry_run=False), around)


def distinct(images: tuple[PlatformImage, ...]) -> list[PlatformImage]:
    """Return one image for each distinct root file system."""
    return list({image.config.diff_ids: image for image in images}.values())


def run_all(setup: Setup) -> dict[str, float]:
    """Run Syft for every distinct root file system, as many at once as the release does."""
    built = setup.parts.builder.build(setup.request)
    cataloguer = setup.parts.cataloguer
    if not isinstance(cataloguer, SyftCataloguer):
        raise TypeError(f"not Syft: {cataloguer}")
    images = distinct(built.image.platforms)
    with tempfile.TemporaryDirectory(prefix="shipseal-sbom-") as name:
        works = [Path(name) / str(number) for number in range(len(images))]
        views = [
            _view(image, built.layout, work) for image, work in zip(images, works, strict=True)
        ]
        seconds = _run(cataloguer.tool(), views, works, setup.rules.parallel)
    return {"seconds": seconds, "runs": len(images)}


def _view(image: PlatformImage, layout: OciLayout, work: Path) -> Path:
    work.mkdir()
    return one_image_view(image, layout, work / "image")


def _run(tool: SyftTool, views: list[Path], works: list[Path], parallel: int) -> float:
    def one(view: Path, work: Path) -> None:
        run_syft(tool, view, work / "syft", timeout=_SECONDS)

    with workers(Cancel(), parallel, "syft") as pool:
        started = time.perf_counter()
        list(pool.map(one, views, works))
        return time.perf_counter() - started


if __name__ == "__main__":
    print(json.dumps(run_all(setup_of(Path(sys.argv[1]), sys.argv[2]))))
