"""``shipseal scan sbom:FILE``: what is found, in every format; what a gate says; what wrong input is told."""

import base64
import gzip
import io
import json
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from shipseal._internal.limits import Limit
from shipseal.cli.main import main
from shipseal.errors import Exit
from tests.support.grype_database import Known, grype_database
from tests.support.ignoring import WHY
from tests.support.scanning import CRITICAL_VECTOR, advisory, spdx_document, spdx_package
from tests.support.small_disk import play
from tests.support.tools import need

FRESH = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
OLD = (datetime.now(UTC) - timedelta(days=40)).strftime("%Y-%m-%dT%H:%M:%SZ")
LOW_VECTOR = "CVSS:3.1/AV:L/AC:H/PR:H/UI:R/S:U/C:L/I:N/A:N"
PACKAGES = [
    spdx_package("pkg:pypi/paramiko@2.4.0"),
    spdx_package("pkg:npm/left-pad@1.0.0"),
]

Run = Callable[..., tuple[int, str, str]]


def records(modified: str = FRESH) -> list[dict[str, Any]]:
    def rated(vector: str) -> list[dict[str, str]]:
        return [{"type": "CVSS_V3", "score": vector}]

    return [
        advisory(
            "PYSEC-2018-1",
            "PyPI",
            "paramiko",
            [("introduced", "0"), ("fixed", "2.4.1")],
            aliases=["CVE-2018-7750"],
            severity=rated(CRITICAL_VECTOR),
            modified=modified,
        ),
        advisory(
            "GHSA-left",
            "npm",
            "left-pad",
            [("introduced", "0")],
            severity=rated(LOW_VECTOR),
            modified=modified,
        ),
    ]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SHIPSEAL_CACHE", str(tmp_path / "cache"))
    (tmp_path / "app.json").write_bytes(spdx_document(PACKAGES))
    (tmp_path / "db.json").write_text(json.dumps(records()))
    return tmp_path


@pytest.fixture
def run(home: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    def call(
        *words: str, source: str = "sbom:app.json", db: str = "db.json"
    ) -> tuple[int, str, str]:
        status = main(["scan", source, "--db", db, *words])
        shown = capsys.readouterr()
        return status, shown.out, shown.err

    return call


def found(run: Run, *words: str, **rest: str) -> Any:
    status, out, err = run("-o", "json", *words, **rest)
    assert status == Exit.OK, out + err
    document = json.loads(out)
    schema = json.loads((files("shipseal") / "schemas" / "scan.schema.json").read_text())
    jsonschema.validate(document, schema, format_checker=jsonschema.FormatChecker())
    return document


def test_findings_are_printed_worst_first_and_it_exits_0(run: Run) -> None:
    document = found(run)
    assert [item["id"] for item in document["matches"]] == ["PYSEC-2018-1", "GHSA-left"]
    worst = document["matches"][0]
    assert worst["aliases"] == ["CVE-2018-7750"]
    assert worst["severity"] == "critical"
    assert worst["package"]["purl"] == "pkg:pypi/paramiko@2.4.0"
    assert worst["fix"] == {"state": "fixed", "versions": ["2.4.1"]}
    assert worst["cvss"][0]["score"] == 9.8
    assert worst["advice"]["command"] == "pip install paramiko==2.4.1"
    assert worst["status"] is None
    assert document["gate"] is None
    assert document["platforms"][0]["platform"] is None
    assert document["choice"] == "scan engine builtin: --db names its data"


def test_a_table_is_the_default(run: Run) -> None:
    status, out, _ = run()
    assert status == Exit.OK
    for words in (
        "vulnerability",
        "PYSEC-2018-1 (CVE-2018-7750)  critical",
        "paramiko",
        "2.4.1",
        "app.json: 2 vulnerabilities (1 critical, 1 low), 1 with a fix",
        "data",
    ):
        assert words in out, words
    assert "platforms" not in out.splitlines()[0]


def test_what_to_update_first_stands_below_the_table(run: Run) -> None:
    _, out, _ = run()
    assert "Fix first" in out
    assert "paramiko  2.4.0  2.4.1  1 critical  pip install paramiko==2.4.1" in out


def test_what_refuses_is_said_once(run: Run) -> None:
    _, out, err = run("--fail-on", "critical")
    assert "the gate refuses" not in out
    assert err.count("the gate refuses") == 1


def test_several_outputs_at_once_files_whole_and_nothing_else_left(run: Run, home: Path) -> None:
    before = set(home.iterdir())
    formats = ("json", "grype-json", "sarif", "cyclonedx", "vuln", "markdown", "html", "table")
    words = [word for name in formats for word in ("-o", f"{name}=out.{name}")]
    status, out, err = run(*words)
    assert (status, out) == (Exit.OK, ""), err
    made = {path.name for path in set(home.iterdir()) - before} - {"cache"}
    assert made == {f"out.{name}" for name in formats}
    assert json.loads((home / "out.sarif").read_text())["version"] == "2.1.0"
    assert json.loads((home / "out.grype-json").read_text())["matches"][0]["vulnerability"]["id"]
    assert len(json.loads((home / "out.cyclonedx").read_text())["components"]) == 2
    assert "paramiko" in (home / "out.html").read_text()
    assert "PYSEC-2018-1" in (home / "out.table").read_text()


def test_one_output_to_the_screen_beside_files(run: Run, home: Path) -> None:
    status, out, _ = run("-o", "json=scan.json", "-o", "table")
    assert status == Exit.OK
    assert "1 critical" in out
    assert json.loads((home / "scan.json").read_text())["counts"] == {"critical": 1, "low": 1}


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["-o", "xml"], "no such format"),
        (["-o", "json", "-o", "sarif"], "both go to standard output"),
        (["-o", "json=a", "-o", "sarif=a"], "is named twice"),
        (["-o", "json="], "names no file"),
        (["--fail-on", "terrible"], "no such word"),
        (["--engine", "trivy"], "no such word"),
        (["--only", "mine"], "no such word"),
        (["--max-age", "old"], "no age"),
        (["--policy", "a", "--config", "b"], "exclude each other"),
        (["--sbom", "app.json"], "is for an image"),
        (["--key", "a.pub"], "for an attested SBOM"),
        (["--policy", "absent.yaml"], "absent.yaml"),
        (["--ignores", "absent.yaml", "--fail-on", "high"], "absent.yaml"),
    ],
)
def test_wrong_words_are_told(run: Run, words: list[str], told: str) -> None:
    status, _, err = run(*words)
    assert status == Exit.USAGE
    assert told in err
    assert "hint: " in err


