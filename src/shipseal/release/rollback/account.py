"""The account of a rollback: beside every image that a tag left or went to, and in the journals of this machine."""

from dataclasses import dataclass

from shipseal.oci import parse_digest
from shipseal.release.departures import (
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
from shipseal.release.rollback.values import Point, Setup


@dataclass(frozen=True, slots=True)
class Account:
    """Tells what was moved.

    Attributes:
        setup: what the rollback works with.
        to: where the tags went.
        start: what the rollback is about.
        ledger: its journal, which says what each tag named before.
    """

    setup: Setup
    to: Point
    start: RollbackStart
    ledger: Ledger

    def give(self) -> None:
        """Leave a record beside every image that a tag left and the one it went to, and in the journals here.

        Raises:
            ShipsealError: a target refused or could not be reached; what is stored is not stored again.
        """
        at = self.ledger.state.started
        for target in self.setup.targets:
            moves = self._moves(target.name)
            if moves:
                digests = dict.fromkeys((*(move.before for move in moves.values()), self.to.digest))
                subjects = [target.read_manifest(parse_digest(digest)) for digest in digests]
                put_rollback_record(target, subjects, self._told(at, moves))
        self.ledger.record("rollback.recorded")
        for release in local_releases(self.setup.state, self.setup.image, self.setup.reporter):
            self._tell(release, at)

    def _moves(self, target: str) -> dict[str, TagMove]:
        """Return what moved at a target, in this run or in one that was cut short."""
        before = (self.ledger.state.before or {}).get(target, {})
        stays = {
            tag
            for (where, tag), record in self.ledger.state.tags.items()
            if where == target and record.digest != self.to.digest
        }
        return {
            tag: TagMove(digest, self.to.digest)
            for tag, digest in before.items()
            if digest and digest != self.to.digest and tag not in stays
        }

    def _told(self, at: str, moves: dict[str, TagMove]) -> RollbackRecord:
        start = self.start
        named = {*(move.before for move in moves.values()), self.to.digest}
        versions = {**start.versions, self.to.digest: self.to.version}
        return RollbackRecord(
            schema=SCHEMA,
            serial=0,
            rollback=start.rollback,
            image=start.image,
            at=at,
            by=start.by,
            reason=start.reason,
            versions={digest: versions[digest] for digest in sorted(named) if versions.get(digest)},
            tags=moves,
        )

    def _tell(self, release: LocalRelease, at: str) -> None:
        """Note in the journal of a release that tags left it, or came back to it; once for each rollback."""
        moved = [
            (target.name, tag, move.before)
            for target in self.setup.targets
            for tag, move in self._moves(target.name).items()
        ]
        back = release.digest == self.to.digest and release.version == self.to.version
        gone = tuple((place, tag) for place, tag, before in moved if before == release.digest)
        tags = tuple((place, tag) for place, tag, _ in moved) if back else gone
        if not back and goes_forward(release.version, self.to.version):
            return
        known = any(event.data.get("rollback") == self.start.rollback for event in release.events)
        if known or not tags or (back and release.state.rolled_back is None):
            return
        record = DepartureRecord(
            rollback=self.start.rollback,
            at=at,
            by=self.start.by,
            reason=self.start.reason,
            version=self.to.version,
            digest=self.to.digest,
            tags=tags,
        )
        kind = "release.reinstated" if back else "release.rolled-back"
        journal = Journal(self.setup.state.journal(release.identifier), self.setup.clock)
        Ledger(journal).record(kind, record)
