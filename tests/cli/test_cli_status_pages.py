"""`shipseal status-pages`: what is looked at, what is said, and how it ends."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from shipseal.cli.main import main
from shipseal.config.status_model import KNOWN_PAGES
from shipseal.errors import Exit
from shipseal.status.services import NAMES
from shipseal.testing.status_pages import FAULTS, StatusPageServer
from tests.support.release_project import Project
from tests.support.schemas import check_shape


@pytest.fixture
def pages() -> Iterator[StatusPageServer]:
    with StatusPageServer() as server:
        yield server


def project(folder: Path, pages: StatusPageServer, *targets: str, **named: str) -> Project:
    told = {"github": pages.url(), "docker": pages.url("statusio"), **named}
    return Project(folder, targets=targets, extra={"status": {"pages": told}})


def run(capsys: pytest.CaptureFixture[str], one: Project, *words: str) -> tuple[int, Any]:
    status = one.run("status-pages", *words, "--json")
    value = json.loads(capsys.readouterr().out)
    check_shape(value, "status-pages")
    return status, value["pages"]


def test_the_pages_of_the_targets_are_looked_at_as_far_as_they_matter(
    tmp_path: Path, pages: StatusPageServer, capsys: pytest.CaptureFixture[str]
) -> None:
    one = project(tmp_path, pages, "ghcr.io/org/app")
    status, (page,) = run(capsys, one)
    assert (status, page["page"], page["status"]) == (Exit.OK, "github", "pass")
    assert [part["name"] for part in page["components"]] == ["Packages"]
    pages.trouble("Actions", "Runners are slow")
    assert run(capsys, one)[0] == Exit.OK, "what does not matter here"
    pages.trouble("Packages", "Packages cannot be pulled")
    status, (page,) = run(capsys, one)
    assert (status, page["state"]) == (Exit.REFUSED, "major-outage")
    assert page["incidents"][0]["title"] == "Packages cannot be pulled"
    assert one.run("status-pages") == Exit.REFUSED
    said = capsys.readouterr().out
    for text in ("github", "Packages", "major-outage", f"{pages.base}/incidents/1"):
        assert text in said


def test_a_page_that_cannot_be_read_is_5_and_wins_over_one_with_trouble(
    tmp_path: Path, pages: StatusPageServer, capsys: pytest.CaptureFixture[str]
) -> None:
    pages.trouble("Packages")
    with StatusPageServer() as bad:
        bad.answer = FAULTS["web page"]
        one = project(tmp_path, pages, "ghcr.io/org/app", "docker.io/org/app", docker=bad.url())
        status, found = run(capsys, one)
        assert status == Exit.OUTSIDE
        assert [page["status"] for page in found] == ["fail", "unknown"]
        assert one.run("status-pages") == Exit.OUTSIDE
        assert "a web page" in capsys.readouterr().out


def test_layouts_need_nobody(
    tmp_path: Path, pages: StatusPageServer, capsys: pytest.CaptureFixture[str]
) -> None:
    one = project(tmp_path, pages, "oci:./a")
    assert run(capsys, one) == (Exit.OK, [])
    assert one.run("status-pages") == Exit.OK
    assert "status.pages" in capsys.readouterr().out
    assert pages.asked == []


def test_all_known_pages_are_looked_at_when_asked_for(
    tmp_path: Path, pages: StatusPageServer, capsys: pytest.CaptureFixture[str]
) -> None:
    own = {name: pages.url() for name in NAMES} | {"registry.example.org": "none"}
    one = project(tmp_path, pages, "oci:./a", **own)
    status, found = run(capsys, one, "--all")
    assert status == Exit.OK
    assert [page["page"] for page in found] == list(NAMES)


def test_an_address_that_is_none_is_refused_with_its_line(
    tmp_path: Path, pages: StatusPageServer, capsys: pytest.CaptureFixture[str]
) -> None:
    one = project(tmp_path, pages, "oci:./a", github="ftp://example.org")
    assert one.run("status-pages") == Exit.USAGE
    said = capsys.readouterr().err
    assert "status.pages.github" in said
    assert "status page" in said
    one = project(tmp_path, pages, "oci:./a", nobody=pages.url())
    assert one.run("status-pages") == Exit.USAGE


def test_a_configuration_that_is_named_must_be_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["status-pages", "--config", str(tmp_path / "no.yaml")]) == Exit.USAGE


def test_configuration_and_table_know_the_same_pages() -> None:
    assert KNOWN_PAGES == NAMES
