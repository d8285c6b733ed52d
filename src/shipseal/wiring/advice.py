"""How to be rid of a finding, with the order of versions of each ecosystem."""

from shipseal.advisories.ordering import compare_versions
from shipseal.scan import fix_advice
from shipseal.scan.interface import Finding, FixAdvice


def advise(finding: Finding) -> FixAdvice:
    """Return what to do about ``finding``."""
    return fix_advice.advise(finding, compare_versions)
