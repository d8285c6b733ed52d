"""The gate's policy from ``gate:``."""

from shipseal.config.sections import Gate
from shipseal.gate.policy import GapRule, GatePolicy, UnknownRule
from shipseal.scan.interface import Severity


def gate_policy(gate: Gate) -> GatePolicy:
    """Return which findings refuse a release."""
    return GatePolicy(
        fail_on=None if gate.fail_on == "none" else Severity.parse(gate.fail_on),
        unknown=UnknownRule(gate.unknown),
        fixable_only=gate.fixable_only,
        gaps=GapRule(gate.gaps),
    )
