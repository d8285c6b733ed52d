"""`shipseal sbom generate`: from the text of an image to SBOM files."""

from dataclasses import dataclass
from pathlib import Path

from shipseal._internal.clock import SystemClock
from shipseal._internal.durable import write_output
from shipseal._internal.leftovers import scratch_folder, sweep_scratch
from shipseal._internal.progress import Reporter
from shipseal.cli.sbom_source import Asked, Source, chosen_platforms, open_source
from shipseal.oci import Digest, digest_of
from shipseal.oci.blob_store import BlobStore
from shipseal.sbom.index_level import index_document
from shipseal.sbom.interface import Catalogue, CatalogueRequest
from shipseal.spdx.purl import slug
from shipseal.wiring.sboms import Connect, Making, cataloguer_for


@dataclass(frozen=True, slots=True)
class WrittenFile:
    """A file that was written.

    Attributes:
        path: where.
        digest: of its content.
        size: bytes.
    """

    path: Path
    digest: Digest
    size: int


@dataclass(frozen=True, slots=True)
class Generated:
    """The SBOM of one platform.

    Attributes:
        catalogue: what was found, and by which tool.
        spdx: the SPDX document.
        native: the Syft JSON of the same run.
    """

    catalogue: Catalogue
    spdx: WrittenFile
    native: WrittenFile


@dataclass(frozen=True, slots=True)
class Outcome:
    """All that was made.

    Attributes:
        name: of the image.
        version: of the image; may be empty.
        digest: of its root.
        tool: which Syft.
        sboms: one for each platform.
        index: the index's own document; None for a single manifest or a single platform of an index.
    """

    name: str
    version: str
    digest: Digest
    tool: str
    sboms: tuple[Generated, ...]
    index: WrittenFile | None


def generate(
    asked: Asked, making: Making, folder: Path, connect: Connect, reporter: Reporter
) -> Outcome:
    """Make the SBOMs of an image and write them as files.

    Args:
        asked: which image.
        making: how.
        folder: where the files go.
        connect: opens repositories.
        reporter: hears of progress.

    Raises:
        ImageError: the image is not there, damaged, or lacks the platform.
        RegistryError: the registry refused or could not be reached.
        SbomError, ToolError: Syft failed or is missing.
        ConfigError: ``text`` names nothing that could be an image.
    """
    sweep_scratch()
    with scratch_folder("generate") as work:
        source = open_source(asked, work, connect, reporter)
        blobs = BlobStore(work / "sboms")
        cataloguer = cataloguer_for(making, blobs, SystemClock(), reporter)
        # One after the other: each run uses all processors, and an interrupt ends it at once.
        catalogues = [
            cataloguer.catalogue(CatalogueRequest(one, source.layout, source.name, source.version))
            for one in chosen_platforms(source.image, asked.platform)
        ]
        files = _Files(folder, slug(source.name.rpartition("/")[2]), blobs)
        return Outcome(
            name=source.name,
            version=source.version,
            digest=source.image.digest,
            tool=catalogues[0].tool,
            sboms=tuple(files.of(catalogue) for catalogue in catalogues),
            index=_index(source, catalogues, files, making.epoch),
        )


def _index(
    source: Source, catalogues: list[Catalogue], files: "_Files", epoch: int | None
) -> WrittenFile | None:
    if not source.image.root.is_index or len(catalogues) < len(source.image.platforms):
        return None
    raw = index_document(
        source.image,
        catalogues,
        files.blobs,
        name=source.name,
        version=source.version,
        epoch=epoch,
    )
    return files.write("index.spdx.json", raw)


@dataclass(frozen=True, slots=True)
class _Files:
    folder: Path
    stem: str
    blobs: BlobStore

    def of(self, catalogue: Catalogue) -> Generated:
        platform = slug(str(catalogue.platform))
        return Generated(
            catalogue,
            self.write(f"{platform}.spdx.json", self.blobs.read(catalogue.spdx)),
            self.write(f"{platform}.syft.json", self.blobs.read(catalogue.native)),
        )

    def write(self, name: str, raw: bytes) -> WrittenFile:
        path = self.folder / f"{self.stem}-{name}"
        write_output(path, raw)
        return WrittenFile(path, digest_of(raw), len(raw))
