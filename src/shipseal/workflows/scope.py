"""What the text tells of a value at a step: environment, inputs, outputs of other jobs, and the scene that is played.

A scene says which event started the run and whose code it is; so one question, whether a step runs for a stranger's
pull request, is answered by evaluating the conditions as GitHub does.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from shipseal.workflows.expression_values import UNKNOWN, Ours, Unknown, Value
from shipseal.workflows.expressions import condition, rendered, symbolic
from shipseal.workflows.model import Job, Step, Workflow
from shipseal.workflows.yaml_nodes import Node

_MAX_DEPTH = 12


@dataclass(frozen=True, slots=True)
class Scene:
    """How a run came about.

    Attributes:
        values: what is known of the contexts, by path in lower case.
        no_secrets: whether secrets are empty, as for a fork.
    """

    values: Mapping[str, Value] = field(default_factory=dict)
    no_secrets: bool = False


_OWN: Mapping[str, Value] = {
    "github.repository": Ours("repository"),
    "github.repository_owner": Ours("owner"),
    "github.event.repository.full_name": Ours("repository"),
    "github.event.repository.fork": False,
}
_FOREIGN = "\0fork"
ANY = Scene(_OWN)


def event_scene(event: str) -> Scene:
    """Return the scene of an event on the repository's own code."""
    values: dict[str, Value] = {**_OWN, "github.event_name": event}
    if event in ("schedule", "workflow_dispatch"):
        values["github.event.pull_request.head.repo.fork"] = None
    return Scene(values)


def fork_scene(event: str) -> Scene:
    """Return the scene of a stranger's pull request, opened from a fork.

    Args:
        event: ``pull_request`` or ``pull_request_target``.
    """
    repo = "github.event.pull_request.head.repo"
    values: dict[str, Value] = {
        **_OWN,
        "github.event_name": event,
        f"{repo}.fork": True,
        f"{repo}.full_name": _FOREIGN,
        f"{repo}.owner.login": _FOREIGN,
        "github.event.pull_request.head.user.login": _FOREIGN,
        "github.event.pull_request.base.repo.full_name": Ours("repository"),
        "github.event.pull_request.author_association": "NONE",
        "github.event.pull_request": Unknown(True),
        "github.event.ref": None,
        "github.event.inputs": None,
        "github.event.release": None,
        "github.event.schedule": None,
        "github.ref_type": "branch",
    }
    if event == "pull_request":
        values["github.ref"] = "refs/pull/1/merge"
        values["github.ref_name"] = "1/merge"
    return Scene(values, no_secrets=event == "pull_request")


