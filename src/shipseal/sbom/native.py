"""Syft's own JSON: what SPDX lacks (locations, layers, owned files), and its one deterministic form."""

import base64
from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from shipseal.errors import Code, SbomError
from shipseal.oci import PlatformImage


class Location(msgspec.Struct, frozen=True):
    """Where a package or file was seen.

    Attributes:
        path: the real path, from the root with a leading slash.
        access: the path that led there, through links; empty when it is the same.
        layer: diff-id of the layer.
    """

    path: str = ""
    access: str = msgspec.field(name="accessPath", default="")
    layer: str = msgspec.field(name="layerID", default="")


class Artifact(msgspec.Struct, frozen=True):
    """A package as Syft found it."""

    id: str
    name: str = ""
    version: str = ""
    type: str = ""
    purl: str = ""
    locations: tuple[Location, ...] | None = None
    metadata: msgspec.Raw = msgspec.Raw(b"null")

    @property
    def layer(self) -> str:
        """The diff-id of the layer that its first location is in; empty when unknown."""
        return next((place.layer for place in self.locations or () if place.layer), "")


class ListedFile(msgspec.Struct, frozen=True):
    """A file that Syft looked at."""

    id: str
    location: Location


class Link(msgspec.Struct, frozen=True):
    """A relationship between two artifacts, or an artifact and a file."""

    parent: str
    child: str
    type: str


class SyftLayer(msgspec.Struct, frozen=True):
    """A layer of the image; its digest is the diff-id."""

    digest: str
    size: int = 0


class _Metadata(msgspec.Struct, frozen=True):
    layers: tuple[SyftLayer, ...] = ()


class _Source(msgspec.Struct, frozen=True):
    id: str = ""
    metadata: msgspec.Raw = msgspec.Raw(b"{}")


class SyftDocument(msgspec.Struct, frozen=True):
    """Syft JSON, as far as it is used here.

    Attributes:
        artifacts: the packages.
        files: those that belong to packages or prove them.
        links: relationships.
        source: what was catalogued.
    """

    artifacts: tuple[Artifact, ...]
    source: _Source
    files: tuple[ListedFile, ...] | None = None
    links: tuple[Link, ...] | None = msgspec.field(name="artifactRelationships", default=None)

    def layers(self) -> tuple[SyftLayer, ...]:
        """Return the layers of the image, lowest first; empty when it was no image."""
        try:
            return msgspec.json.decode(self.source.metadata, type=_Metadata).layers
        except msgspec.MsgspecError:
            return ()

    def owned_paths(self) -> frozenset[str]:
        """Return every path that belongs to a package: its locations, and the files that it lists or contains."""
        return frozenset(self._owned())

    def _owned(self) -> Iterator[str]:
        places = {file.id: file.location.path for file in self.files or ()}
        packages = {artifact.id for artifact in self.artifacts}
        for artifact in self.artifacts:
            for place in artifact.locations or ():
                yield from (place.path, place.access or place.path)
            yield from _listed_files(artifact.metadata)
        for link in self.links or ():
            if link.parent in packages and link.child in places:
                yield places[link.child]


class _OwnedFile(msgspec.Struct, frozen=True):
    path: str = ""


class _Files(msgspec.Struct, frozen=True):
    files: tuple[_OwnedFile | str, ...] | None = None


def _listed_files(metadata: msgspec.Raw) -> Iterator[str]:
    """Return the absolute paths in a package's list of files (dpkg, apk, rpm, …)."""
    try:
        files = msgspec.json.decode(metadata, type=_Files | None)
    except msgspec.MsgspecError:
        return  # kinds of metadata without such a list have all sorts of shapes
    for file in files.files or () if files else ():
        path = file if isinstance(file, str) else file.path
        if path.startswith("/"):
            yield path


