"""Edits of ``.grype.yaml``: one entry comes or goes, and every other character stays."""

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shipseal.errors import Code, ConfigError
from shipseal.ignores.edit import with_rule, without_rules
from shipseal.ignores.justification import missing_parts
from shipseal.ignores.lines import Lines
from shipseal.ignores.read import read_ignores
from shipseal.ignores.rules import IgnoreRule, PackageCondition
from shipseal.ignores.yaml_tree import composed

NAME = ".grype.yaml"
NEW = IgnoreRule(
    vulnerability="CVE-2026-0100",
    include_aliases=True,
    package=PackageCondition(name="libfoo", version="1.10"),
    reason="the parser is not reachable",
    description="reads past the end of a buffer: in a parser",
    impact="none, the parser is not reachable",
    component="libfoo in the base image",
    tracking="https://example.org/up/1",
    issue="https://example.org/own/2",
    remove_when="libfoo >= 1.11 is in the base image",
    owner="anna",
    until=datetime(2026, 6, 1, tzinfo=UTC),
)
FILE = """\
# Rules of this repository.

fail-on-severity: high   # Grype's own
ignore:
  # Reviewed each month.
  # CVE-2026-0001: a
  # Impact assessment: b
  - vulnerability: 'CVE-2026-0001'   # in quotes
    package: &p
      name: "x"
    reason: |
      # no comment
      text

  # CVE-2026-0002: c
  -
    # Tracking: https://example.org
    vulnerability: CVE-2026-0002
    package: *p
    # TODO: Remove when d

  # CVE-2026-0003: e
  - {vulnerability: CVE-2026-0003, expires: 2026-05-31}   # last
# Not about any rule.
exclude: []
"""


def names(text: str) -> list[str]:
    return [rule.vulnerability for rule in read_ignores(text, name=NAME).rules]


def test_a_new_entry_stands_last_and_has_the_form_of_the_runbook() -> None:
    after = with_rule(FILE, NEW, name=NAME)
    assert "".join(
        line for line in after.splitlines(True) if line not in FILE.splitlines(True)
    ) == (
        "  # CVE-2026-0100: reads past the end of a buffer: in a parser\n"
        "  # Impact assessment: none, the parser is not reachable\n"
        "  # Affected component: libfoo in the base image\n"
        "  # Tracking: https://example.org/up/1\n"
        "  # Issue: https://example.org/own/2\n"
        "  # TODO: Remove when libfoo >= 1.11 is in the base image\n"
        "  - vulnerability: CVE-2026-0100\n"
        "    include-aliases: true\n"
        '    reason: "the parser is not reachable"\n'
        "    owner: anna\n"
        "    expires: 2026-05-31\n"
        "    package:\n"
        "      name: libfoo\n"
        '      version: "1.10"\n'
    )
    assert names(after) == [*names(FILE), "CVE-2026-0100"]
    rule = read_ignores(after, name=NAME).rules[-1]
    assert missing_parts(rule) == ()
    assert (rule.until, rule.owner) == (NEW.until, "anna")
    assert after.endswith("\n# Not about any rule.\nexclude: []\n")


def test_an_entry_goes_with_its_own_comments_and_leaves_the_others() -> None:
    after = without_rules(FILE, [1], name=NAME)
    gone = FILE.index("  # CVE-2026-0002"), FILE.index("\n  # CVE-2026-0003") + 1
    assert after == FILE[: gone[0] - 1] + FILE[gone[1] - 1 :]


def test_what_stands_above_the_comment_of_the_first_entry_stays() -> None:
    after = without_rules(FILE.replace("*p", "{name: x}"), [0], name=NAME)
    assert "ignore:\n  # Reviewed each month.\n  # CVE-2026-0002: c\n" in after


def test_several_entries_go_at_once_and_an_empty_list_is_left() -> None:
    after = without_rules(FILE, [0, 1, 2], name=NAME)
    assert names(after) == []
    assert "ignore: []\n" in after
    assert after.endswith("# Not about any rule.\nexclude: []\n")


def test_taking_out_many_rules_reads_the_file_twice_however_many_they_are() -> None:
    text = "ignore:\n" + "".join(f"# CVE-2026-{n}: a\n- vulnerability: V{n}\n" for n in range(60))
    before = composed.cache_info().misses
    after = without_rules(text, range(1, 60), name=NAME)
    assert composed.cache_info().misses - before == 2
    assert after == "ignore:\n# CVE-2026-0: a\n- vulnerability: V0\n"


@pytest.mark.parametrize(
    ("text", "gone", "after"),
    [
        ("ignore: [{vulnerability: A}, {vulnerability: B},]\n", [0, 1], "ignore: []\n"),
        (
            "ignore: [{vulnerability: A}, {vulnerability: B}]\n",
            [1],
            "ignore: [{vulnerability: A}]\n",
        ),
        (
            "ignore: [{vulnerability: A}, {vulnerability: B}, {vulnerability: C}]\n",
            [0, 2],
            "ignore: [{vulnerability: B}]\n",
        ),
        (
            "ignore:\n\n- vulnerability: A\n\n- vulnerability: B\n\n- vulnerability: C",
            [0, 1],
            "ignore:\n\n- vulnerability: C",
        ),
        ("ignore:\n- vulnerability: A\n- vulnerability: B", [1], "ignore:\n- vulnerability: A"),
    ],
)
def test_what_stays_of_a_list_stands_as_it_stood(text: str, gone: list[int], after: str) -> None:
    assert without_rules(text, gone, name=NAME) == after


