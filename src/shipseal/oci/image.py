"""An image as a release sees it: a root, its platforms, and where their bytes are."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from shipseal.errors import ImageError
from shipseal.oci.descriptor import Descriptor
from shipseal.oci.digest import Digest, parse_digest
from shipseal.oci.document import check_spelling, read_object, unsupported
from shipseal.oci.manifest import Manifest, RawManifest
from shipseal.oci.platform import Platform

_NAMES = frozenset(["os", "architecture", "variant", "config", "rootfs", "history", "created"])
_SETTINGS = frozenset(["Entrypoint", "Cmd", "Env", "Labels", "WorkingDir", "User"])
_HINT = "this is no image configuration: is the manifest an artifact rather than an image?"


class ContentSource(Protocol):
    """Bytes by digest: an OCI layout, a registry repository."""

    def read_manifest(self, digest: Digest) -> RawManifest:
        """Return a manifest or index; raises ``image.not-found``, ``image.digest-mismatch``."""

    def open_blob(self, blob: Descriptor, *, offset: int = 0) -> Iterator[bytes]:
        """Return the content in chunks, its size and digest verified at the end when ``offset`` is zero."""


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One line of an image's history.

    Attributes:
        created_by: the command.
        empty_layer: whether it made no layer.
    """

    created_by: str
    empty_layer: bool


@dataclass(frozen=True, slots=True)
class ImageConfig:
    """The parts of an image's configuration that matter here (OCI image-spec, config.md).

    Attributes:
        raw: the bytes.
        platform: what the configuration itself says.
        diff_ids: digests of the uncompressed layers, lowest first.
        entrypoint: argument list; empty when there is none.
        cmd: argument list; empty when there is none.
        env: ``NAME=value`` entries.
        labels: as they stand there.
        created: RFC 3339 text as it stands there; empty when there is none.
        history: lowest first.
        working_dir: where the program starts; empty means the root.
    """

    raw: bytes
    platform: Platform
    diff_ids: tuple[Digest, ...]
    entrypoint: tuple[str, ...]
    cmd: tuple[str, ...]
    env: tuple[str, ...]
    labels: Mapping[str, str]
    created: str
    history: tuple[HistoryEntry, ...]
    working_dir: str = ""


@dataclass(frozen=True, slots=True)
class PlatformImage:
    """The image of one platform.

    Attributes:
        platform: as the index says; of a bare image, as its configuration says.
        manifest: parsed, with its raw bytes in ``manifest.source``.
        config: parsed.
    """

    platform: Platform
    manifest: Manifest
    config: ImageConfig

    @property
    def digest(self) -> Digest:
        """The digest of the platform's manifest."""
        return self.manifest.source.digest


@dataclass(frozen=True, slots=True)
class Image:
    """A root manifest or index with all its platforms.

    Attributes:
        root: what the public tags will name.
        platforms: sorted by platform; one entry for a bare image (then its digest is the root's).
        extras: children of the index that are no platform (BuildKit's attestations): shipped, never counted.
    """

    root: RawManifest
    platforms: tuple[PlatformImage, ...]
    extras: tuple[Manifest, ...] = ()

    @property
    def digest(self) -> Digest:
        """The digest of the root."""
        return self.root.digest

    def subjects(self) -> tuple[RawManifest, ...]:
        """Return everything that evidence is about: the root first, then each platform, no digest twice."""
        seen = {self.root.digest: self.root}
        for image in self.platforms:
            seen.setdefault(image.digest, image.manifest.source)
        return tuple(seen.values())


def parse_config(raw: bytes, *, what: str) -> ImageConfig:
    """Parse an image configuration; ``what`` names it in errors.

    Raises:
        ImageError: ``image.format-unsupported``.
    """
    document = read_object(raw, _NAMES, what=what, hint=_HINT)
    os, architecture = document.get("os"), document.get("architecture")
    if not isinstance(os, str) or not isinstance(architecture, str) or not os or not architecture:
        raise _unsupported(what, "it names no os or no architecture")
    settings = document.get("config")
    settings = settings if isinstance(settings, dict) else {}
    check_spelling(settings, _SETTINGS, what=what, hint=_HINT)
    return ImageConfig(
        raw=raw,
        platform=Platform.of(os, architecture, _text(document.get("variant"))),
        diff_ids=_diff_ids(document, what),
        entrypoint=_words(settings.get("Entrypoint")),
        cmd=_words(settings.get("Cmd")),
        env=_words(settings.get("Env")),
        labels=_labels(settings.get("Labels")),
        created=_text(document.get("created")),
        history=_history(document.get("history")),
        working_dir=_text(settings.get("WorkingDir")),
    )


def _diff_ids(document: Mapping[str, Any], what: str) -> tuple[Digest, ...]:
    rootfs = document.get("rootfs")
    if isinstance(rootfs, dict):
        check_spelling(rootfs, ("diff_ids",), what=what, hint=_HINT)
    ids = rootfs.get("diff_ids") if isinstance(rootfs, dict) else None
    if not isinstance(ids, list):
        raise _unsupported(what, "it has no rootfs.diff_ids")
    return tuple(parse_digest(str(item)) for item in ids)


def _history(value: object) -> tuple[HistoryEntry, ...]:
    entries: Sequence[object] = value if isinstance(value, list) else ()
    return tuple(
        HistoryEntry(_text(entry.get("created_by")), entry.get("empty_layer") is True)
        for entry in entries
        if isinstance(entry, dict)
    )


def _words(value: object) -> tuple[str, ...]:
    return tuple(str(word) for word in value) if isinstance(value, list) else ()


def _labels(value: object) -> dict[str, str]:
    return {str(k): str(v) for k, v in value.items()} if isinstance(value, dict) else {}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _unsupported(what: str, problem: str) -> ImageError:
    return unsupported(what, problem, _HINT)
