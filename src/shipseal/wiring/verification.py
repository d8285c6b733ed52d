"""What verification requires, from ``verify:``: the same for a release and for whoever asks about it later."""

from datetime import timedelta

from shipseal.config.sections import Verify
from shipseal.intoto.predicates import Family
from shipseal.oci import Platform
from shipseal.verify.policy import SubjectRule, TargetRule, VerifyPolicy


def verify_policy(section: Verify) -> VerifyPolicy:
    """Return the policy; who is trusted is not in it."""
    age = section.scan_max_age
    return VerifyPolicy(
        require=tuple(Family(name) for name in section.require),
        platforms=tuple(Platform.parse(name) for name in section.platforms) or None,
        subjects=SubjectRule(section.subjects),
        scan_max_age=None if age is None else timedelta(seconds=age),
        targets=TargetRule(section.targets),
        accept_break_glass=section.break_glass == "accept",
    )