def test_an_anchor_that_is_used_elsewhere_holds_its_entry() -> None:
    with pytest.raises(ConfigError, match=r"\.grype\.yaml:8: the rule defines &p") as caught:
        without_rules(FILE, [0], name=NAME)
    assert caught.value.code is Code.CONFIG_INVALID
    assert names(without_rules(FILE, [0, 1], name=NAME)) == ["CVE-2026-0003"]


@pytest.mark.parametrize(
    "text",
    [
        FILE,
        FILE.replace("\n", "\r\n"),
        FILE.removesuffix("exclude: []\n").removesuffix("# Not about any rule.\n"),
        "ignore:\n- vulnerability: CVE-2026-0001\n",
        "ignore:\n- vulnerability: CVE-2026-0001",
        "ignore:\n\n- vulnerability: A\n\n- vulnerability: B\n\n\nexclude: []\n",
        "ignore: [{vulnerability: A}]\n",
        "ignore: [{vulnerability: A}, {vulnerability: B}] # both\n",
        "ignore: [\n  {vulnerability: A},\n  {vulnerability: B},\n]\n",
        '{"ignore": [{"vulnerability": "A"}]}\n',
        "\ufeffignore:\n- vulnerability: A\n",
    ],
)
def test_an_entry_that_came_and_went_leaves_the_same_bytes(text: str) -> None:
    after = with_rule(text, NEW, name=NAME)
    assert names(after) == [*names(text), "CVE-2026-0100"]
    assert ("\r\n" in after) is ("\r\n" in text)
    assert "\n" not in after.replace("\r\n", "") or "\r\n" not in text
    assert without_rules(after, [len(names(text))], name=NAME) == text


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("", "ignore:\n  # CVE-1"),
        ("# only this\n", "# only this\nignore:\n"),
        ("exclude: []", "exclude: []\nignore:\n"),
        ("ignore:\nexclude: []\n", "ignore:\n  # CVE-"),
        ("ignore: []\nexclude: []\n", "ignore:\n  # CVE-"),
        ("ignore: []  # none\nexclude: []\n", "ignore:  # none\n  # CVE-"),
        ("exclude: []\r\n", "exclude: []\r\nignore:\r\n  # CVE-"),
    ],
)
def test_a_file_without_rules_gets_its_first_one(text: str, after: str) -> None:
    found = with_rule(text, NEW, name=NAME)
    assert found.startswith(after.removesuffix("1"))
    assert names(found) == ["CVE-2026-0100"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("ignore: {vulnerability: A}\n", "ignore is one rule, not a list"),
        ("{exclude: []}\n", "written in braces"),
        (
            "ignore:\n- vulnerability: A\nIgnore:\n- vulnerability: B\n",
            ":3: Ignore: stands twice, first as ignore in line 1",
        ),
        ("a: 1\n...\n", "a rule cannot be added safely"),
        ("ignore:\n\t- x\n", r"\.grype\.yaml:2: "),
    ],
)
def test_what_cannot_be_added_to_safely_is_left_alone(text: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        with_rule(text, NEW, name=NAME)


@pytest.mark.parametrize(
    "text", ["x: &r\n- vulnerability: A\nignore: *r\n", "ignore: {vulnerability: A}\n"]
)
def test_what_stands_elsewhere_is_not_taken_out(text: str) -> None:
    with pytest.raises(ConfigError, match="do not stand in a list of their own"):
        without_rules(text, [0], name=NAME)


def test_a_rule_that_is_not_there_is_no_rule() -> None:
    with pytest.raises(ConfigError, match="there are 3 rules, and no rule 4"):
        without_rules(FILE, [3], name=NAME)
    assert without_rules(FILE, [], name=NAME) == FILE


TEXT = st.text(st.characters(codec="utf-8"), min_size=1, max_size=20)


@given(TEXT, TEXT, TEXT)
@settings(max_examples=60, deadline=None)
def test_any_text_is_quoted_so_that_it_is_read_again(first: str, second: str, third: str) -> None:
    rule = IgnoreRule(
        vulnerability=first, reason=second, package=PackageCondition(name=third, version="1.0")
    )
    found = read_ignores(with_rule("", rule, name=NAME), name=NAME).rules[0]
    assert (found.vulnerability, found.reason, found.package.name) == (first, second, third)
    assert found.package.version == "1.0"


PIECES = st.lists(
    st.sampled_from([
        "  # CVE-2026-0007: text\n  - vulnerability: CVE-2026-0007\n",
        "  - {vulnerability: 'B', package: {name: \"x\"}}  # note\n",
        "  -\n    vulnerability: C\n    # TODO: Remove when d\n    reason: >-\n      folded\n\n      text\n",
        "\n",
        "  # a comment of its own\n\n",
        "  - vulnerability: D\n    package:\n      name: 'y'\n    # inside\n",
    ]),
    min_size=1,
    max_size=7,
)  # fmt: skip


@given(PIECES, st.sampled_from(["\n", "\r\n"]), st.integers(0, 6))
@settings(max_examples=120, deadline=None)
def test_a_file_loses_only_the_lines_of_the_rule(pieces: list[str], end: str, which: int) -> None:
    text = ("# top\nignore:\n" + "".join(pieces) + "exclude: []\n").replace("\n", end)
    assert "".join(Lines(text).kept) == text
    rules = names(text)
    assert without_rules(with_rule(text, NEW, name=NAME), [len(rules)], name=NAME) in (
        text,
        text.replace("ignore:", "ignore: []", 1),
    )
    if which < len(rules):
        after = without_rules(text, [which], name=NAME)
        assert names(after) == [*rules[:which], *rules[which + 1 :]]
        remaining = iter(text.replace("ignore:", "ignore: []", 1).splitlines(True))
        left = after.replace("ignore:", "ignore: []", 1).replace("[] []", "[]").splitlines(True)
        assert all(line in remaining for line in left)
