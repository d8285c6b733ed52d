"""SBOMs to scan: those of ``../shared``, one of all their packages, and random ones of 400 packages."""

import gzip
import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.site import SHARED, Unmeasurable

KINDS = ("syft", "spdx")
NAMES = (
    "java", "py-django22", "ruby-rails", "npm-web", "rust-web", "go-tools", "debian12", "py-notebook", "npm-big",
)  # fmt: skip
ALL = "all of them"
_SYSTEM = "debian12"
_LISTS = {
    "syft": ("artifacts", "artifactRelationships", "files"),
    "spdx": ("packages", "relationships", "files"),
}


@dataclass(frozen=True, slots=True)
class Sample:
    """One SBOM.

    Attributes:
        name: of the material.
        kind: ``syft`` or ``spdx``.
        path: the file.
        packages: how many it lists.
    """

    name: str
    kind: str
    path: Path
    packages: int


def document(name: str, kind: str) -> dict[str, Any]:
    """Return an SBOM of ``../shared``.

    Raises:
        Unmeasurable: it is not there.
    """
    path = SHARED / "sboms" / f"{name}.{kind}.json.gz"
    if not path.is_file():
        raise Unmeasurable(f"{path} is not there")
    found: dict[str, Any] = json.loads(gzip.decompress(path.read_bytes()))
    return found


def samples(folder: Path, *, small: bool) -> Iterator[Sample]:
    """Write the SBOMs into ``folder`` and yield them, the smallest first."""
    names = NAMES[:4] if small else NAMES
    for kind in KINDS:
        for name in names:
            yield _written(folder, name, kind, document(name, kind))
        if not small:
            yield _written(folder, ALL, kind, _merged(kind))


def _merged(kind: str) -> dict[str, Any]:
    """Return one document of all packages: what a distribution's image with all of these in it would have."""
    frame = document(_SYSTEM, kind)
    for name in (name for name in NAMES if name != _SYSTEM):
        found = document(name, kind)
        for member in _LISTS[kind]:
            frame[member] += [item for item in found.get(member, ()) if not _is_root(item)]
    return frame


def _is_root(item: dict[str, Any]) -> bool:
    """Return whether something is, or names, what an SPDX document is about: one document has one."""
    root = str(item.get("SPDXID", "")).startswith("SPDXRef-DocumentRoot")
    return root or item.get("relationshipType") == "DESCRIBES"


def _written(folder: Path, name: str, kind: str, found: dict[str, Any]) -> Sample:
    path = folder / f"{name.replace(' ', '-')}.{kind}.json"
    path.write_text(json.dumps(found, separators=(",", ":")))
    return Sample(name, kind, path, len(found[_LISTS[kind][0]]))


def random_sboms(kind: str, count: int, packages: int) -> Sequence[bytes]:
    """Return ``count`` documents of ``packages`` packages each, drawn from all SBOMs: no two are the same."""
    chance = random.Random(20260115)
    member = _LISTS[kind][0]
    everything = [item for name in NAMES for item in document(name, kind)[member]]
    frame = document(NAMES[0], kind)
    frame |= {name: [] for name in _LISTS[kind][1:]}
    made = []
    for _ in range(count):
        frame[member] = chance.sample(everything, packages)
        made.append(json.dumps(frame).encode())
    return made
