"""What a bundle holds, as far as a store needs to know: how large its predicate is, and what it is about.

Nothing is verified here, and nothing that is read here counts as evidence.
"""

import base64
from typing import Any

import msgspec

from shipseal._internal.json_errors import NOT_JSON
from shipseal.errors import AttestError, Code
from shipseal.oci import Digest

_EMPTY: tuple[Any, ...] = (None, "", [], {}, "0", 0, False)


class _Envelope(msgspec.Struct, rename="camel"):
    payload: str


class _Bundle(msgspec.Struct, rename="camel"):
    dsse_envelope: _Envelope


class _Subject(msgspec.Struct):
    digest: dict[str, str]


class _Statement(msgspec.Struct, rename="camel"):
    subject: list[_Subject]
    predicate_type: str = ""
    predicate: msgspec.Raw = msgspec.Raw(b"")


def predicate_size(bundle: bytes) -> int:
    """Return the bytes of the predicate as it stands in the statement.

    Raises:
        AttestError: ``attest.invalid``: it is no bundle with a statement.
    """
    return len(bytes(_statement(_payload(bundle)).predicate))


def names_subject(bundle: bytes, subject: Digest) -> bool:
    """Return whether the bundle's statement names ``subject``.

    Raises:
        AttestError: ``attest.invalid``: it is no bundle with a statement.
    """
    algorithm, _, encoded = subject.partition(":")
    named = _statement(_payload(bundle)).subject
    return any(one.digest.get(algorithm) == encoded for one in named)


def claimed_type(statement: bytes) -> str:
    """Return the predicate type of a statement, for explaining alone; empty when there is none."""
    try:
        return _statement(statement).predicate_type
    except AttestError:
        return ""


def bundle_type(bundle: bytes) -> str:
    """Return the predicate type that a bundle's statement claims, for listing alone; empty when there is none."""
    try:
        return claimed_type(_payload(bundle))
    except AttestError:
        return ""


def same_bundle(one: bytes, other: bytes) -> bool:
    """Return whether two bundles are one, spelled as two programs spell the JSON form of protocol buffers.

    A store that takes bundles apart gives them back with their members in another order, without what is empty, and
    with numbers as text. Everything that is signed, or signs, is the same then.
    """
    if one == other:
        return True
    try:
        return bool(_plain(msgspec.json.decode(one)) == _plain(msgspec.json.decode(other)))
    except NOT_JSON:
        return False


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        members = {name: _plain(one) for name, one in value.items()}
        return {name: one for name, one in members.items() if one not in _EMPTY}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value


def _payload(bundle: bytes) -> bytes:
    try:
        text = msgspec.json.decode(bundle, type=_Bundle).dsse_envelope.payload
        return base64.b64decode(text, validate=True)
    except (ValueError, RecursionError) as error:
        raise _no_attestation(str(error)) from error


def _statement(payload: bytes) -> _Statement:
    try:
        return msgspec.json.decode(payload, type=_Statement)
    except NOT_JSON as error:
        raise _no_attestation(str(error)) from error


def _no_attestation(problem: str) -> AttestError:
    return AttestError(
        Code.ATTEST_INVALID,
        f"this is no bundle with a statement: {problem[:200]}",
        hint="make the attestation again",
    )
