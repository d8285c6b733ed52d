"""How diagnoses are shown: to people one below the other, to programs as ``diagnosis.schema.json``."""

from collections.abc import Sequence

import msgspec

from shipseal.cli.diagnose_sources import Found
from shipseal.cli.output import say, say_wrapped
from shipseal.runbook.diagnosis import Diagnosis


def as_value(found: Sequence[Found]) -> dict[str, object]:
    """Return the value of ``--json``."""
    return {"diagnoses": [_value(one) for one in found]}


def _value(found: Found) -> dict[str, object]:
    value: dict[str, object] = msgspec.to_builtins(found.diagnosis)
    return {**value, "log": found.log} if found.log else value


def print_found(found: Sequence[Found]) -> None:
    """Print the diagnoses, the one to begin with first."""
    if not found:
        say("nothing is wrong with it")
    for number, one in enumerate(found):
        if number:
            say()
        _print(one.diagnosis, one.log)


def _print(one: Diagnosis, log: str) -> None:
    say(f"{one.code}{f'  [{log}]' if log else ''}")
    rows = [
        ("cause", one.cause),
        *((f"line {proof.line}", proof.text) for proof in one.proof),
        *(("next", step) for step in one.next),
        ("again", "may help without a change" if one.retry else "does not help without a change"),
        ("see", one.doc),
    ]
    width = max(len(name) for name, _ in rows) + 2
    for name, text in rows:
        say_wrapped(f"  {name:<{width}}{text}")
