"""``shipseal doctor workflow`` on the command line."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from shipseal.cli.main import main
from shipseal.errors import Exit
from tests.support.schemas import check_shape
from tests.support.workflow_texts import (
    CHECKOUT,
    LOGIN,
    PATH,
    attest,
    gate,
    job,
    push,
    scan,
    stage,
    workflow,
)

GOOD = gate(scan() + attest())
BAD = workflow(
    job(CHECKOUT + LOGIN + stage() + attest(), "permissions:\n  contents: read"),
    on="[push, pull_request]",
)

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    (tmp_path / PATH).parent.mkdir(parents=True)

    def command(*words: str) -> tuple[int, str, str]:
        status = main(["doctor", "workflow", *words])
        return status, *capsys.readouterr()

    return command


def test_correct_workflows_end_well(run: Run, tmp_path: Path) -> None:
    (tmp_path / PATH).write_text(GOOD)
    assert run() == (Exit.OK, "1 workflow(s), 1 job(s): nothing is wrong\n", "")


def test_findings_have_place_code_job_reason_and_fix(run: Run, tmp_path: Path) -> None:
    (tmp_path / PATH).write_text(BAD)
    status, out, _ = run(PATH)
    assert status == Exit.REFUSED
    lines = BAD.split("\n")
    line = next(n for n, text in enumerate(lines, 1) if "attest-build-provenance" in text)
    assert f"{PATH}:{line}" in out
    for word in (
        "workflow.id-token-missing",
        "publish",
        "      id-token: write",
        "which needs `id-token: write`",
    ):
        assert word in out


def test_json_follows_its_schema(run: Run, tmp_path: Path) -> None:
    found: dict[str, list[dict[str, object]]] = {}
    for text in (BAD, GOOD, "on: [push\n"):
        (tmp_path / PATH).write_text(text)
        status, out, _ = run("--json")
        found = json.loads(out)
        check_shape(found, "workflow-check")
        assert (status == Exit.OK) == (text == GOOD)
    assert [(item["file"], item["job"], item["permissions"]) for item in found["jobs"]] == [
        (PATH, "", {})
    ]
    (tmp_path / PATH).write_text(BAD)
    (checked,) = json.loads(run("--json")[1])["jobs"]
    assert checked["permissions"] == {"contents": "read"}
    assert {item["code"] for item in checked["findings"]} >= {
        "workflow.id-token-missing",
        "workflow.fork-unguarded",
    }


def test_git_applies_the_patch_and_nothing_is_left(run: Run, tmp_path: Path) -> None:
    (tmp_path / PATH).write_text(BAD.rstrip("\n"))
    other = tmp_path / ".github/workflows/other.yml"
    other.write_text(
        workflow(job(LOGIN + push() + "- run: cosign sign --yes ghcr.io/org/app:1.2.0\n"))
    )
    subprocess.run(["git", "init", "-q", "."], cwd=tmp_path, check=True)
    assert run("--patch", str(other.resolve()))[1].startswith("--- a/.github/workflows/other.yml\n")
    status, patch, _ = run("--patch")
    assert status == Exit.REFUSED
    subprocess.run(["git", "apply", "--check", "-"], cwd=tmp_path, input=patch.encode(), check=True)
    subprocess.run(["git", "apply", "-"], cwd=tmp_path, input=patch.encode(), check=True)
    status, out, _ = run()
    assert (status, out) == (Exit.OK, "2 workflow(s), 2 job(s): nothing is wrong\n"), (
        other.read_text()
    )


def test_actions_of_the_repository_and_settings_of_scanners_are_read(
    run: Run, tmp_path: Path
) -> None:
    action = tmp_path / ".github/actions/scan/action.yml"
    action.parent.mkdir(parents=True)
    action.write_text(
        "runs:\n  using: composite\n  steps:\n  - {shell: bash, run: grype ghcr.io/org/app@sha256:0}\n"
    )
    (tmp_path / PATH).write_text(gate("- uses: ./.github/actions/scan\n"))
    status, out, _ = run()
    assert status == Exit.REFUSED
    assert "workflow.gate-never-fails" in out
    (tmp_path / ".grype.yaml").write_text("fail-on-severity: critical\n")
    assert run()[0] == Exit.OK


def test_secrets_that_exist_are_named(run: Run, tmp_path: Path) -> None:
    text = gate(scan()).replace("secrets.GITHUB_TOKEN", "secrets.PACKAGES_WRITE")
    (tmp_path / PATH).write_text(text)
    assert run()[0] == Exit.OK
    assert run("--secret", "PACKAGES_WRITE")[0] == Exit.OK
    status, out, _ = run("--secret", "OTHER")
    assert status == Exit.REFUSED
    assert "the secret PACKAGES_WRITE, which is not among those that exist: OTHER" in out


def test_what_cannot_be_read_is_wrong_usage(run: Run, tmp_path: Path) -> None:
    status, _, err = run()
    assert (status, "there are no workflows" in err) == (Exit.USAGE, True)
    status, _, err = run("missing.yml")
    assert (status, "missing.yml: No such file" in err) == (Exit.USAGE, True)
    (tmp_path / "big.yml").write_bytes(b"#" * 2_000_000)
    status, _, err = run("big.yml")
    assert (status, "1048576 bytes" in err) == (Exit.USAGE, True)
    assert run("--patch", "--json")[0] == Exit.USAGE


def test_a_job_of_github_actions_gets_marks(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / PATH).write_text(BAD)
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    status, _, err = run()
    assert status == Exit.REFUSED
    assert f"::error title=shipseal%3A workflow.id-token-missing,file={PATH},line=" in err


def test_escapes_do_not_reach_the_terminal(run: Run, tmp_path: Path) -> None:
    text = BAD.replace("name: publish", 'name: "publish"').replace(
        "- uses: actions/attest", '- name: "\\e[31m\\n::error::x"\n        uses: actions/attest'
    )
    (tmp_path / PATH).write_text(text)
    status, out, _ = run()
    assert status == Exit.REFUSED
    assert "\x1b" not in out
    assert "\n::error" not in out
