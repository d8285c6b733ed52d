"""What a journal adds up to: a pure fold over its events."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

import msgspec

from shipseal.errors import Code, ReleaseError
from shipseal.release.expenses import BudgetRecord, SpentRecord, ToolExpense
from shipseal.release.hold_records import HoldRecord, WaitedRecord
from shipseal.release.journal import Event
from shipseal.release.records import (
    CatalogueRecord,
    ClosedRecord,
    DepartureRecord,
    EvidenceRecord,
    GateRecord,
    ImageRecord,
    OverrideRecord,
    PlacementRecord,
    Plan,
    PromotionRecord,
    ScanRecord,
    StatementRecord,
    TagRecord,
)

R = TypeVar("R", bound=msgspec.Struct)
# What happens to a release afterwards does not change how its last run ended.
_AFTERWARDS = frozenset(
    {
        "release.closed", "release.held", "release.waited", "release.rolled-back", "release.reinstated", "note",
    }
)  # fmt: skip


@dataclass(slots=True)
class ReleaseState:
    """Everything that is known to be done.

    Attributes:
        plan: what the release is about; None before ``release.started``.
        image: what was built.
        staged: targets that hold every byte of it.
        catalogues: by platform.
        scans: by platform.
        gate: the decision; only one over today's SBOMs counts.
        override: the last decision of a person to publish in spite of the gate.
        overridden: whether that is about the gate's last decision.
        statements: by key, as they will be signed.
        evidence: signed attestations by key.
        placed: ``(key, subject, store)`` of everything that is stored.
        verified: whether the evidence was read back and accepted from every target.
        before: what tags named before promotion, by target and tag; None before promotion began.
        tags: the last record of each ``(target, tag)``.
        recorded: whether the final record lies at the targets.
        dry_run: whether the last run uploaded and signed nothing on purpose.
        fork: whether the last run was a fork's, which may do neither.
        closed: how the last run ended; None while one is running or after a crash.
        aborted: whether a person gave it up.
        rolled_back: the rollback by which tags left this release; None when none did, or they came back.
        budget: what outside tools could use in the last run; None for a journal of a time before that was noted.
        spent: what each tool took, by what it did.
        holds: outages that held it, by when.
        waits: how long it waited for the end of each, by the same times.
        started: RFC 3339 of the first event.
        last: RFC 3339 of the last event.
    """

    plan: Plan | None = None
    image: ImageRecord | None = None
    staged: set[str] = field(default_factory=set)
    catalogues: dict[str, CatalogueRecord] = field(default_factory=dict)
    scans: dict[str, ScanRecord] = field(default_factory=dict)
    gate: GateRecord | None = None
    override: OverrideRecord | None = None
    overridden: bool = False
    statements: dict[str, StatementRecord] = field(default_factory=dict)
    evidence: dict[str, EvidenceRecord] = field(default_factory=dict)
    placed: dict[tuple[str, str, str], PlacementRecord] = field(default_factory=dict)
    verified: bool = False
    before: Mapping[str, Mapping[str, str | None]] | None = None
    tags: dict[tuple[str, str], TagRecord] = field(default_factory=dict)
    recorded: bool = False
    dry_run: bool = False
    fork: bool = False
    closed: ClosedRecord | None = None
    aborted: bool = False
    rolled_back: DepartureRecord | None = None
    budget: BudgetRecord | None = None
    spent: dict[str, ToolExpense] = field(default_factory=dict)
    holds: dict[str, HoldRecord] = field(default_factory=dict)
    waits: dict[str, WaitedRecord] = field(default_factory=dict)
    started: str = ""
    last: str = ""

    def apply(self, event: Event) -> None:
        """Add one event. Kinds that are not known are facts for people and change nothing."""
        self.started = self.started or event.at
        self.last = event.at
        if event.kind not in _AFTERWARDS:
            self.closed = None
        handler = _HANDLERS.get(event.kind)
        if handler is not None:
            handler(self, event)

    def gate_stands(self, policy: str, now: datetime) -> bool:
        """Return whether the gate need not decide again: it passed, by this policy, over the SBOMs known now.

        One that a person overrode stands as long as that lasts.

        As long as nothing is signed it decides anew, because data and ignores may have changed since.
        """
        sboms = tuple(sorted(record.spdx for record in self.catalogues.values()))
        gate = self.gate
        if gate is None or (gate.sboms, gate.policy) != (sboms, policy):
            return False
        overridden = self.glass is not None and self.glass.lasts(now)
        return (gate.outcome == "pass" or overridden) and bool(self.evidence)

    @property
    def glass(self) -> OverrideRecord | None:
        """The decision of a person by which the release goes on in spite of its gate; None when there is none."""
        return self.override if self.overridden else None

    @property
    def can_resume(self) -> bool:
        """Whether there is something to go on with: a real run that neither finished nor was refused or given up."""
        return not (self.dry_run or self.fork) and self.status not in ("done", "aborted", "refused")

    @property
    def status(self) -> str:
        """The release's status in one word, as its last run left it."""
        if self.aborted:
            return "aborted"
        return self.closed.status if self.closed else "interrupted"


def replay(events: Iterable[Event]) -> ReleaseState:
    """Return the state that ``events`` add up to.

    Raises:
        ReleaseError: ``config.invalid`` for an event whose shape is not that of its kind.
    """
    state = ReleaseState()
    for event in events:
        state.apply(event)
    return state


