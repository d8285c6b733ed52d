"""Which ignores have force: conditions for their removal, statements of others, and why something has no effect."""

import json
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from shipseal.checks import Outcome
from shipseal.gate.decision import decide, explain
from shipseal.gate.policy import GatePolicy
from shipseal.gate.report import GateReport
from shipseal.gate.summary import summarize
from shipseal.ignores.justification import IgnoreTerms, Unjustified
from shipseal.ignores.read import read_ignores
from shipseal.ignores.vex.document import ImageNames, Statements, VexDocument
from shipseal.ignores.vex.read import read_vex
from shipseal.scan.interface import Finding, FixState, Severity
from shipseal.wiring.orders import compare_packages
from tests.support.scanning import AMD64, ARM64, finding, scan_report
from tests.support.schemas import check_shape

NOW = datetime(2026, 1, 12, tzinfo=UTC)
DIGEST = "sha256:" + "a" * 64
IMAGE = ImageNames(("ghcr.io/org/app",), (DIGEST,))
CVE = "CVE-2026-0001"
WHY = "impact: none, component: c, tracking: 'https://example.org/1', issue: '#2', description: d, owner: anna"


def openssl(version: str, *fixed: str, name: str = "openssl", **members: Any) -> Finding:
    return finding(
        CVE,
        Severity.CRITICAL,
        name=name,
        version=version,
        type="deb",
        fix_state=FixState.FIXED if fixed else FixState.NOT_FIXED,
        fix_versions=fixed,
        **members,
    )


def judged(
    *findings: Finding,
    until: str = "",
    rules: str = "",
    vex: Statements | None = None,
    terms: IgnoreTerms | None = None,
) -> GateReport:
    text = rules or f"ignore:\n- {{vulnerability: {CVE}, remove-when: '{until}', {WHY}}}\n"
    policy = GatePolicy(ignores=terms or IgnoreTerms())
    return decide(
        [scan_report(*findings)],
        policy,
        read_ignores(text, name=".grype.yaml").rules,
        now=NOW,
        vex=vex,
        compare=compare_packages,
    )


@pytest.mark.parametrize(
    ("until", "found", "met"),
    [
        ("fixed in openssl >= 3.0.12", openssl("3.0.11"), ""),
        ("fixed in openssl >= 3.0.12", openssl("3.0.11", "3.0.11+really3.0.10"), ""),
        ("fixed in openssl >= 3.0.12", openssl("3.0.11", "3.0.12"), "is fixed in openssl 3.0.12"),
        ("fixed in openssl 3.0.12", openssl("3.0.11", "3.0.13-1"), "is fixed in openssl 3.0.13-1"),
        ("openssl >= 3.0.12", openssl("3.0.12-1"), "openssl 3.0.12-1 is installed"),
        ("openssl > 3.0.12", openssl("3.0.12"), ""),
        ("openssl >= 3.0.12", openssl("3.0.11", "9", name="libother"), ""),
        ("a fix is available", openssl("3.0.11"), ""),
        ("a fix is available", openssl("3.0.11", "3.0.12"), "is fixed in openssl 3.0.12"),
        ("openssl 3.0.12 or newer is in the image", openssl("3.0.11", "3.0.12"), ""),
        ("openssl 3.0.12 or newer is in the image", openssl("3.0.13"), "3.0.13 is installed"),
        ("openssl >= 3.0.12 is in the base image", openssl("3.0.11", "3.0.12"), ""),
        ("openssl >= 3.0.12 is in the base image", openssl("3.0.13"), "3.0.13 is installed"),
        ("openssl >= 3.0.12 is installed", openssl("3.0.11", "3.0.12"), ""),
        ("after 2026-01-11", openssl("3.0.11"), "2026-01-11 is over"),
        ("after 2026-01-12", openssl("3.0.11"), ""),
        ("somebody has looked at it", openssl("3.0.11", "3.0.12"), ""),
    ],
)
def test_an_ignore_lasts_until_what_it_waits_for(until: str, found: Finding, met: str) -> None:
    report = judged(found, until=until)
    assert report.outcome is (Outcome.FAIL if met else Outcome.PASS)
    if not met:
        assert not report.met
        return
    (over,) = report.met
    assert met in over.why
    assert over.ignores is False
    assert report.in_force == ()
    for text in ("the ignore in line 2 is over", until, met, "owner anna"):
        assert text in report.summary
        assert text in report.verdicts[0].rule


