"""Sigstore bundles: v0.3 is written, v0.1 to v0.3 are read (sigstore/protobuf-specs ``sigstore_bundle.proto``).

A bundle's outer JSON is signed by nobody. It is read as strictly as the strictest of the field: no unknown member, no
name twice, one signature, canonical base64. What is signed, and by whom, is decided elsewhere.
"""

import base64
import binascii
from dataclasses import dataclass
from typing import Any

import msgspec

from shipseal._internal.limits import BUNDLE
from shipseal._internal.strict_json import AmbiguousJsonError, decode_unambiguous
from shipseal.attest.interface import RejectedError, Rejection
from shipseal.oci import Digest, digest_of
from shipseal.oci.media_types import SIGSTORE_BUNDLE

_OLD = "application/vnd.dev.sigstore.bundle+json;version="
VERSIONS = {
    SIGSTORE_BUNDLE: "0.3",
    f"{_OLD}0.3": "0.3",
    f"{_OLD}0.2": "0.2",
    f"{_OLD}0.1": "0.1",
}
"""Media types that are read, and the version that each one means."""


@dataclass(frozen=True, slots=True)
class Bundle:
    """A bundle with a DSSE envelope, as it was read; nothing about it has been believed yet.

    Attributes:
        raw: its bytes.
        digest: sha256 of ``raw``.
        version: ``0.1``, ``0.2`` or ``0.3``.
        payload_type: of the envelope.
        payload: what is signed, with its type.
        signature: over both.
        key_id: which key the envelope claims; may be empty.
        key_hint: which key the verification material claims; None where it holds a certificate.
        certificates: DER, leaf first; empty where it names a key.
    """

    raw: bytes
    digest: Digest
    version: str
    payload_type: str
    payload: bytes
    signature: bytes
    key_id: str
    key_hint: str | None
    certificates: tuple[bytes, ...]


def build_key_bundle(payload_type: str, payload: bytes, signature: bytes, *, hint: str) -> bytes:
    """Return the bytes of a bundle v0.3 that names its key by ``hint`` (base64 of the hash of its DER form)."""
    document = {
        "mediaType": SIGSTORE_BUNDLE,
        "verificationMaterial": {"publicKey": {"hint": hint}},
        "dsseEnvelope": {
            "payload": _base64(payload),
            "payloadType": payload_type,
            "signatures": [{"sig": _base64(signature)}],
        },
    }
    return msgspec.json.encode(document)


def parse_bundle(raw: bytes) -> Bundle:
    """Return the bundle that ``raw`` holds.

    Raises:
        RejectedError: unreadable.
    """
    wire = _decode(raw)
    version = VERSIONS.get(wire.media_type)
    if version is None:
        raise unreadable(f"its mediaType is {wire.media_type[:200]!r}")
    envelope = _envelope(wire)
    hint, certificates = _material(wire.verification_material, version)
    signature = envelope.signatures[0]
    key_id = signature.keyid or ""
    if key_id and hint is not None and key_id != hint:
        raise unreadable("its envelope and its verification material name two keys")
    return Bundle(
        raw=raw,
        digest=digest_of(raw),
        version=version,
        payload_type=envelope.payload_type,
        payload=_unbase64(envelope.payload, "payload"),
        signature=_unbase64(signature.sig, "signature"),
        key_id=key_id,
        key_hint=hint,
        certificates=certificates,
    )


def unreadable(problem: str) -> RejectedError:
    """Return the error that says why bytes are no bundle that can be judged."""
    return RejectedError(
        Rejection.UNREADABLE,
        f"Sigstore bundle: {problem}",
        hint="this is no evidence: it was damaged, or written by a tool of another format",
    )


class _Wire(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    pass


class _Signature(_Wire, forbid_unknown_fields=True):
    sig: str
    keyid: str | None = None


class _Envelope(_Wire, forbid_unknown_fields=True):
    payload: str
    payload_type: str
    signatures: list[_Signature]


class _PublicKey(_Wire, forbid_unknown_fields=True):
    hint: str | None = None


class _Certificate(_Wire, forbid_unknown_fields=True):
    raw_bytes: str


class _Chain(_Wire, forbid_unknown_fields=True):
    certificates: list[_Certificate]


class _LogEntry(_Wire, forbid_unknown_fields=True):
    log_index: Any = None
    log_id: Any = None
    kind_version: Any = None
    integrated_time: Any = None
    inclusion_promise: Any = None
    inclusion_proof: Any = None
    canonicalized_body: str | None = None


class _Timestamp(_Wire, forbid_unknown_fields=True):
    signed_timestamp: str


class _Timestamps(_Wire, forbid_unknown_fields=True):
    rfc3161_timestamps: list[_Timestamp] | None = msgspec.field(
        name="rfc3161Timestamps", default=None
    )


class _Material(_Wire, forbid_unknown_fields=True):
    public_key: _PublicKey | None = None
    certificate: _Certificate | None = None
    x509_certificate_chain: _Chain | None = msgspec.field(name="x509CertificateChain", default=None)
    tlog_entries: list[_LogEntry] | None = None
    timestamp_verification_data: _Timestamps | None = None


class _Bundle(_Wire, forbid_unknown_fields=True):
    media_type: str
    verification_material: _Material
    dsse_envelope: _Envelope | None = None
    message_signature: Any = None


def _decode(raw: bytes) -> _Bundle:
    if len(raw) > BUNDLE.size:
        raise unreadable(f"{len(raw)} bytes, more than {BUNDLE.size}: {BUNDLE.reason}")
    try:
        return msgspec.convert(decode_unambiguous(raw), type=_Bundle)
    except (msgspec.ValidationError, AmbiguousJsonError) as error:
        raise unreadable(str(error)) from error


def _envelope(wire: _Bundle) -> _Envelope:
    if wire.dsse_envelope is None:
        kind = "a signature over a file" if wire.message_signature is not None else "nothing"
        raise unreadable(f"it holds {kind}, no attestation")
    if wire.message_signature is not None:
        raise unreadable("it holds two kinds of content")
    if len(wire.dsse_envelope.signatures) != 1:
        raise unreadable(f"{len(wire.dsse_envelope.signatures)} signatures, expected exactly 1")
    return wire.dsse_envelope


def _material(material: _Material, version: str) -> tuple[str | None, tuple[bytes, ...]]:
    key, leaf, chain = (
        material.public_key,
        material.certificate,
        material.x509_certificate_chain,
    )
    if sum(item is not None for item in (key, leaf, chain)) != 1:
        raise unreadable("it must name exactly one of a key, a certificate and a chain")
    if key is not None:
        return key.hint or "", ()
    if chain is not None and version == "0.3":
        raise unreadable("a bundle v0.3 holds one certificate, no chain")
    found = [leaf] if leaf is not None else chain.certificates if chain is not None else []
    if not found:
        raise unreadable("its certificate chain is empty")
    return None, tuple(_unbase64(item.raw_bytes, "certificate") for item in found)


def _unbase64(text: str, what: str) -> bytes:
    """Decode the one canonical form: other spellings of the same bytes would be bundles with other digests."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise unreadable(f"its {what} is not base64: {error}") from error
    if _base64(data) != text:
        raise unreadable(f"its {what} is not canonical base64")
    if not data:
        raise unreadable(f"its {what} is empty")
    return data


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
