"""Files of JSON lines: one document a line."""

import re
from collections.abc import Iterator

MOST_LINES = 10_000
"""Bundles in one file: a subject has some dozen, and each is verified."""
_LINE = re.compile(rb"[^\n]*\S[^\n]*")


def json_lines(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield the lines that are not blank, each with its number, from 1; no list of all the others is made."""
    number, last = 1, 0
    for found in _LINE.finditer(data):
        number += data.count(b"\n", last, found.start())
        last = found.start()
        yield number, found.group()
