"""Words in ``permissions`` that GitHub does not know."""

from collections.abc import Iterator

from shipseal.workflows.model import Finding, Workflow
from shipseal.workflows.reading import invalid
from shipseal.workflows.vocabulary import RIGHTS, SCOPES, nearest
from shipseal.workflows.yaml_nodes import Entry


def misspelt(workflow: Workflow) -> Iterator[Finding]:
    """Yield rights that are no rights, and scopes that were probably meant otherwise.

    A scope that is near to no known one is not accused: GitHub adds some from time to time.
    """
    nodes = [workflow.root, *(job.node for job in workflow.jobs.values())]
    for node in nodes:
        entry = node.entries.get("permissions") if node is not None else None
        if entry is not None:
            yield from _of(workflow, entry)


def _of(workflow: Workflow, entry: Entry) -> Iterator[Finding]:
    node = entry.value
    if node.kind == "text" and node.text not in ("read-all", "write-all"):
        yield invalid(
            workflow.path,
            entry.line,
            f"permissions: {node.text} is neither read-all nor write-all",
            "permissions: {}",
        )
    for item in node.entries.values():
        right = item.value.text
        if item.key not in SCOPES:
            meant = nearest(item.key, SCOPES)
            if meant:
                message = f"{item.key}: GitHub has no such permission; {meant} is near"
                yield invalid(workflow.path, item.line, message, f"{meant}: {right}")
        elif right not in RIGHTS:
            message = f"{item.key}: {right or 'nothing'} is no right"
            yield invalid(workflow.path, item.line, message, f"{item.key}: read")
        elif item.key == "id-token" and right == "read":
            yield invalid(
                workflow.path, item.line, "id-token: has no right `read`", "id-token: write"
            )
