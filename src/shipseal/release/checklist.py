"""The checklist of a release: what must hold before it is public, ticked by the evidence in its journal.

A person ticks nothing. Each item looks at what the journal proves, and quotes it: digests, counts, places. What is not
proved is open, whatever the release's status says.
"""

from collections.abc import Callable, Mapping, Sequence

import msgspec

from shipseal.release.records import EvidenceRecord
from shipseal.release.state import ReleaseState

DONE, OPEN, FAILED, NOT_NEEDED = "done", "open", "failed", "not needed"


class Tick(msgspec.Struct, frozen=True):
    """Whether something is proved.

    Attributes:
        state: ``done``, ``open``, ``failed``, ``not needed``.
        proof: what proves it, or what is missing; a sentence without its dot.
    """

    state: str
    proof: str


class ListedItem(msgspec.Struct, frozen=True):
    """One line of a checklist.

    Attributes:
        id: stable name.
        text: what must hold.
        statements: those of the runbook (``docs/runbook.md``) that ask for it.
        state: as in :class:`Tick`.
        proof: as in :class:`Tick`.
    """

    id: str
    text: str
    statements: tuple[str, ...]
    state: str
    proof: str


class Checklist(msgspec.Struct, frozen=True):
    """The checklist of one release (schema ``release-checklist.schema.json``).

    Attributes:
        release: its id.
        image: the image's name.
        version: what is released.
        digest: of the root; None before the build.
        complete: whether nothing is open and nothing failed.
        items: in the order in which a release does them.
    """

    release: str
    image: str
    version: str
    digest: str | None
    complete: bool
    items: tuple[ListedItem, ...]


class Item(msgspec.Struct, frozen=True):
    """What a release owes, before it is known whether it paid.

    Attributes:
        id: stable name.
        text: what must hold.
        statements: those of the runbook that ask for it.
        tick: looks for the proof.
    """

    id: str
    text: str
    statements: tuple[str, ...]
    tick: Callable[[ReleaseState], Tick]


def checklist(state: ReleaseState) -> Checklist:
    """Return the checklist of the release that ``state`` is about."""
    items = tuple(_listed(item, state) for item in ITEMS)
    plan = state.plan
    return Checklist(
        release=plan.release if plan else "",
        image=plan.image if plan else "",
        version=plan.version if plan else "",
        digest=state.image.digest if state.image else None,
        complete=all(item.state in (DONE, NOT_NEEDED) for item in items),
        items=items,
    )


def _listed(item: Item, state: ReleaseState) -> ListedItem:
    tick = item.tick(state)
    return ListedItem(item.id, item.text, item.statements, tick.state, tick.proof)


def _platforms(state: ReleaseState) -> Tick:
    if state.image is None:
        return Tick(OPEN, "there is no image yet")
    there = state.image.platforms
    missing = [one for one in (state.plan.platforms if state.plan else ()) if one not in there]
    if missing:
        return Tick(FAILED, f"the image lacks {', '.join(missing)}")
    return Tick(DONE, ", ".join(f"{name} {digest}" for name, digest in there.items()))


def _staged(state: ReleaseState) -> Tick:
    if state.fork:
        return Tick(NOT_NEEDED, "a fork's pull request is staged nowhere")
    targets = state.plan.targets if state.plan else ()
    missing = [name for name in targets if name not in state.staged]
    if missing or state.image is None:
        return Tick(OPEN, f"not at {', '.join(missing) or 'any target'} yet")
    return Tick(DONE, f"{state.image.digest} at {', '.join(targets)}")


def _catalogued(state: ReleaseState) -> Tick:
    return _each_platform(
        state,
        {
            name: f"{one.spdx} with {one.packages} packages by {one.tool}"
            for name, one in state.catalogues.items()
        },
        "has no SBOM yet",
    )


def _scanned(state: ReleaseState) -> Tick:
    return _each_platform(
        state,
        {
            name: f"{_counts(one.counts)} by {one.scanner}"
            for name, one in state.scans.items()
            if name in state.catalogues and one.sbom == state.catalogues[name].spdx
        },
        "was not scanned yet",
    )


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {severity}" for severity, count in counts.items()) or "no findings"


def _each_platform(state: ReleaseState, proofs: Mapping[str, str], lacks: str) -> Tick:
    names = state.image.platforms if state.image else ()
    missing = [name for name in names if name not in proofs]
    if missing or not names:
        return Tick(OPEN, f"{', '.join(missing) or 'the image'} {lacks}")
    return Tick(DONE, "; ".join(f"{name}: {proofs[name]}" for name in names))


def _gate(state: ReleaseState) -> Tick:
    gate, glass = state.gate, state.glass
    if gate is None:
        return Tick(OPEN, "the gate has not decided yet")
    if gate.outcome == "pass":
        return Tick(DONE, f"{gate.summary} (policy {gate.policy})")
    if glass is not None:
        return Tick(
            DONE,
            f"overridden by {glass.person} until {glass.until}: {glass.reason}; {gate.summary}",
        )
    return Tick(FAILED, gate.summary)


