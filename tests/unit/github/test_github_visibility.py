"""Who may see the repository of a job, as far as its surroundings say."""

import json
from pathlib import Path

import pytest

from shipseal.github.visibility import Visibility, job_visibility, read_visibility


def github(folder: Path, payload: object) -> dict[str, str]:
    path = folder / "event.json"
    path.write_text(json.dumps(payload))
    return {"GITHUB_ACTIONS": "true", "GITHUB_EVENT_PATH": str(path)}


@pytest.mark.parametrize(
    ("payload", "found"),
    [
        ({"repository": {"private": True}}, Visibility.PRIVATE),
        ({"repository": {"private": False}}, Visibility.PUBLIC),
        ({"repository": {"private": False, "visibility": "internal"}}, Visibility.PRIVATE),
        ({"repository": {"private": False, "visibility": "public"}}, Visibility.PUBLIC),
        ({"repository": {"private": "false"}}, Visibility.UNKNOWN),
        ({"repository": "octo-org/app"}, Visibility.UNKNOWN),
        ({}, Visibility.UNKNOWN),
        ([], Visibility.UNKNOWN),
    ],
)
def test_the_event_of_a_job_says_it(tmp_path: Path, payload: object, found: Visibility) -> None:
    assert job_visibility(github(tmp_path, payload)) is found


@pytest.mark.parametrize(
    ("word", "found"), [("public", "public"), ("internal", "private"), ("", "unknown")]
)
def test_gitlab_says_it_in_a_variable(word: str, found: str) -> None:
    assert job_visibility({"GITLAB_CI": "true", "CI_PROJECT_VISIBILITY": word}) == found


def test_elsewhere_nobody_says() -> None:
    assert job_visibility({}) is Visibility.UNKNOWN
    assert job_visibility({"GITHUB_ACTIONS": "true"}) is Visibility.UNKNOWN


@pytest.mark.parametrize("word", ["private", "internal", "PUBLIC", "anything"])
def test_whatever_is_not_public_is_private(word: str) -> None:
    assert read_visibility(word) is Visibility.PRIVATE
