"""What a log says again and again is read a few times only."""

from collections.abc import Sequence

from shipseal.runbook.stream import Block

_TIMES = 12
"""So often is a line read. More than once, because what failed, succeeded and failed again has failed."""
_REMEMBERED = 200_000
"""Different lines that are remembered, by a hash of eight bytes."""
_SHORT_ONES = 60_000
"""Lines of a block that has so many are so short that remembering them takes longer than searching them."""
_FRONT = 48
"""Bytes at the front of a line that hold its time stamp: digits there make no other line of it."""
_DIGITS = b"0123456789"


class FreshLines:
    """Leaves out lines that were seen often, and numbers those that stay."""

    def __init__(self) -> None:
        self.lines = 0
        self._times: dict[int, int] = {}

    def of(self, block: Block) -> tuple[bytes, Sequence[int]]:
        """Return the lines of a block that are worth a look, and the number of each; of the log's end all."""
        lines = block.data.split(b"\n")
        first = self.lines + 1
        self.lines += len(lines) - 1
        if block.last or len(self._times) >= _REMEMBERED or len(lines) > _SHORT_ONES:
            return block.data, range(first, first + len(lines))
        times = self._times
        kept, numbers = [], []
        for number, line in enumerate(lines, first):
            key = hash(line[:_FRONT].translate(None, _DIGITS) + line[_FRONT:])
            count = times.get(key, 0)
            if count < _TIMES:
                times[key] = count + 1
                kept.append(line)
                numbers.append(number)
        return b"\n".join(kept), numbers or (first,)
