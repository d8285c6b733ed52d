"""`shipseal doctor` and `shipseal release` agree on what is wrong with a project, before anything is built."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from shipseal.cli.doctor_view import print_report
from shipseal.doctor.examination import Report, failed, passed
from shipseal.errors import Exit
from shipseal.testing.http_server import Exchange
from shipseal.testing.registry_simulator import RegistrySimulator
from tests.support.release_project import PASSWORD, Project
from tests.support.small_disk import play


@pytest.fixture(autouse=True)
def _surroundings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SHIPSEAL_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("SHIPSEAL_KEY_PASSWORD", PASSWORD)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = Project(tmp_path / "project")
    made.build()
    return made


def examined(
    capsys: pytest.CaptureFixture[str], project: Project, *words: str
) -> tuple[int, list[dict[str, Any]]]:
    capsys.readouterr()
    status = project.run("doctor", "--json", *words)
    return status, json.loads(capsys.readouterr().out)["checks"]


def bad(checks: list[dict[str, Any]]) -> list[tuple[str, str, str]]:
    return [
        (c["check"], c["status"], c["code"]) for c in checks if c["status"] in ("fail", "unknown")
    ]


def only_latest(project: Project) -> None:
    project.configure(tags=["latest"])


def rules_cut_short(project: Project) -> None:
    (project.folder / ".grype.yaml").write_text("ignore: [ {vulnerability: CVE-2020-1")


def rules_not_there(project: Project) -> None:
    project.configure(ignores={"file": "rules.yaml"})


def glob_cut_short(project: Project) -> None:
    project.configure(gate={"components": [{"name": "[a", "fail_on": "low"}]})


def vex_that_is_none(project: Project) -> None:
    (project.folder / "vex.json").write_text("nope")
    project.configure(vex={"documents": ["./vex.json"]})


def file_in_place_of_state(project: Project) -> None:
    (project.folder / ".shipseal").write_text("x")


def file_in_place_of_evidence(project: Project) -> None:
    (project.folder / "proofs").write_text("x")
    project.configure(evidence={"folder": "./proofs"})


def layout_that_is_none(project: Project) -> None:
    (project.folder / "a").mkdir()
    (project.folder / "a" / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
    (project.folder / "a" / "index.json").write_text("nope")


@pytest.mark.parametrize(
    ("wrong", "check", "code"),
    [
        (only_latest, "configuration", "config.invalid"),
        (rules_cut_short, "configuration", "config.invalid"),
        (rules_not_there, "configuration", "config.invalid"),
        (glob_cut_short, "configuration", "config.invalid"),
        (vex_that_is_none, "signing", "config.invalid"),
        (file_in_place_of_state, "disk", "config.invalid"),
        (file_in_place_of_evidence, "disk", "config.invalid"),
        (layout_that_is_none, "push", "image.format-unsupported"),
    ],
)
def test_what_a_release_would_end_with_doctor_says(
    wrong: Callable[[Project], None],
    check: str,
    code: str,
    project: Project,
    capsys: pytest.CaptureFixture[str],
) -> None:
    wrong(project)
    status, checks = examined(capsys, project)
    assert bad(checks) == [(check, "fail", code)]
    assert project.release() == status != Exit.OK
    said = capsys.readouterr()
    assert code in said.out + said.err


def test_a_cache_that_cannot_be_used_stops_neither(
    project: Project, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "cache").write_text("no folder")
    status, checks = examined(capsys, project)
    assert status == Exit.OK, bad(checks)
    (cache,) = [one for one in checks if one["about"].startswith("cache")]
    assert "goes on without it" in cache["reason"]
    assert "SHIPSEAL_CACHE" in cache["remedy"]
    assert project.release() == Exit.OK


@pytest.mark.parametrize("megabytes", ["32", "200"])
def test_a_small_image_does_not_want_the_room_of_a_usual_one(
    megabytes: str, tmp_path: Path
) -> None:
    (status,) = play("tests.support.doctor_scenes:small_image", megabytes, cwd=tmp_path)
    assert status == ("pass" if megabytes == "200" else "fail")


def test_a_layout_that_is_a_target_has_room_looked_for(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    _, checks = examined(capsys, project, "--only", "disk")
    told = [one["about"].partition(" (")[0] for one in checks]
    assert told == ["state folder", "cache", "temporary files", "target", "target"]


def test_without_data_the_remedy_is_of_the_engine_that_would_scan(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    project.configure(scan={"engine": "builtin"})
    status, (found,) = examined(capsys, project, "--only", "database")
    assert (status, found["code"]) == (Exit.UNDECIDED, "scan.db-unavailable")
    assert "shipseal db update" in found["remedy"]
    assert "rype" not in found["got"] + found["remedy"]


def test_a_registry_that_speaks_tls_to_whoever_does_not_is_one_finding_with_its_remedy(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    def before(exchange: Exchange) -> bool:
        handler = exchange._handler
        handler.date_time_string = lambda timestamp=None: ""  # type: ignore[method-assign]
        exchange.reply(400, b"Client sent an HTTP request to an HTTPS server.\n")
        return True

    with RegistrySimulator() as registry:
        registry.before = before
        project.targets = (f"{registry.host}/org/app",)
        project.configure()
        _, checks = examined(capsys, project)
    assert bad(checks) == [("push", "fail", "service.outage")]
    (push,) = [one for one in checks if one["check"] == "push"]
    assert "plain_http: false" in push["remedy"]


@pytest.mark.parametrize("columns", [60, 80, 100])
def test_on_a_terminal_a_finding_takes_few_lines_and_stands_under_its_name(
    columns: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("shipseal.cli.output.is_live", lambda _stream: True)
    monkeypatch.setenv("COLUMNS", str(columns))
    target = "registry.example.org/organisation/application"
    found = [
        passed("push", target, "allowed"),
        passed("signing", "key", f"key sha256:{'0123456789abcdef' * 4}"),
        passed("tools", "syft", "1.18.1 at /home/runner/work/application/.venv/bin/syft"),
        failed("clock", target, expected="x", got="word " * 40, remedy="set it"),
    ]
    print_report(Report(tuple(found)))
    lines = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    assert all(len(line) <= columns for line in lines)
    table = lines[: lines.index("")]
    assert len(table) <= 12, "no card of four lines for each"
    assert any("key sha256:0123456789ab…" in line for line in table)
    (got,) = [n for n, line in enumerate(lines) if line.startswith("  got       word")]
    assert lines[got + 1].startswith(" " * 12 + "word")
