"""Crashes: a release that is killed, and goes on."""

from collections.abc import Sequence

from tests.faults.rows import Row

ROWS: Sequence[Row] = ()
