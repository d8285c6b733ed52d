"""How diagnoses are shown: to people one below the other, to programs as ``diagnosis.schema.json``."""

import msgspec

from shipseal.cli.diagnose_sources import Answer, Found, Left
from shipseal.cli.given import as_given
from shipseal.cli.output import say, say_wrapped
from shipseal.runbook.diagnosis import Diagnosis


def as_value(answer: Answer) -> dict[str, object]:
    """Return the value of ``--json``."""
    value: dict[str, object] = {"diagnoses": [_value(one) for one in answer.found]}
    return {**value, "partly": [_left(one) for one in answer.partly]} if answer.partly else value


def _value(found: Found) -> dict[str, object]:
    value: dict[str, object] = msgspec.to_builtins(found.diagnosis)
    return {**value, "log": found.log} if found.log else value


def _left(one: Left) -> dict[str, object]:
    value: dict[str, object] = {"first": one.first, "last": one.last}
    return {**value, "log": one.log} if one.log else value


def print_answer(answer: Answer) -> None:
    """Print the diagnoses, the one to begin with first, and where logs were not looked at in full."""
    if not answer.found:
        say("nothing is wrong with it")
    for number, one in enumerate(answer.found):
        if number:
            say()
        _print(one.diagnosis, one.log)
    if answer.partly:
        say()
    for left in answer.partly:
        name = f" of {left.log}" if left.log else ""
        say_wrapped(
            f"not all was looked at: of lines {left.first} to {left.last}{name} too many have words of failures, "
            "and some were left out"
        )


def _print(one: Diagnosis, log: str) -> None:
    say(f"{one.code}{f'  [{log}]' if log else ''}")
    rows = [
        ("cause", one.cause),
        *((f"line {proof.line}", proof.text) for proof in one.proof),
        *(("next", as_given(step)) for step in one.next),
        ("again", "may help without a change" if one.retry else "does not help without a change"),
        ("see", one.doc),
    ]
    width = max(len(name) for name, _ in rows) + 2
    for name, text in rows:
        say_wrapped(f"  {name:<{width}}{text}")
