"""Findings that thousands of rules ask: each rule looks at what it names, and holds for the same as if it saw all."""

import pytest

from shipseal.ignores.found import Found
from shipseal.ignores.matching import RuleMatcher
from shipseal.ignores.rules import IgnoreRule, PackageCondition
from shipseal.scan.interface import Finding
from tests.support.scanning import finding

FINDINGS = (
    finding("GHSA-aaaa-bbbb-cccc", aliases=("CVE-2026-0001",), name="a"),
    finding("CVE-2026-0001", aliases=("CVE-2026-0001", "X-1"), name="b"),
    finding("CVE-2026-0002", name="a"),
    finding("CVE-2026-0001", name="c"),
)


@pytest.mark.parametrize(
    ("rule", "held"),
    [
        (IgnoreRule(vulnerability="CVE-2026-0001"), [1, 3]),
        (IgnoreRule(vulnerability="CVE-2026-0001", include_aliases=True), [0, 1, 3]),
        (IgnoreRule(vulnerability="cve-2026-0001", include_aliases=True), []),
        (IgnoreRule(package=PackageCondition(name="a")), [0, 2]),
        (IgnoreRule(package=PackageCondition(name="[ab]")), [0, 1, 2]),
        (IgnoreRule(package=PackageCondition(type="python")), [0, 1, 2, 3]),
        (IgnoreRule(vulnerability="CVE-2026-0001", package=PackageCondition(name="c")), [3]),
        (IgnoreRule(vulnerability="CVE-2026-0001", vex_status="fixed"), []),
        (IgnoreRule(), []),
    ],
)
def test_a_rule_holds_for_what_it_names_in_order(rule: IgnoreRule, held: list[int]) -> None:
    matcher = RuleMatcher(rule)
    assert Found(FINDINGS).held(matcher) == [FINDINGS[index] for index in held]
    assert held == [index for index, one in enumerate(FINDINGS) if matcher.holds(one)]


def test_a_vulnerability_is_found_by_any_of_its_names_in_any_case() -> None:
    found = Found(FINDINGS)
    assert list(found.called("cve-2026-0001")) == [FINDINGS[0], FINDINGS[1], FINDINGS[3]]
    assert list(found.called("CVE-2026-9999")) == []


def test_a_rule_that_names_its_vulnerability_looks_at_no_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looked: list[str] = []
    holds = RuleMatcher.holds

    def noted(matcher: RuleMatcher, one: Finding) -> bool:
        looked.append(one.id)
        return holds(matcher, one)

    monkeypatch.setattr(RuleMatcher, "holds", noted)
    Found(FINDINGS).held(RuleMatcher(IgnoreRule(vulnerability="CVE-2026-0002")))
    assert looked == ["CVE-2026-0002"]