def test_a_condition_that_is_met_may_be_told_alone() -> None:
    terms = IgnoreTerms(condition_met=Unjustified.WARN)
    report = judged(openssl("1", "2"), until="a fix is available", terms=terms)
    assert report.outcome is Outcome.PASS
    assert len(report.in_force) == 1
    assert report.met[0].ignores
    assert "it counts (ignores.condition_met: warn)" in report.notes[-1]


def test_one_fixed_package_ends_the_rule_for_all() -> None:
    report = judged(openssl("1", "2"), openssl("1", name="libssl"), until="a fix is available")
    assert [str(one.status) for one in report.verdicts] == ["fail", "fail"]
    assert report.met[0].findings == 2


def test_an_explanation_tells_what_a_rule_waited_for() -> None:
    report = judged(openssl("1", "2"), until="a fix is available")
    ((first, *_), *_) = explain(report)
    assert first.key == "ignores"
    assert "is over (a fix is available)" in first.text


def vendor(*statements: dict[str, Any], **members: Any) -> Statements:
    document = {
        "@context": "https://openvex.dev/ns/v0.2.0",
        "@id": "https://example.org/vex/1",
        "author": "Vendor",
        "timestamp": "2026-01-01T00:00:00Z",
        "statements": list(statements),
    }
    read = read_vex(json.dumps(document).encode(), what="vendor.json")
    signed = VexDocument(
        read.id, read.author, read.made, read.statements, "vendor.json", "key 1", DIGEST, **members
    )
    return Statements((signed,), IMAGE)


def says(product: str, *, status: str = "not_affected", cve: str = CVE) -> dict[str, Any]:
    return {
        "vulnerability": {"name": cve},
        "products": [{"@id": product}],
        "status": status,
        "justification": "vulnerable_code_not_present",
        "impact_statement": "the code is not built in",
    }


NOTHING = "ignore: []\n"
PURL = "pkg:deb/debian/openssl@1"


def test_a_statement_of_somebody_else_is_named_in_every_place() -> None:
    found = openssl("1", purl=PURL)
    report = judged(found, rules=NOTHING, vex=vendor(says(PURL)))
    assert report.outcome is Outcome.PASS
    document = report.to_json()
    check_shape(msgspec.to_builtins(document), "gate-report")
    assert document["vex"] == [
        {
            "source": "vendor.json",
            "id": "https://example.org/vex/1",
            "author": "Vendor",
            "signer": "key 1",
            "digest": DIGEST,
            "statements": 1,
        }
    ]
    item: Any = document["findings"]
    (ignored,) = item[0]["ignoredBy"]
    assert ignored["vex"]["signer"] == "key 1"
    assert ignored["vex"]["author"] == ignored["owner"] == "Vendor"
    assert ignored["reason"] == "the code is not built in"
    assert "VEX of key 1: CVE-2026-0001: not_affected" in item[0]["rule"]
    assert "the code is not built in" in item[0]["rule"]
    (row,) = summarize(report).ignores
    assert (row.findings, row.owner, row.reason) == (1, "Vendor", "the code is not built in")
    ((step,),) = explain(report)
    assert step.text.startswith("ignored by VEX of key 1")


