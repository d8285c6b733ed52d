"""Our VEX in the hands of real Grype: it takes out what our ignores take out, by whatever name it knows the image."""

import json
import os
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from shipseal.gate.decision import decide
from shipseal.gate.policy import GatePolicy
from shipseal.ignores.read import read_ignores
from shipseal.ignores.vex.names import image_names
from shipseal.ignores.vex.openvex import openvex_document
from shipseal.ignores.vex.statements import statements_of
from shipseal.scan.grype_json import decode_report, findings_of
from shipseal.scan.interface import Finding
from shipseal.scan.native import NativeCatalogue
from shipseal.testing.images import build_layout
from tests.support.grype_database import Known, grype_database
from tests.support.registries import crane_registry
from tests.support.release_project import files_for
from tests.support.scanning import scan_report
from tests.support.tools import need

pytestmark = pytest.mark.tools

NOW = datetime(2026, 1, 12, tzinfo=UTC)
PLATFORM = "linux/amd64"
PACKAGES = {"planted": "1.0", "sown": "2.0", "grown": "3.0"}
KNOWN = (
    Known("GHSA-aaaa-bbbb-cccc", "planted", "<2.0", "2.0", aliases=("CVE-2099-0001",)),
    Known("CVE-2099-0002", "planted", "<3.0", "3.0"),
    Known("CVE-2099-0003", "sown", "<=2.0"),
    Known("CVE-2099-0004", "grown", "<=3.0"),
)
WHY = "impact: vulnerable_code_not_in_execute_path, component: c, tracking: 'https://example.org/1', issue: '#2'"
RULES = f"""\
ignore:
- {{vulnerability: CVE-2099-0001, include-aliases: true, remove-when: never, {WHY}, reason: a}}
- {{package: {{name: sown}}, remove-when: never, {WHY}, reason: b}}
- {{vulnerability: CVE-2099-0004, expires: 2026-01-01, remove-when: never, {WHY}, reason: c}}
- {{vulnerability: CVE-2099-9999, remove-when: never, {WHY}, reason: d}}
"""
INDEX = "sha256:" + "a" * 64
OTHER = "sha256:" + "b" * 64

Key = tuple[str, str]


