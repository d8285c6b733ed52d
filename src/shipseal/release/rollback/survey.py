"""What is public at the targets, read as far as it is asked for, all targets at once."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import TypeVar

from shipseal._internal.threads import thread_pool
from shipseal.oci import Digest
from shipseal.registry.interface import Target
from shipseal.release.departures import RollbackRecord, departure_from
from shipseal.release.tags import TagRule, version_tags

T = TypeVar("T")
_AT_ONCE = 8  # version tags that are looked up side by side


class Survey:
    """Reads tags and records of rollbacks; what was read once is not read again.

    Args:
        targets: where.
        rules: the tags of the configuration.

    Raises:
        ShipsealError: a target could not be read.
    """

    def __init__(self, targets: Sequence[Target], rules: Sequence[TagRule]) -> None:
        self._targets = tuple(targets)
        self._named: dict[str, dict[str, Digest | None]] = {}
        names = self._everywhere(lambda target: target.list_tags())
        self.versions: Mapping[str, str] = version_tags(
            rules, dict.fromkeys(name for each in names.values() for name in each)
        )
        self._of_digest: dict[Digest, str] = {}

    def named(self, tag: str) -> Mapping[str, Digest | None]:
        """Return what a tag names at each target, by the target's name; None where it does not exist."""
        if tag not in self._named:
            found = self._everywhere(lambda target: target.resolve(tag))
            self._named[tag] = {name: one.digest if one else None for name, one in found.items()}
        return self._named[tag]

    def digests(self, version: str) -> Mapping[str, Digest | None]:
        """Return what the tag of a public version names at each target."""
        return self.named(self.versions[version])

    def version_of(self, digest: Digest) -> str:
        """Return the public version whose tag names ``digest`` anywhere; empty when there is none."""
        read = [version for version, tag in self.versions.items() if tag in self._named]
        rest = [version for version in self.versions if version not in read]
        self._remember(read)
        for start in range(0, len(rest), _AT_ONCE):
            if digest in self._of_digest:
                break
            self._look_up(rest[start : start + _AT_ONCE])
        return self._of_digest.get(digest, "")

    def departure(self, version: str, tag: str) -> RollbackRecord | None:
        """Return the record by which ``tag`` left ``version`` at any target; None when it left it nowhere."""
        digests = self.digests(version)

        def look(target: Target) -> RollbackRecord | None:
            digest = digests[target.name]
            return departure_from(target, digest, version, tag) if digest else None

        return next((one for one in self._everywhere(look).values() if one), None)

    def _look_up(self, versions: Sequence[str]) -> None:
        with thread_pool(_AT_ONCE, "survey") as pool:
            list(pool.map(self.digests, versions))
        self._remember(versions)

    def _remember(self, versions: Iterable[str]) -> None:
        for version in versions:
            for digest in self.digests(version).values():
                if digest:
                    self._of_digest.setdefault(digest, version)

    def _everywhere(self, ask: Callable[[Target], T]) -> dict[str, T]:
        with thread_pool(len(self._targets), "survey") as pool:
            answers = pool.map(partial(_ask, ask), self._targets)
            return dict(zip((target.name for target in self._targets), answers, strict=True))


def _ask(ask: Callable[[Target], T], target: Target) -> T:
    return ask(target)
