"""The gate's policy for `shipseal scan` where no configuration is named: from a word alone, or over a policy file."""

from dataclasses import replace

from shipseal.gate.policy import GatePolicy
from shipseal.scan.interface import Severity


def with_threshold(fail_on: str | None, policy: GatePolicy | None = None) -> GatePolicy:
    """Return the policy with the threshold that the command line names.

    Args:
        fail_on: this severity and worse refuse; None leaves it to ``policy``.
        policy: what a file says; None where there is none, and then nothing but ``fail_on`` refuses.
    """
    policy = policy or GatePolicy(fail_on=None)
    return policy if fail_on is None else replace(policy, fail_on=Severity.parse(fail_on))
