"""``shipseal release show`` and ``release gc`` on a machine with real releases."""

import json
import os
import re
import shlex
import shutil
import time
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from shipseal.cli.main import main
from shipseal.errors import Exit
from shipseal.release.folders import StateFolder
from shipseal.release.known import survey
from shipseal.testing.http_server import Exchange
from shipseal.testing.registry_simulator import RegistrySimulator
from tests.support.release_project import PASSWORD, Project

SCHEMAS = Path(__file__).parents[2] / "src" / "shipseal" / "schemas"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sbom_cache: Path) -> Project:
    monkeypatch.setenv("SHIPSEAL_KEY_PASSWORD", PASSWORD)
    monkeypatch.setenv("SHIPSEAL_CACHE", str(sbom_cache))
    made = Project(tmp_path / "project")
    made.build()
    return made


def told(capsys: pytest.CaptureFixture[str], schema: str) -> Any:
    value = json.loads(capsys.readouterr().out)
    document = json.loads((SCHEMAS / schema).read_text())
    Draft202012Validator.check_schema(document)
    Draft202012Validator(document).validate(value)
    return value


def test_show_takes_a_version_and_draws_what_was_done(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    project.release("1.0.0")
    capsys.readouterr()
    assert project.run("release", "show", "1.0.0") == Exit.OK
    out = capsys.readouterr().out
    assert "timeline: began 20" in out
    assert "(UTC)" in out
    lines = {line.split()[1]: line for line in out.splitlines() if line[2:3] == line[5:6] == ":"}
    assert "1.0.0 moved, latest moved" in lines["promote"]
    assert "syft " in lines["catalogue"]
    assert "━" not in out  # a pipe gets no picture
    assert "diagnosis" not in out
    assert project.run("release", "show", "9.9.9") == Exit.USAGE
    assert "no release '9.9.9'" in capsys.readouterr().err
    a_journal_with_a_hole_is_said_to_have_one(project, capsys)


def a_journal_with_a_hole_is_said_to_have_one(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    [journal] = (project.folder / ".shipseal" / "releases").glob("1.0.0-*/journal.jsonl")
    lines = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join([*lines[:5], b"#" * 9 + b"\n", *lines[6:]]))
    assert project.run("release", "show", "1.0.0", "--json") == Exit.OK
    shown = told(capsys, "release-show.schema.json")
    assert shown["status"] == "interrupted"
    assert "The journal is damaged" in shown["diagnosis"]["means"]
    assert shown["diagnosis"]["proof"][0].startswith(
        f"line 6 of the journal is none, and {len(lines) - 6} whole lines behind it"
    )
    assert project.run("diagnose", "--run", "1.0.0") == Exit.OK
    assert "The journal is damaged" in capsys.readouterr().out
    what_is_printed_goes_on_with_the_configuration_that_was_named(project, capsys)
    assert f"{len(lines) - 6} whole lines behind" in capsys.readouterr().err
    assert project.run("release", "show", "1.0.0") == Exit.OK
    assert "diagnosis" not in capsys.readouterr().out
    another_machine_resumes_by_the_version(project, capsys)


def what_is_printed_goes_on_with_the_configuration_that_was_named(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    usual, named = project.folder / "shipseal.yaml", project.folder / "of the team.yaml"
    usual.rename(named)
    assert main(["release", "show", "1.0.0", "-c", str(named)]) == Exit.OK
    (told,) = re.findall(r"^  next +shipseal (release resume .*)$", capsys.readouterr().out, re.M)
    assert main(shlex.split(told)) == Exit.OK
    named.rename(usual)


def another_machine_resumes_by_the_version(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    stored = bundles_at(project)
    assert len(stored) == 24
    shutil.rmtree(project.folder / ".shipseal")
    assert project.run("release", "resume", "--version", "1.0.0", "--json") == Exit.OK
    assert "this machine has no release of 1.0.0" in capsys.readouterr().err
    assert bundles_at(project) == stored, "nothing is signed twice"
    a_mistyped_version_is_not_released(project, capsys)


def a_mistyped_version_is_not_released(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nor is it when the command is given again: what was refused leaves no journal to go on from."""
    for _ in range(2):
        assert project.run("release", "resume", "--version", "1.0.1") == Exit.USAGE
        told_why = capsys.readouterr().err
        assert "error config.invalid: there is no release 1.0.1 to go on with" in told_why
        assert re.search(r"shipseal release --config \S+ --version 1\.0\.1\n", told_why)
    assert project.run("release", "show", "1.0.1") == Exit.USAGE
    capsys.readouterr()


def test_of_two_releases_within_one_second_the_later_one_is_shown(project: Project) -> None:
    project.release("1.0.0")
    state = StateFolder(project.folder / ".shipseal")
    releases = state.root / "releases"
    (one,) = releases.iterdir()
    other = releases / f"{one.name}-again"
    other.mkdir()
    shutil.copy(one / "journal.jsonl", other)
    for late in (one, other):
        for folder in (one, other):
            at = 2 * 10**18 + (1000 if folder is late else 0)
            os.utime(folder / "journal.jsonl", ns=(at, at))
        assert survey(state).latest().identifier == late.name


def test_show_in_json_has_timeline_and_diagnosis(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    project.release("1.0.0")
    capsys.readouterr()
    assert project.run("release", "show", "--json") == Exit.OK
    done = told(capsys, "release-show.schema.json")
    assert (done["diagnosis"], done["running"], len(done["timeline"])) == (None, False, 1)
    project.build({"planted": "1.0"})
    assert project.release("1.1.0") == Exit.REFUSED
    capsys.readouterr()
    assert project.run("release", "show", "--json") == Exit.OK
    refused = told(capsys, "release-show.schema.json")
    assert refused["diagnosis"]["code"] == "scan.gate-failed"
    command = f"shipseal release --config {project.folder / 'shipseal.yaml'} --version 1.1.0"
    assert refused["diagnosis"]["next"] == command


def test_the_schema_of_show_is_that_of_a_release_and_more() -> None:
    release, show = (
        json.loads((SCHEMAS / f"{name}.schema.json").read_text())
        for name in ("release", "release-show")
    )
    more = {"running", "timeline", "diagnosis"}
    assert show["properties"].keys() == release["properties"].keys() | more
    assert all(
        show["properties"][name] == release["properties"][name] for name in release["properties"]
    )
    assert set(show["required"]) == set(release["required"]) | more


def bundles_at(project: Project) -> set[tuple[str, str]]:
    """Return the manifests of bundles at both layouts."""
    return {
        (name, str(entry["digest"]))
        for name in ("a", "b")
        for entry in json.loads((project.folder / name / "index.json").read_text())["manifests"]
        if "sigstore.bundle" in entry.get("artifactType", "")
    }


class Outage:
    """Answers some uploads with 503."""

    def __init__(self, times: int) -> None:
        self.times = times

    def __call__(self, exchange: Exchange) -> bool:
        if exchange.method == "PUT" and "/manifests/" in exchange.path and self.times:
            self.times -= 1
            exchange.reply(503, b"busy")
            return True
        return False


def test_what_was_tried_again_is_shown_and_kept(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    with RegistrySimulator() as registry:
        project.configure(targets=[f"{registry.host}/org/app"])
        registry.before = Outage(2)
        assert project.release("1.0.0") == Exit.OK
        err = capsys.readouterr().err
    assert "service.outage" in err
    assert "trying again in" in err
    project.run("release", "show", "--json")
    shown = told(capsys, "release-show.schema.json")
    retries = {one["step"]: one["retries"] for one in shown["timeline"][0]["steps"]}
    assert retries[f"stage {registry.host}/org/app"] == 2


def test_an_outage_that_lasts_is_diagnosed(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    with RegistrySimulator() as registry:
        targets = [f"{registry.host}/org/app"]
        project.configure(targets=targets, timeouts={"retry_deadline": "1ms"})
        registry.before = Outage(1000)
        assert project.release("1.0.0") == Exit.OUTSIDE
    capsys.readouterr()
    assert project.run("release", "show", "1.0.0") == Exit.OK
    lines = capsys.readouterr().out.splitlines()
    diagnosis = lines[lines.index("diagnosis service.outage") :]
    assert any(line.startswith("  means ") for line in diagnosis)
    assert any(line.startswith("  do ") for line in diagnosis)
    assert any(line.startswith("  proof ") and "503" in line for line in diagnosis)
    [following] = [line for line in diagnosis if line.startswith("  next ")]
    assert re.search(r"shipseal release resume --config \S+ 1\.0\.0-", following)


def test_gc_says_what_goes_and_what_stays(
    project: Project,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setenv("SHIPSEAL_CACHE", str(tmp_path / "cache"))
    for version in ("1.0.0", "1.1.0", "1.2.0"):
        project.build({"sample": version})
        assert project.release(version) == Exit.OK
    time.sleep(1.1)  # times in journals are whole seconds
    capsys.readouterr()
    words = ("release", "gc", "--older-than", "1s", "--keep", "2")
    assert project.run(*words, "--dry-run") == Exit.OK
    out = capsys.readouterr().out
    assert "would go" in out
    assert "1.0.0-" in out
    assert "one of the last 2 that are done" in out
    assert project.run(*words, "--json") == Exit.OK
    result = told(capsys, "release-gc.schema.json")
    gone = [one["name"] for one in result["removed"] if one["kind"] == "release"]
    assert len(gone) == 1
    assert gone[0].startswith("1.0.0-")
    assert result["freed"] > 0
    assert result["after"]["cache"] < result["before"]["cache"]
    assert project.run("release", "list", "--json") == Exit.OK
    listed = told(capsys, "release-list.schema.json")
    assert [one["version"] for one in listed["releases"]] == ["1.1.0", "1.2.0"]
    assert project.run("release", "rollback", "--yes") == Exit.OK


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("--older-than", "soon"), "soon"),
        (("--max-size", "many"), "many"),
        (("--keep", "1"), "--keep"),
    ],
)
def test_gc_refuses_what_makes_no_sense(
    project: Project, capsys: pytest.CaptureFixture[str], words: tuple[str, str], named: str
) -> None:
    assert project.run("release", "gc", *words) == Exit.USAGE
    assert named in capsys.readouterr().err


@pytest.mark.parametrize("size", ["5GB", "500 MB", "1GiB", "1.5G", "100000000"])
def test_gc_takes_sizes_as_people_write_them(
    project: Project, capsys: pytest.CaptureFixture[str], size: str
) -> None:
    assert project.run("release", "gc", "--max-size", size, "--json") == Exit.OK
    assert told(capsys, "release-gc.schema.json")["over"] == 0


def test_a_full_disk_is_told_with_what_makes_room() -> None:
    from shipseal._internal.machine_faults import disk_error  # noqa: PLC0415 - for this test alone

    found = disk_error(OSError(28, "No space left on device"), Path("/nowhere/x"))
    assert found
    assert "shipseal release gc" in found.hint
