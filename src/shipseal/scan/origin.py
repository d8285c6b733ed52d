"""Base image or application (S24): who brought a package, from the layer that it is in. Pure.

An image built on another begins with that one's layers. Which ones those are is known, in this order:

(1) from a base image that somebody names (``--base``, ``build.base``, annotations ``org.opencontainers.image.base.*``)
    and whose layers are indeed the image's first, compared by diff-id;
(2) from the history of the image's configuration: the last default command that is followed by further layers ends
    the base image, because a Dockerfile sets it once, at its end.

A package whose layer is not known, or that only a database of all packages lists, is ``unknown``.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from shipseal.oci import Digest, PlatformImage
from shipseal.oci import media_types as mt
from shipseal.oci.image import HistoryEntry, ImageConfig
from shipseal.scan.interface import Origin, Package, ScanReport
from shipseal.scan.package_databases import is_only_listed

_COMMAND = re.compile(r"(?:/bin/sh -c #\(nop\)\s+|\s*)CMD\b")


@dataclass(frozen=True, slots=True)
class KnownBase:
    """A base image that somebody names.

    Attributes:
        name: its reference, or ``scratch``.
        diff_ids: digests of its uncompressed layers on the platform that is asked about, lowest first.
        problem: why they are not known; empty when they are.
    """

    name: str
    diff_ids: tuple[Digest, ...] = ()
    problem: str = ""


@dataclass(frozen=True, slots=True)
class BaseLayers:
    """Which layers of an image are its base image's.

    Attributes:
        image: all layers, lowest first; empty when they are not known.
        base: how many of them, from the lowest, are the base image's; None when that is not known.
        reason: how that is known, or why not.
        exact: whether layers were compared; what history says is an estimate.
    """

    image: tuple[str, ...]
    base: int | None
    reason: str
    exact: bool = False


def base_layers(image: PlatformImage, base: KnownBase | None = None) -> BaseLayers:
    """Return which layers of ``image`` are its base image's, and how that is known.

    Args:
        image: manifest and configuration of one platform.
        base: the base image that somebody names; None when nobody does.
    """
    layers = tuple(map(str, image.config.diff_ids))
    if base is None:
        return _by_history(layers, image.config.history, said="")
    if base.problem:
        said = f"the base image {base.name} could not be looked at ({base.problem}); "
        return _by_history(layers, image.config.history, said=said)
    count = len(base.diff_ids)
    if layers[:count] == tuple(map(str, base.diff_ids)):
        told = f"{count} of {len(layers)} layers are those of the base image {base.name}"
        return BaseLayers(layers, count, told, exact=True)
    told = f"the image does not begin with the layers of {base.name}, so that is not what it was built on"
    return BaseLayers(layers, None, told)


def layers_by_history(config: ImageConfig) -> BaseLayers:
    """Return which layers are the base image's by the history alone, where nobody can be asked for the base image."""
    return _by_history(tuple(map(str, config.diff_ids)), config.history, said="")


def annotated_base(image: PlatformImage, index: Mapping[str, str]) -> tuple[str, str]:
    """Return name and digest of the base image by the image's annotations, else its index's, else its labels."""
    for said in (image.manifest.annotations, index, image.config.labels):
        if said.get(mt.BASE_NAME) or said.get(mt.BASE_DIGEST):
            return said.get(mt.BASE_NAME, ""), said.get(mt.BASE_DIGEST, "")
    return "", ""


def origin_of(package: Package, layers: BaseLayers) -> Origin:
    """Return who brought ``package`` into the image."""
    if layers.base is None or package.layer not in layers.image:
        return Origin.UNKNOWN
    if package.layer in layers.image[: layers.base]:
        return Origin.BASE
    return Origin.UNKNOWN if is_only_listed(package.locations) else Origin.APPLICATION


def with_origins(report: ScanReport, layers: BaseLayers) -> ScanReport:
    """Return ``report`` with the origin of each finding, and a note on how it is known."""
    if not report.findings:
        return report
    findings = tuple(
        replace(finding, origin=origin_of(finding.package, layers)) for finding in report.findings
    )
    counts = Counter(finding.origin for finding in findings)
    note = f"base or application: {layers.reason}; {_counted(counts)}"
    return replace(report, findings=findings, notes=(*report.notes, note))


def _by_history(
    layers: tuple[str, ...], history: Sequence[HistoryEntry], *, said: str
) -> BaseLayers:
    made = [entry for entry in history if not entry.empty_layer]
    if len(made) != len(layers):
        told = f"{said}its history does not tell which layers are its base image's"
        return BaseLayers(layers, None, told)
    end = _end_of_base(history)
    if end is None:
        return BaseLayers(layers, None, f"{said}nothing in its history ends a base image")
    count = sum(not entry.empty_layer for entry in history[:end])
    told = (
        f"{said}by its history, {count} of {len(layers)} layers are its base image's; "
        "naming the base image makes that certain"
    )
    return BaseLayers(layers, count, told)


def _end_of_base(history: Sequence[HistoryEntry]) -> int | None:
    """Return the number of the entry that ends the base image: the last CMD with a layer after it."""
    above = False
    for number in reversed(range(len(history))):
        entry = history[number]
        above = above or not entry.empty_layer
        if above and entry.empty_layer and _COMMAND.match(entry.created_by):
            return number
    return None


def _counted(counts: Mapping[Origin, int]) -> str:
    return ", ".join(f"{counts.get(origin, 0)} {text}" for origin, text in _NAMES)


_NAMES: Iterable[tuple[Origin, str]] = (
    (Origin.BASE, "in the base image"),
    (Origin.APPLICATION, "in the application"),
    (Origin.UNKNOWN, "unknown"),
)
