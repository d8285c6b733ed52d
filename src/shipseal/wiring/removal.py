"""Whether the removal criteria of an ignore have come about in what was scanned."""

from collections.abc import Sequence

from shipseal.ignores.rules import IgnoreRule
from shipseal.scan.interface import ScanReport


def criteria_met(rule: IgnoreRule, reports: Sequence[ScanReport]) -> str:
    """Return in what way the criteria of ``rule`` have come about; empty when they have not."""
    return ""
