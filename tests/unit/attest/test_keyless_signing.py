"""Signing without a key, on a real instance of Sigstore; cosign and our own verification accept what comes out."""

import json
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from scripts.sigstack.issuer import Job
from scripts.sigstack.stack import SigstoreStack
from shipseal._internal.clock import SystemClock
from shipseal.attest.identity import Identity
from shipseal.attest.identity_trust import IdentityTrust
from shipseal.attest.interface import SignedBundle
from shipseal.attest.keyless_signer import KeylessSigner
from shipseal.attest.oidc_sources import ActionsTokens, FixedTokens, TokenSource
from shipseal.attest.patterns import Form, Pattern
from shipseal.attest.sigstore_instance import instance_from_files
from shipseal.attest.trust_root import parse_trust_root
from shipseal.attest.web import Patience, Web
from shipseal.errors import AttestError, Code, ConfigError
from shipseal.testing.http_server import Exchange
from shipseal.testing.reverse_proxy import ReverseProxy
from tests.support.logs import b64
from tests.support.rekor_v1 import RekorV1
from tests.support.tools import need

pytestmark = pytest.mark.tools

PATIENCE = Patience(answer=4.0, deadline=1.0)
LONG = Patience(answer=10.0, deadline=20.0)
JOB = "https://github.com/octo-org/demo/.github/workflows/release.yml@refs/heads/main"
TYPE = "https://example.org/p"


def statement(number: int = 0) -> bytes:
    document = {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": "a", "digest": {"sha256": "a" * 64}}],
        "predicateType": TYPE,
        "predicate": {"number": number},
    }
    return json.dumps(document).encode()


class ShiftedClock(SystemClock):
    """The machine's clock, some time ahead."""

    ahead = timedelta(0)

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead


def signer_on(
    stack: SigstoreStack,
    *,
    tokens: TokenSource | None = None,
    clock: SystemClock | None = None,
    config: Path | None = None,
    root: Path | None = None,
    patience: Patience | None = None,
) -> KeylessSigner:
    clock = clock or SystemClock()
    web = Web(clock, patience or PATIENCE)
    source = tokens or ActionsTokens(stack.issuer.actions_environment(), web, clock)
    instance = instance_from_files(config or stack.files.client_config, root, now=clock.now())
    return KeylessSigner(instance, source, web, clock)


def cosign_says(
    bundle: SignedBundle, folder: Path, root: Path, *options: str, identity: str = JOB, issuer: str
) -> str:
    path = folder / "bundle.json"
    path.write_bytes(bundle.raw)
    done = subprocess.run(
        [
            need("cosign"), "verify-blob-attestation", f"--bundle={path}", f"--trusted-root={root}",
            f"--certificate-identity={identity}", f"--certificate-oidc-issuer={issuer}", f"--type={TYPE}",
            "--digest=" + "a" * 64, "--digestAlg=sha256", *options,
        ],
        check=False, capture_output=True, text=True,
    )  # fmt: skip
    return done.stderr


def trust_in(issuer: str, root: bytes, **fields: str) -> IdentityTrust:
    patterns = {name: Pattern(text, Form.EXACT) for name, text in fields.items()}
    identity = Identity(issuer=Pattern(issuer, Form.EXACT), **patterns)  # type: ignore[arg-type]
    return IdentityTrust([identity], parse_trust_root(root, what="test"))


def test_cosign_and_shipseal_verify_what_a_job_signed(
    sigstack: SigstoreStack, tmp_path: Path
) -> None:
    signer = signer_on(sigstack)
    assert signer.identity == (
        f"keyless octo-org/demo/.github/workflows/release.yml@refs/heads/main, by {sigstack.issuer.url}"
    )
    bundle = signer.sign(statement())
    root = sigstack.files.trusted_root
    assert "Verified OK" in cosign_says(bundle, tmp_path, root, issuer=sigstack.issuer.url)
    trust = trust_in(sigstack.issuer.url, root.read_bytes(), repository="octo-org/demo")
    assert trust.verify(bundle.raw).statement.predicate_type == bundle.predicate_type == TYPE


def test_a_reusable_workflow_is_named_beside_who_called_it(sigstack: SigstoreStack) -> None:
    sigstack.issuer.job = Job(signer="octo-org/ci/.github/workflows/publish.yml@refs/heads/main")
    assert signer_on(sigstack).identity == (
        "keyless octo-org/ci/.github/workflows/publish.yml@refs/heads/main for octo-org/demo refs/heads/main, "
        f"by {sigstack.issuer.url}"
    )


def test_a_person_signs_with_an_address(sigstack: SigstoreStack, tmp_path: Path) -> None:
    token = sigstack.mail.mail_token("dev@example.org")
    signer = signer_on(sigstack, tokens=FixedTokens(token, "test", SystemClock()))
    assert signer.identity == f"keyless dev@example.org, by {sigstack.mail.url}"
    said = cosign_says(
        signer.sign(statement()),
        tmp_path,
        sigstack.files.trusted_root,
        identity="dev@example.org",
        issuer=sigstack.mail.url,
    )
    assert "Verified OK" in said


