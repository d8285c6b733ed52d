"""The account of a rollback: beside every image that a tag left or went to, and in the journals of this machine."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from shipseal._internal.threads import thread_pool
from shipseal.oci import parse_digest
from shipseal.registry.interface import Target
from shipseal.release.departures import (
    BEGAN,
    DONE,
    SCHEMA,
    RollbackRecord,
    TagMove,
    goes_forward,
    put_rollback_record,
)
from shipseal.release.journal import Journal
from shipseal.release.ledger import Ledger
from shipseal.release.records import DepartureRecord
from shipseal.release.rollback.known import LocalRelease, RollbackStart, local_releases
from shipseal.release.rollback.plan import RollbackPlan
from shipseal.release.rollback.values import Point, Setup


@dataclass(frozen=True, slots=True)
class Account:
    """Tells what is moved.

    Attributes:
        setup: what the rollback works with.
        plan: what is moved.
        to: where the tags go.
        start: what the rollback is about.
        ledger: its journal.
    """

    setup: Setup
    plan: RollbackPlan
    to: Point
    start: RollbackStart
    ledger: Ledger

    def begin(self) -> None:
        """Leave a record beside every image that a tag is about to leave; all targets at once.

        Raises:
            ShipsealError: a target refused or could not be reached.
        """
        self._at_every_target(BEGAN)

    def give(self) -> None:
        """Leave a record beside every image that a tag left and the one it went to, and in the journals here.

        Raises:
            ShipsealError: a target refused or could not be reached; what is stored is not stored again.
        """
        self._at_every_target(DONE)
        self.ledger.record("rollback.recorded")
        for release in local_releases(self.setup.state, self.setup.image, self.setup.reporter):
            self._tell(release)

    def _at_every_target(self, status: str) -> None:
        targets = self.setup.targets
        with thread_pool(len(targets), "account") as pool:
            list(pool.map(partial(self._put, status), targets))

    def _put(self, status: str, target: Target) -> None:
        moves = self.plan.moves(target.name)
        if not moves:
            return
        left = [parse_digest(digest) for digest in dict.fromkeys(moves.values())]
        everything = [*left, self.to.digest]
        beside = left if status == BEGAN else everything
        put_rollback_record(
            target,
            self._record(status, moves),
            beside=[target.read_manifest(digest) for digest in beside],
            after=everything,
        )

    def _record(self, status: str, moves: Mapping[str, str]) -> RollbackRecord:
        start = self.start
        versions = {**start.versions, self.to.digest: self.to.version}
        named = sorted({*moves.values(), self.to.digest})
        return RollbackRecord(
            schema=SCHEMA,
            serial=0,
            rollback=start.rollback,
            status=status,
            image=start.image,
            at=self.ledger.state.started,
            by=start.by,
            reason=start.reason,
            versions={digest: versions[digest] for digest in named if versions.get(digest)},
            tags={tag: TagMove(before, self.to.digest) for tag, before in moves.items()},
        )

    def _tell(self, release: LocalRelease) -> None:
        """Note in the journal of a release that tags left it, or came back to it; once for each rollback."""
        moved = [
            (target.name, tag, before)
            for target in self.setup.targets
            for tag, before in self.plan.moves(target.name).items()
        ]
        back = (release.digest, release.version) == (self.to.digest, self.to.version)
        tags = tuple((at, tag) for at, tag, before in moved if back or before == release.digest)
        if self._is_told(release) or not tags:
            return
        if release.state.rolled_back is None if back else self._forward(release):
            return
        record = DepartureRecord(
            rollback=self.start.rollback,
            at=self.ledger.state.started,
            by=self.start.by,
            reason=self.start.reason,
            version=self.to.version,
            digest=self.to.digest,
            tags=tags,
        )
        kind = "release.reinstated" if back else "release.rolled-back"
        journal = Journal(self.setup.state.journal(release.identifier), self.setup.clock)
        Ledger(journal).record(kind, record)

    def _is_told(self, release: LocalRelease) -> bool:
        return any(event.data.get("rollback") == self.start.rollback for event in release.events)

    def _forward(self, release: LocalRelease) -> bool:
        return goes_forward(release.version, self.to.version)
