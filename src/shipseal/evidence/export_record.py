"""``export.json``: what an export says of itself. Nobody signed it, so it explains and is never evidence."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import msgspec

from shipseal._internal.clock import parse_rfc3339, rfc3339
from shipseal._internal.strict_json import AmbiguousJsonError, decode_unambiguous
from shipseal.errors import Code, ImageError
from shipseal.oci import Digest, parse_digest

RECORD, ROOT, POLICY, KEYS = "export.json", "trusted_root.json", "policy.yaml", "keys"
VERSION = 1


@dataclass(frozen=True, slots=True)
class ExportedRoot:
    """The trusted root that goes into an export.

    Attributes:
        raw: its bytes; empty in an export that was opened.
        digest: of them.
        origin: where it came from: ``file``, ``cache``, ``embedded``.
        as_of: when it was known to be current; None when unknown.
    """

    raw: bytes
    digest: Digest
    origin: str
    as_of: datetime | None

    def to_json(self) -> dict[str, str | None]:
        """Return it without its bytes."""
        as_of = rfc3339(self.as_of) if self.as_of else None
        return {"digest": str(self.digest), "origin": self.origin, "asOf": as_of}


@dataclass(frozen=True, slots=True)
class ExportedPiece:
    """One piece of evidence: where it was found, and whether it could be taken along.

    Attributes:
        subject: what it was listed for.
        digest: of the bundle, or of the document.
        store: where it was found.
        origin: in which form it lay there.
        where: how it is found there again.
        problem: why it is not in the export; empty when it is.
    """

    subject: Digest
    digest: Digest
    store: str
    origin: str
    where: str
    problem: str = ""

    def to_json(self) -> dict[str, str]:
        """Return it as an element of ``evidence``, ``documents`` or ``left_out``."""
        value = {
            "subject": str(self.subject),
            "digest": str(self.digest),
            "store": self.store,
            "origin": self.origin,
            "where": self.where,
        }
        return value | ({"problem": self.problem} if self.problem else {})


@dataclass(frozen=True, slots=True)
class ExportRecord:
    """What an export holds.

    Attributes:
        name: of the image, without tag and digest.
        tag: what was asked for; empty when it was asked for by digest.
        digest: what that named then.
        platforms: of the image.
        stores: everywhere that was looked.
        evidence: bundles.
        documents: SBOM documents, by digest; nobody signed them, signed evidence names them.
        left_out: what was found, and is not in the export.
        root: the trusted root; None when there is none.
        policy: whether there is a policy.
        keys: names of the files with public keys.
    """

    name: str
    tag: str
    digest: Digest
    platforms: tuple[str, ...]
    stores: tuple[str, ...]
    evidence: tuple[ExportedPiece, ...] = ()
    documents: tuple[ExportedPiece, ...] = ()
    left_out: tuple[ExportedPiece, ...] = ()
    root: ExportedRoot | None = None
    policy: bool = False
    keys: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the value of ``evidence-export.schema.json``."""
        return {
            "version": VERSION,
            "name": self.name,
            "tag": self.tag,
            "digest": str(self.digest),
            "platforms": list(self.platforms),
            "stores": list(self.stores),
            "evidence": [one.to_json() for one in self.evidence],
            "documents": [one.to_json() for one in self.documents],
            "leftOut": [one.to_json() for one in self.left_out],
            "trustedRoot": self.root.to_json() if self.root else None,
            "policy": POLICY if self.policy else None,
            "keys": [f"{KEYS}/{name}" for name in self.keys],
        }

    def encoded(self) -> bytes:
        """Return the bytes of ``export.json``; equal records give equal bytes."""
        return json.dumps(self.to_json(), indent=2, ensure_ascii=False).encode() + b"\n"


class _Root(msgspec.Struct, rename="camel"):
    digest: str
    origin: str
    as_of: str | None = None


class _Record(msgspec.Struct, rename="camel"):
    version: Literal[1]
    name: str
    tag: str
    digest: str
    platforms: list[str]
    stores: list[str]
    trusted_root: _Root | None = None
    policy: str | None = None
    keys: list[str] = []


def parse_record(raw: bytes, *, what: str) -> ExportRecord:
    """Return what ``export.json`` says, without its lists of evidence: those are read from the layout itself.

    Raises:
        ImageError: ``image.format-unsupported``.
    """
    try:
        found = msgspec.convert(decode_unambiguous(raw), type=_Record)
        return ExportRecord(
            name=found.name,
            tag=found.tag,
            digest=parse_digest(found.digest),
            platforms=tuple(found.platforms),
            stores=tuple(found.stores),
            root=_root(found.trusted_root) if found.trusted_root else None,
            policy=found.policy == POLICY,
            keys=tuple(name.removeprefix(f"{KEYS}/") for name in found.keys),
        )
    except (msgspec.ValidationError, AmbiguousJsonError, ImageError, ValueError) as error:
        raise ImageError(
            Code.FORMAT_UNSUPPORTED,
            f"{what}: this is no record of an export: {str(error)[:200]}",
            hint="it is damaged, or of another version: export the evidence again",
            context={"path": what},
        ) from error


def _root(found: _Root) -> ExportedRoot:
    as_of = parse_rfc3339(found.as_of) if found.as_of else None
    return ExportedRoot(b"", parse_digest(found.digest), found.origin, as_of)
