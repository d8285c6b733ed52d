"""Places that releases go to in tests of kills: they can be put back to how they were, and say what lies there."""

import contextlib
import copy
import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from shipseal.oci import media_types as mt
from shipseal.oci.manifest import RawManifest, parse_index, parse_manifest
from shipseal.registry.interface import Target
from shipseal.registry.layout_target import LayoutTarget
from shipseal.testing.http_server import Exchange
from shipseal.testing.registry_simulator import RegistrySimulator, Repository
from tests.support.registries import Registry
from tests.support.targets import open_repository

MOVED = ("1.1.0", "latest")
"""The public tags of the release that is killed."""


class Place(Protocol):
    """Where a release goes; it can be put back to how it was."""

    def names(self) -> tuple[str, ...]:
        """Return the targets as the configuration names them."""

    def open(self) -> Iterator[Target]:
        """Yield the targets."""

    def save(self) -> None:
        """Remember how it is now."""

    def reset(self) -> None:
        """Put back what was remembered."""

    def junk(self) -> list[str]:
        """Return what lies there and is reachable by no tag and no referrer."""

    def uploads(self) -> set[str]:
        """Return the upload sessions that are open."""

    def expect(self) -> None:
        """Remember how much evidence lies there, all of it, now that a release is done."""

    def early(self) -> list[str]:
        """Return the public tags that were written while less than all evidence was there."""


class _Quiet:
    """A place that does not tell what happens there while a release runs."""

    def uploads(self) -> set[str]:
        return set()

    def expect(self) -> None:
        """Watch nothing."""

    def early(self) -> list[str]:
        return []


