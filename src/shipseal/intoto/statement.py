"""In-toto statements: what is said (a predicate) about which digests (subjects).

Specification: in-toto attestation framework v1, ``spec/v1/statement.md``; the v0.1 form is read, never written.
Nothing here knows about signatures: bytes go in, values come out, and the bytes are kept beside them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from shipseal._internal.limits import BUNDLE, MIB, Limit
from shipseal._internal.strict_json import AmbiguousJsonError, decode_unambiguous
from shipseal.errors import AttestError, Code, ImageError
from shipseal.oci import Digest, parse_digest
from shipseal.oci.digest import split_digest

STATEMENT_V1 = "https://in-toto.io/Statement/v1"
STATEMENT_V01 = "https://in-toto.io/Statement/v0.1"
PAYLOAD_TYPE = "application/vnd.in-toto+json"

MAX_SUBJECTS = 1024
"""Subjects of one statement; what verifiers and GitHub's store accept."""
MAX_DIGESTS = 32
"""Digests of one subject; likewise."""

_OUTSIDE = Limit(
    "statement without its predicate", 8 * MIB, "the most subjects and digests take 5 MiB"
)
_ACCEPTED = ("sha256", "sha512")


@dataclass(frozen=True, slots=True)
class Subject:
    """One thing that a statement is about.

    Attributes:
        name: for people; trust rests on the digest alone. May be empty.
        digest: of the manifest or index.
    """

    name: str
    digest: Digest


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement as it was read.

    Attributes:
        raw: its bytes, as signed.
        type: ``https://in-toto.io/Statement/v1`` or ``…/v0.1``.
        subjects: one entry per subject and accepted algorithm (sha256, sha512).
        predicate_type: URI of the predicate's type.
        predicate: JSON bytes of the predicate object; ``{}`` where there is none.
    """

    raw: bytes
    type: str
    subjects: tuple[Subject, ...]
    predicate_type: str
    predicate: bytes

    def covers(self, digest: Digest) -> bool:
        """Return whether the statement is about ``digest``."""
        return any(subject.digest == digest for subject in self.subjects)


def encode_statement(
    subjects: Sequence[Subject], predicate_type: str, predicate: Mapping[str, Any] | bytes
) -> bytes:
    """Return the bytes of a statement v1: the same values always give the same bytes.

    Args:
        subjects: at least one, at most :data:`MAX_SUBJECTS`.
        predicate_type: URI of the predicate's type.
        predicate: a mapping, encoded compactly with sorted names; or the JSON bytes of an object, taken as they are.

    Raises:
        AttestError: ``attest.invalid`` when there is no subject, there are too many, or the predicate is no object.
    """
    if not 0 < len(subjects) <= MAX_SUBJECTS:
        raise _invalid(f"{len(subjects)} subjects, expected 1 to {MAX_SUBJECTS}")
    body = predicate if isinstance(predicate, bytes) else _encode(dict(predicate))
    if not body.lstrip().startswith(b"{"):
        raise _invalid(f"the predicate of {predicate_type} is no JSON object")
    document = {
        "_type": STATEMENT_V1,
        "subject": [_subject_json(subject) for subject in subjects],
        "predicateType": predicate_type,
        "predicate": msgspec.Raw(body),
    }
    return msgspec.json.encode(document)


def parse_statement(raw: bytes) -> Statement:
    """Return the statement that ``raw`` holds, v1 or v0.1.

    Strict where signed statements are read by several parsers: unknown members beside the predicate, a name twice, and
    a predicate that is no object are refused, as cosign refuses them. Members within the predicate are free.

    Raises:
        AttestError: ``attest.invalid``.
    """
    if len(raw) > BUNDLE.size:
        raise _invalid(f"{len(raw)} bytes, more than {BUNDLE.size}")
    try:
        raw.decode("utf-8")  # a typed decoder does not look into what it skips
        wire = msgspec.json.decode(raw, type=_Wire)
        predicate = bytes(wire.predicate) or b"{}"
        _check_outside(raw, predicate)
        subjects = msgspec.json.decode(wire.subject, type=list[_Descriptor])
    except (msgspec.DecodeError, AmbiguousJsonError, UnicodeDecodeError) as error:
        raise _invalid(str(error)) from error
    except RecursionError as error:
        raise _invalid("it is nested too deep") from error
    if wire.type not in (STATEMENT_V1, STATEMENT_V01):
        raise _invalid(f"its _type is {wire.type[:200]!r}")
    if not wire.predicate_type:
        raise _invalid("its predicateType is empty")
    if not predicate.startswith(b"{"):
        raise _invalid("its predicate is no JSON object")
    return Statement(raw, wire.type, _subjects(subjects), wire.predicate_type, predicate)


def decode_predicate(predicate: bytes, *, what: str) -> dict[str, Any]:
    """Return a predicate that decides about trust (a seal, a scan), refused when parsers may disagree about it.

    Raises:
        AttestError: ``attest.invalid``.
    """
    try:
        value = decode_unambiguous(predicate)
    except AmbiguousJsonError as error:
        raise _invalid(str(error), what=what) from error
    if not isinstance(value, dict):
        raise _invalid("it is no JSON object", what=what)
    return value


class _Descriptor(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    digest: dict[str, str]
    name: str | None = None
    uri: str | None = None
    content: str | None = None
    download_location: str | None = None
    media_type: str | None = None
    annotations: msgspec.Raw = msgspec.Raw(b"{}")


class _Wire(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    type: str = msgspec.field(name="_type")
    subject: msgspec.Raw
    predicate_type: str
    predicate: msgspec.Raw = msgspec.Raw(b"{}")


def _check_outside(raw: bytes, predicate: bytes) -> None:
    """Refuse a name that stands twice beside the predicate.

    The predicate may be megabytes: it is cut out first. Should its bytes also occur elsewhere, they can only stand
    within a string or an annotation there, and the names that are compared stay the same.
    """
    if len(raw) - len(predicate) > _OUTSIDE.size:
        raise _invalid(
            f"{len(raw) - len(predicate)} bytes beside its predicate, more than {_OUTSIDE.size}: {_OUTSIDE.reason}"
        )
    start = raw.rfind(predicate)
    small = raw if start < 0 else raw[:start] + b"null" + raw[start + len(predicate) :]
    decode_unambiguous(small)


def _subjects(found: Sequence[_Descriptor]) -> tuple[Subject, ...]:
    if not 0 < len(found) <= MAX_SUBJECTS:
        raise _invalid(f"{len(found)} subjects, expected 1 to {MAX_SUBJECTS}")
    return tuple(subject for item in found for subject in _accepted(item))


def _accepted(item: _Descriptor) -> list[Subject]:
    """Return the digests by an accepted algorithm; others are ignored (in-toto, digest_set.md, guidelines)."""
    if not 0 < len(item.digest) <= MAX_DIGESTS:
        raise _invalid(f"a subject with {len(item.digest)} digests, expected 1 to {MAX_DIGESTS}")
    try:
        return [
            Subject(item.name or "", parse_digest(f"{algorithm}:{item.digest[algorithm]}"))
            for algorithm in _ACCEPTED
            if algorithm in item.digest
        ]
    except ImageError as error:
        raise _invalid(f"a subject's digest: {error.message}") from error


def _subject_json(subject: Subject) -> dict[str, Any]:
    algorithm, encoded = split_digest(subject.digest)
    named = {"name": subject.name} if subject.name else {}
    return named | {"digest": {algorithm: encoded}}


def _encode(predicate: Mapping[str, Any]) -> bytes:
    return msgspec.json.encode(predicate, order="sorted")


def _invalid(problem: str, *, what: str = "in-toto statement") -> AttestError:
    return AttestError(
        Code.ATTEST_INVALID,
        f"{what}: {problem}",
        hint="this is no evidence: make it again with a tool that writes in-toto statements",
    )
