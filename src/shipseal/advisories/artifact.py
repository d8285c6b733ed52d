"""A database as an artifact in a registry: one layer, the file as it is, so that the layer's digest is the database's.

Specification: OCI image-spec 1.1, manifest.md, section "Guidelines for Artifact Usage".
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from shipseal._internal.clock import rfc3339
from shipseal._internal.limits import GIB, MIB, Limit
from shipseal._internal.progress import Reporter
from shipseal.advisories.facts import DatabaseFacts
from shipseal.advisories.store import file_name
from shipseal.errors import Code, ImageError, ScanError
from shipseal.oci import Descriptor, Digest, RawManifest, digest_of, parse_digest
from shipseal.oci import media_types as mt
from shipseal.oci.manifest import Manifest, build_manifest, parse_manifest
from shipseal.registry.interface import BlobUpload, Target

ARTIFACT = "application/vnd.shipseal.advisories.v1"
LAYER = "application/vnd.shipseal.advisories.v1.sqlite"
TITLE = "org.opencontainers.image.title"
_EMPTY = b"{}"
_EMPTY_DESCRIPTOR = Descriptor(mt.OCI_EMPTY, digest_of(_EMPTY), len(_EMPTY))
_LARGEST = Limit("advisory database", 8 * GIB, "all of OSV is below 1 GiB")


@dataclass(frozen=True, slots=True)
class Stored:
    """A database at a target.

    Attributes:
        manifest: its digest; what a name with ``@`` has.
        layer: the file.
    """

    manifest: Digest
    layer: Descriptor


def push_database(target: Target, database: DatabaseFacts, tag: str, reporter: Reporter) -> Stored:
    """Store a database; the same one is the same manifest, and is not sent again.

    Args:
        target: where.
        database: which one.
        tag: what it is called there; empty for its digest alone.
        reporter: hears of progress.

    Raises:
        ScanError: ``scan.db-unavailable``: it has no file.
        ShipsealError: the target refused or could not be reached.
    """
    file = database.lasting_file()
    layer = Descriptor(
        LAYER,
        parse_digest(database.digest),
        file.stat().st_size,
        annotations={TITLE: file_name(database.digest)},
    )
    manifest = _manifest(layer, database)

    def open_(*, offset: int = 0) -> Iterator[bytes]:
        with file.open("rb") as stream:
            stream.seek(offset)
            while chunk := stream.read(MIB):
                yield chunk

    transfer = reporter.transfer("advisory database", layer.size)
    transfer.done(target.put_blob(BlobUpload(layer, open_, transfer)))
    target.put_blob(BlobUpload(_EMPTY_DESCRIPTOR, lambda *, offset=0: iter((_EMPTY[offset:],))))
    target.put_manifest(manifest)
    if tag:
        target.put_tag(tag, manifest)
    return Stored(manifest.digest, layer)


def find_database(target: Target, digest: Digest) -> Stored:
    """Return the database that a manifest holds.

    Raises:
        ImageError: ``image.format-unsupported``: it holds something else.
        ShipsealError: the target refused or could not be reached.
    """
    what = f"{target.name}@{digest}"
    manifest = parse_manifest(target.read_manifest(digest), what=what)
    if manifest.artifact_type != ARTIFACT or len(manifest.layers) != 1:
        raise ImageError(
            Code.FORMAT_UNSUPPORTED,
            f"{what}: is no advisory database, but {manifest.artifact_type or 'something else'}",
            hint="name what `shipseal db push` stored",
            context={"target": target.name},
        )
    layer = manifest.layers[0]
    if layer.media_type != LAYER or layer.size > _LARGEST.size:
        raise _foreign(what, manifest)
    return Stored(digest, layer)


def pull_database(target: Target, stored: Stored, into: Path, reporter: Reporter) -> None:
    """Write the database to ``into``; its digest is checked while it comes.

    Raises:
        ImageError: ``image.digest-mismatch``.
        OSError: ``into`` cannot be written.
        ShipsealError: the target refused or could not be reached.
    """
    transfer = reporter.transfer("advisory database", stored.layer.size)
    with into.open("wb") as stream:
        for chunk in target.open_blob(stored.layer):
            stream.write(chunk)
            transfer.advance(len(chunk))
    transfer.done()


def _manifest(layer: Descriptor, database: DatabaseFacts) -> RawManifest:
    document = {
        "schemaVersion": 2,
        "mediaType": mt.OCI_MANIFEST,
        "artifactType": ARTIFACT,
        "config": _EMPTY_DESCRIPTOR.to_json(),
        "layers": [layer.to_json()],
    }
    if database.newest is not None:
        document["annotations"] = {mt.CREATED: rfc3339(database.newest)}
    return build_manifest(document)


def _foreign(what: str, manifest: Manifest) -> ScanError:
    layer = manifest.layers[0]
    return ScanError(
        Code.DB_UNAVAILABLE,
        f"{what}: its layer is {layer.media_type} of {layer.size} bytes; a database is {LAYER} of at most "
        f"{_LARGEST.size}",
        hint="it may be made by a newer shipseal: install that, or push it again with this one",
    )
