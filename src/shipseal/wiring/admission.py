"""From ``verify:`` to what a cluster's admission controller is told."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from shipseal.attest.identity import Identity
from shipseal.attest.key_files import read_public_keys
from shipseal.attest.trust_root import Instance, TrustRoot
from shipseal.config.sections import Verify
from shipseal.errors import Code, ConfigError
from shipseal.intoto.predicates import Family
from shipseal.verify.admission.interface import (
    AdmissionIdentity,
    AdmissionPolicy,
    AdmissionRoot,
)
from shipseal.wiring.identities import identities_of
from shipseal.wiring.identity_subjects import issuer_words, subject_words, unsaid_fields
from shipseal.wiring.root_repository import root_repository


@dataclass(frozen=True, slots=True)
class AdmissionWish:
    """What is to be written out.

    Attributes:
        section: ``verify:``.
        file: where it stands, for messages.
        keys: files with public keys.
        root: the private instance's trusted root; None for the public one.
        images: globs; at least one.
        name: of the resource.
    """

    section: Verify
    file: str
    keys: Sequence[Path]
    root: TrustRoot | None
    images: tuple[str, ...]
    name: str


def admission_policy(wish: AdmissionWish) -> AdmissionPolicy:
    """Return the policy in the values that controllers know.

    Raises:
        ConfigError: ``policy.empty``: it trusts nobody, or nobody whom a controller could tell from strangers.
    """
    named = identities_of(wish.section, wish.file)
    identities, unsaid = _identities(named)
    keys = tuple(key.pem().decode() for key in read_public_keys(wish.keys))
    if not identities and not keys:
        raise ConfigError(
            f"{wish.file}: nobody whom the policy trusts can be named to a controller",
            hint="controllers look at issuer and subject alone: name a repository, a workflow, a signer or a subject, "
            "or keys",
            code=Code.POLICY_EMPTY,
        )
    return AdmissionPolicy(
        name=wish.name,
        images=wish.images,
        keys=keys,
        identities=identities,
        require=tuple(map(Family, wish.section.require)),
        roots=tuple(map(_root, wish.root.instances)) if wish.root else (),
        left_out=(*unsaid, *_left_out(wish.section)),
    )


def _identities(named: Iterable[Identity]) -> tuple[tuple[AdmissionIdentity, ...], list[str]]:
    found, unsaid = [], []
    for number, identity in enumerate(named):
        issuer, subject = issuer_words(identity), subject_words(identity)
        at = f"verify.identities[{number}]"
        if issuer is None or subject is None:
            unsaid.append(
                f"{at}: all of it: issuer and subject, which controllers look at, do not tell who it is"
            )
            continue
        found.append(AdmissionIdentity(issuer, subject))
        unsaid += [f"{at}.{field}: {reason}" for field, reason in unsaid_fields(identity)]
    return tuple(found), unsaid


def _left_out(section: Verify) -> Iterator[str]:
    required = set(section.require)
    if "seal" in required:
        yield "the seal: that it names the other evidence by digest, its verifier, and the policy that it was made by"
    if "sbom" in required:
        yield "the SBOM: that its own subject is the image; other spellings of its predicate type than shipseal's"
    if "scan" in required:
        yield "the scan: that it is about this SBOM, and that its gate let the image pass, which only the seal says"
    if section.scan_max_age is not None:
        yield "verify.scan_max_age: the age of the scan"
    if section.break_glass == "refuse":
        yield "verify.break_glass: images that were published in spite of their gate are let in"
    if section.platforms:
        yield "verify.platforms: which platforms must be covered"


def _root(instance: Instance) -> AdmissionRoot:
    return AdmissionRoot(
        document=instance.raw.decode(),
        repository=root_repository(instance.raw),
        log=bool(instance.logs),
        ct_log=bool(instance.ct_logs),
        stamps=bool(instance.timestamp_authorities),
    )
