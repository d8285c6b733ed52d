"""`shipseal scan IMAGE`: an image becomes SBOMs, one a platform; or an SBOM that was named is held against it."""

import contextlib
import os
import zlib
from collections.abc import Iterator
from pathlib import Path

from shipseal._internal.clock import Clock
from shipseal._internal.leftovers import scratch_folder, sweep_scratch
from shipseal._internal.progress import Reporter
from shipseal.cli.sbom_source import Asked, Source, chosen_platforms, open_source
from shipseal.cli.scan_material import Complete, Material, Materials, empty_reasons
from shipseal.cli.scan_rules import ScanRules
from shipseal.cli.scan_wish import ScanWish
from shipseal.errors import Code, ConfigError, SbomError
from shipseal.oci import Image, PlatformImage
from shipseal.oci.blob_store import BlobStore
from shipseal.report.interface import ScanSubject
from shipseal.sbom.interface import CatalogueRequest
from shipseal.scan.interface import ScanReport
from shipseal.scan.inventory import Inventory
from shipseal.scan.origin import base_layers, with_origins
from shipseal.scan.read_inventory import read_inventory
from shipseal.wiring.bases import known_base, said_base
from shipseal.wiring.epoch import stated_epoch
from shipseal.wiring.sboms import Connect, Making, cataloguer_for, connector

_TIMEOUT = 900.0
_HEAD = 4096  # bytes that tell JSON from an archive, packed or not
_GZIP = b"\x1f\x8b"


@contextlib.contextmanager
def catalogued(
    wish: ScanWish, rules: ScanRules, clock: Clock, reporter: Reporter
) -> Iterator[Materials]:
    """Give the SBOMs of an image for the time of a ``with`` block.

    Args:
        wish: what is asked for.
        rules: with the configuration that says how registries are reached, where one was named.
        clock: for waiting.
        reporter: hears of progress.

    Raises:
        ImageError: the image is not there, damaged, or lacks the platform.
        RegistryError: the registry refused or could not be reached.
        SbomError, ToolError: Syft failed or is missing, or an SBOM is of another image.
        ConfigError: the text names nothing that could be an image.
    """
    _refuse_document(Path(wish.source))
    connect = connector(wish.config, clock)
    sweep_scratch()
    with scratch_folder("scan") as work:
        asked = Asked(wish.source, wish.one_platform, "", "")
        source = open_source(asked, work, connect, reporter)
        images = chosen_platforms(source.image, asked.platform)
        place = _Place(wish, source, connect)
        if wish.sbom is not None:
            yield place.given(wish.sbom, images)
        else:
            yield place.catalogue(images, _making(rules), work, clock, reporter)


def _refuse_document(path: Path) -> None:
    """Say what is meant where somebody names an SBOM as if it were an image."""
    if not path.is_file():
        return
    with path.open("rb") as stream:
        head = stream.read(_HEAD)
    if head.startswith(_GZIP):
        with contextlib.suppress(
            zlib.error
        ):  # what is no gzip is for whoever reads archives to tell
            head = zlib.decompressobj(wbits=31).decompress(head, _HEAD)
    if head.lstrip().startswith(b"{"):
        raise ConfigError(f"{path}: is a JSON document, no image", hint=f"scan it as sbom:{path}")


def _making(rules: ScanRules) -> Making:
    epoch = stated_epoch(os.environ)
    if rules.loaded is None:
        return Making("", _TIMEOUT, epoch)
    config = rules.loaded.config
    return Making(config.sbom.syft or "", config.timeouts.catalogue, epoch)


class _Place:
    """One image, on local disk."""

    def __init__(self, wish: ScanWish, source: Source, connect: Connect) -> None:
        self._wish = wish
        self._source = source
        self._connect = connect

    def catalogue(
        self,
        images: tuple[PlatformImage, ...],
        making: Making,
        work: Path,
        clock: Clock,
        reporter: Reporter,
    ) -> Materials:
        """Return a new catalogue of each of ``images``."""
        blobs = BlobStore(work / "sboms")
        cataloguer = cataloguer_for(making, blobs, clock, reporter)
        items = []
        for image in images:
            request = CatalogueRequest(
                image, self._source.layout, self._source.name, self._source.version
            )
            made = cataloguer.catalogue(request)
            path = blobs.path(made.spdx)
            item = Material(
                platform=image.platform,
                sbom=path,
                digest=made.spdx,
                inventory=read_inventory(path).inventory,
                native=blobs.path(made.native),
                incomplete=made.incomplete,
                complete=self._complete(image),
            )
            items.append(item)
        return Materials(self._subject(), tuple(items), digests=_digests(images))

    def given(self, path: Path, images: tuple[PlatformImage, ...]) -> Materials:
        """Return the SBOM that was named, if it is of one of ``images``.

        Raises:
            SbomError: ``attest.wrong-subject`` when it is of another image.
        """
        read = read_inventory(path)
        image, note = _owner(path, read.inventory, self._source.image, images)
        item = Material(
            platform=image.platform,
            sbom=path,
            digest=read.digest,
            inventory=read.inventory,
            incomplete=empty_reasons(read.inventory),
            complete=self._complete(image),
        )
        notes = (note,) if note else ()
        return Materials(self._subject(), (item,), notes, _digests(images))

    def _subject(self) -> ScanSubject:
        source = self._source
        return ScanSubject(
            text=self._wish.source,
            kind="image",
            name=source.name,
            version=source.version,
            digest=source.image.digest,
            base=self._wish.base or "",
        )

    def _complete(self, image: PlatformImage) -> Complete:
        def complete(report: ScanReport) -> ScanReport:
            text = self._wish.base or said_base(self._source.image, image)
            base = known_base(text, Path.cwd(), self._connect, image.platform) if text else None
            return with_origins(report, base_layers(image, base))

        return complete


def _owner(
    path: Path, inventory: Inventory, whole: Image, images: tuple[PlatformImage, ...]
) -> tuple[PlatformImage, str]:
    """Return whose SBOM it is, and what a person should know about that."""
    said = inventory.subject.digest
    for image in images:
        if said in (image.digest, image.manifest.config.digest):
            return image, ""
    if said and said != whole.digest:
        raise SbomError(
            Code.WRONG_SUBJECT,
            f"SBOM {path}: is of {said}, and the image is {whole.digest} "
            f"({', '.join(f'{image.platform} {image.digest}' for image in images)})",
            hint="name the SBOM of this image, or leave --sbom out: then a new one is made",
            context={"file": str(path), "subject": said, "digest": whole.digest},
        )
    if len(images) > 1:
        there = ", ".join(str(image.platform) for image in images)
        raise ConfigError(
            f"--sbom {path}: does not say which of the platforms it is of: {there}",
            hint="say it with --platform",
        )
    note = (
        ""
        if said
        else f"SBOM {path.name} does not say which image it is of; that was taken as said"
    )
    return images[0], note


def _digests(images: tuple[PlatformImage, ...]) -> tuple[str, ...]:
    return tuple(str(image.digest) for image in images)