def read_native(raw: bytes, *, what: str) -> SyftDocument:
    """Read Syft JSON.

    Args:
        raw: the document.
        what: names it in errors.

    Raises:
        SbomError: ``config.invalid``: it is something else.
    """
    try:
        document = msgspec.json.decode(raw, type=SyftDocument)
        # What is decoded only later must be known to be JSON now, before the document is kept.
        msgspec.json.decode(document.source.metadata)
        return document
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise SbomError(
            Code.CONFIG_INVALID,
            f"{what}: not Syft's own JSON: {error}",
            hint="expected is what `syft -o syft-json` writes",
            context={"file": what},
        ) from error


def normalise_native(raw: bytes, image: PlatformImage, *, name: str, version: str) -> bytes:
    """Return Syft JSON with the real image as its source, and everything that is a set sorted.

    Args:
        raw: Syft JSON of a run over these layers.
        image: the platform's image.
        name: the image's name.
        version: the release's version.

    Raises:
        SbomError: ``config.invalid``: it is no Syft JSON.
    """
    document = read_native(raw, what="syft JSON")
    fields = msgspec.json.decode(msgspec.json.format(raw, indent=-1), type=dict[str, msgspec.Raw])
    old, new = document.source.id, image.digest.partition(":")[2]
    _sort(fields, "artifacts", document.artifacts, lambda item: (item.name, item.version, item.id))
    _sort(fields, "files", document.files or (), lambda item: (item.location.path, item.id))
    links = _renamed(fields, document.links or (), old, new)
    fields["artifactRelationships"] = msgspec.Raw(msgspec.json.encode(links))
    source = _source(document.source, image, name=name, version=version)
    fields["source"] = msgspec.Raw(msgspec.json.encode(source))
    return msgspec.json.encode(fields)


def _sort(
    fields: dict[str, msgspec.Raw],
    section: str,
    read: tuple[Any, ...],
    key: Callable[[Any], tuple[str, ...]],
) -> None:
    if not read:
        return
    items = msgspec.json.decode(fields[section], type=list[msgspec.Raw])
    order = sorted(range(len(items)), key=lambda number: key(read[number]))
    fields[section] = msgspec.Raw(msgspec.json.encode([items[number] for number in order]))


def _renamed(
    fields: dict[str, msgspec.Raw], links: tuple[Link, ...], old: str, new: str
) -> list[msgspec.Raw]:
    """Return all relationships, the source renamed, sorted by parent, child, type, content."""
    if not links:
        return []
    items = msgspec.json.decode(fields["artifactRelationships"], type=list[msgspec.Raw])
    keyed = []
    for item, link in zip(items, links, strict=True):
        parent = new if link.parent == old else link.parent
        content = item
        if link.parent == old:
            members = msgspec.json.decode(item, type=dict[str, msgspec.Raw])
            members["parent"] = msgspec.Raw(msgspec.json.encode(parent))
            content = msgspec.Raw(msgspec.json.encode(members))
        keyed.append(((parent, link.child, link.type, bytes(content)), content))
    return [content for _, content in sorted(keyed, key=lambda pair: pair[0])]


def _source(source: _Source, image: PlatformImage, *, name: str, version: str) -> dict[str, Any]:
    found = msgspec.json.decode(source.metadata)
    metadata = dict(found) if isinstance(found, dict) else {}
    raw = image.manifest.source
    metadata |= {
        "userInput": f"{name}@{image.digest}",
        "imageID": image.manifest.config.digest,
        "manifestDigest": image.digest,
        "mediaType": raw.media_type,
        "tags": [],
        "manifest": base64.b64encode(raw.raw).decode(),
        "config": base64.b64encode(image.config.raw).decode(),
        "repoDigests": [],
        "architecture": image.platform.architecture,
        "os": image.platform.os,
    }
    layers = metadata.get("layers")
    if isinstance(layers, list) and len(layers) == len(image.manifest.layers):
        for layer, blob in zip(layers, image.manifest.layers, strict=True):
            layer["mediaType"] = blob.media_type
    identity = {"id": image.digest.partition(":")[2], "name": name, "version": version}
    return identity | {"type": "image", "metadata": metadata}
