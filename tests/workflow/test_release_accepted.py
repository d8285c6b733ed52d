"""What a release leaves at two real registries is accepted by the tools that others use: cosign and crane."""

import base64
import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from shipseal.errors import Exit
from shipseal.testing.token_server import Account
from tests.support import registries
from tests.support.registries import Registry
from tests.support.release_project import PASSWORD, PLATFORMS, Project
from tests.support.tools import need

pytestmark = [pytest.mark.tools, pytest.mark.timeout(180)]

_ACCOUNT, _SECRET = "releaser", "pass:word"
_TYPES = (
    "slsaprovenance1",
    "https://spdx.dev/Document/v2.3",
    "vuln",
    "https://slsa.dev/verification_summary/v1",
)


@dataclass(frozen=True, slots=True)
class Released:
    """One image, released to a plain registry and to one behind TLS and a token server."""

    project: Project
    repositories: tuple[str, str]
    environment: Mapping[str, str]

    def ask(self, *words: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            words,
            env=dict(self.environment),
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )


def docker_config(folder: Path, guarded: Registry) -> Path:
    folder.mkdir()
    pair = base64.b64encode(f"{_ACCOUNT}:{_SECRET}".encode()).decode()
    (folder / "config.json").write_text(json.dumps({"auths": {guarded.host: {"auth": pair}}}))
    return folder


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory, sbom_cache: Path) -> Iterator[Released]:
    folder = tmp_path_factory.mktemp("released")
    accounts = {_ACCOUNT: Account(_SECRET)}
    with (
        registries.distribution(folder / "plain") as plain,
        registries.guarded_registry(folder / "guarded", accounts=accounts) as guarded,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setenv("SHIPSEAL_KEY_PASSWORD", PASSWORD)
        patch.setenv("SHIPSEAL_CACHE", str(sbom_cache))
        patch.setenv("DOCKER_CONFIG", str(docker_config(folder / "docker", guarded)))
        repositories = (f"{plain.host}/app", f"{guarded.host}/org/app")
        extra = {"registries": {guarded.host: {"ca": str(guarded.ca)}}}
        project = Project(folder / "project", repositories, extra)
        project.build(attestations=True)
        assert project.release() == Exit.OK
        environment = {**os.environ, "SSL_CERT_FILE": str(guarded.ca), "COSIGN_PASSWORD": PASSWORD}
        yield Released(project, repositories, environment)


def test_crane_sees_every_tag_with_one_digest_everywhere(released: Released) -> None:
    crane = str(need("crane"))
    digests = {
        released.ask(crane, "digest", f"{repository}:{tag}").stdout.strip()
        for repository in released.repositories
        for tag in ("1.0.0", "latest")
    }
    assert len(digests) == 1
    assert digests.pop().startswith("sha256:")


@pytest.mark.parametrize("number", [0, 1], ids=["plain", "tls-and-tokens"])
@pytest.mark.parametrize("predicate", _TYPES)
def test_cosign_accepts_the_index_and_each_platform(
    released: Released, number: int, predicate: str
) -> None:
    repository = released.repositories[number]
    for digest in subjects(released, repository):
        answer = verify(released, predicate, f"{repository}@{digest}")
        assert answer.returncode == 0, answer.stderr
        payload = json.loads(base64.b64decode(json.loads(answer.stdout.splitlines()[0])["payload"]))
        assert digest.removeprefix("sha256:") in {
            one["digest"]["sha256"] for one in payload["subject"]
        }


def test_cosign_refuses_another_key(released: Released, tmp_path: Path) -> None:
    environment = {**released.environment, "COSIGN_PASSWORD": "x"}
    subprocess.run(
        [str(need("cosign")), "generate-key-pair"],
        cwd=tmp_path,
        env=environment,
        check=True,
        capture_output=True,
    )
    answer = released.ask(
        str(need("cosign")), "verify-attestation", "--key", str(tmp_path / "cosign.pub"),
        "--private-infrastructure=true", "--type", "slsaprovenance1", f"{released.repositories[0]}:1.0.0",
    )  # fmt: skip
    assert answer.returncode != 0


def test_each_platform_has_its_own_sbom(released: Released) -> None:
    """Fault (b): not one architecture's SBOM on the index, and nothing for the other."""
    repository = released.repositories[0]
    index, *platforms = subjects(released, repository)
    documents = [predicate_of(released, f"{repository}@{digest}") for digest in platforms]
    described = {
        checksum["checksumValue"]
        for document in documents
        for package in document["packages"]
        for checksum in package.get("checksums", ())
    }
    assert {digest.removeprefix("sha256:") for digest in platforms} <= described
    listed = predicate_of(released, f"{repository}@{index}")
    kinds = {one["relationshipType"] for one in listed["relationships"]}
    assert "VARIANT_OF" in kinds
    assert len(listed["externalDocumentRefs"]) == len(PLATFORMS)


def subjects(released: Released, repository: str) -> list[str]:
    crane = str(need("crane"))
    index = released.ask(crane, "digest", f"{repository}:1.0.0").stdout.strip()
    manifest = json.loads(released.ask(crane, "manifest", f"{repository}@{index}").stdout)
    platforms = [one["digest"] for one in manifest["manifests"] if one["platform"]["os"] == "linux"]
    assert len(platforms) == len(PLATFORMS)
    return [index, *platforms]


def verify(
    released: Released, predicate: str, reference: str
) -> "subprocess.CompletedProcess[str]":
    return released.ask(
        str(need("cosign")), "verify-attestation", "--key", str(released.project.folder / "cosign.pub"),
        "--private-infrastructure=true", "--type", predicate, reference,
    )  # fmt: skip


def predicate_of(released: Released, reference: str) -> dict[str, Any]:
    answer = verify(released, "https://spdx.dev/Document/v2.3", reference)
    payload = json.loads(base64.b64decode(json.loads(answer.stdout.splitlines()[0])["payload"]))
    found: dict[str, Any] = payload["predicate"]
    return found
