"""The gate's policy for `shipseal scan`, from a word or from a file with the keys of ``gate:`` at its top."""

from dataclasses import replace
from pathlib import Path

from shipseal.gate.policy import GatePolicy
from shipseal.scan.interface import Severity


def policy_of_words(fail_on: str | None, file: Path | None) -> GatePolicy:
    """Return the policy.

    Args:
        fail_on: this severity and worse refuse; None leaves it to the file, or to nothing.
        file: keys of ``gate:`` at its top.

    Raises:
        ConfigError: the file is wrong.
    """
    policy = GatePolicy(fail_on=None) if file is None else _policy_in(file)
    return policy if fail_on is None else replace(policy, fail_on=Severity.parse(fail_on))


def _policy_in(file: Path) -> GatePolicy:
    from shipseal.config.load import load_gate  # noqa: PLC0415 - pydantic and YAML only for a file
    from shipseal.wiring.gate import gate_policy  # noqa: PLC0415

    return gate_policy(load_gate(file))
