"""Records of rollbacks beside images: which tags were moved away from an image, and which back to it.

A rollback puts one record beside each image that a tag left and beside the one that it went to, at every target. So the
last record that names a tag says whether an image was left by it, also to a job on a machine that knows of nothing
(``docs/adr/0007``). Records are signed by nobody. All that is done by them is careful: a tag stays where it is, or a
version is passed over, and both are said.
"""

from collections.abc import Mapping, Sequence

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
    return tuple(
        sorted((one for one in found if one), key=lambda one: (one.serial, one.at, one.rollback))
    )


def departure_from(target: Target, digest: Digest, version: str, tag: str) -> RollbackRecord | None:
    """Return the record by which ``tag`` left a release at ``target``; None when it never did, or came back.

    Raises:
        ShipsealError: the target could not be reached.
    """
    last = None
    for record in rollback_records(target, digest):
        if tag in record.tags:
            last = record
    return last if last and last.departure(digest, version, tag) else None


def put_rollback_record(
    target: Target, subjects: Sequence[RawManifest], record: RollbackRecord
) -> None:
    """Store ``record`` beside each of ``subjects``, numbered after all that lie there; once for each rollback.

    Raises:
        ShipsealError: the target refused or could not be reached.
    """
    there = {subject.digest: rollback_records(target, subject.digest) for subject in subjects}
    known = [one for several in there.values() for one in several]
    own = [one.serial for one in known if one.rollback == record.rollback]
    serial = max(own) if own else max((one.serial for one in known), default=0) + 1
    numbered = msgspec.structs.replace(record, serial=serial)
    data = msgspec.json.encode(numbered, order="sorted")
    for subject in subjects:
        if numbered not in there[subject.digest]:
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
