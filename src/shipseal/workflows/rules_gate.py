"""Scans whose result stops nothing, and scans of something else than what is published."""

import re
from collections.abc import Iterator

from shipseal.workflows.acts import Act, Kind, written
from shipseal.workflows.changes import replace_in_line, set_input, without_key
from shipseal.workflows.images import Image
from shipseal.workflows.model import Edit, Job, Step, WorkflowCode
from shipseal.workflows.rule_input import Scenery, Told

_PUBLISHING = (Kind.PUSH, Kind.TAG, Kind.ATTEST, Kind.SIGN)
_RECIPE = ("context", "file", "target", "build-args", "build-contexts")
_FIX = {
    "aquasecurity/trivy-action": "exit-code: '1'\nseverity: CRITICAL",
    "docker/scout-action": "exit-code: true",
    "anchore/scan-action": "fail-build: true\nseverity-cutoff: critical",
}


def never_fails(scenery: Scenery, job: Job) -> Iterator[Told]:
    """Yield scans that stop nothing.

    Never accused: a scan whose result a later step reads (an upload to code scanning, a script, a comment), one beside
    another scan that does stop the job, one in a workflow that publishes nothing.
    """
    if not _publishes(scenery) or _gated(scenery):
        return
    for act in scenery.acts[job.id]:
        if act.kind is Kind.SCAN and act.gate is False and not _read_later(scenery, act):
            yield scenery.found(
                WorkflowCode.GATE_NEVER_FAILS,
                (act.step, act.line),
                f"{act.step.label} scans, and whatever it finds stops nothing: {act.why}",
                _fix(act),
                _edits(scenery, job, act),
            )


def _publishes(scenery: Scenery) -> bool:
    """Return whether the workflow publishes something, or is part of one that does."""
    if "workflow_call" in scenery.workflow.events:
        return True
    return any(act.kind in _PUBLISHING for acts in scenery.acts.values() for act in acts) or any(
        job.calls for job in scenery.workflow.jobs.values()
    )


def _gated(scenery: Scenery) -> bool:
    """Return whether some scan of the workflow stops it, or may."""
    return any(
        act.kind is Kind.SCAN and act.gate is not False
        for acts in scenery.acts.values()
        for act in acts
    )


def _read_later(scenery: Scenery, act: Act) -> bool:
    """Return whether something that can decide takes the result: all but an artifact that people may download."""
    if act.output == "?":
        return True
    name = act.output.rsplit("/", 1)[-1].strip("\"'")
    step_id = act.step.id
    wanted = [text for text in (name, f"steps.{step_id}." if step_id else "") if text]
    for job in scenery.workflow.jobs.values():
        for step in job.steps:
            if step.node is act.step.node:
                if name and act.script and _more_of(act, name):
                    return True
            elif step.action == "actions/upload-artifact":
                if name and "actions/download-artifact" in _uses(scenery):
                    return True
            elif any(text in _all_text(step) for text in wanted):
                return True
    outputs = "\n".join(_node_text(job) for job in scenery.workflow.jobs.values())
    return bool(step_id) and f"steps.{step_id}." in outputs


def _uses(scenery: Scenery) -> set[str]:
    return {step.action for job in scenery.workflow.jobs.values() for step in job.steps}


def _more_of(act: Act, name: str) -> bool:
    return act.step.node.string("run").count(name) > 1


def _all_text(step: Step) -> str:
    return _text_of(step.node)


def _node_text(job: Job) -> str:
    outputs = job.node.get("outputs")
    return _text_of(outputs) if outputs else ""


def _text_of(node: object, depth: int = 0) -> str:
    from shipseal.workflows.yaml_nodes import Node  # noqa: PLC0415 - for the type alone

    if not isinstance(node, Node) or depth > 6:
        return ""
    inner = [_text_of(entry.value, depth + 1) for entry in node.entries.values()]
    inner += [_text_of(item, depth + 1) for item in node.items]
    return "\n".join([node.text, *inner])


