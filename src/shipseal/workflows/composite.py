"""Actions of the repository: their steps take the place of the step that uses them."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from posixpath import normpath

from shipseal.workflows.model import Job, Source, Step, Workflow
from shipseal.workflows.yaml_nodes import Node, read_yaml

MAX_DEPTH = 9
"""GitHub lets composite actions use each other ten deep."""

_MAX_EXPANDED = 5_000


def local_actions(workflow: Workflow) -> frozenset[str]:
    """Return the folders of the repository's own actions that a workflow uses, such as ``.github/actions/build``."""
    return frozenset(
        folder
        for job in workflow.jobs.values()
        for step in job.steps
        if (folder := folder_of(step.uses))
    )


def actions_within(source: Source) -> frozenset[str]:
    """Return the folders of the actions that an action of the repository uses."""
    root = read_yaml(source.data).root
    steps = _steps(root) if root else ()
    return frozenset(folder for node in steps if (folder := folder_of(node.string("uses").strip())))


def folder_of(uses: str) -> str:
    """Return the folder of an action of this repository; empty for another one."""
    return normpath(uses) if uses.startswith("./") and not uses.endswith((".yml", ".yaml")) else ""


def expanded(workflow: Workflow, actions: Mapping[str, Source]) -> Workflow:
    """Return the workflow with the steps of its own actions in place.

    Args:
        workflow: as it was read.
        actions: by folder.
    """
    roots = {folder: read_yaml(source.data).root for folder, source in actions.items()}
    expander = _Expander(actions, roots)
    return workflow.with_jobs({job.id: expander.job(job) for job in workflow.jobs.values()})


def _steps(root: Node) -> tuple[Node, ...]:
    runs = root.get("runs")
    steps = runs.get("steps") if runs else None
    return tuple(node for node in steps.items if node.kind == "map") if steps else ()


class _Expander:
    def __init__(self, actions: Mapping[str, Source], roots: Mapping[str, Node | None]) -> None:
        self._actions = actions
        self._roots = roots
        self._count = 0
        self._opaque = False

    def job(self, job: Job) -> Job:
        self._count = 0
        self._opaque = False
        steps = tuple(made for step in job.steps for made in self._step(step, 0))
        return replace(job, steps=steps, opaque=self._opaque)

    def _step(self, step: Step, depth: int) -> Iterator[Step]:
        yield step
        folder = folder_of(step.uses)
        if not folder:
            return
        root = self._roots.get(folder)
        if root is None or depth >= MAX_DEPTH or self._count > _MAX_EXPANDED:
            self._opaque = True
            return
        inputs = _inputs(root, step)
        within = (*step.within, step.node.string("if"))
        for node in _steps(root):
            self._count += 1
            inner = Step(
                self._actions[folder].path, node, step.at, inputs, within, (*step.inherited, step)
            )
            yield from self._step(inner, depth + 1)


def _inputs(root: Node, step: Step) -> Mapping[str, str]:
    declared = root.get("inputs")
    names = declared.entries.values() if declared else ()
    values: dict[str, str] = {}
    for entry in names:
        given = step.given(entry.key)
        values[entry.key.lower()] = entry.value.string("default") if given is None else given
    return values
