"""What a release did and when: its journal as runs of steps. Pure: events in, values out.

A step's length is measured; when it began is known to the second, as the journal has it. Steps run side by side, so
what happened is told to the step whose work it is, not to the one that was noted last.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import msgspec

from shipseal._internal.clock import parse_rfc3339
from shipseal.release.journal import Event
from shipseal.release.step_work import CATALOGUE, TELLERS, StepWork

_BETWEEN = frozenset(
    {"release.held", "release.waited", "release.rolled-back", "release.reinstated"}
)


class TimelineStep(msgspec.Struct, frozen=True):
    """One step of one run.

    Attributes:
        step: its name.
        state: ``done``, ``failed``, ``reused``, ``skipped``, ``cancelled``, ``interrupted``; ``running`` when nothing
            says how it ended.
        started: RFC 3339, UTC.
        offset: seconds since the run began.
        seconds: how long it took; None for what took no time of its own, or did not end.
        did: what was done or reused; may be empty.
        tools: outside tools that worked, each once.
        bytes: that were sent or made; None when there were none.
        retries: how often something was tried again.
        code: failure code; may be empty.
    """

    step: str
    state: str
    started: str
    offset: float
    seconds: float | None
    did: str
    tools: tuple[str, ...]
    bytes: int | None
    retries: int
    code: str


class TimelineRun(msgspec.Struct, frozen=True):
    """One run of a release.

    Attributes:
        run: counts from 1.
        started: RFC 3339, UTC.
        seconds: from the first to the last line of the journal, or to the end of its longest step.
        status: how it ended; ``interrupted`` when it did not say.
        steps: in the order in which they began.
    """

    run: int
    started: str
    seconds: float
    status: str
    steps: tuple[TimelineStep, ...]


def timeline(events: Iterable[Event]) -> tuple[TimelineRun, ...]:
    """Return the runs of a release, the first one first."""
    runs: list[_Run] = []
    for event in events:
        if event.kind in ("release.started", "release.resumed"):
            runs.append(_Run(event.at))
        elif runs:
            runs[-1].add(event)
    return tuple(run.told(number) for number, run in enumerate(runs, 1))


@dataclass(slots=True)
class _Run:
    started: str
    steps: list[StepWork] = field(default_factory=list)
    last: str = ""
    status: str = "interrupted"

    def add(self, event: Event) -> None:
        if event.kind in _BETWEEN:
            return  # not of this run
        self.last = event.at
        if event.kind == "step":
            self._step(event)
        elif event.kind == "release.closed":
            self.status = str(event.data.get("status", ""))
        elif event.kind == "retry":
            self._tried_again(str(event.data.get("text", "")))
        elif event.kind in TELLERS:
            owner, teller = TELLERS[event.kind]
            step = self._latest(owner(event.data))
            if step is not None:
                teller(step, event.data)

    def told(self, number: int) -> TimelineRun:
        steps = tuple(_told(step, self.started) for step in self.steps)
        ends = [one.offset + (one.seconds or 0.0) for one in steps]
        seconds = max([_between(self.started, self.last or self.started), *ends])
        return TimelineRun(number, self.started, round(seconds, 3), self.status, steps)

    def _step(self, event: Event) -> None:
        name, state = str(event.data.get("step", "")), str(event.data.get("state", ""))
        step = self._latest(re.compile(re.escape(name)), running=True)
        if step is None:
            step = StepWork(name, event.at)
            self.steps.append(step)
        if state == "running":
            return
        step.state, step.code = state, str(event.data.get("code", ""))
        seconds = event.data.get("seconds")
        step.seconds = float(seconds) if isinstance(seconds, int | float) else None
        if detail := str(event.data.get("detail", "")):
            step.did.append(detail)

    def _latest(self, name: re.Pattern[str], *, running: bool = False) -> StepWork | None:
        for step in reversed(self.steps):
            if name.fullmatch(step.name) and (step.state == "running" or not running):
                return step
        return None

    def _tried_again(self, text: str) -> None:
        """Count it for the running step that is about what the text names, else for the one that began last."""
        running = [step for step in self.steps if step.state == "running"]
        if text.startswith("SBOM "):
            named = [step for step in running if step.name == CATALOGUE]
        else:
            named = [step for step in running if _is_about(step.name, text)]
        for step in (named or running)[-1:]:
            step.retries += 1


def _is_about(step: str, text: str) -> bool:
    """Return whether a step that stages at a target is about it that ``text`` names."""
    _, stages, target = step.partition("stage ")
    return bool(stages) and target in text


def _told(step: StepWork, began: str) -> TimelineStep:
    did = [*step.did, *(f"{number} {what}" for what, number in step.counts.items())]
    return TimelineStep(
        step=step.name,
        state=step.state,
        started=step.started,
        offset=_between(began, step.started),
        seconds=step.seconds,
        did=", ".join(dict.fromkeys(filter(None, did))),
        tools=tuple(step.tools),
        bytes=step.bytes,
        retries=step.retries,
        code=step.code,
    )


def _between(earlier: str, later: str) -> float:
    """Return seconds between two times of a journal; none when the clock was set back."""
    return max(0.0, (parse_rfc3339(later) - parse_rfc3339(earlier)).total_seconds())


def failed_steps(runs: Sequence[TimelineRun]) -> tuple[TimelineStep, ...]:
    """Return the steps of the last run that did not end well."""
    if not runs:
        return ()
    bad = ("failed", "interrupted", "running")
    return tuple(step for step in runs[-1].steps if step.state in bad)
