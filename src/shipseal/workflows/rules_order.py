"""What comes before what: tags before scans, tags read again, jobs that do not wait."""

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase

from shipseal.workflows.acts import Act, Kind, happens, written
from shipseal.workflows.changes import need, replace_in_line
from shipseal.workflows.expressions import expressions_in
from shipseal.workflows.images import Image, image_of, metadata_of
from shipseal.workflows.model import Edit, Finding, Job, Step, Workflow, WorkflowCode
from shipseal.workflows.rule_input import Scenery, Told
from shipseal.workflows.rules_anyway import scanned_by_another_workflow
from shipseal.workflows.rules_gate import _text_of
from shipseal.workflows.scope import event_scene, job_runs

_NEEDS = re.compile(r"\bneeds\.([A-Za-z_][\w-]*)\.(?:outputs|result)\b")
_TEMPLATE = re.compile(r"\$\{\{.*?\}\}")
_DIGEST_ACTIONS = ("docker/build-push-action",)


def gate_after_tag(scenery: Scenery, job: Job) -> Iterator[Told]:
    """Yield pushes of public tags whose scan comes only afterwards.

    Never accused: tags that hold the commit or the run, pushes by digest, tags that the text does not tell, a push with
    any scan before it, a scan that stops nothing (that is another finding).
    """
    before = _scans_before(scenery, job)
    acts = scenery.acts[job.id]
    for number, act in enumerate(acts):
        if act.kind is Kind.SCAN:
            before = True
        public = (
            [image for image in act.images if image.public]
            if act.kind in (Kind.PUSH, Kind.TAG)
            else []
        )
        if not public or before or happens(scenery.workflow, job, act) is False:
            continue
        scan = _scan_after(scenery, job, acts[number + 1 :], act)
        other = None if scan else scanned_by_another_workflow(scenery, act)
        if scan is not None:
            yield _too_early(scenery, act, public[0], scan)
            return
        if other is not None:
            yield _too_early(scenery, act, public[0], other[1], f" of {other[0].path}")
            return


def _too_early(scenery: Scenery, act: Act, image: Image, scan: Act, where: str = "") -> Finding:
    shown = image.text if not image.tag.startswith("<") else f"the tags of {image.repository}"
    step = act.step.id or "build"
    return scenery.found(
        WorkflowCode.GATE_AFTER_TAG,
        (act.step, act.line),
        f"{act.step.label} makes {shown} public before {scan.step.label} (line {scan.line}{where}) has scanned it; "
        "a bad image is out by the time that the scan fails",
        "outputs: type=image,name="
        + image.repository
        + ",push-by-digest=true,name-canonical=true,push=true\n"
        f"# scan {image.repository}@${{{{ steps.{step}.outputs.digest }}}}, and only then:\n"
        f"# docker buildx imagetools create -t {image.text} {image.repository}@${{{{ steps.{step}.outputs.digest }}}}",
    )


def _scans_before(scenery: Scenery, job: Job) -> bool:
    return any(
        act.kind is Kind.SCAN
        for name in scenery.workflow.before(job.id)
        for act in scenery.acts.get(name, ())
    ) or any(
        _is_scan_call(scenery.workflow.jobs[name])
        for name in scenery.workflow.before(job.id)
        if name in scenery.workflow.jobs
    )


def _is_scan_call(job: Job) -> bool:
    return bool(job.calls)


def _scan_after(scenery: Scenery, job: Job, rest: tuple[Act, ...], push: Act) -> Act | None:
    later = [
        act
        for other in scenery.workflow.jobs.values()
        if job.id in scenery.workflow.before(other.id)
        for act in scenery.acts[other.id]
    ]
    for act in (*rest, *later):
        if act.kind is Kind.SCAN and act.gate and _about(act, push):
            return act
    return None


def _about(act: Act, push: Act) -> bool:
    """Return whether a scan is of what was pushed; one of an SBOM counts as being about it."""
    if not act.images:
        return not act.local
    scanned = act.images[0]
    return (
        any(scanned.repository.lower() == image.repository.lower() for image in push.images)
        or "steps." in scanned.text
    )


