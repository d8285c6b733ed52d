"""What a consumer requires of an image, as values. Who is trusted is a :class:`~shipseal.attest.interface.Trust`."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from shipseal.attest.interface import Trust
from shipseal.errors import Code, ConfigError
from shipseal.intoto.predicates import REQUIRED, Family
from shipseal.intoto.summary import VERIFIER_ID
from shipseal.oci import Digest, Platform


class TargetRule(StrEnum):
    """Where evidence must lie when an image lies at several targets."""

    ANY = "any"
    ALL = "all"


class SubjectRule(StrEnum):
    """What of an image must carry evidence of its own."""

    ALL = "all"
    INDEX = "index"


@dataclass(frozen=True, slots=True)
class VerifyPolicy:
    """What must be there, for the index and for each platform.

    Attributes:
        require: families of evidence; default: all four.
        platforms: which platforms must be there and are verified; None for all that the image has.
        subjects: ``all``: the index and each platform; ``index``: it alone, which is what cosign and GitHub's action
            attest. An image without an index is one manifest either way.
        scan_max_age: how long ago a scan may have ended; None for any age.
        targets: ``any`` for a consumer: evidence is signed and found by digest, so it may lie at any of the targets.
            ``all`` for a release: every target must hold all of it.
        seal_verifiers: whose seals count.
        seal_policies: digests of the policies whose seals count; empty for every policy.
        accept_break_glass: whether an image counts that was published in spite of its gate, while that record lasts.
    """

    require: tuple[Family, ...] = REQUIRED
    platforms: tuple[Platform, ...] | None = None
    subjects: SubjectRule = SubjectRule.ALL
    scan_max_age: timedelta | None = None
    targets: TargetRule = TargetRule.ANY
    seal_verifiers: frozenset[str] = frozenset({VERIFIER_ID})
    seal_policies: frozenset[Digest] = frozenset()
    accept_break_glass: bool = True

    @property
    def scan_age(self) -> str:
        """How old a scan may be, as a policy states it: ``30d``."""
        seconds = int(self.scan_max_age.total_seconds()) if self.scan_max_age is not None else 0
        units = (("d", 86_400), ("h", 3_600), ("m", 60))
        whole = next((one for one in units if seconds and seconds % one[1] == 0), ("s", 1))
        return f"{seconds // whole[1]}{whole[0]}"


def check_policy(policy: VerifyPolicy, trust: Trust) -> None:
    """Refuse a policy that everything would pass.

    Raises:
        ConfigError: ``policy.empty``.
    """
    empty = next((what for what, filled in _parts(policy, trust) if not filled), None)
    if empty:
        raise ConfigError(
            f"verification policy: {empty}",
            hint="a policy names who is trusted and what is required; see docs/verification.md",
            code=Code.POLICY_EMPTY,
        )


def _parts(policy: VerifyPolicy, trust: Trust) -> tuple[tuple[str, bool], ...]:
    return (
        ("nobody is trusted", bool(trust.accepts)),
        ("nothing is required", bool(policy.require)),
        ("no platform is required", policy.platforms is None or bool(policy.platforms)),
        (
            "a seal is required of no verifier",
            Family.SEAL not in policy.require or bool(policy.seal_verifiers),
        ),
    )
