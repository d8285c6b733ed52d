"""Records of rollbacks beside images: which tags were moved away from an image, and which back to it.

A rollback puts a record beside each image that a tag is about to leave, and one beside it and where the tag went when
that is done, at every target. So the last record that names a tag says whether an image was left by it, also to a job
on a machine that knows of nothing (``docs/adr/0007``). Records are signed by nobody. All that is done by them is
careful: a tag stays where it is, or a version is passed over, and both are said.
"""

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from shipseal._internal.limits import MIB, Limit
from shipseal.errors import ShipsealError
from shipseal.evidence.artifact import Content
from shipseal.evidence.artifacts import StoredArtifact, find_artifacts, put_artifact
from shipseal.evidence.referrers import damage, read_layer
from shipseal.oci import Digest, RawManifest
from shipseal.oci import media_types as mt
from shipseal.registry.interface import Target
from shipseal.release.version import Version

SCHEMA = 1
BEGAN = "began"
DONE = "done"
_RECORD = Limit("rollback record", MIB, "it names the tags of one repository")


class TagMove(msgspec.Struct, frozen=True):
    """What one tag named before, and what it names since."""

    before: str
    digest: str


class RollbackRecord(msgspec.Struct, frozen=True):
    """What lies beside an image.

    Attributes:
        schema: of this shape.
        serial: higher than that of every record that was there: clocks of two machines differ.
        rollback: id.
        status: ``began`` before the first tag moves, ``done`` after the last.
        image: the image's name.
        at: RFC 3339.
        by: who.
        reason: why; may be empty.
        versions: version by digest, as far as they are known.
        tags: what moved at this target.
    """

    schema: int
    serial: int
    rollback: str
    status: str
    image: str
    at: str
    by: str
    reason: str
    versions: dict[str, str]
    tags: dict[str, TagMove]

    def departure(self, digest: str, version: str, tag: str) -> bool:
        """Return whether ``tag`` left the release ``version``, which is ``digest``, as one that is not wanted."""
        move = self.tags.get(tag)
        if (
            move is None
            or move.before != digest
            or self.versions.get(digest, "") not in ("", version)
        ):
            return False
        return not goes_forward(version, self.versions.get(move.digest, ""))

    @property
    def told(self) -> str:
        """One line for a person: where to, when, by whom, why."""
        to = {move.digest for move in self.tags.values()}
        names = ", ".join(sorted(self.versions.get(digest) or digest for digest in to))
        why = f": {self.reason}" if self.reason else ""
        return f"rolled back to {names} at {self.at} by {self.by}{why}"


def goes_forward(left: str, to: str) -> bool:
    """Return whether tags that leave version ``left`` for ``to`` go forward, which says nothing against ``left``."""
    lower, higher = Version.parse(left), Version.parse(to)
    return lower is not None and higher is not None and lower < higher


def rollback_records(target: Target, digest: Digest) -> tuple[RollbackRecord, ...]:
    """Return the records beside an image, the oldest first; what cannot be read as one is left out.

    Raises:
        ShipsealError: the target could not be reached.
    """
    found = (_read(target, each) for each in find_artifacts(target, digest, mt.ROLLBACK_RECORD))
    return tuple(sorted((one for one in found if one), key=_order))


def _order(record: RollbackRecord) -> tuple[int, str, str, str]:
    # BEGAN sorts before DONE.
    return record.serial, record.at, record.rollback, record.status


def departure_from(target: Target, digest: Digest, version: str, tag: str) -> RollbackRecord | None:
    """Return the record by which ``tag`` left a release at ``target``; None when it never did, or came back.

    A record of a rollback that only began counts while the tag names what it was to name: then the tag was moved, and
    whoever moved it did not live to say so.

    Raises:
        ShipsealError: the target could not be reached.
    """
    last = None
    for record in rollback_records(target, digest):
        if tag in record.tags:
            last = record
    if last is None or not last.departure(digest, version, tag):
        return None
    if last.status == DONE:
        return last
    found = target.resolve(tag)
    return last if found and found.digest == last.tags[tag].digest else None


def put_rollback_record(
    target: Target,
    record: RollbackRecord,
    *,
    beside: Sequence[RawManifest],
    after: Iterable[Digest],
) -> None:
    """Store ``record``, numbered after all other records, unless it is there.

    Args:
        target: where.
        record: what to store.
        beside: the images that get it.
        after: the images whose records it comes after.

    Raises:
        ShipsealError: the target refused or could not be reached.
    """
    there = {digest: rollback_records(target, digest) for digest in after}
    known = [one for several in there.values() for one in several]
    last = max((one.serial for one in known if one.rollback != record.rollback), default=0)
    own = max((one.serial for one in known if one.rollback == record.rollback), default=0)
    numbered = msgspec.structs.replace(record, serial=own if own > last else last + 1)
    data = msgspec.json.encode(numbered, order="sorted")
    for subject in beside:
        if numbered not in there.get(subject.digest, ()):
            put_artifact(
                target,
                subject,
                Content.of_bytes(data, mt.ROLLBACK_RECORD),
                artifact_type=mt.ROLLBACK_RECORD,
                annotations=_annotations(numbered, subject.digest),
            )


def _annotations(record: RollbackRecord, digest: str) -> Mapping[str, str]:
    version = record.versions.get(digest)
    return {mt.VERSION: version} if version else {}


def _read(target: Target, artifact: StoredArtifact) -> RollbackRecord | None:
    try:
        raw = read_layer(target, artifact.content, _RECORD, what=f"{target.name}, rollback record")
        record = msgspec.json.decode(raw, type=RollbackRecord)
    except msgspec.DecodeError:
        return None
    except ShipsealError as error:
        damage(error)  # goes on only where the record is damaged, not where nobody could look
        return None
    return record if record.schema == SCHEMA else None
