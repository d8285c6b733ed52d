"""What an SBOM lists, whichever tool wrote it: the value that readers fill and the matcher and the gate look at.

Documents list thousands of packages and few of them have a finding, so a listed package is small, and where it lies in
the image is decoded only when somebody asks.
"""

from collections.abc import Callable, Mapping

import msgspec

from shipseal.scan.interface import Package
from shipseal.scan.purl_packages import Identity


class Places(msgspec.Struct, frozen=True):
    """Where a package lies.

    Attributes:
        locations: paths, the real one before another by which it was reached.
        layer: diff-id of the layer it came from; empty when unknown.
    """

    locations: tuple[str, ...] = ()
    layer: str = ""


NOWHERE = Places()


def nowhere(traces: bytes | msgspec.Raw) -> Places:
    """Say that a document does not tell where its packages lie."""
    return NOWHERE


class ListedPackage(msgspec.Struct, frozen=True):
    """One package of the document.

    Attributes:
        element: its id there.
        name: as the document has it.
        version: likewise; that of the package URL where the document has none.
        type: Syft's type: ``deb``, ``python``, …; the package URL's for others.
        language: Syft's language; empty where there is none.
        purl: as written; empty where there is none.
        identity: what it is to advisories.
        ecosystem: OSV's; empty where there is none.
        other_names: further names that advisories may have for it.
        unreleased: why its version is none that was ever released; empty for others.
        traces: the part of the document that tells where it lies.
        read_places: reads ``traces``.
    """

    element: str
    name: str
    version: str
    type: str
    language: str
    purl: str
    identity: Identity
    ecosystem: str
    other_names: tuple[str, ...] = ()
    unreleased: str = ""
    traces: bytes | msgspec.Raw = b""
    read_places: Callable[[bytes | msgspec.Raw], Places] = nowhere

    @property
    def places(self) -> Places:
        """Where it lies, decoded now."""
        return self.read_places(self.traces)

    @property
    def package(self) -> Package:
        """The package as findings show it, made now."""
        places = self.places
        return Package(
            name=self.name,
            version=self.version,
            type=self.type,
            purl=self.purl,
            language=self.language,
            locations=places.locations,
            layer=places.layer,
            upstreams=tuple(upstream.name for upstream in self.identity.upstreams),
        )


class Subject(msgspec.Struct, frozen=True):
    """What a document is about, as far as it says.

    Attributes:
        kind: ``image``, ``directory``, ``file`` or another word of the tool; empty when it is not said.
        name: of the image or folder.
        version: tag or version; may be empty.
        digest: of the image's manifest; empty when it is not said.
        layers: diff-ids of the image's layers, the lowest first.
        labels: of the image.
        annotations: of the image's manifest.
        config: bytes of the image's configuration; empty when they are not there.
    """

    kind: str = ""
    name: str = ""
    version: str = ""
    digest: str = ""
    layers: tuple[str, ...] = ()
    labels: Mapping[str, str] = msgspec.field(default_factory=dict)
    annotations: Mapping[str, str] = msgspec.field(default_factory=dict)
    config: bytes = b""


class Inventory(msgspec.Struct, frozen=True):
    """What a document lists.

    Attributes:
        format: ``SPDX-2.3``, ``Syft JSON 16.1.13``, ``CycloneDX 1.6``.
        tool: what wrote it; empty when it is not said.
        subject: what it is about.
        packages: those that advisories can know, the image itself not among them.
        owners: id of a package to the ids of packages that own its files.
        unnamed: how many packages have no package URL, and no type that advisories know.
        malformed: package URLs that do not parse.
        distro: the distribution, such as ``debian-12.5``; empty when there is none.
        like: ids of the distributions that it calls itself like.
    """

    format: str
    tool: str
    subject: Subject
    packages: tuple[ListedPackage, ...]
    owners: Mapping[str, tuple[str, ...]]
    unnamed: int
    malformed: tuple[str, ...]
    distro: str
    like: tuple[str, ...] = ()

    @property
    def empty(self) -> bool:
        """Whether it lists no package at all, not even one that nobody could look up."""
        return not (self.packages or self.unnamed or self.malformed)
