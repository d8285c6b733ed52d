"""``WWW-Authenticate`` as registries, and others, write it."""

import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shipseal.registry.challenge import Challenge, parse_challenges

_TOKENS = st.text(string.ascii_letters + string.digits + "!#$%&'*+-.^_`|~", min_size=1, max_size=12)
_VALUES = st.text(st.characters(codec="latin-1", exclude_categories=["Cc"]), max_size=30)
_PARAMETERS = st.dictionaries(_TOKENS.map(str.lower), _VALUES, max_size=4)
_CHALLENGES = st.lists(st.builds(Challenge, _TOKENS.map(str.lower), _PARAMETERS), max_size=4)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (
            'Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:a/b:pull,push"',
            [
                Challenge(
                    "bearer",
                    {
                        "realm": "https://auth.docker.io/token",
                        "service": "registry.docker.io",
                        "scope": "repository:a/b:pull,push",
                    },
                )
            ],
        ),
        ("Basic realm=plain", [Challenge("basic", {"realm": "plain"})]),
        ("Negotiate", [Challenge("negotiate", {})]),
        ('BASIC Realm = "x y"', [Challenge("basic", {"realm": "x y"})]),
        (
            'Negotiate, Basic realm="a, b", Bearer realm="c"',
            [
                Challenge("negotiate", {}),
                Challenge("basic", {"realm": "a, b"}),
                Challenge("bearer", {"realm": "c"}),
            ],
        ),
        (r'Basic realm="say \"hi\" \\"', [Challenge("basic", {"realm": 'say "hi" \\'})]),
        ('Bearer realm="a",realm="b"', [Challenge("bearer", {"realm": "a"})]),
        ("", []),
        (" , ,", []),
    ],
)
def test_challenges_are_read(header: str, expected: list[Challenge]) -> None:
    assert list(parse_challenges([header])) == expected


def test_several_headers_are_read_in_their_order() -> None:
    found = parse_challenges(['Bearer realm="a"', "Basic realm=b"])
    assert [challenge.scheme for challenge in found] == ["bearer", "basic"]


@given(_CHALLENGES)
@settings(max_examples=200, deadline=None)
def test_what_is_written_by_the_grammar_is_read_back(challenges: list[Challenge]) -> None:
    header = ", ".join(map(_written, challenges))
    assert list(parse_challenges([header])) == challenges


@given(st.text(max_size=200))
@settings(max_examples=300, deadline=None)
def test_nothing_makes_the_parser_fail(header: str) -> None:
    for challenge in parse_challenges([header]):
        assert challenge.scheme


def _written(challenge: Challenge) -> str:
    escaped = {
        name: value.replace("\\", "\\\\").replace('"', '\\"')
        for name, value in challenge.parameters.items()
    }
    parameters = ",".join(f'{name}="{value}"' for name, value in escaped.items())
    return f"{challenge.scheme} {parameters}"
