"""Whose code a job of GitHub Actions works on, read from the event's payload.

A pull request from a fork runs without permission to write or to sign. That it does so is seen in the payload that the
runner received (``GITHUB_EVENT_PATH``) and never guessed from variable names, which differ between events.
Sources: GitHub's documentation, "Webhook events and payloads" (``pull_request``, ``workflow_run``) and "Events that
trigger workflows".
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shipseal._internal.limits import MIB, Limit, read_limited
from shipseal._internal.regular_file import open_file
from shipseal.errors import Code, ConfigError

_PAYLOAD = Limit("event payload", 32 * MIB, "GitHub caps webhook payloads at 25 MB")
_DELETED = "a deleted repository"

# These run with the base repository's permissions and secrets while the code may be a stranger's.
_PRIVILEGED = frozenset({"pull_request_target", "workflow_run"})


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the code of a job comes from.

    Attributes:
        event: name of the event; empty outside GitHub Actions.
        fork: whether the code is that of a fork's pull request.
        head: full name of the repository that the code comes from; empty when the event has no such thing.
        base: full name of the repository that the job runs for; likewise.
    """

    event: str = ""
    fork: bool = False
    head: str = ""
    base: str = ""


def origin_of(env: Mapping[str, str]) -> Origin:
    """Return where the code of this job comes from; outside GitHub Actions it is nobody's fork.

    Raises:
        ConfigError: ``config.invalid`` when the payload cannot be read or does not say, and when an event that runs
            with the permissions of the base repository was caused by a fork (``pull_request_target``,
            ``workflow_run``): building a stranger's code there would hand those permissions to the stranger.
    """
    if env.get("GITHUB_ACTIONS") != "true":
        return Origin()
    event = env.get("GITHUB_EVENT_NAME", "")
    payload = event_payload(env.get("GITHUB_EVENT_PATH", ""))
    origin = _origin(event, payload)
    if origin.fork and (event in _PRIVILEGED or "workflow_run" in payload):
        raise ConfigError(
            f"{event}: caused by {origin.head}, a fork of {origin.base}, and would run with the permissions of "
            f"{origin.base}",
            hint="release from push or workflow_dispatch, and build pull requests on the event pull_request",
            context={"event": event, "head": origin.head, "base": origin.base},
        )
    return origin


def _origin(event: str, payload: Mapping[str, Any]) -> Origin:
    if "pull_request" in payload:
        request = _mapping(payload, "pull_request")
        head, base = _mapping(request, "head"), _mapping(request, "base")
        return _compare(event, head.get("repo"), _repository(base.get("repo"), "base.repo"))
    if "workflow_run" in payload:
        run = _mapping(payload, "workflow_run")
        base = _repository(payload.get("repository"), "repository")
        return _compare(event, run.get("head_repository"), base)
    return Origin(event)


def _compare(event: str, head: object, base: Mapping[str, Any]) -> Origin:
    """Compare by id where both have one: names change, and are not case-sensitive."""
    name = str(base["full_name"])
    if head is None:
        return Origin(event, True, _DELETED, name)
    found = _repository(head, "head repository")
    if "id" in found and "id" in base:
        same = found["id"] == base["id"]
    else:
        same = str(found["full_name"]).lower() == name.lower()
    return Origin(event, not same, str(found["full_name"]), name)


def event_payload(name: str) -> Mapping[str, Any]:
    """Return the event that the runner wrote to the file ``name`` (``GITHUB_EVENT_PATH``).

    Raises:
        ConfigError: it cannot be read.
    """
    if not name:
        raise _unreadable("GITHUB_EVENT_PATH is not set")
    try:
        with open_file(Path(name)) as stream:
            data = read_limited(stream, _PAYLOAD, what=name, code=Code.CONFIG_INVALID)
        value = json.loads(data)
    except OSError as error:
        raise _unreadable(f"{name}: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise _unreadable(f"{name}: is not JSON") from error
    if not isinstance(value, dict):
        raise _unreadable(f"{name}: is not a JSON object")
    return value


def _mapping(value: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = value.get(name)
    if not isinstance(found, dict):
        raise _unreadable(f"{name} is not an object")
    return found


def _repository(value: object, name: str) -> Mapping[str, Any]:
    if not isinstance(value, dict) or not isinstance(value.get("full_name"), str):
        raise _unreadable(f"{name} names no repository")
    return value


def _unreadable(problem: str) -> ConfigError:
    return ConfigError(
        f"the event of this job cannot be read: {problem}",
        hint="without it nobody can tell whether this is a fork's pull request; run on a runner that sets "
        "GITHUB_EVENT_PATH, or unset GITHUB_ACTIONS outside of GitHub Actions",
    )
