"""Faults at home: tools, disks, memory and clocks."""

from collections.abc import Sequence

from tests.faults.rows import Row

ROWS: Sequence[Row] = ()
