"""What every rule is given."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from shipseal.workflows.acts import Act
from shipseal.workflows.model import Edit, Finding, Job, Note, Source, Step, Workflow, WorkflowCode
from shipseal.workflows.permissions import Callers


@dataclass(frozen=True, slots=True)
class CheckOptions:
    """What is known beside the workflows.

    Attributes:
        secrets: names of the secrets that exist; None when that is not known.
        settings: ``grype`` and ``trivy``: whether a file of theirs in the repository makes them fail by itself.
    """

    secrets: frozenset[str] | None = None
    settings: Mapping[str, bool] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Scenery:
    """All files together, and one workflow of them.

    Attributes:
        workflow: the one that is looked at.
        workflows: all.
        sources: all files, by path.
        callers: who calls which workflow.
        acts: what the jobs of this workflow do, by job.
        options: what is known beside the files.
    """

    workflow: Workflow
    workflows: Sequence[Workflow]
    sources: Mapping[str, Source]
    callers: Callers
    acts: Mapping[str, tuple[Act, ...]]
    options: CheckOptions

    @property
    def source(self) -> Source:
        """The workflow's own file."""
        return self.workflow.source

    def found(
        self,
        code: WorkflowCode,
        at: tuple[Step, int],
        message: str,
        fix: str,
        edits: tuple[Edit, ...] = (),
    ) -> Finding:
        """Return a finding at a step and its line; one in an action stands where the job uses that action."""
        step, line = at
        where = line if not step.inherited else step.at
        within = f" (in {step.file}, line {line})" if step.inherited else ""
        return Finding(code, self.workflow.path, where, f"{message}{within}", fix, edits)


Told = Finding | Note
Rule = Callable[[Scenery, Job], Iterator[Told]]
