"""The JSON forms of log entries (sigstore/rekor ``pkg/types``, sigstore/rekor-tiles ``rekor_v2``)."""

from typing import Any

import msgspec


class Strict(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    """A JSON object of a log, with nothing unknown in it."""


class Body(Strict, forbid_unknown_fields=True):
    """Any entry."""

    api_version: str
    kind: str
    spec: Any


class Hash(Strict, forbid_unknown_fields=True):
    """A digest in hexadecimal."""

    algorithm: str
    value: str


class HashV2(Strict, forbid_unknown_fields=True):
    """A digest in base64."""

    algorithm: str
    digest: str


class Raw(Strict, forbid_unknown_fields=True):
    """Bytes."""

    raw_bytes: str


class VerifierV2(Strict, forbid_unknown_fields=True):
    """Who signed."""

    key_details: str
    public_key: Raw | None = None
    x509_certificate: Raw | None = msgspec.field(name="x509Certificate", default=None)


class SignatureV2(Strict, forbid_unknown_fields=True):
    """A signature with its signer."""

    content: str
    verifier: VerifierV2


class Pem(Strict, forbid_unknown_fields=True):
    """A PEM text."""

    content: str


class Data(Strict, forbid_unknown_fields=True):
    """What is signed."""

    hash: Hash


class RekordSignature(Strict, forbid_unknown_fields=True):
    """A signature over a digest."""

    content: str
    public_key: Pem


class Rekord(Strict, forbid_unknown_fields=True):
    """``hashedrekord`` 0.0.1."""

    data: Data
    signature: RekordSignature


class RekordV2(Strict, forbid_unknown_fields=True):
    """``hashedrekord`` 0.0.2."""

    data: HashV2
    signature: SignatureV2


class RekordSpecV2(Strict, forbid_unknown_fields=True):
    """The same, in its place."""

    entry: RekordV2 = msgspec.field(name="hashedRekordV002")


class DsseSignature(Strict, forbid_unknown_fields=True):
    """A signature of an envelope."""

    signature: str
    verifier: str


class Dsse(Strict, forbid_unknown_fields=True):
    """``dsse`` 0.0.1."""

    envelope_hash: Hash
    payload_hash: Hash
    signatures: list[DsseSignature]


class DsseV2(Strict, forbid_unknown_fields=True):
    """``dsse`` 0.0.2."""

    payload_hash: HashV2
    signatures: list[SignatureV2]


class DsseSpecV2(Strict, forbid_unknown_fields=True):
    """The same, in its place."""

    entry: DsseV2 = msgspec.field(name="dsseV002")


class IntotoSignature(Strict, forbid_unknown_fields=True):
    """A signature of an envelope."""

    public_key: str
    sig: str
    keyid: str | None = None


class IntotoEnvelope(Strict, forbid_unknown_fields=True):
    """An envelope without its payload."""

    payload_type: str
    signatures: list[IntotoSignature]
    payload: str | None = None


class IntotoContent(Strict, forbid_unknown_fields=True):
    """What is logged of it."""

    envelope: IntotoEnvelope
    hash: Hash
    payload_hash: Hash


class Intoto(Strict, forbid_unknown_fields=True):
    """``intoto`` 0.0.2."""

    content: IntotoContent
