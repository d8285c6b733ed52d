"""`shipseal verify` of images by identity: the same rules as with a key, and who signed is told field by field."""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from shipseal.attest.bundle import Bundle
from shipseal.attest.identity import Identity
from shipseal.attest.patterns import Form, Pattern
from shipseal.attest.signer_facts import SignerFacts
from shipseal.cli.identity_equivalent import identified
from shipseal.cli.main import main
from shipseal.cli.root_words import RootWords
from shipseal.errors import Exit
from shipseal.registry.layout_target import LayoutTarget
from shipseal.wiring.identity_named import identity_of
from shipseal.wiring.identity_subjects import subject_words
from shipseal.wiring.identity_words import IdentityWords
from tests.support.evidence import Recipe, key, make_pieces, push_image, put_pieces, sample_image
from tests.support.instance import ISSUER, WORKFLOW, FakeInstance, InstanceSigner
from tests.support.schemas import check_shape

RECIPE = Recipe(finished=datetime(2024, 1, 1, tzinfo=UTC))
INSTANCE = FakeInstance("sigstore.dev")
ROOT = ["--trusted-root", "root.json"]
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "root.json").write_text(json.dumps(INSTANCE.root_document()))
    (tmp_path / "release.pub").write_bytes(key().public.pem())
    sample, image = sample_image(tmp_path / "source")
    target = LayoutTarget(tmp_path / "out")
    push_image(target, sample, image, tag="1.2.3")
    put_pieces(target, make_pieces(image, InstanceSigner(INSTANCE), RECIPE))

    def call(*words: str) -> tuple[int, str, str]:
        status = main(["verify", "oci:out:1.2.3", *words])
        shown = capsys.readouterr()
        return status, shown.out, shown.err

    return call


@pytest.mark.parametrize(
    "words",
    [
        ["--repo", "org/app"],
        ["--certificate-identity", WORKFLOW, "--certificate-oidc-issuer", ISSUER],
        [
            "--certificate-identity-regexp",
            "^https://github.com/org/app/",
            "--cert-oidc-issuer",
            ISSUER,
        ],
        ["--owner", "org", "--accept-whole-owner"],
        ["--repo", "org/app", "--key", "release.pub"],
    ],
)
def test_a_keyless_image_is_verified_and_the_root_is_named(run: Run, words: list[str]) -> None:
    status, out, err = run(*words, *ROOT)
    assert status == Exit.OK, out + err
    assert "verified: all 12 required items" in out
    assert f"trusted root: file {INSTANCE.trust_root().digest}, 0 days old" in out


def test_the_root_is_in_the_json_too(run: Run) -> None:
    status, out, _ = run("--repo", "org/app", *ROOT, "--json")
    value = json.loads(out)
    check_shape(value, "verification")
    assert (status, value["verdict"]) == (Exit.OK, "pass")
    assert value["trustRoot"]["digest"] == INSTANCE.trust_root().digest


