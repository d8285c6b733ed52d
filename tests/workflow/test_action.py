"""The composite action, step by step with bash as a runner would: real pip, real Syft, a real layout and a real key."""

import json
import os
import pwd
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from shipseal.errors import Exit
from tests.support.action_steps import Job, read_action
from tests.support.advisory_databases import FeedServer, archive, record
from tests.support.missing import missing
from tests.support.release_project import PASSWORD, Project
from tests.support.tools import ROOT, need

PUSH = {
    "repository": {"id": 1, "full_name": "org/app", "private": False},
    "ref": "refs/tags/v1.2.0",
}
RUNNER = {
    "GITHUB_ACTIONS": "true",
    "GITHUB_REPOSITORY": "org/app",
    "GITHUB_REPOSITORY_ID": "1",
    "GITHUB_REPOSITORY_OWNER_ID": "2",
    "GITHUB_SERVER_URL": "https://github.com",
    "GITHUB_API_URL": "https://api.github.com",
    "GITHUB_WORKFLOW_REF": "org/app/.github/workflows/release.yml@refs/tags/v1.2.0",
    "GITHUB_REF": "refs/tags/v1.2.0",
    "GITHUB_SHA": "a" * 40,
    "GITHUB_RUN_ID": "7",
    "GITHUB_RUN_ATTEMPT": "1",
    "RUNNER_ENVIRONMENT": "github-hosted",
}
INSTALL = "Install shipseal"
PYTHON = "Set up Python"
DATA = "Fetch vulnerability data"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = Project(tmp_path / "work", targets=("oci:./a",))
    made.build()
    return made


def job(
    project: Project, tmp_path: Path, event: str = "push", payload: Any = None, **inputs: str
) -> Job:
    (tmp_path / "event.json").write_text(json.dumps(PUSH if payload is None else payload))
    named = {name.replace("_", "-"): value for name, value in inputs.items()}
    env = {
        **RUNNER,
        "GITHUB_EVENT_NAME": event,
        "GITHUB_EVENT_PATH": str(tmp_path / "event.json"),
        "SHIPSEAL_KEY_PASSWORD": PASSWORD,
        "SHIPSEAL_CACHE": str(tmp_path / "cache"),
    }
    return Job(ROOT, project.folder, tmp_path / "runner", {"update-data": "false", **named}, env)


def installed_here(work: Job) -> Job:
    """Let the job have this shipseal, as if it had installed it."""
    place = work.temp / "shipseal" / "bin"
    place.mkdir(parents=True)
    for name in ("shipseal", "python"):
        # A link to Python would not know its packages.
        program = ROOT / ".venv" / "bin" / name
        (place / name).write_text(f'#!/bin/sh\nexec "{program}" "$@"\n')
        (place / name).chmod(0o755)
    return work


def uploaded(work: Job, step: str) -> set[str]:
    return {path.name for path in Path(work.uploads[step]["path"]).iterdir()}


def test_a_tag_is_released_with_outputs_summary_and_artifacts(
    project: Project, tmp_path: Path
) -> None:
    work = installed_here(job(project, tmp_path, version="v1.2.0"))
    assert work.run(without=(INSTALL,)) == 0, work.log
    assert set(project.tags("a")) == {"1.2.0", "latest"}
    assert work.output("status") == "done"
    assert work.output("tags") == "1.2.0\nlatest"
    assert work.output("attested") == "true"
    assert work.output("digest") == project.tags("a")["1.2.0"]
    assert "## 1.2.0: done" in work.summary()
    scan, sboms = work.uploads["Keep the scan's results"], work.uploads["Keep the SBOMs"]
    assert (scan["name"], sboms["name"]) == ("app-scan-results", "app-sbom")
    assert {"scan-results.html", "linux-arm64-scan-results.json", "gate.json"} <= uploaded(
        work, "Keep the scan's results"
    )
    assert uploaded(work, "Keep the SBOMs") == {
        f"linux-{name}.{kind}.json" for name in ("amd64", "arm64") for kind in ("spdx", "syft")
    }
    assert DATA in work.skipped


def test_a_refusal_ends_the_job_and_its_results_are_kept_all_the_same(
    project: Project, tmp_path: Path
) -> None:
    project.build({"planted": "1.0"})
    work = installed_here(job(project, tmp_path, version="1.2.0", name="odd name/\n::x"))
    assert work.run(without=(INSTALL,)) == Exit.REFUSED
    assert (work.output("status"), work.output("code")) == ("refused", "scan.gate-failed")
    assert project.tags("a") == {}
    assert "CVE-2099-0001" in work.summary()
    assert work.uploads["Keep the scan's results"]["name"] == "odd-name----x-scan-results"
    assert "scan-results.sarif" in uploaded(work, "Keep the scan's results")


def test_a_check_needs_no_registry_and_no_key(project: Project, tmp_path: Path) -> None:
    project.targets = ("ghcr.io/org/app", "docker.io/org/app")
    project.configure()
    (project.folder / "cosign.key").unlink()
    work = installed_here(
        job(
            project,
            tmp_path,
            "pull_request",
            _pull("org/app", 1),
            check="true",
            version="0.0.0-check",
        )
    )
    work.env = {name: text for name, text in work.env.items() if name != "SHIPSEAL_KEY_PASSWORD"}
    assert work.run(without=(INSTALL,)) == 0, work.log
    assert (work.output("status"), work.output("attested")) == ("pending", "false")
    assert "scan-results.html" in uploaded(work, "Keep the scan's results")


