"""A release that an outage holds waits for its end within its budget, and goes on by itself; nothing is done twice."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from scripts.sigstack.issuer import Job
from scripts.sigstack.stack import SigstoreStack
from shipseal.attest.interface import SignedBundle
from shipseal.attest.keyless_signer import KeylessSigner
from shipseal.errors import Exit
from shipseal.release.journal import read_journal
from shipseal.testing.http_server import Exchange
from shipseal.testing.registry_simulator import RegistrySimulator, TagDeletion
from shipseal.testing.reverse_proxy import ReverseProxy
from shipseal.testing.status_pages import FAULTS, SINCE, StatusPageServer
from tests.support.processes import python_argv
from tests.support.registries import distribution
from tests.support.release_project import PASSWORD, Project
from tests.support.warped_time import WarpedTime

TITLE = "Packages cannot be pulled"
STATEMENTS = 8


@pytest.fixture(autouse=True)
def _surroundings(monkeypatch: pytest.MonkeyPatch, sbom_cache: Path) -> None:
    monkeypatch.setenv("SHIPSEAL_CACHE", str(sbom_cache))
    monkeypatch.setenv("SHIPSEAL_KEY_PASSWORD", PASSWORD)


@pytest.fixture
def pages() -> Iterator[StatusPageServer]:
    with StatusPageServer() as server:
        yield server


@pytest.fixture
def warped(monkeypatch: pytest.MonkeyPatch) -> WarpedTime:
    return WarpedTime(monkeypatch)


def down(exchange: Exchange) -> bool:
    """Answer as a registry that is down does."""
    exchange.reply(503, b"down", {"Content-Type": "text/plain"})
    return True


def project_at(folder: Path, host: str, page: str) -> Project:
    project = Project(
        folder,
        targets=(f"{host}/org/app",),
        extra={
            "timeouts": {"network": "4s", "retry_deadline": "1s"},
            "status": {"pages": {"127.0.0.1": page}},
        },
    )
    project.build()
    return project


def told(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(capsys.readouterr().out)
    return value


def kinds(project: Project) -> list[str]:
    (journal,) = (project.folder / ".shipseal" / "releases").glob("*/journal.jsonl")
    return [event.kind for event in read_journal(journal) if event.kind.startswith("release.")]


@pytest.mark.tools
def test_a_registry_that_comes_back_during_the_wait_finishes_the_release(
    tmp_path: Path, pages: StatusPageServer, warped: WarpedTime, capsys: pytest.CaptureFixture[str]
) -> None:
    """It goes down between staging and the signatures' storing, and its page names the incident."""
    with distribution(tmp_path / "registry") as real, ReverseProxy(f"http://{real.host}") as front:
        project = project_at(tmp_path / "project", front.host, pages.url())
        uploads = 0

        def outage(exchange: Exchange) -> bool:
            nonlocal uploads
            uploads += exchange.method == "PUT" and "/manifests/" in exchange.target
            return uploads > 5 and down(exchange)

        def over(number: int) -> None:
            if number == 2:
                front.before = lambda _exchange: False

        front.before, warped.then = outage, over
        pages.trouble("Packages", TITLE)
        assert project.release("1.0.0", "--wait", "30m", "--json") == Exit.OK
        found = told(capsys)
        assert (found["status"], found["tags"]) == ("done", ["1.0.0", "latest"])
        assert [one["outcome"] for one in found["holds"]] == ["resumed", "resumed"]
        first = found["holds"][0]
        assert (first["code"], first["host"]) == ("service.outage", front.host)
        assert (first["incident"], first["incident_since"]) == (TITLE, SINCE)
        assert first["incident_url"] == f"{pages.base}/incidents/1"
        assert len(found["evidence"]) == STATEMENTS
        assert project.run("verify", f"{front.host}/org/app:1.0.0") == Exit.OK
    assert kinds(project)[-6:] == [
        "release.held", "release.closed", "release.waited", "release.resumed", "release.verified", "release.recorded",
    ] or kinds(project)[-1] == "release.closed"  # fmt: skip
    assert kinds(project).count("release.resumed") == 2
    signed = [
        event.data["key"]
        for journal in (project.folder / ".shipseal" / "releases").glob("*/journal.jsonl")
        for event in read_journal(journal)
        if event.kind == "evidence.signed"
    ]
    assert sorted(set(signed)) == sorted(signed), "nothing is signed twice"