def test_the_public_kind_is_signed_for_alike(
    public_sigstack: SigstoreStack, tmp_path: Path
) -> None:
    bundle = signer_on(public_sigstack).sign(statement())
    files = public_sigstack.files
    said = cosign_says(bundle, tmp_path, files.trusted_root, issuer=public_sigstack.issuer.url)
    assert "Verified OK" in said


def test_githubs_kind_gets_a_timestamp_and_no_log(
    github_sigstack: SigstoreStack, tmp_path: Path
) -> None:
    bundle = signer_on(github_sigstack).sign(statement())
    material = json.loads(bundle.raw)["verificationMaterial"]
    assert "tlogEntries" not in material
    assert len(material["timestampVerificationData"]["rfc3161Timestamps"]) == 1
    root = github_sigstack.files.trusted_root
    said = cosign_says(
        bundle,
        tmp_path,
        root,
        "--insecure-ignore-sct",
        "--insecure-ignore-tlog",
        "--use-signed-timestamps",
        issuer=github_sigstack.issuer.url,
    )
    assert "Verified OK" in said
    trust = trust_in(github_sigstack.issuer.url, root.read_bytes(), repository="octo-org/demo")
    assert trust.verify(bundle.raw).statement.predicate_type == TYPE


def test_a_dozen_takes_at_most_twice_the_time_of_one(sigstack: SigstoreStack) -> None:
    signer = signer_on(sigstack)
    signer.sign(statement())
    began = time.monotonic()
    signer.sign(statement(1))
    one = time.monotonic() - began
    with ThreadPoolExecutor(12) as pool:
        began = time.monotonic()
        bundles = list(pool.map(signer.sign, map(statement, range(2, 14))))
        dozen = time.monotonic() - began
    # The log answers once a second, and one signature may meet its tick by luck.
    assert dozen <= 2 * max(one, 1.0)
    assert len({_leaf(bundle) for bundle in bundles}) == 1


def test_a_certificate_is_renewed_before_it_ends(sigstack: SigstoreStack) -> None:
    clock = ShiftedClock()
    signer = signer_on(sigstack, clock=clock)
    first = _leaf(signer.sign(statement()))
    assert _leaf(signer.sign(statement(1))) == first
    clock.ahead = timedelta(minutes=9, seconds=30)
    assert _leaf(signer.sign(statement(2))) != first


def test_a_token_that_ended_between_two_certificates_is_told(sigstack: SigstoreStack) -> None:
    clock = ShiftedClock()
    token = sigstack.issuer.job_token(life=60)
    signer = signer_on(sigstack, tokens=FixedTokens(token, "SIGSTORE_ID_TOKEN", clock), clock=clock)
    signer.sign(statement())
    clock.ahead = timedelta(minutes=9, seconds=30)
    with pytest.raises(AttestError, match="SIGSTORE_ID_TOKEN: it ended at") as caught:
        signer.sign(statement(1))
    assert caught.value.code is Code.OIDC_PERMISSION


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("ct-log", Code.SERVICE_OUTAGE),
        ("rekor", Code.NETWORK_UNREACHABLE),
        ("fulcio", Code.NETWORK_UNREACHABLE),
        ("timestamps", Code.NETWORK_UNREACHABLE),
        ("issuer", Code.NETWORK_UNREACHABLE),
    ],
)
def test_an_outage_has_its_code_in_time_and_is_over_when_it_is_over(
    name: str, code: Code, sigstack: SigstoreStack
) -> None:
    clock = ShiftedClock()
    sigstack.issuer.life = 60 if name == "issuer" else 3600
    signer = signer_on(sigstack, clock=clock)
    signer.sign(statement())
    part = next(one for one in sigstack.parts if one.name == name)
    # A new certificate is needed, so that every part is asked; and a new token, where it is its issuer that fails.
    clock.ahead = timedelta(minutes=9, seconds=30)
    sigstack.issuer.life = 3600
    part.stop()
    began = time.monotonic()
    with pytest.raises(AttestError) as caught:
        signer.sign(statement(1))
    assert time.monotonic() - began < 2 * (PATIENCE.deadline + PATIENCE.answer)
    assert (caught.value.code, caught.value.retryable) == (code, True)
    part.start()
    signer.sign(statement(2))


def test_without_a_timestamp_nothing_is_written_to_the_log(sigstack: SigstoreStack) -> None:
    signer = signer_on(sigstack)
    signer.sign(statement())
    tree = sigstack.folder / "log" / "checkpoint"
    before = tree.read_text().splitlines()[1]
    sigstack.timestamps.stop()
    with pytest.raises(AttestError, match="timestamp authority"):
        signer.sign(statement(1))
    assert tree.read_text().splitlines()[1] == before


def test_a_token_of_an_issuer_that_is_not_known_is_refused(
    sigstack: SigstoreStack, github_sigstack: SigstoreStack
) -> None:
    token = github_sigstack.issuer.job_token()
    signer = signer_on(sigstack, tokens=FixedTokens(token, "test", SystemClock()))
    with pytest.raises(AttestError, match="not accepted") as caught:
        signer.sign(statement())
    assert caught.value.code is Code.OIDC_PERMISSION
    assert not caught.value.retryable
    told = repr(caught.value.to_json()) + str(caught.value)
    assert not any(piece in told for piece in token.split("."))


