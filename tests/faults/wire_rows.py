"""Faults on the wire: what registries, proxies and networks do to a release."""

from collections.abc import Sequence

from tests.faults.rows import Row

ROWS: Sequence[Row] = ()
