"""``shipseal release rollback`` as an SRE meets it at night, on real layouts with real Syft."""

import json
import os
import pty
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from shipseal.errors import Exit
from shipseal.oci.layout import OciLayout
from tests.support.release_project import PASSWORD, Project
from tests.support.schemas import check_shape

TAGS = ["{version}", "{major}.{minor}", "latest"]


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory, sbom_cache: Path) -> Path:
    """Two releases, and a copy to begin every test with: journals name targets by their folders."""
    folder = tmp_path_factory.mktemp("released")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SHIPSEAL_KEY_PASSWORD", PASSWORD)
        patch.setenv("SHIPSEAL_CACHE", str(sbom_cache))
        made = Project(folder / "project")
        made.configure(tags=TAGS)
        for version in ("1.4.1", "1.4.2"):
            made.build({"sample": version})
            assert made.release(version) == Exit.OK
    shutil.copytree(made.folder, folder / "copy")
    return folder


@pytest.fixture
def project(released: Path, monkeypatch: pytest.MonkeyPatch, sbom_cache: Path) -> Project:
    monkeypatch.delenv("SHIPSEAL_KEY_PASSWORD", raising=False)
    monkeypatch.setenv("SHIPSEAL_CACHE", str(sbom_cache))
    shutil.rmtree(released / "project")
    shutil.copytree(released / "copy", released / "project")
    made = Project(released / "project")
    made.configure(tags=TAGS)
    return made


def told(capsys: pytest.CaptureFixture[str], schema: str = "rollback") -> Any:
    value = json.loads(capsys.readouterr().out)
    check_shape(value, schema)
    return value


def latest(project: Project) -> list[str]:
    """Return the version that latest names at both targets."""
    found = []
    for name in ("a", "b"):
        tags = project.tags(name)
        versions = {tags[version]: version for version in ("1.4.1", "1.4.2")}
        assert tags["latest"] == tags["1.4"]
        found.append(versions[tags["latest"]])
    return found


