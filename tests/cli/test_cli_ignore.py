"""``shipseal ignore`` lint, list and explain on the command line."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from shipseal.cli.main import main
from shipseal.errors import Exit
from shipseal.scan.results import results_document
from tests.support.ignoring import WHY, why
from tests.support.scanning import finding, scan_report

GOOD = f"ignore:\n  - vulnerability: CVE-2026-0001\n{why(4)}"
CONFIG = "image: app\ntargets: ['oci:out']\nbuild: {builder: prebuilt, layout: ./image}\n"

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    monkeypatch.chdir(tmp_path)

    def command(*words: str) -> tuple[int, str, str]:
        status = main(["ignore", *words])
        return status, *capsys.readouterr()

    return command


def test_lint_passes_what_is_justified(run: Run, tmp_path: Path) -> None:
    (tmp_path / ".grype.yaml").write_text(GOOD)
    status, out, _ = run("lint")
    assert (status, out) == (Exit.OK, ".grype.yaml: 1 rule(s), all justified\n")


def test_lint_refuses_what_is_not_and_says_how_to_write_it(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text("ignore:\n  # CVE-2026-0001: text\n  - vulnerability: CVE-2026-0001\n")
    status, out, _ = run("lint", str(file))
    assert status == Exit.REFUSED
    assert "lacks tracking: # Tracking: URL of the upstream issue" in out
    assert "lacks description" not in out
    status, out, _ = run("lint", "rules.yaml", "--json")
    assert status == Exit.REFUSED
    assert json.loads(out) == {
        "rules": [
            {
                "index": 0,
                "vulnerability": "CVE-2026-0001",
                "missing": ["impact", "component", "tracking", "removal", "issue"],
                "problems": [],
            }
        ]
    }


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (b"ignore:\n\t- vulnerability: X\n", "rules.yaml:2: "),
        (b"ignore:\n- {a: 1, a: 2}\n", "rules.yaml:2: "),
        (b"ignore:\n- vulnerability: \xff\n", "rules.yaml:2: cannot be read: invalid start byte"),
        (b"ignore:\n- [x]\n", "rules.yaml:2: rule 1 is"),
        (b"- x\n", "expected keys and values"),
    ],
)
def test_a_file_that_cannot_be_read_is_wrong_usage_and_its_line_is_named(
    run: Run, tmp_path: Path, text: bytes, told: str
) -> None:
    (tmp_path / "rules.yaml").write_bytes(text)
    for command in ("lint", "list"):
        status, _, err = run(command, "rules.yaml")
        assert status == Exit.USAGE
        assert told in err
    assert run("explain", "CVE-1", "--file", "rules.yaml")[0] == Exit.USAGE
    assert (tmp_path / "rules.yaml").read_bytes() == text


def test_a_file_that_is_not_there_is_wrong_usage(run: Run) -> None:
    assert run("lint", "none.yaml")[0] == Exit.USAGE
    assert run("lint")[0] == Exit.USAGE


def test_only_strict_refuses_what_is_merely_told(run: Run, tmp_path: Path) -> None:
    (tmp_path / ".grype.yaml").write_text(f"ignore: [{{package: {{type: npm}}, {WHY}}}]\n")
    status, out, _ = run("lint")
    assert status == Exit.OK
    assert "matches too much" in out
    assert run("lint", "--strict")[0] == Exit.REFUSED


def test_the_configuration_says_what_is_required(run: Run, tmp_path: Path) -> None:
    (tmp_path / "rules.yaml").write_text(GOOD)
    (tmp_path / "shipseal.yaml").write_text(
        CONFIG + "ignores: {file: rules.yaml, require: [impact, owner], warn_before: 1d}\n"
    )
    status, out, _ = run("lint", "--json")
    assert status == Exit.REFUSED
    assert json.loads(out)["rules"][0]["missing"] == ["owner"]


def test_a_rule_expires_soon_as_early_as_the_configuration_says(run: Run, tmp_path: Path) -> None:
    end = datetime.now(UTC).date() + timedelta(days=40)
    (tmp_path / ".grype.yaml").write_text(f"{GOOD}    expires: {end.isoformat()}\n")
    (tmp_path / "shipseal.yaml").write_text(CONFIG)
    assert json.loads(run("lint", "--json")[1])["rules"][0]["problems"] == []
    (tmp_path / "shipseal.yaml").write_text(CONFIG + "ignores: {warn_before: 60d}\n")
    (problem,) = json.loads(run("lint", "--json")[1])["rules"][0]["problems"]
    assert problem.startswith("expiring soon: ")


@pytest.fixture
def results(tmp_path: Path) -> Path:
    report = scan_report(finding("PYSEC-1", aliases=("CVE-2026-0001",)))
    file = tmp_path / "results.json"
    file.write_bytes(msgspec.json.encode(results_document(report)))
    return file


def test_rules_are_held_against_results(run: Run, tmp_path: Path, results: Path) -> None:
    (tmp_path / ".grype.yaml").write_text(GOOD)
    status, out, _ = run("lint", "--results", str(results), "--json")
    (problem,) = json.loads(out)["rules"][0]["problems"]
    assert status == Exit.OK
    assert problem.startswith("matches nothing: ")
    assert "include-aliases: true" in problem
    (tmp_path / ".grype.yaml").write_text(GOOD + "    include-aliases: true\n")
    status, out, _ = run("lint", "--results", str(results))
    assert out == ".grype.yaml: 1 rule(s), all justified, held against what was found\n"


def test_rules_are_held_against_one_thing(run: Run, tmp_path: Path, results: Path) -> None:
    (tmp_path / ".grype.yaml").write_text(GOOD)
    status, _, err = run("lint", "--results", str(results), "--image", "x")
    assert status == Exit.USAGE
    assert "--results and --image" in err


def test_list_shows_every_rule(run: Run, tmp_path: Path) -> None:
    (tmp_path / ".grype.yaml").write_text(
        GOOD + "    owner: anna\n    expires: 2999-01-01\n  - {reason: x}\n  - {vulnerability: B}\n"
    )
    status, out, _ = run("list")
    assert status == Exit.OK
    assert "anna" in out
    rules = json.loads(run("list", "--json")[1])["rules"]
    assert [rule["state"] for rule in rules] == ["in force", "unusable", "unjustified"]
    assert rules[0]["until"] == "2999-01-02T00:00:00Z"
    assert rules[2]["missing"][0] == "description"


def test_explain_says_which_rule_takes_a_finding_out_and_which_do_not(
    run: Run, tmp_path: Path, results: Path
) -> None:
    (tmp_path / ".grype.yaml").write_text(
        GOOD
        + f"  - {{vulnerability: PYSEC-1, {WHY}, owner: anna}}\n"
        + f"  - {{vulnerability: CVE-2026-0002, {WHY}}}\n"
    )
    status, out, _ = run("explain", "cve-2026-0001", "--results", str(results), "--json")
    assert status == Exit.OK
    document = json.loads(out)
    first, second = document["rules"]
    assert (first["rule"], first["holds"], second["rule"], second["holds"]) == (
        "CVE-2026-0001",
        0,
        "PYSEC-1",
        1,
    )
    assert "include-aliases: true" in first["why"]
    assert document["findings"] == [
        {
            "id": "PYSEC-1",
            "aliases": ["CVE-2026-0001"],
            "package": "paramiko",
            "version": "2.4.0",
            "severity": "high",
            "fix": "unknown",
            "ignoredBy": [1],
        }
    ]
    text = run("explain", "CVE-2026-0001", "--results", str(results))[1]
    assert "owner anna" in text
    assert "does not count" not in text


def test_explain_without_a_rule_says_so(run: Run, tmp_path: Path) -> None:
    (tmp_path / ".grype.yaml").write_text(GOOD)
    status, out, _ = run("explain", "CVE-2026-0009")
    assert status == Exit.OK
    assert "no rule is about CVE-2026-0009" in out


@pytest.mark.parametrize("words", [("explain", "x y"), ("explain",), ("lint", "--nope")])
def test_what_is_no_id_is_wrong_usage(run: Run, tmp_path: Path, words: tuple[str, ...]) -> None:
    (tmp_path / ".grype.yaml").write_text(GOOD)
    assert run(*words)[0] == Exit.USAGE
