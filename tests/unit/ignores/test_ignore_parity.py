"""Rules against real Grype: it and we take the same findings out, rule by rule."""

import gzip
import json
import subprocess
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from shipseal.ignores.matching import RuleMatcher
from shipseal.ignores.read import read_ignores
from shipseal.scan.grype_json import decode_report, findings_of
from shipseal.scan.interface import Finding
from shipseal.scan.native import NativeCatalogue
from tests.support.grype_database import import_database
from tests.support.shared import shared
from tests.support.tools import need

pytestmark = [pytest.mark.tools, pytest.mark.shared]

RULES = [
    "{vulnerability: PYSEC-2020-35}",
    "{vulnerability: pysec-2020-35}",
    "{vulnerability: CVE-2020-7471}",
    "{vulnerability: CVE-2020-7471, include-aliases: true}",
    "{vulnerability: CVE-2021-4034, include-aliases: 'true'}",
    "{reason: nothing}",
    "{include-aliases: true}",
    "{fix-state: fixed}",
    "{fix-state: not-fixed}",
    "{fix-state: unknown}",
    "{fix-state: Fixed}",
    "{match-type: exact-direct-match}",
    "{match-type: exact-indirect-match}",
    "{match-type: cpe-match}",
    "{namespace: 'github:language:python'}",
    "{namespace: 'alpine:distro:alpine:3.3'}",
    "{package: {name: django}}",
    "{package: {name: Django}}",
    "{package: {name: 'djang.'}}",
    "{package: {name: 'djang.$'}}",
    "{package: {name: 'djan|xyz'}}",
    "{package: {name: 'xyz|jango'}}",
    "{package: {name: 'djan(go'}}",
    "{package: {name: '(?=d)django'}}",
    "{package: {name: '(?i)DJANGO'}}",
    "{package: {name: '[a-m]+'}}",
    "{package: {name: '.*ssl.*'}}",
    "{package: {version: 2.2}}",
    "{package: {version: '2.2'}}",
    "{package: {language: python}}",
    "{package: {type: python}}",
    "{package: {type: apk, name: 'lib.*'}}",
    "{package: {location: '**/METADATA'}}",
    "{package: {location: '/usr/**'}}",
    "{package: {location: '/usr/*/METADATA'}}",
    "{package: {location: '/usr/[**'}}",
    "{package: {location: '/{lib,usr}/**/installed'}}",
    "{package: {location: '/lib/apk/db/i?stalled'}}",
    "{package: {upstream-name: openssl}}",
    "{package: {upstream-name: '.*x.*'}}",
    "{vulnerability: PYSEC-2020-35, vex-status: not_affected}",
    "{vulnerability: PYSEC-2020-35, vex-justification: x}",
    "{vulnerability: PYSEC-2020-35, package: {name: django, type: python}, fix-state: fixed}",
    "{vulnerability: PYSEC-2020-35, package: {name: flask}}",
    "{Vulnerability: PYSEC-2020-35}",
    "{vulnerability: PYSEC-2020-35, expires: 2999-01-01, owner: somebody}",
    "{vulnerability: CVE-2020-7471, include_aliases: true}",
    "{fix-state: wont-fix}",
    "{fix-state: ''}",
    "{match-type: ''}",
    "{match-type: exact-direct-match, fix-state: fixed}",
    "{namespace: 'github:language:javascript'}",
    "{namespace: 'govulndb:language:go'}",
    "{namespace: 'debian:distro:debian:11'}",
    "{namespace: 'debian:distro:debian:.*'}",
    "{package: {type: deb}}",
    "{package: {type: npm, name: 'l.*'}}",
    "{package: {type: go-module}}",
    "{package: {type: Python}}",
    "{package: {language: ''}}",
    "{package: {name: 'github.com/.*'}}",
    "{package: {name: 'golang.org/x/net'}}",
    "{package: {name: 'lodash'}, include-aliases: true}",
    "{package: {name: 'lib(ssl|crypto).*'}}",
    "{package: {name: '^libssl'}}",
    "{package: {name: 'ssl$'}}",
    "{package: {name: '\\w+'}}",
    "{package: {name: '[[:alpha:]]+'}}",
    "{package: {name: 'a{2,1}'}}",
    "{package: {name: 'a**'}}",
    "{package: {name: '(a|b'}}",
    "{package: {name: '(a)\\1'}}",
    "{package: {name: '$x^'}}",
    "{package: {upstream-name: 'linux'}}",
    "{package: {upstream-name: 'glib.*'}}",
    "{package: {upstream-name: ''}}",
    "{package: {location: '**'}}",
    "{package: {location: '*'}}",
    "{package: {location: '/**/dpkg/status'}}",
    "{package: {location: '/var/lib/dpkg/status'}}",
    "{package: {location: '/VAR/**'}}",
    "{package: {location: '**/{package.json,package-lock.json}'}}",
    "{package: {location: '/**/[!a]*'}}",
    "{package: {version: '2.2', type: python, language: python, location: '**'}}",
    "{vulnerability: ' PYSEC-2020-35'}",
    "{vulnerability: 'PYSEC-2020-.*'}",
    "{vulnerability: null, package: {name: openssl}}",
    "{package: null, vulnerability: PYSEC-2020-35}",
    "{package: {}, fix-state: fixed}",
    "{vulnerability: PYSEC-2020-35, impact: x, component: y, tracking: 'https://example.org', issue: '#1'}",
]
SBOMS = (
    "py-django22",
    "alpine33-real",
    "debian11-nginx-real",
    "npm-web",
    "go-tools",
    "rust-web",
    "ruby-rails",
    "java",
)

