"""The file of a trusted root as cosign and gh read it: cosign takes one document, gh one document a line.

What cosign must be told besides follows from the instance, as it does for us: it asks for a log entry and for a
certificate log unless it is told that there are none.
"""

import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from shipseal.verify.equivalent import Unquoted

if TYPE_CHECKING:
    from shipseal.attest.trust_root import Instance, TrustRoot


@dataclass(frozen=True, slots=True)
class RootWords:
    """Options that name a trusted root.

    Attributes:
        cosign: for each instance in the file; any one of them suffices.
        gh: for all of them.
    """

    cosign: tuple[tuple[str, ...], ...] = ((),)
    gh: tuple[str, ...] = ()


def root_words(path: Path | None, root: "TrustRoot | None") -> RootWords:
    """Return how ``path`` is named to cosign and gh.

    Args:
        path: the file; None for the public instance, which both know by themselves.
        root: what is in it.
    """
    if path is None or root is None:
        return RootWords()
    lines = [number for number, line in enumerate(root.raw.splitlines(), 1) if line.strip()]
    several = len(root.instances) > 1
    cosign = tuple(
        (
            *_flags(instance),
            "--trusted-root",
            _line_of(path, lines[number]) if several else str(path),
        )
        for number, instance in enumerate(root.instances)
        if instance.authorities
    )
    in_lines = len(lines) == len(root.instances)
    return RootWords(cosign, ("--custom-trusted-root", str(path) if in_lines else _as_line(path)))


def _flags(instance: "Instance") -> Iterator[str]:
    from shipseal.attest.requirement import requirement_of_issuer  # noqa: PLC0415 - brings X.509

    asked = requirement_of_issuer(instance.authorities[0].chain[0], instance)
    if not asked.log:
        yield "--private-infrastructure=true"
    if not asked.sct:
        yield "--insecure-ignore-sct=true"


def _line_of(path: Path, number: int) -> str:
    return Unquoted(f"<(sed -n {number}p {shlex.quote(str(path))})")


def _as_line(path: Path) -> str:
    return Unquoted(f"<(jq -c . {shlex.quote(str(path))})")
