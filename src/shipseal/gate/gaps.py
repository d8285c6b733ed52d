"""What a scan leaves open, as far as a policy asks for it: no findings there means nothing."""

from shipseal.gate.policy import GatePolicy, KevRule
from shipseal.scan.interface import ScanReport


def gaps_of(report: ScanReport, policy: GatePolicy) -> tuple[str, ...]:
    """Return what was not looked at on one platform, or could not be by its data, as far as ``policy`` asks for it."""
    if not policy.refuses:
        return ()
    found = list(report.gaps)
    if policy.kev is KevRule.FAIL and report.database.kev is None:
        found.append("gate.kev: the data has no catalogue of known exploited vulnerabilities")
    if policy.epss_above is not None and report.database.epss is None:
        found.append("gate.epss_above: the data has no likelihoods of exploitation (EPSS)")
    return tuple(found)
