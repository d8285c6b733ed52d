"""What a log holds, against what a bundle holds: an entry counts only for this signature, by this signer, over this.

Kinds that are read: ``hashedrekord`` 0.0.1 and 0.0.2, ``dsse`` 0.0.1 and 0.0.2, ``intoto`` 0.0.2, as Rekor writes them.
The hash of a whole envelope in some of them is over a form of its JSON that nobody keeps; what stands in the envelope
is compared piece by piece instead.
"""

import base64
import binascii
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

import msgspec

from shipseal._internal.strict_json import AmbiguousJsonError, decode_unambiguous
from shipseal.attest.bundle import HASHES, Envelope, FileSignature
from shipseal.attest.dsse import pae
from shipseal.attest.log_body_wire import (
    Body,
    Dsse,
    DsseSpecV2,
    Hash,
    HashV2,
    Intoto,
    Rekord,
    RekordSpecV2,
    SignatureV2,
)
from shipseal.attest.log_entry import LogEntry
from shipseal.attest.rejections import unreadable, untrusted
from shipseal.attest.signing_keys import Scheme

_One = TypeVar("_One")


@dataclass(frozen=True, slots=True)
class LoggedSigner:
    """Who must stand in a log entry.

    Attributes:
        der: the certificate, or the public key (SubjectPublicKeyInfo).
        is_certificate: which of the two.
        schemes: how the key may sign, the usual way first.
    """

    der: bytes
    is_certificate: bool
    schemes: tuple[Scheme, ...]

    @property
    def hashes(self) -> frozenset[str]:
        """Names of the hashes that the key signs."""
        return frozenset(scheme.hash_name for scheme in self.schemes)


def check_body(entry: LogEntry, content: Envelope | FileSignature, signer: LoggedSigner) -> None:
    """Check that ``entry`` logs the signature in ``content``, by ``signer``.

    Raises:
        RejectedError: unreadable; untrusted, when it logs something else.
    """
    spec = _spec(entry)
    kind = (entry.kind, entry.version)
    try:
        if isinstance(content, FileSignature):
            wrong = _FILES[kind](spec, content, signer)
        else:
            wrong = _ENVELOPES[kind](spec, content, signer)
    except KeyError:
        what = "a file" if isinstance(content, FileSignature) else "an attestation"
        raise unreadable(
            f"its log entry is {entry.kind} {entry.version}, which no log holds for {what}"
        ) from None
    except (msgspec.ValidationError, binascii.Error, ValueError) as error:
        raise unreadable(f"the body of its log entry is malformed: {error}") from error
    if wrong:
        raise untrusted(
            f"its log entry is about another {wrong}",
            hint="the entry of another bundle was put here, or what is signed was changed",
        )


def _spec(entry: LogEntry) -> object:
    try:
        body = msgspec.convert(decode_unambiguous(entry.body), type=Body)
    except (msgspec.ValidationError, AmbiguousJsonError) as error:
        raise unreadable(f"the body of its log entry is malformed: {error}") from error
    if (body.kind, body.api_version) != (entry.kind, entry.version):
        stated, held = f"{entry.kind} {entry.version}", f"{body.kind} {body.api_version}"
        raise unreadable(f"its log entry is said to be {stated[:80]!r}, and is {held[:80]!r}")
    return body.spec


def _rekord(spec: object, content: FileSignature, signer: LoggedSigner) -> str:
    wire = msgspec.convert(spec, type=Rekord)
    return _first_wrong(
        ("file", _hex(wire.data.hash) == (content.algorithm, content.digest)),
        ("signature", _plain(wire.signature.content) == content.signature),
        ("signer", _pem(wire.signature.public_key.content) == signer.der),
    )


def _rekord_v2(spec: object, content: FileSignature, signer: LoggedSigner) -> str:
    wire = msgspec.convert(spec, type=RekordSpecV2).entry
    return _first_wrong(
        ("file", _raw(wire.data) == (content.algorithm, content.digest)),
        ("signature", _plain(wire.signature.content) == content.signature),
        ("signer", _signed_by(wire.signature, signer)),
    )