@pytest.mark.parametrize("source", ["sbom:", "attested:", ""])
def test_a_source_must_name_something(run: Run, source: str) -> None:
    assert run(source=source)[0] == Exit.USAGE


# the gate


@pytest.mark.parametrize(
    ("level", "status"),
    [("critical", 2), ("high", 2), ("low", 2), ("CRITICAL", 2), ("negligible", 2)],
)
def test_the_threshold_refuses_with_2(run: Run, level: str, status: int) -> None:
    given, out, err = run("--fail-on", level)
    assert given == status
    assert "error scan.gate-failed: the gate refuses: PYSEC-2018-1" in err
    assert "unknown/unknown" not in out + err
    assert "refused" in out


def test_below_the_threshold_it_passes_and_lists_what_is_asked_for(run: Run, home: Path) -> None:
    (home / "app.json").write_bytes(spdx_document(PACKAGES[1:]))
    status, out, err = run("--fail-on", "high")
    assert (status, err) == (Exit.OK, "")
    assert "GHSA-left" not in out
    assert "the gate passes" in out
    assert "GHSA-left" in run("--fail-on", "high", "--show-passed")[1]


def test_outputs_are_written_although_the_gate_refuses(run: Run, home: Path) -> None:
    status, out, _ = run("--fail-on", "critical", "-o", "json=scan.json", "-o", "sarif=s.sarif")
    assert (status, out) == (Exit.REFUSED, "")
    gate = json.loads((home / "scan.json").read_text())["gate"]
    assert (gate["outcome"], gate["code"]) == ("fail", "scan.gate-failed")
    assert (home / "s.sarif").exists()


def test_a_configuration_nearby_is_not_read_in_silence(run: Run, home: Path) -> None:
    (home / "shipseal.yaml").write_text("this is: [not, a, configuration")
    (home / ".grype.yaml").write_text("ignore: [{vulnerability: PYSEC-2018-1}]")
    status, out, _ = run()
    assert status == Exit.OK
    assert "PYSEC-2018-1" in out
    assert run("--fail-on", "critical")[0] == Exit.REFUSED