@pytest.mark.tools
def test_a_timestamp_authority_that_comes_back_makes_the_missing_signatures_only(
    tmp_path: Path,
    sigstack: SigstoreStack,
    pages: StatusPageServer,
    warped: WarpedTime,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    sigstack.issuer.job = Job(repository="octo-org/app", ref="refs/tags/v1.0.0")
    monkeypatch.setenv("SIGSTORE_ID_TOKEN", sigstack.issuer.job_token())
    stamps = next(part for part in sigstack.parts if part.name == "timestamps")
    plain, made = KeylessSigner.sign, 0

    def sign(signer: KeylessSigner, statement: bytes) -> SignedBundle:
        nonlocal made
        made += 1
        if made == 4:
            stamps.stop()
        return plain(signer, statement)

    monkeypatch.setattr(KeylessSigner, "sign", sign)
    warped.then = lambda number: stamps.start() if number == 1 else None
    who = {"issuer": sigstack.issuer.url, "repository": "octo-org/app", "ref": "refs/tags/v*"}
    project = Project(
        tmp_path / "project",
        extra={
            "sign": {"signing_config": str(sigstack.files.signing_config)},
            "verify": {"identities": [who], "trusted_root": str(sigstack.files.trusted_root)},
            "timeouts": {"network": "4s", "retry_deadline": "1s"},
            "status": {"pages": {"127.0.0.1": pages.url("betterstack")}},
        },
    )
    project.build()
    assert project.release("1.0.0", "--wait", "10m", "--json") == Exit.OK
    found = told(capsys)
    assert found["status"] == "done"
    assert [one["outcome"] for one in found["holds"]] == ["resumed"]
    assert len(found["evidence"]) == STATEMENTS
    journals = (project.folder / ".shipseal" / "releases").glob("*/journal.jsonl")
    signed = [
        e.data["key"] for j in journals for e in read_journal(j) if e.kind == "evidence.signed"
    ]
    assert len(signed) == len(set(signed)) == STATEMENTS


def test_when_the_budget_is_spent_the_release_is_held_and_the_incident_is_named(
    tmp_path: Path,
    pages: StatusPageServer,
    warped: WarpedTime,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    summary = tmp_path / "summary.md"
    event = tmp_path / "event.json"
    event.write_text('{"repository": {"private": false}}')
    with RegistrySimulator() as registry:
        registry.before = down
        pages.trouble("Packages", TITLE)
        project = project_at(tmp_path / "project", registry.host, pages.url())
        with monkeypatch.context() as job:
            job.setenv("GITHUB_ACTIONS", "true")
            job.setenv("GITHUB_STEP_SUMMARY", str(summary))
            for name, value in job_variables(event).items():
                job.setenv(name, value)
            assert project.release("1.0.0", "--wait", "20m") == Exit.OUTSIDE
        said = capsys.readouterr()
        assert TITLE in said.out
        assert "is held" in said.out
        # The annotation of the failed step says it, and so does the summary of the job.
        assert TITLE in said.err.splitlines()[-1]
        assert TITLE.replace(" ", "") in summary.read_text().replace(" ", "").replace("\\", "")
        lines = [line for line in said.err.splitlines() if "next try in" in line]
        assert 15 <= len(lines) <= 21, "once a minute, and not more"
        assert 20 * 60 <= warped.ahead <= 20 * 60 + 30
        shown_as_held(project, capsys)
        registry.before = lambda _exchange: False
        assert project.run("release", "resume", "--json") == Exit.OK
        assert told(capsys)["status"] == "done"


def shown_as_held(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    assert project.run("release", "show", "--json") == Exit.OK
    shown = told(capsys)
    assert (shown["status"], shown["code"], shown["tags"]) == ("pending", "service.outage", [])
    last = shown["holds"][-1]
    assert (last["outcome"], last["incident"]) == ("given-up", TITLE)
    assert kinds(project)[-1] == "release.closed"
    assert project.run("release", "show") == Exit.OK
    assert TITLE in capsys.readouterr().out


def job_variables(event: Path) -> dict[str, str]:
    return {
        "GITHUB_EVENT_NAME": "push",
        "GITHUB_EVENT_PATH": str(event),
        "GITHUB_REPOSITORY": "octo-org/app",
        "GITHUB_REPOSITORY_ID": "1",
        "GITHUB_REPOSITORY_OWNER_ID": "1",
        "GITHUB_SERVER_URL": "https://github.com",
        "GITHUB_SHA": "a" * 40,
        "GITHUB_REF": "refs/tags/v1.0.0",
        "GITHUB_RUN_ID": "1",
        "GITHUB_RUN_ATTEMPT": "1",
        "GITHUB_WORKFLOW_REF": "octo-org/app/.github/workflows/release.yml@refs/tags/v1.0.0",
        "RUNNER_ENVIRONMENT": "github-hosted",
    }


def test_a_release_that_is_half_public_waits_and_goes_forward(
    tmp_path: Path, pages: StatusPageServer, warped: WarpedTime, capsys: pytest.CaptureFixture[str]
) -> None:
    """The second registry goes down while tags move, and the first cannot take its tags back."""
    with RegistrySimulator() as first, RegistrySimulator() as second:
        first.quirks.tag_deletion = TagDeletion.REFUSE

        def no_tags(exchange: Exchange) -> bool:
            moves = exchange.method == "PUT" and exchange.target.endswith("/manifests/1.0.0")
            return moves and down(exchange)

        def over(_number: int) -> None:
            second.before = lambda _exchange: False

        second.before, warped.then = no_tags, over
        project = project_at(tmp_path / "project", first.host, pages.url())
        project.targets = (f"{first.host}/org/app", f"{second.host}/org/app")
        project.configure()
        assert project.release("1.0.0", "--wait", "10m", "--json") == Exit.OK
        found = told(capsys)
        assert (found["status"], found["tags"]) == ("done", ["1.0.0", "latest"])
        assert [one["outcome"] for one in found["holds"]] == ["resumed"]
        (journal,) = (project.folder / ".shipseal" / "releases").glob("*/journal.jsonl")
        ends = [e.data["status"] for e in read_journal(journal) if e.kind == "release.closed"]
        assert ends == ["partly-promoted", "done"]


@pytest.mark.parametrize("fault", ["web page", "no answer", "down", "deep"])
def test_a_status_page_that_is_down_itself_neither_fails_nor_holds_a_release(
    fault: str,
    tmp_path: Path,
    pages: StatusPageServer,
    warped: WarpedTime,
    capsys: pytest.CaptureFixture[str],
) -> None:
    pages.answer = FAULTS[fault]
    with RegistrySimulator() as registry:
        registry.before = down

        def over(_number: int) -> None:
            registry.before = lambda _exchange: False

        warped.then = over
        project = project_at(tmp_path / "project", registry.host, pages.url())
        assert project.release("1.0.0", "--wait", "5m", "--json") == Exit.OK
        (hold,) = told(capsys)["holds"]
        assert (hold["outcome"], hold["incident"]) == ("resumed", "")
        assert "cannot be read" in hold["says"]


def test_without_a_budget_nothing_is_waited_for_and_the_incident_is_in_the_journal(
    tmp_path: Path, pages: StatusPageServer, warped: WarpedTime, capsys: pytest.CaptureFixture[str]
) -> None:
    pages.trouble("Packages", TITLE)
    with RegistrySimulator() as registry:
        registry.before = down
        project = project_at(tmp_path / "project", registry.host, pages.url("statusio"))
        assert project.release("1.0.0", "--json") == Exit.OUTSIDE
        (hold,) = told(capsys)["holds"]
        assert (hold["incident"], hold["outcome"], hold["seconds"]) == (TITLE, "", None)
        assert warped.slept == []
        assert kinds(project)[-2:] == ["release.held", "release.closed"]


def test_the_wait_of_the_configuration_and_of_a_variable_count(
    tmp_path: Path,
    pages: StatusPageServer,
    warped: WarpedTime,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("SHIPSEAL_TIMEOUTS_WAIT", "1m")
    with RegistrySimulator() as registry:
        registry.before = down
        project = project_at(tmp_path / "project", registry.host, pages.url())
        assert project.release() == Exit.OUTSIDE
        assert 60 <= warped.ahead <= 65
        assert project.release("1.0.0", "--wait", "soon") == Exit.USAGE
        assert "expected a duration" in capsys.readouterr().err


def test_a_refusal_is_not_waited_for(
    tmp_path: Path, pages: StatusPageServer, warped: WarpedTime, capsys: pytest.CaptureFixture[str]
) -> None:
    with RegistrySimulator() as registry:

        def denied(exchange: Exchange) -> bool:
            exchange.reply(403, b'{"errors":[{"code":"DENIED","message":"no"}]}')
            return True

        registry.before = denied
        project = project_at(tmp_path / "project", registry.host, pages.url())
        assert project.release("1.0.0", "--wait", "1h", "--json") == Exit.AUTH
        assert told(capsys)["holds"] == []
    assert (warped.slept, pages.asked) == ([], [])


def test_a_signal_during_the_wait_ends_with_130_and_the_release_can_be_resumed(
    tmp_path: Path, pages: StatusPageServer, capsys: pytest.CaptureFixture[str]
) -> None:
    with RegistrySimulator() as registry:
        registry.before = down
        project = project_at(tmp_path / "project", registry.host, pages.url())
        words = ["-m", "shipseal.cli.main", "release", "--version", "1.0.0", "--wait", "1h"]
        log = tmp_path / "err.txt"
        with log.open("wb") as err:
            process = subprocess.Popen(
                python_argv(*words),
                cwd=project.folder,
                env=dict(os.environ),
                stdout=err,
                stderr=err,
            )
        try:
            deadline = time.monotonic() + 20
            while "next try in" not in log.read_text() and time.monotonic() < deadline:
                time.sleep(0.05)
            process.send_signal(signal.SIGTERM)
            assert process.wait(10) == Exit.INTERRUPTED, log.read_text()
        finally:
            process.kill()
            process.wait()
        assert kinds(project)[-2:] == ["release.waited", "release.closed"]
        assert project.run("release", "show", "--json") == Exit.OK
        shown = told(capsys)
        assert (shown["status"], shown["exit"]) == ("pending", Exit.INTERRUPTED)
        assert shown["holds"][-1]["outcome"] == "interrupted"
        registry.before = lambda _exchange: False
        assert project.run("release", "resume", "--json") == Exit.OK
        assert told(capsys)["status"] == "done"
