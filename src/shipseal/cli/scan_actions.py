"""What `shipseal scan` tells GitHub Actions: outputs, the step summary (S22), and marked lines for what blocks."""

import sys
from collections.abc import Mapping

from shipseal._internal.redact import redact
from shipseal.github.actions import ActionsEnvironment, Annotation
from shipseal.report.interface import FindingEntry, ScanOverview
from shipseal.report.scan_markdown import scan_markdown
from shipseal.report.text import printable
from shipseal.spdx.purl import slug
from shipseal.wiring.versions import later

# GitHub shows ten annotations of one kind for a step, and the error of the whole command is one of them.
_MOST = 9


def tell_actions(overview: ScanOverview, env: Mapping[str, str]) -> None:
    """Write outputs (``outcome``, ``code``, ``total``, ``critical``, ``high``, ``artifact``), summary and annotations.

    Args:
        overview: the scan.
        env: the environment; outside a job of GitHub Actions nothing happens.

    Raises:
        ShipsealError: a file of the runner cannot be written.
    """
    job = ActionsEnvironment.from_env(env)
    if not job.active:
        return
    for name, value in _outputs(overview).items():
        job.set_output(name, value)
    job.add_summary(scan_markdown(overview, later))
    for entry in [entry for entry in overview.entries if entry.blocks][:_MOST]:
        sys.stderr.write(_annotation(entry).render())


def _outputs(overview: ScanOverview) -> Mapping[str, str]:
    counts, gate = overview.counts(), overview.gate
    return {
        "outcome": gate.outcome if gate else "none",
        "code": gate.code if gate else "",
        "total": str(sum(counts.values())),
        "critical": str(counts.get("critical", 0)),
        "high": str(counts.get("high", 0)),
        "artifact": f"{_short_name(overview)}-scan-results",
    }


def _short_name(overview: ScanOverview) -> str:
    """Return the image's name without where it lies, or the SBOM's without what kind of file it is."""
    name = overview.subject.name.rpartition("/")[2]
    return slug(name.partition(".")[0] if overview.subject.kind == "sbom" else name)


def _annotation(entry: FindingEntry) -> Annotation:
    finding, package = entry.finding, entry.finding.package
    fixed = ", ".join(finding.fix_versions)
    fix = f"fixed in {fixed}" if fixed else str(finding.fix_state)
    lines = [f"{package.name} {package.version}: {fix}", entry.advice.text, entry.judgement.rule]
    title = f"{entry.cve or finding.id} ({finding.severity}) in {package.name}"
    return Annotation(
        "error" if entry.judgement.status == "fail" else "warning",
        redact("\n".join(printable(line) for line in lines if line)),
        printable(title, 200),
    )
