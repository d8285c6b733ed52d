"""The recorded failures that `shipseal diagnose` is measured on; ``python -m scripts.record`` makes them."""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from shipseal.errors import Code
from shipseal.runbook.diagnosis import Diagnosis
from shipseal.runbook.engine import diagnose
from tests.support.tools import ROOT

HOME = ROOT / "tests" / "recorded" / "diagnose"
SPLITS = ("rules", "held-out")


@dataclass(frozen=True, slots=True)
class Recorded:
    """A case.

    Attributes:
        name: of the case and its folder.
        split: ``rules`` or ``held-out``.
        code: what it is.
        also: codes that are right too.
        tool: whose failure it is.
        kind: ``recorded`` from what a tool printed here, or ``written`` where that is GitHub.
        folder: where its files are.
    """

    name: str
    split: str
    code: Code
    also: frozenset[Code]
    tool: str
    kind: str
    folder: Path

    @property
    def log(self) -> bytes:
        """What a person would see."""
        return (self.folder / "log.txt").read_bytes()

    @property
    def right(self) -> frozenset[Code]:
        """All codes that are right at first place."""
        return self.also | {self.code}

    @property
    def ordinary(self) -> bool:
        """Whether no cause may be named."""
        return self.code is Code.UNKNOWN

    def diagnosed(self) -> tuple[Diagnosis, ...]:
        """Return what is said of its log."""
        return diagnose([self.log])


def recorded(split: str) -> Sequence[Recorded]:
    """Return the cases of a split, by name."""
    return [_read(path.parent) for path in sorted((HOME / split).glob("*/case.toml"))]


def _read(folder: Path) -> Recorded:
    about = tomllib.loads((folder / "case.toml").read_text("utf-8"))
    return Recorded(
        name=folder.name,
        split=folder.parent.name,
        code=Code(about["code"]),
        also=frozenset(map(Code, about["also"])),
        tool=about["tool"],
        kind=about["kind"],
        folder=folder,
    )
