"""What makes an SBOM large: its sections, and the packages and layers that cost most (S32 to S35)."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from shipseal.oci.digest import digest_of
from shipseal.sbom.native import SyftDocument
from shipseal.sbom.store_limits import STORE_LIMITS, StoreLimit
from shipseal.spdx import Section, SpdxDocument, TrimResult, trim
from shipseal.spdx.document import described
from shipseal.spdx.parts import Fields, Identified, Relationship, size_of, split

WHITESPACE = "whitespace"


@dataclass(frozen=True, slots=True)
class PackageCost:
    """What one package costs.

    Attributes:
        id: its SPDX identifier.
        name: as the catalogue has it.
        version: likewise.
        size: bytes of its entry, of the files that are its, and of its relationships.
        files: how many files are its.
    """

    id: str
    name: str
    version: str
    size: int
    files: int


@dataclass(frozen=True, slots=True)
class LayerCost:
    """What the packages of one layer cost.

    Attributes:
        digest: the layer's diff-id; empty for packages without a layer.
        number: from 1 for the lowest; 0 when unknown.
        size: bytes in the SBOM.
        packages: how many.
    """

    digest: str
    number: int
    size: int
    packages: int


@dataclass(frozen=True, slots=True)
class StoreFit:
    """Whether the SBOM fits a store.

    Attributes:
        limit: of the store.
        fits: whether it does, trimmed if need be.
        size: bytes after trimming as far as needed.
        dropped: the rungs that this takes; empty when it fits as it is.
    """

    limit: StoreLimit
    fits: bool
    size: int
    dropped: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SizeReport:
    """Where the bytes are.

    Attributes:
        size: bytes of the document.
        sections: largest first, whitespace among them; they add up to ``size``.
        packages: largest first.
        layers: lowest first; empty without Syft JSON.
        stores: in the order of the table of limits.
    """

    size: int
    sections: tuple[Section, ...]
    packages: tuple[PackageCost, ...]
    layers: tuple[LayerCost, ...]
    stores: tuple[StoreFit, ...]


def size_report(document: SpdxDocument, native: SyftDocument | None = None) -> SizeReport:
    """Return where the bytes of ``document`` are.

    Args:
        document: the SBOM.
        native: Syft JSON of the same run, for layers.

    Raises:
        SpdxError: an element lacks a member that it must have.
    """
    sections = list(document.sections)
    if document.whitespace:
        sections.append(Section(WHITESPACE, 0, document.whitespace))
    packages = _packages(document)
    return SizeReport(
        size=len(document.raw),
        sections=tuple(sorted(sections, key=lambda section: (-section.size, section.name))),
        packages=packages,
        layers=_layers(packages, native) if native else (),
        stores=store_fits(document, STORE_LIMITS),
    )


def store_fits(document: SpdxDocument, limits: Iterable[StoreLimit]) -> tuple[StoreFit, ...]:
    """Return how far ``document`` must be trimmed for each limit that depends on its size.

    Raises:
        SpdxError: an element lacks a member that it must have.
    """
    found = []
    for limit in limits:
        if limit.predicate is not None:
            result = trim(document.raw, limit.predicate, full_digest=_NO_DIGEST)
            found.append(StoreFit(limit, result.fits, result.size, _steps(result)))
    return tuple(found)


# Only the size is looked at; every digest has the same length.
_NO_DIGEST = digest_of(b"")


def _steps(result: TrimResult) -> tuple[str, ...]:
    return tuple(dict.fromkeys(str(item.step) for item in result.dropped))


def _packages(document: SpdxDocument) -> tuple[PackageCost, ...]:
    fields = split(document.raw, what="SBOM")
    ids = {package.id for package in document.packages}
    roots = set(described(fields))
    sizes: Counter[str] = Counter({item.id: item.size for item in document.packages})
    owners: dict[str, str] = {}
    relations = fields.decode("relationships", Relationship)
    for item, relation in zip(fields.elements("relationships"), relations, strict=True):
        package = _payer(relation, ids, roots)
        sizes[package] += size_of(item)
        if relation.element in ids - roots and relation.related not in ids:
            owners.setdefault(relation.related, relation.element)
    files = _charge_files(fields, owners, sizes)
    found = [
        PackageCost(item.id, item.name, item.version, sizes[item.id], files[item.id])
        for item in document.packages
    ]
    return tuple(sorted(found, key=lambda cost: (-cost.size, cost.name, cost.id)))


def _payer(relation: Relationship, ids: set[str], roots: set[str]) -> str:
    """Return the package that a relationship is charged to: not the image, when another one is in it."""
    if relation.element in roots and relation.related in ids:
        return relation.related
    return relation.element


def _charge_files(fields: Fields, owners: dict[str, str], sizes: Counter[str]) -> Counter[str]:
    counts: Counter[str] = Counter()
    files = fields.decode("files", Identified)
    for item, file in zip(fields.elements("files"), files, strict=True):
        owner = owners.get(file.id)
        if owner:
            sizes[owner] += size_of(item)
            counts[owner] += 1
    return counts


def _layers(packages: Iterable[PackageCost], native: SyftDocument) -> tuple[LayerCost, ...]:
    layer_of = {artifact.id: artifact.layer for artifact in native.artifacts}
    order = {layer.digest: number for number, layer in enumerate(native.layers(), start=1)}
    sizes: dict[str, int] = defaultdict(int)
    counts: Counter[str] = Counter()
    for package in packages:
        # Syft ends its SPDX identifiers with its own ones.
        layer = layer_of.get(package.id.rpartition("-")[2])
        if layer is not None:
            sizes[layer] += package.size
            counts[layer] += 1
    found = [
        LayerCost(layer, order.get(layer, 0), size, counts[layer]) for layer, size in sizes.items()
    ]
    return tuple(sorted(found, key=lambda cost: (cost.number, cost.digest)))