def _fix(act: Act) -> str:
    if "continue-on-error" in act.why:
        return "continue-on-error: false"
    known = _FIX.get(act.step.action)
    if known:
        return known
    script = act.step.node.string("run")
    if act.why.startswith("`||"):
        return "remove the part behind ||"
    if "pipe" in act.why:
        return "shell: bash"
    if "set +e" in act.why:
        return "remove `set +e`"
    if "Scout" in act.why:
        return "docker scout cves --exit-code"
    return (
        "grype --fail-on critical"
        if "grype" in script
        else "trivy image --exit-code 1 --severity CRITICAL"
    )


def _edits(scenery: Scenery, job: Job, act: Act) -> tuple[Edit, ...]:
    source, step = scenery.source, act.step
    if step.inherited:
        return ()
    if "continue-on-error" in act.why:
        node = step.node if "of the step" in act.why else job.node
        return without_key(node, "continue-on-error", source)
    if step.action == "docker/scout-action":
        return set_input(step, "exit-code", "true", source)
    if step.action == "aquasecurity/trivy-action":
        return set_input(step, "exit-code", "'1'", source)
    if step.action == "anchore/scan-action":
        return set_input(step, "fail-build", "true", source)
    if not act.script:
        return ()
    return _script_edits(scenery, act)


def _script_edits(scenery: Scenery, act: Act) -> tuple[Edit, ...]:
    source = scenery.source
    line = source.lines[act.line - 1] if act.line <= len(source.lines) else ""
    swallowed = re.search(r"\s*\|\|\s*(?:true|:|exit 0)\s*$", line.rstrip("\r"))
    if act.why.startswith("`||"):
        return replace_in_line(source, act.line, swallowed[0], "") if swallowed else ()
    if "pipe" in act.why:
        run = act.step.node.entries["run"]
        return (
            (Edit(source.path, run.line, 0, (f"{' ' * run.column}shell: bash",)),)
            if not source.lines[run.line - 1][: run.column].strip()
            else ()
        )
    if "--fail-on" in act.why:
        return replace_in_line(source, act.line, "grype ", "grype --fail-on critical ")
    if "Scout" in act.why:
        return replace_in_line(source, act.line, "scout cves ", "scout cves --exit-code ")
    if "--exit-code" in act.why:
        for verb in ("trivy image ", "trivy sbom "):
            made = replace_in_line(
                source, act.line, verb, f"{verb}--exit-code 1 --severity CRITICAL "
            )
            if made:
                return made
    return ()


def other_build(scenery: Scenery, job: Job) -> Iterator[Told]:
    """Yield scans of something else than what is published.

    Never accused: a second build in the same job by the same builder from the same inputs (it comes from the builder's
    cache), a scan of an image that nobody here builds or pushes, references that the text does not tell.
    """
    for act in scenery.acts[job.id]:
        if act.kind is Kind.SCAN and act.images:
            yield from _other_tag(scenery, job, act)
            yield from _rebuilt(scenery, job, act)


def _pushed(scenery: Scenery) -> list[tuple[Job, Act]]:
    return [
        (job, act)
        for job in scenery.workflow.jobs.values()
        for act in scenery.acts[job.id]
        if act.kind is Kind.PUSH and act.step.action.rpartition("/")[0] != "actions"
    ]


def _other_tag(scenery: Scenery, job: Job, act: Act) -> Iterator[Told]:
    scanned = act.images[0]
    pushed = [item for _, one in _pushed(scenery) for item in one.images]
    built = [
        item
        for acts in scenery.acts.values()
        for one in acts
        if one.kind in (Kind.BUILD, Kind.TAG, Kind.PULL)
        for item in one.images
    ]
    ours = [item for item in pushed if item.repository.lower() == scanned.repository.lower()]
    if (
        not ours
        or not scanned.tag
        or not scanned.certain
        or any(
            scanned.tag == item.tag
            for item in (*pushed, *built)
            if item.repository.lower() == scanned.repository.lower()
        )
    ):
        return
    if all(_differs(scanned, item) for item in ours):
        wanted = _digest_here(job, scenery, ours[0]) or ours[0].text
        yield scenery.found(
            WorkflowCode.SCAN_OTHER_BUILD,
            (act.step, act.line),
            f"{act.step.label} scans the tag {scanned.tag} of {scanned.repository}; what is pushed is {ours[0].tag}",
            wanted,
            replace_in_line(scenery.source, *written(act), wanted)
            if not act.step.inherited
            else (),
        )