@pytest.mark.parametrize(
    ("statement", "cause"),
    [
        (says("pkg:deb/debian/openssl@2"), "other-version"),
        (says("pkg:deb/ubuntu/openssl@1"), "other-package"),
        (says("pkg:deb/debian/openssl@1?arch=arm64"), "other-qualifier"),
        (says("pkg:oci/app@sha256%3A" + "b" * 64), "other-digest"),
        (says("pkg:oci/app?repository_url=index.docker.io/library/app"), "other-image"),
        (says("openssl"), "other-image"),
        (says(PURL, cve="CVE-1"), "not-found"),
        (says(PURL, status="affected"), "status"),
        (says(PURL, status="under_investigation"), "status"),
        ({"vulnerability": CVE, "status": "fixed"}, "no-product"),
    ],
)
def test_a_statement_without_effect_says_why(statement: dict[str, Any], cause: str) -> None:
    found = openssl("1", purl="pkg:deb/debian/openssl@1?arch=amd64")
    report = judged(found, rules=NOTHING, vex=vendor(statement))
    assert report.outcome is Outcome.FAIL
    (one,) = report.without_effect
    assert one.cause == cause
    assert one.why
    assert one.text.startswith("VEX https://example.org/vex/1: ")
    check_shape(msgspec.to_builtins(report.to_json()), "gate-report")


def test_docker_hub_s_names_are_told_as_they_are_compared() -> None:
    where = "index.docker.io/library/app"
    vex = vendor(says(f"pkg:oci/app?repository_url={where}"))
    (one,) = judged(openssl("1", purl=PURL), rules=NOTHING, vex=vex).without_effect
    assert f"{where} (docker.io/library/app) is not where the image is: ghcr.io/org/app" in one.why


def test_what_is_signed_for_another_image_alone_has_no_effect() -> None:
    other = "sha256:" + "c" * 64
    vex = vendor(says(PURL), signed_for=(other,))
    report = judged(openssl("1", purl=PURL), rules=NOTHING, vex=vex)
    assert report.without_effect[0].cause == "signed-for-another"
    assert other in report.without_effect[0].why
    same = vendor(says(PURL), signed_for=(DIGEST, other))
    assert judged(openssl("1", purl=PURL), rules=NOTHING, vex=same).outcome is Outcome.PASS


@pytest.mark.parametrize(
    ("rule", "cause"),
    [
        ("vulnerability: CVE-2026-9999", "not-found"),
        ("vulnerability: GHSA-1", "other-id"),
        (f"vulnerability: {CVE}, package: {{version: '2'}}", "other-version"),
        (f"vulnerability: {CVE}, package: {{name: libssl}}", "other-package"),
        (f"vulnerability: {CVE}, fix-state: wont-fix", "other-condition"),
    ],
)
def test_an_ignore_without_effect_says_why(rule: str, cause: str) -> None:
    text = f"ignore:\n- {{{rule}, remove-when: never, {WHY}}}\n"
    (one,) = judged(openssl("1", aliases=("GHSA-1",)), rules=text).without_effect
    assert (one.cause, one.line, one.owner) == (cause, 2, "anna")
    assert one.text.startswith("the ignore in line 2: ")


def test_without_findings_every_ignore_is_idle() -> None:
    (one,) = judged(until="never").without_effect
    assert one.cause == "nothing-found"


def test_an_ignore_without_effect_keeps_its_reason_and_its_end() -> None:
    text = f"ignore:\n- {{vulnerability: {CVE}, reason: unused, expires: 2026-01-31, {WHY}}}\n"
    (row,) = summarize(judged(rules=text)).ignores
    assert (row.reason, row.owner, row.until) == ("unused", "anna", "2026-02-01T00:00:00Z")
    assert row.problem.startswith("no effect: ")


def test_every_platform_counts_for_a_condition() -> None:
    rules = read_ignores(
        f"ignore:\n- {{vulnerability: {CVE}, remove-when: a fix is available, {WHY}}}\n", name="x"
    ).rules
    reports = [
        scan_report(openssl("1"), platform=AMD64),
        scan_report(openssl("1", "2"), platform=ARM64),
    ]
    report = decide(reports, GatePolicy(), rules, now=NOW, compare=compare_packages)
    assert report.outcome is Outcome.FAIL
    assert [str(one.status) for one in report.verdicts] == ["fail", "fail"]
