"""The check of all workflows of a repository together."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from shipseal.workflows.composite import expanded
from shipseal.workflows.job_acts import acts_of
from shipseal.workflows.model import Finding, Job, Note, Source, Workflow, WorkflowCode
from shipseal.workflows.permissions import callers_of, effective
from shipseal.workflows.reading import read_workflow
from shipseal.workflows.rights_spelling import misspelt
from shipseal.workflows.rule_input import CheckOptions, Rule, Scenery, Told
from shipseal.workflows.rules_anyway import anyway, not_waited_for
from shipseal.workflows.rules_forks import forks
from shipseal.workflows.rules_gate import never_fails, other_build
from shipseal.workflows.rules_order import gate_after_tag, needs, tag_again
from shipseal.workflows.rules_pins import pins
from shipseal.workflows.rules_rights import rights
from shipseal.workflows.rules_secrets import secrets
from shipseal.workflows.rules_unscanned import unscanned

RULES: Sequence[Rule] = (
    rights,
    forks,
    gate_after_tag,
    tag_again,
    needs,
    pins,
    secrets,
    never_fails,
    other_build,
    anyway,
    not_waited_for,
    unscanned,
)


@dataclass(frozen=True, slots=True)
class CheckedJob:
    """A job with what was found in it; the file itself is a job without a name.

    Attributes:
        file: path of the workflow.
        job: its key; empty for the file.
        line: where it begins.
        permissions: right per scope, ``unknown`` where no text tells.
        findings: what is wrong, by line.
        notes: what depends on settings.
    """

    file: str
    job: str
    line: int
    permissions: Mapping[str, str]
    findings: tuple[Finding, ...]
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True, slots=True)
class WorkflowReport:
    """All that was found.

    Attributes:
        jobs: every job, and every file that something is wrong with.
    """

    jobs: tuple[CheckedJob, ...]

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Everything that is wrong, each once."""
        return tuple(dict.fromkeys(item for job in self.jobs for item in job.findings))


def check_workflows(
    sources: Sequence[Source], actions: Mapping[str, Source], options: CheckOptions
) -> WorkflowReport:
    """Return what is wrong with the workflows of a repository.

    Args:
        sources: the workflows.
        actions: actions of the same repository, by folder.
        options: what else is known.
    """
    workflows = [expanded(read_workflow(source), actions) for source in sources]
    callers = callers_of(workflows)
    files = {source.path: source for source in (*sources, *actions.values())}
    checked: list[CheckedJob] = []
    for workflow in workflows:
        acts = {job.id: acts_of(workflow, job, options.settings) for job in workflow.jobs.values()}
        scenery = Scenery(workflow, workflows, files, callers, acts, options)
        checked += _checked(scenery)
    return WorkflowReport(_at_home(checked, workflows))


def _checked(scenery: Scenery) -> Iterator[CheckedJob]:
    workflow = scenery.workflow
    own = (*workflow.problems, *misspelt(workflow))
    if own:
        yield CheckedJob(workflow.path, "", 1, {}, _sorted(own))
    for job in workflow.jobs.values():
        told = [*_told(scenery, job)]
        yield CheckedJob(
            workflow.path,
            job.id,
            job.entry.line,
            effective(workflow, job, scenery.callers),
            _sorted(tuple(item for item in told if isinstance(item, Finding))),
            tuple(dict.fromkeys(item for item in told if isinstance(item, Note))),
        )


def _told(scenery: Scenery, job: Job) -> Iterator[Told]:
    for rule in RULES:
        yield from rule(scenery, job)


def _sorted(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    order = list(WorkflowCode)
    unique = dict.fromkeys(findings)
    return tuple(sorted(unique, key=lambda item: (item.file, item.line, order.index(item.code))))


def _at_home(
    checked: Sequence[CheckedJob], workflows: Sequence[Workflow]
) -> tuple[CheckedJob, ...]:
    """Return the same with what was found about a caller at the caller."""
    strays = [item for job in checked for item in job.findings if item.file != job.file]
    made: list[CheckedJob] = []
    for job in checked:
        lines = _lines_of(job, workflows)
        here = [item for item in strays if item.file == job.file and item.line in lines]
        own = [item for item in job.findings if item.file == job.file]
        made.append(
            CheckedJob(
                job.file, job.job, job.line, job.permissions, _sorted((*own, *here)), job.notes
            )
        )
    return tuple(made)


def _lines_of(job: CheckedJob, workflows: Sequence[Workflow]) -> range:
    workflow = next(item for item in workflows if item.path == job.file)
    known = workflow.jobs.get(job.job)
    return range(known.entry.line, known.node.end) if known else range(0)
