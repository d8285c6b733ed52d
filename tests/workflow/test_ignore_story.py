"""From a finding to an ignore, to its end, to its removal: with issue, pull request, and releases in between."""

import json
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from shipseal._internal.clock import SystemClock
from shipseal.attest.keys import LocalKey
from shipseal.cli.main import main
from shipseal.testing.github_project import ServedProject, ServedPull
from shipseal.testing.github_server import GitHubServer
from tests.support.release_project import PASSWORD, Project
from tests.support.tools import need

CVE = "CVE-2099-0001"
IMPACT = "low: the service never parses what is planted"
UPSTREAM = "https://example.org/planted/issues/7"


@pytest.fixture
def server() -> Iterator[GitHubServer]:
    with GitHubServer(repositories=["org/app"], tokens=["ghs_story"]) as github:
        yield github


@pytest.fixture
def served(server: GitHubServer) -> ServedProject:
    return server.projects["org/app"]


@pytest.fixture
def project(
    tmp_path: Path, server: GitHubServer, monkeypatch: pytest.MonkeyPatch, sbom_cache: Path
) -> Project:
    made = Project(tmp_path / "app")
    for name, value in {
        "SHIPSEAL_KEY_PASSWORD": PASSWORD,
        "SHIPSEAL_CACHE": str(sbom_cache),
        "GITHUB_API_URL": server.url,
        "GITHUB_SERVER_URL": "https://github.com",
        "GH_TOKEN": "ghs_story",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    git(made.folder, "init", "-q", "-b", "main")
    git(made.folder, "remote", "add", "origin", "https://github.com/org/app.git")
    git(made.folder, "add", "shipseal.yaml", "advisories")
    git(made.folder, "commit", "-q", "-m", "start")
    return made


def git(folder: Path, *words: str) -> str:
    who = ("-c", "user.name=Release", "-c", "user.email=release@example.org")
    done = subprocess.run(
        ("git", *who, *words), cwd=folder, check=True, capture_output=True, text=True
    )
    return done.stdout


def ignore(project: Project, capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, Any]:
    capsys.readouterr()
    config = ("--config", str(project.folder / "shipseal.yaml"), "--json")
    assert main(["ignore", *words, *config]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def told_of_ignores(project: Project, capsys: pytest.CaptureFixture[str]) -> str:
    capsys.readouterr()
    config = ("--config", str(project.folder / "shipseal.yaml"))
    assert main(["gate", "explain", "1.1.0", *config]) == 0
    return capsys.readouterr().out


def test_from_a_finding_to_an_ignore_to_its_end_to_its_removal(
    project: Project,
    served: ServedProject,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    need("syft")
    now = datetime.now(UTC)
    project.build({"planted": "1.0"})
    assert project.release("1.0.0") == 2
    _assessed(project, capsys)

    pull = _ignored(project, served, capsys, end=(now + timedelta(days=30)).date().isoformat())
    served.merge(pull.number)
    assert project.release("1.0.0") == 0
    vex = ignore(project, capsys, "vex", "1.0.0", "--attest")
    assert len(vex["attested"]) == 2
    assert vex["statements"] == [{"vulnerability": CVE, "status": "affected", "justification": ""}]

    # The ignore ends, and the next release is refused.
    later = now + timedelta(days=32)
    monkeypatch.setattr(SystemClock, "now", lambda _: later)
    assert project.release("1.1.0") == 2
    assert "sre@example.org" in told_of_ignores(project, capsys)

    closing = _pruned(project, served, capsys)
    served.merge(closing.number)
    assert [issue.state for issue in served.issues.values()] == ["closed"]
    assert CVE not in served.branches["main"][".grype.yaml"].decode()

    # With the update, the release passes without any ignore.
    project.build({"planted": "2.0"})
    assert project.release("1.2.0") == 0
    assert ignore(project, capsys, "prune")["entries"] == []


def _assessed(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    """What is known of the finding."""
    known = ignore(project, capsys, "assess", CVE)
    assert known["matches"][0]["package"] == "planted"
    assert known["fix"] == "fixed in 2.0"
    assert known["releases"][0]["platforms"] == ["linux/amd64", "linux/arm64"]
    assert known["ignores"] == []


def _ignored(
    project: Project, served: ServedProject, capsys: pytest.CaptureFixture[str], *, end: str
) -> ServedPull:
    """It is ignored for a time: with an entry, an issue and a pull request."""
    said = ("--impact", IMPACT, "--tracking", UPSTREAM, "--owner", "sre@example.org")
    done = ignore(project, capsys, "add", CVE, *said, "--expires", end)
    (issue,) = served.issues.values()
    (pull,) = served.pulls.values()
    assert done["missing"] == []
    assert done["issue"]["url"] == f"https://github.com/org/app/issues/{issue.number}"
    for text in (CVE, "critical", "planted 1.0", IMPACT, "fixed in 2.0"):
        assert text in issue.body
    assert f"Refs #{issue.number}" in pull.body
    assert "Closes" not in pull.body
    entry = (project.folder / ".grype.yaml").read_text()
    assert done["issue"]["url"] in entry
    assert served.branches["shipseal/ignore-cve-2099-0001"][".grype.yaml"].decode() == entry
    assert ".grype.yaml" not in served.branches["main"]
    return pull


def _pruned(
    project: Project, served: ServedProject, capsys: pytest.CaptureFixture[str]
) -> ServedPull:
    """What is over goes, in one pull request with the line that updates the package."""
    gone = ignore(project, capsys, "prune")
    assert [one["reason"] for one in gone["entries"]] == ["expired"]
    assert CVE not in (project.folder / ".grype.yaml").read_text()
    (issue,) = served.issues.values()
    closing = served.pulls[max(served.pulls)]
    assert issue.state == "open"
    assert f"Closes #{issue.number}" in closing.body
    assert "pip install planted==2.0" in closing.body
    return closing


def test_what_was_attested_beside_an_image_counts_for_whoever_trusts_its_signer(
    project: Project, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    need("syft")
    project.build({"planted": "1.0"})
    assert project.release("1.0.0") == 2
    reason = ("--not-affected", "vulnerable_code_not_in_execute_path")
    said = ("--impact", IMPACT, "--tracking", UPSTREAM, "--issue", UPSTREAM, "--local")
    ignore(project, capsys, "add", CVE, *said, *reason)
    assert project.release("1.0.0") == 0
    ignore(project, capsys, "vex", "--attest")
    monkeypatch.chdir(project.folder)
    words = ("--engine", "builtin", "--db", "advisories", "--max-age", "any", "--vex", "attested")
    scan = ("scan", "oci:a:1.0.0", "--fail-on", "critical", *words)
    assert main([*scan, "--key", "cosign.pub"]) == 0
    capsys.readouterr()
    stranger = LocalKey.generate().public.pem()
    (project.folder / "other.pub").write_bytes(stranger)
    assert main([*scan, "--key", "other.pub"]) == 2
    assert "does not count" in capsys.readouterr().err
