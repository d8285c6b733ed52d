"""A keyless release against a private instance of Sigstore, as a job meets it."""

import json
from pathlib import Path
from typing import Any

import pytest

from scripts.sigstack.issuer import Job
from scripts.sigstack.stack import SigstoreStack
from shipseal.errors import Exit
from tests.support.release_project import Project

pytestmark = pytest.mark.tools

JOB = Job(repository="octo-org/app", ref="refs/tags/v1.0.0")


@pytest.fixture
def project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sbom_cache: Path, sigstack: SigstoreStack
) -> Project:
    monkeypatch.setenv("SHIPSEAL_CACHE", str(sbom_cache))
    made = Project(tmp_path / "project", extra=settings(sigstack))
    made.build()
    sigstack.issuer.job = JOB
    monkeypatch.setenv("SIGSTORE_ID_TOKEN", sigstack.issuer.job_token())
    return made


def settings(stack: SigstoreStack, **identity: str) -> dict[str, Any]:
    who = {
        "issuer": stack.issuer.url,
        "repository": "octo-org/app",
        "workflow": ".github/workflows/release.yml",
        "ref": "refs/tags/v*",
    }
    return {
        "sign": {"signing_config": str(stack.files.signing_config)},
        "verify": {
            "identities": [who | identity],
            "trusted_root": str(stack.files.trusted_root),
        },
        "timeouts": {"network": "4s", "retry_deadline": "1s"},
    }


def test_auto_signs_keyless_because_verify_names_identities(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    assert project.release() == Exit.OK
    said = capsys.readouterr().err
    assert "keyless octo-org/app/.github/workflows/release.yml@refs/tags/v1.0.0" in said
    assert set(project.tags("a")) == {"1.0.0", "latest"}
    assert project.run("verify", f"oci:{project.folder}/a:1.0.0") == Exit.OK


def test_evidence_of_another_identity_than_verify_names_moves_no_tag(
    project: Project, sigstack: SigstoreStack, capsys: pytest.CaptureFixture[str]
) -> None:
    project.configure(**settings(sigstack, ref="refs/heads/main"))
    assert project.release("1.0.0", "--json") == Exit.EVIDENCE
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "attest.identity-mismatch"
    assert set(project.tags("a")) == set()


def test_an_authority_that_waits_for_its_log_holds_the_release_and_resume_finishes_it(
    project: Project, sigstack: SigstoreStack, capsys: pytest.CaptureFixture[str]
) -> None:
    sigstack.ct_log.stop()
    assert project.release("1.0.0", "--json") == Exit.OUTSIDE
    told = json.loads(capsys.readouterr().out)
    assert (told["status"], told["code"]) == ("pending", "service.outage")
    assert project.tags("a").keys() & {"1.0.0", "latest"} == set()
    sigstack.ct_log.start()
    assert project.run("release", "resume", "--json") == Exit.OK
    assert json.loads(capsys.readouterr().out)["status"] == "done"
    assert set(project.tags("a")) == {"1.0.0", "latest"}


def test_a_job_without_permission_is_told_which_lines_it_needs(
    project: Project,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    monkeypatch.delenv("SIGSTORE_ID_TOKEN")
    event = tmp_path / "event.json"
    event.write_text('{"repository": {"private": false}}')
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_EVENT_NAME", "push")
    monkeypatch.setenv("GITHUB_EVENT_PATH", str(event))
    assert project.release() == Exit.AUTH
    said = capsys.readouterr().err
    assert "auth.oidc-permission" in said
    assert "permissions:\n" in said
    assert "id-token: write" in said


def test_a_dry_run_asks_for_no_token(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SIGSTORE_ID_TOKEN")
    assert project.release("1.0.0", "--dry-run") == Exit.OK
