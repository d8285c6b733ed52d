"""The gate: which findings refuse, which leave it open, and which rule said so."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shipseal.checks import Outcome, Status
from shipseal.gate.decision import decide
from shipseal.gate.policy import GapRule, GatePolicy, UnknownRule
from shipseal.gate.report import GateReport
from shipseal.ignores.justification import IgnoreTerms, Part, Unjustified
from shipseal.ignores.read import read_ignores
from shipseal.ignores.rules import IgnoreRule
from shipseal.scan.interface import FixState, ScanReport, Severity
from tests.support.ignoring import WHY, why
from tests.support.scanning import AMD64, ARM64, finding, scan_report
from tests.support.schemas import check_shape

NOW = datetime(2026, 1, 12, tzinfo=UTC)


def gate(*reports: ScanReport, policy: GatePolicy | None = None, ignores: str = "") -> GateReport:
    rules = read_ignores(ignores, name=".grype.yaml").rules
    return decide(reports, policy or GatePolicy(), rules, now=NOW)


def outcome(severity: Severity, policy: GatePolicy, **members: Any) -> Outcome:
    return gate(scan_report(finding(severity=severity, **members)), policy=policy).outcome


@pytest.mark.parametrize("severity", list(Severity)[1:])
@pytest.mark.parametrize("fail_on", list(Severity)[1:])
def test_the_threshold_and_what_is_worse_refuses(severity: Severity, fail_on: Severity) -> None:
    expected = Outcome.FAIL if severity >= fail_on else Outcome.PASS
    assert outcome(severity, GatePolicy(fail_on=fail_on)) is expected


@pytest.mark.parametrize("severity", list(Severity))
def test_without_a_threshold_nothing_refuses(severity: Severity) -> None:
    assert outcome(severity, GatePolicy(fail_on=None)) is Outcome.PASS


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (UnknownRule.UNDECIDED, Outcome.UNDECIDED),
        (UnknownRule.FAIL, Outcome.FAIL),
        (UnknownRule.REPORT, Outcome.PASS),
    ],
)
def test_an_unknown_severity_follows_its_own_rule(rule: UnknownRule, expected: Outcome) -> None:
    report = gate(scan_report(finding(severity=Severity.UNKNOWN)), policy=GatePolicy(unknown=rule))
    assert report.outcome is expected
    assert report.verdicts[0].rule == f"gate.unknown: {rule}"
    assert report.counts(AMD64) == {Severity.UNKNOWN: 1}


def test_by_default_unknown_severities_are_shown_with_the_rule_that_lets_them_pass() -> None:
    report = gate(scan_report(finding(severity=Severity.UNKNOWN)))
    assert report.outcome is Outcome.PASS
    assert "1 of unknown severity (gate.unknown: report)" in report.summary
    assert "unknown severity: report" in report.policy.sentences()


def test_a_failure_weighs_more_than_what_is_undecided() -> None:
    both = scan_report(finding(severity=Severity.UNKNOWN), finding("B", Severity.CRITICAL))
    report = gate(both, policy=GatePolicy(unknown=UnknownRule.UNDECIDED))
    assert report.outcome is Outcome.FAIL
    assert len(report.reasons) == 2


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (FixState.FIXED, Outcome.FAIL),
        (FixState.NOT_FIXED, Outcome.PASS),
        (FixState.WONT_FIX, Outcome.PASS),
        (FixState.UNKNOWN, Outcome.PASS),
    ],
)
def test_only_what_can_be_fixed_refuses_where_that_is_asked_for(
    state: FixState, expected: Outcome
) -> None:
    assert outcome(Severity.CRITICAL, GatePolicy(fixable_only=True), fix_state=state) is expected


def test_nothing_scanned_is_nothing_decided() -> None:
    report = gate()
    assert report.outcome is Outcome.UNDECIDED
    assert report.summary == "the gate cannot decide: nothing was scanned"


def test_a_scan_without_findings_passes() -> None:
    report = gate(scan_report())
    assert report.outcome is Outcome.PASS
    assert (
        report.summary
        == "the gate passes: 0 finding(s) on 1 platform(s), none of them critical or worse"
    )


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        (GatePolicy(), Outcome.UNDECIDED),
        (GatePolicy(gaps=GapRule.REPORT), Outcome.PASS),
        (GatePolicy(fail_on=None), Outcome.PASS),
    ],
)
def test_packages_that_nobody_looked_up_do_not_pass(policy: GatePolicy, expected: Outcome) -> None:
    report = gate(
        scan_report(gaps=("9 package(s) of Debian:12 were not looked up",)), policy=policy
    )
    assert report.outcome is expected
    assert bool(report.reasons) is (expected is not Outcome.PASS)


def test_one_platform_is_enough_to_refuse() -> None:
    report = gate(scan_report(), scan_report(finding(severity=Severity.CRITICAL), platform=ARM64))
    assert report.outcome is Outcome.FAIL
    assert report.counts(AMD64) == {}
    assert report.counts(ARM64) == {Severity.CRITICAL: 1}


def test_the_summary_takes_platforms_together_and_names_the_fix() -> None:
    bad = finding(
        "CVE-2018-7750", Severity.CRITICAL, fix_versions=("2.4.1",), fix_state=FixState.FIXED
    )
    report = gate(scan_report(bad), scan_report(bad, platform=ARM64))
    assert report.summary == (
        "the gate refuses: CVE-2018-7750 (critical) in paramiko 2.4.0 on linux/amd64, linux/arm64, fixed in 2.4.1"
    )


def test_a_long_summary_is_cut() -> None:
    report = gate(scan_report(*(finding(f"CVE-{n}", Severity.CRITICAL) for n in range(9))))
    assert report.summary.endswith("; and 4 more")
    assert len(report.reasons) == 9


IGNORED = """\
ignore:
  - vulnerability: CVE-2026-0001
    reason: not reachable
    owner: anna
    expires: 2026-01-11
