"""Sigstore bundles: v0.3 is written, v0.1 to v0.3 are read (sigstore/protobuf-specs ``sigstore_bundle.proto``).

A bundle's outer JSON is signed by nobody. It is read as strictly as the strictest of the field: no unknown member, no
name twice, one signature, canonical base64. What is signed, and by whom, is decided elsewhere.
"""

import base64
from dataclasses import dataclass

import msgspec

from shipseal.attest.bundle_wire import (
    WireBundle,
    WireEnvelope,
    WireFileSignature,
    WireMaterial,
    bytes_of,
    decode_bundle,
    unreadable,
)
from shipseal.attest.log_entry import LogEntry, log_entry_of
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

HASHES = {"SHA2_256": "sha256", "SHA2_384": "sha384", "SHA2_512": "sha512"}
"""Names of hash functions in bundles and trusted roots, and ours."""

_MOST_TIMESTAMPS = 32


@dataclass(frozen=True, slots=True)
class Envelope:
    """A DSSE envelope.

    Attributes:
        payload_type: of the payload.
        payload: what is signed, with its type.
        signature: over both.
        key_id: which key it claims; may be empty.
    """

    payload_type: str
    payload: bytes
    signature: bytes
    key_id: str = ""


@dataclass(frozen=True, slots=True)
class FileSignature:
    """A signature over a file that is not in the bundle.

    Attributes:
        algorithm: of the digest: ``sha256``, ``sha384``, ``sha512``.
        digest: of the file, as the bundle claims.
        signature: over the file.
    """

    algorithm: str
    digest: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class Bundle:
    """A bundle as it was read; nothing about it has been believed yet.

    Attributes:
        raw: its bytes.
        digest: sha256 of ``raw``.
        version: ``0.1``, ``0.2`` or ``0.3``.
        content: what is signed.
        key_hint: which key the verification material claims; None where it holds a certificate.
        certificates: DER, leaf first; empty where it names a key.
        log_entries: of transparency logs.
        timestamps: RFC 3161 responses, DER.
    """

    raw: bytes
    digest: Digest
    version: str
    content: Envelope | FileSignature
    key_hint: str | None
    certificates: tuple[bytes, ...]
    log_entries: tuple[LogEntry, ...] = ()
    timestamps: tuple[bytes, ...] = ()

    @property
    def envelope(self) -> Envelope:
        """The envelope of an attestation.

        Raises:
            RejectedError: unreadable: it holds a signature over a file.
        """
        if isinstance(self.content, FileSignature):
            raise unreadable("it holds a signature over a file, no attestation")
        return self.content


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
    wire = decode_bundle(raw)
    version = VERSIONS.get(wire.media_type)
    if version is None:
        raise unreadable(f"its mediaType is {wire.media_type[:200]!r}")
    content = _content(wire)
    material = wire.verification_material
    hint, certificates = _signer(material, version)
    if isinstance(content, Envelope) and content.key_id not in ("", hint):
        # npm names its key in both places. No certificate has such a name: other verifiers find no signature then.
        raise unreadable("its envelope names a key that its verification material does not")
    return Bundle(
        raw=raw,
        digest=digest_of(raw),
        version=version,
        content=content,
        key_hint=hint,
        certificates=certificates,
        log_entries=tuple(log_entry_of(entry) for entry in material.tlog_entries or ()),
        timestamps=_timestamps(material),
    )


def _content(wire: WireBundle) -> Envelope | FileSignature:
    envelope, signature = wire.dsse_envelope, wire.message_signature
    if envelope is not None and signature is not None:
        raise unreadable("it holds two kinds of content")
    if envelope is not None:
        return _envelope(envelope)
    if signature is None:
        raise unreadable("it holds nothing, no attestation")
    return _file_signature(signature)


def _envelope(wire: WireEnvelope) -> Envelope:
    if len(wire.signatures) != 1:
        raise unreadable(f"{len(wire.signatures)} signatures, expected exactly 1")
    one = wire.signatures[0]
    return Envelope(
        payload_type=wire.payload_type,
        payload=bytes_of(wire.payload, "payload"),
        signature=bytes_of(one.sig, "signature"),
        key_id=one.keyid or "",
    )


def _file_signature(wire: WireFileSignature) -> FileSignature:
    claimed = wire.message_digest
    if claimed is None:
        raise unreadable("it does not say which digest the signed file has")
    algorithm = HASHES.get(claimed.algorithm)
    if algorithm is None:
        raise unreadable(f"the signed file's digest is by {claimed.algorithm[:40]!r}")
    digest = bytes_of(claimed.digest, "messageDigest")
    return FileSignature(algorithm, digest, bytes_of(wire.signature, "signature"))


def _signer(material: WireMaterial, version: str) -> tuple[str | None, tuple[bytes, ...]]:
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
    if leaf is not None and version != "0.3":
        raise unreadable(f"a bundle v{version} holds a chain of certificates, not one")
    found = [leaf] if leaf is not None else chain.certificates if chain is not None else []
    if not found:
        raise unreadable("its certificate chain is empty")
    return None, tuple(bytes_of(item.raw_bytes, "certificate") for item in found)


def _timestamps(material: WireMaterial) -> tuple[bytes, ...]:
    data = material.timestamp_verification_data
    found = (data.rfc3161_timestamps if data else None) or []
    if len(found) > _MOST_TIMESTAMPS:
        raise unreadable(f"{len(found)} timestamps, expected {_MOST_TIMESTAMPS} at most")
    timestamps = tuple(bytes_of(item.signed_timestamp, "timestamp") for item in found)
    if len(set(timestamps)) != len(timestamps):
        raise unreadable("one of its timestamps stands there twice")
    return timestamps


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
