"""Cataloguers: what is in one platform's root file system, as SPDX 2.3 and as the tool's own format."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

from shipseal.oci import Digest, Platform, PlatformImage
from shipseal.oci.layout import OciLayout


@dataclass(frozen=True, slots=True)
class CatalogueRequest:
    """One root file system to catalogue.

    Attributes:
        image: the platform's image.
        layout: where its bytes are.
        name: the image's name, as the SBOM's document and root package are called.
        version: the release's version.
    """

    image: PlatformImage
    layout: OciLayout
    name: str
    version: str


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The full SBOM of one platform; the bytes lie in the blob store under their digests.

    Attributes:
        platform: of the image.
        subject: digest of the platform's manifest.
        spdx: digest of the full SPDX 2.3 JSON document: this is what is scanned and named everywhere.
        spdx_size: its bytes.
        native: digest of the Syft JSON of the same run (locations and layers).
        packages: how many packages it lists, the image itself not counted.
        tool: e.g. ``syft 1.57.0``; ``syft unknown`` for a binary without a version.
        cached: whether an earlier run of the same root file system served.
        seconds: that the tool took; 0 when cached.
        incomplete: why it cannot be trusted to be whole, a sentence each; empty when it can.
    """

    platform: Platform
    subject: Digest
    spdx: Digest
    spdx_size: int
    native: Digest
    packages: int
    tool: str
    cached: bool
    seconds: float
    incomplete: tuple[str, ...] = ()


class Cataloguer(ABC):
    """Lists packages. Safe to use from several threads."""

    @abstractmethod
    def check(self) -> None:
        """Find out whether the tool is there, before anything long begins.

        Raises:
            ToolError: ``tool.missing``.
        """

    @abstractmethod
    def catalogue(self, request: CatalogueRequest) -> Catalogue:
        """Return the catalogue of one platform; equal root file systems are catalogued once.

        Raises:
            SbomError: ``sbom.catalog-failed`` with the tool's own words, ``sbom.timeout``.
            ToolError: ``tool.missing``, ``resource.out-of-memory``.
        """
