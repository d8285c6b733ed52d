"""What is wrong with a file of rules."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shipseal.ignores.justification import IgnoreTerms, Part
from shipseal.ignores.lint import Against, LintReport, lint
from shipseal.ignores.matching import RuleMatcher
from shipseal.ignores.read import read_ignores
from shipseal.scan.interface import Finding, FixState
from tests.support.ignoring import WHY
from tests.support.scanning import finding
from tests.support.schemas import check_shape

NOW = datetime(2026, 1, 12, tzinfo=UTC)


def linted(
    *entries: str, findings: tuple[Finding, ...] | None = None, terms: IgnoreTerms | None = None
) -> LintReport:
    text = "ignore:\n" + "".join(f"  - {entry}\n" for entry in entries)
    report = lint(
        read_ignores(text, name=".grype.yaml"),
        Against(NOW, findings=findings),
        terms or IgnoreTerms(),
    )
    check_shape(report.to_json(), "ignore-lint")
    return report


def problems(
    *entries: str, findings: tuple[Finding, ...] | None = None, rule: int = -1
) -> list[str]:
    """Return the problems of one rule, the last by default; entries are completed with a justification."""
    whole = [f"{{{entry}, {WHY}}}" for entry in entries]
    return [str(item) for item in linted(*whole, findings=findings).rules[rule].problems]


def test_the_json_has_exactly_the_members_that_are_promised() -> None:
    report = linted("{vulnerability: CVE-2026-0001, impact: none here, issue: '#1'}")
    assert report.to_json() == {
        "rules": [
            {
                "index": 0,
                "vulnerability": "CVE-2026-0001",
                "missing": ["description", "component", "tracking", "removal"],
                "problems": [],
            }
        ]
    }
    assert report.refused


def test_a_justified_rule_is_spotless() -> None:
    report = linted(f"{{vulnerability: CVE-2026-0001, {WHY}}}")
    assert not report.refused
    assert report.spotless


def test_an_end_and_an_owner_are_missing_only_where_they_are_required() -> None:
    entry = f"{{vulnerability: CVE-2026-0001, {WHY}}}"
    terms = IgnoreTerms(require=(Part.EXPIRES, Part.OWNER))
    assert linted(entry, terms=terms).rules[0].missing == (Part.EXPIRES, Part.OWNER)
    assert linted(entry).rules[0].missing == ()


def test_parts_that_are_not_required_are_missing_and_refuse_nothing() -> None:
    report = linted("{vulnerability: CVE-2026-0001}", terms=IgnoreTerms(require=()))
    assert len(report.rules[0].missing) == 6
    assert not report.refused
    assert not report.spotless


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        (
            "vulnerability: X, expires: 2026-01-11, owner: anna",
            "expired: it ended 2026-01-12T00:00:00Z, owner anna",
        ),
        (
            "vulnerability: X, expires: 2026-01-20",
            "expiring soon: it ends 2026-01-21T00:00:00Z, owner not named",
        ),
        ("vulnerability: X, expirs: 2026-03-01", "misspelt key: expirs: unknown key; did you mean expires? (line 2)"),
        ("vulnerability: X, package: {nam: x}", "misspelt key: package.nam: unknown key; did you mean name? (line 2)"),
        ("vulnerability: X, zzz: 1", "misspelt key: zzz: unknown key (line 2)"),
        ("reason: x", "no condition: a rule without condition never applies (line 2)"),
        ("vulnerability: X, expires: 2026-02-30", "cannot be used: expires: not a date"),
        ("package: {name: 'a(', version: '1'}", "cannot be used: missing )"),
        ("package: {name: '(?=a)', version: '1'}", "cannot be used: "),
        ("package: {name: 'a{1001}', version: '1'}", "cannot be used: "),
        ("vulnerability: X, package: {location: '/[a'}", "cannot be used: "),
        ("package: {type: npm}", "matches too much: every vulnerability of every package with package.type npm"),
        ("package: {name: '.*', type: npm}", "matches too much: every vulnerability of every package with"),
        ("package: {name: '.+'}", "matches too much: every vulnerability of every package"),
        ("package: {location: '**'}", "matches too much: every vulnerability of every package"),
        ("fix-state: unknown", "matches too much: every vulnerability of every package with fix-state"),
        ("package: {name: openssl}", "matches too much: every vulnerability of openssl, also those"),
    ],
)  # fmt: skip
def test_a_problem_is_told(entry: str, told: str) -> None:
    assert any(problem.startswith(told) for problem in problems(entry)), problems(entry)


@pytest.mark.parametrize(
    "entry",
    [
        "vulnerability: X, expires: 2026-03-01",
        "vulnerability: X, package: {name: '.*'}",
        "package: {name: openssl, version: 3.0.11}",
        "vulnerability: X, vex-status: not_affected",
    ],
)
def test_what_is_meant_has_no_problem(entry: str) -> None:
    assert problems(entry) == []


@pytest.mark.parametrize(
    ("entry", "refused"),
    [
        ("vulnerability: X, expires: 2026-01-11", False),
        ("vulnerability: X, expirs: 2026-01-11", True),
        ("reason: x", True),
        ("package: {name: '('}", True),
        ("package: {type: npm}", False),
    ],
)
def test_only_what_nobody_can_mean_refuses(entry: str, refused: bool) -> None:
    assert linted(f"{{{entry}, {WHY}}}").refused is refused


def test_a_repeated_rule_is_a_duplicate_of_the_first() -> None:
    twice = ("vulnerability: X, owner: anna", "vulnerability: X, owner: ben")
    assert problems(*twice) == ["duplicate: the same conditions stand in line 2"]
    assert problems(*twice, rule=0) == []


@pytest.mark.parametrize(
    ("wide", "narrow", "hidden"),
    [
        ("vulnerability: X", "vulnerability: X, package: {name: a}", True),
        ("vulnerability: X, package: {name: 'lib.*'}", "vulnerability: X, package: {name: libx}", True),
        ("vulnerability: X, package: {name: 'lib.*'}", "vulnerability: X, package: {name: x}", False),
        ("vulnerability: X", "vulnerability: Y", False),
        ("vulnerability: X, include-aliases: true", "vulnerability: X, package: {name: a}", True),
        ("vulnerability: X", "vulnerability: X, include-aliases: true, package: {name: a}", False),
        ("vulnerability: X, expires: 2026-03-01", "vulnerability: X, package: {name: a}", False),
        ("vulnerability: X, expires: 2026-01-01", "vulnerability: X, package: {name: a}", False),
        ("vulnerability: X, vex-status: fixed", "vulnerability: X, package: {name: a}", False),
        ("vulnerability: X, package: {name: '('}", "vulnerability: X, package: {name: a}", False),
        ("package: {location: '**'}", "vulnerability: X, package: {location: /usr/lib/a}", True),
    ],
)  # fmt: skip
def test_a_rule_that_another_covers_is_hidden(wide: str, narrow: str, hidden: bool) -> None:
    for entries, rule, line in (((wide, narrow), 1, 2), ((narrow, wide), 0, 3)):
        found = [text for text in problems(*entries, rule=rule) if text.startswith("hidden")]
        assert bool(found) is hidden
        assert not found or f"in line {line} takes out all of it" in found[0]


def test_without_findings_nothing_is_said_to_match_nothing() -> None:
    assert problems("vulnerability: CVE-2026-0009") == []


FOUND = finding("PYSEC-2020-35", aliases=("CVE-2020-7471",))


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        ("vulnerability: CVE-2026-0009", "CVE-2026-0009 was not found: is it fixed? then remove the rule"),
        ("vulnerability: CVE-2020-7471", "it is called PYSEC-2020-35 there: write that, or add include-aliases: true"),
        ("vulnerability: pysec-2020-35", "ids have a case: write PYSEC-2020-35"),
        (
            "vulnerability: PYSEC-2020-35, package: {version: '1'}",
            "PYSEC-2020-35 was found in paramiko 2.4.0, but package.version is 2.4.0, not 1",
        ),
        (
            "vulnerability: PYSEC-2020-35, package: {name: paramik}, fix-state: fixed",
            "but fix-state is unknown, not fixed; package.name is paramiko, not paramik",
        ),
    ],
)  # fmt: skip
def test_what_matches_nothing_says_why(entry: str, told: str) -> None:
    (problem,) = problems(entry, findings=(FOUND,))
    assert problem.startswith("matches nothing: ")
    assert problem.endswith(told)


def test_what_matches_has_its_count() -> None:
    report = linted("{package: {name: paramiko}}", findings=(FOUND, FOUND))
    assert report.rules[0].findings == 2
    assert str(report.rules[0].problems[0]).endswith("found later: 2 finding(s) now")


def test_a_comment_of_another_cve_is_told() -> None:
    text = "ignore:\n# CVE-2026-0002: x\n- vulnerability: CVE-2026-0001\n# CVE-2026-0003: x\n- vulnerability: GHSA-1\n"
    first, second = lint(read_ignores(text, name="x"), Against(NOW)).rules
    assert [str(item) for item in first.problems] == [
        "comment of another: it is about CVE-2026-0002"
    ]
    assert second.problems == ()


def test_a_condition_that_has_come_about_is_told() -> None:
    report = lint(
        read_ignores("ignore: [{vulnerability: PYSEC-2020-35, remove-when: x}]", name="x"),
        Against(NOW, findings=(FOUND,), met=lambda rule, held: f"{rule.remove_when} {len(held)}"),
    )
    assert [str(item) for item in report.rules[0].problems] == ["condition met: x 1"]


@given(
    st.lists(
        st.fixed_dictionaries(
            {},
            optional={
                "vulnerability": st.sampled_from(["A", "B"]),
                "name": st.sampled_from(["x", "x.*", ".*", "(", "y"]),
                "type": st.sampled_from(["npm", "deb"]),
                "state": st.sampled_from(list(FixState)),
                "aliases": st.booleans(),
            },
        ),
        max_size=6,
    )
)
@settings(max_examples=80, deadline=None)
def test_a_hidden_rule_takes_out_nothing_of_its_own(entries: list[dict[str, object]]) -> None:
    rows = []
    for entry in entries:
        package = {key: entry[key] for key in ("name", "type") if key in entry}
        rows.append({
            key: value
            for key, value in {
                "vulnerability": entry.get("vulnerability"),
                "fix-state": entry.get("state") and str(entry["state"]),
                "include-aliases": entry.get("aliases", False),
                "package": package or None,
            }.items()
            if value is not None
        })  # fmt: skip
    found = [
        finding(name, name=package, type=kind, aliases=("B",), fix_state=state)
        for name in ("A", "B", "C")
        for package in ("x", "xy", "y", "z")
        for kind in ("npm", "deb", "apk")
        for state in FixState
    ]
    file = read_ignores(json.dumps({"ignore": rows}), name="x")
    report = lint(file, Against(NOW, findings=found))
    held = {
        item.rule.index: {i for i, one in enumerate(found) if RuleMatcher(item.rule).holds(one)}
        for item in report.rules
    }
    for item in report.rules:
        others = set[int]().union(*(held[i] for i in held if i != item.rule.index))
        if any(
            str(problem.kind) in ("hidden by another", "duplicate") for problem in item.problems
        ):
            assert held[item.rule.index] <= others
