"""What registries, token servers and proxies say when they refuse."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shipseal.registry.words import one_line, read_words


@pytest.mark.parametrize(
    ("body", "codes", "text"),
    [
        (
            b'{"errors":[{"code":"DENIED","message":"requested access to the resource is denied"}]}',
            {"DENIED"},
            "DENIED: requested access to the resource is denied",
        ),
        (
            b'{"errors":[{"code":"name_unknown","message":"m","detail":{"name":"a"}},{"code":"X"}]}',
            {"NAME_UNKNOWN", "X"},
            'name_unknown: m ({"name":"a"}); X',
        ),
        (b'{"errors":[{"code":"X","detail":"why"}]}', {"X"}, "X (why)"),
        (b'{"details":"incorrect username or password"}', set(), "incorrect username or password"),
        (
            b'{"error":"invalid_grant","error_description":"expired"}',
            set(),
            "invalid_grant: expired",
        ),
        (b'{"message":"Not Found"}', set(), "Not Found"),
        (b'{"other":1}', set(), '{"other":1}'),
        (b'["a"]', set(), '["a"]'),
        (b'{"errors":"x","message":"y"}', set(), "y"),
        (b"404 page not found\n", set(), "404 page not found"),
        (b"", set(), ""),
        (
            b"<html><head><style>p {}</style><title>502 Bad Gateway</title></head>"
            b"<body><h1>nginx &amp; more</h1><script>alert(1)</script></body></html>",
            set(),
            "502 Bad Gateway nginx & more",
        ),
    ],
)
def test_words_are_found(body: bytes, codes: set[str], text: str) -> None:
    said = read_words(body)
    assert (set(said.codes), said.text) == (codes, text)


def test_control_characters_do_not_reach_the_terminal() -> None:
    said = read_words(json.dumps({"message": "a\x1b[2Jb\r\nc\u202ed"}).encode())
    assert said.text == "a [2Jb c d"


def test_long_words_are_cut() -> None:
    assert len(one_line("x" * 5000)) < 700


@pytest.mark.parametrize(
    "body", [b"[" * 60_000, b"<script" * 9000, b"<" * 60_000, b'{"errors":[[]]}']
)
def test_hostile_bodies_are_read_in_no_time(body: bytes) -> None:
    assert len(read_words(body).text) < 700


@given(st.binary(max_size=300))
@settings(max_examples=200, deadline=None)
def test_nothing_makes_the_reader_fail(body: bytes) -> None:
    said = read_words(body)
    assert said.text.isprintable() or not said.text
