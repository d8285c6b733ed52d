"""Pictures of what runs: on every width, with what matters most, and no time that nobody knows."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shipseal.cli.board import Row
from shipseal.cli.columns import width_of
from shipseal.cli.frame import (
    ASCII,
    UNICODE,
    amount_text,
    clock_text,
    glyphs_for,
    left_text,
    lines_of,
    shortened,
)

MIB = 1 << 20
RELEASE = [
    Row("stage ghcr.io/org/app", within=False, elapsed=12.4, done=120 * MIB, total=338 * MIB,
        skipped=40 * MIB, rate=31.2 * MIB, left=6.99, timed=True),
    Row("stage registry.example.com/mirror/app", within=False, elapsed=12.4, done=0, total=338 * MIB, timed=True),
    Row("catalogue and scan", within=False, elapsed=12.4),
    Row("SBOM linux/amd64", within=True, elapsed=11.0, left=63.0, timed=True),
    Row("SBOM linux/arm64", within=True, elapsed=11.0, timed=True),
]  # fmt: skip


def picture(width: int) -> str:
    return "\n".join(lines_of(RELEASE, width, beat=0))


def test_a_wide_terminal_shows_all() -> None:
    assert picture(160) == (
        "⠋ stage ghcr.io/org/app                  12 s  ━━━━━╌╌╌╌╌╌╌╌╌╌╌  120.0 of 338.0 MiB  31.2 MiB/s"
        "           7 s left  40.0 MiB there already\n"
        "⠋ stage registry.example.com/mirror/app  12 s  ╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌    0.0 of 338.0 MiB            "
        "  time left unknown\n"
        "⠋ catalogue and scan                     12 s\n"
        "    SBOM linux/amd64                     11 s                                                  "
        "          65 s left\n"
        "    SBOM linux/arm64                     11 s                                                  "
        "  time left unknown"
    )


def test_a_narrow_terminal_keeps_name_time_and_part() -> None:
    assert picture(40) == (
        "⠋ stage ghc…io/org/app  35 %   7 s left\n"
        "⠋ stage reg…mirror/app   0 %     ? left\n"
        "⠋ catalogue and scan\n"
        "    SBOM linux/amd64          65 s left\n"
        "    SBOM linux/arm64             ? left"
    )


def test_between_the_two_a_terminal_says_it_in_words() -> None:
    assert picture(80) == (
        "⠋ stage ghcr.io/org/app                  120.0 of 338.0 MiB           7 s left\n"
        "⠋ stage registry.example.com/mirror/app    0.0 of 338.0 MiB  time left unknown\n"
        "⠋ catalogue and scan\n"
        "    SBOM linux/amd64                                                 65 s left\n"
        "    SBOM linux/arm64                                         time left unknown"
    )


rows = st.builds(
    Row,
    name=st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S", "Zs")), min_size=1, max_size=80),
    within=st.booleans(),
    elapsed=st.floats(0, 1e6),
    done=st.none() | st.integers(0, 1 << 45),
    total=st.none() | st.integers(0, 1 << 45),
    skipped=st.integers(0, 1 << 45),
    rate=st.none() | st.floats(0.1, 1e10),
    left=st.none() | st.floats(0, 1e7),
    timed=st.booleans(),
    detail=st.sampled_from(["", "two targets"]),
)  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(st.lists(rows, max_size=6), st.integers(1, 200), st.integers(0, 1000))
def test_no_line_is_wider_than_the_terminal(found: list[Row], width: int, beat: int) -> None:
    lines = lines_of(found, width, beat=beat)
    assert len(lines) == len(found)
    assert all(width_of(line) <= max(1, width - 1) for line in lines)
    assert not any("\n" in line for line in lines)


@settings(max_examples=100, deadline=None)
@given(st.lists(rows, min_size=1, max_size=6), st.integers(40, 200))
def test_a_time_left_is_shown_from_forty_columns_on(found: list[Row], width: int) -> None:
    for row, line in zip(found, lines_of(found, width, beat=0), strict=True):
        if row.timed:
            assert "left" in line


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, "time left unknown"),
        (0.0, "0 s left"),
        (0.2, "1 s left"),
        (19.0, "19 s left"),
        (33.0, "35 s left"),
        (89.0, "90 s left"),
        (130.0, "2 min left"),
        (5400.0, "2 h left"),
    ],
)
def test_a_time_left_is_no_more_exact_than_it_can_be(seconds: float | None, text: str) -> None:
    assert left_text(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.9, "0 s"), (59.9, "59 s"), (60.0, "1:00"), (125.0, "2:05"), (3725.0, "1:02:05")],
)
def test_a_running_time_is_a_clock(seconds: float, text: str) -> None:
    assert clock_text(seconds) == text


@pytest.mark.parametrize(
    ("done", "total", "text"),
    [
        (0, 0, "0 of 0 B"),
        (5, 700, "5 of 700 B"),
        (MIB + MIB // 2, 3 * MIB, "1.5 of 3.0 MiB"),
        (3 * MIB - 1, 3 * MIB, "2.9 of 3.0 MiB"),  # not done before it is
        (5 * MIB, None, "5.0 MiB"),
        (512, 3 << 30, "0.0 of 3.0 GiB"),
    ],
)
def test_an_amount_has_one_unit(done: int, total: int | None, text: str) -> None:
    assert amount_text(done, total) == text


def test_a_name_loses_its_middle() -> None:
    assert shortened("registry.example.com/org/app", 15, "…") == "registr…org/app"
    assert shortened("short", 15, "…") == "short"
    assert shortened("long", 1, "…") == "…"
    assert shortened("long", 0, "…") == ""


def test_a_terminal_without_unicode_gets_ascii() -> None:
    assert glyphs_for("utf-8") is glyphs_for("UTF8") is UNICODE
    assert glyphs_for("ascii") is glyphs_for(None) is ASCII
    assert "\n".join(lines_of(RELEASE, 160, beat=1, glyphs=ASCII)).isascii()
