"""All that the steps of a job do, actions and scripts alike."""

from collections.abc import Mapping

from shipseal.workflows.acts import Act, Here
from shipseal.workflows.acts_actions import of_action
from shipseal.workflows.acts_commands import of_script
from shipseal.workflows.model import Job, Workflow
from shipseal.workflows.scope import Scope


def acts_of(workflow: Workflow, job: Job, settings: Mapping[str, bool]) -> tuple[Act, ...]:
    """Return what the steps of a job do, in their order.

    Args:
        workflow: the workflow.
        job: the job.
        settings: what files of the scanners say.
    """
    found: list[Act] = []
    for step in job.steps:
        here = Here(workflow, job, step, Scope(workflow, job, step), settings)
        if here.scope.runs() is not False:
            found += of_action(here) if step.uses else of_script(here)
    return tuple(found)
