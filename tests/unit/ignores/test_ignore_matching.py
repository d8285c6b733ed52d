"""Which findings a rule holds for."""

from typing import Any

import pytest

from shipseal.ignores.matching import RuleMatcher, namespaces
from shipseal.ignores.read import read_ignores
from shipseal.scan.interface import FixState
from tests.support.scanning import finding

FOUND: dict[str, Any] = {
    "aliases": ("GHSA-aaaa",),
    "namespace": "debian:distro:debian:12",
    "match_type": "exact-direct-match,exact-indirect-match",
    "fix_state": FixState.WONT_FIX,
    "name": "libssl3",
    "version": "3.0.11-1",
    "type": "deb",
    "language": "",
    "locations": ("/var/lib/dpkg/status", "/lib/status"),
    "upstreams": ("openssl",),
}
HOLDING = [
    "{vulnerability: CVE-2026-0001}",
    "{vulnerability: GHSA-aaaa, include-aliases: true}",
    "{namespace: 'debian:distro:debian:12'}",
    "{fix-state: wont-fix}",
    "{match-type: exact-indirect-match}",
    "{package: {name: libssl3}}",
    "{package: {name: 'lib(ssl|crypto)[0-9]'}}",
    "{package: {name: 'libssl3|x'}}",
    "{package: {name: 'lib|ssl3'}}",
    "{package: {version: 3.0.11-1}}",
    "{package: {type: deb}}",
    "{package: {location: '/var/**'}}",
    "{package: {location: '/lib/*'}}",
    "{package: {upstream-name: openssl}}",
    "{package: {upstream-name: 'open.*'}}",
    "{vulnerability: CVE-2026-0001, fix-state: wont-fix, package: {name: libssl3, type: deb}, reason: x}",
]
NOT_HOLDING = [
    "{}",
    "{reason: only}",
    "{include-aliases: true}",
    "{vulnerability: cve-2026-0001}",
    "{vulnerability: GHSA-aaaa}",
    "{vulnerability: CVE-2026-0001, vex-status: not_affected}",
    "{vulnerability: CVE-2026-0001, expires: never}",
    "{vulnerability: CVE-2026-0001, package: {type: python}}",
    "{namespace: 'debian'}",
    "{fix-state: Wont-fix}",
    "{fix-state: fixed}",
    "{match-type: cpe-match}",
    "{package: {name: libssl}}",
    "{package: {name: 'libssl.'}}",
    "{package: {name: 'LIBSSL.*'}}",
    "{package: {name: 'lib(ssl'}}",
    "{package: {name: '(?=l)libssl3'}}",
    "{package: {version: '3.0.*'}}",
    "{package: {language: c}}",
    "{package: {location: '/var'}}",
    "{package: {location: '/[var/**'}}",
    "{package: {upstream-name: libssl3}}",
]


def holds(entry: str, **changes: Any) -> bool:
    (rule,) = read_ignores(f"ignore: [{entry}]", name="x").rules
    return RuleMatcher(rule).holds(finding(**(FOUND | changes)))


@pytest.mark.parametrize("entry", HOLDING)
def test_all_conditions_that_are_given_must_hold(entry: str) -> None:
    assert holds(entry)


@pytest.mark.parametrize("entry", NOT_HOLDING)
def test_one_that_does_not_hold_is_enough(entry: str) -> None:
    assert not holds(entry)


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        ("{reason: x}", "a rule without condition never applies"),
        ("{vulnerability: X, vex-status: fixed}", "VEX"),
        ("{package: {name: 'a(b'}}", "missing )"),
        ("{package: {location: '[a'}}", "missing ]"),
        ("{vulnerability: X, expires: x}", "not a date"),
    ],
)
def test_a_rule_that_can_never_hold_says_why(entry: str, problem: str) -> None:
    (rule,) = read_ignores(f"ignore: [{entry}]", name="x").rules
    assert problem in RuleMatcher(rule).problem


def test_an_unknown_fix_state_is_one() -> None:
    assert holds("{fix-state: unknown}", fix_state=FixState.UNKNOWN)


@pytest.mark.parametrize(
    ("ours", "grypes"),
    [
        ("osv:PyPI", "github:language:python"),
        ("osv:npm", "github:language:javascript"),
        ("osv:Go", "govulndb:language:go"),
        ("osv:Debian:12", "debian:distro:debian:12"),
        ("osv:Alpine:v3.11", "alpine:distro:alpine:3.11"),
    ],
)
def test_rules_that_name_grypes_places_hold_for_the_builtin_matcher(ours: str, grypes: str) -> None:
    assert grypes in namespaces(ours)
    assert holds(f"{{namespace: '{grypes}'}}", namespace=ours)
    assert holds(f"{{namespace: '{ours}'}}", namespace=ours)


def test_a_rule_is_labelled_by_what_it_asks_for() -> None:
    text = "ignore:\n- vulnerability: X\n  package: {name: y}\n- fix-state: fixed\n- reason: z\n"
    labels = [rule.label for rule in read_ignores(text, name="x").rules]
    assert labels == ["X (package.name y)", "fix-state fixed", "a rule without condition"]