def test_ignores_that_are_named_count(run: Run, home: Path) -> None:
    (home / "mine.yaml").write_text("ignore: [{vulnerability: PYSEC-2018-1, owner: anna}]")
    status, _, err = run("--fail-on", "high", "--ignores", "mine.yaml")
    assert status == Exit.REFUSED
    assert "lacks description, impact, component, tracking, removal and issue, owner anna" in err
    (home / "mine.yaml").write_text(f"ignore: [{{vulnerability: PYSEC-2018-1, {WHY}}}]")
    status, out, _ = run("--fail-on", "high", "--ignores", "mine.yaml", "--show-passed")
    assert status == Exit.OK
    assert "ignored" in out
    document = found(run, "--fail-on", "high", "--ignores", "mine.yaml")
    assert document["matches"][0]["status"] == "ignored"
    assert document["counts"] == {"low": 1}


@pytest.mark.parametrize("output", ["table", "table=seen", "markdown", "vuln"])
def test_what_is_ignored_is_seen_with_its_reason_end_and_owner(
    run: Run, home: Path, output: str
) -> None:
    rule = f"vulnerability: PYSEC-2018-1, owner: anna, expires: 2999-12-31, {WHY}"
    (home / "mine.yaml").write_text(f"ignore: [{{{rule}}}]")
    status, out, _ = run("--fail-on", "high", "--ignores", "mine.yaml", "-o", output)
    assert status == Exit.OK
    shown = (home / "seen").read_text() if "=" in output else out.replace("\\", "")
    for words in ("PYSEC-2018-1", "3000-01-01T00:00:00Z", "anna", "reads past the end"):
        assert words in shown, words


@pytest.mark.parametrize("name", ["app.json", "app.json.gz"])
def test_an_sbom_that_is_named_like_an_image_is_told_how_to_be_named(
    run: Run, home: Path, name: str
) -> None:
    (home / "app.json.gz").write_bytes(gzip.compress((home / "app.json").read_bytes(), mtime=0))
    status, _, err = run(source=name)
    assert status == Exit.USAGE
    assert f"hint: scan it as sbom:{name}" in err


def test_ignores_without_a_gate_are_no_use(run: Run, home: Path) -> None:
    (home / "mine.yaml").write_text("ignore: []")
    status, out, err = run("--ignores", "mine.yaml")
    assert (status, out) == (Exit.USAGE, "")
    assert "--ignores is for a gate" in err


@pytest.mark.parametrize(
    ("policy", "status"),
    [
        ("fail_on: critical", 2),
        ("fail_on: none", 0),
        ("gate: {fail_on: critical}", 2),
        ("gate: {fail_on: none}\nscan: {max_age: none}", 0),
        ("fail_on: low\nfixable_only: true", 2),
        ("fail_on: critical\ntypo: 1", 64),
        ("gate: {fail_on: critical}\nimage: x", 64),
    ],
)
def test_a_policy_file_decides(run: Run, home: Path, policy: str, status: int) -> None:
    (home / "policy.yaml").write_text(policy)
    given, out, err = run("--policy", "policy.yaml")
    assert given == status, out + err


def test_the_command_line_comes_before_the_policy(run: Run, home: Path) -> None:
    (home / "policy.yaml").write_text("fail_on: none")
    assert run("--policy", "policy.yaml", "--fail-on", "critical")[0] == Exit.REFUSED


CONFIG = """\
image: app
build: {builder: prebuilt, layout: image}
targets: ['oci:out']
sign: {key: release.key}
gate: {fail_on: %s}
"""


def test_a_configuration_decides_as_a_release_with_it_does(run: Run, home: Path) -> None:
    (home / "shipseal.yaml").write_text(CONFIG % "critical")
    status, _, err = run("--config", "shipseal.yaml")
    assert status == Exit.REFUSED, err
    (home / ".grype.yaml").write_text(f"ignore: [{{vulnerability: PYSEC-2018-1, {WHY}}}]")
    assert run("--config", "shipseal.yaml")[0] == Exit.OK
    (home / "shipseal.yaml").write_text(CONFIG % "low")
    assert run("--config", "shipseal.yaml")[0] == Exit.REFUSED


