"""Which Syft is used, and what is said when there is none that can run."""

import os
from pathlib import Path

import pytest

from shipseal.errors import Code, ToolError
from shipseal.sbom.index_level import document_time
from shipseal.sbom.syft_tool import find_syft
from tests.support.fake_syft import FakeSyft


@pytest.mark.parametrize("named", ["", "syft"])
def test_the_one_on_path_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, named: str) -> None:
    fake = FakeSyft(tmp_path)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}/usr/bin{os.pathsep}/bin")
    tool = find_syft(named)
    assert (tool.path, tool.name, tool.identity) == (fake.path, "syft 9.9.9", "9.9.9")


@pytest.mark.parametrize("named", ["", "syft"])
def test_the_wheels_is_found_without_path(monkeypatch: pytest.MonkeyPatch, named: str) -> None:
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    tool = find_syft(named)
    assert tool.origin == "wheel"
    assert tool.name.startswith("syft 1.")


def test_a_named_one_wins_over_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    FakeSyft(tmp_path / "path")
    other = FakeSyft(tmp_path / "other", version="1.2.3")
    monkeypatch.setenv("PATH", f"{tmp_path / 'path'}{os.pathsep}/usr/bin{os.pathsep}/bin")
    tool = find_syft(str(other.path))
    assert (tool.version, tool.origin) == ("1.2.3", "named")


def test_a_named_one_that_is_not_there_is_not_replaced(tmp_path: Path) -> None:
    with pytest.raises(ToolError, match="no such program") as caught:
        find_syft(str(tmp_path / "syft-2"))
    assert caught.value.code is Code.TOOL_MISSING


def test_a_file_that_is_no_program(tmp_path: Path) -> None:
    (tmp_path / "syft").write_text("not a program")
    (tmp_path / "syft").chmod(0o755)
    with pytest.raises(ToolError, match="cannot be started") as caught:
        find_syft(str(tmp_path / "syft"))
    assert caught.value.code is Code.TOOL_MISSING


def test_a_program_that_tells_no_version_is_known_by_its_digest(tmp_path: Path) -> None:
    program = tmp_path / "syft"
    program.write_text("#!/bin/sh\necho hello\n")
    program.chmod(0o755)
    tool = find_syft(str(program))
    assert tool.name == "syft unknown"
    assert tool.identity.startswith("sha256:")


@pytest.mark.parametrize(
    ("epoch", "image", "time"),
    [
        (0, "2024-05-06T07:08:09Z", "1970-01-01T00:00:00Z"),
        (None, "2024-05-06T07:08:09.123456789+02:00", "2024-05-06T05:08:09Z"),
        (None, "", "1970-01-01T00:00:00Z"),
        (None, "yesterday", "1970-01-01T00:00:00Z"),
    ],
)
def test_a_documents_time_is_never_the_time_of_day(
    epoch: int | None, image: str, time: str
) -> None:
    assert document_time(epoch, image) == time
