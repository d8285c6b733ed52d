"""``shipseal release checklist``: nobody ticks anything, the evidence does."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from shipseal.errors import Exit
from shipseal.release.checklist import ITEMS, checklist
from shipseal.release.checklist_page import PAGE
from shipseal.release.known import survey
from shipseal.testing.http_server import Exchange
from shipseal.testing.registry_simulator import RegistrySimulator
from shipseal.wiring.state import state_folder
from tests.support.release_project import PASSWORD, Project
from tests.support.schemas import check_shape


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sbom_cache: Path) -> Project:
    monkeypatch.setenv("SHIPSEAL_KEY_PASSWORD", PASSWORD)
    monkeypatch.setenv("SHIPSEAL_CACHE", str(sbom_cache))
    made = Project(tmp_path / "project")
    made.build()
    return made


def ticked(project: Project, capsys: pytest.CaptureFixture[str], expected: Exit) -> dict[str, Any]:
    capsys.readouterr()
    assert project.run("release", "checklist", "--json") == expected
    value = json.loads(capsys.readouterr().out)
    check_shape(value, "release-checklist")
    assert [item["id"] for item in value["items"]] == [item.id for item in ITEMS]
    return {**value, "states": {item["id"]: item["state"] for item in value["items"]}}


def test_a_release_that_is_public_has_every_box_ticked_by_digests(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    assert project.release("1.0.0") == Exit.OK
    listed = ticked(project, capsys, Exit.OK)
    assert listed["complete"]
    assert set(listed["states"].values()) == {"done"}
    proofs = {item["id"]: item["proof"] for item in listed["items"]}
    assert listed["digest"] in proofs["image.staged"]
    assert "sha256:" in proofs["seal.attested"]
    [page] = project.folder.rglob(PAGE)
    assert page.read_text().count("- [x] ") == len(ITEMS)
    # Statements are signed side by side; the page is the same whichever came first.
    [known] = survey(state_folder(project.folder / "shipseal.yaml", {})).releases
    turned = dict(reversed(known.state.evidence.items()))
    assert checklist(replace(known.state, evidence=turned)) == checklist(known.state)


def test_a_release_that_the_gate_refused_says_what_failed_and_what_is_open(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    project.build({"planted": "1.0"})
    assert project.release("1.0.0") == Exit.REFUSED
    states = ticked(project, capsys, Exit.REFUSED)["states"]
    assert states["gate.passed"] == "failed"
    assert (states["image.platforms"], states["scan.done"]) == ("done", "done")
    assert {states[name] for name in ("seal.attested", "tags.moved", "release.verified")} == {
        "open"
    }
    assert project.run("release", "checklist") == Exit.REFUSED
    out = capsys.readouterr().out
    assert "not complete" in out
    assert "[!] the gate passed" in out
    assert "[ ] the tags name it" in out


def test_what_was_signed_and_is_stored_nowhere_yet_is_open(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    uploads = 0

    def no_evidence(exchange: Exchange) -> bool:
        """Take the image, which is an index and two manifests, and nothing that comes after it."""
        nonlocal uploads
        uploads += exchange.method == "PUT" and "/manifests/" in exchange.path
        if uploads <= 3:
            return False
        exchange.reply(503, b"busy")
        return True

    with RegistrySimulator() as registry:
        project.configure(
            targets=["oci:./there", f"{registry.host}/org/app"], timeouts={"retry_deadline": "1ms"}
        )
        registry.before = no_evidence
        assert project.release("1.0.0") == Exit.OUTSIDE
        listed = ticked(project, capsys, Exit.REFUSED)
    assert listed["states"]["provenance.attested"] == "open"
    assert listed["states"]["tags.moved"] == "open"
    [proof] = [one["proof"] for one in listed["items"] if one["id"] == "provenance.attested"]
    assert proof.startswith("signed, not stored at oci:")
    assert proof.endswith(f"{registry.host}/org/app")


def test_a_rehearsal_needs_no_evidence(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    assert project.run("release", "--version", "1.0.0", "--dry-run") == Exit.OK
    capsys.readouterr()
    [page] = project.folder.rglob(PAGE)
    text = page.read_text()
    assert "not needed: nothing is signed in a rehearsal" in text
    assert "- [x] the gate passed" in text


def test_markdown_for_an_issue_has_boxes_and_whole_digests(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    assert project.release("1.0.0") == Exit.OK
    capsys.readouterr()
    assert project.run("release", "checklist", "1.0.0", "--markdown") == Exit.OK
    out = capsys.readouterr().out
    assert out.startswith("# Release checklist: ")
    assert out.count("- [x] ") == len(ITEMS)
    assert project.run("release", "checklist", "7.0.0") == Exit.USAGE


def test_tags_that_went_back_are_no_longer_ticked(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    assert project.release("1.0.0") == Exit.OK
    project.build({"other": "1.1"})
    assert project.release("1.1.0") == Exit.OK
    assert project.run("release", "rollback", "--to", "1.0.0", "--reason", "500", "--yes") == 0
    listed = ticked(project, capsys, Exit.REFUSED)
    assert listed["version"] == "1.1.0"
    assert listed["states"]["tags.moved"] == "failed"
