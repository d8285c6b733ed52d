"""Samples of what is printed look as it is printed."""

import re
from itertools import takewhile

from shipseal.cli.columns import Column
from shipseal.cli.output import plain_table
from tests.support.pages import page, pages


def test_the_findings_in_workflows_are_printed_so() -> None:
    printed = page("workflows.md").text.partition("$ shipseal doctor workflow\n")[2]
    sample = printed.partition("```")[0]
    head, _rule, *rows = (line.split() for line in sample.splitlines())
    assert rows
    assert plain_table([Column(name) for name in head], rows) == sample


def test_columns_of_tables_begin_below_each_other() -> None:
    found = 0
    for one in pages():
        lines = one.text.splitlines()
        for number, line in enumerate(lines):
            if re.fullmatch(r"-{2,}(  -{2,})+", line):
                starts = [gap.end() for gap in re.finditer("  ", line)]
                rows = takewhile(lambda row: row[:1] not in ("", "`", "…"), lines[number + 1 :])
                for row in (lines[number - 1], *rows):
                    assert not [at for at in starts if row[at - 2 : at].strip()], (one.path, row)
                found += 1
    assert found
