"""A release in a job with little memory: it stays within it by running one tool after the other, and says why."""

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.memory_group import memory_group
from tests.support.release_project import PASSWORD, PLATFORMS, Project
from tests.support.tools import need

pytestmark = [pytest.mark.tools, pytest.mark.timeout(120)]

MIB = 1 << 20
SHIPSEAL = Path(sys.executable).with_name("shipseal")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = Project(tmp_path / "project", extra={"sbom": {"syft": str(need("syft"))}})
    made.build()
    return made


def environment(tmp_path: Path, cache: str) -> dict[str, str]:
    own = {"SHIPSEAL_KEY_PASSWORD": PASSWORD, "SHIPSEAL_CACHE": str(tmp_path / cache)}
    return {**os.environ, **own, "SHIPSEAL_STATE": str(tmp_path / f"{cache}-state")}


def shown(project: Project, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    capsys.readouterr()
    assert project.run("release", "show", "--json") == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)["budget"]
    return found


def test_in_little_memory_catalogues_are_made_one_after_the_other(
    tmp_path: Path,
    project: Project,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    limit = 448 * MIB
    env = environment(tmp_path, "small")
    with memory_group(limit) as group:
        words = ["release", "--version", "1.0.0"]
        done = group.run([SHIPSEAL, *words], env=env, cwd=project.folder, timeout=100)
        assert done.returncode == 0, done.stderr
        assert group.killed == 0
        assert group.number("memory.max_usage_in_bytes") <= limit
    waits = [line for line in done.stderr.splitlines() if "waits for memory" in line]
    assert len(waits) == 1
    monkeypatch.setenv("SHIPSEAL_STATE", env["SHIPSEAL_STATE"])
    budget = shown(project, capsys)
    assert budget["memory"] < limit * 3 // 4
    assert "below the control group's limit" in budget["reasons"][1]
    runs = {one["about"]: one for one in budget["tools"]}
    assert sorted(runs) == [f"SBOM {platform}" for platform in PLATFORMS]
    assert [one["beside"] for one in runs.values()] == [1, 1]
    assert sum(one["needed"] for one in runs.values()) > budget["memory"]
    assert any(one["waited"] >= 0.1 for one in runs.values())


@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="one core: nothing runs side by side")
def test_with_enough_memory_they_are_made_side_by_side(
    tmp_path: Path,
    project: Project,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in environment(tmp_path, "large").items():
        monkeypatch.setenv(name, value)
    assert project.release() == 0
    assert "waits for memory" not in capsys.readouterr().err
    budget = shown(project, capsys)
    assert [one["beside"] for one in budget["tools"]] == [2, 2]
    assert all(one["peak"] >= 0 and one["seconds"] > 0 for one in budget["tools"])


def test_a_limit_in_the_configuration_is_kept_to_and_named(
    tmp_path: Path,
    project: Project,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in environment(tmp_path, "stated").items():
        monkeypatch.setenv(name, value)
    project.configure(limits={"memory": "300MiB"})
    assert project.release() == 0
    assert "waits for memory" in capsys.readouterr().err
    budget = shown(project, capsys)
    assert budget["memory"] == 300 * MIB
    assert budget["reasons"][1] == "memory: 300 MiB (limits.memory)"
    assert [one["beside"] for one in budget["tools"]] == [1, 1]
    assert project.run("release", "show") == 0
    told = capsys.readouterr().out
    assert "budget of outside tools: cores: " in told
    assert "SBOM linux/arm64" in told
