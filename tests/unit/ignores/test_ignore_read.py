"""Reading ``.grype.yaml``: rules with their lines, what is nobody's key, and what Grype could not load either."""

import contextlib
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shipseal.errors import Code, ConfigError, Exit
from shipseal.ignores.read import IgnoreFile, read_ignores
from shipseal.ignores.rules import PackageCondition

FULL = """\
# Rules of the release.
fail-on-severity: high
ignore:
  # CVE-2026-0001: reads past the end of a buffer
  # Impact assessment: not reachable
  - vulnerability: CVE-2026-0001
    include-aliases: true
    reason: not reachable
    namespace: debian:distro:debian:12
    fix-state: wont-fix
    match-type: exact-direct-match
    package:
      name: libssl3
      version: 3.0
      language: c
      type: deb
      location: "/usr/lib/**"
      upstream-name: openssl
    expires: 2026-05-31
    owner: anna
    tracking: https://example.org/1
    issue: https://example.org/2
    impact: none
    component: tls
    remove-when: openssl 3.0.13 is in the base image
  - vulnerability: CVE-2026-0002
"""


def read(text: str) -> IgnoreFile:
    return read_ignores(text, name=".grype.yaml")


def test_every_field_is_read_and_has_its_line() -> None:
    first, second = read(FULL).rules
    assert (first.index, first.line, second.index, second.line) == (0, 6, 1, 26)
    assert first.vulnerability == "CVE-2026-0001"
    assert first.include_aliases
    assert (first.namespace, first.fix_state) == ("debian:distro:debian:12", "wont-fix")
    assert first.match_type == "exact-direct-match"
    assert first.package == PackageCondition("libssl3", "3", "c", "deb", "/usr/lib/**", "openssl")
    assert first.until == datetime(2026, 6, 1, tzinfo=UTC)
    assert (first.owner, first.tracking, first.issue) == (
        "anna",
        "https://example.org/1",
        "https://example.org/2",
    )
    assert (first.impact, first.component) == ("none", "tls")
    assert first.remove_when == "openssl 3.0.13 is in the base image"
    assert first.comment == (
        "CVE-2026-0001: reads past the end of a buffer\nImpact assessment: not reachable"
    )
    assert first.why == "not reachable"


def test_settings_of_grypes_that_are_not_used_are_told() -> None:
    remark, _ = read(FULL).remarks
    assert (remark.line, remark.rule) == (2, None)
    assert remark.text == "fail-on-severity: a setting of Grype's that shipseal does not use"


@pytest.mark.parametrize(
    ("entry", "line", "words"),
    [
        ("{vulnerability: X, include_aliases: true}", 1, "did you mean include-aliases?"),
        ("{vulnerabilty: X}", 1, "did you mean vulnerability?"),
        ("{fixstate: fixed}", 1, "did you mean fix-state?"),
        ("{package: {nam: x}}", 1, "package.nam: unknown key; did you mean name?"),
        ("{package: {upstream_name: x}}", 1, "did you mean upstream-name?"),
        ("{vulnerability: X, qqqq: 1}", 1, "qqqq: unknown key"),
    ],
)
def test_a_key_that_is_nobodys_is_told_and_does_nothing(entry: str, line: int, words: str) -> None:
    found = read(f"ignore: [{entry}]")
    (remark,) = found.remarks
    assert (remark.line, remark.rule) == (line, 0)
    assert words in remark.text
    assert set(found.rules[0].conditions()) <= {"vulnerability"}
    assert not found.rules[0].include_aliases


@pytest.mark.parametrize(
    "key", ["expires", "expiry", "expires-after", "valid-until", "expired_at", "until", "Expires"]
)
def test_the_end_has_many_spellings(key: str) -> None:
    found = read(f"ignore: [{{vulnerability: X, {key}: 2026-05-31}}]")
    assert found.rules[0].until == datetime(2026, 6, 1, tzinfo=UTC)
    assert found.remarks == ()


@pytest.mark.parametrize(
    ("value", "end"),
    [
        ("2026-05-31", datetime(2026, 6, 1, tzinfo=UTC)),
        ("'2026-05-31'", datetime(2026, 6, 1, tzinfo=UTC)),
        ("2026-05-31T12:00:00Z", datetime(2026, 5, 31, 12, tzinfo=UTC)),
        ("'2026-05-31T12:00:00+02:00'", datetime(2026, 5, 31, 10, tzinfo=UTC)),
    ],
)
def test_a_day_counts_to_its_end_and_a_moment_is_one(value: str, end: datetime) -> None:
    rule = read(f"ignore: [{{vulnerability: X, expires: {value}}}]").rules[0]
    assert rule.until == end
    assert not rule.expired(end.replace(year=2025))
    assert rule.expired(end)


