"""Rights of a job's token: what is stated for it, and what a workflow that calls it grants.

Source: GitHub's documentation, "Workflow syntax: permissions" and "Reusing workflows: supported keywords": stated
rights replace all others, and a called workflow can only keep or lower what its caller has.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from posixpath import normpath

from shipseal.workflows.model import Job, Permissions, Workflow
from shipseal.workflows.vocabulary import SCOPES
from shipseal.workflows.yaml_nodes import Entry, Node

_MAX_DEPTH = 10


@dataclass(frozen=True, slots=True)
class Caller:
    """A job that calls a workflow.

    Attributes:
        workflow: where the job is.
        job: the job.
    """

    workflow: Workflow
    job: Job


Callers = Mapping[str, Sequence[Caller]]


def callers_of(workflows: Sequence[Workflow]) -> Callers:
    """Return who calls each workflow, by its path."""
    found: dict[str, list[Caller]] = {}
    for workflow in workflows:
        for job in workflow.jobs.values():
            called = called_path(job, workflows)
            if called:
                found.setdefault(called, []).append(Caller(workflow, job))
    return found


def called_path(job: Job, workflows: Sequence[Workflow]) -> str:
    """Return the path of the workflow of this repository that a job calls, as it is named here; empty for none."""
    if not job.calls.startswith("./"):
        return ""
    wanted = normpath(job.calls)
    for workflow in workflows:
        path = normpath(workflow.path)
        if path == wanted or path.endswith(f"/{wanted}"):
            return workflow.path
    return ""


def stated(workflow: Workflow, job: Job) -> Permissions:
    """Return what a file says of a job's rights."""
    for node, origin in ((job.node, "job"), (workflow.root, "workflow")):
        entry = node.entries.get("permissions") if node is not None else None
        if entry is not None and entry.value.kind != "null":
            return _read(entry, origin)
    only_called = set(workflow.events) == {"workflow_call"}
    return Permissions(origin="caller" if only_called else "repository")


def _read(entry: Entry, origin: str) -> Permissions:
    node: Node = entry.value
    if node.kind == "map":
        rights = {scope: item.value.text for scope, item in node.entries.items()}
        return Permissions(rights, known=True, origin=origin, entry=entry)
    word = node.text.strip()
    if word in ("read-all", "write-all"):
        right = word.removesuffix("-all")
        rights = {scope: right for scope in SCOPES if right == "write" or scope != "id-token"}
        return Permissions(rights, known=True, origin=origin, entry=entry)
    return Permissions(origin="unreadable", entry=entry)


@dataclass(frozen=True, slots=True)
class Grant:
    """One way in which a job comes to its rights.

    Attributes:
        permissions: what it has in the end.
        limited_by: who states the least; the job itself when that is None.
    """

    permissions: Permissions
    limited_by: Caller | None = None


def grants(workflow: Workflow, job: Job, callers: Callers, depth: int = 0) -> tuple[Grant, ...]:
    """Return the rights of a job, once for each way in which it can be started.

    Args:
        workflow: where the job is.
        job: the job.
        callers: who calls what.
        depth: how many callers were passed.
    """
    own = stated(workflow, job)
    called_by = callers.get(workflow.path, ()) if "workflow_call" in workflow.events else ()
    ways = [Grant(own)] if set(workflow.events) != {"workflow_call"} or not called_by else []
    for caller in called_by if depth < _MAX_DEPTH else ():
        outers = grants(caller.workflow, caller.job, callers, depth + 1)
        ways += [_least(own, outer, caller) for outer in outers]
    return tuple(ways) or (Grant(own),)


def _least(own: Permissions, outer: Grant, caller: Caller) -> Grant:
    upper = outer.permissions
    who = outer.limited_by or caller
    if not own.known:
        return Grant(upper, who)
    if not upper.known:
        if upper.origin == "repository" and own.right("id-token") == "write":
            rights = {**own.stated, "id-token": "none"}
            return Grant(Permissions(rights, known=True, origin="caller", entry=upper.entry), who)
        return Grant(own)
    rights = {scope: _lower(own.right(scope), upper.right(scope)) for scope in own.stated}
    limited = rights != dict(own.stated)
    return Grant(
        Permissions(rights, known=True, origin="caller", entry=upper.entry),
        who if limited else None,
    )


def _lower(one: str, other: str) -> str:
    order = ("none", "read", "write")
    if one not in order or other not in order:
        return one
    return min(one, other, key=order.index)


def effective(workflow: Workflow, job: Job, callers: Callers) -> Mapping[str, str]:
    """Return the least right per scope that a job has on any way it can be started; ``unknown`` where no text tells."""
    order = ("none", "read", "unknown", "write")
    found: dict[str, str] = {}
    for grant in grants(workflow, job, callers):
        given = grant.permissions
        scopes = (
            given.stated if given.known else ("attestations", "contents", "id-token", "packages")
        )
        for scope in scopes:
            right = given.right(scope)
            right = right if right in order else "unknown"
            found[scope] = min(found.get(scope, "write"), right, key=order.index)
    return found
