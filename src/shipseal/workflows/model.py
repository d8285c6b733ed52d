"""What a workflow says, with the lines where it says it; and what is found in it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from shipseal.workflows.yaml_nodes import Entry, Node


class WorkflowCode(StrEnum):
    """Every finding. Each is described in ``docs/workflows.md``."""

    ID_TOKEN_MISSING = "workflow.id-token-missing"  # noqa: S105 - a code
    ATTESTATIONS_MISSING = "workflow.attestations-missing"
    PACKAGES_MISSING = "workflow.packages-missing"
    FORK_UNGUARDED = "workflow.fork-unguarded"
    GATE_AFTER_TAG = "workflow.gate-after-tag"
    TAG_RESOLVED_AGAIN = "workflow.tag-resolved-again"
    NEEDS_MISSING = "workflow.needs-missing"
    UNPINNED_ACTION = "workflow.unpinned-action"
    SECRET_MISSING = "workflow.secret-missing"  # noqa: S105 - a code
    GATE_NEVER_FAILS = "workflow.gate-never-fails"
    SCAN_OTHER_BUILD = "workflow.scan-other-build"
    INVALID = "workflow.invalid"


@dataclass(frozen=True, slots=True)
class Source:
    """A file to be checked.

    Attributes:
        path: as it is named in what is found; for workflows that call each other, the path in the repository.
        data: its content.
    """

    path: str
    data: bytes

    @property
    def lines(self) -> list[str]:
        """Its lines, without their ends."""
        return self.data.decode("utf-8-sig", errors="replace").split("\n")


@dataclass(frozen=True, slots=True)
class Edit:
    """A change of a file that takes a finding away.

    Attributes:
        file: which file.
        line: before which line the new ones go, from 1.
        remove: how many lines are taken out there.
        lines: the new ones, without line ends.
    """

    file: str
    line: int
    remove: int
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is certainly wrong.

    Attributes:
        code: what kind.
        file: in which file.
        line: where, from 1.
        message: what is wrong there, and what it leads to.
        fix: text that can be pasted.
        edits: the change that takes it away; empty where a person must decide.
    """

    code: WorkflowCode
    file: str
    line: int
    message: str
    fix: str
    edits: tuple[Edit, ...] = ()


@dataclass(frozen=True, slots=True)
class Note:
    """Something that depends on what no text tells.

    Attributes:
        line: where.
        message: what to look at.
    """

    line: int
    message: str


@dataclass(frozen=True, slots=True)
class Permissions:
    """Rights of a job's token.

    Attributes:
        stated: right per scope (``read``, ``write``, ``none``); empty with ``known`` means no rights at all.
        known: whether they are stated anywhere; if not, the repository's setting decides.
        origin: who states them: ``job``, ``workflow``, ``caller``, ``repository``.
        entry: the key that states them.
    """

    stated: Mapping[str, str] = field(default_factory=dict)
    known: bool = False
    origin: str = "repository"
    entry: Entry | None = None

    def right(self, scope: str) -> str:
        """Return ``none``, ``read``, ``write`` or ``unknown``."""
        if self.known:
            return self.stated.get(scope, "none")
        # No setting of a repository gives a job an identity token.
        return "none" if scope == "id-token" and self.origin == "repository" else "unknown"


@dataclass(frozen=True, slots=True)
class Step:
    """A step of a job, or of an action in the repository that the job uses.

    Attributes:
        file: where it is written.
        node: all of it.
        at: the line in the job's own file that stands for it.
        inputs: of the action that it is written in: name to text; empty in a job.
        within: conditions of the steps that brought it here.
        inherited: steps that used the action it is written in, outermost first.
    """

    file: str
    node: Node
    at: int
    inputs: Mapping[str, str] = field(default_factory=dict)
    within: tuple[str, ...] = ()
    inherited: tuple["Step", ...] = ()

    @property
    def uses(self) -> str:
        """The action, with its ref; empty for a script."""
        return self.node.string("uses").strip()

    @property
    def action(self) -> str:
        """The action without its ref, in lower case."""
        return self.uses.partition("@")[0].lower()

    @property
    def line(self) -> int:
        """Where it begins, in its own file."""
        return self.node.line

    @property
    def id(self) -> str:
        """Its id."""
        return self.node.string("id")

    @property
    def label(self) -> str:
        """How it is called in messages."""
        return self.node.string("name") or self.uses or f"the script in line {self.line}"

    def given(self, name: str) -> str | None:
        """Return the text of an input of the action; None when it is not given. Names have no case."""
        given = self.node.get("with")
        for key, entry in (given.entries if given else {}).items():
            if key.lower() == name.lower():
                return entry.value.text
        return None


@dataclass(frozen=True, slots=True)
class Job:
    """A job.

    Attributes:
        file: where it is written.
        id: its key.
        entry: its key with its place.
        steps: its steps, those of actions in the repository in their places.
        needs: jobs before it, by id.
        opaque: whether a step runs something of the repository that was not read.
    """

    file: str
    id: str
    entry: Entry
    steps: tuple[Step, ...] = ()
    needs: tuple[str, ...] = ()
    opaque: bool = False

    @property
    def node(self) -> Node:
        """What it says."""
        return self.entry.value

    @property
    def condition(self) -> str:
        """Its ``if``."""
        return self.node.string("if")

    @property
    def calls(self) -> str:
        """The workflow that it calls; empty when it has steps."""
        return self.node.string("uses").strip()


@dataclass(frozen=True, slots=True)
class Workflow:
    """A file.

    Attributes:
        source: the text.
        root: all of it.
        events: its events, with what is said of each.
        jobs: by id.
        problems: what GitHub would refuse.
    """

    source: Source
    root: Node | None
    events: Mapping[str, Node | None] = field(default_factory=dict)
    jobs: Mapping[str, Job] = field(default_factory=dict)
    problems: tuple[Finding, ...] = ()

    @property
    def path(self) -> str:
        """Its path."""
        return self.source.path

    def with_jobs(self, jobs: Mapping[str, Job]) -> "Workflow":
        """Return the same with other jobs."""
        return replace(self, jobs=jobs)

    def before(self, job: str) -> frozenset[str]:
        """Return the jobs that have ended when ``job`` begins."""
        found: set[str] = set()
        waiting = [job]
        while waiting:
            known = self.jobs.get(waiting.pop())
            for name in known.needs if known else ():
                if name not in found:
                    found.add(name)
                    waiting.append(name)
        return frozenset(found)
