"""The built-in matcher and real Grype on the same data: the same vulnerabilities in the same packages."""

import gzip
from collections.abc import Iterable
from pathlib import Path

import pytest

from shipseal.advisories.building import open_temporary, read_folder
from shipseal.advisories.compiled import CompiledDatabase
from shipseal.scan.builtin import BuiltinScanner
from shipseal.scan.grype import GrypeOptions, GrypeScanner
from shipseal.scan.interface import DatabasePolicy, Finding, ScanRequest
from tests.support.clocks import StoppedClock
from tests.support.scanning import AMD64, SBOM
from tests.support.shared import shared
from tests.support.tools import need

pytestmark = [pytest.mark.tools, pytest.mark.shared]

# Name, and how many findings both have. The largest documents are compared by the bench.
SBOMS = {
    "alpine-311": 0,
    "alpine33-real": 144,
    "debian11-nginx-real": 58,
    "go-tools": 16,
    "java": 26,
    "npm-web": 57,
    "py-django22": 67,
    "py-notebook": 53,
    "ruby-rails": 156,
    "rust-web": 48,
}

Pair = tuple[str, str, str]


@pytest.fixture(scope="module")
def advisories() -> CompiledDatabase:
    return open_temporary(read_folder(shared("advisories")), origin="shared")


def unpack(name: str, folder: Path) -> ScanRequest:
    paths = []
    for kind in ("spdx", "syft"):
        path = folder / f"{name}.{kind}.json"
        path.write_bytes(gzip.decompress(shared(f"sboms/{path.name}.gz").read_bytes()))
        paths.append(path)
    return ScanRequest(AMD64, paths[0], SBOM, paths[1])


def pairs(findings: Iterable[Finding]) -> set[Pair]:
    """Return package, version and CVE of each finding; the id where there is no CVE."""
    found = set()
    for item in findings:
        names = [name for name in (item.id, *item.aliases) if name.startswith("CVE-")]
        found |= {(item.package.name, item.package.version, name) for name in names or [item.id]}
    return found


@pytest.mark.parametrize("name", SBOMS)
def test_both_engines_find_the_same(
    name: str, advisories: CompiledDatabase, shared_cache: Path, tmp_path: Path
) -> None:
    request = unpack(name, tmp_path)
    clock, policy = StoppedClock(), DatabasePolicy(None)
    grype = GrypeScanner(GrypeOptions(str(need("grype")), shared_cache, policy), clock).scan(
        request
    )
    ours = BuiltinScanner(advisories, clock, policy).scan(request)
    assert pairs(ours.findings) == pairs(grype.findings)
    assert len(grype.findings) == SBOMS[name]
    assert {item.package.locations for item in ours.findings} == {
        item.package.locations for item in grype.findings
    }
