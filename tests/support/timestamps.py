"""A timestamp authority (RFC 3161) in a few lines, that can also be wrong in the ways that a verifier must notice."""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.support.der import (
    OCTETS,
    SEQUENCE,
    SET,
    context,
    general_time,
    integer,
    oid,
    tlv,
)

SHA1, SHA256 = "1.3.14.3.2.26", "2.16.840.1.101.3.4.2.1"
_ECDSA_SHA256 = "1.2.840.10045.4.3.2"
_SIGNED_DATA, _TST_INFO = "1.2.840.113549.1.7.2", "1.2.840.113549.1.9.16.1.4"
_CONTENT_TYPE, _MESSAGE_DIGEST = "1.2.840.113549.1.9.3", "1.2.840.113549.1.9.4"
_SIGNING_CERTIFICATE = "1.2.840.113549.1.9.16.2.47"


@dataclass(frozen=True)
class TimestampAuthority:
    """Who signs timestamps.

    Attributes:
        key: of the certificate.
        chain: its certificate first, the root last.
        embed: certificates that tokens carry.
    """

    key: ec.EllipticCurvePrivateKey
    chain: tuple[x509.Certificate, ...]
    embed: tuple[x509.Certificate, ...] = field(default=())

    def stamp(
        self,
        message: bytes,
        moment: datetime,
        *,
        status: int = 0,
        algorithm: str = SHA256,
        key: ec.EllipticCurvePrivateKey | None = None,
        signers: int = 1,
    ) -> bytes:
        """Return a response that says that ``message`` existed at ``moment``; the options make it wrong."""
        info = _tst_info(message, moment, algorithm)
        signer = self._signer(info, key or self.key)
        token = tlv(
            SEQUENCE,
            oid(_SIGNED_DATA),
            context(0, self._signed_data(info, signer * signers)),
        )
        return tlv(SEQUENCE, tlv(SEQUENCE, integer(status)), token)

    def _signed_data(self, info: bytes, signers: bytes) -> bytes:
        embedded = b"".join(_der(certificate) for certificate in self.embed)
        return tlv(
            SEQUENCE,
            integer(3),
            tlv(SET, _algorithm(SHA256)),
            tlv(SEQUENCE, oid(_TST_INFO), context(0, tlv(OCTETS, info))),
            context(0, embedded) if embedded else b"",
            tlv(SET, signers),
        )

    def _signer(self, info: bytes, key: ec.EllipticCurvePrivateKey) -> bytes:
        leaf = self.chain[0]
        certificate_id = tlv(SEQUENCE, tlv(OCTETS, hashlib.sha256(_der(leaf)).digest()))
        attributes = sorted(
            (
                _attribute(_CONTENT_TYPE, oid(_TST_INFO)),
                _attribute(_MESSAGE_DIGEST, tlv(OCTETS, hashlib.sha256(info).digest())),
                _attribute(_SIGNING_CERTIFICATE, tlv(SEQUENCE, tlv(SEQUENCE, certificate_id))),
            )
        )
        signature = key.sign(tlv(SET, *attributes), ec.ECDSA(hashes.SHA256()))
        return tlv(
            SEQUENCE,
            integer(1),
            tlv(SEQUENCE, leaf.issuer.public_bytes(), integer(leaf.serial_number)),
            _algorithm(SHA256),
            context(0, *attributes),
            _algorithm(_ECDSA_SHA256, null=False),
            tlv(OCTETS, signature),
        )


def _tst_info(message: bytes, moment: datetime, algorithm: str) -> bytes:
    hasher = hashlib.sha1 if algorithm == SHA1 else hashlib.sha256
    imprint = tlv(SEQUENCE, _algorithm(algorithm), tlv(OCTETS, hasher(message).digest()))
    return tlv(
        SEQUENCE,
        integer(1),
        oid("1.3.6.1.4.1.57264.2"),
        imprint,
        integer(int.from_bytes(hashlib.sha256(message).digest()[:16], "big")),
        general_time(moment),
    )


def _algorithm(name: str, *, null: bool = True) -> bytes:
    return tlv(SEQUENCE, oid(name), b"\x05\x00" if null else b"")


def _attribute(name: str, value: bytes) -> bytes:
    return tlv(SEQUENCE, oid(name), tlv(SET, value))


def _der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.DER)
