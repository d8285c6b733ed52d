"""What this machine knows: its releases of an image, and its rollbacks with their journals."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import msgspec

from shipseal._internal.progress import Reporter
from shipseal.errors import ShipsealError
from shipseal.oci import Digest
from shipseal.release.folders import JOURNAL, StateFolder
from shipseal.release.journal import Event, read_begun, read_journal
from shipseal.release.state import ReleaseState, replay

STARTED = "rollback.started"


class RollbackStatus:
    """The words for how a rollback stands."""

    DONE = "done"
    FAILED = "failed"
    PARTLY = "partly-rolled-back"
    UNRECORDED = "unrecorded"
    INTERRUPTED = "interrupted"
    SUPERSEDED = "superseded"


_OPEN = frozenset({RollbackStatus.PARTLY, RollbackStatus.UNRECORDED, RollbackStatus.INTERRUPTED})


class RollbackStart(msgspec.Struct, frozen=True):
    """``rollback.started``: what the rollback is about; fixed for its whole life.

    Attributes:
        rollback: id.
        image: the image's name.
        version: of the release that tags go to; empty when it is not known.
        digest: of that release.
        tags: names, in the order of writing.
        targets: names, in order.
        versions: version by digest of the releases that are left, as far as they are known.
        by: who.
        reason: why; may be empty.
        old_scan: what the policy said of the scan's age, when that was allowed; else empty.
    """

    rollback: str
    image: str
    version: str
    digest: str
    tags: tuple[str, ...]
    targets: tuple[str, ...]
    versions: dict[str, str]
    by: str
    reason: str
    old_scan: str = ""


@dataclass(frozen=True, slots=True)
class KnownRollback:
    """A rollback that has a journal on this machine.

    Attributes:
        start: what it is about.
        state: what its journal adds up to: tags, what they named before, how it ended.
    """

    start: RollbackStart
    state: ReleaseState

    @property
    def status(self) -> str:
        """How it stands, in one word."""
        return self.state.closed.status if self.state.closed else RollbackStatus.INTERRUPTED

    @property
    def open(self) -> bool:
        """Whether it moved tags, or was about to, and has not come to an end."""
        return self.status in _OPEN and self.state.before is not None


@dataclass(frozen=True, slots=True)
class LocalRelease:
    """A release that has a journal on this machine.

    Attributes:
        identifier: its id.
        events: the journal.
        state: what they add up to.
    """

    identifier: str
    events: tuple[Event, ...]
    state: ReleaseState

    @property
    def version(self) -> str:
        """What it released."""
        return self.state.plan.version if self.state.plan else ""

    @property
    def digest(self) -> str:
        """The image's digest; empty before the build."""
        return self.state.image.digest if self.state.image else ""


def local_releases(state: StateFolder, image: str, reporter: Reporter) -> list[LocalRelease]:
    """Return the releases of ``image``; a journal that cannot be read is said and left out: it is not needed."""
    found = []
    for identifier in state.releases():
        try:
            events = read_begun(state.journal(identifier))
            folded = replay(events)
        except ShipsealError as error:
            reporter.note(f"release {identifier} is left out: {error.message}")
            continue
        if folded.plan and folded.plan.image == image:
            found.append(LocalRelease(identifier, events, folded))
    return found


def known_rollbacks(
    state: StateFolder, tell: Callable[[str], None] = lambda _: None
) -> Iterator[KnownRollback]:
    """Return every rollback of this machine, the newest last.

    Args:
        state: where they are.
        tell: hears of those that cannot be read and are left out, a sentence each.
    """
    found = (_known(state, identifier, tell) for identifier in state.rollbacks())
    yield from sorted(
        (one for one in found if one), key=lambda one: (one.state.started, one.start.rollback)
    )


def version_of(releases: list[LocalRelease], digest: Digest) -> str:
    """Return the version of a digest by the journals; empty when none knows it."""
    return next((one.version for one in releases if one.digest == digest), "")


def _known(
    state: StateFolder, identifier: str, tell: Callable[[str], None]
) -> KnownRollback | None:
    try:
        events = read_journal(state.rollback(identifier) / JOURNAL)
        started = next((event for event in events if event.kind == STARTED), None)
        if started is None:
            return None
        return KnownRollback(msgspec.convert(dict(started.data), RollbackStart), replay(events))
    except (ShipsealError, msgspec.ValidationError) as error:
        reason = error.message if isinstance(error, ShipsealError) else str(error)
        tell(f"rollback {identifier} is left out: {reason}")
        return None
