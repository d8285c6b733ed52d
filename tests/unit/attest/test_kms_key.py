"""Keys that stay elsewhere: what comes back is checked, calls end, and every cause has its code."""

import threading
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from shipseal._internal.kms_names import parse_kms_name
from shipseal.attest.bundle import parse_bundle
from shipseal.attest.key_files import environment_password
from shipseal.attest.key_signer import KeySigner
from shipseal.attest.keys import LocalKey, PublicKey
from shipseal.attest.kms_errors import kms_error
from shipseal.attest.kms_key import KmsKey, open_kms_key
from shipseal.attest.verify_bundle import KeyTrust
from shipseal.errors import AttestError, Code, ShipsealError
from shipseal.intoto.statement import Subject, encode_statement
from shipseal.oci import digest_of

STATEMENT = encode_statement(
    [Subject("app", digest_of(b"image"))], "https://example.org/type", {"a": 1}
)
NAME = parse_kms_name("awskms:///alias/release")


def nobody() -> None:
    return None


def remote(private: ec.EllipticCurvePrivateKey, **options: float) -> KmsKey:
    """Return a key whose signatures are never the same, as those of services."""
    public = PublicKey.of(private.public_key(), what="test")
    return KmsKey(
        NAME, public, lambda data: private.sign(data, ec.ECDSA(hashes.SHA256())), **options
    )


def test_the_bundle_is_that_of_a_local_key() -> None:
    private = ec.generate_private_key(ec.SECP256R1())
    key = remote(private)
    signer = KeySigner(key)
    first, second = signer.sign(STATEMENT), signer.sign(STATEMENT)
    assert first.raw != second.raw
    for bundle in (first, second):
        assert KeyTrust([key.public]).verify(bundle.raw).bundle == bundle.digest
        assert parse_bundle(bundle.raw).key_hint == key.public.hint
    assert signer.identity == f"key {LocalKey.of(private, what='test').public.key_id}"


def test_nothing_but_statements_is_signed() -> None:
    asked: list[bytes] = []

    def sign(data: bytes) -> bytes:
        asked.append(data)
        return b""

    key = KmsKey(NAME, LocalKey.generate().public, sign)
    with pytest.raises(AttestError) as caught:
        KeySigner(key).sign(b"{}")
    assert caught.value.code is Code.ATTEST_INVALID
    assert asked == []


def test_a_signature_of_another_key_is_refused() -> None:
    key = KmsKey(NAME, LocalKey.generate().public, LocalKey.generate().sign)
    with pytest.raises(AttestError, match="does not verify with key sha256:") as caught:
        key.check()
    assert caught.value.code is Code.ATTEST_INVALID


def test_a_call_that_does_not_return_is_an_outage() -> None:
    released = threading.Event()

    def sign(_data: bytes) -> bytes:
        released.wait(10)
        return b""

    key = KmsKey(NAME, LocalKey.generate().public, sign, limit=0.05)
    with pytest.raises(AttestError, match=r"no answer after 0\.05 s") as caught:
        key.check()
    released.set()
    assert (caught.value.code, caught.value.retryable) == (Code.SERVICE_OUTAGE, True)


def client_error(word: str) -> Exception:
    error = RuntimeError(f"An error occurred ({word})")
    error.response = {"Error": {"Code": word}}  # type: ignore[attr-defined]
    return error


def named(name: str, text: str = "it failed") -> Exception:
    made: Exception = type(name, (Exception,), {})(text)
    return made


@pytest.mark.parametrize(
    ("cause", "code"),
    [
        (client_error("AccessDeniedException"), Code.KEY_DENIED),
        (client_error("ThrottlingException"), Code.RATE_LIMITED),
        (client_error("NotFoundException"), Code.CONFIG_INVALID),
        (client_error("KMSInternalException"), Code.SERVICE_OUTAGE),
        (named("DefaultCredentialsError"), Code.KEY_DENIED),
        (named("ClientAuthenticationError"), Code.KEY_DENIED),
        (named("PinLocked"), Code.KEY_DENIED),
        (named("EndpointConnectionError"), Code.NETWORK_UNREACHABLE),
        (named("SSLError"), Code.TLS_UNTRUSTED),
        (named("ServiceUnavailable"), Code.SERVICE_OUTAGE),
        (named("UnsupportedLibraryError"), Code.TOOL_MISSING),
        (ImportError("No module named 'hvac'"), Code.TOOL_MISSING),
        (ValueError("No PKCS#11 token found"), Code.CONFIG_INVALID),
        (ConnectionRefusedError("refused"), Code.NETWORK_UNREACHABLE),
        (RuntimeError(), Code.SERVICE_OUTAGE),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else str(value),
)
def test_every_cause_has_its_code(cause: Exception, code: Code) -> None:
    error = kms_error(cause, NAME)
    assert error.code is code
    assert error.message.startswith("AWS KMS: awskms:///alias/release: ")
    assert error.hint


def test_a_service_without_its_client_says_how_to_get_it() -> None:
    name = "gcpkms://projects/p/locations/l/keyRings/r/cryptoKeys/k/versions/1"
    with pytest.raises(AttestError, match="client is not installed") as caught:
        open_kms_key(name, pin=nobody)
    assert caught.value.code is Code.TOOL_MISSING
    assert "pip install 'shipseal[kms]'" in caught.value.hint


def test_a_password_may_stand_in_a_file(tmp_path: Path) -> None:
    path = tmp_path / "pin"
    path.write_text("123456\r\nnot this line\n")
    assert environment_password({"SHIPSEAL_KEY_PASSWORD_FILE": str(path)}) == "123456"
    both = {"SHIPSEAL_KEY_PASSWORD_FILE": str(path), "SHIPSEAL_KEY_PASSWORD": "quite-another"}
    assert environment_password(both) == "quite-another"


@pytest.mark.parametrize("content", [None, b"\xff\xfe\n", b"x" * 5000])
def test_a_password_file_that_cannot_be_read_is_said(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "pin"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ShipsealError) as caught:
        environment_password({"SHIPSEAL_KEY_PASSWORD_FILE": str(path)})
    assert caught.value.code is Code.CONFIG_INVALID
    assert "xxxx" not in str(caught.value)
