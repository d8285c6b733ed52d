"""What a trimmed document says about itself: what was dropped, and which full document it comes from.

The record stands in ``creationInfo.comment``, because that belongs to the document, may be any text, and is no
annotation, which the ladder itself drops. It is one sentence for people, then one line of JSON for programs.
"""

from collections.abc import Iterable

import msgspec

from shipseal.errors import ShipsealError
from shipseal.oci import Digest, parse_digest

_SENTENCE = "Trimmed by shipseal for a limit of "
_MARK = "shipseal-trim: "


class Dropped(msgspec.Struct, frozen=True):
    """One thing that was dropped.

    Attributes:
        step: the rung of the ladder.
        section: which part of the document.
        count: how many items.
        size: bytes, with the separators that went with them.
    """

    step: str
    section: str
    count: int
    size: int = msgspec.field(name="bytes")


class TrimRecord(msgspec.Struct, frozen=True):
    """The record in a trimmed document.

    Attributes:
        full: digest of the full document.
        full_size: its bytes.
        limit: bytes that it had to fit into.
        dropped: in the order of the ladder.
    """

    full: str
    full_size: int = msgspec.field(name="fullBytes")
    limit: int
    dropped: tuple[Dropped, ...]

    @property
    def digest(self) -> Digest:
        """The digest of the full document."""
        return parse_digest(self.full)

    @property
    def steps(self) -> tuple[str, ...]:
        """The rungs that were taken, each once."""
        return tuple(dict.fromkeys(item.step for item in self.dropped))

    def extended(self, limit: int, dropped: Iterable[Dropped]) -> "TrimRecord":
        """Return the record after a further trim."""
        return TrimRecord(self.full, self.full_size, limit, (*self.dropped, *dropped))


def write_record(comment: str, record: TrimRecord) -> str:
    """Return ``comment`` with ``record`` in it, instead of an earlier one."""
    said = ", ".join(f"{item.count} {item.section}" for item in record.dropped if item.count)
    text = (
        f"{_SENTENCE}{record.limit} bytes; the full document is {record.full} "
        f"({record.full_size} bytes). Dropped: {said or 'whitespace'}."
    )
    lines = [*_foreign(comment), text, _MARK + msgspec.json.encode(record).decode()]
    return "\n".join(lines)


def read_record(comment: str) -> TrimRecord | None:
    """Return the record in ``comment``; None when there is none that can be read."""
    line = next((line for line in comment.split("\n") if line.startswith(_MARK)), None)
    if line is None:
        return None
    try:
        record = msgspec.json.decode(line[len(_MARK) :], type=TrimRecord)
        parse_digest(record.full)
    except (msgspec.MsgspecError, ShipsealError):
        return None
    return record


def _foreign(comment: str) -> list[str]:
    """Return the lines that are not ours."""
    lines = comment.split("\n") if comment else []
    return [line for line in lines if not line.startswith((_SENTENCE, _MARK))]
