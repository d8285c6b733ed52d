"""Read an SBOM, whatever its format; it is told by what the document says of itself, not by its file's name."""

import hashlib
import zlib
from pathlib import Path

import msgspec

from shipseal._internal.limits import read_limited
from shipseal._internal.regular_file import open_file
from shipseal._internal.sbom_formats import format_of, in_utf8
from shipseal.errors import Code, SbomError, ShipsealError
from shipseal.oci import Digest
from shipseal.scan.inventory import Inventory
from shipseal.scan.sbom_file import ABSENT, SBOM_FILE

_FORMATS = "SPDX 2.2 or 2.3 JSON, Syft JSON, or CycloneDX JSON"
_GZIP = b"\x1f\x8b"
_SPDX_VERSIONS = ("SPDX-2.2", "SPDX-2.3")


class _Document(msgspec.Struct, frozen=True):
    """The members by which formats are told apart, and those that their readers take; all others are skipped."""

    spdxVersion: str | None = None
    bomFormat: str | None = None
    specVersion: str | None = None
    documentDescribes: list[str] | None = None
    packages: msgspec.Raw = ABSENT
    relationships: msgspec.Raw = ABSENT
    creationInfo: msgspec.Raw = ABSENT
    artifacts: msgspec.Raw = ABSENT
    artifactRelationships: msgspec.Raw = ABSENT
    source: msgspec.Raw = ABSENT
    distro: msgspec.Raw = ABSENT
    descriptor: msgspec.Raw = ABSENT
    schema: msgspec.Raw = ABSENT
    components: msgspec.Raw = ABSENT
    metadata: msgspec.Raw = ABSENT
    # SPDX inside of something else: GitHub's export, an in-toto statement.
    sbom: msgspec.Raw = ABSENT
    predicate: msgspec.Raw = ABSENT


_DOCUMENT = msgspec.json.Decoder(_Document)


class ReadSbom(msgspec.Struct, frozen=True):
    """An SBOM, read.

    Attributes:
        inventory: what it lists.
        digest: of the file as it lies there.
        size: of the file, in bytes.
    """

    inventory: Inventory
    digest: Digest
    size: int


def read_inventory(path: Path) -> ReadSbom:
    """Read the SBOM at ``path``, plain or gzip.

    Raises:
        SbomError: ``config.invalid``: there is no such file, it is truncated, or in no format that is read here.
        ShipsealError: ``sbom.too-large``.
    """
    try:
        with open_file(path) as stream:
            size = stream.seek(0, 2)
            stream.seek(0)
            data = (
                stream.read(size)  # in one piece: joining chunks would need the memory twice
                if size <= SBOM_FILE.size
                else read_limited(stream, SBOM_FILE, what=str(path), code=Code.SBOM_TOO_LARGE)
            )
    except OSError as error:
        raise _unreadable(str(path), error.strerror or str(error)) from error
    digest = Digest(f"sha256:{hashlib.sha256(data).hexdigest()}")
    return ReadSbom(inventory_of(data, what=str(path)), digest, len(data))


def inventory_of(data: bytes, *, what: str) -> Inventory:
    """Return what an SBOM lists.

    Args:
        data: the document, plain or gzip.
        what: its name, for errors.

    Raises:
        SbomError: ``config.invalid``: it is truncated, or in no format that is read here.
        ShipsealError: ``sbom.too-large``.
    """
    if data.startswith(_GZIP):
        data = _unpacked(data, what)
    try:
        data = in_utf8(data)
        return _read(_DOCUMENT.decode(data), what)
    except RecursionError as error:
        raise _unreadable(what, "its JSON is nested too deeply") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _unreadable(what, _reason(data, error)) from error


def _reason(data: bytes, error: Exception) -> str:
    if not data.strip():
        return "it is empty"
    if found := format_of(data):
        return f"it is {found}, which is not read here"
    if "truncated" in str(error):
        return f"it is cut off after {len(data)} bytes"
    return str(error)


def _read(document: _Document, what: str, level: int = 0) -> Inventory:
    if document.spdxVersion is not None:
        return _read_spdx(document, document.spdxVersion)
    if document.bomFormat == "CycloneDX":
        from shipseal.scan.cyclonedx_inventory import cyclonedx_inventory  # noqa: PLC0415

        return cyclonedx_inventory(
            document.specVersion or "", components=document.components, metadata=document.metadata
        )
    if ABSENT not in (document.artifacts, document.descriptor):
        from shipseal.scan.syft_inventory import syft_inventory  # noqa: PLC0415

        return syft_inventory(
            artifacts=document.artifacts,
            relationships=document.artifactRelationships,
            source=document.source,
            distro=document.distro,
            descriptor=document.descriptor,
            schema=document.schema,
        )
    inner = document.sbom if document.sbom != ABSENT else document.predicate
    if inner != ABSENT and not level:
        return _read(_DOCUMENT.decode(inner), what, level + 1)
    raise msgspec.DecodeError("it is JSON, but no SBOM")


def _read_spdx(document: _Document, version: str) -> Inventory:
    from shipseal.scan.spdx_inventory import spdx_inventory  # noqa: PLC0415 - one format is read, not all

    if version not in _SPDX_VERSIONS:
        raise msgspec.DecodeError(
            f"its version is {version!r}, expected {' or '.join(_SPDX_VERSIONS)}"
        )
    return spdx_inventory(
        version,
        packages=document.packages,
        relationships=document.relationships,
        described=document.documentDescribes or (),
        created=document.creationInfo,
    )


def _unpacked(data: bytes, what: str) -> bytes:
    unpacker = zlib.decompressobj(wbits=31)
    try:
        found = unpacker.decompress(data, SBOM_FILE.size + 1)
    except zlib.error as error:
        raise _unreadable(what, f"its gzip is damaged: {error}") from error
    if len(found) > SBOM_FILE.size:
        raise ShipsealError(
            Code.SBOM_TOO_LARGE,
            f"{what}: more than {SBOM_FILE.size} bytes when unpacked, the limit for an {SBOM_FILE.name}",
            hint=f"the limit stands because {SBOM_FILE.reason}",
        )
    if not unpacker.eof:
        raise _unreadable(what, f"its gzip is cut off after {len(data)} bytes")
    return found


def _unreadable(what: str, reason: str) -> SbomError:
    return SbomError(
        Code.CONFIG_INVALID,
        f"SBOM {what}: cannot be read: {reason}",
        hint=f"name a file in {_FORMATS}, whole, or catalogue the image again",
        context={"file": what},
    )
