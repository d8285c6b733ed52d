"""Who may see the repository of a job: what a private one is called is nobody else's business.

Sources: GitHub's documentation, "Webhook events and payloads" (``repository``); GitLab's, "Predefined CI/CD variables".
"""

from collections.abc import Mapping
from enum import StrEnum

from shipseal.errors import ConfigError
from shipseal.github.event import event_payload


class Visibility(StrEnum):
    """Who may see a repository."""

    PUBLIC = "public"
    PRIVATE = "private"
    UNKNOWN = "unknown"


def read_visibility(word: str) -> Visibility:
    """Return what a word of GitHub's or GitLab's means: whatever is not ``public`` is not for everybody."""
    if not word:
        return Visibility.UNKNOWN
    return Visibility.PUBLIC if word == "public" else Visibility.PRIVATE


def job_visibility(env: Mapping[str, str]) -> Visibility:
    """Return who may see the repository that this job works on, as far as its surroundings say."""
    if env.get("GITLAB_CI"):
        return read_visibility(env.get("CI_PROJECT_VISIBILITY", ""))
    if env.get("GITHUB_ACTIONS") != "true":
        return Visibility.UNKNOWN
    try:
        repository = event_payload(env.get("GITHUB_EVENT_PATH", "")).get("repository")
    except ConfigError:
        return Visibility.UNKNOWN
    if not isinstance(repository, dict):
        return Visibility.UNKNOWN
    # Events of GitHub Enterprise have the word, all others have had the flag for longer.
    if isinstance(word := repository.get("visibility"), str):
        return read_visibility(word)
    private = repository.get("private")
    return (
        Visibility.UNKNOWN
        if not isinstance(private, bool)
        else Visibility.PRIVATE
        if private
        else Visibility.PUBLIC
    )