""" + why(4)


@pytest.mark.parametrize(
    ("expires", "expected"),
    [("2026-01-12", Status.IGNORED), ("2026-01-11", Status.FAIL), ("2025-12-31", Status.FAIL)],
)
def test_an_ignore_works_until_the_end_of_its_last_day(expires: str, expected: Status) -> None:
    report = gate(
        scan_report(finding(severity=Severity.CRITICAL)),
        ignores=IGNORED.replace("2026-01-11", expires),
    )
    assert report.verdicts[0].status is expected


def test_an_ignore_that_has_ended_is_named_with_its_owner() -> None:
    report = gate(scan_report(finding(severity=Severity.CRITICAL)), ignores=IGNORED)
    assert report.outcome is Outcome.FAIL
    (expired,) = report.expired
    assert (expired.rule.owner, expired.findings) == ("anna", 1)
    assert "the ignore in line 2 ended 2026-01-12T00:00:00Z, owner anna" in report.verdicts[0].rule


def test_an_ignored_finding_is_not_counted_and_says_by_whom_and_until_when() -> None:
    ignores = IGNORED.replace("2026-01-11", "2026-03-01")
    report = gate(scan_report(finding(severity=Severity.CRITICAL)), ignores=ignores)
    assert report.outcome is Outcome.PASS
    assert report.counts(AMD64) == {}
    assert report.verdicts[0].rule == (
        "ignored by CVE-2026-0001 (line 2, until 2026-03-02T00:00:00Z, owner anna): not reachable"
    )
    assert report.summary.endswith(", 1 ignored")


def test_all_rules_that_hold_are_listed() -> None:
    both = (f"{{vulnerability: CVE-2026-0001, {WHY}}}", f"{{package: {{name: paramiko}}, {WHY}}}")
    ignores = f"ignore: [{', '.join(both)}, {{vulnerability: X, {WHY}}}]"
    report = gate(scan_report(finding()), ignores=ignores)
    assert [rule.index for rule in report.verdicts[0].ignored_by] == [0, 1]


@pytest.mark.parametrize(
    "ignores",
    [
        f"ignore: [{{{WHY}}}]",
        f"ignore: [{{vulnerability: CVE-2026-0001, expires: x, {WHY}}}]",
        f"ignore: [{{package: {{name: '('}}, {WHY}}}]",
    ],
)
def test_a_rule_that_cannot_be_used_ignores_nothing_and_is_named(ignores: str) -> None:
    report = gate(scan_report(finding(severity=Severity.CRITICAL)), ignores=ignores)
    assert report.outcome is Outcome.FAIL
    assert report.unusable[0].problem


def test_an_unknown_severity_can_be_ignored_like_any_other() -> None:
    report = gate(
        scan_report(finding(severity=Severity.UNKNOWN)),
        policy=GatePolicy(unknown=UnknownRule.FAIL),
        ignores=f"ignore: [{{vulnerability: CVE-2026-0001, {WHY}}}]",
    )
    assert report.outcome is Outcome.PASS


def check(report: GateReport) -> None:
    check_shape(json.loads(msgspec.json.encode(report.to_json())), "gate-report")


def test_every_report_fits_the_schema() -> None:
    check(gate())
    check(gate(scan_report(), policy=GatePolicy(fail_on=None)))
    ignores = IGNORED + "  - vulnerability: CVE-2\n  - reason: none\n"
    check(gate(scan_report(finding(), finding("CVE-2"), gaps=("gap",)), ignores=ignores))


def test_the_json_says_what_the_checks_say() -> None:
    report = gate(scan_report(finding(), finding("B", Severity.CRITICAL)))
    document = report.to_json()
    assert document["outcome"] == "fail"
    found = document["findings"]
    assert isinstance(found, list)
    assert [item["status"] for item in found] == [
        str(check.status) for check in report.checks if check.name != "scanned"
    ]


_FINDINGS = st.lists(
    st.builds(
        lambda number, severity, state: finding(f"CVE-{number}", severity, fix_state=state),
        st.integers(1, 4),
        st.sampled_from(list(Severity)),
        st.sampled_from(list(FixState)),
    ),
    max_size=5,
)
_POLICIES = st.builds(
    GatePolicy,
    fail_on=st.sampled_from(list(Severity)[1:]),
    unknown=st.sampled_from(list(UnknownRule)),
    fixable_only=st.booleans(),
)


@given(findings=_FINDINGS, policy=_POLICIES, ignored=st.integers(1, 4))
@settings(max_examples=150)
def test_what_passes_has_nothing_that_refuses(
    findings: list[object], policy: GatePolicy, ignored: int
) -> None:
    rule = IgnoreRule(vulnerability=f"CVE-{ignored}", until=NOW + timedelta(days=1))
    scan = scan_report(*findings)  # type: ignore[arg-type]
    report = decide([scan], policy, [rule], now=NOW)
    statuses = [verdict.status for verdict in report.verdicts]
    assert len(statuses) == len(findings)
    if report.outcome is Outcome.PASS:
        assert not {Status.FAIL, Status.UNKNOWN} & set(statuses)
        assert report.reasons == ()
    else:
        assert {Status.FAIL, Status.UNKNOWN} & set(statuses)
        assert report.reasons != ()
    later = decide([scan], policy, [rule], now=NOW + timedelta(days=2))
    assert later.outcome is not Outcome.PASS or report.outcome is Outcome.PASS
    assert not later.with_status(Status.IGNORED)


BARE = "ignore: [{vulnerability: CVE-2026-0001, reason: not reachable, owner: anna}]"


def test_an_ignore_that_is_not_justified_does_not_ignore_and_is_named_with_its_owner() -> None:
    report = gate(scan_report(finding(severity=Severity.CRITICAL)), ignores=BARE)
    told = "the ignore in line 1 lacks impact, component, tracking, removal and issue, owner anna"
    assert report.outcome is Outcome.FAIL
    assert told in report.verdicts[0].rule
    assert told in report.reasons[0]
    (unjustified,) = report.unjustified
    assert (unjustified.rule.owner, unjustified.findings, unjustified.ignores) == ("anna", 1, False)
    check(report)


def test_an_ignore_that_is_not_justified_ignores_where_that_is_only_told() -> None:
    policy = GatePolicy(ignores=IgnoreTerms(unjustified=Unjustified.WARN))
    report = gate(scan_report(finding(severity=Severity.CRITICAL)), policy=policy, ignores=BARE)
    assert report.outcome is Outcome.PASS
    assert report.verdicts[0].status is Status.IGNORED
    (unjustified,) = report.unjustified
    assert unjustified.ignores
    assert Part.TRACKING in unjustified.lacking
    assert report.notes == (
        "the ignore in line 1 lacks impact, component, tracking, removal and issue, owner anna; "
        "it counts (ignores.unjustified: warn)",
    )
    assert "an ignore that is not justified counts, and is told" in policy.sentences()
    check(report)


def test_an_end_and_an_owner_are_owed_where_they_are_asked_for() -> None:
    ignores = f"ignore: [{{vulnerability: CVE-2026-0001, {WHY}}}]"
    found = scan_report(finding(severity=Severity.CRITICAL))
    assert gate(found, ignores=ignores).outcome is Outcome.PASS
    terms = IgnoreTerms(require=(Part.EXPIRES, Part.OWNER))
    report = gate(found, policy=GatePolicy(ignores=terms), ignores=ignores)
    assert report.outcome is Outcome.FAIL
    assert "lacks expires and owner, owner not named" in report.reasons[0]


def test_an_ignore_that_ended_is_named_with_its_owner_among_the_reasons() -> None:
    report = gate(scan_report(finding(severity=Severity.CRITICAL)), ignores=IGNORED)
    assert report.reasons == (
        "CVE-2026-0001 (critical) in paramiko 2.4.0 on linux/amd64, fix: unknown "
        "(the ignore in line 2 ended 2026-01-12T00:00:00Z, owner anna)",
    )
