"""``shipseal gate explain``: of a release as it was decided, and of results and SBOMs by a policy."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from shipseal.cli.main import main
from shipseal.errors import Exit
from shipseal.scan.interface import FixState, Likelihood, Origin, Severity
from shipseal.scan.results import results_document
from tests.support.ignoring import WHY
from tests.support.release_project import PASSWORD, Project
from tests.support.scanning import finding, scan_report
from tests.support.schemas import check_shape


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sbom_cache: Path) -> Project:
    monkeypatch.setenv("SHIPSEAL_KEY_PASSWORD", PASSWORD)
    monkeypatch.setenv("SHIPSEAL_CACHE", str(sbom_cache))
    made = Project(tmp_path / "project")
    made.build({"planted": "1.0"})
    return made


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """Return a file with scan results."""
    report = scan_report(
        finding(
            "GHSA-1", Severity.HIGH, aliases=("CVE-2026-0001",), origin=Origin.APPLICATION,
            fix_state=FixState.FIXED, fix_versions=("2.4.1",), epss=Likelihood(0.25, 0.9),
            severity_source="GHSA-1: CVSS:3.1 8.1",
        ),
        finding("CVE-2026-0002", Severity.CRITICAL, name="left", type="npm", purl="pkg:npm/left@1"),
        finding("CVE-2026-0003", Severity.UNKNOWN),
    )  # fmt: skip
    path = tmp_path / "results.json"
    path.write_bytes(msgspec.json.encode(results_document(report)))
    return path


def policy(folder: Path, text: str) -> str:
    path = folder / "policy.yaml"
    path.write_text(text)
    return str(path)


def explained(capsys: pytest.CaptureFixture[str], *words: str) -> Any:
    capsys.readouterr()
    assert main(["gate", "explain", *words, "--json"]) == Exit.OK
    value = json.loads(capsys.readouterr().out)
    check_shape(value, "gate-explanation")
    return value


def decided(document: Any) -> dict[str, tuple[str, str]]:
    return {one["id"]: (one["status"], one["decidedBy"]) for one in document["findings"]}


def test_results_are_held_against_a_policy(
    results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    by = policy(
        tmp_path,
        "fail_on: high\nfixable_only: true\ncomponents: [{type: npm, action: report, reason: tools}]",
    )
    document = explained(capsys, str(results), "--policy", by)
    assert decided(document) == {
        "CVE-2026-0002": ("pass", "gate.components[0]"),
        "GHSA-1": ("fail", "gate.fail_on"),
        "CVE-2026-0003": ("pass", "gate.fixable_only"),
    }
    assert document["outcome"] == "fail"
    assert document["source"] == str(results)
    refused = next(one for one in document["findings"] if one["status"] == "fail")
    assert [step["key"] for step in refused["steps"]] == ["gate.fixable_only", "gate.fail_on"]
    assert refused["advice"]["command"] == "pip install paramiko==2.4.1"


def test_the_table_names_the_rule_and_what_refuses_comes_first(
    results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    by = policy(tmp_path, "gate: {fail_on: high}")
    assert main(["gate", "explain", str(results), "--policy", by]) == Exit.OK
    out = capsys.readouterr().out
    rows = [line for line in out.splitlines() if line.startswith(("refuses", "passes"))]
    assert [row.split()[0] for row in rows] == ["refuses", "refuses", "passes"]
    assert "CVE-2026-0002" in rows[0]
    assert "GHSA-1 (CVE-2026-0001)" in rows[1]
    assert "gate.fail_on: high" in rows[1]
    assert "25.0%" in rows[1]
    assert "rule      high and worse refuses" in out


@pytest.mark.parametrize("name", ["CVE-2026-0001", "ghsa-1"])
def test_one_finding_is_found_by_any_id_and_told_with_every_step(
    results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    by = policy(tmp_path, "gate: {fail_on: critical, epss_above: 10%, gaps: report}")
    words = ["gate", "explain", str(results), "--policy", by, "--finding", name]
    assert main(words) == Exit.OK
    out = capsys.readouterr().out
    assert "=> gate.epss_above" in out
    assert "exploitation is 25% likely" in out
    assert "severity    high (GHSA-1: CVSS:3.1 8.1)" in out
    assert "to fix it   pip install paramiko==2.4.1" in out
    assert "from        application" in out
    assert "CVE-2026-0002" not in out.partition("\n\n")[2]


def test_a_finding_that_is_not_there_is_said(
    results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    by = policy(tmp_path, "fail_on: critical")
    words = ["gate", "explain", str(results), "--policy", by, "--finding", "CVE-1999-1"]
    assert main(words) == Exit.OK
    assert capsys.readouterr().out.endswith("no such finding\n")


def test_what_must_be_gone_and_an_earlier_scan_are_named_on_the_command_line(
    results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    by = policy(tmp_path, "fail_on: low")
    words = (str(results), "--policy", by, "--since", str(results))
    document = explained(capsys, *words, "--must-fix", "CVE-2026-0001", "--must-fix", "CVE-1-1")
    assert decided(document) == {
        "GHSA-1": ("fail", "gate.must_fix"),
        "CVE-2026-0002": ("pass", "gate.new_only"),
        "CVE-2026-0003": ("pass", "gate.new_only"),
    }
    assert document["previous"] == "results.json"
    assert document["mustFix"] == [
        {"id": "CVE-2026-0001", "findings": 1},
        {"id": "CVE-1-1", "findings": 0},
    ]


def test_ignores_are_named_and_only_some_statuses_shown(
    results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ignores = tmp_path / "ignores.yaml"
    ignores.write_text(f"ignore: [{{vulnerability: CVE-2026-0002, reason: not reachable, {WHY}}}]")
    by = policy(tmp_path, "fail_on: critical")
    words = (str(results), "--policy", by, "--ignores", str(ignores), "--status", "ignored")
    assert decided(explained(capsys, *words)) == {"CVE-2026-0002": ("ignored", "ignores")}


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["RESULTS"], "nothing says what refuses"),
        (["RESULTS", "--policy", "POLICY", "--status", "bad"], "--status 'bad': no such word"),
        (["RESULTS", "--policy", "POLICY", "--must-fix", "x y"], "--must-fix 'x y'"),
        (["RESULTS", "--policy", "POLICY", "--since", "POLICY"], "no results of a scan"),
        (["RESULTS", "--policy", "POLICY", "--since", "/nowhere"], "/nowhere: cannot be read"),
        (["POLICY", "--policy", "POLICY"], "no results of a scan"),
        (["RESULTS", "--policy", "GLOB"], "gate.components[0]: "),
        (["sbom:/nowhere", "--policy", "POLICY"], "/nowhere"),
    ],
)
def test_what_cannot_be_explained_is_wrong_usage(
    results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], told: str
) -> None:
    glob = tmp_path / "glob.yaml"
    glob.write_text('components: [{path: "/app/[a", action: fail}]')
    known = {
        "RESULTS": str(results),
        "POLICY": policy(tmp_path, "fail_on: high"),
        "GLOB": str(glob),
    }
    assert main(["gate", "explain", *(known.get(word, word) for word in words)]) == Exit.USAGE
    assert told in capsys.readouterr().err


def test_a_release_is_told_as_it_was_decided_whatever_the_configuration_says_now(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    assert project.release("1.0.0") == Exit.REFUSED
    assert "To fix it\n  pip install planted==2.0\n" in capsys.readouterr().out
    config = ("--config", str(project.folder / "shipseal.yaml"))
    document = explained(capsys, *config)
    assert decided(document) == {"CVE-2099-0001": ("fail", "gate.fail_on")}
    assert document["source"].startswith("release 1.0.0 (1.0.0-")
    assert document["rules"][0] == "critical refuses"
    assert {one["advice"]["command"] for one in document["findings"]} == {
        "pip install planted==2.0"
    }
    project.configure(gate={"fail_on": "none"})
    assert decided(explained(capsys, "1.0.0", *config)) == decided(document)
    again = explained(capsys, "1.0.0", "--again", *config)
    assert decided(again) == {"CVE-2099-0001": ("pass", "gate.fail_on")}
    assert again["source"].endswith("decided again")


def test_a_release_is_held_against_another_policy_when_that_is_named(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    project.configure(gate={"fail_on": "none"})
    assert project.release("1.0.0") == Exit.OK
    config = ("--config", str(project.folder / "shipseal.yaml"))
    named = explained(capsys, *config, "--must-fix", "CVE-2099-0001")
    assert decided(named) == {"CVE-2099-0001": ("fail", "gate.must_fix")}
    by = policy(project.folder, "gate: {fail_on: critical, grace: 36500d}")
    young = explained(capsys, "1.0.0", *config, "--policy", by)
    assert decided(young) == {"CVE-2099-0001": ("pass", "gate.grace")}


def test_a_release_that_is_not_there_or_has_not_decided_is_said(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    config = ("--config", str(project.folder / "shipseal.yaml"))
    assert main(["gate", "explain", "9.9.9", *config]) == Exit.USAGE
    assert "9.9.9" in capsys.readouterr().err
    assert main(["gate", "explain", *config]) == Exit.USAGE
    assert "no releases on this machine" in capsys.readouterr().err


def test_a_release_command_line_adds_to_what_must_be_gone(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    project.configure(gate={"fail_on": "none", "must_fix": ["CVE-1-1"]})
    assert project.release("1.0.0", "--must-fix", "CVE-2099-0001") == Exit.REFUSED
    assert "CVE-2099-0001 must be gone" in capsys.readouterr().out
    config = ("--config", str(project.folder / "shipseal.yaml"))
    assert [one["id"] for one in explained(capsys, *config)["mustFix"]] == [
        "CVE-1-1",
        "CVE-2099-0001",
    ]
    project.build({"planted": "2.0"})
    assert project.release("1.0.0", "--must-fix", "CVE-2099-0001") == Exit.OK
    assert project.release("1.0.1", "--must-fix", "no id") == Exit.USAGE


def test_an_sbom_is_scanned_and_explained(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    project.configure(gate={"fail_on": "none"})
    assert project.release("1.0.0") == Exit.OK
    spdx = next((project.folder / ".shipseal").glob("releases/*/results/linux-amd64.spdx.json"))
    config = str(project.folder / "shipseal.yaml")
    document = explained(capsys, f"sbom:{spdx}", "--config", config)
    assert decided(document) == {"CVE-2099-0001": ("pass", "gate.fail_on")}
    assert document["source"] == f"sbom:{spdx}"


def test_a_scan_is_compared_with_an_earlier_one_where_a_gate_asks(
    project: Project, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert project.release("1.0.0") == Exit.REFUSED
    spdx = next((project.folder / ".shipseal").glob("releases/*/results/linux-amd64.spdx.json"))
    config, earlier = str(project.folder / "shipseal.yaml"), str(tmp_path / "earlier.json")
    words = ["scan", f"sbom:{spdx}", "--config", config]
    assert main([*words, "-o", f"json={earlier}"]) == Exit.REFUSED
    assert main([*words, "--since", earlier]) == Exit.OK
    capsys.readouterr()
    assert main([*words[:2], "--since", earlier]) == Exit.USAGE
    assert "--since is for a gate" in capsys.readouterr().err
