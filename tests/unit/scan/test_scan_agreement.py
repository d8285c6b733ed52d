"""The built-in matcher and real Grype on the same data: the same vulnerabilities in the same packages.

First on SBOMs of real material, in both formats that Syft writes; then on packages made of the bounds of the real
advisories, where every rule of matching that the two have not in common shows. ``docs/matching.md`` explains each
difference that is left.
"""

import gzip
import json
import random
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from shipseal.advisories.building import open_temporary, read_folder
from shipseal.advisories.compiled import CompiledDatabase
from shipseal.scan.builtin import BuiltinScanner
from shipseal.scan.compare import Comparison, compare_reports
from shipseal.scan.grype import GrypeOptions, GrypeScanner
from shipseal.scan.interface import DatabasePolicy, ScanReport, ScanRequest
from tests.support.clocks import StoppedClock
from tests.support.scanning import AMD64, SBOM, spdx_document
from tests.support.shared import shared
from tests.support.tools import need

pytestmark = [pytest.mark.tools, pytest.mark.shared]

# Name, and how many findings both have.
SBOMS = {
    "alpine-311": 0,
    "alpine33-real": 144,
    "debian11-nginx-real": 58,
    "debian12": 1717,
    "go-tools": 16,
    "java": 26,
    "npm-big": 5,
    "npm-web": 57,
    "py-django22": 67,
    "py-notebook": 53,
    "ruby-rails": 156,
    "rust-web": 48,
}
LEAST_AGREEMENT = 0.995
_ANY_AGE = DatabasePolicy(None)


@pytest.fixture(scope="module")
def advisories() -> CompiledDatabase:
    return open_temporary(read_folder(shared("advisories")), origin="shared")


def by_grype(request: ScanRequest, cache: Path) -> ScanReport:
    options = GrypeOptions(str(need("grype")), cache, _ANY_AGE)
    return GrypeScanner(options, StoppedClock()).scan(request)


def by_us(request: ScanRequest, advisories: CompiledDatabase) -> ScanReport:
    return BuiltinScanner(advisories, StoppedClock(), _ANY_AGE).scan(request)


def unpack(name: str, folder: Path, *kinds: str) -> list[Path]:
    paths = []
    for kind in kinds:
        path = folder / f"{name}.{kind}.json"
        path.write_bytes(gzip.decompress(shared(f"sboms/{path.name}.gz").read_bytes()))
        paths.append(path)
    return paths


@pytest.mark.parametrize("kind", ["spdx", "syft"])
@pytest.mark.parametrize("name", SBOMS)
def test_both_engines_find_the_same_in_real_material(
    name: str, kind: str, advisories: CompiledDatabase, shared_cache: Path, tmp_path: Path
) -> None:
    native = unpack(name, tmp_path, "syft")[0]
    request = ScanRequest(AMD64, unpack(name, tmp_path, kind)[0], SBOM, native)
    grype, ours = by_grype(request, shared_cache), by_us(request, advisories)
    found = compare_reports(ours, grype)
    assert found.agreement >= LEAST_AGREEMENT
    assert found.differences == ()
    assert len(grype.findings) == len(ours.findings) == SBOMS[name]
    assert {item.package.locations for item in ours.findings} == {
        item.package.locations for item in grype.findings
    }


Maker = Callable[[str, str, str], str]


def _plain(kind: str) -> Maker:
    return lambda name, version, release: f"pkg:{kind}/{quote(name)}@{quote(version, safe='')}"


def _system(kind: str, distro: str) -> Maker:
    return lambda name, version, release: (
        f"pkg:{kind}/{quote(name)}@{quote(version, safe='')}?distro={distro}-{release}"
    )


