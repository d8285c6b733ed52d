"""Expressions of rules: RE2's meaning, in linear time, and refusals that are told."""

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shipseal.ignores.pattern import Pattern
from shipseal.ignores.pattern_syntax import PatternError

MATCHES = [
    ("^abc$", ["abc"], ["abcd", "xabc", "ABC", ""]),
    ("^a|b$", ["ax", "xb", "b"], ["xa", "bx"]),
    ("^(foo|bar)-[0-9]+$", ["foo-1", "bar-22"], ["foo-", "baz-1", "foo-1x"]),
    ("^lib(ssl|crypto)[0-9.]*$", ["libssl3", "libcrypto1.1"], ["libssl-dev"]),
    ("^linux(-.*)?-headers-.*$", ["linux-headers-6", "linux-x-headers-"], ["linux-headers"]),
    ("^a{2}$", ["aa"], ["a", "aaa"]),
    ("^a{2,}$", ["aa", "aaaa"], ["a"]),
    ("^a{1,2}$", ["a", "aa"], ["", "aaa"]),
    ("^a{x}$", ["a{x}"], ["a"]),
    ("^[^a-c]$", ["d"], ["a", "b"]),
    (r"^[\w-]+\.[a\-z]$", ["x-1.a", "x.-"], ["x.b"]),
    (r"^\d\D\s\S\W$", ["1a b!"], ["1a bb"]),
    ("^[[:alpha:]]+$", ["abc"], ["a1"]),
    ("(?i)^Ab$", ["ab", "AB"], ["abc"]),
    ("^(?i:a)b$", ["Ab"], ["AB"]),
    ("^(?P<name>a)$", ["a"], ["b"]),
    (r"\bfoo\b", ["a foo b", "foo"], ["afoo"]),
    (r"\Aa\z", ["a"], ["aa"]),
    ("^.$", ["x", "é"], ["", "xy", "\n"]),
    ("^a*?b+?$", ["b", "aab"], ["a"]),
    ("^(|a)$", ["", "a"], ["b"]),
    ("^[]a]$", ["]", "a"], ["b"]),
    (r"^\+\.$", ["+."], ["a."]),
    ("$a^", [], ["a", ""]),
]


@pytest.mark.parametrize(("text", "matching", "others"), MATCHES, ids=[row[0] for row in MATCHES])
def test_expressions_mean_what_they_mean_in_go(
    text: str, matching: list[str], others: list[str]
) -> None:
    pattern = Pattern(text)
    assert [value for value in matching if not pattern.search(value)] == []
    assert [value for value in others if pattern.search(value)] == []


@pytest.mark.parametrize(
    "text",
    [
        "(", ")", "a)", "[", "[a", "*a", "a**", "+", "(?=a)", "(?<=a)", "(?!a)", r"(a)\1", r"\Q.\E", "a{1001}",
        "a{3,2}", "[z-a]", "(?P<>a)", "(?#c)", "\\", r"\8", "[[:nope:]]", "(?s)a", "a" * 1001, "((((" * 20,
        "(a{999}){999}",
        r"[\D]",
    ],
)  # fmt: skip
def test_what_does_not_compile_is_refused(text: str) -> None:
    with pytest.raises(PatternError):
        Pattern(text)


@pytest.mark.parametrize("text", ["^(a+)+$", "^(a|aa)*$", "^(.*)*x$", "^(a?){30}a{30}$"])
def test_no_expression_runs_for_ever(text: str) -> None:
    started = time.monotonic()
    Pattern(text).search("a" * 400 + "!")
    assert time.monotonic() - started < 30


_ATOMS = st.sampled_from(
    ["a", "b", "-", ".", "[ab]", "[^a]", r"\d", "1", "(a|b)", "(?:ab)", "(b|)", "[a-c1]"]
)
_PIECES = st.tuples(_ATOMS, st.sampled_from(["", "", "*", "+", "?", "{2}", "{1,2}", "*?"])).map(
    "".join
)
_EXPRESSIONS = st.lists(_PIECES, min_size=1, max_size=5).map("".join)


@given(
    left=_EXPRESSIONS,
    right=st.one_of(st.none(), _EXPRESSIONS),
    text=st.text(alphabet="ab1-c", max_size=8),
)
@settings(max_examples=300)
def test_the_common_part_agrees_with_pythons_own(left: str, right: str | None, text: str) -> None:
    expression = f"^{left}$" if right is None else f"^{left}|{right}$"
    assert Pattern(expression).search(text) is (re.search(expression, text) is not None)


@given(text=st.text(max_size=30), value=st.text(max_size=10))
@settings(max_examples=200)
def test_any_text_compiles_or_is_refused(text: str, value: str) -> None:
    try:
        pattern = Pattern(text)
    except PatternError:
        return
    assert pattern.search(value) in (True, False)
