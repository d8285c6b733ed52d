"""Whose code a job works on: the stories of forks, and of those who pretend to be none."""

import json
from pathlib import Path
from typing import Any

import pytest

from shipseal.errors import Code, ConfigError
from shipseal.github.event import Origin, origin_of

OURS = {"id": 1, "full_name": "org/app"}
THEIRS = {"id": 2, "full_name": "stranger/app"}


def job(tmp_path: Path, event: str, payload: object) -> dict[str, str]:
    path = tmp_path / "event.json"
    path.write_text(payload if isinstance(payload, str) else json.dumps(payload))
    return {"GITHUB_ACTIONS": "true", "GITHUB_EVENT_NAME": event, "GITHUB_EVENT_PATH": str(path)}


def pull_request(head: object, base: object = OURS) -> dict[str, Any]:
    return {"pull_request": {"head": {"repo": head}, "base": {"repo": base}}}


def test_outside_of_actions_nothing_is_read(tmp_path: Path) -> None:
    env = job(tmp_path, "pull_request", "no JSON at all") | {"GITHUB_ACTIONS": ""}
    assert origin_of(env) == Origin()


def test_a_push_is_no_fork(tmp_path: Path) -> None:
    env = job(tmp_path, "push", {"ref": "refs/heads/main", "repository": OURS})
    assert origin_of(env) == Origin("push")


def test_a_pull_request_of_the_same_repository_is_no_fork(tmp_path: Path) -> None:
    origin = origin_of(job(tmp_path, "pull_request", pull_request(OURS)))
    assert origin == Origin("pull_request", False, "org/app", "org/app")


def test_a_pull_request_from_another_repository_is_a_fork(tmp_path: Path) -> None:
    origin = origin_of(job(tmp_path, "pull_request", pull_request(THEIRS)))
    assert origin == Origin("pull_request", True, "stranger/app", "org/app")


def test_a_deleted_fork_is_a_fork(tmp_path: Path) -> None:
    origin = origin_of(job(tmp_path, "pull_request", pull_request(None)))
    assert origin.fork
    assert origin.head == "a deleted repository"


def test_ids_decide_where_a_repository_was_renamed(tmp_path: Path) -> None:
    renamed = {"id": 1, "full_name": "org/old-name"}
    assert not origin_of(job(tmp_path, "pull_request", pull_request(renamed))).fork


def test_ids_decide_where_a_stranger_took_an_old_name(tmp_path: Path) -> None:
    squatter = {"id": 99, "full_name": "org/app"}
    assert origin_of(job(tmp_path, "pull_request", pull_request(squatter))).fork


@pytest.mark.parametrize(("head", "fork"), [("Org/App", False), ("stranger/app", True)])
def test_names_decide_where_there_are_no_ids(tmp_path: Path, head: str, fork: bool) -> None:
    payload = pull_request({"full_name": head}, {"full_name": "org/app"})
    assert origin_of(job(tmp_path, "pull_request", payload)).fork is fork


def test_the_payload_decides_whatever_the_event_is_called(tmp_path: Path) -> None:
    assert origin_of(job(tmp_path, "push", pull_request(THEIRS))).fork
    assert origin_of(job(tmp_path, "pull_request_review", pull_request(THEIRS))).fork


def test_variables_that_look_like_a_fork_decide_nothing(tmp_path: Path) -> None:
    env = job(tmp_path, "push", {"repository": OURS})
    env |= {"GITHUB_HEAD_REF": "patch-1", "GITHUB_REPOSITORY": "stranger/app"}
    assert not origin_of(env).fork


def refused(env: dict[str, str]) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        origin_of(env)
    assert caught.value.code is Code.CONFIG_INVALID
    assert caught.value.exit == 64
    return caught.value


@pytest.mark.parametrize("head", [THEIRS, None])
def test_pull_request_target_with_foreign_code_is_refused(tmp_path: Path, head: object) -> None:
    error = refused(job(tmp_path, "pull_request_target", pull_request(head)))
    assert "pull_request_target" in error.message
    assert "permissions of org/app" in error.message
    assert "pull_request" in error.hint


def test_pull_request_target_of_our_own_branch_is_allowed(tmp_path: Path) -> None:
    assert not origin_of(job(tmp_path, "pull_request_target", pull_request(OURS))).fork


@pytest.mark.parametrize("name", ["workflow_run", "push", ""])
def test_a_run_that_a_fork_caused_is_refused_whatever_it_is_called(
    tmp_path: Path, name: str
) -> None:
    payload = {"workflow_run": {"head_repository": THEIRS}, "repository": OURS}
    assert "stranger/app" in refused(job(tmp_path, name, payload)).message


def test_a_run_that_our_own_branch_caused_is_allowed(tmp_path: Path) -> None:
    payload = {"workflow_run": {"head_repository": OURS}, "repository": OURS}
    assert not origin_of(job(tmp_path, "workflow_run", payload)).fork


@pytest.mark.parametrize(
    ("payload", "problem"),
    [
        ("", "is not JSON"),
        ("{", "is not JSON"),
        ("[" * 100_000, "is not JSON"),
        ("[]", "is not a JSON object"),
        ({"pull_request": None}, "pull_request is not an object"),
        ({"pull_request": {}}, "head is not an object"),
        ({"pull_request": {"head": {"repo": OURS}}}, "base is not an object"),
        (pull_request(OURS, None), "base.repo names no repository"),
        (pull_request({"id": 1}), "head repository names no repository"),
        (pull_request(THEIRS, {"id": 2}), "base.repo names no repository"),
        ({"workflow_run": {"head_repository": OURS}}, "repository names no repository"),
    ],
)
def test_a_payload_that_does_not_say_is_refused(
    tmp_path: Path, payload: object, problem: str
) -> None:
    error = refused(job(tmp_path, "pull_request", payload))
    assert problem in error.message
    assert "fork" in error.hint


def test_a_missing_payload_is_refused(tmp_path: Path) -> None:
    env = job(tmp_path, "pull_request", {})
    assert "No such file" in refused(env | {"GITHUB_EVENT_PATH": str(tmp_path / "no")}).message
    assert "not set" in refused(env | {"GITHUB_EVENT_PATH": ""}).message


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    env = job(tmp_path, "pull_request", {})
    Path(env["GITHUB_EVENT_PATH"]).write_bytes(b"\xff\xfe\x00{")
    assert "is not JSON" in refused(env).message
