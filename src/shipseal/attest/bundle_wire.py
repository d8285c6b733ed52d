"""The JSON form of Sigstore bundles, decoded strictly (sigstore/protobuf-specs ``sigstore_bundle.proto``).

Nothing may stand there that is not read: no unknown member, no name twice, numbers as protobuf's JSON writes them, one
spelling of base64. A second spelling would be a second bundle with the same content and another digest.
"""

import base64
import binascii
import re

import msgspec

from shipseal._internal.limits import BUNDLE, MIB, Limit
from shipseal._internal.strict_json import AmbiguousJsonError, decode_unambiguous
from shipseal.attest.interface import RejectedError, Rejection

_NUMBER = re.compile(r"0|[1-9][0-9]{0,18}")
_MOST = 2**63 - 1
_MATERIAL = Limit("bundle material", 4 * MIB, "certificates, log entry and timestamps take 20 KiB")


class Wire(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    """A message of protobuf's JSON form: lower camel case, nothing unknown."""


class WireSignature(Wire, forbid_unknown_fields=True):
    """One signature of an envelope."""

    sig: str
    keyid: str | None = None


class WireEnvelope(Wire, forbid_unknown_fields=True):
    """A DSSE envelope."""

    payload: str
    payload_type: str
    signatures: list[WireSignature]


class WireHash(Wire, forbid_unknown_fields=True):
    """A digest of a file."""

    algorithm: str
    digest: str


class WireFileSignature(Wire, forbid_unknown_fields=True):
    """A signature over a file."""

    signature: str
    message_digest: WireHash | None = None


class WireKey(Wire, forbid_unknown_fields=True):
    """A key that is named, not held."""

    hint: str | None = None


class WireCertificate(Wire, forbid_unknown_fields=True):
    """A certificate."""

    raw_bytes: str


class WireChain(Wire, forbid_unknown_fields=True):
    """Certificates, the signer's first."""

    certificates: list[WireCertificate]


class WireLogId(Wire, forbid_unknown_fields=True):
    """Which log."""

    key_id: str


class WireKind(Wire, forbid_unknown_fields=True):
    """What kind of entry."""

    kind: str
    version: str


class WirePromise(Wire, forbid_unknown_fields=True):
    """The log's promise to include an entry, with a time."""

    signed_entry_timestamp: str


class WireCheckpoint(Wire, forbid_unknown_fields=True):
    """The log's signed state."""

    envelope: str


class WireProof(Wire, forbid_unknown_fields=True):
    """The way from an entry to the log's root."""

    root_hash: str
    tree_size: str
    log_index: str = "0"
    hashes: list[str] = msgspec.field(default_factory=list)
    checkpoint: WireCheckpoint | None = None


class WireLogEntry(Wire, forbid_unknown_fields=True):
    """An entry of a transparency log; protobuf leaves out a number that is zero."""

    log_id: WireLogId
    kind_version: WireKind
    canonicalized_body: str
    log_index: str = "0"
    integrated_time: str | None = None
    inclusion_promise: WirePromise | None = None
    inclusion_proof: WireProof | None = None


class WireTimestamp(Wire, forbid_unknown_fields=True):
    """An RFC 3161 response."""

    signed_timestamp: str


class WireTimestamps(Wire, forbid_unknown_fields=True):
    """All of them."""

    rfc3161_timestamps: list[WireTimestamp] | None = msgspec.field(
        name="rfc3161Timestamps", default=None
    )


class WireMaterial(Wire, forbid_unknown_fields=True):
    """What a verifier needs besides what is signed."""

    public_key: WireKey | None = None
    certificate: WireCertificate | None = None
    x509_certificate_chain: WireChain | None = msgspec.field(
        name="x509CertificateChain", default=None
    )
    tlog_entries: list[WireLogEntry] | None = None
    timestamp_verification_data: WireTimestamps | None = None


class WireBundle(Wire, forbid_unknown_fields=True):
    """A bundle."""

    media_type: str
    verification_material: WireMaterial
    dsse_envelope: WireEnvelope | None = None
    message_signature: WireFileSignature | None = None


def decode_bundle(raw: bytes) -> WireBundle:
    """Return the form that ``raw`` has.

    Raises:
        RejectedError: unreadable.
    """
    if len(raw) > BUNDLE.size:
        raise unreadable(f"{len(raw)} bytes, more than {BUNDLE.size}: {BUNDLE.reason}")
    try:
        # The typed decoder builds nothing that is unknown: what is not a bundle costs nothing, whatever its size.
        wire = msgspec.json.decode(raw, type=WireBundle)
        _check_size(raw, wire)
        decode_unambiguous(raw)
    except (msgspec.ValidationError, AmbiguousJsonError) as error:
        raise unreadable(str(error)) from error
    except msgspec.DecodeError as error:
        raise unreadable(f"it is not JSON: {error}") from error
    except (UnicodeDecodeError, RecursionError) as error:
        raise unreadable("it is not UTF-8, or nested too deep") from error
    return wire


def _check_size(raw: bytes, wire: WireBundle) -> None:
    payload = len(wire.dsse_envelope.payload) if wire.dsse_envelope else 0
    if len(raw) - payload > _MATERIAL.size:
        size = len(raw) - payload
        raise unreadable(f"{size} bytes besides its payload: {_MATERIAL.reason}")


def unreadable(problem: str) -> RejectedError:
    """Return the error that says why bytes are no bundle that can be judged."""
    return RejectedError(
        Rejection.UNREADABLE,
        f"Sigstore bundle: {problem}",
        hint="this is no evidence: it was damaged, or written by a tool of another format",
    )


def bytes_of(text: str, what: str) -> bytes:
    """Return the bytes that ``text`` is the canonical base64 of.

    Raises:
        RejectedError: unreadable: no base64, another spelling of it, or nothing.
    """
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise unreadable(f"its {what} is not base64: {error}") from error
    if base64.b64encode(data).decode() != text:
        raise unreadable(f"its {what} is not canonical base64")
    if not data:
        raise unreadable(f"its {what} is empty")
    return data


def number_of(text: str, what: str) -> int:
    """Return the number that ``text`` is the one decimal spelling of (protobuf writes 64 bits as text).

    Raises:
        RejectedError: unreadable.
    """
    if not _NUMBER.fullmatch(text) or int(text) > _MOST:
        raise unreadable(f"its {what} is {text[:40]!r}, no number of 63 bits")
    return int(text)