@pytest.mark.parametrize(
    "value", ["soon", "2026-02-30", "'2026-13-01'", "31.05.2026", "[2026]", "9999-12-31T99:00"]
)
def test_a_date_that_does_not_exist_makes_the_rule_unusable(value: str) -> None:
    found = read(f"ignore:\n- vulnerability: X\n  expires: {value}\n")
    assert found.rules[0].problem.startswith("expires: ")
    assert found.remarks[0].line == 3
    assert "does not ignore" in found.remarks[0].text


@pytest.mark.parametrize(
    ("value", "text"),
    [("2.2", "2.2"), ("2.20", "2.2"), ("3.0", "3"), ("12", "12"), ("true", "1"), ("null", "")],
)
def test_scalars_are_the_text_that_grype_makes_of_them(value: str, text: str) -> None:
    assert read(f"ignore: [{{package: {{version: {value}}}}}]").rules[0].package.version == text


def test_tags_of_other_languages_start_nothing() -> None:
    (rule,) = read("ignore: !!python/object/apply:os.system {vulnerability: X}").rules
    assert rule.vulnerability == "X"


def test_one_rule_needs_no_list_and_keys_have_no_case() -> None:
    (rule,) = read("Ignore: {Vulnerability: X}").rules
    assert rule.vulnerability == "X"


def test_rules_may_use_anchors() -> None:
    found = read("x: &a {vulnerability: X}\nignore:\n- <<: *a\n- *a\n")
    assert [rule.vulnerability for rule in found.rules] == ["X", "X"]


@pytest.mark.parametrize("text", ["", "# nothing\n", "ignore:\n", "ignore: []\n", "ignore: null\n"])
def test_a_file_without_rules_has_none(text: str) -> None:
    assert read(text) == IgnoreFile()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("ignore: [\n", r"\.grype\.yaml:\d+: "),
        ("ignore:\n\t- vulnerability: X\n", r"\.grype\.yaml:2: "),
        (
            "ignore:\n- {vulnerability: X, vulnerability: Y}\n",
            r"\.grype\.yaml:\d+: .*duplicate key",
        ),
        ("- a\n", "expected keys and values at the top"),
        ("ignore:\n- X\n", r"\.grype\.yaml:2: rule 1 is 'X', expected keys"),
        (
            "ignore:\n- vulnerability: [X]\n",
            r"\.grype\.yaml:2: vulnerability: expected text, got a list",
        ),
        ("ignore:\n- package: x\n", r"\.grype\.yaml:2: package: expected keys"),
        (
            "ignore:\n- package:\n    name: {a: b}\n",
            r"\.grype\.yaml:3: package.name: expected text",
        ),
        (
            "ignore:\n- include-aliases: perhaps\n",
            r"\.grype\.yaml:2: include-aliases: expected true or false",
        ),
        ("a: &a [1]\nb: *c\n", r"\.grype\.yaml:2: "),
        ("x" * (8 * 1024 * 1024 + 1), "more than 8388608 characters"),
    ],
)
def test_what_grype_could_not_load_is_refused_with_its_line(text: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words) as caught:
        read(text)
    assert caught.value.code is Code.CONFIG_INVALID
    assert caught.value.exit is Exit.USAGE


def test_anchors_that_multiply_are_not_spelled_out() -> None:
    lines = ["a0: &a0 [x, x]"] + [f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]" for n in range(1, 60)]
    with pytest.raises(ConfigError, match="expected text, got a list"):
        read("\n".join([*lines, "ignore:", "- vulnerability: *a59", ""]))


@given(st.text(alphabet="ignore: -{}[]&*!|>'\"#\n\tvulnerability,0123.", max_size=80))
@settings(max_examples=200)
def test_any_text_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(ConfigError):
        assert isinstance(read(text), IgnoreFile)


@pytest.mark.parametrize("line", ["remove-when: after 2026-02-30", "remove-after: 2026-02-30"])
def test_a_removal_on_a_day_that_does_not_exist_spoils_the_rule(line: str) -> None:
    found = read(f"ignore:\n  - vulnerability: CVE-2026-0001\n    {line}\n")
    assert found.rules[0].problem == "its removal criteria: no such day: 2026-02-30"
    assert "does not ignore until then" in found.remarks[0].text


def test_a_comment_with_a_day_that_does_not_exist_spoils_the_rule() -> None:
    found = read("ignore:\n  # TODO: Remove after 2026-13-01\n  - vulnerability: CVE-2026-0001\n")
    assert "2026-13-01" in found.rules[0].problem


def test_the_line_of_a_character_that_no_yaml_may_have_is_named() -> None:
    with pytest.raises(
        ConfigError, match=r"^\.grype\.yaml:2: cannot be read as YAML: [^\n]*x001b[^\n]*$"
    ):
        read("ignore:\n  # \x1b[31mred\n  - vulnerability: CVE-2026-0001\n")
