"""Durations, paths, targets and names: what is written, what is kept, what is refused."""

import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shipseal.config.values import (
    absolute,
    absolute_program,
    absolute_target,
    format_duration,
    parse_duration,
    without_duplicates,
)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90s", 90),
        ("5m", 300),
        ("2h", 7200),
        ("5d", 432000),
        ("1h30m", 5400),
        ("500ms", 0.5),
        ("0s", 0),
    ],
)
def test_durations_have_units(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    "value", ["", "90", "s", "1.5h", "-5m", "5 m", "5M", "5m ", 90, 1.5, None, True, ["5m"]]
)
def test_what_has_no_unit_is_no_duration(value: object) -> None:
    with pytest.raises(ValueError, match="expected a duration such as 90s"):
        parse_duration(value)


@pytest.mark.parametrize("text", ["999999999999d", "36526d", "36525d1ms", "9" * 5000 + "d"])
def test_a_duration_beyond_a_century_is_a_slip(text: str) -> None:
    with pytest.raises(ValueError, match="at most 36525d"):
        parse_duration(text)


def test_a_century_is_a_duration() -> None:
    assert parse_duration("36525d") == 36525 * 86400


@given(st.integers(0, 10**9))
def test_a_duration_is_written_as_it_is_read(milliseconds: int) -> None:
    seconds = milliseconds / 1000
    assert parse_duration(format_duration(seconds)) == pytest.approx(seconds)


@given(st.text(max_size=10))
def test_no_text_is_a_surprise(text: str) -> None:
    with contextlib.suppress(ValueError):
        assert parse_duration(text) >= 0


def test_paths_are_relative_to_their_folder(tmp_path: Path, home: Path) -> None:
    assert absolute("./a/../b", tmp_path) == str(tmp_path / "b")
    assert absolute("/etc/x", tmp_path) == "/etc/x"
    assert absolute("~/k", tmp_path) == str(home / "k")
    assert absolute("./~nobody", tmp_path) == str(tmp_path / "~nobody")


def test_a_bare_program_is_looked_up_and_a_path_is_not(tmp_path: Path) -> None:
    assert absolute_program("syft", tmp_path) == "syft"
    assert absolute_program("./syft", tmp_path) == str(tmp_path / "syft")


def test_only_layouts_have_folders(tmp_path: Path) -> None:
    assert absolute_target("oci:out", tmp_path) == f"oci:{tmp_path}/out"
    assert absolute_target("ghcr.io/org/app", tmp_path) == "ghcr.io/org/app"


def test_a_value_that_stands_twice_is_named() -> None:
    assert without_duplicates(("a", "b")) == ("a", "b")
    with pytest.raises(ValueError, match="b stands here twice"):
        without_duplicates(("a", "b", "b"))
