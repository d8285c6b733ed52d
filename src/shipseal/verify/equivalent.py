"""The same questions, put to cosign: for whoever wants a second opinion, or has no shipseal."""

import shlex
from collections.abc import Sequence

from shipseal.intoto.predicates import COSIGN_TYPES
from shipseal.verify.verdict import Verdict


def cosign_commands(name: str, keys: Sequence[str], verdict: Verdict) -> list[str]:
    """Return one ``cosign verify-attestation`` command for each item and key.

    cosign looks at one predicate type of one digest at a time, at signature and subject alone: not at what evidence
    says, nor at whether the pieces fit together. Without a log entry it refuses, unless it is told that the
    infrastructure is private.

    Args:
        name: ``host/repository``.
        keys: files with public keys; any one of them suffices.
        verdict: what was asked.
    """
    asked = dict.fromkeys((check.subject, check.family) for check in verdict.checks)
    return [
        shlex.join(
            (
                "cosign",
                "verify-attestation",
                "--key",
                key,
                "--private-infrastructure=true",
                "--type",
                COSIGN_TYPES[family],
                f"{name}@{subject}",
            )
        )
        for subject, family in asked
        for key in keys
    ]
