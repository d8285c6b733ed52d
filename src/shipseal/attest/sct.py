"""Signed certificate timestamps (RFC 6962, section 3.2): a log had seen a certificate before it was handed out.

Without that, an authority that is misled or misused could issue a certificate that nobody ever sees.
"""

import hashlib
import struct
from collections.abc import Sequence
from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.certificate_transparency import LogEntryType, SignedCertificateTimestamp

from shipseal.attest.rejections import untrusted
from shipseal.attest.signing_keys import load_spki, scheme_of, signed
from shipseal.attest.trust_root import Log
from shipseal.attest.x509_path import extension_of

_MOST = 1 << 24


def check_sct(leaf: x509.Certificate, issuer: x509.Certificate, logs: Sequence[Log]) -> datetime:
    """Return when one of ``logs`` saw ``leaf``.

    Args:
        leaf: a certificate with one embedded timestamp.
        issuer: who issued it.
        logs: certificate logs that the trusted root lists.

    Raises:
        RejectedError: untrusted.
    """
    sct = _only(leaf)
    log = next((one for one in logs if one.log_id == sct.log_id), None)
    if log is None:
        raise untrusted(
            f"its certificate was seen by log {sct.log_id.hex()[:16]}…, which the trusted root does not list"
        )
    seen = sct.timestamp.replace(tzinfo=UTC)
    if not log.window.covers(seen):
        raise untrusted(
            f"its certificate was seen at {seen.isoformat()}, and the key of {log.url} is trusted for {log.window}"
        )
    key = load_spki(log.spki)
    scheme = scheme_of(key)
    if not isinstance(sct.signature_hash_algorithm, hashes.SHA256) or scheme is None:
        raise untrusted("the certificate log's word is in a form that is not accepted")
    if scheme.hash_name != "sha256" or not signed(key, sct.signature, _message(sct, leaf, issuer)):
        raise untrusted("its certificate was not signed by the certificate log that it names")
    return seen


def _only(leaf: x509.Certificate) -> SignedCertificateTimestamp:
    found = extension_of(leaf, x509.PrecertificateSignedCertificateTimestamps)
    count = len(found.value) if found else 0
    if found is None or count != 1:
        raise untrusted(
            f"its certificate has {count} signed certificate timestamps, expected exactly 1",
            expected="a certificate that a certificate log has seen",
        )
    sct: SignedCertificateTimestamp = found.value[0]
    return sct


def _message(
    sct: SignedCertificateTimestamp, leaf: x509.Certificate, issuer: x509.Certificate
) -> bytes:
    """Return the bytes that the log signed (``digitally-signed struct``)."""
    body = leaf.tbs_precertificate_bytes
    if sct.entry_type is not LogEntryType.PRE_CERTIFICATE or len(body) >= _MOST:
        raise untrusted("the certificate log's word is in a form that is not accepted")
    spki = issuer.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    moment = sct.timestamp.replace(tzinfo=UTC)
    # Whole milliseconds: a float would lose some.
    millis = int(moment.timestamp()) * 1000 + moment.microsecond // 1000
    head = struct.pack("!BBQH", sct.version.value, 0, millis, sct.entry_type.value)
    extensions = sct.extension_bytes
    return b"".join(
        (
            head,
            hashlib.sha256(spki).digest(),
            len(body).to_bytes(3, "big"),
            body,
            len(extensions).to_bytes(2, "big"),
            extensions,
        )
    )
