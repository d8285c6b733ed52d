"""One image, released with each scan engine on the same data: both refuse it for the same reasons, and accept it."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from shipseal.advisories.building import build_into, read_folder
from shipseal.errors import Exit
from tests.support.grype_database import import_database
from tests.support.release_project import PASSWORD, Project
from tests.support.shared import shared
from tests.support.tools import need

pytestmark = [pytest.mark.tools, pytest.mark.shared, pytest.mark.timeout(120)]

ENGINES = ("builtin", "grype")
# Of the real data: the first has critical vulnerabilities, the second has one that is not, the third has none.
CRITICAL = {"Django": "2.2.0", "Jinja2": "2.10"}
MINOR = {"requests": "2.19.0"}
CLEAN = {"sample": "1.0"}


@pytest.fixture(scope="module")
def databases(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Path]:
    """Return where each engine has its data, made of the same advisories."""
    cache = tmp_path_factory.mktemp("grype")
    import_database(shared("grype-db/vulnerability-db.tar.zst"), cache)
    folder = tmp_path_factory.mktemp("advisories")
    return {"grype": cache, "builtin": build_into(read_folder(shared("advisories")), folder)}


@pytest.fixture
def project(
    tmp_path: Path,
    databases: Mapping[str, Path],
    monkeypatch: pytest.MonkeyPatch,
    sbom_cache: Path,
) -> Project:
    monkeypatch.setenv("GRYPE_DB_CACHE_DIR", str(databases["grype"]))
    monkeypatch.setenv("SHIPSEAL_KEY_PASSWORD", PASSWORD)
    monkeypatch.setenv("SHIPSEAL_CACHE", str(sbom_cache))
    settings = {"sbom": {"syft": str(need("syft"))}, "platforms": ["linux/amd64"]}
    return Project(tmp_path / "project", ("oci:./a",), settings)


def release(
    project: Project, engine: str, database: Path, capsys: pytest.CaptureFixture[str], **gate: Any
) -> tuple[int, str, str]:
    """Release with one engine, and return the exit status, the code, and what refused it."""
    found = {"grype": str(need("grype"))} if engine == "grype" else {"database": str(database)}
    project.configure(scan={"engine": engine, "max_age": "none"} | found, gate=gate)
    status = project.release("1.0.0", "--json")
    result = json.loads(capsys.readouterr().out)
    return status, str(result["code"]), str(result["message"])


@pytest.mark.parametrize(
    ("packages", "gate", "expected"),
    [
        (CRITICAL, {"fail_on": "critical"}, Exit.REFUSED),
        (CRITICAL, {"fail_on": "high", "fixable_only": True, "unknown": "fail"}, Exit.REFUSED),
        (MINOR, {"fail_on": "critical", "unknown": "report"}, Exit.OK),
        (CLEAN, {"fail_on": "low", "unknown": "fail"}, Exit.OK),
    ],
)
def test_each_engine_refuses_and_accepts_the_same(
    project: Project,
    databases: Mapping[str, Path],
    capsys: pytest.CaptureFixture[str],
    packages: Mapping[str, str],
    gate: Mapping[str, Any],
    expected: int,
) -> None:
    told = []
    for engine in ENGINES:
        project.build(packages, platforms=("linux/amd64",))
        told.append(release(project, engine, databases["builtin"], capsys, **gate))
        for name in ("a", ".shipseal"):  # the next engine finds no trace of this one
            if (project.folder / name).exists():
                (project.folder / name).rename(project.folder / f"{name}-{engine}")
    assert told[0] == told[1]
    assert told[0][0] == expected