# data


def test_old_data_is_told_and_decides_nothing(run: Run, home: Path) -> None:
    (home / "db.json").write_text(json.dumps(records(OLD)))
    status, out, err = run()
    assert status == Exit.OK
    assert "PYSEC-2018-1" in out
    assert "40 days ago; at most 5 days is allowed" in err
    status, out, err = run("--fail-on", "critical")
    assert status == Exit.UNDECIDED
    assert "PYSEC-2018-1" in out
    assert "error scan.db-stale" in err
    assert run("--fail-on", "critical", "--max-age", "60d")[0] == Exit.REFUSED
    assert run("--fail-on", "critical", "--max-age", "any")[0] == Exit.REFUSED


def test_a_policy_may_allow_older_data(run: Run, home: Path) -> None:
    (home / "db.json").write_text(json.dumps(records(OLD)))
    (home / "policy.yaml").write_text("scan: {max_age: 60d}\ngate: {fail_on: critical}")
    assert run("--policy", "policy.yaml")[0] == Exit.REFUSED


def test_without_data_nothing_is_said(run: Run) -> None:
    status, out, err = run(db="absent.json")
    assert (status, out) == (Exit.UNDECIDED, "")
    assert "error scan.db-unavailable" in err


def test_the_environment_may_name_the_data(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHIPSEAL_DB", str(home / "db.json"))
    assert main(["scan", "sbom:app.json", "-o", "json"]) == Exit.OK
    document = json.loads(capsys.readouterr().out)
    assert document["choice"] == "scan engine builtin: SHIPSEAL_DB names its data"


# incomplete and bad SBOMs


def test_an_sbom_that_lists_nothing_is_incomplete(run: Run, home: Path) -> None:
    (home / "app.json").write_bytes(spdx_document([]))
    status, out, _ = run()
    assert status == Exit.OK
    assert "no-packages: the SBOM lists no package at all" in out
    status, out, err = run("--fail-on", "critical")
    assert status == Exit.UNDECIDED
    assert "error sbom.incomplete" in err
    assert "accept it by name: sbom.accept_incomplete: [no-packages]" in err
    assert "cargo auditable" in err
    (home / "policy.yaml").write_text("gate: {}\nsbom: {accept_incomplete: [no-packages]}")
    assert run("--policy", "policy.yaml")[0] == Exit.OK


WHOLE = spdx_document(PACKAGES)


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "it is empty"),
        (WHOLE[: len(WHOLE) // 2], "is cut off after"),
        (b"{}", "it is JSON, but no SBOM"),
        (b"[" * 100_000, "cannot be read"),
        (b'{"spdxVersion": "SPDX-3.0"}', "SPDX-3.0"),
        (gzip.compress(WHOLE, mtime=0)[:-20], "gzip is cut off"),
        (b"\xff\xfe", "cannot be read"),
    ],
)
def test_what_is_no_whole_sbom_is_refused(run: Run, home: Path, data: bytes, told: str) -> None:
    (home / "app.json").write_bytes(data)
    status, out, err = run("--fail-on", "low")
    assert (status, out) == (Exit.USAGE, "")
    assert told in err