Key = tuple[str, str, str, tuple[str, ...]]


class Verdicts:
    """What real Grype takes out of one SBOM by each rule; one run with all rules serves them all."""

    def __init__(self, sbom: Path, cache: Path) -> None:
        self._sbom, self._cache = sbom, cache
        self.findings = tuple(finding for finding, _ in self._run(""))
        named = [_named(rule, number) for number, rule in enumerate(RULES)]
        self._ignored = self._run(f"ignore: [{', '.join(named)}]\n")

    def by(self, rule: int) -> Counter[Key]:
        """Return the findings that Grype takes out by this rule."""
        return keys(finding for finding, reasons in self._ignored if f"rule {rule}" in reasons)

    def _run(self, rules: str) -> list[tuple[Finding, set[str]]]:
        """Return all findings, each with the reasons of the rules that take it out."""
        config = self._cache / "config.yaml"
        db = f"{{auto-update: false, validate-age: false, cache-dir: {self._cache}}}"
        config.write_text(f"db: {db}\ncheck-for-app-update: false\n{rules}")
        command = [str(need("grype")), "-c", str(config), f"sbom:{self._sbom}", "-o", "json"]
        done = subprocess.run(command, capture_output=True, check=True, cwd=self._cache)
        document = json.loads(done.stdout)
        matches = [*document["matches"], *(document.get("ignoredMatches") or [])]
        return [(_finding(document, match), _reasons(match)) for match in matches]


def _named(rule: str, number: int) -> str:
    return rule if "reason:" in rule else f"{rule[:-1]}, reason: rule {number}}}"


def _reasons(match: dict[str, Any]) -> set[str]:
    return {rule["reason"] for rule in match.get("appliedIgnoreRules", ())}


def _finding(document: dict[str, Any], match: dict[str, Any]) -> Finding:
    report = decode_report(
        json.dumps(document | {"matches": [match], "ignoredMatches": None}).encode()
    )
    assert report is not None
    (finding,) = findings_of(report, NativeCatalogue())
    return finding


def keys(findings: Iterable[Finding]) -> Counter[Key]:
    return Counter(
        (item.id, item.package.name, item.package.version, item.package.locations)
        for item in findings
    )


@pytest.fixture(scope="module", params=SBOMS)
def verdicts(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Verdicts:
    folder = tmp_path_factory.mktemp("parity")
    import_database(shared("grype-db/vulnerability-db.tar.zst"), folder)
    sbom = folder / "sbom.json"
    sbom.write_bytes(gzip.decompress(shared(f"sboms/{request.param}.syft.json.gz").read_bytes()))
    return Verdicts(sbom, folder)


@pytest.mark.parametrize("number", range(len(RULES)), ids=RULES)
def test_grype_and_we_ignore_the_same(verdicts: Verdicts, number: int) -> None:
    (rule,) = read_ignores(f"ignore: [{RULES[number]}]\n", name=".grype.yaml").rules
    matcher = RuleMatcher(rule)
    ours = keys(finding for finding in verdicts.findings if matcher.holds(finding))
    assert ours == verdicts.by(number)


def test_the_rules_tell_something_about_both(verdicts: Verdicts) -> None:
    taken = [sum(verdicts.by(number).values()) for number in range(len(RULES))]
    assert verdicts.findings
    assert 0 in taken
    assert any(count > 0 for count in taken)
