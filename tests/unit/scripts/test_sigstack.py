"""A private Sigstore instance: the real signers and verifiers of others accept what it issues."""

import subprocess
from pathlib import Path

import httpx
import pytest
from cryptography import x509

from scripts.sigstack.ct_log import without_poison
from scripts.sigstack.stack import SigstoreStack
from scripts.sigstack.trust_files import TrustFiles
from tests.support.tools import need

pytestmark = pytest.mark.tools

_STATEMENT = (
    b'{"_type":"https://in-toto.io/Statement/v1","subject":[{"name":"a","digest":{"sha256":"%s"}}],'
    % (b"a" * 64)
)


def _cosign_signs(stack: SigstoreStack, folder: Path, token: str) -> Path:
    statement, bundle, secret = folder / "statement.json", folder / "bundle.json", folder / "token"
    statement.write_bytes(_STATEMENT + b'"predicateType":"https://example.org/p","predicate":{}}')
    secret.write_text(token)
    files = stack.files
    subprocess.run(
        [
            need("cosign"), "attest-blob", f"--statement={statement}", f"--bundle={bundle}", "--yes",
            f"--signing-config={files.signing_config}", f"--trusted-root={files.trusted_root}",
            f"--identity-token={secret}",
        ],
        check=True, capture_output=True,
    )  # fmt: skip
    return bundle


def _cosign_verifies(files: TrustFiles, bundle: Path, identity: str, issuer: str) -> str:
    done = subprocess.run(
        [
            need("cosign"), "verify-blob-attestation", f"--bundle={bundle}", f"--trusted-root={files.trusted_root}",
            f"--certificate-identity={identity}", f"--certificate-oidc-issuer={issuer}",
            "--type=https://example.org/p", "--digest=" + "a" * 64, "--digestAlg=sha256",
        ],
        check=False, capture_output=True, text=True,
    )  # fmt: skip
    return done.stderr


def test_cosign_signs_and_verifies_as_a_job(sigstack: SigstoreStack, tmp_path: Path) -> None:
    bundle = _cosign_signs(sigstack, tmp_path, sigstack.issuer.job_token())
    job = "https://github.com/octo-org/demo/.github/workflows/release.yml@refs/heads/main"
    issuer = sigstack.issuer.url
    assert "Verified OK" in _cosign_verifies(sigstack.files, bundle, job, issuer)
    assert "Verified OK" not in _cosign_verifies(sigstack.files, bundle, f"{job}x", issuer)


def test_a_mail_address_signs_as_itself(sigstack: SigstoreStack, tmp_path: Path) -> None:
    bundle = _cosign_signs(sigstack, tmp_path, sigstack.mail.mail_token("dev@example.org"))
    said = _cosign_verifies(sigstack.files, bundle, "dev@example.org", sigstack.mail.url)
    assert "Verified OK" in said


def test_a_part_that_comes_back_is_where_it_was(sigstack: SigstoreStack) -> None:
    for part in sigstack.parts:
        url = part.url
        part.stop()
        with pytest.raises(httpx.ConnectError):
            httpx.get(url, trust_env=False)
        part.start()
        assert part.url == url
        httpx.get(url, trust_env=False)


def test_githubs_kind_keeps_no_log(github_sigstack: SigstoreStack) -> None:
    root = github_sigstack.files.trusted_root.read_text()
    assert '"organization": "GitHub, Inc."' in root
    assert '"tlogs": []' in root
    assert '"ctlogs": []' in root
    assert not github_sigstack.rekor.runs


def test_actions_hand_out_tokens_only_to_the_job(sigstack: SigstoreStack) -> None:
    said = sigstack.issuer.actions_environment()
    url, bearer = said["ACTIONS_ID_TOKEN_REQUEST_URL"], said["ACTIONS_ID_TOKEN_REQUEST_TOKEN"]
    wrong = httpx.get(url, headers={"Authorization": "bearer no"}, trust_env=False)
    assert wrong.status_code == 401
    right = httpx.get(url, headers={"Authorization": f"bearer {bearer}"}, trust_env=False)
    assert right.json()["value"].count(".") == 2


def test_a_certificate_without_poison_stays_as_it_is(sigstack: SigstoreStack) -> None:
    chain = x509.load_pem_x509_certificates((sigstack.folder / "authority.pem").read_bytes())
    for certificate in chain:
        body = certificate.tbs_certificate_bytes
        assert without_poison(body) == body