def test_sigstore_python_is_asked_about_every_bundle_that_counts(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One bundle has one answer, whichever command is asked."""
    asked: list[str] = []

    def refuse(bundle: Bundle, root: bytes) -> None:
        asked.append(bundle.digest)
        raise ValueError("it knows better")

    monkeypatch.setattr("shipseal.attest.second_opinion._ask", refuse)
    status, out, _ = run("--repo", "org/app", *ROOT)
    assert status == Exit.EVIDENCE
    assert "it knows better" in out
    assert "untrusted" in out
    assert len(asked) == len(set(asked)) == 8
    asked.clear()
    assert main(["copy", "oci:out:1.2.3", "oci:copy:1.2.3", "--repo", "org/app", *ROOT]) == 3
    assert LayoutTarget(Path("copy")).resolve("1.2.3") is None
    assert asked


GUARDED = """
import os, sys
def hook(event, args):
    if event.startswith("socket."):
        os.write(2, f"SOCKET: {event} {args}\\n".encode())
        os._exit(99)
sys.addaudithook(hook)
from shipseal.cli.main import main
status = main(sys.argv[1:])
import socket
import urllib3.util.connection as connection
assert connection.HAS_IPV6 is socket.has_ipv6
sys.exit(status)
"""


def test_not_even_what_is_imported_for_it_opens_a_socket(run: Run) -> None:
    """urllib3 does, when nobody prevents it."""
    words = ["verify", "oci:out:1.2.3", "--offline", "--repo", "org/app", *ROOT]
    argv = [sys.executable, "-c", GUARDED, *words]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == Exit.OK, done.stdout + done.stderr


def test_another_identity_is_told_field_by_field(run: Run) -> None:
    words = ["--repo", "org/app", "--source-ref", "refs/heads/main"]
    status, out, _ = run(*words, *ROOT)
    assert status == Exit.EVIDENCE
    assert "wrong-identity" in out
    assert "ref refs/heads/main" in out
    assert "ref refs/tags/v1.2.3" in out
    assert "attest.identity-mismatch" in out


def test_an_owner_alone_is_nobody_in_particular(run: Run) -> None:
    """Any workflow of any repository of the organisation could have signed it."""
    status, out, err = run("--owner", "org", *ROOT)
    assert status == Exit.USAGE
    assert "accepts any workflow of any repository of its owner" in err
    assert "verified" not in out


def test_a_key_alone_accepts_no_certificate(run: Run) -> None:
    status, out, _ = run("--key", "release.pub")
    assert status == Exit.EVIDENCE
    assert "a certificate" in out


def test_a_policy_names_identities(run: Run, tmp_path: Path) -> None:
    rule = {"issuer": ISSUER, "repository": "org/app", "runner": "github-hosted"}
    policy = {"identities": [rule], "trusted_root": "root.json", "require": ["provenance", "seal"]}
    (tmp_path / "policy.yaml").write_text(json.dumps(policy))
    status, out, err = run("--policy", "policy.yaml")
    assert status == Exit.OK, out + err
    policy["identities"] = [rule | {"runner": "self-hosted"}]
    (tmp_path / "policy.yaml").write_text(json.dumps(policy))
    assert run("--policy", "policy.yaml")[0] == Exit.EVIDENCE


def test_offline_is_for_what_lies_here(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--repo", "org/app", *ROOT, "--offline")[0] == Exit.OK
    words = ["verify", "registry.test/app:1", "--repo", "org/app", "--offline"]
    assert main(words) == Exit.USAGE
    assert "cannot be reached with --offline" in capsys.readouterr().err


def words_for(identity: Identity) -> tuple[str, str]:
    root = RootWords((("--trusted-root", "root.json"),), ("--custom-trusted-root", "root.json"))
    told = identified(identity, root)[0]
    return " ".join(told.cosign), " ".join(told.gh)


def test_the_words_of_cosign_and_gh() -> None:
    named = IdentityWords(
        repo="org/app",
        signer_workflow="org/ci/.github/workflows/publish.yml",
        source_ref="refs/tags/v1",
        source_digest="b" * 40,
        deny_self_hosted_runners=True,
    )
    cosign, gh = words_for(identity_of(named))
    assert cosign == (
        r"--certificate-identity-regexp ^https://github\.com/org/ci/\.github/workflows/publish\.yml@.*$ "
        f"--certificate-oidc-issuer {ISSUER} --certificate-github-workflow-repository org/app "
        f"--certificate-github-workflow-ref refs/tags/v1 --certificate-github-workflow-sha {'b' * 40} "
        "--trusted-root root.json"
    )
    assert gh == (
        "--repo org/app --signer-workflow org/ci/.github/workflows/publish.yml --source-ref refs/tags/v1 "
        f"--source-digest {'b' * 40} --deny-self-hosted-runners --custom-trusted-root root.json"
    )


def test_the_words_for_an_address_and_for_globs() -> None:
    address = Identity(issuer=Pattern("https://a.test"), subject=Pattern("*@example.org"))
    cosign, gh = words_for(address)
    assert cosign.startswith(r"--certificate-identity-regexp ^[^/]*@example\.org$")
    assert gh == "", "gh knows repositories and owners alone"
    own = Identity(
        issuer=Pattern("https://issuer.test", Form.EXACT),
        repository=Pattern("org/app"),
        workflow=Pattern(".github/workflows/release.yml@refs/tags/v*"),
    )
    cosign, gh = words_for(own)
    subject = r"^https://[^/]+/org/app/{1,2}\.github/workflows/release\.yml@refs/tags/v[^/]*$"
    assert subject in cosign
    assert f"--cert-identity-regex {subject}" in gh
    assert "--cert-oidc-issuer https://issuer.test" in gh


@pytest.mark.parametrize(
    ("workflow", "regex"),
    [
        (".github/workflows/release.yml", r"\.github/workflows/release\.yml"),
        (None, r".*"),
    ],
)
def test_other_tools_are_asked_for_no_less_than_the_refs_of_the_policy(
    workflow: str | None, regex: str
) -> None:
    """Their options for a ref take no patterns, so it is asked of the subject, of which it is the end."""
    tags = Identity(
        issuer=Pattern(ISSUER, Form.EXACT),
        repository=Pattern("org/app"),
        workflow=Pattern(workflow) if workflow else None,
        ref=Pattern("refs/tags/v*"),
    )
    cosign, gh = words_for(tags)
    subject = rf"^https://github\.com/org/app/{regex}@refs/tags/v[^/]*$"
    assert f"--certificate-identity-regexp {subject} " in cosign
    assert f"--repo org/app --cert-identity-regex {subject} " in gh


def test_a_ref_of_the_sources_is_no_ref_of_a_workflow_elsewhere() -> None:
    reused = Identity(
        issuer=Pattern(ISSUER, Form.EXACT),
        repository=Pattern("org/app"),
        signer=Pattern("org/ci/.github/workflows/*.yml@refs/heads/main"),
        ref=Pattern("refs/tags/v*"),
    )
    cosign, gh = words_for(reused)
    subject = r"^https://github\.com/org/ci/\.github/workflows/[^/]*\.yml@refs/heads/main$"
    assert f"--certificate-identity-regexp {subject} " in cosign
    assert f"--cert-identity-regex {subject} " in gh


GITLAB = SignerFacts(
    issuer="https://gitlab.com",
    subject="https://gitlab.com/group/sub/app//.gitlab-ci.yml@refs/tags/v1",
    subject_kind="uri",
    signer_uri="https://gitlab.com/group/sub/app//.gitlab-ci.yml@refs/tags/v1",
    workflow_uri="https://gitlab.com/group/sub/app//.gitlab-ci.yml@refs/tags/v1",
    repository_uri="https://gitlab.com/group/sub/app",
    ref="refs/tags/v1",
)


@pytest.mark.parametrize("repository", ["group/sub/app", "https://gitlab.com/group/sub/app"])
@pytest.mark.parametrize(
    ("workflow", "accepted"),
    [
        (".gitlab-ci.yml", True),
        ("group/sub/app//.gitlab-ci.yml", True),
        ("https://gitlab.com/group/sub/app//.gitlab-ci.yml@refs/tags/v1", True),
        (None, True),
        ("app/.gitlab-ci.yml", False),
        ("ci/.gitlab-ci.yml", False),
    ],
)
def test_a_job_of_gitlab_is_the_same_for_us_for_cosign_and_for_a_cluster(
    repository: str, workflow: str | None, accepted: bool
) -> None:
    """GitLab's certificates have ``//`` between the project and the path of its configuration."""
    named = Identity(
        issuer=Pattern("https://gitlab.com"),
        repository=Pattern(repository),
        workflow=Pattern(workflow) if workflow else None,
        ref=Pattern("refs/tags/v*"),
    )
    cosign, gh = words_for(named)
    assert gh == "", "gh knows repositories of GitHub alone"
    assert "github" not in cosign, "GitLab's certificates have no such fields"
    regex = cosign.split("--certificate-identity-regexp ")[1].split()[0]
    admitted = subject_words(named)
    assert admitted
    assert (named.mismatches(GITLAB) == ()) is accepted
    assert bool(re.search(regex, GITLAB.subject)) is accepted
    assert bool(re.search(admitted.text, GITLAB.subject)) is accepted
