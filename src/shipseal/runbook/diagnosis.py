"""What is said of a failure: its code, its cause, the lines that prove it, and what to do next."""

import msgspec

from shipseal.errors import Code


class Proof(msgspec.Struct, frozen=True):
    """A line of the log that proves a diagnosis.

    Attributes:
        line: its number, from 1.
        text: what it says, without time stamps, colours and secrets, cut to a length that people read.
    """

    line: int
    text: str


class Diagnosis(msgspec.Struct, frozen=True):
    """One failure, and what to do about it.

    Attributes:
        code: the stable code; ``unknown`` when nothing fits.
        cause: what happened, in a sentence, with the registry, image, path or variable that the log names.
        proof: the lines that prove it, the most telling first; for ``unknown`` the likely ones.
        next: what to do, as commands or lines to write, in their order.
        retry: whether doing the same again can help without a change.
        doc: page and anchor that explain it, as ``docs/errors.md#CODE``.
    """

    code: Code
    cause: str
    proof: tuple[Proof, ...]
    next: tuple[str, ...]
    retry: bool
    doc: str


class Partly(msgspec.Struct, frozen=True):
    """Where a log was not looked at in full: more lines than can be read there have words of failures.

    Attributes:
        first: number of the line, from 1, from which on some were left out.
        last: number of the line up to which some were.
    """

    first: int
    last: int


class Examined(msgspec.Struct, frozen=True):
    """What a log says, and how much of it was looked at.

    Attributes:
        diagnoses: best first.
        partly: where not everything was looked at; None when everything was.
    """

    diagnoses: tuple[Diagnosis, ...]
    partly: Partly | None = None
