"""Tables, JSON and numbers for people; one content on a terminal and in a pipe."""

import io
import json
import re
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shipseal._internal.redact import register_secret
from shipseal.cli.columns import Column, width_of
from shipseal.cli.output import (
    duration_text,
    is_live,
    plain_table,
    print_json,
    print_table,
    printable,
    say,
    size_text,
    tell,
)


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("env", "live"),
    [
        ({}, True),
        ({"CI": "true"}, False),
        ({"CI": "1"}, False),
        ({"CI": "false"}, True),
        ({"CI": ""}, True),
        ({"TERM": "dumb"}, False),
        ({"NO_COLOR": "1"}, True),
    ],
)
def test_only_a_persons_terminal_is_live(env: dict[str, str], live: bool) -> None:
    assert is_live(Terminal(), env) is live
    assert not is_live(io.StringIO(), env)


def test_a_plain_table_is_aligned_and_whole() -> None:
    text = plain_table(
        [Column("name"), Column("size", right=True)],
        [["a", "1 B"], ["日本", "10 KiB"], ["x" * 200, ""]],
        title="Blobs",
    )
    lines = text.splitlines()
    assert lines[0] == "Blobs"
    assert lines[1].split() == ["name", "size"]
    assert {width_of(line.rstrip()) for line in lines[1:5]} == {200 + 2 + 6}
    assert "x" * 200 in lines[5]
    assert not any(line.endswith(" ") for line in lines)


def words(text: str) -> list[str]:
    text = re.sub(r"\x1b\[[0-9;]*m", "", text)
    return "".join(char if char.isalnum() or char in "._/:" else " " for char in text).split()


def test_terminal_and_pipe_show_the_same_content(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [["linux/amd64", "pass", "12"], ["linux/arm64", "[bold]fail[/bold] :smile:", "3"]]
    print_table(["platform", "status", Column("found", right=True)], rows, title="Gate")
    plain = capsys.readouterr().out
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setenv("NO_COLOR", "1")
    print_table(["platform", "status", Column("found", right=True)], rows, title="Gate")
    assert words(terminal.getvalue()) == words(plain)


def test_statuses_are_coloured_on_a_terminal_only(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    terminal = Terminal()
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", terminal)
        print_table(["status"], [["pass"]])
        print_table(["status"], [["passable"]])
    first, second = terminal.getvalue().split("passable")[0].split("pass")[0], terminal.getvalue()
    assert "\x1b[32m" in first
    assert second.count("\x1b[32m") == 1
    print_table(["status"], [["pass"]])
    assert "\x1b" not in capsys.readouterr().out


def test_a_narrow_terminal_cuts_nothing_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    print_table(["digest"], [["sha256:" + "0123456789abcdef" * 4]])
    assert "0123456789abcdef" * 4 in "".join(terminal.getvalue().split())


def test_an_empty_table_prints_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(["a"], [], title="Nothing")
    assert capsys.readouterr().out == ""


def test_nothing_that_is_printed_can_move_the_cursor_or_break_a_row(
    capsys: pytest.CaptureFixture[str],
) -> None:
    evil = "a\x1b[2J\r\x07\u202e\n::error::x"
    print_table(["package"], [[evil]])
    out = capsys.readouterr().out
    assert len(out.splitlines()) == 3
    assert out.splitlines()[2] == "a\\x1b[2J\\r\\x07\\u202e\\n::error::x"
    say(evil.partition("\n")[0])
    assert capsys.readouterr().out == "a\\x1b[2J\\r\\x07\\u202e\n"


@given(st.text())
def test_printable_text_has_no_control_characters(text: str) -> None:
    shown = printable(text)
    assert shown.replace("\n", "").replace("\t", "").isprintable() or all(
        char.isprintable() or char in "\n\t" or char.isspace() or not char.isascii()
        for char in shown
    )
    assert "\x1b" not in shown
    assert "\r" not in shown
    if text.isprintable():
        assert shown == text


def test_secrets_are_printed_nowhere(capsys: pytest.CaptureFixture[str]) -> None:
    register_secret('open"sesame\\now')
    secret = 'open"sesame\\now'
    say(secret)
    tell(secret)
    print_table(["a"], [[secret]])
    print_json({"a": [secret, {"b": (secret,)}], "n": 1, "t": True, "z": None})
    out, err = capsys.readouterr()
    assert "sesame" not in out + err
    assert json.loads(out[out.index("{") :]) == {
        "a": ["[redacted]", {"b": ["[redacted]"]}],
        "n": 1,
        "t": True,
        "z": None,
    }


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.0 KiB"),
        (15832000, "15.1 MiB"),
        (2**40, "1.0 TiB"),
        (2**52, "4096.0 TiB"),
    ],
)
def test_sizes_for_people(size: int, text: str) -> None:
    assert size_text(size) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0.0 s"), (0.44, "0.4 s"), (12.4, "12 s"), (59.6, "1 min"), (60, "1 min"), (185, "3 min 5 s"),
        (3600, "1 h"), (7800, "2 h 10 min"), (3599.7, "1 h"),
    ],
)  # fmt: skip
def test_durations_for_people(seconds: float, text: str) -> None:
    assert duration_text(seconds) == text