class Bench:
    """An image's SBOM, and Grype with a database of our own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        image = build_layout(
            folder / "image",
            platforms=[PLATFORM],
            layers=lambda platform: files_for(platform, PACKAGES),
            ref="1.0",
        )
        self.layout, self.digest = image.layout.folder, str(image.digest)
        self._cache = grype_database(folder, KNOWN)
        done = self.run("syft", "scan", f"oci-dir:{self.layout}", "-o", "syft-json")
        self._sbom: dict[str, Any] = json.loads(done)

    def matches(self, image: str, *words: str) -> list[Finding]:
        """Return what Grype finds and does not take out, where the SBOM is of ``image`` (with a digest)."""
        sbom = json.loads(json.dumps(self._sbom))
        sbom["source"]["metadata"] |= {"userInput": image, "tags": [], "repoDigests": [image]}
        return self.found(sbom, *words)

    def found(self, sbom: dict[str, Any], *words: str) -> list[Finding]:
        """Return what Grype finds in an SBOM and does not take out."""
        file = self.folder / "sbom.json"
        file.write_text(json.dumps(sbom))
        done = self.run("grype", f"sbom:{file}", "-o", "json", *words)
        report = decode_report(done.encode())
        assert report is not None
        return list(findings_of(report, NativeCatalogue()))

    def vex(self, names: Sequence[str], digests: Sequence[str]) -> tuple[str, ...]:
        """Write our VEX, and return Grype's words for it."""
        found = self.matches("app@" + INDEX)
        rules = read_ignores(RULES, name="x").rules
        said, _ = statements_of(rules, found, image_names(names, digests), now=NOW)
        document = openvex_document(said, author="us", now=NOW, tooling="tests")
        file = self.folder / "our.openvex.json"
        file.write_text(json.dumps(document))
        return ("--vex", str(file))

    def left(self) -> set[Key]:
        """Return what our gate leaves."""
        rules = read_ignores(RULES, name="x").rules
        reports = [scan_report(*self.matches("app@" + INDEX))]
        verdicts = decide(reports, GatePolicy(), rules, now=NOW).verdicts
        return {key(one.finding) for one in verdicts if one.status != "ignored"}

    def without_hashes(self) -> None:
        """Let names alone decide."""
        file = self.folder / "our.openvex.json"
        document = json.loads(file.read_text())
        for statement in document["statements"]:
            for product in statement["products"]:
                del product["hashes"]
        file.write_text(json.dumps(document))

    def run(self, tool: str, *words: str) -> str:
        """Run a tool and return what it prints."""
        env = {"PATH": os.environ["PATH"], "HOME": str(self.folder)} | {
            "GRYPE_DB_CACHE_DIR": str(self._cache) if hasattr(self, "_cache") else "",
            "GRYPE_DB_AUTO_UPDATE": "false",
            "GRYPE_DB_VALIDATE_AGE": "false",
            "GRYPE_CHECK_FOR_APP_UPDATE": "false",
            "SYFT_CHECK_FOR_APP_UPDATE": "false",
        }
        command = [str(need(tool)), *words]
        done = subprocess.run(
            command,
            env=env,
            capture_output=True,
            text=True,
            timeout=60,
            cwd=self.folder,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


def key(finding: Finding) -> Key:
    return finding.id, finding.package.name


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    return Bench(tmp_path_factory.mktemp("grype-vex"))


def test_the_ignores_take_out_some_and_not_all(bench: Bench) -> None:
    assert {key(one) for one in bench.matches("app@" + INDEX)} - bench.left() == {
        ("GHSA-aaaa-bbbb-cccc", "planted"),
        ("CVE-2099-0003", "sown"),
    }


@pytest.mark.parametrize("hashes", [True, False], ids=["by digest", "by name alone"])
@pytest.mark.parametrize(
    ("released", "scanned"),
    [
        ("docker.io/library/app", "app"),
        ("docker.io/library/app", "docker.io/library/app"),
        ("docker.io/library/app", "index.docker.io/library/app"),
        ("index.docker.io/app", "docker.io/app"),
        ("app", "library/app"),
        ("docker.io/org/app", "org/app"),
        ("ghcr.io/org/team/app", "ghcr.io/org/team/app"),
        ("localhost:5000/app", "localhost:5000/app"),
    ],
)
def test_grype_takes_out_what_our_ignores_take_out(
    bench: Bench, released: str, scanned: str, hashes: bool
) -> None:
    words = bench.vex((released,), (INDEX, OTHER))
    if not hashes:
        bench.without_hashes()
    for digest in (INDEX, OTHER):
        left = {key(one) for one in bench.matches(f"{scanned}@{digest}", *words)}
        assert left == bench.left()


def test_another_image_keeps_its_findings(bench: Bench) -> None:
    words = bench.vex(("ghcr.io/org/app",), (INDEX,))
    everything = {key(one) for one in bench.matches("app@" + INDEX)}
    elsewhere = bench.matches("ghcr.io/org/app@sha256:" + "c" * 64, *words)
    assert {key(one) for one in elsewhere} == everything
    bench.without_hashes()
    other = bench.matches(f"ghcr.io/org/other@{INDEX}", *words)
    assert {key(one) for one in other} == everything


@pytest.mark.parametrize("name", ["org/app:1.0", "org/app@{index}"])
def test_grype_knows_an_image_at_a_registry_by_tag_and_by_digest(bench: Bench, name: str) -> None:
    with crane_registry(bench.folder / f"registry {name[7]}") as registry:
        image = f"{registry.host}/org/app"
        bench.run("crane", "push", "--index", str(bench.layout), f"{image}:1.0")
        index = bench.run("crane", "digest", f"{image}:1.0").strip()
        platform = bench.run("crane", "digest", "--platform", PLATFORM, f"{image}:1.0").strip()
        named = f"registry:{registry.host}/{name.format(index=index)}"
        sbom = json.loads(bench.run("syft", "scan", named, "-o", "syft-json"))
        words = bench.vex((image,), (index, platform))
        assert {key(one) for one in bench.found(sbom, *words)} == bench.left()
