"""What a stranger's pull request would make fail, or would be allowed to do."""

import re
from collections.abc import Iterator

from shipseal.workflows.acts import Act, Kind, happens
from shipseal.workflows.changes import GUARD, guard, set_input
from shipseal.workflows.expression_values import UNKNOWN
from shipseal.workflows.expressions import expressions_in, rendered
from shipseal.workflows.model import Edit, Job, Step, WorkflowCode
from shipseal.workflows.rule_input import Scenery, Told
from shipseal.workflows.rules_rights import is_own_token
from shipseal.workflows.scope import Scene, Scope, fork_scene

_FOREIGN_CODE = (
    "github.event.pull_request.head.sha",
    "github.event.pull_request.head.ref",
    "github.head_ref",
    "refs/pull/",
)
_NOT_FOREIGN = "github.event.pull_request.head.repo.full_name == github.repository"


def forks(scenery: Scenery, job: Job) -> Iterator[Told]:
    """Yield what runs for a pull request from a fork and cannot, or must not.

    Never accused: what a condition keeps from running there, in whatever spelling; a condition that the text cannot
    answer; a step that may fail (``continue-on-error``).
    """
    events = scenery.workflow.events
    if "pull_request" in events:
        scene = fork_scene("pull_request")
        told: set[int] = set()
        for act in scenery.acts[job.id]:
            reason = _cannot(scenery, job, act, scene)
            if (
                reason
                and happens(scenery.workflow, job, act, scene)
                and not _may_fail(job, act.step)
                and id(act.step.node) not in told
            ):
                told.add(id(act.step.node))
                yield scenery.found(
                    WorkflowCode.FORK_UNGUARDED,
                    (act.step, act.line),
                    f"{act.step.label} {reason}; it runs for pull requests from forks too, and fails there",
                    f"if: {GUARD}",
                    _edits(scenery, act),
                )
    if "pull_request_target" in events:
        yield from _target(scenery, job)


def _may_fail(job: Job, step: Step) -> bool:
    nodes = [job.node, step.node, *(item.node for item in step.inherited)]
    return any(node.string("continue-on-error") not in ("", "false") for node in nodes)


def _cannot(scenery: Scenery, job: Job, act: Act, scene: Scene) -> str:
    """Return why an act cannot succeed for a fork; empty when it can, or when that is not known."""
    if act.kind is Kind.ATTEST:
        return "attests, and a fork's job gets no identity token"
    if act.kind is Kind.SIGN and act.keyless:
        return "signs, and a fork's job gets no identity token"
    if act.kind is Kind.LOGIN:
        return _login(scenery, job, act, scene)
    if act.kind in (Kind.PUSH, Kind.TAG) and _registry_is_remote(act):
        return "pushes, and a fork's job may not write packages and has no secrets"
    return ""


def _registry_is_remote(act: Act) -> bool:
    """Return whether something goes to a registry that asks who one is."""
    known = [image.registry for image in act.images if image.certain and image.registry]
    return bool(known) and not all(
        host.startswith(
            ("localhost", "127.", "registry:", "ttl.sh", "host.docker.internal", "kind-registry")
        )
        for host in known
    )


def _login(scenery: Scenery, job: Job, act: Act, scene: Scene) -> str:
    password = act.password or ""
    if is_own_token(password) or not any("secrets." in item for item in expressions_in(password)):
        return ""
    value = rendered(password, Scope(scenery.workflow, job, act.step, scene))
    if value is UNKNOWN or value:
        return ""
    return "logs in with a secret, and a fork's job has none"


def _edits(scenery: Scenery, act: Act) -> tuple[Edit, ...]:
    if act.kind is Kind.PUSH and act.only and act.only == act.step.given("push"):
        only = act.only.strip()
        inner = only[3:-2].strip() if only.startswith("${{") else ""
        text = f"({GUARD}) && ({inner})" if inner else GUARD
        return set_input(act.step, "push", "${{ " + text + " }}", scenery.source)
    return guard(act.step, scenery.source)


def _target(scenery: Scenery, job: Job) -> Iterator[Told]:
    """Yield the step that brings a stranger's code into a job with rights and secrets, where that code is built."""
    scene = fork_scene("pull_request_target")
    foreign = next((step for step in job.steps if _takes_foreign(step)), None)
    if foreign is None or not Scope(scenery.workflow, job, foreign, scene).runs():
        return
    for act in scenery.acts[job.id]:
        building = act.kind in (Kind.PUSH, Kind.ATTEST, Kind.SIGN) or (act.kind is Kind.LOGIN)
        if building and happens(scenery.workflow, job, act, scene):
            yield scenery.found(
                WorkflowCode.FORK_UNGUARDED,
                (foreign, foreign.line),
                f"{foreign.label} checks out a stranger's code in an event that gives it this repository's rights and "
                f"secrets, and {act.step.label} (line {act.line}) publishes or signs after it",
                f"if: {_NOT_FOREIGN}",
                guard(foreign, scenery.source, _NOT_FOREIGN),
            )
            return


def _takes_foreign(step: Step) -> bool:
    if step.inherited:
        return False
    if not step.uses:
        script = step.node.string("run")
        return re.search(r"\bgh pr checkout\b|\bgit fetch \S+ \S*pull/", script) is not None
    if step.action != "actions/checkout":
        return False
    ref = (step.given("ref") or "").lower()
    return any(word in ref for word in _FOREIGN_CODE)
