"""A real image, with real Syft, Grype and registries: refused with a critical vulnerability, released without it.

Everything that takes part is what a user has: Debian packages on two architectures, a catalogue by Syft, Grype with a
database, a plain registry and one behind TLS and a token server; cosign and crane judge what is there in the end.
"""

import base64
import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from shipseal.errors import Exit
from shipseal.testing.token_server import Account
from tests.support import registries
from tests.support.grype_database import import_database
from tests.support.real_image import real_image
from tests.support.registries import Registry
from tests.support.release_project import PASSWORD, PLATFORMS, Project
from tests.support.shared import shared
from tests.support.tools import need

pytestmark = [pytest.mark.tools, pytest.mark.shared, pytest.mark.timeout(400)]

_ACCOUNT, _SECRET = "releaser", "pass:word"
_PLANTED = "Django==2.2.0"
_VERSION = "1.0.0"
_ARCHITECTURES = tuple(platform.partition("/")[2] for platform in PLATFORMS)
_SPDX = "https://spdx.dev/Document/v2.3"
_FAMILIES = (
    "slsaprovenance1",
    _SPDX,
    "vuln",
    "https://slsa.dev/verification_summary/v1",
)


@dataclass
class Site:
    """A project, and the two registries that it releases to."""

    project: Project
    repositories: tuple[str, ...]
    environment: Mapping[str, str]
    crane: str = field(default_factory=lambda: str(need("crane")))
    cosign: str = field(default_factory=lambda: str(need("cosign")))

    def put_image(self, layout: Path) -> None:
        """Make ``layout`` the image that the project releases."""
        shutil.rmtree(self.project.folder / "image", ignore_errors=True)
        shutil.copytree(layout, self.project.folder / "image")

    def ask(self, *words: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            words,
            env=dict(self.environment),
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    def tags(self) -> dict[str, list[str]]:
        """Return all tags of each repository, as crane sees them; a repository without any may not exist."""
        answers = {name: self.ask(self.crane, "ls", name) for name in self.repositories}
        return {name: sorted(answer.stdout.split()) for name, answer in answers.items()}

    def manifest(self, reference: str) -> dict[str, Any]:
        answer = self.ask(self.crane, "manifest", reference)
        assert answer.returncode == 0, answer.stderr
        found: dict[str, Any] = json.loads(answer.stdout)
        return found

    def attested(self, reference: str, family: str) -> dict[str, Any]:
        """Return the statement that cosign accepts of ``reference``."""
        answer = self.ask(
            self.cosign, "verify-attestation", "--key", str(self.project.folder / "cosign.pub"),
            "--private-infrastructure=true", "--type", family, reference,
        )  # fmt: skip
        assert answer.returncode == 0, f"{family} of {reference}: {answer.stderr}"
        payload = json.loads(answer.stdout.splitlines()[0])["payload"]
        found: dict[str, Any] = json.loads(base64.b64decode(payload))
        return found


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    syft, grype = need("syft"), need("grype")
    import_database(shared("grype-db/vulnerability-db.tar.zst"), tmp_path / "grype")
    with (
        registries.distribution(tmp_path / "plain") as plain,
        registries.guarded_registry(
            tmp_path / "guarded", accounts={_ACCOUNT: Account(_SECRET)}
        ) as guarded,
    ):
        monkeypatch.setenv("GRYPE_DB_CACHE_DIR", str(tmp_path / "grype"))
        monkeypatch.setenv("SHIPSEAL_KEY_PASSWORD", PASSWORD)
        monkeypatch.setenv("SHIPSEAL_CACHE", str(tmp_path / "cache"))
        monkeypatch.setenv("DOCKER_CONFIG", str(_logged_in(tmp_path / "docker", guarded)))
        repositories = (f"{plain.host}/app", f"{guarded.host}/org/app")
        settings = {
            "registries": {guarded.host: {"ca": str(guarded.ca)}},
            "sbom": {"syft": str(syft)},
            "scan": {"engine": "grype", "grype": str(grype), "max_age": "none"},
        }
        project = Project(tmp_path / "project", repositories, settings)
        environment = {**os.environ, "SSL_CERT_FILE": str(guarded.ca)}
        yield Site(project, repositories, environment)


def _logged_in(folder: Path, registry: Registry) -> Path:
    folder.mkdir()
    pair = base64.b64encode(f"{_ACCOUNT}:{_SECRET}".encode()).decode()
    (folder / "config.json").write_text(json.dumps({"auths": {registry.host: {"auth": pair}}}))
    return folder


def test_a_real_image_is_refused_with_a_critical_vulnerability_and_released_without(
    site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    site.put_image(real_image(planted=_PLANTED))
    assert site.project.release(_VERSION, "--json") == Exit.REFUSED
    result = json.loads(capsys.readouterr().out)
    assert result["code"] == "scan.gate-failed"
    assert "django" in result["message"].lower()
    assert site.tags() == {name: [] for name in site.repositories}
    assert "evidence.signed" not in journal_of(site.project)

    site.put_image(real_image())
    assert site.project.release(_VERSION, "--json") == Exit.OK
    result = json.loads(capsys.readouterr().out)
    assert result["status"] == "done"
    assert "evidence.signed" in journal_of(site.project)
    for repository in site.repositories:
        accepted_by_others(site, repository, result["digest"])
    for tags in site.tags().values():
        assert {_VERSION, "latest"} <= set(tags)


def accepted_by_others(site: Site, repository: str, digest: str) -> None:
    """Check with crane and cosign that the index is there with its tags, and all evidence for it and each platform."""
    for tag in (_VERSION, "latest"):
        assert site.ask(site.crane, "digest", f"{repository}:{tag}").stdout.strip() == digest
    platforms = {
        f"{one['platform']['os']}/{one['platform']['architecture']}": one["digest"]
        for one in site.manifest(f"{repository}@{digest}")["manifests"]
    }
    assert set(platforms) == set(PLATFORMS)
    for subject in (digest, *platforms.values()):
        for family in _FAMILIES:
            statement = site.attested(f"{repository}@{subject}", family)
            named = {f"sha256:{one['digest']['sha256']}" for one in statement["subject"]}
            assert subject in named
    for platform, subject in platforms.items():
        lists_debian_for(site.attested(f"{repository}@{subject}", _SPDX)["predicate"], platform)


def lists_debian_for(document: Mapping[str, Any], platform: str) -> None:
    """Check that an SBOM lists the Debian packages of its own architecture and none of the other."""
    locators = [
        ref["referenceLocator"]
        for package in document["packages"]
        for ref in package.get("externalRefs", ())
        if ref["referenceType"] == "purl"
    ]
    own = platform.partition("/")[2]
    debian = [one for one in locators if one.startswith("pkg:deb/")]
    assert len(debian) > 40
    assert {arch for one in debian for arch in _ARCHITECTURES if f"arch={arch}" in one} == {own}


def journal_of(project: Project) -> str:
    """Return what the journals of the project tell; there is one at least."""
    journals = (project.folder / ".shipseal" / "releases").glob("*/journal.jsonl")
    told = "".join(path.read_text() for path in journals)
    assert "gate.decided" in told
    return told
