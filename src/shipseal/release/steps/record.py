"""Record: the release's own account, beside the image at every target, for a runner that has no journal.

The account is signed by nobody, so nothing is done by it: evidence is found by its signatures. It is for people, who
see what the tags named before they moved, and which release is in the middle of moving them (``docs/adr/0005``).
"""

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from shipseal.build.interface import BuiltImage
from shipseal.errors import ShipsealError
from shipseal.evidence.artifact import Content
from shipseal.evidence.artifacts import find_artifacts, put_artifact
from shipseal.oci import Digest
from shipseal.oci import media_types as mt
from shipseal.registry.interface import Target
from shipseal.release.context import Context
from shipseal.release.result import Status
from shipseal.release.steps.promote import Decisions
from shipseal.release.tags import Action, TagDecision

SCHEMA = 1


class ReleaseRecord(msgspec.Struct, frozen=True):
    """What lies at the targets.

    Attributes:
        schema: of this shape.
        release: id.
        image: name.
        version: what was released.
        digest: of the root.
        status: ``promoting`` or ``done``.
        before: what each tag named before, by target and tag.
        tags: what happens to each, by target and tag: ``create``, ``move``, ``keep``, ``hold``.
    """

    schema: int
    release: str
    image: str
    version: str
    digest: str
    status: str
    before: dict[str, dict[str, str | None]]
    tags: dict[str, dict[str, str]]


def record_at_targets(ctx: Context, built: BuiltImage, status: str, decisions: Decisions) -> None:
    """Put the account of the release to every target. The one that says ``done`` may fail: the tags have moved.

    Raises:
        ShipsealError: a target refused the account of a promotion that has not begun.
    """
    plan = ctx.ledger.state.plan
    known = ctx.ledger.state.before
    before = {name: dict(tags) for name, tags in known.items()} if known else _before(decisions)
    record = ReleaseRecord(
        schema=SCHEMA,
        release=plan.release if plan else "",
        image=ctx.image_name,
        version=ctx.request.version,
        digest=built.image.digest,
        status=status,
        before=before,
        tags={
            name: {one.tag.name: str(_since(one, before.get(name, {}), built)) for one in each}
            for name, each in decisions.items()
        },
    )
    for target in ctx.parts.targets:
        try:
            _put(target, built, record)
        except ShipsealError as error:
            if status != Status.DONE:
                raise
            ctx.parts.reporter.note(
                f"{target.name}: the release is done, its record is not stored: {error.message}"
            )
    if status == Status.DONE:
        ctx.ledger.record("release.recorded")


def find_records(targets: Iterable[Target], root: Digest, release: str) -> Sequence[ReleaseRecord]:
    """Return the accounts of ``release`` that lie beside ``root`` at any target; unreadable ones are left out.

    Raises:
        RegistryError: a target could not be reached.
    """
    found = []
    for target in targets:
        if target.resolve(root) is None:
            continue
        for artifact in find_artifacts(target, root, mt.RELEASE_RECORD):
            record = _decode(b"".join(target.open_blob(artifact.content)))
            if record and record.release == release and record.digest == root:
                found.append(record)
    return found


def _since(decision: TagDecision, before: Mapping[str, str | None], built: BuiltImage) -> Action:
    """Return what happens to a tag in the whole release, of which an earlier run may have moved it already.

    Every run says the same, so that the account of one that was killed while it wrote it is written again, and its
    parts do not lie at the target for nothing.
    """
    name = decision.tag.name
    if decision.action is not Action.KEEP or name not in before:
        return decision.action
    was = before[name]
    if was == built.image.digest:
        return Action.KEEP
    return Action.CREATE if was is None else Action.MOVE


def _before(decisions: Decisions) -> dict[str, dict[str, str | None]]:
    return {name: {one.tag.name: one.before for one in each} for name, each in decisions.items()}


def _put(target: Target, built: BuiltImage, record: ReleaseRecord) -> None:
    data = msgspec.json.encode(record, order="sorted")
    put_artifact(
        target,
        built.image.root,
        Content.of_bytes(data, mt.RELEASE_RECORD),
        artifact_type=mt.RELEASE_RECORD,
        annotations={mt.VERSION: record.version},
    )


def _decode(data: bytes) -> ReleaseRecord | None:
    try:
        record = msgspec.json.decode(data, type=ReleaseRecord)
    except msgspec.DecodeError:
        return None
    return record if record.schema == SCHEMA else None