def test_an_sbom_that_is_larger_than_any_is_refused(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = Limit("SBOM", 100, "this test says so")
    monkeypatch.setattr("shipseal.scan.read_inventory.SBOM_FILE", small)
    status, out, err = run()
    assert (status, out) == (Exit.REFUSED, "")
    assert "error sbom.too-large" in err


def test_no_such_file(run: Run) -> None:
    status, _, err = run(source="sbom:absent.json")
    assert status == Exit.USAGE
    assert "absent.json" in err


def test_gzip_and_standard_input_are_read(
    run: Run, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "app.json.gz").write_bytes(gzip.compress(WHOLE, mtime=0))
    assert len(found(run, source="sbom:app.json.gz")["matches"]) == 2

    class Stream:
        buffer = io.BytesIO(WHOLE)

    monkeypatch.setattr("sys.stdin", Stream)
    assert found(run, source="sbom:-")["source"]["name"] == "standard input"


def syft_document(history: list[dict[str, object]]) -> bytes:
    """Return Syft JSON of an image of two layers, with its configuration within, as Syft writes it."""
    layers = ["sha256:" + "a" * 64, "sha256:" + "b" * 64]
    config = {
        "os": "linux",
        "architecture": "arm64",
        "rootfs": {"type": "layers", "diff_ids": layers},
        "history": history,
    }
    artifacts = [
        {
            "id": f"{number}",
            "name": name,
            "version": version,
            "type": kind,
            "purl": f"pkg:{ecosystem}/{name}@{version}",
            "locations": [{"path": f"/x/{name}", "layerID": layer}],
        }
        for number, (name, version, kind, ecosystem, layer) in enumerate(
            [
                ("paramiko", "2.4.0", "python", "pypi", layers[0]),
                ("left-pad", "1.0.0", "npm", "npm", layers[1]),
            ]
        )
    ]
    return json.dumps(
        {
            "artifacts": artifacts,
            "artifactRelationships": [],
            "source": {
                "id": "source",
                "name": "registry.example.org/shop",
                "version": "sha256:" + "c" * 64,
                "type": "image",
                "metadata": {
                    "userInput": "registry.example.org/shop:1.4.0",
                    "manifestDigest": "sha256:" + "c" * 64,
                    "layers": [{"digest": layer} for layer in layers],
                    "config": base64.b64encode(json.dumps(config).encode()).decode(),
                },
            },
            "distro": {},
            "descriptor": {"name": "syft", "version": "1"},
            "schema": {"version": "16.0.0", "url": ""},
        }
    ).encode()


def test_an_sbom_with_its_images_configuration_tells_base_and_application(
    run: Run, home: Path
) -> None:
    history: list[dict[str, object]] = [
        {"created_by": "ADD base"},
        {"created_by": 'CMD ["sh"]', "empty_layer": True},
        {"created_by": "COPY app"},
    ]
    (home / "app.json").write_bytes(syft_document(history))
    document = found(run)
    assert document["source"]["name"] == "registry.example.org/shop"
    assert document["source"]["digest"] == "sha256:" + "c" * 64
    assert document["platforms"][0]["platform"] == "linux/arm64"
    origins = {item["package"]["name"]: item["origin"] for item in document["matches"]}
    assert origins == {"paramiko": "base", "left-pad": "application"}
    shown = found(run, "--only", "app")
    assert [item["package"]["name"] for item in shown["matches"]] == ["left-pad"]


def test_a_platform_may_be_said(run: Run) -> None:
    document = found(run, "--platform", "linux/arm64")
    assert document["platforms"][0]["platform"] == "linux/arm64"
    assert document["matches"][0]["platforms"] == ["linux/arm64"]


def test_a_file_that_cannot_be_written_is_told(run: Run, home: Path) -> None:
    (home / "file").write_text("no folder")
    status, _, err = run("-o", "json=file/scan.json")
    assert status == Exit.USAGE
    assert "file" in err


def test_secrets_are_never_shown(run: Run, home: Path) -> None:
    secret = "hunter22hunter22"
    purl = f"pkg:pypi/paramiko@2.4.0?vcs_url=git%2Bhttps://me:{secret}@git.example.org/x"
    url = f"https://me:{secret}@example.org/a"
    listed = records()
    listed[0]["references"] = [{"type": "ADVISORY", "url": url}]
    (home / "db.json").write_text(json.dumps(listed))
    package = spdx_package("pkg:pypi/paramiko@2.4.0")
    package["externalRefs"][0]["referenceLocator"] = purl
    (home / "app.json").write_bytes(spdx_document([package]))
    for name in ("json", "grype-json", "sarif", "cyclonedx", "vuln", "markdown", "html", "table"):
        status, out, err = run("-o", name)
        assert status == Exit.OK, err
        assert secret not in out + err, name


def test_names_from_outside_cannot_move_the_cursor(run: Run, home: Path) -> None:
    package = spdx_package("pkg:pypi/paramiko@2.4.0", name="par\x1b[2Jamiko\n::error::x")
    (home / "app.json").write_bytes(spdx_document([package]))
    _, out, _ = run()
    assert "\x1b" not in out
    assert not any(line.startswith("::") for line in out.splitlines())


def test_only_what_is_of_one_origin_is_shown_and_the_gate_sees_all(run: Run) -> None:
    document = found(run, "--only", "base")
    assert "only base is shown" in " ".join(document["notes"])
    assert run("--only", "base", "--fail-on", "critical")[0] == Exit.REFUSED


def test_what_must_be_gone_refuses_while_it_is_there(run: Run) -> None:
    status, _, err = run("--must-fix", "CVE-2018-7750")
    assert status == Exit.REFUSED
    assert "an ignore does not count" in err
    assert run("--must-fix", "CVE-2000-1")[0] == Exit.OK


def test_in_a_job_of_github_actions_it_writes_summary_outputs_and_annotations(
    run: Run, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_OUTPUT", str(home / "outputs"))
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(home / "summary.md"))
    status, _, err = run("--fail-on", "critical")
    assert status == Exit.REFUSED
    outputs = (home / "outputs").read_text()
    for words in ("outcome<<", "\nfail\n", "\nscan.gate-failed\n", "\napp-scan-results\n"):
        assert words in outputs, words
    summary = (home / "summary.md").read_text()
    assert "### What blocks" in summary
    assert "::error title=CVE-2018-7750 (critical) in paramiko::" in err


def test_a_scan_that_passes_tells_a_job_so(
    run: Run, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_OUTPUT", str(home / "outputs"))
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(home / "summary.md"))
    status, _, err = run()
    assert (status, err) == (Exit.OK, "")
    assert "\nnone\n" in (home / "outputs").read_text()
    assert os.environ["GITHUB_ACTIONS"] == "true"


@pytest.mark.tools
def test_both_engines_scan_and_where_they_differ_is_shown(
    run: Run, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    grype = need("grype")
    monkeypatch.setenv("PATH", f"{grype.parent}:{os.environ['PATH']}")
    known = [
        Known("GHSA-1", "paramiko", "<2.4.1", "2.4.1", aliases=("CVE-2018-7750",)),
        Known("CVE-2020-9", "left-pad", "<2.0", ecosystem="npm", scheme="semantic"),
    ]
    (home / "grype").mkdir()
    monkeypatch.setenv("GRYPE_DB_CACHE_DIR", str(grype_database(home / "grype", known)))
    words = ("--engine", "both", "--max-age", "any")
    document = found(run, *words)
    differences = {item["id"]: item["foundBy"] for item in document["comparison"]["differences"]}
    assert differences == {"GHSA-left": "shipseal-builtin", "CVE-2020-9": "grype"}
    assert {item["id"] for item in document["matches"]} == {
        "PYSEC-2018-1",
        "GHSA-left",
        "CVE-2020-9",
    }
    status, out, _ = run(*words)
    assert status == Exit.OK
    assert "Found by one scanner alone" in out
    assert "agree on 1 of 3" in out


@pytest.mark.tools
def test_each_engine_refuses_and_accepts_the_same(
    run: Run, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    grype = need("grype")
    monkeypatch.setenv("PATH", f"{grype.parent}:{os.environ['PATH']}")
    known = [
        Known(
            "GHSA-1",
            "paramiko",
            "<2.4.1",
            "2.4.1",
            aliases=("CVE-2018-7750",),
            vector=CRITICAL_VECTOR,
        )
    ]
    (home / "grype").mkdir()
    monkeypatch.setenv("GRYPE_DB_CACHE_DIR", str(grype_database(home / "grype", known)))
    for level, status in (("critical", Exit.REFUSED), ("low", Exit.REFUSED)):
        for engine in ("builtin", "grype", "both"):
            words = ("--engine", engine, "--fail-on", level, "--max-age", "any")
            assert run(*words)[0] == status, engine
    (home / "app.json").write_bytes(spdx_document(PACKAGES[1:]))
    for engine in ("builtin", "grype", "both"):
        words = ("--engine", engine, "--fail-on", "critical", "--max-age", "any")
        assert run(*words)[0] == Exit.OK, engine


def test_grype_that_is_asked_for_and_not_there_is_told(
    run: Run, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(home))
    status, _, err = run("--engine", "grype")
    assert status == Exit.OUTSIDE
    assert "tool.missing" in err


def test_no_room_is_told_and_leaves_nothing_half(home: Path) -> None:
    seen = play("tests.support.scan_scenes:on_a_small_disk", cwd=home)
    assert seen["statuses"] == {"html": Exit.OUTSIDE, "sarif": Exit.OUTSIDE}
    assert "resource.disk-full" in seen["told"]
    assert seen["left"] == []
