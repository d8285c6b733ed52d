"""What rollbacks mean for promotion: a tag does not come back to what it left, and what it left holds no other back.

A job that runs the release of a rolled-back version again would put the bad image back under ``latest`` within minutes.
So the records beside an image are read (``docs/adr/0007``), and only where they matter: when a tag is about to move to
an image that is public already, or would stay because a higher version is public.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from shipseal.oci import Digest
from shipseal.registry.interface import Target
from shipseal.release.departures import RollbackRecord, departure_from
from shipseal.release.tags import Action, PlannedTag, TagDecision, in_line
from shipseal.release.version import Version

Redecide = Callable[[Iterable[str]], TagDecision]


@dataclass(frozen=True, slots=True)
class Departures:
    """Asks one target about tags that left a version there.

    Attributes:
        target: which.
        versions: the version tags at any target, by version.
    """

    target: Target
    versions: Mapping[str, str]
    _known: dict[tuple[Digest, str, str], RollbackRecord | None] = field(default_factory=dict)

    def left(self, version: str, tag: str) -> RollbackRecord | None:
        """Return the record by which ``tag`` left ``version`` here; None when it did not, or that is not here."""
        name = self.versions.get(version)
        found = self.target.resolve(name) if name else None
        return self.left_image(found.digest, version, tag) if found else None

    def left_image(self, digest: Digest, version: str, tag: str) -> RollbackRecord | None:
        """Return the record by which ``tag`` left the release of ``digest`` here."""
        key = (digest, version, tag)
        if key not in self._known:
            self._known[key] = departure_from(self.target, digest, version, tag)
        return self._known[key]


def with_departures(
    decision: TagDecision,
    *,
    version: str,
    digest: Digest,
    public_already: bool,
    departures: Departures,
    published: Iterable[str],
    redecide: Redecide,
) -> TagDecision:
    """Return ``decision`` with what rollbacks change in it.

    Args:
        decision: by names and versions alone.
        version: of the release.
        digest: of its root.
        public_already: whether the target has this release under its own version, or nothing says that it has not.
        departures: asks the target.
        published: the other versions that are public.
        redecide: decides again by fewer published versions.
    """
    if decision.tag.immutable:
        return decision
    if decision.action is Action.HOLD:
        remaining = _without_departed(decision.tag, version, published, departures)
        decision = decision if remaining is None else redecide(remaining)
    if decision.writes and public_already:
        record = departures.left_image(digest, version, decision.tag.name)
        if record:
            reason = f"{version} was {record.told}; `shipseal release rollback --to {version}` puts it back"
            return replace(decision, action=Action.HOLD, reason=reason)
    return decision


def _without_departed(
    tag: PlannedTag, version: str, published: Iterable[str], departures: Departures
) -> list[str] | None:
    """Return the published versions without those that hold the tag back no more; None when nothing changes."""
    own = Version.parse(version)
    if own is None or own.prerelease:
        return None
    everything = {text: parsed for text in published if (parsed := Version.parse(text))}
    higher = [
        parsed
        for text, parsed in everything.items()
        if own < parsed and not parsed.prerelease and in_line(tag, text)
    ]
    gone = set()
    for parsed in sorted(higher, reverse=True):
        if not departures.left(parsed.text, tag.name):
            break  # one that holds is enough; those below it need not be asked
        gone.add(parsed.text)
    return [text for text in everything if text not in gone] if gone else None