class Layouts(_Quiet):
    """Two folders."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def names(self) -> tuple[str, ...]:
        return ("oci:./a", "oci:./b")

    def open(self) -> Iterator[Target]:
        for name in ("a", "b"):
            yield LayoutTarget(self.folder / name)

    def save(self) -> None:
        for name in ("a", "b"):
            shutil.copytree(self.folder / name, self.folder / f"saved-{name}", dirs_exist_ok=True)

    def reset(self) -> None:
        for name in ("a", "b"):
            shutil.rmtree(self.folder / name, ignore_errors=True)
            if (self.folder / f"saved-{name}").exists():
                shutil.copytree(self.folder / f"saved-{name}", self.folder / name)

    def junk(self) -> list[str]:
        return [found for name in ("a", "b") for found in self._junk(self.folder / name)]

    def _junk(self, folder: Path) -> list[str]:
        index = RawManifest.of((folder / "index.json").read_bytes(), mt.OCI_INDEX)
        blobs = {path.name: path for path in (folder / "blobs" / "sha256").iterdir()}
        stored = {
            f"sha256:{name}": path.read_bytes()
            for name, path in blobs.items()
            if not name.startswith(".")
        }
        reached: set[str] = _reached(index, stored)
        whole = {"oci-layout", "index.json", "blobs", ".lock"}
        strange = {path.name for path in folder.iterdir()} - whole
        strange |= {name for name in blobs if name.startswith(".")}
        return [f"{folder.name}/{one}" for one in sorted({*strange, *(stored.keys() - reached)})]


class Simulators:
    """Two registries over HTTP: one with the referrers API, one without."""

    NAME = "org/app"

    def __init__(self, registries: Sequence[RegistrySimulator]) -> None:
        self.registries = registries
        registries[1].quirks.referrers_api = False
        self._saved: list[Repository] = []
        self._whole, self._early = 0, list[str]()
        for registry in registries:
            registry.before = self._look

    def names(self) -> tuple[str, ...]:
        return tuple(f"{registry.host}/{self.NAME}" for registry in self.registries)

    def open(self) -> Iterator[Target]:
        for registry in self.registries:
            with contextlib.closing(
                open_repository(Registry(registry.host, Path()), self.NAME)
            ) as target:
                yield target

    def save(self) -> None:
        self._saved = [copy.deepcopy(one.repository(self.NAME)) for one in self.registries]

    def reset(self) -> None:
        for registry, saved in zip(self.registries, self._saved, strict=True):
            found, fresh = registry.repository(self.NAME), copy.deepcopy(saved)
            found.blobs, found.manifests = fresh.blobs, fresh.manifests
            found.tags, found.uploads = fresh.tags, fresh.uploads
        self._early.clear()

    def expect(self) -> None:
        self._whole = min(self._evidence())

    def early(self) -> list[str]:
        return self._early

    def _evidence(self) -> list[int]:
        """Return how many pieces of evidence each registry holds, the accounts of releases left out."""
        stored = [list(one.repository(self.NAME).manifests.values()) for one in self.registries]
        return [sum(_is_evidence(one.raw) for one in each) for each in stored]

    def _look(self, exchange: Exchange) -> bool:
        """Look at each public tag as it is written, before the registry answers."""
        tag = exchange.path.rpartition("/manifests/")[2]
        if exchange.method == "PUT" and tag in MOVED and min(self._evidence()) < self._whole:
            self._early.append(f"{tag} at {exchange.path}")
        return False

    def uploads(self) -> set[str]:
        return {one for each in self.registries for one in each.repository(self.NAME).uploads}

    def junk(self) -> list[str]:
        return [found for one in self.registries for found in _junk_of(one.repository(self.NAME))]


def _is_evidence(manifest: bytes) -> bool:
    document = json.loads(manifest)
    return "subject" in document and document.get("artifactType") != mt.RELEASE_RECORD


def _junk_of(repository: Repository) -> list[str]:
    """Return blobs that no manifest names, and manifests that neither a tag, an index nor a referrer leads to.

    Old versions of the index behind a fallback tag stay as every overwritten tag leaves what it named.
    """
    roots = [repository.manifests[digest] for digest in repository.tags.values()]
    stored = {digest: one.raw for digest, one in repository.manifests.items()} | repository.blobs
    roots += [one for one in repository.manifests.values() if _is_referrer(one, repository)]
    reached: set[str] = {one.digest for one in roots}
    for root in roots:
        reached |= _reached(root, stored)
    old = {
        digest
        for digest, one in repository.manifests.items()
        if one.is_index and _lists_referrers(one)
    }
    return sorted(stored.keys() - reached - old)


def _is_referrer(manifest: RawManifest, repository: Repository) -> bool:
    """Return whether a registry with a referrers API lists it; one without has it in an index behind a tag."""
    api = not any(tag.startswith("sha256-") for tag in repository.tags)
    return (
        api
        and not manifest.is_index
        and parse_manifest(manifest, what="stored").subject is not None
    )


def _lists_referrers(index: RawManifest) -> bool:
    return all(entry.artifact_type for entry in parse_index(index, what="stored").manifests)


def _reached(root: RawManifest, stored: Mapping[str, bytes]) -> set[str]:
    """Return the digests of all that ``root`` leads to, downwards."""
    reached: set[str] = set()
    if root.is_index:
        for entry in parse_index(root, what="stored").manifests:
            reached.add(entry.digest)
            if entry.digest in stored:
                reached |= _reached(RawManifest.of(stored[entry.digest], entry.media_type), stored)
        return reached
    image = parse_manifest(root, what="stored")
    return {image.config.digest, *(layer.digest for layer in image.layers)}


class RealRegistry(_Quiet):
    """Two repositories of a real registry, new ones for each case."""

    def __init__(self, registry: Registry) -> None:
        self.registry = registry
        self._case = 0

    def names(self) -> tuple[str, ...]:
        return tuple(f"{self.registry.host}/case-{self._case}/{name}" for name in "ab")

    def open(self) -> Iterator[Target]:
        for name in "ab":
            with contextlib.closing(
                open_repository(self.registry, f"case-{self._case}/{name}")
            ) as target:
                yield target

    def save(self) -> None:
        """Keep nothing: a case begins with nothing."""

    def reset(self) -> None:
        self._case += 1

    def junk(self) -> list[str]:
        """Return nothing: a registry shows nothing that has no name, and collects it."""
        return []