class Scope:
    """Answers what a path is worth at one place of a workflow.

    Args:
        workflow: the workflow.
        job: the job.
        step: the step; None for the job itself.
        scene: how the run came about.
    """

    def __init__(
        self, workflow: Workflow, job: Job, step: Step | None = None, scene: Scene = ANY
    ) -> None:
        self._workflow = workflow
        self._job = job
        self._step = step
        self._scene = scene
        self._depth = 0

    def __call__(self, path: str) -> Value:
        """Return the value of ``path``; UNKNOWN when the text does not tell."""
        if path in self._scene.values:
            return self._scene.values[path]
        if self._depth > _MAX_DEPTH:
            return UNKNOWN
        self._depth += 1
        try:
            return self._deeper(path)
        finally:
            self._depth -= 1

    def _deeper(self, path: str) -> Value:
        context, _, name = path.partition(".")
        if context == "secrets" and self._scene.no_secrets:
            return Unknown(True) if name == "github_token" else ""
        if context == "env":
            return self._environment(name)
        if context == "inputs":
            return self._input(name)
        if context == "needs":
            return self._output_of_job(name)
        if path.startswith("github.event.") and self._no_payload(path):
            return None
        return UNKNOWN

    def _no_payload(self, path: str) -> bool:
        prefix = next(
            (
                key
                for key, value in self._scene.values.items()
                if value is None and path.startswith(f"{key}.")
            ),
            "",
        )
        return bool(prefix)

    def _environment(self, name: str) -> Value:
        for node in self._environments():
            for key, entry in node.entries.items():
                if key.lower() == name:
                    return rendered(entry.value.text, self)
        return UNKNOWN

    def _environments(self) -> list[Node]:
        places = [self._job.node, self._workflow.root]
        if self._step is not None:
            places = [
                self._step.node,
                *(step.node for step in reversed(self._step.inherited)),
                *places,
            ]
        found = (place.get("env") for place in places if place is not None)
        return [node for node in found if node is not None and node.kind == "map"]

    def _input(self, name: str) -> Value:
        if self._step is not None and self._step.inherited:
            text = self._step.inputs.get(name)
            if text is None:
                return UNKNOWN
            outer = Scope(self._workflow, self._job, self._step.inherited[-1], self._scene)
            outer._depth = self._depth
            return rendered(text, outer)
        event = self._scene.values.get("github.event_name")
        if event in ("pull_request", "pull_request_target", "push", "schedule") and (
            "workflow_call" not in self._workflow.events
        ):
            return None
        return UNKNOWN

    def _output_of_job(self, name: str) -> Value:
        parts = name.split(".")
        if len(parts) != 3 or parts[1] != "outputs":
            return UNKNOWN
        job = next(
            (item for item in self._workflow.jobs.values() if item.id.lower() == parts[0]), None
        )
        outputs = job.node.get("outputs") if job else None
        for key, entry in (outputs.entries if outputs else {}).items():
            if job is not None and key.lower() == parts[2]:
                inner = Scope(self._workflow, job, None, self._scene)
                inner._depth = self._depth
                return rendered(entry.value.text, inner)
        return UNKNOWN

    def symbol(self, text: str) -> str:
        """Return ``text`` with what is known filled in and the rest in one spelling."""
        filled = symbolic(text, self)
        for _ in range(4):
            # An environment variable may itself hold what is not known: its text says which.
            again = symbolic(filled, self._texts)
            if again == filled:
                break
            filled = again
        return filled

    def _texts(self, path: str) -> Value:
        """Return the text behind a name whose value is not known, so that equal things are spelt alike."""
        context, _, name = path.partition(".")
        if context == "env":
            return self._text_of(name)
        if context == "inputs" and self._step is not None and self._step.inherited:
            text = self._step.inputs.get(name)
            outer = Scope(self._workflow, self._job, self._step.inherited[-1], self._scene)
            return outer.symbol(text) if text and self._depth < _MAX_DEPTH else UNKNOWN
        parts = name.split(".")
        if context == "needs" and len(parts) == 3 and parts[1] == "outputs":
            return self._text_of_output(parts[0], parts[2])
        return UNKNOWN

    def _text_of(self, name: str) -> Value:
        for node in self._environments():
            for key, entry in node.entries.items():
                if key.lower() == name and f"env.{name}" not in entry.value.text.lower():
                    return entry.value.text
        return UNKNOWN

    def _text_of_output(self, job: str, output: str) -> Value:
        known = next(
            (item for item in self._workflow.jobs.values() if item.id.lower() == job), None
        )
        outputs = known.node.get("outputs") if known else None
        for key, entry in (outputs.entries if outputs else {}).items():
            if key.lower() == output and known is not None:
                # A step's output, told apart from one of the same name in another job.
                return (
                    entry.value.text.replace("steps.", f"steps.{known.id}/")
                    if "env." not in entry.value.text
                    else UNKNOWN
                )
        return UNKNOWN

    def runs(self) -> bool | None:
        """Return whether the step, or the job, runs in this scene; None when that is not known."""
        answers = [job_runs(self._workflow, self._job, self._scene)]
        if self._step is not None:
            steps = (*self._step.inherited, self._step)
            answers += [
                condition(
                    item.node.string("if"), Scope(self._workflow, self._job, item, self._scene)
                )
                for item in steps
            ]
        return all_of(answers)


def all_of(answers: "list[bool | None]") -> bool | None:
    """Return the answer to whether all hold: False where one does not, None where one is not known."""
    if False in answers:
        return False
    return None if None in answers else True


def job_runs(
    workflow: Workflow, job: Job, scene: Scene, seen: frozenset[str] = frozenset()
) -> bool | None:
    """Return whether a job runs in a scene: its condition holds, and no job that it needs is skipped.

    Args:
        workflow: the workflow.
        job: the job.
        scene: how the run came about.
        seen: jobs that are being asked about.
    """
    own = condition(job.condition, Scope(workflow, job, None, scene))
    if job.id in seen or any(
        word in job.condition for word in ("always(", "cancelled(", "failure(")
    ):
        return own
    before = [
        job_runs(workflow, workflow.jobs[name], scene, seen | {job.id})
        for name in job.needs
        if name in workflow.jobs
    ]
    return all_of([own, *before])
