"""The gate's further rules: exploited, likely, young, new, by component, by name; and in which order they speak."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shipseal.checks import Outcome, Status
from shipseal.gate.components import ComponentAction, ComponentRule, GlobError
from shipseal.gate.decision import decide, explain
from shipseal.gate.policy import GapRule, GatePolicy, KevRule, UnknownRule
from shipseal.gate.previous import PastFinding, Previous
from shipseal.gate.report import GateReport
from shipseal.gate.summary import summarize
from shipseal.ignores.read import read_ignores
from shipseal.ignores.rules import IgnoreRule
from shipseal.scan.interface import (
    Exploited,
    Finding,
    FixState,
    Likelihood,
    Origin,
    ScanReport,
    Severity,
)
from tests.support.ignoring import WHY
from tests.support.scanning import AMD64, ARM64, finding, scan_report

NOW = datetime(2026, 1, 12, tzinfo=UTC)
KEV = Exploited(date(2026, 1, 2), ransomware=True)
FAIL_KEV = GatePolicy(kev=KevRule.FAIL)


def knowing(*findings: Finding, **members: Any) -> ScanReport:
    """Return a report whose data knows what is exploited and how likely that is."""
    report = scan_report(*findings, **members)
    return replace(
        report,
        database=replace(report.database, kev=date(2026, 1, 10), epss=date(2026, 1, 11)),
    )


def rules(text: str) -> tuple[IgnoreRule, ...]:
    return read_ignores(text, name=".grype.yaml").rules


def gate(
    *findings: Finding,
    policy: GatePolicy,
    ignores: Iterable[IgnoreRule] = (),
    previous: Previous | None = None,
) -> GateReport:
    return decide([knowing(*findings)], policy, tuple(ignores), now=NOW, previous=previous)


def decision(found: Finding, policy: GatePolicy, **members: Any) -> tuple[Status, str]:
    verdict = gate(found, policy=policy, **members).verdicts[0]
    return verdict.status, verdict.key


def test_what_is_exploited_refuses_whatever_its_severity_fix_and_age() -> None:
    policy = GatePolicy(
        fail_on=None, kev=KevRule.FAIL, fixable_only=True, new_only=True, grace=30 * 86400.0
    )
    exploited = finding(severity=Severity.LOW, kev=KEV, published=NOW)
    had = Previous.of(
        "1.0", [PastFinding("linux/amd64", frozenset({exploited.id}), "", "paramiko")]
    )
    verdict = gate(exploited, policy=policy, previous=had).verdicts[0]
    assert verdict.status is Status.FAIL
    assert verdict.rule == "gate.kev: fail, known to be exploited since 2026-01-02"


def test_without_that_rule_being_exploited_decides_nothing() -> None:
    assert decision(finding(severity=Severity.LOW, kev=KEV), GatePolicy()) == (
        Status.PASS,
        "gate.fail_on",
    )


@pytest.mark.parametrize(
    ("policy", "missing"),
    [
        (FAIL_KEV, "gate.kev: the data has no catalogue of known exploited vulnerabilities"),
        (
            GatePolicy(epss_above=0.1),
            "gate.epss_above: the data has no likelihoods of exploitation (EPSS)",
        ),
    ],
)
def test_data_that_does_not_know_what_a_rule_asks_for_is_no_pass(
    policy: GatePolicy, missing: str
) -> None:
    ignorant = decide([scan_report()], policy, (), now=NOW)
    assert ignorant.outcome is Outcome.UNDECIDED
    assert ignorant.reasons == (f"linux/amd64: {missing}",)
    assert ignorant.blocking == (f"linux/amd64: {missing}",)
    assert f"linux/amd64: {missing}" in summarize(ignorant).notes
    assert decide([knowing()], policy, (), now=NOW).outcome is Outcome.PASS
    accepted = decide([scan_report()], replace(policy, gaps=GapRule.REPORT), (), now=NOW)
    assert accepted.outcome is Outcome.PASS


@pytest.mark.parametrize(
    ("probability", "status"), [(0.11, Status.FAIL), (0.1, Status.PASS), (0.0, Status.PASS)]
)
def test_what_is_likelier_than_the_limit_refuses(probability: float, status: Status) -> None:
    likely = finding(severity=Severity.UNKNOWN, epss=Likelihood(probability, 0.9))
    found = gate(likely, policy=GatePolicy(fail_on=None, epss_above=0.1))
    assert found.verdicts[0].status is status
    if status is Status.FAIL:
        assert found.verdicts[0].rule == "gate.epss_above: 10%, exploitation is 11% likely"
        assert found.reasons[0].endswith("(gate.epss_above: 10%, exploitation is 11% likely)")


def test_a_likelihood_that_nobody_states_is_none_above() -> None:
    assert decision(finding(severity=Severity.LOW), GatePolicy(epss_above=0.0))[0] is Status.PASS


@pytest.mark.parametrize(
    ("days", "status"),
    [(0, Status.PASS), (6.9, Status.PASS), (7, Status.FAIL), (400, Status.FAIL), (-1, Status.FAIL)],
)
def test_grace_ends_on_its_day_and_the_future_has_none(days: float, status: Status) -> None:
    young = finding(severity=Severity.CRITICAL, published=NOW - timedelta(days=days))
    found = gate(young, policy=GatePolicy(grace=7 * 86400.0))
    assert found.verdicts[0].status is status
    if status is Status.PASS:
        assert "gate.grace: 7 days, published" in found.verdicts[0].rule
        assert "1 of them critical or worse and let pass by rules of the gate" in found.summary


def test_what_nobody_dates_has_no_grace_and_that_is_said() -> None:
    found = gate(finding(severity=Severity.CRITICAL), policy=GatePolicy(grace=86400.0))
    assert found.outcome is Outcome.FAIL
    assert found.notes == (
        "gate.grace: nobody says when 1 finding(s) were published: they have no grace",
    )


def past(
    id: str, *, package: str = "paramiko", type: str = "python", on: str = "linux/amd64"
) -> Previous:
    return Previous.of("release 1.3.0", [PastFinding(on, frozenset({id}), type, package)])


@pytest.mark.parametrize(
    ("previous", "status"),
    [
        (past("CVE-2026-0001"), Status.PASS),
        (past("cve-2026-0001"), Status.PASS),
        (past("GHSA-1"), Status.PASS),
        (past("CVE-2026-0001", type=""), Status.PASS),
        (past("CVE-2026-0002"), Status.FAIL),
        (past("CVE-2026-0001", package="django"), Status.FAIL),
        (past("CVE-2026-0001", type="npm"), Status.FAIL),
        (past("CVE-2026-0001", on="linux/arm64"), Status.FAIL),
        (None, Status.FAIL),
    ],
)
def test_only_what_is_new_refuses_by_any_of_its_ids_in_the_same_package_and_platform(
    previous: Previous | None, status: Status
) -> None:
    bad = finding(severity=Severity.CRITICAL, aliases=("GHSA-1",))
    found = gate(bad, policy=GatePolicy(new_only=True), previous=previous)
    assert found.verdicts[0].status is status
    told = previous.source if previous else "there is no previous release: all is new"
    assert told in found.notes[0]


def test_an_ignore_that_has_ended_is_not_excused_by_being_old() -> None:
    ended = rules(
        f"ignore: [{{vulnerability: CVE-2026-0001, until: 2026-01-01, owner: ann, {WHY}}}]"
    )
    bad = finding(severity=Severity.CRITICAL)
    policy = GatePolicy(new_only=True)
    assert decision(bad, policy, previous=past(bad.id))[0] is Status.PASS
    found = gate(bad, policy=policy, previous=past(bad.id), ignores=ended)
    assert found.verdicts[0].status is Status.FAIL
    assert "the ignore in line 1 ended" in found.verdicts[0].rule


@pytest.mark.parametrize(
    ("rule", "holds"),
    [
        ({"name": "paramiko"}, True),
        ({"name": "PARA*"}, True),
        ({"name": "para"}, False),
        ({"purl": "pkg:pypi/paramiko"}, True),
        ({"purl": "pkg:pypi/*"}, True),
        ({"purl": "pkg:pypi/paramiko@2.*"}, True),
        ({"purl": "pkg:pypi/paramiko@3.*"}, False),
        ({"purl": "pkg:npm/*"}, False),
        ({"type": "Python"}, True),
        ({"type": "deb"}, False),
        ({"path": "/usr/lib/**"}, True),
        ({"path": "/usr/lib/*"}, False),
        ({"origin": Origin.APPLICATION}, True),
        ({"origin": Origin.BASE}, False),
        ({"name": "paramiko", "type": "deb"}, False),
        ({}, False),
    ],
)
def test_a_component_is_named_by_all_conditions_that_are_given(
    rule: dict[str, Any], holds: bool
) -> None:
    policy = GatePolicy(components=(ComponentRule(**rule, action=ComponentAction.REPORT),))
    bad = finding(severity=Severity.CRITICAL, origin=Origin.APPLICATION)
    expected = (Status.PASS, "gate.components[0]") if holds else (Status.FAIL, "gate.fail_on")
    assert decision(bad, policy) == expected


@pytest.mark.parametrize(
    ("purl", "pattern"),
    [
        ("pkg:npm/@babel/core@7.0.0", "pkg:npm/@babel/*"),
        ("pkg:npm/@babel/core", "pkg:npm/@babel/core"),
        ("pkg:deb/debian/linux-libc-dev@6.1?arch=amd64", "pkg:deb/debian/linux-*"),
    ],
)
def test_scopes_and_qualifiers_do_not_get_in_the_way(purl: str, pattern: str) -> None:
    rule = ComponentRule(purl=pattern, action=ComponentAction.REPORT)
    bad = finding(severity=Severity.CRITICAL, purl=purl)
    assert decision(bad, GatePolicy(components=(rule,)))[0] is Status.PASS


def test_the_first_rule_that_holds_decides() -> None:
    first = ComponentRule(type="python", fail_on=Severity.HIGH, reason="ours")
    policy = GatePolicy(components=(first, replace(first, fail_on=Severity.LOW)))
    high, medium = finding(), finding("CVE-2", Severity.MEDIUM)
    found = gate(high, medium, policy=policy)
    assert [verdict.status for verdict in found.verdicts] == [Status.FAIL, Status.PASS]
    assert found.verdicts[0].rule == "gate.components[0].fail_on: high (type python)"
    assert found.verdicts[1].rule == "below gate.components[0].fail_on: high (type python)"
    assert "type python: high and worse refuses (ours)" in policy.sentences()


def test_what_a_component_refuses_needs_no_severity_and_no_fix() -> None:
    rule = ComponentRule(name="paramiko", action=ComponentAction.FAIL)
    policy = GatePolicy(fail_on=None, fixable_only=True, new_only=True, components=(rule,))
    unknown = finding(severity=Severity.UNKNOWN, fix_state=FixState.NOT_FIXED)
    assert decision(unknown, policy, previous=past(unknown.id)) == (
        Status.FAIL,
        "gate.components[0]",
    )


def test_a_component_excuses_nothing_that_is_exploited_or_must_be_gone() -> None:
    rule = ComponentRule(name="*", action=ComponentAction.REPORT)
    exploited = finding(kev=KEV)
    assert decision(exploited, replace(FAIL_KEV, components=(rule,))) == (Status.FAIL, "gate.kev")
    named = GatePolicy(components=(rule,), must_fix=(exploited.id,))
    assert decision(exploited, named) == (Status.FAIL, "gate.must_fix")


def test_a_malformed_glob_is_refused_before_anything_is_decided() -> None:
    with pytest.raises(GlobError):
        decide([], GatePolicy(components=(ComponentRule(path="/app/[a"),)), (), now=NOW)


@pytest.mark.parametrize("name", ["CVE-2026-0001", "ghsa-1"])
def test_what_must_be_gone_refuses_by_any_id_in_spite_of_ignores(name: str) -> None:
    ignored = rules(f"ignore: [{{vulnerability: CVE-2026-0001, {WHY}}}]")
    low = finding(severity=Severity.LOW, aliases=("GHSA-1",))
    policy = GatePolicy(fail_on=None, must_fix=(name,))
    found = gate(low, policy=policy, ignores=ignored)
    assert found.outcome is Outcome.FAIL
    assert found.verdicts[0].rule == (
        f"gate.must_fix: {name} must be gone, in spite of the ignore of CVE-2026-0001 (line 1)"
    )
    assert [(item.id, item.findings) for item in found.must_fix] == [(name, 1)]
    assert f"{name} must be gone: 1 finding(s)" in summarize(found).notes


def test_what_must_be_gone_and_is_passes_and_is_said() -> None:
    found = gate(finding(severity=Severity.LOW), policy=GatePolicy(must_fix=("CVE-2026-9999",)))
    assert found.outcome is Outcome.PASS
    assert found.summary.endswith("; gone: CVE-2026-9999")
    told = next(note for note in summarize(found).notes if "CVE-2026-9999" in note)
    assert told.startswith("CVE-2026-9999 must be gone: not found on any platform, by sample")


def test_what_must_be_gone_is_not_gone_where_packages_were_not_looked_up() -> None:
    report = scan_report(gaps=("9 package(s) were not looked up",))
    policy = GatePolicy(fail_on=None, must_fix=("CVE-2026-9999",))
    assert decide([report], policy, (), now=NOW).outcome is Outcome.UNDECIDED


def test_ignores_win_over_every_rule_that_names_no_vulnerability() -> None:
    ignored = rules(f"ignore: [{{vulnerability: CVE-2026-0001, {WHY}}}]")
    policy = GatePolicy(
        fail_on=Severity.LOW,
        kev=KevRule.FAIL,
        epss_above=0.0,
        components=(ComponentRule(name="*", action=ComponentAction.FAIL),),
    )
    bad = finding(severity=Severity.CRITICAL, kev=KEV, epss=Likelihood(1.0, 1.0))
    assert decision(bad, policy) == (Status.FAIL, "gate.kev")
    assert decision(bad, policy, ignores=ignored) == (Status.IGNORED, "ignores")


def test_every_step_that_was_asked_is_told_in_order() -> None:
    policy = GatePolicy(
        fail_on=Severity.HIGH, kev=KevRule.FAIL, epss_above=0.5, fixable_only=True, new_only=True
    )
    bad = finding(fix_state=FixState.FIXED, fix_versions=("2.4.1",), epss=Likelihood(0.01, 0.2))
    report = gate(bad, policy=policy)
    (steps,) = explain(report)
    assert [step.key for step in steps] == [
        "gate.kev",
        "gate.fixable_only",
        "gate.new_only",
        "gate.epss_above",
        "gate.fail_on",
    ]
    assert [step.status for step in steps[:-1]] == [None] * 4
    assert steps[-1].status is Status.FAIL
    assert steps[-1].text == report.verdicts[0].rule


def test_the_policy_is_told_in_sentences_and_a_plain_one_is_plain() -> None:
    policy = GatePolicy(
        fail_on=Severity.HIGH,
        kev=KevRule.FAIL,
        epss_above=0.125,
        grace=36 * 3600.0,
        new_only=True,
        must_fix=("CVE-1-1", "CVE-1-2"),
        components=(ComponentRule(path="/app/**", action=ComponentAction.REPORT),),
    )
    assert policy.sentences() == (
        "must be gone: CVE-1-1, CVE-1-2",
        "what is known to be exploited refuses",
        "path /app/**: is only reported",
        "more than 12.5% likely to be exploited refuses",
        "high and worse refuses",
        "unknown severity: report",
        "only findings that the previous release did not have refuse",
        "findings refuse 36 hours after they were published",
    )
    assert not policy.is_plain
    assert GatePolicy(unknown=UnknownRule.FAIL, gaps=GapRule.REPORT).is_plain


# What holds whatever the rules are.

severities = st.sampled_from(list(Severity))
findings = st.builds(
    finding,
    id=st.sampled_from(["CVE-1-1", "CVE-1-2", "CVE-1-3"]),
    severity=severities,
    name=st.sampled_from(["a", "b"]),
    type=st.sampled_from(["npm", "deb"]),
    fix_state=st.sampled_from(list(FixState)),
    kev=st.sampled_from([None, KEV]),
    epss=st.sampled_from([None, Likelihood(0.05, 0.5), Likelihood(0.9, 0.99)]),
    published=st.sampled_from([None, NOW, NOW - timedelta(days=10), NOW - timedelta(days=100)]),
    origin=st.sampled_from(list(Origin)),
)
thresholds = st.one_of(st.none(), st.sampled_from(list(Severity)[1:]))
components = st.one_of(
    st.builds(ComponentRule, name=st.sampled_from(["a", "b", "*"]), fail_on=severities),
    st.builds(
        ComponentRule,
        type=st.sampled_from(["npm", "deb"]),
        action=st.sampled_from(list(ComponentAction)),
    ),
)
policies = st.builds(
    GatePolicy,
    fail_on=thresholds,
    unknown=st.sampled_from(list(UnknownRule)),
    fixable_only=st.booleans(),
    gaps=st.sampled_from(list(GapRule)),
    kev=st.sampled_from(list(KevRule)),
    epss_above=st.sampled_from([None, 0.0, 0.5]),
    grace=st.sampled_from([0.0, 30 * 86400.0]),
    new_only=st.booleans(),
    components=st.lists(components, max_size=2).map(tuple),
    must_fix=st.sampled_from([(), ("CVE-1-1",)]),
)
histories = st.sampled_from(
    [None, Previous.of("1.0", [PastFinding("linux/amd64", frozenset({"CVE-1-2"}), "npm", "a")])]
)
IGNORES = rules(f"ignore: [{{vulnerability: CVE-1-3, package: {{name: b}}, {WHY}}}]")
_WEIGHT = {Status.IGNORED: 0, Status.PASS: 0, Status.UNKNOWN: 1, Status.FAIL: 2}


def weights(report: GateReport) -> list[int]:
    return [_WEIGHT[verdict.status] for verdict in report.verdicts]


def stricter(policy: GatePolicy) -> st.SearchStrategy[GatePolicy]:
    """Return the policy with one more rule that refuses."""
    refuse_all = ComponentRule(name="*", action=ComponentAction.FAIL)
    return st.sampled_from(
        [
            replace(policy, kev=KevRule.FAIL),
            replace(policy, epss_above=0.0),
            replace(policy, must_fix=(*policy.must_fix, "CVE-1-2")),
            replace(policy, unknown=UnknownRule.FAIL),
            replace(policy, fixable_only=False),
            replace(policy, new_only=False),
            replace(policy, grace=0.0),
            replace(policy, components=(refuse_all, *policy.components)),
        ]
    )


@given(st.lists(findings, max_size=4), policies, histories, st.data())
@settings(max_examples=200, deadline=None)
def test_a_rule_that_refuses_never_lets_pass_what_was_refused(
    found: list[Finding], policy: GatePolicy, previous: Previous | None, data: st.DataObject
) -> None:
    before = gate(*found, policy=policy, ignores=IGNORES, previous=previous)
    after = gate(*found, policy=data.draw(stricter(policy)), ignores=IGNORES, previous=previous)
    assert all(late >= early for early, late in zip(weights(before), weights(after), strict=True))


@given(st.lists(findings, max_size=4), policies, histories)
@settings(max_examples=200, deadline=None)
def test_whatever_passes_names_the_rule_that_says_so(
    found: list[Finding], policy: GatePolicy, previous: Previous | None
) -> None:
    report = gate(*found, policy=policy, ignores=IGNORES, previous=previous)
    for verdict in report.verdicts:
        assert verdict.rule
        assert verdict.rule.removeprefix("below ").startswith((verdict.key, "ignored by"))
        worse = policy.fail_on is not None and verdict.finding.severity >= policy.fail_on
        if worse and verdict.status is Status.PASS:
            lenient = ("gate.fixable_only", "gate.new_only", "gate.grace", "gate.components")
            assert verdict.key.startswith(lenient)


@given(st.lists(findings, max_size=4), policies, histories)
@settings(max_examples=150, deadline=None)
def test_undecided_and_refused_never_pass(
    found: list[Finding], policy: GatePolicy, previous: Previous | None
) -> None:
    report = gate(*found, policy=policy, ignores=IGNORES, previous=previous)
    worst = max(weights(report), default=0)
    assert report.outcome is [Outcome.PASS, Outcome.UNDECIDED, Outcome.FAIL][worst]
    assert bool(report.reasons) is (report.outcome is not Outcome.PASS)


@given(st.lists(findings, max_size=4), policies, histories)
@settings(max_examples=100, deadline=None)
def test_ignores_win_unless_the_vulnerability_must_be_gone(
    found: list[Finding], policy: GatePolicy, previous: Previous | None
) -> None:
    report = gate(*found, policy=policy, ignores=IGNORES, previous=previous)
    for verdict in report.verdicts:
        named = verdict.finding.id in policy.must_fix
        ignored = verdict.finding.id == "CVE-1-3" and verdict.finding.package.name == "b"
        assert (verdict.status is Status.IGNORED) is (ignored and not named)


@given(st.lists(findings, max_size=4), policies, histories)
@settings(max_examples=60, deadline=None)
def test_the_explanation_ends_with_the_rule_that_decided(
    found: list[Finding], policy: GatePolicy, previous: Previous | None
) -> None:
    report = gate(*found, policy=policy, ignores=IGNORES, previous=previous)
    for verdict, steps in zip(report.verdicts, explain(report, previous), strict=True):
        assert [step for step in steps if step.status] == [steps[-1]]
        assert (steps[-1].key, steps[-1].status) == (verdict.key, verdict.status)


def test_a_platform_without_that_data_counts_though_another_has_it() -> None:
    reports = [knowing(), scan_report(platform=ARM64)]
    found = decide(reports, FAIL_KEV, (), now=NOW)
    assert found.outcome is Outcome.UNDECIDED
    assert found.reasons[0].startswith(f"{ARM64}: gate.kev")
    assert not any(str(AMD64) in reason for reason in found.reasons)
