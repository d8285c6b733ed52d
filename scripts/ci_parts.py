"""Generated parts of the pages on CI and on watching: the very workflow, and what an alarm means."""

from shipseal.config.ci_facts import GHCR, HUB, CiFacts
from shipseal.config.ci_github import github_workflow
from shipseal.watch.values import KINDS, STANDINGS

EXAMPLE = CiFacts(
    config="shipseal.yaml",
    image="app",
    builder="buildx",
    foreign=True,
    registries=(GHCR, HUB),
    key="",
    keyless=True,
    github_store=True,
    sources=(),
)
"""What the shown workflow is for: a Dockerfile for two platforms, two registries, no key."""


def workflow() -> str:
    """Return the workflow that is written for :data:`EXAMPLE`."""
    text = github_workflow(EXAMPLE, "ORG/shipseal@COMMIT # the commit of your shipseal")
    return f"```yaml\n{text}```\n"


def alarm_rows() -> list[list[str]]:
    """Return each kind of alarm with its meaning."""
    return [[f"`{kind}`", means] for kind, means in KINDS.items()]


def standing_rows() -> list[list[str]]:
    """Return each standing of a run with its meaning."""
    return [[f"`{standing}`", means] for standing, means in STANDINGS.items()]
