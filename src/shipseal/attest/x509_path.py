"""Certificates, from the one that signed up to a root that is trusted (RFC 5280, section 6, as far as it is used here).

The trusted root states each authority's chain in order, so nothing is searched: a certificate is issued by one of that
chain, and all above it are there. What is not understood is refused, never skipped.
"""

import threading
import warnings
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import lru_cache
from itertools import pairwise
from typing import TypeVar

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID

CODE_SIGNING = ExtendedKeyUsageOID.CODE_SIGNING
TIME_STAMPING = ExtendedKeyUsageOID.TIME_STAMPING

_STRONG = frozenset({"sha256", "sha384", "sha512"})
_LEAST_RSA = 2048
_UNDERSTOOD = frozenset(
    {
        ExtensionOID.BASIC_CONSTRAINTS,
        ExtensionOID.KEY_USAGE,
        ExtensionOID.EXTENDED_KEY_USAGE,
        ExtensionOID.SUBJECT_ALTERNATIVE_NAME,
        ExtensionOID.SUBJECT_KEY_IDENTIFIER,
        ExtensionOID.AUTHORITY_KEY_IDENTIFIER,
        ExtensionOID.CERTIFICATE_POLICIES,
    }
)


Kind = TypeVar("Kind", bound=x509.ExtensionType)


_LOADING = threading.Lock()
"""Filters of warnings are the whole process's."""


class PathError(ValueError):
    """A certificate, or the way from it to a root, does not hold."""


@lru_cache(maxsize=4096)
def load_certificate(der: bytes) -> x509.Certificate:
    """Return the certificate in ``der``, all of which can be read and is understood.

    Raises:
        PathError: it is none.
    """
    try:
        with _LOADING, warnings.catch_warnings():
            # What the parser only warns of is malformed all the same.
            warnings.simplefilter("error")
            certificate, critical = _read(der)
    except Exception as error:
        raise PathError(f"a certificate cannot be read: {error}") from error
    if certificate.version is not x509.Version.v3:
        raise PathError("a certificate is not of X.509 version 3")
    unknown = sorted(oid.dotted_string for oid in critical - _UNDERSTOOD)
    if unknown:
        raise PathError(f"a certificate has critical extensions that are not understood: {unknown}")
    return certificate


def _read(der: bytes) -> tuple[x509.Certificate, set[x509.ObjectIdentifier]]:
    """Read all of a certificate now: the parser is lazy, and would fail in the midst of something later."""
    certificate = x509.load_der_x509_certificate(der)
    critical = {one.oid for one in certificate.extensions if one.critical}
    if certificate.public_bytes(serialization.Encoding.DER) != der:
        raise ValueError("it is not in its one canonical form")
    _ = (
        certificate.issuer.rfc4514_string(),
        certificate.subject.rfc4514_string(),
        certificate.serial_number,
        certificate.public_key(),
        certificate.not_valid_before_utc,
        certificate.not_valid_after_utc,
        certificate.signature_algorithm_oid,
    )
    return certificate, critical


def path_of(leaf: x509.Certificate, chain: Sequence[bytes]) -> tuple[x509.Certificate, ...]:
    """Return the certificates of ``chain`` (DER, root last) that stand above ``leaf``, the issuer first.

    Empty when none of them issued it. The signatures among them are verified, and once only.

    Raises:
        PathError: the chain itself does not hold.
    """
    if all(load_certificate(der).subject != leaf.issuer for der in chain):
        return ()
    authorities = _authorities(tuple(chain))
    for number, issuer in enumerate(authorities):
        if issued_by(leaf, issuer):
            return authorities[number:]
    return ()