def _attested(family: str) -> Callable[[ReleaseState], Tick]:
    """Return what looks for attestations of ``family`` about the root and each platform, at every target."""

    def tick(state: ReleaseState) -> Tick:
        if state.fork or state.dry_run:
            return Tick(NOT_NEEDED, "nothing is signed in a rehearsal or for a fork")
        # They were signed side by side; the whole image comes first, however that went.
        found = (one for one in state.evidence.values() if one.family == family)
        records = sorted(found, key=lambda one: one.platform or "")
        covered = {subject for one in records for subject in one.subjects}
        missing = [name for name, digest in _subjects(state).items() if digest not in covered]
        if missing or not records:
            return Tick(OPEN, f"{', '.join(missing) or 'the image'}: not signed yet")
        if absent := _absent(state, records):
            return Tick(OPEN, f"signed, not stored at {', '.join(absent)}")
        return Tick(DONE, ", ".join(f"{one.platform or 'all'} {one.bundle}" for one in records))

    return tick


def _subjects(state: ReleaseState) -> dict[str, str]:
    if state.image is None:
        return {"the image": ""}
    return {"the index": state.image.digest, **state.image.platforms}


def _absent(state: ReleaseState, records: Sequence[EvidenceRecord]) -> list[str]:
    """Return the targets that lack the very bundle of one of ``records`` for one of its subjects."""

    def lacks(target: str, record: EvidenceRecord) -> bool:
        found = (state.placed.get((record.key, subject, target)) for subject in record.subjects)
        return any(one is None or one.content != record.bundle for one in found)

    targets = state.plan.targets if state.plan else ()
    return [name for name in targets if any(lacks(name, one) for one in records)]


def _verified(state: ReleaseState) -> Tick:
    if state.fork or state.dry_run:
        return Tick(NOT_NEEDED, "nothing was signed")
    if not state.verified:
        return Tick(OPEN, "not read back from every target since the last change")
    return Tick(DONE, "read back from every target and accepted by the policy of a consumer")


def _tags(state: ReleaseState) -> Tick:
    if state.fork or state.dry_run:
        return Tick(NOT_NEEDED, "no tag moves in a rehearsal or for a fork")
    if state.rolled_back is not None:
        gone = state.rolled_back
        return Tick(FAILED, f"rolled back at {gone.at} by {gone.by}: {gone.reason or 'no reason'}")
    targets = state.plan.targets if state.plan else ()
    moved = {target: _named(state, target) for target in targets}
    missing = [target for target, names in moved.items() if not names]
    if missing or not moved or state.image is None:
        return Tick(OPEN, f"no tag names it at {', '.join(missing) or 'any target'}")
    return Tick(DONE, "; ".join(f"{target}: {', '.join(tags)}" for target, tags in moved.items()))


def _named(state: ReleaseState, target: str) -> list[str]:
    digest = state.image.digest if state.image else None
    return [
        tag for (where, tag), one in state.tags.items() if where == target and one.digest == digest
    ]


def _recorded(state: ReleaseState) -> Tick:
    if state.fork or state.dry_run:
        return Tick(NOT_NEEDED, "a rehearsal leaves no record at the targets")
    if not state.recorded:
        return Tick(OPEN, "no record lies at the targets yet")
    return Tick(DONE, f"the record lies beside the image; the run ended as {state.status}")


ITEMS: tuple[Item, ...] = (
    Item("image.platforms", "the image has every platform", ("S1",), _platforms),
    Item("image.staged", "every target holds the same bytes, by digest", ("S2",), _staged),
    Item("sbom.made", "each platform has an SBOM", ("S4", "S17"), _catalogued),
    Item("scan.done", "each platform's SBOM was scanned", ("S5", "S22", "S23"), _scanned),
    Item("gate.passed", "the gate passed; what it ignores is justified", ("S5", "S27"), _gate),
    Item(
        "provenance.attested",
        "its provenance is attested, for index and platforms, at every target",
        ("S3", "S10"),
        _attested("provenance"),
    ),
    Item(
        "sbom.attested",
        "its SBOMs are attested, for index and platforms, at every target",
        ("S6", "S28"),
        _attested("sbom"),
    ),
    Item(
        "scan.attested",
        "its scans are attested, for index and platforms, at every target",
        ("S5",),
        _attested("scan"),
    ),
    Item(
        "seal.attested",
        "the seal over all evidence is attested at every target",
        ("S7",),
        _attested("seal"),
    ),
    Item("release.verified", "the evidence verifies as a consumer sees it", ("S9",), _verified),
    Item("tags.moved", "the tags name it, after all of the above", ("S7", "S47"), _tags),
    Item("release.recorded", "the release is recorded", ("S7",), _recorded),
)
