"""Signed timestamps (RFC 3161): when a signature existed, by the word of an authority that the trusted root lists.

A certificate lives ten minutes; whether it was valid when it signed is known from a timestamp over the signature alone.
Every timestamp in a bundle must hold: one that does not is a sign that somebody put it there.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from cryptography import x509
from rfc3161_client import (
    TimeStampResponse,
    VerificationError,
    VerifierBuilder,
    decode_timestamp_response,
)

from shipseal._internal.clock import rfc3339
from shipseal.attest.rejections import unreadable, untrusted
from shipseal.attest.timestamp_form import signer_in
from shipseal.attest.trust_root import Authority
from shipseal.attest.x509_path import (
    TIME_STAMPING,
    PathError,
    check_purpose,
    check_times,
    extension_of,
    load_certificate,
    path_of,
)

_GRANTED = 0
_INTEGER = 2
_HASHES = {
    "2.16.840.1.101.3.4.2.1": hashlib.sha256,
    "2.16.840.1.101.3.4.2.2": hashlib.sha384,
    "2.16.840.1.101.3.4.2.3": hashlib.sha512,
}


@dataclass(frozen=True, slots=True)
class Stamped:
    """The word of an authority for a time.

    Attributes:
        moment: when the signature existed.
        authority: whose word that is, by name.
    """

    moment: datetime
    authority: str

    def __str__(self) -> str:
        """Return it in one line, for people."""
        return f"{rfc3339(self.moment)} by {self.authority}"


def signed_times(
    timestamps: Sequence[bytes], signature: bytes, authorities: Sequence[Authority]
) -> tuple[Stamped, ...]:
    """Return when each of ``timestamps`` says that ``signature`` existed, and by whose word.

    Args:
        timestamps: RFC 3161 responses, DER.
        signature: what they must be over.
        authorities: who may have signed them.

    Raises:
        RejectedError: unreadable; untrusted, when one of them does not hold.
    """
    return tuple(_signed_time(der, signature, authorities) for der in timestamps)


def _signed_time(der: bytes, signature: bytes, authorities: Sequence[Authority]) -> Stamped:
    try:
        token = _read(der)
    except Exception as error:
        raise unreadable(f"its timestamp cannot be read: {error}") from error
    if token.imprint != _HASHES[token.algorithm](signature).digest():
        raise untrusted("its timestamp is over another signature")
    problems = [_problem(token, signature, authority) for authority in authorities]
    if "" in problems:
        return Stamped(token.moment, authorities[problems.index("")].name)
    known = "; ".join(sorted(set(problems))) or "the trusted root lists no timestamp authority"
    raise untrusted(f"its timestamp is by no authority of the trusted root: {known}")


@dataclass(frozen=True, slots=True)
class _Token:
    """A response as it was read."""

    response: TimeStampResponse
    moment: datetime
    algorithm: str
    imprint: bytes
    signer: bytes
    certificates: frozenset[bytes]


def _read(der: bytes) -> _Token:
    """Read all that is looked at now: the parser is lazy, and would fail in the midst of something later."""
    response = decode_timestamp_response(der)
    if response.status != _GRANTED:
        raise ValueError(f"the authority answered with status {response.status}")
    # What a second parser could read in another way, and what the signature is not over.
    if response.as_bytes() != der:
        raise ValueError("it is not in its one canonical form")
    imprint = response.tst_info.message_imprint
    algorithm = imprint.hash_algorithm.dotted_string
    if algorithm not in _HASHES:
        raise ValueError(f"its hash is {algorithm}")
    return _Token(
        response=response,
        moment=response.tst_info.gen_time,
        algorithm=algorithm,
        imprint=imprint.message,
        signer=signer_in(der),
        certificates=frozenset(response.signed_data.certificates),
    )


def _problem(token: _Token, signature: bytes, authority: Authority) -> str:
    """Return why ``authority`` did not sign it; empty when it did."""
    try:
        path = _path(authority)
        _check_signer(token, path[0], authority)
        check_times(path, token.moment, what="the time that it states,")
        _check_signature(token.response, signature, path)
    except PathError as error:
        return f"{authority.name}: {error}"
    except (VerificationError, ValueError):
        return f"{authority.name}: it is not signed by it"
    if not authority.window.covers(token.moment):
        return (
            f"{authority.name}: trusted for {authority.window}, not for {token.moment.isoformat()}"
        )
    return ""


@lru_cache(maxsize=64)
def _path(authority: Authority) -> tuple[x509.Certificate, ...]:
    leaf = load_certificate(authority.chain[0])
    above = path_of(leaf, authority.chain[1:])
    if not above:
        raise PathError("the trusted root lists no authority above the one that signs timestamps")
    path = (leaf, *above)
    check_purpose(path, TIME_STAMPING)
    purposes = extension_of(leaf, x509.ExtendedKeyUsage)
    # RFC 3161, section 2.3: this purpose alone, and critical.
    if purposes is None or not purposes.critical or len(purposes.value) != 1:
        raise PathError("the certificate that signs timestamps is for other things too")
    return path


def _check_signer(token: _Token, leaf: x509.Certificate, authority: Authority) -> None:
    serial = leaf.serial_number
    number = serial.to_bytes(serial.bit_length() // 8 + 1, "big")
    if token.signer != leaf.issuer.public_bytes() + bytes((_INTEGER, len(number))) + number:
        raise PathError("it names another signer")
    # What a token carries besides is signed by nobody.
    if not token.certificates <= set(authority.chain):
        raise PathError("it carries a certificate that is not the authority's")


def _check_signature(
    response: TimeStampResponse, signature: bytes, path: Sequence[x509.Certificate]
) -> None:
    builder = VerifierBuilder().tsa_certificate(path[0]).add_root_certificate(path[-1])
    for certificate in path[1:-1]:
        builder = builder.add_intermediate_certificate(certificate)
    builder.build().verify_message(response, signature)