def tag_again(scenery: Scenery, job: Job) -> Iterator[Told]:
    """Yield steps that take the tag of what was pushed, though its digest is at hand.

    Never accused: a step that uses the digest; an image on the runner itself; a scan or SBOM of a tag with the
    commit in it; a tag that no step here pushed; a push that hands out no digest.
    """
    pushes = _pushes_before(scenery, job)
    told: set[tuple[int, Kind]] = set()
    for act in scenery.acts[job.id]:
        if act.kind is Kind.PUSH and act.step.action in _DIGEST_ACTIONS and not act.local:
            pushes.append((job, act))
        if act.kind not in (Kind.SCAN, Kind.SBOM, Kind.SIGN):
            continue
        for image in act.images:
            source = _pushed_as(image, act, pushes)
            if source is not None and (act.line, act.kind) not in told:
                told.add((act.line, act.kind))
                yield _again(scenery, job, act, image, source)


def _pushes_before(scenery: Scenery, job: Job) -> list[tuple[Job, Act]]:
    return [
        (scenery.workflow.jobs[name], act)
        for name in scenery.workflow.before(job.id)
        for act in scenery.acts.get(name, ())
        if act.kind is Kind.PUSH and act.step.action in _DIGEST_ACTIONS
    ]


def _pushed_as(image: Image, act: Act, pushes: list[tuple[Job, Act]]) -> tuple[Job, Act] | None:
    if image.digest or (image.of_this_run and act.kind is not Kind.SIGN):
        return None
    for job, push in reversed(pushes):
        made = metadata_of(image.text)
        if any(image.same(item) or made == item.tag != "" for item in push.images):
            return job, push
    return None


def _again(scenery: Scenery, job: Job, act: Act, image: Image, source: tuple[Job, Act]) -> Finding:
    where, push = source
    name = push.step.id or "build"
    digest = (
        f"steps.{name}.outputs.digest" if where.id == job.id else f"needs.{where.id}.outputs.digest"
    )
    repository = image.repository if image.certain else push.images[0].repository
    new = f"{repository}@${{{{ {digest} }}}}"
    edits: tuple[Edit, ...] = ()
    if where.id == job.id and not act.step.inherited and not push.step.inherited:
        edits = _digest_edits(scenery, act, push.step)
    return scenery.found(
        WorkflowCode.TAG_RESOLVED_AGAIN,
        (act.step, act.line),
        f"{act.step.label} asks the registry again what {image.text} is; it may have moved since {push.step.label} "
        f"(line {push.line}) pushed it, whose digest is at hand",
        new,
        edits,
    )


def _digest_edits(scenery: Scenery, act: Act, push: Step) -> tuple[Edit, ...]:
    source = scenery.source
    line, raw = written(act)
    tag = image_of(raw).tag
    if not tag:
        return ()
    name = push.id or "pushed"
    new = f"{raw.removesuffix(f':{tag}')}@${{{{ steps.{name}.outputs.digest }}}}"
    changed = replace_in_line(source, line, raw, new)
    if not changed or push.id:
        return changed
    uses = push.node.entries["uses"]
    dash = source.lines[uses.line - 1][: uses.column]
    first = f"{dash}id: {name}"
    if push.node.flow:
        return ()
    if dash.strip():
        rest = source.lines[uses.line - 1][uses.column :].rstrip("\r")
        return (*changed, Edit(source.path, uses.line, 1, (first, f"{' ' * uses.column}{rest}")))
    return (*changed, Edit(source.path, uses.line, 0, (first,)))


def needs(scenery: Scenery, job: Job) -> Iterator[Told]:
    """Yield what a job takes from jobs that it does not wait for.

    Never accused: jobs that wait through others, artifacts of other runs, jobs that never run together.
    """
    told: set[str] = set()
    for name, line, message in (
        *_outputs(scenery.workflow, job),
        *_artifacts(scenery.workflow, job),
        *_images(scenery, job),
    ):
        if name not in told:
            told.add(name)
            circle = job.id in scenery.workflow.before(name)
            wanted = ", ".join(dict.fromkeys((*job.needs, name)))
            yield Finding(
                WorkflowCode.NEEDS_MISSING,
                scenery.workflow.path,
                line,
                message,
                f"needs: [{wanted}]",
                () if circle else need(job, [name], scenery.source),
            )


_Missing = tuple[str, int, str]


