"""Conditions for a rule's removal that can be evaluated."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shipseal.ignores.conditions import Removal, VersionCondition, met_by, removal_of
from shipseal.ignores.rules import IgnoreRule
from shipseal.scan.interface import FixState
from shipseal.wiring.orders import compare_packages
from tests.support.scanning import finding

NOW = datetime(2026, 1, 12, tzinfo=UTC)
MET = met_by(compare_packages, NOW)


def removal(text: str) -> Removal:
    return removal_of(IgnoreRule(remove_when=text))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("fixed in openssl >= 3.0.12", ("openssl", ">=", "3.0.12")),
        ("openssl 3.0.12", None),
        ("fixed in openssl 3.0.12", ("openssl", ">=", "3.0.12")),
        ("patched in github.com/x/y v1.2.3.", ("github.com/x/y", ">=", "1.2.3")),
        ("the base image has libssl3 >= 3.0.11-1~deb12u2", ("libssl3", ">=", "3.0.11-1~deb12u2")),
        ("@scope/name > 1.2", ("@scope/name", ">", "1.2")),
        ("openssl == 1:1.1.1", ("openssl", "=", "1:1.1.1")),
        ("openssl version >= 3.0.12", ("openssl", ">=", "3.0.12")),
        ("fixed in openssl version 3.0.12", ("openssl", ">=", "3.0.12")),
        ("openssl 3.0.12 or newer is in the image", ("openssl", ">=", "3.0.12")),
        ("openssl v3.0.12, or later", ("openssl", ">=", "3.0.12")),
    ],
)
def test_versions_are_read_from_a_sentence(
    text: str, expected: tuple[str, str, str] | None
) -> None:
    found = removal(text).versions
    assert found == ((VersionCondition(*expected),) if expected else ())


def test_several_versions_are_alternatives() -> None:
    found = removal("fixed in openssl >= 3.0.12 or openssl >= 3.1.4").versions
    assert [str(one) for one in found] == ["openssl >= 3.0.12", "openssl >= 3.1.4"]


@pytest.mark.parametrize(
    ("text", "any_fix", "day"),
    [
        ("a fix is available", True, None),
        ("fixed upstream", True, None),
        ("the upstream fix is released.", True, None),
        ("a fix is available in Debian 13", False, None),
        ("it is not fixed", False, None),
        ("after 2026-05-31", False, date(2026, 5, 31)),
        ("by 2026-02-30", False, None),
        ("2026-05-31", False, date(2026, 5, 31)),
        ("ticket 2026-05-31", False, None),
        ("we have moved to another library", False, None),
    ],
)
def test_fixes_and_days_are_read_and_the_rest_is_left_to_people(
    text: str, any_fix: bool, day: date | None
) -> None:
    assert removal(text) == Removal((), any_fix, day)


def met(text: str, **members: Any) -> str:
    return MET(IgnoreRule(remove_when=text), [finding(type="python", **members)])


@pytest.mark.parametrize(
    ("text", "versions", "expected"),
    [
        ("paramiko >= 2.4.1", (), ""),
        ("paramiko >= 2.4.0", (), "paramiko >= 2.4.0: paramiko 2.4.0 is installed"),
        ("paramiko > 2.4.0", (), ""),
        ("fixed in paramiko >= 2.4.1", ("2.4.1",), "CVE-2026-0001 is fixed in paramiko 2.4.1"),
        ("fixed in paramiko >= 2.10", ("2.9.3",), ""),
        ("fixed in paramiko >= 2.10", ("2.9.3", "2.10.0"), "is fixed in paramiko"),
        ("fixed in other >= 1.0", ("2.4.1",), ""),
        ("paramiko = 2.4.0", (), "is installed"),
        ("paramiko >= nonsense", ("2.4.1",), ""),
        ("a fix is available", ("2.4.1",), "CVE-2026-0001 is fixed in paramiko 2.4.1"),
        ("a fix is available", (), ""),
        ("after 2026-01-11", (), "2026-01-11 is over"),
        ("after 2026-01-12", (), ""),
    ],
)
def test_a_condition_is_met_by_what_is_installed_or_fixed(
    text: str, versions: tuple[str, ...], expected: str
) -> None:
    state = FixState.FIXED if versions else FixState.NOT_FIXED
    told = met(text, fix_versions=versions, fix_state=state)
    assert expected in told
    assert bool(expected) is bool(told)


def test_a_version_of_no_known_order_meets_nothing() -> None:
    rule = IgnoreRule(remove_when="paramiko >= 1.0")
    assert MET(rule, [finding(type="binary")]) == ""


@given(st.text(max_size=80))
@settings(max_examples=100, deadline=None)
def test_any_sentence_is_read(text: str) -> None:
    assert isinstance(removal(text), Removal)
