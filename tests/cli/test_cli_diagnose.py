"""`shipseal diagnose`: where it reads from, what it prints, how it ends."""

import io
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from shipseal.cli.main import main
from shipseal.errors import Exit
from shipseal.testing.github_actions import ActionsServer
from shipseal.testing.github_server import Refusal
from shipseal.testing.served_runs import served_job
from tests.support.schemas import check_shape

DENIED = "ERROR: failed to push ghcr.io/org/app:1: denied: permission_denied: write_package\n"
FULL = "write /tmp/x: no space left on device\n"
Capture = pytest.CaptureFixture[str]


def told(capsys: Capture, *words: str) -> list[dict[str, Any]]:
    capsys.readouterr()
    assert main(["diagnose", *words, "--json"]) == Exit.OK
    value = json.loads(capsys.readouterr().out)
    check_shape(value, "diagnosis")
    found: list[dict[str, Any]] = value["diagnoses"]
    return found


def piped(monkeypatch: pytest.MonkeyPatch, log: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(log)))


def test_a_file_for_people(tmp_path: Path, capsys: Capture) -> None:
    log = tmp_path / "job.log"
    log.write_text(f"begin\n\x1b[31m{DENIED}")
    assert main(["diagnose", str(log)]) == Exit.OK
    out = capsys.readouterr().out
    assert out.startswith("auth.registry-denied\n")
    assert "line 2" in out
    assert "see     docs/errors.md#auth.registry-denied" in out
    assert "\x1b" not in out


def test_standard_input(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    for words in ([], ["-"]):
        piped(monkeypatch, DENIED.encode())
        assert [one["code"] for one in told(capsys, *words)] == ["auth.registry-denied"]


def test_several_logs_say_which_one(tmp_path: Path, capsys: Capture) -> None:
    for name, text in (("a", DENIED), ("b", "error: E302\n"), ("c", FULL)):
        (tmp_path / name).write_text(text)
    found = told(capsys, *(str(tmp_path / name) for name in "abc"))
    assert [(one["code"], Path(one["log"]).name) for one in found] == [
        ("auth.registry-denied", "a"),
        ("resource.disk-full", "c"),
    ]


def test_nothing_known_is_no_failure_of_the_command(tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / "log").write_text("main.c:1: error: expected ';'\n")
    (found,) = told(capsys, str(tmp_path / "log"))
    assert (found["code"], found["retry"]) == ("unknown", False)
    assert found["proof"] == [{"line": 1, "text": "main.c:1: error: expected ';'"}]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["missing.log"], "missing.log"),
        (["."], "a folder"),
        (["--github-run", "1", "--run", "1.0"], "one source at a time"),
        (["--repo", "o/a", "x.log"], "--github-run"),
        (["--run", "9.9"], "9.9"),
        (["--github-run", "0"], "github-run"),
    ],
)
def test_wrong_usage(
    words: list[str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["diagnose", *words]) == Exit.USAGE
    assert message in capsys.readouterr().err


@pytest.fixture
def github(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ActionsServer]:
    monkeypatch.chdir(tmp_path)
    with ActionsServer() as server:
        monkeypatch.setenv("GITHUB_API_URL", server.url)
        monkeypatch.setenv("GITHUB_SERVER_URL", server.web)
        monkeypatch.setenv("GH_TOKEN", "ghs_test")
        yield server


def test_a_run_of_actions_job_by_job(github: ActionsServer, capsys: Capture) -> None:
    run = github.add_run(
        "release.yml",
        jobs=[
            served_job("build", ["Build"], log="all is well\n"),
            served_job("push", ["Push"], log=DENIED),
            served_job("scan", ["Scan"], log=FULL),
        ],
    )
    found = told(capsys, "--github-run", str(run.id), "--repo", "org/app")
    assert {(one["code"], one["log"]) for one in found} == {
        ("auth.registry-denied", "push"),
        ("resource.disk-full", "scan"),
    }


def test_a_forks_run_is_known_by_its_repository(github: ActionsServer, capsys: Capture) -> None:
    run = github.add_run(
        "release.yml",
        jobs=[served_job("push", ["Push"], log=DENIED)],
        event="pull_request",
        head_repository="stranger/app",
    )
    (found,) = told(capsys, "--github-run", str(run.id), "--repo", "org/app")
    assert found["code"] == "fork.no-permissions"


def test_github_that_cannot_be_asked(github: ActionsServer, capsys: Capture) -> None:
    assert main(["diagnose", "--github-run", "99", "--repo", "org/app"]) == Exit.OUTSIDE
    github.refuse.append(Refusal(401, "Bad credentials"))
    assert main(["diagnose", "--github-run", "99", "--repo", "org/app"]) == Exit.AUTH
    assert "auth.github-denied" in capsys.readouterr().err


def test_lines_that_were_left_out_are_told(tmp_path: Path, capsys: Capture) -> None:
    crowded = "".join(f"error: unknown thing {number} was not found\n" for number in range(4000))
    log, short = tmp_path / "job.log", tmp_path / "short.log"
    log.write_text(f"{crowded}denied: permission_denied: write_package\n")
    short.write_text("denied: permission_denied: write_package\n")
    assert main(["diagnose", str(log), str(short), "--json"]) == Exit.OK
    value = json.loads(capsys.readouterr().out)
    check_shape(value, "diagnosis")
    (left,) = value["partly"]
    assert left["log"] == str(log)
    assert 1 < left["first"] < left["last"] <= 4001
    assert main(["diagnose", str(log)]) == Exit.OK
    assert (
        f"not all was looked at: of lines {left['first']} to {left['last']} "
        in capsys.readouterr().out
    )
    assert main(["diagnose", str(short)]) == Exit.OK
    assert "not all was looked at" not in capsys.readouterr().out
