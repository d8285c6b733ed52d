"""Why a rule or a statement takes nothing out, in words for programs; the sentence for people stands beside each."""

from collections.abc import Iterable
from enum import StrEnum


class Cause(StrEnum):
    """Why something has no effect, the nearest miss first."""

    STATUS = "status"  # affected and under_investigation take nothing out
    LATER = "later-statement"
    UNASKED = "not-asked-for"  # no rule with vex-status asks for it
    VERSION = "other-version"
    QUALIFIER = "other-qualifier"
    ALIAS = "other-id"  # the same vulnerability by another id, and the rule does not look at those
    CONDITION = "other-condition"
    DIGEST = "other-digest"
    IMAGE = "other-image"  # also by another name of a registry: Docker Hub's are one
    PACKAGE = "other-package"
    IDENTIFIER = "no-package-url"
    PRODUCT = "no-product"
    SIGNED_FOR = "signed-for-another"
    VULNERABILITY = "not-found"
    NOTHING = "nothing-found"


_ORDER = tuple(Cause)


def nearest_cause(causes: Iterable[Cause], default: Cause) -> Cause:
    """Return the cause that was nearest to an effect; ``default`` where there is none."""
    return min(causes, key=_ORDER.index, default=default)
