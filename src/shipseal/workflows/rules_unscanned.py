"""Scans that leave out what is pushed: other platforms than the one on the runner, or an older image of a tag."""

from collections.abc import Iterator

from shipseal.workflows.acts import Act, Kind
from shipseal.workflows.images import Image
from shipseal.workflows.model import Job, WorkflowCode
from shipseal.workflows.rule_input import Scenery, Told


def unscanned(scenery: Scenery, job: Job) -> Iterator[Told]:
    """Yield scans of one platform where several are pushed, and of a tag where only a digest was pushed.

    Never accused: platforms or tags that the text does not tell, several scans or builds, a scan of a digest beside it.
    """
    scans = [act for act in _all(scenery) if act.kind is Kind.SCAN]
    own = [act for act in scenery.acts[job.id] if act.kind is Kind.SCAN and act.images]
    if len(scans) != 1 or len(own) != 1:
        return
    scan = own[0]
    reason, fix = _platforms(scenery, job, scan) or _older(scenery, scan) or ("", "")
    if reason:
        yield scenery.found(
            WorkflowCode.SCAN_OTHER_BUILD,
            (scan.step, scan.line),
            f"{scan.step.label} {reason}",
            fix,
        )


def _all(scenery: Scenery) -> list[Act]:
    return [act for acts in scenery.acts.values() for act in acts]


def _platforms(scenery: Scenery, job: Job, scan: Act) -> tuple[str, str] | None:
    acts = scenery.acts[job.id]
    built = [act for act in acts if act.kind is Kind.BUILD and act.local and act.recipe]
    pushed = [act for act in acts if act.kind is Kind.PUSH and act.recipe]
    if len(built) != 1 or len(pushed) != 1 or job.node.get("strategy"):
        return None
    known = any(scan.images[0].text == image.text for image in built[0].images)
    one = _list(built[0])
    several = _list(pushed[0])
    if not known or len(one) > 1 or len(several) < 2 or "$" in "".join((*one, *several)):
        return None
    return (
        f"scans what line {built[0].line} builds for the runner's platform; line {pushed[0].line} pushes "
        f"{', '.join(several)}, and nothing scans the others",
        "push all platforms by digest, scan that digest for each of them, and move the tags afterwards",
    )


def _list(act: Act) -> tuple[str, ...]:
    text = (act.recipe or {}).get("platforms", "").replace("\n", ",")
    return tuple(item.strip() for item in text.split(",") if item.strip())


def _older(scenery: Scenery, scan: Act) -> tuple[str, str] | None:
    image = scan.images[0]
    others = [act for act in _all(scenery) if act.kind in (Kind.PUSH, Kind.TAG, Kind.BUILD)]
    made = [item for act in others for item in act.images if _same(item, image)]
    staged = [act for act in others if act.kind is Kind.PUSH and _by_digest(act, image)]
    if (
        not staged
        or not image.tag
        or not image.certain
        or image.digest
        or "$" in image.tag
        or any(item.tag == image.tag or "$" in item.tag or "<" in item.tag for item in made)
        or any(not act.images for act in others)
        or any("$" in item.repository for act in others for item in act.images)
    ):
        return None
    name = staged[0].step.id or "build"
    return (
        f"scans the tag {image.tag} as it was before this run; line {staged[0].line} pushes by digest only",
        f"{image.repository}@${{{{ steps.{name}.outputs.digest }}}}",
    )


def _by_digest(act: Act, image: Image) -> bool:
    by_digest = "push-by-digest=true" in (act.step.given("outputs") or "")
    return by_digest and any(_same(item, image) for item in act.images)


def _same(one: Image, other: Image) -> bool:
    return one.repository.lower() == other.repository.lower()
