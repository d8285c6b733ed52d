"""What a release came to, in the shape that ``--json`` prints (schema ``release.schema.json``)."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

import msgspec

from shipseal.errors import Exit, ShipsealError
from shipseal.release.expenses import BudgetResult, budget_result
from shipseal.release.records import ClosedRecord, DepartureRecord, OverrideRecord
from shipseal.release.state import ReleaseState
from shipseal.release.steps.undo import PartlyPromotedError


class Status:
    """The words for how a release stands; the journal and every output use these."""

    DONE = "done"
    PENDING = "pending"
    REFUSED = "refused"
    FAILED = "failed"
    PARTLY_PROMOTED = "partly-promoted"


class PlatformResult(msgspec.Struct, frozen=True):
    """One platform: its manifest, what is in it and what was found there."""

    platform: str
    digest: str
    packages: int | None
    findings: dict[str, int] | None


class TagResult(msgspec.Struct, frozen=True):
    """One tag at one target, and what it names now."""

    tag: str
    digest: str | None
    reason: str


class TargetResult(msgspec.Struct, frozen=True):
    """One target: whether the image is staged there, and its tags."""

    target: str
    staged: bool
    tags: tuple[TagResult, ...]


class EvidenceResult(msgspec.Struct, frozen=True):
    """One attestation: what it is, about which digests, and where it lies."""

    family: str
    platform: str
    predicate_type: str
    digest: str
    subjects: tuple[str, ...]
    stores: tuple[str, ...]


class RolledBackResult(msgspec.Struct, frozen=True):
    """A rollback by which tags left the release: when, who, why, and what the tags name since."""

    rollback: str
    at: str
    by: str
    reason: str
    version: str
    digest: str
    tags: tuple[str, ...]


class StoreResult(msgspec.Struct, frozen=True):
    """One place with evidence: how many bundles lie there for all subjects, and what it answered, by answer."""

    store: str
    bundles: int
    answers: dict[str, int]


class BreakGlassResult(msgspec.Struct, frozen=True):
    """A person's decision to publish in spite of the gate: why, who, until when, and what stood in the way."""

    reason: str
    person: str
    until: str
    overrides: tuple[str, ...]
    findings: tuple[str, ...]


class HoldResult(msgspec.Struct, frozen=True):
    """An outage that held the release: since when, whose, what its status page said, and how long was waited.

    Attributes:
        outcome: ``resumed``, ``given-up``, ``interrupted``; empty where it did not wait, or waits now.
        seconds: that it waited; None likewise.
    """

    since: str
    code: str
    message: str
    host: str
    page: str
    state: str
    incident: str
    impact: str
    incident_since: str
    incident_url: str
    problem: str
    says: str
    seconds: float | None
    outcome: str


