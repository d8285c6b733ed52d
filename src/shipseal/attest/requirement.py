"""What a bundle must carry, by the instance that issued its certificate, and never by what it happens to carry.

Whoever takes a log entry or a timestamp out of a bundle must not thereby lower what is asked of it. The organisation in
the issuer's name says which rules apply, as with gh; for all other instances the trusted root's own lists do.
"""

from dataclasses import dataclass

from cryptography import x509
from cryptography.x509.oid import NameOID

from shipseal.attest.trust_root import Instance

PUBLIC_GOOD = "sigstore.dev"
GITHUB = "GitHub, Inc."


@dataclass(frozen=True, slots=True)
class Requirement:
    """What stands behind a certificate of one instance.

    Attributes:
        instance: which one, for people.
        sct: whether a certificate log must have seen the certificate.
        log: whether a transparency log must hold the signature.
        timestamp: whether an authority must have signed the time; else the log's promise says it as well.
    """

    instance: str
    sct: bool
    log: bool
    timestamp: bool

    def __str__(self) -> str:
        parts = {
            "a certificate log": self.sct,
            "a transparency log": self.log,
            "a signed timestamp": self.timestamp,
        }
        asked = [name for name, wanted in parts.items() if wanted]
        if not self.timestamp:
            asked.append("a trusted time")
        return f"{self.instance}: {', '.join(asked)}"


def requirement_of(leaf: x509.Certificate, instance: Instance) -> Requirement:
    """Return what a bundle with ``leaf``, which ``instance`` issued, must carry."""
    return _requirement(leaf.issuer, instance)


def requirement_of_issuer(issuer: bytes, instance: Instance) -> Requirement:
    """Return what a bundle must carry whose certificate the authority ``issuer`` (DER) of ``instance`` issued."""
    return _requirement(x509.load_der_x509_certificate(issuer).subject, instance)


def _requirement(issuer: x509.Name, instance: Instance) -> Requirement:
    names = issuer.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
    organization = str(names[0].value) if len(names) == 1 else ""
    if organization == PUBLIC_GOOD:
        return Requirement(organization, sct=True, log=True, timestamp=False)
    if organization == GITHUB:
        return Requirement(organization, sct=False, log=False, timestamp=True)
    return Requirement(
        organization or "an instance without a name",
        sct=bool(instance.ct_logs),
        log=bool(instance.logs),
        timestamp=bool(instance.timestamp_authorities),
    )
