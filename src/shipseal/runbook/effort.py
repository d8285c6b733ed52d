"""How closely a log is read: so that any log has its answer in seconds, and the same answer on each machine.

What is spent is counted, never timed. A step is about a microsecond, of a machine of 2026.
"""

from collections.abc import Collection, Sequence

import msgspec

_FIRST, _EACH, _END = 1_600_000, 6_000, 1_000_000
"""Steps for a log: half of what is left for each block of it, though never less than so many, and so many for its end.

The recorded failures take less than 30,000 each, and lines that name no failure take none.
"""
_STATE, _RULE = 90, 4
"""Steps for a line, or for one state of it, and for each rule that it may match, besides those for its bytes."""
_READ, _SEARCHED = 8, 32
"""Bytes that are cleaned, and that one rule is searched in, in a step."""
_ANY_RULE = 60
"""Rules that a line may match that was taken whatever it says."""
_MARKS = frozenset({"structure", "end"})
"""What tells where lines stand is read as if only the rules took anything."""


class Sized(msgspec.Struct, frozen=True):
    """What a line costs.

    Attributes:
        place: where it begins.
        kinds: why it was taken.
        rules: how many it may match.
        bytes: of the line.
        states: how often it was written anew, or how many lines are packed in it.
    """

    place: int
    kinds: Collection[str]
    rules: int
    bytes: int
    states: int

    @property
    def steps(self) -> int:
        """What reading it takes."""
        return self.states * _STATE + self.bytes // _READ + self.matching

    @property
    def matching(self) -> int:
        """What its rules take of that."""
        rules = _ANY_RULE + self.rules if "following" in self.kinds else self.rules
        return rules * (self.states * _RULE + self.bytes // _SEARCHED)


class Effort:
    """Chooses the lines that are read, of a log that has too many."""

    def __init__(self) -> None:
        self._left = _FIRST

    def affordable(self, lines: Sequence[Sized], *, last: bool) -> frozenset[int]:
        """Return the places of the lines of a block that are read.

        What takes few steps is read first: no tool writes words of dozens of failures into one line, and whoever does
        hides no line of a tool behind it.

        Args:
            lines: what each costs.
            last: whether the log ends with this block.
        """
        allowed = _END if last else max(self._left // 2, _EACH)
        spent, chosen = 0, []
        for line in sorted(lines, key=_order):
            if spent + line.steps > allowed:
                break
            spent += line.steps
            chosen.append(line.place)
        if not last:
            self._left -= spent
        return frozenset(chosen)


def _order(line: Sized) -> tuple[int, int]:
    return line.matching if _MARKS & set(line.kinds) else line.steps, line.place