def _digest_here(job: Job, scenery: Scenery, image: Image) -> str:
    """Return the reference by digest of what a step of this job pushes; empty where its step has no id."""
    for act in scenery.acts[job.id]:
        named = act.step.id and act.step.action == "docker/build-push-action"
        if act.kind is Kind.PUSH and named and not act.step.inherited and image in act.images:
            return f"{image.repository}@${{{{ steps.{act.step.id}.outputs.digest }}}}"
    return ""


def _differs(scanned: Image, pushed: Image) -> bool:
    """Return whether two tags are certainly not the same."""
    if scanned.digest or pushed.digest or not pushed.tag or pushed.tag.startswith("<"):
        return False
    if "$" not in scanned.tag and "$" not in pushed.tag:
        return scanned.tag != pushed.tag
    literal, templated = (scanned, pushed) if "$" not in scanned.tag else (pushed, scanned)
    return (
        "$" not in literal.tag
        and templated.of_this_run
        and not re.fullmatch(r"[0-9a-f]{7,40}|\d+", literal.tag)
    )


def _rebuilt(scenery: Scenery, job: Job, act: Act) -> Iterator[Told]:
    scanned = act.images[0]
    builds = [
        (where, one)
        for where in scenery.workflow.jobs.values()
        for one in scenery.acts[where.id]
        if one.kind is Kind.BUILD and one.recipe and _one_of(scanned, one.images)
    ]
    pushes = [(where, one) for where, one in _pushed(scenery) if one.recipe]
    if (
        not builds
        or not pushes
        or any(one.step.node is push.step.node for _, one in builds for _, push in pushes)
    ):
        return
    if any(
        one.kind is Kind.PUSH and not one.recipe for acts in scenery.acts.values() for one in acts
    ):
        return
    if _moves_files(scenery):
        return
    where, build = builds[-1]
    for place, push in pushes:
        reason = _why_other(where, build, place, push)
        if reason and (where.id == job.id):
            yield scenery.found(
                WorkflowCode.SCAN_OTHER_BUILD,
                (act.step, act.line),
                f"{act.step.label} scans what line {build.line} builds, and line {push.line} builds again what is "
                f"pushed: {reason}",
                "build once, push by digest, scan that digest, and move the tags afterwards",
            )
            return


def _one_of(scanned: Image, images: tuple[Image, ...]) -> bool:
    return any(scanned.text == image.text or scanned.same(image) for image in images)


def _moves_files(scenery: Scenery) -> bool:
    """Return whether images may travel between jobs as files."""
    return "actions/download-artifact" in _uses(scenery) or "actions/cache" in _uses(scenery)


def _why_other(where: Job, build: Act, place: Job, push: Act) -> str:
    one, other = build.recipe or {}, push.recipe or {}
    if where.id != place.id:
        shared = one.get("cache-from") or other.get("cache-from")
        return (
            ""
            if shared or where.calls or place.calls
            else "another job builds on another machine, from nothing"
        )
    if "command" in one or "command" in other:
        return ""
    for name in _RECIPE:
        left, right = (_plain(name, recipe.get(name, "")) for recipe in (one, other))
        if left != right and "$" not in left + right:
            return f"`{name}` is {right or 'not given'} there and {left or 'not given'} here"
    return (
        "`no-cache: true` builds everything anew"
        if other.get("no-cache", "").lower() == "true"
        else ""
    )


def _plain(name: str, text: str) -> str:
    if name == "context":
        return "." if text in ("", "./", ".") else text.rstrip("/")
    if name == "file":
        return (
            "Dockerfile" if text in ("", "./Dockerfile", "Dockerfile") else text.removeprefix("./")
        )
    return "\n".join(sorted(line.strip() for line in text.splitlines() if line.strip()))
