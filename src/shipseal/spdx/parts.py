"""An SPDX JSON document cut into raw pieces, and put together again.

A document of 37 MB is 50,000 files and 58,000 relationships; building Python objects for all of them costs more than
everything else together. So the pieces stay the bytes that they were (:class:`msgspec.Raw`), and only the few members
that decide something are decoded beside them.
"""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import msgspec

from shipseal._internal.sbom_formats import format_of
from shipseal.errors import Code, SbomError

DOCUMENT_ID = "SPDXRef-DOCUMENT"
VERSIONS = ("SPDX-2.3", "SPDX-2.2")
DESCRIBES = "DESCRIBES"
DESCRIBED_BY = "DESCRIBED_BY"
DESCRIPTIONS = frozenset({DESCRIBES, DESCRIBED_BY})

T = TypeVar("T")


class SpdxError(SbomError):
    """The bytes are not an SPDX 2.3 document (``config.invalid``, because somebody named the wrong file)."""

    def __init__(self, what: str, problem: str, *, hint: str = "") -> None:
        super().__init__(
            Code.CONFIG_INVALID,
            f"{what}: {problem}",
            hint=hint
            or "expected is an SPDX 2.3 document in JSON, as `syft -o spdx-json` writes it",
            context={"file": what},
        )


class Relationship(msgspec.Struct, frozen=True, gc=False):
    """A relationship's members, for decisions (SPDX 2.3, clause 11)."""

    element: str = msgspec.field(name="spdxElementId")
    related: str = msgspec.field(name="relatedSpdxElement")
    kind: str = msgspec.field(name="relationshipType")
    comment: str = ""

    @property
    def described(self) -> str:
        """The element that the document describes by this relationship; empty when it does not."""
        if self.kind == DESCRIBES and self.element == DOCUMENT_ID:
            return self.related
        if self.kind == DESCRIBED_BY and self.related == DOCUMENT_ID:
            return self.element
        return ""

    @property
    def is_overlap(self) -> bool:
        """Whether it says that one package owns the files of another (Syft's ownership by file overlap).

        Scanners read it to leave out, for example, the Python package that a Debian package brings.
        """
        return self.kind == "OTHER" and self.comment.startswith("ownership-by-file-overlap")


class Identified(msgspec.Struct, frozen=True, gc=False):
    """Any element's identifier."""

    id: str = msgspec.field(name="SPDXID")


class ExternalRef(msgspec.Struct, frozen=True, gc=False):
    """A package's external reference (SPDX 2.3, clause 7.21)."""

    kind: str = msgspec.field(name="referenceType", default="")
    locator: str = msgspec.field(name="referenceLocator", default="")


class Fields(dict[str, msgspec.Raw]):
    """The members of the document, or of one of its elements, in their order, as raw compact JSON.

    Args:
        members: the members.
        what: names the document in errors.
    """

    def __init__(self, members: Mapping[str, msgspec.Raw] | None = None, *, what: str) -> None:
        super().__init__(members or {})
        self.what = what
        self._read: dict[tuple[str, object], tuple[msgspec.Raw, list[Any]]] = {}

    def text(self, name: str) -> str:
        """Return a member that is a string; empty when it is not there or something else.

        Raises:
            SpdxError: it is malformed.
        """
        value = self.value(name)
        return value if isinstance(value, str) else ""

    def value(self, name: str) -> Any:
        """Return a member, decoded; None when it is not there.

        Raises:
            SpdxError: it is malformed.
        """
        return self._decoded(name, Any) if name in self else None

    def members(self, name: str) -> "Fields":
        """Return a member that is an object; empty when it is not there.

        Raises:
            SpdxError: it is no object.
        """
        if name not in self:
            return Fields(what=self.what)
        return Fields(self._decoded(name, dict[str, msgspec.Raw]), what=self.what)

    def elements(self, name: str) -> list[msgspec.Raw]:
        """Return the items of a member that is a list; empty when it is not there or null.

        Raises:
            SpdxError: it is no list.
        """
        return self.decode(name, msgspec.Raw)

    def decode(self, name: str, kind: type[T]) -> list[T]:
        """Return the items of a list decoded as ``kind``; empty when it is not there or null. Do not change them.

        Raises:
            SpdxError: it is no list, or an item lacks a member that it must have.
        """
        if name not in self:
            return []
        # Several decisions read the same members, and a section may be ten megabytes.
        known = self._read.get((name, kind))
        if known is None or known[0] is not self[name]:
            known = (self[name], self._decoded(name, list[kind] | None) or [])  # type: ignore[valid-type]
            self._read[name, kind] = known
        return known[1]

    def put(self, name: str, items: Sequence[msgspec.Raw]) -> None:
        """Set a member to a list of raw items; an empty list takes the member out."""
        if items:
            self[name] = msgspec.Raw(msgspec.json.encode(items))
        else:
            self.pop(name, None)

    def encode(self) -> bytes:
        """Return the compact JSON object."""
        return msgspec.json.encode(dict(self))

    def packed(self) -> msgspec.Raw:
        """Return the compact JSON object as a piece of another one."""
        return msgspec.Raw(self.encode())

    def _decoded(self, name: str, kind: Any) -> Any:
        try:
            return msgspec.json.decode(self[name], type=kind)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise SpdxError(self.what, f"{name}: {error}") from error


def split(raw: bytes, *, what: str) -> Fields:
    """Return the document's members; whitespace between tokens is gone, everything else is as it was.

    Args:
        raw: the document.
        what: names it in errors.

    Raises:
        SpdxError: it is not an SPDX 2.2 or 2.3 document in JSON.
    """
    try:
        raw.decode("utf-8")
        compact = msgspec.json.format(raw, indent=-1)
        fields = Fields(msgspec.json.decode(compact, type=dict[str, msgspec.Raw]), what=what)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        found = format_of(raw)
        raise SpdxError(
            what, f"it is {found}" if found else f"not a JSON object: {error}"
        ) from error
    _check_kind(fields)
    return fields


def unpack(item: msgspec.Raw, *, what: str) -> Fields:
    """Return the members of one element.

    Raises:
        SpdxError: it is no object.
    """
    return Fields({"element": item}, what=what).members("element")


def as_raw(value: object) -> msgspec.Raw:
    """Return ``value`` as compact JSON."""
    return msgspec.Raw(msgspec.json.encode(value))


def size_of(item: msgspec.Raw) -> int:
    """Return the bytes that a piece takes."""
    return len(memoryview(item))


_KINDS = (
    ("@context", "SPDX 3 (JSON-LD)"),
    ("bomFormat", "CycloneDX"),
    ("artifactRelationships", "Syft's own JSON"),
    ("predicateType", "an in-toto statement"),
    ("dsseEnvelope", "a Sigstore bundle"),
    ("matches", "Grype's report"),
)


def _check_kind(fields: Fields) -> None:
    version = fields.text("spdxVersion")
    if version in VERSIONS:
        return
    if version:
        expected = " or ".join(VERSIONS)
        raise SpdxError(fields.what, f"its spdxVersion is {version!r}, expected {expected}")
    found = next((name for member, name in _KINDS if member in fields), "")
    got = f"this is {found}" if found else "it has no spdxVersion"
    raise SpdxError(fields.what, f"not an SPDX document: {got}")