# Which packages are asked about, and the least share of pairs that both find; where it is below 99.5 %, bounds that are
# no versions serve as versions of packages here, which no package has.
ECOSYSTEMS: dict[str, tuple[Maker, float]] = {
    "PyPI": (_plain("pypi"), 0.99),
    "npm": (_plain("npm"), 0.995),
    "crates.io": (_plain("cargo"), 0.995),
    "Go": (_plain("golang"), 0.995),
    "RubyGems": (_plain("gem"), 0.995),
    "Packagist": (_plain("composer"), 0.98),
    "Maven": (lambda name, version, _: _plain("maven")(name.replace(":", "/"), version, ""), 0.995),
    "Bitnami": (_plain("bitnami"), 0.995),
    "Debian": (_system("deb/debian", "debian"), 0.995),
    "Alpine": (_system("apk/alpine", "alpine"), 0.99),
}
_PACKAGES = 120
_FEW = {"Bitnami": 20}  # each has hundreds of vulnerabilities


def bounds_of(ecosystem: str) -> dict[tuple[str, str], set[str]]:
    """Return the bounds and some enumerated versions of each package, by release and name."""
    found: dict[tuple[str, str], set[str]] = {}
    with gzip.open(shared(f"advisories/{ecosystem}.jsonl.gz")) as lines:
        for affected in (one for line in lines for one in json.loads(line).get("affected", ())):
            package = affected.get("package")
            if package is None:
                continue
            release = package["ecosystem"].partition(":")[2].removeprefix("v")
            versions = found.setdefault((release, package["name"]), set())
            versions |= set(affected.get("versions", ())[:3])
            for event in _events(affected):
                versions |= {text for text in event.values() if text != "0"}
    return found


def _events(affected: dict[str, object]) -> Iterator[dict[str, str]]:
    specific = affected.get("ecosystem_specific")
    custom = specific.get("custom_ranges", ()) if isinstance(specific, dict) else ()
    ranges = affected.get("ranges", ())
    assert isinstance(ranges, list | tuple)
    for found in (*ranges, *custom):
        if found["type"] != "GIT":
            yield from found["events"]


def around(bounds: Iterable[str], chance: random.Random) -> set[str]:
    """Return some bounds, versions just beside them, and two far away."""
    chosen = sorted(bounds)
    chance.shuffle(chosen)
    last = re.compile(r"\d+(?=\D*$)")
    found = {"0.0.1", "999.0.0", *chosen[:6]}
    for bound in chosen[:3]:
        for step in (1, -1):
            found.add(last.sub(lambda m, step=step: str(max(0, int(m[0]) + step)), bound, count=1))  # type: ignore[misc]
    # Cargo's lowest version, which begins most of its ranges, is none that is ever published.
    return {version for version in found if not version.startswith("0.0.0-")}


def packages_of(ecosystem: str, make: Maker) -> Iterator[dict[str, object]]:
    chance = random.Random(20260114)
    known = bounds_of(ecosystem)
    names = sorted(known)
    chance.shuffle(names)
    for release, name in names[: _FEW.get(ecosystem, _PACKAGES)]:
        for version in sorted(around(known[release, name], chance)):
            prefix = "" if ecosystem != "Go" else "go" if name == "stdlib" else "v"
            purl = make(name, prefix + version, release)
            yield {
                "SPDXID": f"SPDXRef-Package-{len(purl)}-{abs(hash(purl)):016x}",
                "name": name.rpartition(":")[2],
                "versionInfo": prefix + version,
                "downloadLocation": "NOASSERTION",
                "externalRefs": [{
                    "referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": purl,
                }],
            }  # fmt: skip


@pytest.mark.parametrize("ecosystem", ECOSYSTEMS)
def test_both_engines_find_the_same_at_every_bound(
    ecosystem: str, advisories: CompiledDatabase, shared_cache: Path, tmp_path: Path
) -> None:
    make, least = ECOSYSTEMS[ecosystem]
    path = tmp_path / "sbom.spdx.json"
    path.write_bytes(spdx_document(packages_of(ecosystem, make)))
    request = ScanRequest(AMD64, path, SBOM)
    found: Comparison = compare_reports(by_us(request, advisories), by_grype(request, shared_cache))
    assert found.common > 100
    assert found.agreement >= least, [(item.pair, item.found_by) for item in found.differences[:30]]
