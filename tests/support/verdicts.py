"""Verdicts over sealed images of :mod:`tests.support.evidence`, and how they fail."""

from shipseal.attest.verify_bundle import KeyTrust
from shipseal.intoto.predicates import Family
from shipseal.oci import Image, digest_of
from shipseal.verify.decide import decide
from shipseal.verify.policy import VerifyPolicy
from shipseal.verify.verdict import ItemCheck, Standing, Verdict
from tests.support.evidence import (
    NOW,
    Recipe,
    as_collected,
    key,
    make_pieces,
)

POLICY = VerifyPolicy()
OTHER_DIGEST = digest_of(b"something else")


def trust(*numbers: int) -> KeyTrust:
    """Return trust in the keys of these numbers; default: the first one."""
    return KeyTrust(key(number).public for number in numbers or (0,))


def judge(
    image: Image, recipe: Recipe | None = None, policy: VerifyPolicy = POLICY, signer: int = 0
) -> Verdict:
    """Return the verdict over what a release by ``recipe`` says, signed with the key ``signer``."""
    collected = as_collected(image, make_pieces(image, key(signer), recipe))
    return decide(policy, [collected], trust(), now=NOW)


def failing(verdict: Verdict) -> set[tuple[str, Family, Standing]]:
    """Return platform, family and standing of what does not count."""
    return {(one.platform, one.family, one.standing) for one in verdict.failures()}


def one_failure(verdict: Verdict, family: Family, platform: str = "index") -> ItemCheck:
    """Return the failed check of a family for a platform."""
    return next(
        one for one in verdict.failures() if one.family is family and one.platform == platform
    )
