"""What is read from YAML, where it stands, and everything that is refused."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shipseal.config.yaml_tree import parse_yaml


def test_values_come_with_their_lines() -> None:
    tree = parse_yaml(b"image: app\ngate:\n  fail_on: high\ntags:\n  - a\n  - {tag: b}\n")
    assert tree.problems == []
    assert tree.value == {"image": "app", "gate": {"fail_on": "high"}, "tags": ["a", {"tag": "b"}]}
    assert tree.lines[("image",)] == 1
    assert tree.lines[("gate", "fail_on")] == 3
    assert tree.lines[("tags", 1)] == 6
    assert tree.lines[("tags", 1, "tag")] == 6


def test_numbers_keep_what_was_written() -> None:
    tree = parse_yaml(b"a: 1.10\nb: 0x1F\nc: 1_000\nd: .inf\ne: 010\n")
    assert tree.value == {"a": 1.1, "b": 31, "c": 1000, "d": float("inf"), "e": 10}
    assert tree.texts[("a",)] == "1.10"
    assert tree.texts[("b",)] == "0x1F"


def test_yaml_1_2_words_and_dates_are_texts() -> None:
    tree = parse_yaml(b"a: yes\nb: off\nc: 2026-01-31\nd: 12:30\ne: true\nf:\ng: ''\n")
    assert tree.value == {
        "a": "yes",
        "b": "off",
        "c": "2026-01-31",
        "d": "12:30",
        "e": True,
        "f": None,
        "g": "",
    }


def test_a_byte_order_mark_is_no_problem() -> None:
    assert parse_yaml("\ufeffimage: app\n".encode()).value == {"image": "app"}


@pytest.mark.parametrize(
    ("data", "line", "message", "hint"),
    [
        (b"", None, "is empty", "shipseal init"),
        (b"# only a comment\n", None, "is empty", "shipseal init"),
        (b"- a\n", 1, "is not a mapping", "image"),
        (b"just text\n", 1, "is not a mapping", "image"),
        (b"a: 1\n\n\xff: 2\n", 3, "is not UTF-8", "UTF-8"),
        (b"a: 1\nb: \x07\n", 2, "control character (U+0007)", "remove"),
        (b"a:\n\tb: 1\n", 2, "a tab stands where only spaces may", "spaces"),
        (b"a: 1\nb: 2\na: 3\n", 3, "stands here twice, first in line 1", "remove one"),
        (b"a: &x 1\nb: *x\n", 1, "anchors and aliases", "write the value out"),
        (b"&k a: 1\n", 1, "anchors and aliases", "write the value out"),
        (b"a: *x\n", 1, "anchors and aliases", "write the value out"),
        (b"a: !!python/object:os.system x\n", 1, "the tag", "remove"),
        (b"a: !secret x\n", 1, "the tag !secret", "remove"),
        (b"a:\n  <<: {b: 1}\n", 2, "a key must be a plain text", "write the keys out"),
        (b"? [a, b]\n: 1\n", 1, "a key must be a plain text", "write the keys out"),
        (b"a: 1\n---\nb: 2\n", 2, "a second document begins here", "---"),
        (b"a: [1, 2\nb: 3\n", 2, "while parsing a flow sequence, line 1", "bracket or quote"),
        (b"a: 'x\nb: 1\n", 3, "quoted scalar, line 1", "bracket or quote"),
        (b"a: b: c\n", 1, "mapping values are not allowed", "quotes"),
        (b"a: @x\n", 1, "cannot start any token", "quote"),
        (b"a: " + b"[" * 5000, None, "nested too deeply", ""),
        (b"a: " + b"[" * 50 + b"]" * 50, 1, "nested too deeply", ""),
    ],
)
def test_what_is_refused_names_the_line_and_what_to_do(
    data: bytes, line: int | None, message: str, hint: str
) -> None:
    problem = parse_yaml(data).problems[0]
    assert message in problem.message
    assert hint in problem.hint
    assert problem.line == line


def test_all_problems_are_told_not_only_the_first() -> None:
    tree = parse_yaml(b"a: 1\na: 2\nb: &x 1\nc: !t 1\n")
    assert [problem.line for problem in tree.problems] == [2, 3, 4]
    assert tree.problems[0].key == "a"


@given(st.binary(max_size=200))
def test_no_bytes_raise(data: bytes) -> None:
    tree = parse_yaml(data)
    assert tree.problems or isinstance(tree.value, dict)


@given(st.text(alphabet="ab:-[]{}&*!#'\"|>%@` \n\t?,0.~", max_size=60))
def test_no_text_raises(text: str) -> None:
    tree = parse_yaml(text.encode())
    assert tree.problems or isinstance(tree.value, dict)


_SCALARS = st.booleans() | st.integers(-(10**6), 10**6) | st.text(max_size=20)
_VALUES = st.recursive(
    _SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=10,
)


@given(st.dictionaries(st.text(max_size=5), _VALUES, min_size=1, max_size=3))
def test_json_is_read_as_what_it_says(value: dict[str, object]) -> None:
    # JSON is YAML, but for characters that YAML does not allow and the merge key.
    text = json.dumps(value)
    if "<<" not in text and "\\ud" not in text:
        tree = parse_yaml(text.encode())
        assert tree.problems == []
        assert tree.value == value
        assert all(line == 1 for line in tree.lines.values())