def _rekord_v2_of_envelope(spec: object, content: Envelope, signer: LoggedSigner) -> str:
    wire = msgspec.convert(spec, type=RekordSpecV2).entry
    algorithm, digest = _raw(wire.data)
    message = pae(content.payload_type, content.payload)
    same = algorithm in signer.hashes and _digest(algorithm, message) == digest
    return _first_wrong(
        ("content", same),
        ("signature", _plain(wire.signature.content) == content.signature),
        ("signer", _signed_by(wire.signature, signer)),
    )


def _dsse(spec: object, content: Envelope, signer: LoggedSigner) -> str:
    wire = msgspec.convert(spec, type=Dsse)
    one = _only(wire.signatures)
    return _first_wrong(
        ("content", _hex(wire.payload_hash) == _sha256(content.payload)),
        ("signature", _plain(one.signature) == content.signature),
        ("signer", _pem(one.verifier) == signer.der),
    )


def _dsse_v2(spec: object, content: Envelope, signer: LoggedSigner) -> str:
    wire = msgspec.convert(spec, type=DsseSpecV2).entry
    one = _only(wire.signatures)
    return _first_wrong(
        ("content", _raw(wire.payload_hash) == _sha256(content.payload)),
        ("signature", _plain(one.content) == content.signature),
        ("signer", _signed_by(one, signer)),
    )


def _intoto(spec: object, content: Envelope, signer: LoggedSigner) -> str:
    wire = msgspec.convert(spec, type=Intoto).content
    one = _only(wire.envelope.signatures)
    return _first_wrong(
        ("content", _hex(wire.payload_hash) == _sha256(content.payload)),
        ("payload type", wire.envelope.payload_type == content.payload_type),
        # Rekor keeps the text of the signature, which is base64 already, in base64.
        ("signature", _plain(_plain(one.sig).decode("ascii")) == content.signature),
        ("signer", _pem(one.public_key) == signer.der),
    )


_FILES: Mapping[tuple[str, str], Callable[[object, FileSignature, LoggedSigner], str]] = {
    ("hashedrekord", "0.0.1"): _rekord,
    ("hashedrekord", "0.0.2"): _rekord_v2,
}
_ENVELOPES: Mapping[tuple[str, str], Callable[[object, Envelope, LoggedSigner], str]] = {
    ("hashedrekord", "0.0.2"): _rekord_v2_of_envelope,
    ("dsse", "0.0.1"): _dsse,
    ("dsse", "0.0.2"): _dsse_v2,
    ("intoto", "0.0.2"): _intoto,
}


def _first_wrong(*parts: tuple[str, bool]) -> str:
    return next((name for name, same in parts if not same), "")


def _only(signatures: list[_One]) -> _One:
    if len(signatures) != 1:
        raise ValueError(f"{len(signatures)} signatures, expected exactly 1")
    return signatures[0]


def _signed_by(wire: SignatureV2, signer: LoggedSigner) -> bool:
    verifier = wire.verifier
    if (verifier.public_key is None) == (verifier.x509_certificate is None):
        raise ValueError("it must name exactly one of a key and a certificate")
    raw = verifier.x509_certificate if signer.is_certificate else verifier.public_key
    details = {scheme.details for scheme in signer.schemes}
    return (
        raw is not None and _plain(raw.raw_bytes) == signer.der and verifier.key_details in details
    )


def _pem(text: str) -> bytes:
    """Return the DER in a PEM text in base64."""
    lines = _plain(text).decode("ascii").strip().splitlines()
    if (
        len(lines) < 3
        or not lines[0].startswith("-----BEGIN ")
        or not lines[-1].startswith("-----END ")
    ):
        raise ValueError("the signer is no PEM text")
    return base64.b64decode("".join(lines[1:-1]), validate=True)


def _hex(wire: Hash) -> tuple[str, bytes]:
    return wire.algorithm, bytes.fromhex(wire.value)


def _raw(wire: HashV2) -> tuple[str, bytes]:
    return HASHES.get(wire.algorithm, ""), _plain(wire.digest)


def _sha256(data: bytes) -> tuple[str, bytes]:
    return "sha256", hashlib.sha256(data).digest()


def _digest(algorithm: str, data: bytes) -> bytes:
    return hashlib.new(algorithm, data).digest()


def _plain(text: str) -> bytes:
    return base64.b64decode(text, validate=True)