def _read(event: Event, shape: type[R]) -> R:
    try:
        return msgspec.convert(dict(event.data), shape)
    except msgspec.ValidationError as error:
        raise ReleaseError(
            Code.CONFIG_INVALID,
            f"journal event {event.seq} ({event.kind}): {error}",
            hint="the journal was edited or damaged: abort this release and start it again",
        ) from error


def _started(state: ReleaseState, event: Event) -> None:
    state.plan = _read(event, Plan)
    state.aborted = False
    _resumed(state, event)


def _resumed(state: ReleaseState, event: Event) -> None:
    state.dry_run = event.data.get("dry_run") is True
    state.fork = event.data.get("fork") is True


def _built(state: ReleaseState, event: Event) -> None:
    record = _read(event, ImageRecord)
    if state.image is not None and state.image.digest != record.digest:
        # Another image: nothing that was done for the old one counts.
        for name in ("staged", "catalogues", "scans", "statements", "evidence", "placed", "tags"):
            getattr(state, name).clear()
        state.gate, state.before, state.rolled_back = None, None, None
        state.override = None
        state.verified = state.recorded = state.overridden = False
    state.image = record


def _staged(state: ReleaseState, event: Event) -> None:
    state.staged.add(str(event.data.get("target", "")))
    state.verified = False


def _catalogued(state: ReleaseState, event: Event) -> None:
    record = _read(event, CatalogueRecord)
    state.catalogues[record.platform] = record


def _scanned(state: ReleaseState, event: Event) -> None:
    record = _read(event, ScanRecord)
    state.scans[record.platform] = record


def _decided(state: ReleaseState, event: Event) -> None:
    state.gate = _read(event, GateRecord)
    state.overridden = False


def _overridden(state: ReleaseState, event: Event) -> None:
    state.override = _read(event, OverrideRecord)
    state.overridden = True


def _stated(state: ReleaseState, event: Event) -> None:
    record = _read(event, StatementRecord)
    state.statements[record.key] = record


def _signed(state: ReleaseState, event: Event) -> None:
    record = _read(event, EvidenceRecord)
    state.evidence[record.key] = record
    state.verified = False


def _placed(state: ReleaseState, event: Event) -> None:
    record = _read(event, PlacementRecord)
    state.placed[(record.key, record.subject, record.store)] = record


def _verified(state: ReleaseState, event: Event) -> None:
    state.verified = event.data.get("outcome") == "pass"


def _promotion(state: ReleaseState, event: Event) -> None:
    state.before = _read(event, PromotionRecord).before


def _tag(state: ReleaseState, event: Event) -> None:
    record = _read(event, TagRecord)
    state.tags[(record.target, record.tag)] = record


def _recorded(state: ReleaseState, _event: Event) -> None:
    state.recorded = True


def _closed(state: ReleaseState, event: Event) -> None:
    state.closed = _read(event, ClosedRecord)


def _aborted(state: ReleaseState, _event: Event) -> None:
    state.aborted = True


def _budgeted(state: ReleaseState, event: Event) -> None:
    state.budget = _read(event, BudgetRecord)


def _spent(state: ReleaseState, event: Event) -> None:
    state.spent |= {one.about: one for one in _read(event, SpentRecord).tools}


def _held(state: ReleaseState, event: Event) -> None:
    record = _read(event, HoldRecord)
    state.holds[record.since] = record


def _waited(state: ReleaseState, event: Event) -> None:
    record = _read(event, WaitedRecord)
    state.waits[record.since] = record


def _rolled_back(state: ReleaseState, event: Event) -> None:
    record = _read(event, DepartureRecord)
    state.rolled_back = record
    _now_names(state, record, f"rolled back at {record.at} by {record.by}")


def _reinstated(state: ReleaseState, event: Event) -> None:
    state.rolled_back = None
    record = _read(event, DepartureRecord)
    _now_names(state, record, f"put back at {record.at} by {record.by}")


def _now_names(state: ReleaseState, record: DepartureRecord, reason: str) -> None:
    for target, tag in record.tags:
        known = state.tags.get((target, tag))
        before = known.digest if known else None
        state.tags[(target, tag)] = TagRecord(target, tag, record.digest, before, reason)


_HANDLERS: Mapping[str, Callable[[ReleaseState, Event], None]] = {
    "release.started": _started,
    "release.resumed": _resumed,
    "budget.chosen": _budgeted,
    "budget.spent": _spent,
    "image.built": _built,
    "target.staged": _staged,
    "sbom.made": _catalogued,
    "scan.done": _scanned,
    "gate.decided": _decided,
    "gate.overridden": _overridden,
    "statement.made": _stated,
    "evidence.signed": _signed,
    "evidence.placed": _placed,
    "release.verified": _verified,
    "promotion.began": _promotion,
    "tag.moved": _tag,
    "tag.kept": _tag,
    "tag.held": _tag,
    "tag.restored": _tag,
    "tag.stuck": _tag,
    "release.recorded": _recorded,
    "release.closed": _closed,
    "release.held": _held,
    "release.waited": _waited,
    "release.aborted": _aborted,
    "release.rolled-back": _rolled_back,
    "release.reinstated": _reinstated,
}
