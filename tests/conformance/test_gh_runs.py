"""The local Actions server against GitHub's own client: what gh reads from it, our client reads as well."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from shipseal.github.hosts import GitHubHost, Repository
from shipseal.github.rest import GitHubRest
from shipseal.github.runs import GitHubRuns
from shipseal.github.wording import RUNS
from shipseal.testing.github_actions import ActionsServer
from shipseal.testing.served_runs import served_job
from tests.support.clocks import StoppedClock
from tests.support.tools import need

pytestmark = pytest.mark.tools


def gh(server: ActionsServer, home: Path, *words: str) -> str:
    (home / "config.yml").write_text(f"http_unix_socket: {server.socket}\n")
    env = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "GH_CONFIG_DIR": str(home),
        "GH_TOKEN": "gho_of-this-test",
        "GH_PROMPT_DISABLED": "1",
    }
    argv = [str(need("gh")), "run", *words, "-R", "org/app"]
    done = subprocess.run(argv, env=env, capture_output=True, text=True, check=False, timeout=30)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_gh_and_we_see_the_same_run(tmp_path: Path) -> None:
    with ActionsServer(folder=tmp_path) as server:
        steps: list[str | tuple[str, str | None]] = ["Set up job", ("Attest SBOM", "failure")]
        told = [("failure", "Process completed with exit code 1.")]
        log = b"2026-01-02T03:04:05.0000000Z hello from the job\n"
        jobs = [
            served_job("publish (amd64)", steps, "failure", annotations=told, log=log),
            served_job("sbom-scan", ["Scan"], log=log),
        ]
        made = server.add_run("release.yml", jobs=jobs, conclusion="failure", branch="v1.2.0")
        fields = "jobs,conclusion,status,event,headBranch,attempt,workflowName"
        theirs = json.loads(gh(server, tmp_path, "view", str(made.id), "--json", fields))
        assert "publish (amd64)" in gh(server, tmp_path, "view", str(made.id))
        assert "hello from the job" in gh(server, tmp_path, "view", str(made.id), "--log")
        host = GitHubHost("github.com", server.url, server.web, "gho_of-this-test")
        ours = GitHubRuns(GitHubRest(host, StoppedClock(), wording=RUNS), Repository("org", "app"))
        run, found = ours.run(made.id), ours.jobs(made.id, 1)
        with ours.logs(made.id, 1) as logs:
            assert b"".join(logs.chunks(logs.files[0])) == log
    assert (theirs["conclusion"], theirs["status"], theirs["event"]) == (
        run.conclusion,
        run.status,
        run.event,
    )
    assert (theirs["headBranch"], theirs["attempt"]) == (run.branch, run.attempt)
    assert [
        (job["name"], job["conclusion"], [(one["name"], one["conclusion"]) for one in job["steps"]])
        for job in theirs["jobs"]
    ] == [
        (job.name, job.conclusion, [(one.name, one.conclusion) for one in job.steps])
        for job in found
    ]
