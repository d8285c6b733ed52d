"""What is published whatever a scan before it says: by a condition that runs after failures, or by another workflow."""

import re
from collections.abc import Iterator

from shipseal.workflows.acts import Act, Kind, happens
from shipseal.workflows.changes import need, replace_in_line
from shipseal.workflows.job_acts import acts_of
from shipseal.workflows.model import Job, Workflow, WorkflowCode
from shipseal.workflows.rule_input import Scenery, Told
from shipseal.workflows.yaml_nodes import Node

_ANYWAY = re.compile(r"\balways\(\s*\)|!\s*cancelled\(\s*\)")
# A condition that asks what became of anything may well ask for the scan.
_ASKS = re.compile(r"\b(?:success|failure)\(|\.result\b|\.outcome\b|\.conclusion\b|outputs\.")


def anyway(scenery: Scenery, job: Job) -> Iterator[Told]:
    """Yield conditions by which public tags are made although the scan before them failed.

    Never accused: a condition that asks for any result, a scan that stops nothing anyhow, a job whose other parts
    cannot have been scanned before.
    """
    scans = [
        act
        for name in sorted(scenery.workflow.before(job.id))
        for act in scenery.acts.get(name, ())
        if act.kind is Kind.SCAN and act.gate
    ]
    if scans and (edit := _of(scenery, job, job.node, scans[-1])):
        yield edit
        return
    before: Act | None = None
    for act in scenery.acts[job.id]:
        if act.kind is Kind.SCAN and act.gate:
            before = act
        elif before and _publishes(act) and not act.step.inherited:
            told = _of(scenery, job, act.step.node, before, act)
            if told:
                yield told
                return


def _publishes(act: Act) -> bool:
    return act.kind in (Kind.PUSH, Kind.TAG) and any(image.public for image in act.images)


def _of(scenery: Scenery, job: Job, node: Node, scan: Act, act: Act | None = None) -> "Told | None":
    entry = node.entries.get("if")
    text = entry.value.text if entry else ""
    found = _ANYWAY.search(text)
    acts = [act] if act else [item for item in scenery.acts[job.id] if _publishes(item)]
    live = [item for item in acts if happens(scenery.workflow, job, item) is not False]
    if entry is None or found is None or _ASKS.search(text) or not live or entry.value.block:
        return None
    public = next(image for image in live[0].images if image.public)
    edits = replace_in_line(scenery.source, entry.line, found[0], "success()")
    return scenery.found(
        WorkflowCode.GATE_NEVER_FAILS,
        (live[0].step, entry.line),
        f"`{found[0]}` makes {public.text} public even when {scan.step.label} (line {scan.line}) has failed",
        f"if: {text.replace(found[0], 'success()')}",
        edits if live[0].step.file == scenery.source.path else (),
    )


def scanned_by_another_workflow(scenery: Scenery, push: Act) -> tuple[Workflow, Act] | None:
    """Return the scan of what is pushed here in a workflow that starts when this one has ended.

    Args:
        scenery: the workflow that pushes.
        push: what it pushes.
    """
    name = scenery.workflow.root.string("name") if scenery.workflow.root else ""
    for other in scenery.workflows:
        event = other.events.get("workflow_run")
        awaited = event.get("workflows") if event else None
        if awaited is None or name not in {item.text for item in awaited.texts()} or not name:
            continue
        for job in other.jobs.values():
            for act in acts_of(other, job, scenery.options.settings):
                if act.kind is Kind.SCAN and act.gate and _same_repository(act, push):
                    return other, act
    return None


def _same_repository(scan: Act, push: Act) -> bool:
    names = {image.repository.lower() for image in push.images if image.certain}
    return any(image.certain and image.repository.lower() in names for image in scan.images)


def not_waited_for(scenery: Scenery, job: Job) -> Iterator[Told]:
    """Yield public tags that are made while another job still scans what both were given.

    Never accused: jobs that are never in one run, a job that waits for any scan, a job that is not after the same push.
    """
    before = scenery.workflow.before(job.id)
    known = [*scenery.acts[job.id], *(act for name in before for act in scenery.acts.get(name, ()))]
    calls = any(scenery.workflow.jobs[name].calls for name in before if name in scenery.acts)
    act = next((item for item in scenery.acts[job.id] if _publishes(item)), None)
    if act is None or calls or any(item.kind is Kind.SCAN for item in known):
        return
    for other in scenery.workflow.jobs.values():
        shared = before & scenery.workflow.before(other.id)
        scan = _gate_of(scenery, other, act)
        if (
            scan
            and job.id not in scenery.workflow.before(other.id)
            and _pushed(scenery, shared, act)
        ):
            if other.condition != job.condition or happens(scenery.workflow, job, act) is False:
                continue
            wanted = ", ".join((*job.needs, other.id))
            yield scenery.found(
                WorkflowCode.GATE_AFTER_TAG,
                (act.step, act.line),
                f"{act.step.label} makes a tag public, and does not wait for job {other.id}, whose scan (line "
                f"{scan.line}) could stop it",
                f"needs: [{wanted}]",
                need(job, [other.id], scenery.source),
            )
            return


def _gate_of(scenery: Scenery, job: Job, push: Act) -> Act | None:
    acts = scenery.acts.get(job.id, ())
    scans = (act for act in acts if act.kind is Kind.SCAN and act.gate)
    return next((act for act in scans if _same_repository(act, push)), None)


def _pushed(scenery: Scenery, jobs: frozenset[str], tag: Act) -> bool:
    acts = (act for name in jobs for act in scenery.acts.get(name, ()))
    return any(act.kind is Kind.PUSH and _same_repository(act, tag) for act in acts)
