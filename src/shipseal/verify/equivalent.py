"""The same questions, put to cosign and gh: for whoever wants a second opinion, or has no shipseal."""

import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from shipseal.intoto.predicates import COSIGN_TYPES, PREDICATE_TYPES, Family
from shipseal.oci import Digest
from shipseal.verify.verdict import Verdict


class Unquoted(str):
    """A word that a shell shall read as it stands, such as ``<(command)``."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Identified:
    """An identity in the words of the other tools.

    Attributes:
        cosign: options of ``cosign verify-attestation``.
        gh: options of ``gh attestation verify``; empty where it has no words for this identity.
    """

    cosign: tuple[str, ...]
    gh: tuple[str, ...]


def cosign_commands(
    name: str,
    keys: Iterable[str | Path],
    verdict: Verdict,
    identities: Sequence[Identified] = (),
) -> list[str]:
    """Return one ``cosign verify-attestation`` command for each item, and each key and identity.

    cosign looks at one predicate type of one digest at a time, at signature and subject alone: not at what evidence
    says, nor at whether the pieces fit together. With a key and without a log entry it refuses, unless it is told that
    the infrastructure is private.

    Args:
        name: ``host/repository``.
        keys: files with public keys; any one of them suffices.
        verdict: what was asked.
        identities: any one of them suffices.
    """
    by_key = [("--key", str(key), "--private-infrastructure=true") for key in keys]
    trusted = [*by_key, *(one.cosign for one in identities)]
    return [
        _joined(
            (
                "cosign",
                "verify-attestation",
                *options,
                "--type",
                COSIGN_TYPES[family],
                f"{name}@{subject}",
            )
        )
        for subject, family in _asked(verdict)
        for options in trusted
    ]


def gh_commands(name: str, identities: Sequence[Identified], verdict: Verdict) -> list[str]:
    """Return one ``gh attestation verify`` command for each item and identity; gh knows no keys.

    Args:
        name: ``host/repository``.
        identities: any one of them suffices.
        verdict: what was asked.
    """
    trusted = [one.gh for one in identities if one.gh]
    return [
        _joined(
            (
                "gh",
                "attestation",
                "verify",
                f"oci://{name}@{subject}",
                "--bundle-from-oci",
                "--predicate-type",
                PREDICATE_TYPES[family],
                *options,
            )
        )
        for subject, family in _asked(verdict)
        for options in trusted
    ]


def _joined(words: Iterable[str]) -> str:
    return " ".join(
        str(word) if isinstance(word, Unquoted) else shlex.quote(word) for word in words
    )


def _asked(verdict: Verdict) -> Iterable[tuple[Digest, Family]]:
    return dict.fromkeys((check.subject, check.family) for check in verdict.checks)
