"""Make a document fit a store's limit: the least first, only as far as needed, always valid, nothing hidden."""

import re
from dataclasses import dataclass

from shipseal.oci import Digest
from shipseal.oci.digest import digest_of
from shipseal.spdx.document import check_packages, creation_info
from shipseal.spdx.ladder import RUNGS, Step
from shipseal.spdx.parts import Fields, as_raw, split
from shipseal.spdx.record import Dropped, TrimRecord, read_record, write_record

__all__ = ["Step", "TrimResult", "trim"]

_OWN_NAMESPACE = re.compile(r"/trimmed-[0-9a-f]{16}$")


@dataclass(frozen=True, slots=True)
class TrimResult:
    """A document that was made as small as needed, or as small as it can be.

    Attributes:
        raw: the document; the very bytes that were given when these fit.
        dropped: what is missing from it compared with what was given, in the order of the ladder.
        fits: whether ``raw`` is within the limit; if not, it is to be attested by reference.
        size: bytes of ``raw``.
        full: digest of the full document, as ``raw`` names it when anything was dropped.
    """

    raw: bytes
    dropped: tuple[Dropped, ...]
    fits: bool
    size: int
    full: Digest

    @property
    def overlaps_dropped(self) -> bool:
        """Whether scanners will report some packages twice from this document: scan the full one."""
        return any(item.step == Step.OVERLAPS for item in self.dropped)


def trim(document: bytes, limit: int, *, full_digest: Digest, what: str = "SBOM") -> TrimResult:
    """Return ``document`` in at most ``limit`` bytes if the ladder reaches that far.

    The ladder: compact form; file entries; annotations; references to other documents; other relationships;
    ownership by overlap. Packages, package URLs and licences are never taken. Trimming the result again changes
    nothing. A trimmed document has a namespace of its own (SPDX 2.3, clause 6.5) and a record in its
    ``creationInfo.comment`` (:mod:`shipseal.spdx.record`).

    Args:
        document: SPDX 2.3 JSON.
        limit: bytes.
        full_digest: what the record calls the full document; a document that was trimmed before keeps naming the
            one that it came from.
        what: names the document in errors.

    Raises:
        SpdxError: it is no SPDX document.
    """
    fields = split(document, what=what)
    check_packages(fields)
    earlier = read_record(creation_info(fields).comment)
    base = earlier or TrimRecord(full_digest, len(document), limit, ())
    if len(document) <= limit:
        return _result(document, (), limit, base.digest)
    dropped = _whitespace(fields, document)
    raw = _recorded(fields, base, limit, dropped, document)
    for _, rung in RUNGS:
        if len(raw) <= limit:
            break
        taken = rung(fields)
        if taken:
            dropped += taken
            raw = _recorded(fields, base, limit, dropped, document)
    return _result(raw, tuple(dropped), limit, base.digest)


def _result(raw: bytes, dropped: tuple[Dropped, ...], limit: int, full: Digest) -> TrimResult:
    return TrimResult(raw, dropped, len(raw) <= limit, len(raw), full)


def _whitespace(fields: Fields, document: bytes) -> list[Dropped]:
    saved = len(document) - len(fields.encode())
    return [Dropped(Step.COMPACT, "whitespace", 0, saved)] if saved else []


def _recorded(
    fields: Fields, base: TrimRecord, limit: int, dropped: list[Dropped], document: bytes
) -> bytes:
    """Return the document with its record and its own namespace; unchanged when nothing was dropped."""
    if not dropped:
        return document
    record = base.extended(limit, dropped)
    told = Fields(fields, what=fields.what)
    info = fields.members("creationInfo")
    info["comment"] = as_raw(write_record(info.text("comment"), record))
    told["creationInfo"] = info.packed()
    told["documentNamespace"] = as_raw(_namespace(fields.text("documentNamespace"), record))
    return told.encode()


def _namespace(namespace: str, record: TrimRecord) -> str:
    own = digest_of("\n".join((record.full, *record.steps)).encode()).removeprefix("sha256:")[:16]
    return f"{_OWN_NAMESPACE.sub('', namespace)}/trimmed-{own}"
