"""The few members of a document that most questions are about, decoded without the rest of its megabytes."""

from dataclasses import dataclass

import msgspec

from shipseal.spdx.document import described
from shipseal.spdx.parts import VERSIONS, Identified, Relationship, SpdxError, split


@dataclass(frozen=True, slots=True)
class Heading:
    """What a document calls itself, and what it is about.

    Attributes:
        namespace: its URI.
        described: ids of the elements that the document is about.
        contents: how many packages it lists beside those that it is about.
    """

    namespace: str
    described: tuple[str, ...]
    contents: int


class _Wire(msgspec.Struct, frozen=True):
    version: str = msgspec.field(name="spdxVersion")
    namespace: str = msgspec.field(name="documentNamespace", default="")
    packages: list[Identified] | None = None
    relationships: list[Relationship] | None = None
    describes: list[str] | None = msgspec.field(name="documentDescribes", default=None)


_DECODER = msgspec.json.Decoder(_Wire)


def read_heading(raw: bytes, *, what: str) -> Heading:
    """Return the heading of an SPDX 2.2 or 2.3 document in JSON.

    Args:
        raw: the document.
        what: names it in errors.

    Raises:
        SpdxError: it is not JSON, not SPDX, another version, or lacks members that it must have.
    """
    try:
        wire = _DECODER.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        described(split(raw, what=what))  # knows better what is wrong with it
        raise SpdxError(what, f"not an SPDX document: {error}") from error
    if wire.version not in VERSIONS:
        split(raw, what=what)
    found = list(wire.describes or ())
    found += [item.described for item in wire.relationships or ()]
    roots = dict.fromkeys(item for item in found if item)
    contents = sum(package.id not in roots for package in wire.packages or ())
    return Heading(wire.namespace, tuple(roots), contents)