class ReleaseResult(msgspec.Struct, frozen=True):
    """A release as it stands.

    Attributes:
        release: its id.
        version: what was to be released.
        status: ``done``, ``pending``, ``refused``, ``failed``, ``partly-promoted``; ``show`` and ``list`` also say
            ``interrupted`` and ``aborted``.
        digest: of the root; None before the build.
        platforms: in the image's order.
        targets: in the configuration's order.
        tags: those that name this release at every target.
        evidence: all attestations.
        code: failure code; None when there is none.
        message: what failed; empty when nothing did.
        hint: what to do; may be empty.
        exit: exit status of the command.
        attested: whether evidence was signed and read back from every target.
        dry_run: whether nothing was to be uploaded and signed.
        budget: what outside tools could use, why, and what they took; None before that is chosen.
        rolled_back: the rollback by which tags left this release; None when none did, or they came back.
        break_glass: a person's decision by which it goes on in spite of its gate; None where there is none.
        stores: where the evidence lies, and what each store answered; a bundle about three subjects counts three times.
        holds: outages that held it, the last one last.
    """

    release: str
    version: str
    status: str
    digest: str | None
    platforms: tuple[PlatformResult, ...]
    targets: tuple[TargetResult, ...]
    tags: tuple[str, ...]
    evidence: tuple[EvidenceResult, ...]
    code: str | None
    message: str
    hint: str
    exit: int
    attested: bool
    dry_run: bool
    rolled_back: RolledBackResult | None = None
    budget: BudgetResult | None = None
    break_glass: BreakGlassResult | None = None
    stores: tuple[StoreResult, ...] = ()
    holds: tuple[HoldResult, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the JSON value."""
        return dict(msgspec.to_builtins(self))


def closing(error: ShipsealError, release: str = "") -> ClosedRecord:
    """Return how a release ends that was stopped by ``error``: what may pass by itself is pending, the rest is not.

    Args:
        error: what stopped it.
        release: its id, for the command that goes on with it; others may be unfinished on the same machine.
    """
    if isinstance(error, PartlyPromotedError):
        status = Status.PARTLY_PROMOTED
    elif error.exit in (Exit.REFUSED, Exit.UNDECIDED):
        status = Status.REFUSED
    elif error.retryable:
        status = Status.PENDING
    else:
        status = Status.FAILED
    exit_ = Exit.OUTSIDE if status == Status.PARTLY_PROMOTED else error.exit
    hint = error.hint
    if status == Status.PENDING:
        hint = "; then: ".join(filter(None, (hint, f"shipseal release resume {release}".rstrip())))
    return ClosedRecord(
        status,
        str(error.code),
        error.message,
        hint,
        error.retryable,
        int(exit_),
        error.retry_after or 0.0,
    )


def result_of(state: ReleaseState) -> ReleaseResult:
    """Return the result that ``state`` amounts to."""
    plan, closed = state.plan, state.closed
    return ReleaseResult(
        release=plan.release if plan else "",
        version=plan.version if plan else "",
        status=state.status,
        digest=state.image.digest if state.image else None,
        platforms=tuple(_platforms(state)),
        targets=tuple(_targets(state)),
        tags=_common_tags(state),
        evidence=tuple(_evidence(state)),
        code=(closed.code or None) if closed else None,
        message=closed.message if closed else "",
        hint=closed.hint if closed else "",
        exit=closed.exit if closed else int(Exit.OK),
        attested=state.verified,
        dry_run=state.dry_run,
        rolled_back=_rolled_back(state.rolled_back),
        budget=budget_result(state.budget, state.spent.values()),
        break_glass=_break_glass(state.glass),
        stores=tuple(_stores(state)),
        holds=tuple(_holds(state)),
    )


def _holds(state: ReleaseState) -> Iterable[HoldResult]:
    for since, hold in state.holds.items():
        waited = state.waits.get(since)
        yield HoldResult(
            **msgspec.structs.asdict(hold),
            says=hold.says,
            seconds=waited.seconds if waited else None,
            outcome=waited.outcome if waited else "",
        )


def _rolled_back(record: DepartureRecord | None) -> RolledBackResult | None:
    if record is None:
        return None
    names = tuple(dict.fromkeys(tag for _, tag in record.tags))
    return RolledBackResult(
        record.rollback,
        record.at,
        record.by,
        record.reason,
        record.version,
        record.digest,
        names,
    )


def _stores(state: ReleaseState) -> Iterable[StoreResult]:
    """Return the answers about today's bundles: what was signed anew since is told once."""
    answers: dict[str, Counter[str]] = {}
    for (key, _, store), record in state.placed.items():
        known = state.evidence.get(key)
        if known and known.bundle == record.content:
            answers.setdefault(store, Counter())[record.answer] += 1
    # As they stand in the configuration, not as they answered.
    targets = state.plan.targets if state.plan else ()
    order = {name: number for number, name in enumerate(targets)}
    for store in sorted(answers, key=lambda name: (order.get(name, len(order)), name)):
        found = answers[store]
        yield StoreResult(store, found.total(), dict(sorted(found.items())))


def _break_glass(record: OverrideRecord | None) -> BreakGlassResult | None:
    if record is None:
        return None
    return BreakGlassResult(
        record.reason, record.person, record.until, record.overrides, record.findings
    )


def _platforms(state: ReleaseState) -> Iterable[PlatformResult]:
    for platform, digest in state.image.platforms.items() if state.image else ():
        catalogue, scan = state.catalogues.get(platform), state.scans.get(platform)
        yield PlatformResult(
            platform,
            digest,
            catalogue.packages if catalogue else None,
            scan.counts if scan else None,
        )


def _targets(state: ReleaseState) -> Iterable[TargetResult]:
    for name in state.plan.targets if state.plan else ():
        tags = (record for (target, _), record in state.tags.items() if target == name)
        rows = tuple(TagResult(record.tag, record.digest, record.reason) for record in tags)
        yield TargetResult(name, name in state.staged, rows)


def _common_tags(state: ReleaseState) -> tuple[str, ...]:
    if not state.plan or not state.image:
        return ()
    named = {
        name for (_, name), record in state.tags.items() if record.digest == state.image.digest
    }
    everywhere = (
        name
        for name in named
        if all(
            (record := state.tags.get((target, name))) and record.digest == state.image.digest
            for target in state.plan.targets
        )
    )
    return tuple(sorted(everywhere))


def _evidence(state: ReleaseState) -> Iterable[EvidenceResult]:
    for record in state.evidence.values():
        stores = sorted({store for key, _, store in state.placed if key == record.key})
        yield EvidenceResult(
            record.family,
            record.platform,
            record.predicate_type,
            record.bundle,
            record.subjects,
            tuple(stores),
        )