def test_two_commands_and_no_password(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    assert project.run("release", "rollback", "--dry-run") == Exit.OK
    shown = capsys.readouterr().out
    assert "nothing was moved: this was a dry run" in shown
    assert latest(project) == ["1.4.2", "1.4.2"]
    assert project.run("release", "rollback", "--yes", "--reason", "500 on login") == Exit.OK
    out = capsys.readouterr().out
    rows = [line for line in out.splitlines() if line.rstrip().endswith("move")]
    assert len(rows) == 4
    assert all("1.4.2 sha256:" in row and "1.4.1 sha256:" in row for row in rows)
    assert "verified  1.4.1: 24 items of evidence, at each of 2 targets" in out
    assert "not scanned again" in out
    assert "rolled back to 1.4.1" in out
    assert latest(project) == ["1.4.1", "1.4.1"]


def test_it_is_asked_before_anything_moves_and_nobody_is_not_a_yes(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    assert project.run("release", "rollback") == Exit.USAGE
    err = capsys.readouterr().err
    assert "nobody is here to agree, so nothing was moved" in err
    assert "--yes" in err
    assert project.run("release", "rollback", "--json") == Exit.USAGE
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "config.invalid"
    assert latest(project) == ["1.4.2", "1.4.2"]


@pytest.mark.parametrize("option", ["--to", "--tags"])
def test_an_option_whose_value_a_script_did_not_set_moves_nothing(
    project: Project, capsys: pytest.CaptureFixture[str], option: str
) -> None:
    assert project.run("release", "rollback", "--yes", option, "") == Exit.USAGE
    assert f"{option} is empty, so nothing was begun" in capsys.readouterr().err
    assert latest(project) == ["1.4.2", "1.4.2"]


@pytest.mark.parametrize(
    ("answer", "status", "version"),
    [("y\n", Exit.OK, "1.4.1"), ("n\n", Exit.INTERRUPTED, "1.4.2")],
)
def test_a_person_on_a_terminal_is_asked(
    project: Project, answer: str, status: Exit, version: str
) -> None:
    master, slave = pty.openpty()
    os.write(master, answer.encode())
    words = [sys.executable, "-m", "shipseal.cli.main", "release", "rollback"]
    done = subprocess.run(
        words,
        check=False,
        cwd=project.folder,
        stdin=slave,
        stderr=slave,
        stdout=subprocess.PIPE,
        timeout=60,
    )
    shown = os.read(master, 65536).decode()
    os.close(slave)
    os.close(master)
    assert done.returncode == status, shown
    assert "move these tags?" in shown
    assert (b"the answer was no" in done.stdout) == (status != Exit.OK)
    assert latest(project) == [version, version]


def test_the_json_result_follows_its_schema_however_it_ends(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    assert project.run("release", "rollback", "--dry-run", "--json") == Exit.OK
    assert told(capsys)["status"] == "planned"
    words = ("release", "rollback", "--yes", "--json", "--reason", "500")
    assert project.run(*words) == Exit.OK
    done = told(capsys)
    assert (done["status"], done["to"]["version"], done["reason"]) == ("done", "1.4.1", "500")
    assert done["rollback"].startswith("rollback-")
    assert project.run(*words) == Exit.OK
    again = told(capsys)
    assert (again["status"], again["to"]) == ("nothing-to-do", None)


def test_list_and_show_tell_of_it(
    project: Project, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {
        "GITHUB_ACTIONS": "true",
        "GITHUB_ACTOR": "ann",
        "GITHUB_REPOSITORY": "org/app",
        "GITHUB_RUN_ID": "7",
    }.items():
        monkeypatch.setenv(name, value)
    project.run("release", "rollback", "--yes", "--reason", "500 on login")
    capsys.readouterr()
    assert project.run("release", "list") == Exit.OK
    out = capsys.readouterr().out
    assert "rolled-back" in out
    assert "500 on login" in out
    assert project.run("release", "list", "--json") == Exit.OK
    listed = told(capsys, "release-list")
    bad = next(one for one in listed["releases"] if one["version"] == "1.4.2")
    assert bad["rolled_back"]["by"] == "ann (org/app run 7)"
    assert bad["tags"] == ["1.4.2"]
    [rollback] = listed["rollbacks"]
    assert (rollback["status"], rollback["to"]["version"]) == ("done", "1.4.1")
    assert project.run("release", "show", bad["release"]) == Exit.OK
    shown = capsys.readouterr().out
    assert "rolled back: 1.4, latest went to 1.4.1" in shown
    assert "reason: 500 on login" in shown
    assert project.run("release", "show", bad["release"], "--json") == Exit.OK
    assert told(capsys, "release-show")["rolled_back"]["reason"] == "500 on login"


def test_a_damaged_seal_stops_it_with_exit_3(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    layout = OciLayout(project.folder / "b")
    good = project.tags("b")["1.4.1"]
    for entry in layout.entries():
        manifest = json.loads(layout.read_manifest(entry.digest).raw)
        bundle = "bundle" in manifest.get("artifactType", "")
        if bundle and manifest["subject"]["digest"] == good:
            digest = manifest["layers"][0]["digest"]
            layout.blobs.path(digest).write_bytes(b"{}")
    assert project.run("release", "rollback", "--yes", "--json") == Exit.EVIDENCE
    error = json.loads(capsys.readouterr().out)["error"]
    assert error["code"].startswith("attest.")
    assert "no tag goes there" in error["message"]
    assert latest(project) == ["1.4.2", "1.4.2"]


def test_an_old_scan_stops_it_with_exit_6_until_it_is_allowed(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    project.configure(tags=TAGS, verify={"scan_max_age": "1ms"})
    assert project.run("release", "rollback", "--yes", "--json") == Exit.UNDECIDED
    error = json.loads(capsys.readouterr().out)["error"]
    assert error["code"] == "scan.undecided"
    assert project.run("release", "rollback", "--yes", "--allow-old-scan") == Exit.OK
    assert "its scan is too old, and that is allowed" in capsys.readouterr().out
    assert latest(project) == ["1.4.1", "1.4.1"]


def test_targets_and_tags_are_those_that_are_named(
    project: Project, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project.folder)
    words = ("release", "rollback", "--yes", "--target", "oci:./a", "--tags", "latest, 1.4")
    assert project.run(*words) == Exit.OK
    assert latest(project) == ["1.4.1", "1.4.2"]
    for wrong, named in (("--target", "oci:./c"), ("--tags", "1.4.2"), ("--to", "9.9.9")):
        assert project.run("release", "rollback", "--yes", wrong, named) == Exit.USAGE
        assert named.removeprefix("oci:./") in capsys.readouterr().err


def test_without_a_public_key_the_private_one_is_asked_for(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project.folder / "cosign.pub").unlink()
    assert project.run("release", "rollback", "--yes") == Exit.USAGE
    monkeypatch.setenv("SHIPSEAL_KEY_PASSWORD", PASSWORD)
    assert project.run("release", "rollback", "--yes") == Exit.OK
    assert latest(project) == ["1.4.1", "1.4.1"]


def test_the_fix_is_released_as_ever(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    project.run("release", "rollback", "--yes")
    monkeypatch.setenv("SHIPSEAL_KEY_PASSWORD", PASSWORD)
    project.build({"sample": "1.4.2"})
    assert project.release("1.4.2") == Exit.OK
    assert latest(project) == ["1.4.1", "1.4.1"]
    project.build({"sample": "1.4.3"})
    assert project.release("1.4.3") == Exit.OK
    for name in ("a", "b"):
        tags = project.tags(name)
        assert tags["latest"] == tags["1.4"] == tags["1.4.3"]
