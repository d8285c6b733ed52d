"""A keyless release to registries of both kinds and to GitHub: what others accept, and what an outage comes to."""

import json
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from scripts.sigstack.issuer import Job
from scripts.sigstack.stack import SigstoreStack
from shipseal.attest.interface import SignedBundle
from shipseal.attest.keyless_signer import KeylessSigner
from shipseal.errors import Exit
from shipseal.github.attestations import GitHubAttestations
from shipseal.oci import digest_of
from shipseal.testing.github_server import GitHubServer, Refusal
from tests.support.registries import crane_registry, referrers_registry
from tests.support.release_project import Project
from tests.support.tools import need

pytestmark = pytest.mark.tools

REPOSITORY = "octo-org/app"
JOB = Job(repository=REPOSITORY, ref="refs/tags/v1.0.0")
TOKEN = "token-of-a-test"
PROVENANCE = "https://slsa.dev/provenance/v1"
SBOM = "https://spdx.dev/Document/v2.3"
STATEMENTS = 8
"""Provenance, an SBOM and a scan of each of two platforms and of the index, and the seal."""
DOWN = [Refusal(503, "GitHub is down")] * 400


@dataclass(frozen=True, slots=True)
class Released:
    """A project whose releases go to two registries and to GitHub."""

    project: Project
    stack: SigstoreStack
    github: GitHubServer
    targets: tuple[str, ...]
    folder: Path

    def told(self, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, dict[str, Any]]:
        """Run a command with ``--json``."""
        capsys.readouterr()
        status = self.project.run(*words, "--json")
        return status, json.loads(capsys.readouterr().out)

    def log_size(self) -> int:
        """Return how many entries the log has, as its checkpoint says; it is written five times a second."""
        time.sleep(0.5)
        found = self.stack.folder / "log" / "checkpoint"
        return int(found.read_bytes().split(b"\n")[1]) if found.exists() else 0

    def tool(self, *words: str) -> str:
        """Run another verifier, as a consumer would."""
        env = {
            "PATH": "/usr/bin:/bin",
            "HOME": str(self.folder),
            "GH_TOKEN": TOKEN,
            "GH_CONFIG_DIR": str(self.github.gh_folder(self.folder / "gh")),
        }
        done = subprocess.run(
            words, env=env, capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def gh(self, image: str, predicate_type: str, *words: str) -> str:
        """Let gh verify an image."""
        return self.tool(
            str(need("gh")), "attestation", "verify", f"oci://{image}", "--repo", REPOSITORY,
            "--custom-trusted-root", str(self.stack.files.trusted_root_lines),
            "--cert-oidc-issuer", self.stack.issuer.url, "--predicate-type", predicate_type,
            "--format", "json", *words,
        )  # fmt: skip

    def cosign(self, image: str, predicate_type: str) -> str:
        """Let cosign verify an image."""
        who = f"https://github.com/{REPOSITORY}/{JOB.workflow}@{JOB.ref}"
        return self.tool(
            str(need("cosign")), "verify-attestation", image, "--type", predicate_type,
            "--trusted-root", str(self.stack.files.trusted_root), "--certificate-identity", who,
            "--certificate-oidc-issuer", self.stack.issuer.url,
        )  # fmt: skip


def settings(stack: SigstoreStack) -> dict[str, Any]:
    who = {
        "issuer": stack.issuer.url,
        "repository": REPOSITORY,
        "workflow": JOB.workflow,
        "ref": "refs/tags/v*",
    }
    return {
        "sign": {"signing_config": str(stack.files.signing_config)},
        "verify": {"identities": [who], "trusted_root": str(stack.files.trusted_root)},
        "evidence": {"github": REPOSITORY},
        "timeouts": {"network": "4s", "retry_deadline": "1s"},
    }


@pytest.fixture
def released(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sbom_cache: Path, sigstack: SigstoreStack
) -> Iterator[Released]:
    sigstack.issuer.job = JOB
    with (
        referrers_registry(tmp_path / "with") as first,
        crane_registry(tmp_path / "without") as second,
        GitHubServer(repositories=[REPOSITORY], tokens=[TOKEN], folder=tmp_path) as github,
    ):
        for name, value in {
            "SHIPSEAL_CACHE": str(sbom_cache),
            "SIGSTORE_ID_TOKEN": sigstack.issuer.job_token(),
            "GITHUB_API_URL": github.url,
            "GH_TOKEN": TOKEN,
        }.items():
            monkeypatch.setenv(name, value)
        targets = tuple(f"{one.host}/org/app" for one in (first, second))
        project = Project(tmp_path / "project", targets=targets, extra=settings(sigstack))
        project.build()
        yield Released(project, sigstack, github, targets, tmp_path)


def test_everybody_accepts_a_keyless_release_from_every_store(
    released: Released, capsys: pytest.CaptureFixture[str]
) -> None:
    status, told = released.told(capsys, "release", "--version", "1.0.0")
    assert status == Exit.OK, told["message"]
    stores = {one["store"]: one for one in told["stores"]}
    files = next(name for name in stores if name.endswith("/evidence"))
    assert tuple(stores)[:2] == released.targets, "in the order of the configuration"
    assert set(stores) == {*released.targets, f"github:{REPOSITORY}", files}
    first, second = (stores[name]["answers"] for name in released.targets)
    assert first.keys() == {"stored (referrers-api)"}
    assert second.keys() == {"stored (fallback-tag)"}
    assert stores[f"github:{REPOSITORY}"]["answers"].keys() == {"stored (github)"}
    assert len(list(Path(files).glob("sha256-*.jsonl"))) == 3
    for target in released.targets:
        image = f"{target}@{told['digest']}"
        assert released.project.run("verify", image) == Exit.OK
        for predicate_type in (PROVENANCE, SBOM):
            assert predicate_type in released.gh(image, predicate_type, "--bundle-from-oci")
            released.cosign(image, predicate_type)
    image = f"{released.targets[1]}@{told['digest']}"
    for predicate_type in (PROVENANCE, SBOM):
        assert predicate_type in released.gh(image, predicate_type)
    at_github = ("--store", f"github:{REPOSITORY}")
    assert released.project.run("verify", image, *at_github) == Exit.OK


def test_own_identity_is_looked_at_before_anything_is_signed(
    released: Released, capsys: pytest.CaptureFixture[str]
) -> None:
    before = released.log_size()
    extra = settings(released.stack)
    extra["verify"]["identities"][0]["ref"] = "refs/heads/main"
    released.project.configure(**extra)
    assert released.project.release("1.0.0", "--json") == Exit.EVIDENCE
    error = json.loads(capsys.readouterr().out)["error"]
    assert error["code"] == "attest.identity-mismatch"
    assert "ref: expected refs/heads/main, got refs/tags/v1.0.0" in error["message"]
    assert released.log_size() == before
    assert released.github.requests == []


@dataclass(slots=True)
class _Moment:
    """Does something in the middle of a release, once."""

    after: int
    act: Callable[[], None]
    seen: int = 0

    def passed(self) -> None:
        self.seen += 1
        if self.seen == self.after:
            self.act()


def _while_signing(monkeypatch: pytest.MonkeyPatch, moment: _Moment) -> None:
    plain = KeylessSigner.sign

    def sign(signer: KeylessSigner, statement: bytes) -> SignedBundle:
        moment.passed()
        return plain(signer, statement)

    monkeypatch.setattr(KeylessSigner, "sign", sign)


def _while_uploading(monkeypatch: pytest.MonkeyPatch, moment: _Moment) -> None:
    plain = GitHubAttestations.create

    def create(attestations: GitHubAttestations, bundle: bytes) -> str:
        moment.passed()
        return plain(attestations, bundle)

    monkeypatch.setattr(GitHubAttestations, "create", create)


@pytest.mark.parametrize(
    ("what", "after"),
    [("fulcio", 1), ("rekor", 3), ("timestamps", 3), ("seal", STATEMENTS), ("github", 3)],
)
def test_what_stops_in_the_middle_holds_the_release_and_nothing_is_done_twice(
    what: str,
    after: int,
    released: Released,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """At the eighth signature, the seal's, all else is stored already when the log stops."""
    before = released.log_size()
    github = released.github
    name = "rekor" if what == "seal" else what
    part = next((one for one in released.stack.parts if one.name == name), None)
    with monkeypatch.context() as patch:
        if part:
            _while_signing(patch, _Moment(after, part.stop))
        else:
            _while_uploading(patch, _Moment(after, lambda: github.quirks.refuse.extend(DOWN)))
        status, told = released.told(capsys, "release", "--version", "1.0.0")
    assert (status, told["status"]) == (Exit.OUTSIDE, "pending"), told["message"]
    assert told["code"] in {"network.unreachable", "service.outage"}
    assert told["tags"] == [tag for one in told["targets"] for tag in one["tags"]] == []
    assert "shipseal release resume" in told["hint"]
    held = {one["digest"] for one in told["evidence"]}
    if part:
        part.start()
    github.quirks.refuse.clear()
    status, told = released.told(capsys, "release", "resume")
    assert (status, told["status"]) == (Exit.OK, "done"), told["message"]
    assert told["tags"] == ["1.0.0", "latest"]
    signed = {one["digest"] for one in told["evidence"]}
    assert len(signed) == STATEMENTS
    assert held <= signed
    assert {digest_of(one.bundle) for one in github.attestations} == signed
    assert len(github.attestations) == STATEMENTS
    for store in told["stores"]:
        # Provenance and seal are about three subjects each.
        assert store["bundles"] == STATEMENTS + 2 * 2
    written = released.log_size() - before
    # A log that is stopped may have taken entries whose answers nobody saw.
    assert written >= STATEMENTS if name == "rekor" else written == STATEMENTS


def test_a_store_that_forgets_what_it_took_holds_the_release(
    released: Released, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    github = released.github
    with monkeypatch.context() as patch:
        _while_uploading(patch, _Moment(STATEMENTS, github.attestations.clear))
        status, told = released.told(capsys, "release", "--version", "1.0.0")
    assert (status, told["status"], told["code"]) == (Exit.OUTSIDE, "pending", "service.outage")
    assert "does not give it back" in told["message"]
    assert told["tags"] == []
    status, told = released.told(capsys, "release", "resume")
    assert (status, told["status"]) == (Exit.OK, "done")
    assert len(github.attestations) == STATEMENTS


def test_a_forks_pull_request_signs_and_stores_nothing(
    released: Released, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It has a token and a signing service at hand, and uses neither."""
    before = released.log_size()
    repositories = {
        "head": {"repo": {"full_name": "stranger/app", "id": 2}},
        "base": {"repo": {"full_name": REPOSITORY, "id": 1}},
    }
    event = released.folder / "event.json"
    event.write_text(json.dumps({"pull_request": repositories}))
    for name, value in {
        "GITHUB_ACTIONS": "true",
        "GITHUB_EVENT_NAME": "pull_request",
        "GITHUB_EVENT_PATH": str(event),
        "GITHUB_REPOSITORY": REPOSITORY,
        "GITHUB_REPOSITORY_ID": "1",
        "GITHUB_REPOSITORY_OWNER_ID": "1",
        "GITHUB_SERVER_URL": "https://github.com",
        "GITHUB_SHA": "a" * 40,
        "GITHUB_REF": "refs/pull/1/merge",
        "GITHUB_RUN_ID": "1",
        "GITHUB_RUN_ATTEMPT": "1",
        "GITHUB_WORKFLOW_REF": f"{REPOSITORY}/{JOB.workflow}@refs/pull/1/merge",
        "RUNNER_ENVIRONMENT": "github-hosted",
    }.items():
        monkeypatch.setenv(name, value)
    status, told = released.told(capsys, "release", "--version", "1.0.0")
    assert (status, told["code"], told["stores"]) == (Exit.OK, "fork.no-permissions", [])
    assert released.log_size() == before
    assert released.github.requests == []
