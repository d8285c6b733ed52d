"""The real gh accepts what lies at the server that stands for GitHub, and so that server is like GitHub."""

import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from scripts.sigstack.stack import SigstoreStack
from shipseal._internal.clock import SystemClock
from shipseal._internal.retry import RetryPolicy
from shipseal.attest.keyless_signer import KeylessSigner
from shipseal.attest.oidc_sources import FixedTokens
from shipseal.attest.sigstore_instance import instance_from_files
from shipseal.attest.web import Patience, Web
from shipseal.cli.main import main
from shipseal.errors import Exit
from shipseal.evidence.github_store import GitHubStore
from shipseal.intoto.statement import Subject, encode_statement
from shipseal.oci import Image
from shipseal.registry.layout_target import LayoutTarget
from shipseal.testing.github_server import GitHubServer
from shipseal.wiring.evidence import github_store
from tests.support.evidence import push_image, sample_image
from tests.support.tools import need

pytestmark = pytest.mark.tools

PROVENANCE = "https://slsa.dev/provenance/v1"
TOKEN = "token-of-a-test"
PREDICATE = {
    "buildDefinition": {"buildType": "https://example.test/build", "externalParameters": {}},
    "runDetails": {"builder": {"id": "https://example.test/builder"}},
}


@dataclass(frozen=True, slots=True)
class Stored:
    """A manifest in a file, and evidence about it at GitHub."""

    stack: SigstoreStack
    github: GitHubServer
    folder: Path
    image: Image
    store: GitHubStore
    signer: KeylessSigner

    def put(self, predicate_type: str = PROVENANCE) -> bytes:
        every = self.image.subjects()
        subjects = [Subject("app", one.digest) for one in every]
        raw = self.signer.sign(encode_statement(subjects, predicate_type, PREDICATE)).raw
        for one in every:
            self.store.put(one, raw, predicate_type=predicate_type)
        return raw

    def gh(self, *words: str, token: str = TOKEN) -> tuple[int, str]:
        """Ask gh about the file, as a consumer would."""
        lines = self.stack.files.trusted_root_lines
        done = subprocess.run(
            [
                str(need("gh")), "attestation", "verify", str(self.folder / "manifest.json"),
                "--repo", self.stack.issuer.job.repository, "--custom-trusted-root", str(lines),
                "--cert-oidc-issuer", self.stack.issuer.url, *words,
            ],
            env={
                "PATH": "/usr/bin:/bin", "HOME": str(self.folder), "GH_TOKEN": token,
                "GH_CONFIG_DIR": str(self.github.gh_folder(self.folder / "gh")),
            },
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        return done.returncode, done.stdout + done.stderr


@pytest.fixture
def stored(sigstack: SigstoreStack, tmp_path: Path) -> Iterator[Stored]:
    need("gh")
    sample, image = sample_image(tmp_path / "source", platforms=("linux/amd64",))
    push_image(LayoutTarget(tmp_path / "image"), sample, image, tag="1")
    (tmp_path / "manifest.json").write_bytes(image.root.raw)
    clock = SystemClock()
    web = Web(clock, Patience(answer=5.0, deadline=10.0))
    tokens = FixedTokens(sigstack.issuer.job_token(), "test", clock)
    instance = instance_from_files(sigstack.files.client_config, None, now=clock.now())
    repository = sigstack.issuer.job.repository
    with GitHubServer(repositories=[repository], tokens=[TOKEN], folder=tmp_path) as github:
        env = {"GITHUB_API_URL": github.url, "GH_TOKEN": TOKEN}
        store = github_store(repository, env, clock, RetryPolicy(tries=1))
        signer = KeylessSigner(instance, tokens, web, clock)
        yield Stored(sigstack, github, tmp_path, image, store, signer)
    web.close()


@pytest.mark.parametrize("form", ["inline", "addresses"])
def test_gh_accepts_what_the_store_put_there(stored: Stored, form: str) -> None:
    stored.github.quirks.inline, stored.github.quirks.urls = form == "inline", form != "inline"
    raw = stored.put()
    status, told = stored.gh("--format", "json")
    assert status == 0, told
    assert json.loads(told)[0]["verificationResult"]["statement"]["predicateType"] == PROVENANCE
    assert [one.raw for one in stored.store.find(stored.image.digest)] == [raw]
    assert stored.github.count("POST") == 1


def test_gh_reads_all_pages(stored: Stored) -> None:
    stored.github.quirks.page_size = 1
    for _ in range(3):
        stored.put()
    status, told = stored.gh("--format", "json")
    assert status == 0, told
    assert len(json.loads(told)) == 3


def test_gh_refuses_another_repository_and_what_is_not_there(stored: Stored) -> None:
    assert stored.gh()[0] != 0
    stored.put()
    status, told = stored.gh("--predicate-type", "https://spdx.dev/Document/v2.3")
    assert status != 0
    assert "404" in told or "no attestations" in told
    assert stored.gh("--cert-identity", "https://example.test/another")[0] != 0


def test_the_command_line_reads_what_lies_there(
    stored: Stored, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """An image without any evidence beside it, public, and nobody who asks."""
    stored.put()
    monkeypatch.setenv("GITHUB_API_URL", stored.github.url)
    monkeypatch.delenv("GH_TOKEN", raising=False)
    monkeypatch.delenv("GITHUB_TOKEN", raising=False)
    words = [
        "verify", f"oci:{stored.folder / 'image'}", "--type", "provenance",
        "--trusted-root", str(stored.stack.files.trusted_root),
        "--cert-oidc-issuer", stored.stack.issuer.url, "--repo", stored.stack.issuer.job.repository,
    ]  # fmt: skip
    assert main(words) == Exit.EVIDENCE
    assert "missing" in capsys.readouterr().out
    stored.github.seen.clear()
    assert main([*words, "--store", "github", "--json", "--explain"]) == Exit.OK
    found = json.loads(capsys.readouterr().out)["evidence"]
    assert {one["origin"] for one in found} == {"GitHub attestation"}
    assert {one["target"] for one in found} == {f"github:{stored.stack.issuer.job.repository}"}
    assert set(stored.github.seen) == {""}
