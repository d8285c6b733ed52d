"""From the bytes of a log to what they prove."""

import re
from collections.abc import Iterable, Mapping, Sequence

from shipseal._internal.redact import redact
from shipseal.errors import Code
from shipseal.runbook.diagnosis import Diagnosis, Examined, Partly, Proof
from shipseal.runbook.facts import Facts
from shipseal.runbook.forks import as_of_fork
from shipseal.runbook.keys import RULES
from shipseal.runbook.lines import Line
from shipseal.runbook.ranking import Group, ranked
from shipseal.runbook.reading import Reader, Reading
from shipseal.runbook.remedies import NEXT, may_pass, page_of
from shipseal.runbook.rule import filled
from shipseal.runbook.sifting import Sifter
from shipseal.runbook.stream import blocks

_HARMLESS = re.compile(r"[A-Za-z0-9][\w./:@-]{0,200}")
"""What strangers wrote into a log is put into a command only when no shell reads anything into it."""
_MOST_PROOF = 4
_MOST_LIKELY = 8
_LONGEST = 500


def diagnose(chunks: Iterable[bytes], facts: Facts | None = None) -> tuple[Diagnosis, ...]:
    """Return what a log says went wrong, best first; one diagnosis ``unknown`` when nothing known fits.

    Args:
        chunks: the log's bytes in any cut; read once, never kept as a whole.
        facts: what is known about the run besides its log.
    """
    return examine(chunks, facts).diagnoses


def examine(chunks: Iterable[bytes], facts: Facts | None = None) -> Examined:
    """Return what a log says went wrong, and where it was not looked at in full.

    Takes seconds for a log of 100 MB, whatever it holds; the same log has the same answer on each machine.

    Args:
        chunks: the log's bytes in any cut; read once, never kept as a whole.
        facts: what is known about the run besides its log.
    """
    sifter, reader = Sifter(), Reader()
    empty = True
    for block in blocks(chunks):
        empty = empty and not block.data.strip()
        for candidate, raw in sifter.sift(block):
            reader.read(candidate, raw)
    return Examined(
        told(reader.reading, facts or Facts(), empty=empty),
        Partly(*sifter.left) if sifter.left else None,
    )


def told(reading: Reading, facts: Facts, *, empty: bool) -> tuple[Diagnosis, ...]:
    """Return what a reading comes to.

    Args:
        reading: the lines that were read.
        facts: what is known besides.
        empty: whether the log had no line at all.
    """
    groups = ranked(reading)
    if not groups:
        return (_unknown(reading, empty=empty),)
    return as_of_fork([_told(group, reading) for group in groups], reading.facts, facts)


def _told(group: Group, reading: Reading) -> Diagnosis:
    best = group.best
    rule = RULES[best.rule]
    cause = " ".join(filled(rule.cause, best.caught).split()) or "shipseal ended with this"
    return Diagnosis(
        code=group.code,
        cause=_shown(_sentence(cause, group, reading)),
        proof=_proof([best.line, *(hit.line for hit in group.hits), *_rights(group.code, reading)]),
        next=tuple(_step(line, best.caught) for line in rule.next or NEXT[group.code]),
        retry=may_pass(group.code) if rule.retry is None else rule.retry,
        doc=page_of(group.code),
    )


def _step(line: str, caught: Mapping[str, str]) -> str:
    """Return what to do with the image and the host of the log in it, where these are harmless on a command line."""
    for blank, name in (("IMAGE", "image"), ("HOST", "host"), ("REGISTRY", "host")):
        value = caught.get(name, "")
        if _HARMLESS.fullmatch(value):
            line = re.sub(rf"\b{blank}\b(?!_)", value, line)
    return filled(
        line, {name: value for name, value in caught.items() if _HARMLESS.fullmatch(value)}
    )


def _sentence(cause: str, group: Group, reading: Reading) -> str:
    pushed = group.best.caught.get("pushed")
    if pushed and pushed not in cause:
        cause = f"{cause} (push to {pushed})"
    if _rights(group.code, reading):
        cause = f"{cause}; the log lists what the job's token may do, and that is not among it"
    return cause.strip(" :")


def _rights(code: Code, reading: Reading) -> Sequence[Line]:
    """Return the permissions that the log lists, where they confirm that one is missing."""
    missing = {
        Code.ATTESTATIONS_PERMISSION: "attestations",
        Code.REGISTRY_DENIED: "packages",
    }.get(code)
    if missing is None or reading.facts.may(missing) is not False:
        return ()
    return reading.facts.told_permissions[:2]


def _unknown(reading: Reading, *, empty: bool) -> Diagnosis:
    lines = [
        *list(reading.likely)[-_MOST_LIKELY // 2 :],
        *reading.first_likely[: _MOST_LIKELY // 2],
    ]
    if empty:
        cause = "the log is empty"
    elif not lines and not reading.success:
        lines = list(reading.last)
        cause = "nothing known fits, and no line looks like an error; these are the last ones"
    elif not lines:
        cause = "the log shows no failure"
    else:
        cause = "nothing known fits; these lines are the likely ones"
    return Diagnosis(
        code=Code.UNKNOWN,
        cause=cause,
        proof=_proof(sorted(lines, key=lambda line: line.number), most=_MOST_LIKELY),
        next=NEXT[Code.UNKNOWN] if lines else (),
        retry=False,
        doc=page_of(Code.UNKNOWN),
    )


def _proof(lines: Iterable[Line], *, most: int = _MOST_PROOF) -> tuple[Proof, ...]:
    """Return lines as proof, each once."""
    found: dict[str, Proof] = {}
    for line in lines:
        text = _shown(line.text)
        if text and text not in found and len(found) < most:
            found[text] = Proof(line.number, text)
    return tuple(found.values())


def _shown(text: str) -> str:
    """Return text as it may be shown: without secrets, control characters and endless tails."""
    text = redact(text)
    text = "".join(char if char.isprintable() else " " for char in text).strip()
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
