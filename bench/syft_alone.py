"""Starts Syft as a release of a project would, as often and as many at once, and does nothing else.

    python -m bench.syft_alone CONFIG VERSION

Which image, which binary, how many at once, which arguments, which environment: all of it is decided by the functions
that decide it in a release. Left out is what a release does with the documents. Prints as JSON how many seconds passed
between the first start and the last end.
"""

import contextlib
import json
import os
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn
from unittest.mock import patch

from bench.site import PASSWORD
from shipseal._internal.clock import SystemClock
from shipseal._internal.progress import SilentReporter
from shipseal.release.cancel import Cancel
from shipseal.release.session import Setup
from shipseal.release.workers import workers
from shipseal.sbom import syft
from shipseal.sbom.interface import CatalogueRequest
from shipseal.sbom.syft import SyftCataloguer
from shipseal.sbom.syft_tool import run_syft
from shipseal.wiring.release import Wish, release_setup
from shipseal.wiring.surroundings import Surroundings

_PATIENCE = 60.0
"""Seconds: a budget that lets them run one after another breaks the barrier."""


class Ended(BaseException):
    """Syft has written its documents; what the release does with them is left out."""


@dataclass
class Times:
    """When Syft was started and when it had ended, run by run.

    Attributes:
        ready: where runs wait for one another, so that none is slowed down while layers are unpacked for the next.
    """

    ready: threading.Barrier
    spans: list[tuple[float, float]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def run(self, *words: Any, **named: Any) -> NoReturn:
        """Stand in for :func:`run_syft`: call it, write down when, and end what called it.

        Raises:
            Ended: always.
        """
        with contextlib.suppress(threading.BrokenBarrierError):
            self.ready.wait(_PATIENCE)
        started = time.perf_counter()
        run_syft(*words, **named)
        with self.lock:
            self.spans.append((started, time.perf_counter()))
        raise Ended

    @property
    def seconds(self) -> float:
        """From the first start to the last end."""
        return max(span[1] for span in self.spans) - min(span[0] for span in self.spans)


def setup_of(config: Path, version: str) -> Setup:
    """Return what a release of the project would be started with."""
    around = Surroundings(os.environ, SystemClock(), SilentReporter(), lambda: PASSWORD)
    return release_setup(Wish(version, config, dry_run=False), around)


def requests(setup: Setup) -> list[CatalogueRequest]:
    """Return what the release would ask to be catalogued: each distinct root file system once."""
    built = setup.parts.builder.build(setup.request)
    images = {image.config.diff_ids: image for image in reversed(built.image.platforms)}
    version = setup.request.version
    return [
        CatalogueRequest(image, built.layout, setup.request.name, version)
        for image in images.values()
    ]


def run_all(setup: Setup) -> Times:
    """Run Syft for every distinct root file system, as many at once as the release does."""
    cataloguer, wanted = setup.parts.cataloguer, requests(setup)
    times = Times(threading.Barrier(min(len(wanted), setup.rules.parallel)))
    if not isinstance(cataloguer, SyftCataloguer):
        raise TypeError(f"not Syft: {cataloguer}")
    cataloguer.check()

    def catalogue(request: CatalogueRequest) -> None:
        with contextlib.suppress(Ended):
            cataloguer.catalogue(request)

    # What a catalogue is besides a run of Syft does not count: the proof of the layers before it, all that comes after.
    with (
        patch.object(syft, "run_syft", times.run),
        workers(Cancel(), setup.rules.parallel, "syft") as pool,
    ):
        list(pool.map(catalogue, wanted))
    return times


def main(config: Path, version: str) -> None:
    """Run and print."""
    times = run_all(setup_of(config, version))
    print(json.dumps({"seconds": times.seconds, "runs": len(times.spans)}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
