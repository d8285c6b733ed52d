"""What steps do with images: log in, build, push, scan, catalogue, attest, sign. Findings are about these."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from shipseal.workflows.expression_values import truth
from shipseal.workflows.expressions import rendered
from shipseal.workflows.images import Image
from shipseal.workflows.model import Job, Step, Workflow
from shipseal.workflows.scope import ANY, Scene, Scope, all_of


class Kind(StrEnum):
    """What is done."""

    LOGIN = "login"
    BUILD = "build"
    PUSH = "push"
    TAG = "tag"
    SCAN = "scan"
    SBOM = "sbom"
    ATTEST = "attest"
    SIGN = "sign"
    PULL = "pull"


@dataclass(frozen=True, slots=True)
class Act:
    """One thing that a step does.

    Attributes:
        kind: what.
        step: which step.
        line: where, in the step's own file.
        images: what it is done to, as far as the text tells.
        only: a text that must be true for it to be done, as ``push:`` of an action; empty for always.
        registry: of a login.
        username: of a login, as written; None when it is not given.
        password: of a login, as written; None when it is not given.
        gate: of a scan: whether a bad result fails the step; None when that cannot be told.
        why: of a scan that fails nothing: the reason.
        output: of a scan: the file that holds its result.
        keyless: of a signature: whether it is made with the job's identity.
        local: whether the image lies on the runner and not in a registry.
        recipe: of a build: what it is made from.
        script: whether it is a command of a script.
        raw: of a command: the references as they are written.
    """

    kind: Kind
    step: Step
    line: int
    images: tuple[Image, ...] = ()
    only: str = ""
    registry: str = ""
    username: str | None = None
    password: str | None = None
    gate: bool | None = None
    why: str = ""
    output: str = ""
    keyless: bool = False
    local: bool = False
    recipe: Mapping[str, str] | None = None
    script: bool = False
    raw: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Here:
    """Where acts are read.

    Attributes:
        workflow: the workflow.
        job: the job.
        step: the step.
        scope: what is known there.
        settings: what files of the scanners say: whether Grype, whether Trivy fails by itself.
    """

    workflow: Workflow
    job: Job
    step: Step
    scope: Scope
    settings: Mapping[str, bool]

    def text(self, name: str) -> str:
        """Return an input of the action with what is known filled in; empty when it is not given."""
        given = self.step.given(name)
        return self.scope.symbol(given).strip() if given is not None else ""

    def environment(self, name: str) -> str:
        """Return a variable of the environment; empty when none is stated."""
        return self.scope.symbol("${{ env." + name + " }}") if self.has(name) else ""

    def has(self, name: str) -> bool:
        """Return whether a variable of the environment is stated."""
        places = (
            self.step.node,
            *(step.node for step in self.step.inherited),
            self.job.node,
            self.workflow.root,
        )
        return any(
            place is not None
            and (env := place.get("env")) is not None
            and env.get(name) is not None
            for place in places
        )


Reader = Callable[[Here], Iterator[Act]]


def happens(workflow: Workflow, job: Job, act: Act, scene: Scene = ANY) -> bool | None:
    """Return whether an act is done in a scene; None when that is not known.

    Args:
        workflow: the workflow.
        job: the job.
        act: what is asked about.
        scene: how the run came about.
    """
    scope = Scope(workflow, job, act.step, scene)
    only = True if not act.only else _holds(act.only, scope)
    return all_of([scope.runs(), only])


def written(act: Act) -> tuple[int, str]:
    """Return where the reference of an act stands, and as it is written."""
    given = act.step.node.get("with")
    for key, entry in (given.entries if given else {}).items():
        if key.lower() in ("image", "image-ref"):
            return entry.value.line, entry.value.text.strip()
    return act.line, act.raw[0] if act.raw else act.images[0].text


def _holds(text: str, scope: Scope) -> bool | None:
    value = rendered(text, scope)
    if isinstance(value, str):
        return {"true": True, "false": False, "": False}.get(value.strip().lower())
    return truth(value)


def unless_continued(here: Here, gate: bool | None, why: str) -> tuple[bool | None, str]:
    """Return whether a scan fails its job, after ``continue-on-error`` of the step and the job."""
    for node, name in ((here.step.node, "step"), (here.job.node, "job")):
        stated = node.string("continue-on-error").strip().lower()
        if stated == "true":
            return False, f"`continue-on-error: true` of the {name}"
        if stated not in ("", "false"):
            gate = None
    return gate, why
