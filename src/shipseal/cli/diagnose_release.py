"""What a release's own journal says went wrong, as `shipseal diagnose --run` tells it."""

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import msgspec

from shipseal.cli.output import printable
from shipseal.errors import Code
from shipseal.release.diagnosis import Diagnosis as Told
from shipseal.release.diagnosis import diagnose
from shipseal.release.journal import Event
from shipseal.release.known import Known, find, survey
from shipseal.release.timeline import timeline
from shipseal.runbook.diagnosis import Diagnosis, Proof
from shipseal.runbook.remedies import NEXT, may_pass
from shipseal.wiring.state import state_folder

_MOST_PROOF = 6
_LONGEST = 500


def of_release(text: str, config: Path | None, env: Mapping[str, str]) -> Sequence[Diagnosis]:
    """Return what is wrong with a release; nothing when it is done, running, or was given up.

    Args:
        text: id or version; empty for the latest.
        config: shipseal.yaml, which may say where state lies.
        env: the environment.

    Raises:
        ConfigError: there is no such release.
        ReleaseError: its journal cannot be read.
    """
    state = state_folder(config, env or os.environ)
    release = find(state, text) if text else survey(state).latest()
    result = release.result()
    running = release.holder is not None
    runs = timeline(release.events)
    told = diagnose(result, runs, running=running, damage=release.damage)
    return [] if told is None else [_diagnosis(told, release)]


def _diagnosis(told: Told, release: Known) -> Diagnosis:
    code = Code(told.code) if told.code in set(Code) else Code.UNKNOWN
    message = release.result().message
    return Diagnosis(
        code=code,
        cause=message or told.means,
        proof=tuple(_proof(release.events, told)),
        next=tuple(dict.fromkeys(step for step in (told.next, *_usual(code)) if step)),
        retry=may_pass(code) or code is Code.UNKNOWN,
        doc=told.see,
    )


def _usual(code: Code) -> Sequence[str]:
    return () if code is Code.UNKNOWN else NEXT[code]


def _proof(events: Sequence[Event], told: Told) -> Iterator[Proof]:
    """Yield the journal's lines that tell of a failure; the last line where the run did not say how it ended."""
    failing = [event for event in events if _fails(event, told.code)] or list(events[-1:])
    for event in failing[-_MOST_PROOF:]:
        # The journal has a line for each event, in their order.
        data = msgspec.json.encode(event.data).decode()
        text = printable(f"{event.at} {event.kind} {data}")
        yield Proof(event.seq + 1, text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…")


def _fails(event: Event, code: str) -> bool:
    return bool(code) and (event.data.get("code") == code or event.data.get("state") == "failed")
