"""What a scan and its gate come to, as facts for a signed statement."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from shipseal.checks import Status
from shipseal.gate.facts import ignore_facts
from shipseal.gate.report import GateReport
from shipseal.gate.verdicts import FindingVerdict, group
from shipseal.intoto.vuln import FindingFacts, GateFacts, ScanFacts
from shipseal.oci import Platform
from shipseal.report.vuln import finding_facts, scan_facts
from shipseal.scan.interface import ScanReport


@dataclass(frozen=True, slots=True)
class ScanTeller:
    """Tells what scans of one release came to.

    Attributes:
        gate: the decision over all platforms.
        release: id of the release, so that a statement can be told from another release's.
        accepted: by platform, why its catalogue may not be whole; it was accepted, or nothing would be told.
    """

    gate: GateReport
    release: str
    accepted: Mapping[str, Sequence[str]]

    def facts(self, reports: Sequence[ScanReport]) -> ScanFacts:
        """Return the facts of one platform's scan, or of all together for the index."""
        return _facts(reports, self)


def _facts(reports: Sequence[ScanReport], teller: ScanTeller) -> ScanFacts:
    gate = teller.gate
    platforms = {report.platform for report in reports}
    verdicts = [verdict for verdict in gate.verdicts if verdict.platform in platforms]
    return scan_facts(
        reports,
        gate=_gate(gate),
        counts=_counts(gate, platforms),
        findings=tuple(_findings(verdicts)),
        ignores=ignore_facts(gate.in_force, verdicts),
        accepted=[
            f"{report.platform}: {reason}"
            for report in reports
            for reason in teller.accepted.get(str(report.platform), ())
        ],
        event_id=teller.release,
    )


def _gate(gate: GateReport) -> GateFacts:
    policy = gate.policy
    limit = "none" if policy.fail_on is None else str(policy.fail_on)
    rules = () if policy.is_plain else policy.sentences()
    return GateFacts(str(gate.outcome), limit, gate.reasons, rules)


def _counts(gate: GateReport, platforms: Iterable[Platform]) -> dict[str, int]:
    total: Counter[str] = Counter()
    for platform in platforms:
        total.update({str(key): count for key, count in gate.counts(platform).items()})
    return dict(total)


def _findings(verdicts: Sequence[FindingVerdict]) -> Iterable[FindingFacts]:
    for item in group(verdicts):
        ignored = item.verdict.status is Status.IGNORED
        yield finding_facts(item.verdict.finding, item.platforms, ignored=ignored)
