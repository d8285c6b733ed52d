"""What a rule owes, in either form: the comment block of the runbook, or keys."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shipseal.ignores.comments import about, parts_of
from shipseal.ignores.justification import (
    HOW_TO,
    REQUIRED,
    IgnoreTerms,
    Part,
    Unjustified,
    missing_parts,
    parts_text,
)
from shipseal.ignores.keys import SPELLINGS
from shipseal.ignores.read import read_ignores
from shipseal.ignores.rules import IgnoreRule

BLOCK = """\
ignore:
  # CVE-2026-0001: reads past the end of a buffer
  # Impact assessment: not reachable, because the parser
  #   is never called
  # Affected component: libfoo in the base image
  # Tracking: https://example.org/up/1
  # Issue: https://example.org/own/2
  # TODO: Remove when libfoo 1.2 is in the base image
  - vulnerability: CVE-2026-0001
"""
KEYS = """\
ignore:
- vulnerability: CVE-2026-0001
  reason: reads past the end of a buffer
  impact: not reachable
  component: libfoo
  tracking: https://example.org/up/1
  issue: "#12"
  remove-when: libfoo 1.2 is in the base image
"""


def rules(text: str) -> tuple[IgnoreRule, ...]:
    return read_ignores(text, name=".grype.yaml").rules


def missing(text: str) -> list[str]:
    return [str(part) for part in missing_parts(rules(text)[0])]


@pytest.mark.parametrize("text", [BLOCK, KEYS, BLOCK.replace("\n", "\r\n")])
def test_both_forms_justify(text: str) -> None:
    assert missing(text) == []


def test_lines_of_a_comment_go_on() -> None:
    (rule,) = rules(BLOCK)
    assert rule.impact == "not reachable, because the parser is never called"
    assert rule.description == "reads past the end of a buffer"
    assert rule.remove_when == "libfoo 1.2 is in the base image"


@pytest.mark.parametrize("number", range(6))
def test_each_part_that_is_left_out_is_missing(number: int) -> None:
    labels = ("CVE-2026-0001:", "Impact", "Affected", "Tracking", "TODO", "Issue")
    kept = [line for line in BLOCK.splitlines() if f"# {labels[number]}" not in line]
    assert missing("\n".join(kept)) == [str(REQUIRED[number])]


@pytest.mark.parametrize("number", range(6))
@pytest.mark.parametrize("said", ["", "TBD", "todo", "?", "n/a", "..."])
def test_a_form_that_nobody_filled_in_is_missing(number: int, said: str) -> None:
    keys = ("reason", "impact", "component", "tracking", "remove-when", "issue")
    text = "\n".join(
        f"  {keys[number]}: '{said}'" if line.startswith(f"  {keys[number]}:") else line
        for line in KEYS.splitlines()
    )
    assert missing(text) == [str(REQUIRED[number])]


def test_a_rule_that_says_nothing_lacks_everything_in_the_order_of_the_runbook() -> None:
    assert missing("ignore:\n- vulnerability: CVE-2026-0001\n") == [
        "description",
        "impact",
        "component",
        "tracking",
        "removal",
        "issue",
    ]


@pytest.mark.parametrize(
    ("line", "field", "value"),
    [
        ("CVE-2026-0001 - text", "description", "text"),
        ("CVE: CVE-2026-0001: text", "description", "text"),
        ("CVE: text", "description", "text"),
        ("GHSA-aaaa-bbbb-cccc: text", "description", "text"),
        ("Description: text", "description", "text"),
        ("Impact: text", "impact", "text"),
        ("- Risk assessment: text", "impact", "text"),
        ("IMPACT ASSESSMENT: text", "impact", "text"),
        ("Affected package: text", "component", "text"),
        ("Upstream: https://x.example/1", "tracking", "https://x.example/1"),
        ("Tracking issue: https://x.example/1", "issue", "https://x.example/1"),
        ("Upstream issue: https://x.example/1", "tracking", "https://x.example/1"),
        ("Ticket: ABC-12", "issue", "ABC-12"),
        ("Removal criteria: text", "remove_when", "text"),
        ("TODO(anna): remove this ignore once 1.2 is out", "remove_when", "1.2 is out"),
        ("TODO: Remove when text", "remove_when", "text"),
        ("todo remove when text", "remove_when", "text"),
        ("Remove after 2026-05-31", "remove_when", "after 2026-05-31"),
        ("Owner: anna", "owner", "anna"),
        ("Expires: 2026-05-31", "until", "2026-05-31"),
    ],
)
def test_labels_have_several_spellings(line: str, field: str, value: str) -> None:
    assert parts_of(line) == {field: value}


@pytest.mark.parametrize("line", ["TODO: ask anna", "see below", "https://x.example/1", "note: x"])
def test_other_lines_are_no_part(line: str) -> None:
    assert parts_of(line) == {}


def test_an_empty_comment_line_ends_a_part() -> None:
    assert parts_of("Impact: a\n\nnot about it") == {"impact": "a"}


def test_the_id_that_a_comment_begins_with_is_what_it_is_about() -> None:
    assert about("CVE-2026-0001: a\nsee CVE-2026-0002") == ("CVE-2026-0001",)


@pytest.mark.parametrize(
    ("tracking", "issue", "lacking"),
    [
        ("https://example.org/1", "https://example.org/2", []),
        ("https://example.org/1", "org/app#12", []),
        ("https://example.org/1", "#12", []),
        ("https://example.org/1", "SEC-12", []),
        ("CVE-2026-0001", "#12", ["tracking"]),
        ("none yet", "#12", ["tracking"]),
        ("https://example.org/1", "CVE-2026-0001", ["issue"]),
        ("https://example.org/1", "is to be made", ["issue"]),
        ("https://", "https://", ["tracking", "issue"]),
    ],
)
def test_links_are_links(tracking: str, issue: str, lacking: list[str]) -> None:
    text = KEYS.replace("https://example.org/up/1", f"'{tracking}'").replace('"#12"', f"'{issue}'")
    assert missing(text) == lacking


@pytest.mark.parametrize(
    ("field", "spelling"), [(field, word) for field, words in SPELLINGS.items() for word in words]
)
@pytest.mark.parametrize("form", [str, str.upper, lambda word: word.replace("-", "_")])
def test_every_spelling_is_read_and_is_nobodys_mistake(
    field: str, spelling: str, form: object
) -> None:
    assert callable(form)
    value = "2026-05-31" if field == "until" else "'https://example.org/1'"
    found = read_ignores(f"ignore: [{{vulnerability: X, {form(spelling)}: {value}}}]", name="x")
    assert getattr(found.rules[0], field)
    assert found.remarks == ()


def test_keys_come_before_the_comment_and_the_first_end_counts() -> None:
    (rule,) = rules(
        "ignore:\n# Impact: b\n# Expires: 2026-05-30\n- vulnerability: X\n  impact: a\n  expires: 2026-05-31\n"
    )
    assert rule.impact == "a"
    assert rule.until is not None
    assert rule.until.date().isoformat() == "2026-05-31"  # the end of the 30th


def test_a_date_in_a_comment_that_does_not_exist_makes_the_rule_unusable() -> None:
    (rule,) = rules("ignore:\n# Expires: 2026-02-30\n- vulnerability: X\n")
    assert "not a date" in rule.problem


def test_comments_within_an_entry_are_its_own_and_not_of_the_next() -> None:
    first, second = rules(
        "ignore:\n  - vulnerability: A\n    # Impact: a\n    reason: x\n    # Owner: anna\n"
        "  # Impact: b\n  - vulnerability: B\n"
    )
    assert (first.impact, first.owner, second.impact, second.owner) == ("a", "anna", "b", "")


def test_a_comment_apart_or_above_several_is_of_no_rule() -> None:
    assert rules("ignore:\n# Impact: a\n\n- vulnerability: A\n")[0].impact == ""
    assert [rule.impact for rule in rules("# Impact: a\nignore: [{vulnerability: A}]\n")] == [""]
    shared = rules("ignore: [\n# Impact: a\n{vulnerability: A}, {vulnerability: B}]\n")
    assert [rule.impact for rule in shared] == ["", ""]


def test_terms_say_what_is_required_and_what_follows() -> None:
    (rule,) = rules(KEYS)
    strict = IgnoreTerms(require=(*REQUIRED, Part.EXPIRES, Part.OWNER))
    assert IgnoreTerms().refused(rule) == ()
    assert strict.refused(rule) == (Part.EXPIRES, Part.OWNER)
    warn = IgnoreTerms(require=strict.require, unjustified=Unjustified.WARN)
    assert (warn.refused(rule), warn.lacking(rule)) == ((), (Part.EXPIRES, Part.OWNER))
    assert parts_text(warn.lacking(rule)) == "expires and owner"
    assert set(HOW_TO) == set(Part)


@given(st.text(max_size=60))
@settings(max_examples=100, deadline=None)
def test_any_comment_is_read(text: str) -> None:
    assert all(parts_of(text).values())


OTHERS = BLOCK.replace("ignore:\n", "").replace("- vulnerability: ", "# - vulnerability: ")


@pytest.mark.parametrize(
    "own", ["", "  # CVE-2026-0002: another\n", "  #\n  # CVE-2026-0002\n  # Owner: anna\n"]
)
def test_what_is_said_of_another_cve_justifies_nothing(own: str) -> None:
    """An entry that was commented out stands right above, with all that it had."""
    text = f"ignore:\n{OTHERS}{own}  - vulnerability: CVE-2026-0002\n"
    found = rules(text)[0]
    assert (found.impact, found.issue) == ("", "")
    lacking = [str(part) for part in missing_parts(found)]
    assert lacking == [str(part) for part in REQUIRED][1 if "another" in own else 0 :]


def test_a_copied_comment_about_another_cve_justifies_nothing() -> None:
    copied = BLOCK.replace("- vulnerability: CVE-2026-0001", "- vulnerability: CVE-2026-0002")
    assert len(missing(copied)) == len(REQUIRED)


def test_one_comment_may_be_about_several() -> None:
    shared = BLOCK.replace("ignore:\n", "ignore:\n  # CVE-2026-0009: the same defect\n")
    assert missing(shared) == []
    alias = BLOCK.replace("- vulnerability: CVE-2026-0001", "- vulnerability: GHSA-aaaa-bbbb-cccc")
    assert missing(alias) == []