def test_a_certificate_that_the_root_does_not_know_signs_nothing(
    sigstack: SigstoreStack, public_sigstack: SigstoreStack
) -> None:
    config = sigstack.files.signing_config
    signer = signer_on(sigstack, config=config, root=public_sigstack.files.trusted_root)
    with pytest.raises(AttestError, match="does not hold") as caught:
        signer.sign(statement())
    assert caught.value.code is Code.ATTEST_INVALID


def test_an_instance_with_logs_wants_its_trusted_root(sigstack: SigstoreStack) -> None:
    with pytest.raises(ConfigError, match="no trusted root"):
        signer_on(sigstack, config=sigstack.files.signing_config)


def test_an_entry_of_version_2_whose_answer_was_lost_is_made_anew(
    sigstack: SigstoreStack, tmp_path: Path
) -> None:
    lost: list[int] = []

    def lose_first(exchange: Exchange) -> bool:
        if exchange.method == "POST" and not lost:
            lost.append(1)
            exchange.twists.append(lambda _: None)
        return False

    with ReverseProxy(sigstack.rekor.url) as proxy:
        proxy.before = lose_first
        config = json.loads(sigstack.files.signing_config.read_text())
        config["rekorTlogUrls"][0]["url"] = proxy.url
        path = tmp_path / "config.json"
        path.write_text(json.dumps(config))
        root = sigstack.files.trusted_root
        bundle = signer_on(sigstack, config=path, root=root, patience=LONG).sign(statement())
        # Lost, refused as equivalent, and once more with another signature.
        assert proxy.count("POST", "/api/v2/log/entries") == 3
    assert "Verified OK" in cosign_says(bundle, tmp_path, root, issuer=sigstack.issuer.url)


@pytest.fixture
def classic(sigstack: SigstoreStack, tmp_path: Path) -> Iterator[tuple[RekorV1, KeylessSigner]]:
    """Return a log of version 1, and a signer that writes to it."""
    with RekorV1() as rekor:
        root, config = _with_classic_log(sigstack, rekor, tmp_path)
        yield rekor, signer_on(sigstack, config=config, root=root, patience=LONG)


def test_a_log_of_version_1_is_written_to(
    classic: tuple[RekorV1, KeylessSigner], sigstack: SigstoreStack, tmp_path: Path
) -> None:
    bundle = classic[1].sign(statement())
    root = tmp_path / "root.json"
    assert "Verified OK" in cosign_says(bundle, tmp_path, root, issuer=sigstack.issuer.url)
    trust = trust_in(sigstack.issuer.url, root.read_bytes(), repository="octo-org/demo")
    assert trust.verify(bundle.raw).statement.predicate_type == TYPE


def test_an_entry_whose_answer_was_lost_is_fetched_and_compared(
    classic: tuple[RekorV1, KeylessSigner], sigstack: SigstoreStack, tmp_path: Path
) -> None:
    rekor, signer = classic
    rekor.lose_answers = 1
    bundle = signer.sign(statement())
    assert [one.partition(" ")[0] for one in rekor.asked] == ["POST", "POST", "GET"]
    said = cosign_says(bundle, tmp_path, tmp_path / "root.json", issuer=sigstack.issuer.url)
    assert "Verified OK" in said


def test_an_equivalent_entry_that_is_another_is_no_success(
    classic: tuple[RekorV1, KeylessSigner],
) -> None:
    rekor, signer = classic
    rekor.lose_answers, rekor.swap = 1, True
    with pytest.raises(AttestError, match="not what was sent") as caught:
        signer.sign(statement())
    assert caught.value.code is Code.ATTEST_CONFLICT


def _leaf(bundle: SignedBundle) -> str:
    document: dict[str, Any] = json.loads(bundle.raw)
    return str(document["verificationMaterial"]["certificate"]["rawBytes"])


def _with_classic_log(stack: SigstoreStack, rekor: RekorV1, folder: Path) -> tuple[Path, Path]:
    """Write the stack's files with another log in them."""
    root = json.loads(stack.files.trusted_root.read_text())
    config = json.loads(stack.files.signing_config.read_text())
    window = root["tlogs"][0]["publicKey"]["validFor"]
    key = {
        "rawBytes": b64(rekor.log.spki),
        "keyDetails": "PKIX_ECDSA_P256_SHA_256",
        "validFor": window,
    }
    root["tlogs"] = [
        {
            "baseUrl": rekor.log.url,
            "hashAlgorithm": "SHA2_256",
            "publicKey": key,
            "logId": {"keyId": b64(rekor.log.log_id)},
        }
    ]
    config["rekorTlogUrls"][0] |= {"url": rekor.url, "majorApiVersion": 1}
    paths = folder / "root.json", folder / "config.json"
    paths[0].write_text(json.dumps(root))
    paths[1].write_text(json.dumps(config))
    return paths
