"""``shipseal release`` as a person or a job meets it: real Syft, real layouts, every bad input with its code."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from shipseal._internal.clock import SystemClock
from shipseal.errors import Exit
from shipseal.release.folders import StateFolder
from shipseal.release.journal import read_journal
from shipseal.release.lock import ReleaseLock
from shipseal.testing.damage import corrupt_blob, remove_blob, truncate_blob
from shipseal.testing.images import SampleImage
from tests.support.processes import python_argv
from tests.support.release_project import PASSWORD, Project
from tests.support.schemas import check_shape


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sbom_cache: Path) -> Project:
    monkeypatch.setenv("SHIPSEAL_KEY_PASSWORD", PASSWORD)
    monkeypatch.setenv("SHIPSEAL_CACHE", str(sbom_cache))
    made = Project(tmp_path / "project")
    made.build()
    return made


def result_of(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(capsys.readouterr().out)
    return value


def journals(project: Project) -> list[Path]:
    return sorted((project.folder / ".shipseal" / "releases").glob("*/journal.jsonl"))


def test_a_release_is_told_on_standard_output_and_its_progress_on_standard_error(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    assert project.release() == Exit.OK
    out, err = capsys.readouterr()
    assert "1.0.0 sha256:" in out
    assert "is public" in out
    assert "linux/arm64" in out
    assert "oci:" in out
    assert "promote: done" in err
    assert project.tags("a") == project.tags("b")
    assert set(project.tags("a")) == {"1.0.0", "latest"}


def test_the_json_result_follows_its_schema_in_success_and_refusal(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    assert project.release("1.0.0", "--json") == Exit.OK
    done = result_of(capsys)
    check_shape(done, "release")
    assert (done["status"], done["code"], done["tags"]) == ("done", None, ["1.0.0", "latest"])
    project.build({"planted": "1.0"})
    assert project.release("2.0.0", "--json") == Exit.REFUSED
    refused = result_of(capsys)
    check_shape(refused, "release")
    assert (refused["status"], refused["code"]) == ("refused", "scan.gate-failed")


def test_a_planted_critical_vulnerability_stops_it_and_taking_it_out_lets_the_same_command_finish(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    project.build({"planted": "1.0"})
    assert project.release() == Exit.REFUSED
    out = capsys.readouterr().out
    assert "CVE-2099-0001" in out
    assert "2.0" in out
    assert project.tags("a") == project.tags("b") == {}
    project.build({"planted": "2.0"})
    assert project.release() == Exit.OK
    assert set(project.tags("a")) == {"1.0.0", "latest"}


def test_the_results_lie_beside_the_journal_under_names_that_people_find(project: Project) -> None:
    project.release()
    results = journals(project)[0].parent / "results"
    names = {path.name for path in results.iterdir()}
    assert {
        "linux-amd64-scan-results.json",
        "linux-arm64.spdx.json",
        "linux-amd64.syft.json",
        "scan-results.html",
        "scan-results.sarif",
    } <= names
    assert "Passes" in (results / "scan-results.html").read_text()
    (run,) = json.loads((results / "scan-results.sarif").read_text())["runs"]
    assert run["properties"]["gate"] == "pass"
    check_shape(json.loads((results / "linux-amd64-scan-results.json").read_text()), "scan-results")
    check_shape(json.loads((results / "gate.json").read_text()), "gate-report")
    assert json.loads((results / "linux-arm64.spdx.json").read_text())["spdxVersion"] == "SPDX-2.3"


def test_what_is_known_of_releases_is_listed_and_shown(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    assert project.run("release", "list") == Exit.OK
    assert "no releases on this machine yet" in capsys.readouterr().out
    project.release()
    capsys.readouterr()
    assert project.run("release", "list", "--json") == Exit.OK
    listed = result_of(capsys)
    check_shape(listed, "release-list")
    identifier = listed["releases"][0]["release"]
    assert project.run("release", "show", identifier) == Exit.OK
    shown = capsys.readouterr().out
    assert "timeline" in shown
    assert "catalogue and scan" in shown
    assert project.run("release", "show", identifier, "--json") == Exit.OK
    check_shape(result_of(capsys), "release-show")


def test_a_release_that_was_given_up_says_what_stays_and_may_be_started_again(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    project.build({"planted": "1.0"})
    project.release()
    identifier = journals(project)[0].parent.name
    capsys.readouterr()
    assert project.run("release", "abort", identifier) == Exit.OK
    out = capsys.readouterr().out
    assert "by digest only" in out
    project.build({"planted": "2.0"})
    assert project.release() == Exit.OK
    assert project.run("release", "abort", identifier) == Exit.USAGE


def test_nothing_to_resume_is_said(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    project.release()
    assert project.run("release", "resume") == Exit.USAGE
    assert "no releases can be resumed" in capsys.readouterr().err


def test_a_resume_under_another_configuration_is_refused(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    project.build({"planted": "1.0"})
    project.release()
    identifier = journals(project)[0].parent.name
    project.configure(tags=["{version}", "stable"])
    assert project.run("release", "resume", identifier) == Exit.USAGE
    assert "configuration has changed" in capsys.readouterr().err


def without_arm64(project: Project) -> None:
    project.build(platforms=["linux/amd64"])


def wrong_claim(project: Project) -> None:
    project.build(claims={"linux/arm64": "linux/amd64"})


def truncated(project: Project) -> None:
    sample = project.build()
    truncate_blob(sample, layer_of(sample))


def corrupted(project: Project) -> None:
    sample = project.build()
    corrupt_blob(sample, layer_of(sample))


def removed(project: Project) -> None:
    sample = project.build()
    remove_blob(sample, layer_of(sample))


def layer_of(sample: SampleImage) -> Any:
    return sample.layers["linux/amd64"][0].descriptor.digest


def unreadable_layout(project: Project) -> None:
    (project.folder / "image" / "index.json").write_text("{not json")


def no_layout(project: Project) -> None:
    project.configure(build={"builder": "prebuilt", "layout": "./nowhere"})


def no_syft(project: Project) -> None:
    project.configure(sbom={"syft": "./no-such-syft"})


def no_database(project: Project) -> None:
    project.configure(scan={"engine": "builtin", "database": "./nowhere"})


def unknown_key(project: Project) -> None:
    project.configure(gates={"fail_on": "critical"})


def wrong_password(project: Project) -> None:
    os.environ["SHIPSEAL_KEY_PASSWORD"] = "not it"


def no_registry(project: Project) -> None:
    project.configure(targets=["127.0.0.1:1/app"], timeouts={"retry_deadline": "1s"})


BAD: list[tuple[Callable[[Project], None], str, Exit, str]] = [
    (without_arm64, "image.platform-missing", Exit.REFUSED, "linux/arm64"),
    (wrong_claim, "image.platform-missing", Exit.REFUSED, "linux/arm64"),
    (truncated, "image.digest-mismatch", Exit.EVIDENCE, "bytes"),
    (corrupted, "image.digest-mismatch", Exit.EVIDENCE, "sha256:"),
    (removed, "image.not-found", Exit.OUTSIDE, "sha256"),
    (unreadable_layout, "image.format-unsupported", Exit.REFUSED, "index.json"),
    (no_layout, "image.not-found", Exit.OUTSIDE, "nowhere"),
    (no_syft, "tool.missing", Exit.OUTSIDE, "no-such-syft"),
    (no_database, "scan.db-unavailable", Exit.UNDECIDED, "nowhere"),
    (unknown_key, "config.invalid", Exit.USAGE, "gates"),
    (wrong_password, "config.invalid", Exit.USAGE, "cosign.key"),
    (no_registry, "network.unreachable", Exit.OUTSIDE, "127.0.0.1:1"),
]


@pytest.mark.parametrize(
    ("spoil", "code", "exit_", "named"), BAD, ids=[one[0].__name__ for one in BAD]
)
def test_bad_input_ends_with_its_code_its_status_and_a_hint_and_nothing_is_published(
    project: Project,
    capsys: pytest.CaptureFixture[str],
    spoil: Callable[[Project], None],
    code: str,
    exit_: Exit,
    named: str,
) -> None:
    spoil(project)
    assert project.release("1.0.0", "--json") == exit_
    told = result_of(capsys)
    found = told.get("error", told)
    assert found["code"] == code, found
    assert named in found["message"]
    assert found["hint"]
    assert project.tags("a") == project.tags("b") == {}
    for path in journals(project):
        assert read_journal(path)[-1].kind == "release.closed"


def test_a_dry_run_leaves_the_targets_as_they_were(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    assert project.release("1.0.0", "--dry-run", "--json") == Exit.OK
    told = result_of(capsys)
    check_shape(told, "release")
    assert (told["dry_run"], told["attested"], told["evidence"]) == (True, False, [])
    assert not list((project.folder / "a").glob("blobs/sha256/*"))


def test_a_forks_pull_request_is_scanned_and_neither_staged_nor_attested(
    project: Project,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    repositories = {
        "head": {"repo": {"full_name": "stranger/app", "id": 2}},
        "base": {"repo": {"full_name": "org/app", "id": 1}},
    }
    (tmp_path / "event.json").write_text(json.dumps({"pull_request": repositories}))
    for name, value in {**_ACTIONS, "GITHUB_EVENT_NAME": "pull_request"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("GITHUB_EVENT_PATH", str(tmp_path / "event.json"))
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))
    monkeypatch.setenv("GITHUB_OUTPUT", str(tmp_path / "output"))
    monkeypatch.delenv("SHIPSEAL_KEY_PASSWORD")
    assert project.release("1.0.0", "--json") == Exit.OK
    told = result_of(capsys)
    check_shape(told, "release")
    assert (told["code"], told["attested"], told["status"]) == (
        "fork.no-permissions",
        False,
        "pending",
    )
    assert not list((project.folder / "a").glob("blobs/sha256/*"))
    assert "the gate passes" in (tmp_path / "summary.md").read_text()
    project.build({"planted": "1.0"})
    assert project.release("1.0.0") == Exit.REFUSED


def test_a_job_gets_outputs_a_summary_and_a_marked_line(
    project: Project,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    (tmp_path / "event.json").write_text("{}")
    for name, value in _ACTIONS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("GITHUB_EVENT_PATH", str(tmp_path / "event.json"))
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))
    monkeypatch.setenv("GITHUB_OUTPUT", str(tmp_path / "output"))
    assert project.release() == Exit.OK
    output = (tmp_path / "output").read_text()
    assert project.tags("a")["latest"] in output
    assert "1.0.0\nlatest" in output
    project.build({"planted": "1.0"})
    capsys.readouterr()
    assert project.release("1.1.0") == Exit.REFUSED
    assert "::error title=shipseal%3A scan.gate-failed::" in capsys.readouterr().err
    assert "CVE-2099-0001" in (tmp_path / "summary.md").read_text()


_ACTIONS = {
    "GITHUB_ACTIONS": "true",
    "GITHUB_EVENT_NAME": "push",
    "GITHUB_SERVER_URL": "https://github.com",
    "GITHUB_REPOSITORY": "org/app",
    "GITHUB_WORKFLOW_REF": "org/app/.github/workflows/release.yml@refs/tags/v1.0.0",
    "GITHUB_REF": "refs/tags/v1.0.0",
    "GITHUB_SHA": "a" * 40,
    "GITHUB_REPOSITORY_ID": "1",
    "GITHUB_REPOSITORY_OWNER_ID": "2",
    "RUNNER_ENVIRONMENT": "github-hosted",
    "GITHUB_RUN_ID": "3",
    "GITHUB_RUN_ATTEMPT": "1",
}

_SLOW_SYFT = """#!/bin/sh
case "$1" in version) echo '{"application":"syft","version":"9.9.9"}';; *) sleep 60;; esac
"""


def test_an_interrupt_leaves_a_release_that_can_be_resumed(project: Project) -> None:
    slow = project.folder / "slow-syft"
    slow.write_text(_SLOW_SYFT)
    slow.chmod(0o755)
    project.configure(sbom={"syft": str(slow)})
    words = python_argv("-m", "shipseal.cli.main", "release", "--version", "1.0.0")
    env = {**os.environ, "SHIPSEAL_CACHE": str(project.folder / "cold")}
    with subprocess.Popen(
        words, cwd=project.folder, env=env, stderr=subprocess.PIPE, text=True
    ) as running:
        wait_for(lambda: any("target.staged" in path.read_text() for path in journals(project)))
        assert project.release() == Exit.OUTSIDE  # the lock is held
        running.send_signal(signal.SIGINT)
        _, err = running.communicate(timeout=30)
    assert running.returncode == Exit.INTERRUPTED, err
    assert "Traceback" not in err
    assert project.tags("a") == {}
    assert read_journal(journals(project)[0])[-1].data["message"] == "interrupted"
    slow.write_text(f'#!/bin/sh\nexec "{Path(sys.executable).with_name("syft")}" "$@"\n')
    assert project.run("release", "resume") == Exit.OK
    assert set(project.tags("b")) == {"1.0.0", "latest"}


def wait_for(condition: Callable[[], bool]) -> None:
    for _ in range(200):
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError("it did not happen within ten seconds")


def test_who_holds_the_lock_is_told(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    lock = ReleaseLock(StateFolder(project.folder / ".shipseal").lock("app", "1.0.0"))
    lock.acquire("other", SystemClock())
    try:
        assert project.release("1.0.0", "--json") == Exit.OUTSIDE
    finally:
        lock.free()
    error = result_of(capsys)["error"]
    assert error["code"] == "release.locked"
    assert f"process {os.getpid()}" in error["message"]
