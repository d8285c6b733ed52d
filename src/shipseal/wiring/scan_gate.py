"""The gate's policy for `shipseal scan` where no configuration is named: from a word alone, or over a policy file."""

from collections.abc import Sequence
from dataclasses import replace

from shipseal._internal.vulnerability_ids import vulnerability_id
from shipseal.errors import ConfigError
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


def requiring(policy: GatePolicy, ids: Sequence[str]) -> GatePolicy:
    """Return the policy with what must be gone (``--must-fix``) besides what it names itself.

    Raises:
        ConfigError: one of them is no id.
    """
    for text in ids:
        try:
            vulnerability_id(text)
        except ValueError as error:
            raise ConfigError(
                f"--must-fix {text!r}: {error}", hint="write it as advisories do"
            ) from error
    return replace(policy, must_fix=tuple(dict.fromkeys((*policy.must_fix, *ids))))