def test_a_check_without_a_key_in_the_configuration_makes_none(
    project: Project, tmp_path: Path
) -> None:
    document = json.loads((project.folder / "shipseal.yaml").read_text())
    del document["sign"]
    issuer = "https://token.actions.githubusercontent.com"
    document["verify"] = {"identities": [{"issuer": issuer, "repository": "org/app"}]}
    (project.folder / "shipseal.yaml").write_text(json.dumps(document))
    work = installed_here(
        job(project, tmp_path, "pull_request", _pull("org/app", 1), check="true", version="1.0.0")
    )
    assert work.run(without=(INSTALL,)) == 0, work.log
    assert not list((work.temp / "shipseal-check").glob("*.key"))


def test_a_forks_pull_request_is_checked_and_passes(project: Project, tmp_path: Path) -> None:
    work = installed_here(
        job(
            project,
            tmp_path,
            "pull_request",
            _pull("stranger/app", 2),
            check="true",
            version="1.0.0",
        )
    )
    assert work.run(without=(INSTALL,)) == 0, work.log
    assert (work.output("code"), work.output("attested")) == ("fork.no-permissions", "false")


def test_what_comes_from_outside_is_never_run(project: Project, tmp_path: Path) -> None:
    bad = '1.0.0"; touch "$GITHUB_ACTION_PATH/owned"; $(touch owned) `touch owned` #'
    work = installed_here(job(project, tmp_path, version=bad, config=f"x{bad}", wait=bad, name=bad))
    assert work.run(without=(INSTALL,)) == Exit.USAGE
    assert not list(ROOT.glob("owned*"))
    assert not list(project.folder.rglob("owned*"))


def test_data_are_fetched_with_grype_where_it_is_and_with_our_own_elsewhere(
    project: Project, tmp_path: Path
) -> None:
    feed = FeedServer()
    feed.documents = {"/PyPI/all.zip": archive(record(1))}
    with feed.serve() as server:
        where = {"sources": [server.url], "ecosystems": ["PyPI"], "kev": [], "epss": []}
        project.configure(advisories=where)
        work = installed_here(job(project, tmp_path, version="1.0.0", update_data="true"))
        work.env = {**work.env, "PATH": "/usr/bin:/bin"}
        assert work.run(without=(INSTALL,)) == 0, work.log
    assert (work.ran[DATA], "osv:PyPI" in work.log) == (0, True)
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "grype").write_text('#!/bin/sh\necho "it was called: grype $*"\nexit 7\n')
    (tools / "grype").chmod(0o755)
    work.env = {**work.env, "PATH": f"{tools}:/usr/bin:/bin"}
    assert work.run(without=(INSTALL,)) == 7
    assert "it was called: grype db update" in work.log
    assert "Release" in work.skipped


@pytest.mark.tools
@pytest.mark.timeout(150)
def test_it_installs_itself_with_every_package_held_to_its_hash(
    project: Project, tmp_path: Path
) -> None:
    work = job(project, tmp_path, version="v1.2.0")
    # The cache of whoever runs the tests, which `make` has just filled; the home of a test is empty.
    cache = Path(pwd.getpwuid(os.getuid()).pw_dir) / ".cache" / "pip"
    home: Mapping[str, str] = {"PIP_CACHE_DIR": str(cache)}
    work.env = {
        **work.env,
        **home,
        "PATH": f"{ROOT / '.venv' / 'bin'}:{work.env.get('PATH', '')}:/usr/bin:/bin",
    }
    status = work.run()
    if work.ran[INSTALL] and "connection" in work.log.lower():
        missing("no package index can be reached")
    assert status == 0, work.log
    assert work.output("status") == "done"
    shipseal = work.temp / "shipseal" / "bin" / "shipseal"
    assert subprocess.run([shipseal, "--version"], check=True, capture_output=True).stdout


def test_no_line_holds_an_expression_and_every_foreign_action_is_pinned() -> None:
    from shipseal.config.ci_pins import pins  # noqa: PLC0415

    text = (ROOT / "action.yml").read_text("utf-8")
    steps = read_action(ROOT)["runs"]["steps"]
    assert not any("${{" in step.get("run", "") for step in steps)
    used = [step["uses"] for step in steps if "uses" in step]
    for one in used:
        name, _, commit = one.partition("@")
        pin = pins().actions[name]
        assert commit == pin.commit
        assert f"{one} # {pin.version}\n" in text
    assert len(used) == 3


@pytest.mark.tools
def test_shellcheck_and_zizmor_accept_it(tmp_path: Path) -> None:
    for number, step in enumerate(read_action(ROOT)["runs"]["steps"]):
        if "run" in step:
            script = tmp_path / f"{number}.sh"
            script.write_text(f"#!/bin/bash\nset -eo pipefail\n{step['run']}")
            found = subprocess.run([need("shellcheck"), script], check=False, capture_output=True)
            assert found.stdout == b""
    found = subprocess.run(
        [need("zizmor"), "--offline", "--persona=pedantic", "--no-progress", ROOT / "action.yml"],
        check=False,
        capture_output=True,
    )
    assert found.returncode == 0, found.stdout.decode()


def _pull(head: str, number: int) -> Mapping[str, Any]:
    base = {"id": 1, "full_name": "org/app", "private": False}
    return {
        "repository": base,
        "pull_request": {
            "head": {"repo": {"id": number, "full_name": head, "fork": number != 1}},
            "base": {"repo": base},
        },
    }
