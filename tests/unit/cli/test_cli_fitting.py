"""What a table leaves out, wraps and shortens where the terminal is narrow."""

import io
import re
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shipseal.cli.columns import Column
from shipseal.cli.fitting import GAP, fit
from shipseal.cli.output import print_table, say_wrapped

DIGEST = "sha256:" + "0123456789ab"
COLUMNS = [
    Column("release", fixed=True),
    Column("digest", fixed=True),
    Column("when", fixed=True, spare=2),
    Column("tool", spare=1),
    Column("retries", right=True),
    Column("what"),
]
ROW = ("1.0.0-3f2a9c01d2", DIGEST, "━" * 24, "syft 1.57.0", "-", "the gate passes: " * 4)


def names(columns: tuple[Column, ...]) -> list[str]:
    return [column.name for column in columns]


def test_a_table_that_fits_is_left_as_it_is() -> None:
    fitted = fit(COLUMNS, [ROW], 200)
    assert fitted.rows == (ROW,)
    assert names(fitted.columns) == names(tuple(COLUMNS))
    assert fitted.left_out == ()


def test_what_says_nothing_goes_first_then_digests_lose_their_algorithm() -> None:
    fitted = fit(COLUMNS, [ROW], 130)
    assert "retries" not in names(fitted.columns)
    assert fitted.rows[0][1] == DIGEST
    fitted = fit(COLUMNS, [ROW], 98)
    assert fitted.rows[0][1] == "0123456789ab"
    assert fitted.left_out == ()


def test_spare_columns_go_in_their_order_and_are_named() -> None:
    assert fit(COLUMNS, [ROW], 80).left_out == ("when",)
    assert fit(COLUMNS, [ROW], 60).left_out == ("when", "tool")


def test_a_whole_digest_keeps_its_algorithm() -> None:
    whole = "sha256:" + "0123456789abcdef" * 4
    fitted = fit([Column("digest", fixed=True), Column("what")], [(whole, "x " * 40)], 100)
    assert fitted.rows[0][0] == whole


def test_where_no_widths_keep_words_whole_there_are_none() -> None:
    assert fit(COLUMNS, [ROW], 20).widths == ()


@given(
    st.lists(st.tuples(*[st.text("ab -", max_size=60)] * 4), min_size=1, max_size=4),
    st.integers(1, 200),
)
@settings(max_examples=150, deadline=None)
def test_it_is_never_wider_than_the_terminal_and_fixed_cells_are_whole(
    rows: list[tuple[str, ...]], width: int
) -> None:
    columns = [Column("id", fixed=True), Column("n", right=True), Column("x", spare=1), Column("y")]
    fitted = fit(columns, rows, width)
    assert all(len(row) == len(fitted.columns) for row in fitted.rows)
    if fitted.widths:
        assert sum(fitted.widths) + GAP * (len(fitted.widths) - 1) <= width
        for number, column in enumerate(fitted.columns):
            if column.fixed or column.right:
                assert fitted.widths[number] >= max(len(row[number]) for row in fitted.rows)


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("width", [30, 50, 80, 100, 120])
def test_on_a_terminal_no_line_is_too_wide_and_no_id_is_cut(
    monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    screen = Screen()
    monkeypatch.setattr(sys, "stdout", screen)
    for name, value in {"COLUMNS": str(width), "NO_COLOR": "1", "CI": "", "TERM": "xterm"}.items():
        monkeypatch.setenv(name, value)
    print_table(
        COLUMNS, [ROW], title="timeline: began 2026-11-24T11:17:16Z, done after 2.1 s (UTC)"
    )
    say_wrapped("budget of outside tools: " + "cores: 2 (what this process may use); " * 4)
    lines = re.sub(r"\x1b\[[0-9;]*m", "", screen.getvalue()).splitlines()
    assert max(len(line.rstrip()) for line in lines) <= width
    assert any("1.0.0-3f2a9c01d2" in line for line in lines)
    assert any("0123456789ab" in line for line in lines)
    assert any("2026-11-24T11:17:16Z" in line for line in lines)


def test_in_a_pipe_a_sentence_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    say_wrapped("word " * 60)
    assert len(capsys.readouterr().out.splitlines()) == 1
