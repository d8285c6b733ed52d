"""Keys that stay in a token or in AWS KMS, through real clients: public halves, releases, and what goes wrong."""

import io
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from shipseal.attest.key_files import environment_password, load_public_key
from shipseal.attest.kms_key import open_kms_key
from shipseal.cli.main import main
from shipseal.errors import Exit
from tests.support.aws_kms import AwsKms, aws_kms
from tests.support.release_project import Project
from tests.support.softhsm import LABEL, PIN, Token, token
from tests.support.tools import need

pytestmark = pytest.mark.tools


@pytest.fixture(scope="module")
def server() -> Iterator[AwsKms]:
    with aws_kms() as running:
        yield running


@pytest.fixture
def kms(server: AwsKms, monkeypatch: pytest.MonkeyPatch) -> AwsKms:
    server.use(monkeypatch)
    return server


@pytest.fixture(scope="module")
def tokens(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Token]:
    # One token for all: the library is told once in a process where its tokens are.
    with pytest.MonkeyPatch.context() as environment:
        yield token(tmp_path_factory.mktemp("hsm"), environment)


@pytest.fixture(scope="module")
def hsm_key(tokens: Token) -> str:
    return tokens.make_key(2, "secp256r1")


@pytest.fixture
def pin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHIPSEAL_KEY_PASSWORD", PIN)


def public_half(name: str, path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    capsys.readouterr()
    assert main(["key", "public", name]) == Exit.OK
    path.write_text(capsys.readouterr().out)
    return path


def released(folder: Path, key: str, public: Path) -> Project:
    project = Project(
        folder / "project", extra={"sign": {"key": key}, "verify": {"keys": [str(public)]}}
    )
    project.build()
    assert project.release() == Exit.OK
    return project


def test_a_release_signed_in_a_token(
    tmp_path: Path, hsm_key: str, pin: None, capsys: pytest.CaptureFixture[str]
) -> None:
    public = public_half(hsm_key, tmp_path / "token.pub", capsys)
    project = released(tmp_path, hsm_key, public)
    told = capsys.readouterr()
    assert PIN not in told.out + told.err
    assert project.run("verify", f"oci:{project.folder}/a:1.0.0", "--key", str(public)) == Exit.OK


def test_a_release_signed_by_aws(
    tmp_path: Path, kms: AwsKms, capsys: pytest.CaptureFixture[str]
) -> None:
    key = kms.make_key("ECC_NIST_P256", "release")
    public = public_half(key, tmp_path / "aws.pub", capsys)
    project = released(tmp_path, key, public)
    assert project.run("verify", f"oci:{project.folder}/a:1.0.0", "--key", str(public)) == Exit.OK


@pytest.mark.parametrize(("number", "curve"), [(3, "secp256r1"), (4, "secp384r1")])
def test_the_public_half_leaves_the_token(
    tmp_path: Path,
    tokens: Token,
    number: int,
    curve: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    name = tokens.make_key(number, curve)
    assert main(["key", "public", name, "--json"]) == Exit.OK
    shown = json.loads(capsys.readouterr().out)
    assert load_public_key(shown["public"].encode(), what="x").key_id == shown["id"]


@pytest.mark.parametrize("spec", ["ECC_NIST_P256", "ECC_NIST_P384", "RSA_2048"])
def test_every_kind_of_aws_signs_what_openssl_takes(tmp_path: Path, kms: AwsKms, spec: str) -> None:
    name = kms.make_key(spec, f"kind-{spec}")
    key = open_kms_key(name, pin=lambda: None)
    public, message, signature = (tmp_path / part for part in ("pub", "message", "signature"))
    public.write_bytes(key.public.pem())
    message.write_bytes(b"hello")
    signature.write_bytes(key.sign(b"hello"))
    algorithm = "-sha384" if spec == "ECC_NIST_P384" else "-sha256"
    command = [
        need("openssl"),
        "dgst",
        algorithm,
        "-verify",
        public,
        "-signature",
        signature,
        message,
    ]
    subprocess.run(list(map(str, command)), check=True, capture_output=True, timeout=30)


def test_a_pin_may_come_through_a_pipe(
    tmp_path: Path, hsm_key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(PIN.encode() + b"\n")))
    environment = {"SHIPSEAL_KEY_PASSWORD_FILE": "-"}
    key = open_kms_key(hsm_key, pin=lambda: environment_password(environment))
    key.check()
    key.check()


def refused(project: Project, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    capsys.readouterr()
    status = project.release()
    shown = capsys.readouterr()
    return status, shown.out + shown.err


def test_a_wrong_pin_ends_the_release_before_anything_is_built(
    tmp_path: Path,
    hsm_key: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("SHIPSEAL_KEY_PASSWORD", "wrong-pin-0815")
    project = Project(tmp_path / "project", extra={"sign": {"key": hsm_key}})
    project.build()
    status, said = refused(project, capsys)
    assert status == Exit.AUTH
    assert "auth.key-denied" in said
    assert "wrong-pin-0815" not in said
    assert not (project.folder / "a").exists()


def test_a_token_without_a_pin_and_nobody_to_ask(
    tmp_path: Path,
    hsm_key: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.delenv("SHIPSEAL_KEY_PASSWORD", raising=False)
    monkeypatch.delenv("COSIGN_PASSWORD", raising=False)
    project = Project(tmp_path / "project", extra={"sign": {"key": hsm_key}})
    project.build()
    monkeypatch.delenv("SHIPSEAL_KEY_PASSWORD", raising=False)
    status, said = refused(project, capsys)
    assert status == Exit.USAGE
    assert "SHIPSEAL_KEY_PASSWORD_FILE" in said


@pytest.mark.parametrize(
    ("name", "problem"),
    [("hsm:77?label=" + LABEL.replace(" ", "+"), "77"), ("hsm:2?label=nobody", "nobody")],
)
def test_a_key_or_token_that_is_not_there(
    hsm_key: str, pin: None, name: str, problem: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["key", "public", name]) == Exit.USAGE
    assert problem in capsys.readouterr().err


def test_aws_has_no_such_key(kms: AwsKms, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["key", "public", "awskms:///alias/nobody"]) == Exit.USAGE
    assert "config.invalid" in capsys.readouterr().err


def test_aws_is_away(
    kms: AwsKms, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_KMS", "http://127.0.0.1:1")
    assert main(["key", "public", "awskms:///alias/release"]) == Exit.OUTSIDE
    assert "network.unreachable" in capsys.readouterr().err


def test_aws_without_credentials(
    kms: AwsKms,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert main(["key", "public", "awskms:///alias/release"]) == Exit.AUTH
    assert "kms:Sign" in capsys.readouterr().err