def _outputs(workflow: Workflow, job: Job) -> Iterator[_Missing]:
    """Yield outputs of jobs that are not in ``needs``: only those are filled in."""
    direct = {name.lower() for name in job.needs}
    places = [(job.entry.line, _text_of(_own_part(job)))]
    places += [(step.at, _text_of(step.node)) for step in job.steps]
    for line, text in places:
        found = [
            name for item in (*expressions_in(text), *_bare(text)) for name in _NEEDS.findall(item)
        ]
        for name in found:
            known = next((item for item in workflow.jobs if item.lower() == name.lower()), None)
            if known is not None and name.lower() not in direct and known != job.id:
                message = f"job {job.id} uses an output of job {known}, and is given it only with `needs`: it is empty"
                yield known, line, message


def _bare(text: str) -> tuple[str, ...]:
    """Return lines that are conditions, which stand without ``${{ }}``."""
    return tuple(
        line for line in text.splitlines() if line.startswith(("needs.", "!needs.", "always()"))
    )


def _own_part(job: Job) -> object:
    from dataclasses import replace  # noqa: PLC0415 - rarely needed

    kept = {key: entry for key, entry in job.node.entries.items() if key not in ("steps", "needs")}
    return replace(job.node, entries=kept)


def _artifacts(workflow: Workflow, job: Job) -> Iterator[_Missing]:
    waits = workflow.before(job.id)
    own = {_artifact(step) for step in job.steps if step.action == "actions/upload-artifact"}
    for step in job.steps:
        name = _artifact(step) or _pattern(step)
        if (
            step.action != "actions/download-artifact"
            or not name
            or step.given("run-id")
            or step.given("github-token")
        ):
            continue
        makers = [
            other.id
            for other in workflow.jobs.values()
            if other.id != job.id
            and any(
                item.action == "actions/upload-artifact" and _matches(_uploaded(item), name)
                for item in other.steps
            )
        ]
        if (
            len(makers) == 1
            and makers[0] not in waits
            and name not in own
            and _together(workflow, job, workflow.jobs[makers[0]])
        ):
            message = f"job {job.id} downloads {name}, which job {makers[0]} uploads, and does not wait for it"
            yield makers[0], step.at, message


def _pattern(step: Step) -> str:
    """Return the pattern of artifacts that are downloaded together; empty for all of them, or when it is not known."""
    pattern = (step.given("pattern") or "").strip()
    return pattern if "$" not in pattern and pattern.strip("*") else ""


def _uploaded(step: Step) -> str:
    """Return the name under which a step uploads, each template in it as one letter that no name has."""
    return _TEMPLATE.sub("\0", (step.given("name") or "").strip())


def _matches(name: str, wanted: str) -> bool:
    return bool(name.strip("\0")) and fnmatchcase(name, wanted)


def _artifact(step: Step) -> str:
    name = (step.given("name") or "").strip()
    return name if "$" not in name else ""


def _images(scenery: Scenery, job: Job) -> Iterator[_Missing]:
    """Yield images that another job of the same run pushes."""
    workflow = scenery.workflow
    waits = workflow.before(job.id)
    own = [
        image
        for act in scenery.acts[job.id]
        if act.kind in (Kind.PUSH, Kind.BUILD, Kind.TAG)
        for image in act.images
    ]
    for act in scenery.acts[job.id]:
        if act.kind not in (Kind.SCAN, Kind.SBOM, Kind.SIGN, Kind.PULL):
            continue
        for image in act.images:
            if not image.certain or any(image.same(item) for item in own):
                continue
            makers = _makers(scenery, job, image)
            if (
                makers
                and not set(makers) & (waits | {job.id})
                and _together(workflow, job, workflow.jobs[makers[0]])
            ):
                line = act.line if not act.step.inherited else act.step.at
                message = f"job {job.id} uses {image.text}, which job {makers[0]} pushes, and does not wait for it"
                yield makers[0], line, message


def _makers(scenery: Scenery, job: Job, image: Image) -> list[str]:
    return [
        other
        for other, acts in scenery.acts.items()
        if other != job.id
        and any(
            act.kind is Kind.PUSH and any(image.same(item) for item in act.images) for act in acts
        )
    ]


def _together(workflow: Workflow, one: Job, other: Job) -> bool:
    """Return whether there is an event that certainly starts both jobs."""
    if one.condition == other.condition:
        return True
    return any(
        job_runs(workflow, one, event_scene(event))
        and job_runs(workflow, other, event_scene(event))
        for event in workflow.events
    )
