"""A certificate that signed: who issued it, who it says signed, and whether a certificate log has seen it.

All of this holds or fails whatever the certificate signed, so it is looked at once for each certificate.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from cryptography import x509

from shipseal.attest.rejections import unreadable, untrusted
from shipseal.attest.requirement import Requirement, requirement_of
from shipseal.attest.sct import check_sct
from shipseal.attest.signer_facts import SignerFacts, signer_facts
from shipseal.attest.signing_keys import Scheme, scheme_of
from shipseal.attest.trust_root import Authority, Instance, TrustRoot
from shipseal.attest.x509_path import (
    CODE_SIGNING,
    PathError,
    check_purpose,
    load_certificate,
    path_of,
)


@dataclass(frozen=True, slots=True)
class Certified:
    """A certificate of an instance.

    Attributes:
        der: the certificate.
        key: its public key.
        scheme: how that signs.
        facts: who it says signed.
        instance: who issued it.
        authority: the part of the instance that did.
        path: certificate, issuer, …, root.
        required: what a bundle with it must carry.
        seen: when a certificate log saw it; None where none need have.
    """

    der: bytes
    key: object
    scheme: Scheme
    facts: SignerFacts
    instance: Instance
    authority: Authority
    path: tuple[x509.Certificate, ...]
    required: Requirement
    seen: datetime | None


def certified_by(der: bytes, root: TrustRoot) -> tuple[Certified, ...]:
    """Return the certificate as each instance of ``root`` that issued it sees it; at least one.

    Raises:
        RejectedError: unreadable; untrusted: no instance issued it, or it is not for signing code.
    """
    leaf = _load(der)
    found = tuple(_issuers(leaf, root))
    if not found:
        issuer = leaf.issuer.rfc4514_string() or "nobody with a name"
        listed = {one.name for instance in root.instances for one in instance.authorities}
        raise untrusted(
            f"its certificate was issued by {issuer}, whom the trusted root does not list",
            expected=" or ".join(sorted(listed)),
            got=issuer,
            hint="name the trusted root of that instance with --trusted-root, if you trust it",
        )
    return tuple(_certified(der, instance, authority) for instance, authority in found)


def _issuers(leaf: x509.Certificate, root: TrustRoot) -> Iterator[tuple[Instance, Authority]]:
    for instance in root.instances:
        for authority in instance.authorities:
            if _path(leaf, authority):
                yield instance, authority


@lru_cache(maxsize=1024)
def _path(leaf: x509.Certificate, authority: Authority) -> tuple[x509.Certificate, ...]:
    try:
        above = path_of(leaf, authority.chain)
    except PathError as error:
        raise untrusted(
            f"the trusted root's authority {authority.name} does not hold: {error}"
        ) from error
    return (leaf, *above) if above else ()


@lru_cache(maxsize=1024)
def _certified(der: bytes, instance: Instance, authority: Authority) -> Certified:
    leaf = _load(der)
    path = _path(leaf, authority)
    try:
        check_purpose(path, CODE_SIGNING)
    except PathError as error:
        raise untrusted(str(error)) from error
    key = leaf.public_key()
    scheme = scheme_of(key)
    if scheme is None or not scheme.hash_name:
        raise untrusted("its certificate has a key of a kind that is not accepted")
    required = requirement_of(leaf, instance)
    seen = check_sct(leaf, path[1], instance.ct_logs) if required.sct else None
    return Certified(
        der=der,
        key=key,
        scheme=scheme,
        facts=signer_facts(leaf),
        instance=instance,
        authority=authority,
        path=path,
        required=required,
        seen=seen,
    )


def _load(der: bytes) -> x509.Certificate:
    try:
        return load_certificate(der)
    except PathError as error:
        raise unreadable(str(error)) from error
