"""Undo a promotion that failed: old tags get their old digest back, new ones go where a registry can delete a tag."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NoReturn

from shipseal._internal.progress import Reporter
from shipseal.errors import ReleaseError, ShipsealError
from shipseal.oci import Digest, parse_digest
from shipseal.registry.interface import Target
from shipseal.release.ledger import Ledger
from shipseal.release.records import TagRecord


class PartlyPromotedError(ReleaseError):
    """Some tags are public although the release is not done.

    Attributes:
        cause: what stopped the promotion.
        stuck: ``target:tag`` of each tag that names the new image.
    """

    def __init__(self, cause: ShipsealError, stuck: Sequence[str]) -> None:
        super().__init__(
            cause.code,
            f"promotion stopped: {cause.message}; public already and not undone: {', '.join(stuck) or 'nothing'}",
            hint="shipseal release resume moves the rest forward",
            context={**cause.context, "stuck": ", ".join(stuck)},
            retryable=True,
        )
        self.cause = cause
        self.stuck = tuple(stuck)


@dataclass(frozen=True, slots=True)
class MovedTag:
    """A tag that this release moved, or tried to.

    Attributes:
        target: where.
        tag: which.
        before: what it named; None for nothing.
    """

    target: Target
    tag: str
    before: str | None

    @property
    def place(self) -> str:
        """``target:tag``."""
        return f"{self.target.name}:{self.tag}"


class Undo:
    """Remembers what moved, and puts it back.

    Args:
        digest: what the moved tags name now.
        ledger: is told of each tag.
        reporter: is told what could not be read.
        what: what the tags were moved by, for messages.
    """

    def __init__(
        self, digest: Digest, ledger: Ledger, reporter: Reporter, *, what: str = "promotion"
    ) -> None:
        self._digest = digest
        self._ledger = ledger
        self._reporter = reporter
        self._what = what
        self._moved: list[MovedTag] = []

    def remember(self, moved: MovedTag) -> None:
        """Note a tag that moved."""
        self._moved.append(moved)

    def all(
        self, cause: ShipsealError, *, failed: MovedTag | None, public: Sequence[str] = ()
    ) -> NoReturn:
        """Put every tag back, the last one first, and say why.

        Args:
            cause: what stopped the promotion.
            failed: the tag whose move failed, which may have moved all the same; None when it was not ours to move.
            public: tags that name the release and were not moved by this run.

        Raises:
            PartlyPromotedError: something could not be put back.
            ShipsealError: ``cause``, when everything is as it was.
        """
        stuck = list(public)
        if failed and self._names_us(failed) and not self._restore(failed):
            stuck.append(failed.place)
        stuck += [moved.place for moved in reversed(self._moved) if not self._put_back(moved)]
        if stuck:
            raise PartlyPromotedError(cause, stuck) from cause
        raise cause

    def _names_us(self, failed: MovedTag) -> bool:
        try:
            found = failed.target.resolve(failed.tag)
        except ShipsealError as error:
            # The target is down, which is why the move failed: nobody can say more, and a resume looks again.
            self._reporter.note(f"{failed.place}: could not be read: {error.message}")
            return False
        return found is not None and found.digest == self._digest

    def _put_back(self, moved: MovedTag) -> bool:
        """Put one tag back unless somebody else has moved it on; return whether it does not name us any more."""
        try:
            found = moved.target.resolve(moved.tag)
        except ShipsealError as error:
            return self._stuck(moved, error)
        if found is None or found.digest != self._digest:
            return True
        return self._restore(moved)

    def _restore(self, moved: MovedTag) -> bool:
        try:
            if moved.before is None:
                moved.target.delete_tag(moved.tag)
            else:
                old = moved.target.read_manifest(parse_digest(moved.before))
                moved.target.put_tag(moved.tag, old)
        except ShipsealError as error:
            # Here, too, only the answer may have been lost.
            if self._names_us(moved):
                return self._stuck(moved, error)
        told = TagRecord(
            moved.target.name, moved.tag, moved.before, moved.before, f"{self._what} failed"
        )
        self._ledger.record("tag.restored", told)
        return True

    def _stuck(self, moved: MovedTag, error: ShipsealError) -> bool:
        told = TagRecord(moved.target.name, moved.tag, self._digest, moved.before, error.message)
        self._ledger.record("tag.stuck", told)
        return False