def issued_by(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    """Return whether the key of ``issuer`` signed ``certificate``, under its name."""
    if certificate.issuer != issuer.subject:
        return False
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    named, own = _named_key(certificate), _own_key(issuer)
    return (named is None or own is None or named == own) and _strong(certificate)


def check_times(path: Iterable[x509.Certificate], moment: datetime, *, what: str) -> None:
    """Check that every certificate of ``path`` is valid at ``moment``.

    Raises:
        PathError: one is not.
    """
    for certificate in path:
        start, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
        if not start <= moment <= end:
            name = certificate.subject.rfc4514_string() or "the certificate that signed"
            raise PathError(
                f"{name} is valid from {start.isoformat()} to {end.isoformat()}, not at {what} {moment.isoformat()}"
            )


def check_purpose(path: Sequence[x509.Certificate], purpose: x509.ObjectIdentifier) -> None:
    """Check that the first certificate of ``path`` may sign for ``purpose`` and those above it may issue for it.

    Raises:
        PathError: one may not.
    """
    leaf, *authorities = path
    usage = extension_of(leaf, x509.KeyUsage)
    if usage is None or not usage.value.digital_signature:
        raise PathError("the certificate that signed is not for digital signatures")
    if usage.value.key_cert_sign or _is_authority(leaf):
        raise PathError("the certificate that signed is one of an authority")
    purposes = extension_of(leaf, x509.ExtendedKeyUsage)
    if purposes is None or purpose not in purposes.value:
        raise PathError(f"the certificate that signed is not for {_PURPOSES[purpose]}")
    for authority in authorities:
        allowed = extension_of(authority, x509.ExtendedKeyUsage)
        if allowed is not None and not {purpose, _ANY_PURPOSE} & set(allowed.value):
            raise PathError(f"an authority may not issue for {_PURPOSES[purpose]}")


_PURPOSES = {CODE_SIGNING: "signing code", TIME_STAMPING: "signing timestamps"}
_ANY_PURPOSE = ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE


@lru_cache(maxsize=256)
def _authorities(chain: tuple[bytes, ...]) -> tuple[x509.Certificate, ...]:
    """Return an authority's chain, read and verified: each issued by the next, each allowed to issue."""
    found = tuple(load_certificate(der) for der in chain)
    for depth, certificate in enumerate(found):
        _check_authority(certificate, depth)
    for certificate, issuer in pairwise(found):
        if not issued_by(certificate, issuer):
            raise PathError(
                f"{certificate.subject.rfc4514_string()} was not issued by {issuer.subject.rfc4514_string()}"
            )
    return found


def _check_authority(certificate: x509.Certificate, depth: int) -> None:
    name = certificate.subject.rfc4514_string()
    if not _is_authority(certificate):
        raise PathError(f"{name} is no authority")
    constraints = extension_of(certificate, x509.BasicConstraints)
    most = constraints.value.path_length if constraints else None
    if most is not None and most < depth:
        raise PathError(f"{name} may have {most} authorities below it, not {depth}")
    usage = extension_of(certificate, x509.KeyUsage)
    if usage is not None and not usage.value.key_cert_sign:
        raise PathError(f"{name} may not sign certificates")
    if extension_of(certificate, x509.NameConstraints) is not None:
        raise PathError(f"{name} constrains names, which is not understood here")
    if not _accepted_key(certificate.public_key()):
        raise PathError(f"{name} has a key of a kind that is not accepted")


def _is_authority(certificate: x509.Certificate) -> bool:
    constraints = extension_of(certificate, x509.BasicConstraints)
    return constraints is not None and constraints.value.ca


def _accepted_key(key: object) -> bool:
    if isinstance(key, rsa.RSAPublicKey):
        return key.key_size >= _LEAST_RSA
    return isinstance(key, ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey)


def _strong(certificate: x509.Certificate) -> bool:
    """Refuse signatures over a digest that can be forged; Ed25519 names none."""
    algorithm = certificate.signature_hash_algorithm
    return algorithm is None or algorithm.name in _STRONG


def _own_key(certificate: x509.Certificate) -> bytes | None:
    found = extension_of(certificate, x509.SubjectKeyIdentifier)
    return found.value.digest if found else None


def _named_key(certificate: x509.Certificate) -> bytes | None:
    found = extension_of(certificate, x509.AuthorityKeyIdentifier)
    return found.value.key_identifier if found else None


def extension_of(certificate: x509.Certificate, kind: type[Kind]) -> x509.Extension[Kind] | None:
    """Return the extension of ``kind``, or None where there is none."""
    try:
        return certificate.extensions.get_extension_for_class(kind)
    except x509.ExtensionNotFound:
        return None
