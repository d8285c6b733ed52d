"""Key files: cosign's form and PEM are read, passwords are never shown, and nothing is overwritten."""

import base64
import json
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import x25519
from hypothesis import given, settings
from hypothesis import strategies as st

from shipseal._internal.redact import redact
from shipseal.attest.key_files import (
    encrypt_key,
    environment_password,
    load_private_key,
    load_public_key,
    read_key_file,
    write_key_pair,
)
from shipseal.attest.keys import LocalKey
from shipseal.errors import Code, ConfigError, ShipsealError
from tests.support.evidence import PASSWORD, key

PEM, PKCS8, TRADITIONAL = (
    serialization.Encoding.PEM,
    serialization.PrivateFormat.PKCS8,
    serialization.PrivateFormat.TraditionalOpenSSL,
)


def right() -> str:
    return PASSWORD


def nobody() -> None:
    return None


def never() -> str:
    raise AssertionError("the password was asked for without need")


@pytest.fixture(scope="module")
def encrypted() -> bytes:
    return encrypt_key(key(), PASSWORD)


def test_what_is_written_is_read(encrypted: bytes) -> None:
    assert load_private_key(encrypted, what="x", password=right) == key()


def test_the_form_is_cosigns(encrypted: bytes) -> None:
    lines = encrypted.decode().splitlines()
    assert lines[0] == "-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----"
    assert lines[-1] == "-----END ENCRYPTED SIGSTORE PRIVATE KEY-----"
    assert max(map(len, lines[1:-1])) == 64
    box = json.loads(base64.b64decode("".join(lines[1:-1])))
    assert box["kdf"]["params"] == {"N": 65536, "r": 8, "p": 1}
    assert box["cipher"]["name"] == "nacl/secretbox"


def test_salt_and_nonce_are_new_each_time(encrypted: bytes) -> None:
    assert encrypt_key(key(), PASSWORD) != encrypted


def test_the_older_name_of_the_form_is_read(encrypted: bytes) -> None:
    older = encrypted.replace(b"SIGSTORE", b"COSIGN")
    assert load_private_key(older, what="x", password=right) == key()


@pytest.mark.parametrize("form", [PKCS8, TRADITIONAL])
def test_plain_pem_is_read_without_a_password(form: serialization.PrivateFormat) -> None:
    raw = key().private.private_bytes(PEM, form, serialization.NoEncryption())
    assert load_private_key(raw, what="x", password=never) == key()


@pytest.mark.parametrize("form", [PKCS8, TRADITIONAL])
def test_encrypted_pem_is_read(form: serialization.PrivateFormat) -> None:
    secret = serialization.BestAvailableEncryption(PASSWORD.encode())
    raw = key().private.private_bytes(PEM, form, secret)
    assert load_private_key(raw, what="x", password=right) == key()
    with pytest.raises(ConfigError, match="password is wrong"):
        load_private_key(raw, what="x", password=lambda: "wrong password")


def test_a_wrong_password_is_told_without_the_password(encrypted: bytes) -> None:
    wrong = "hunter2-hunter2"
    with pytest.raises(ConfigError, match="password is wrong, or the file was changed") as caught:
        load_private_key(encrypted, what="release.key", password=lambda: wrong)
    error = caught.value
    assert error.code is Code.CONFIG_INVALID
    shown = f"{error.message} {error.hint} {error.context}"
    assert wrong not in shown
    assert error.message.startswith("release.key: ")
    assert "SHIPSEAL_KEY_PASSWORD" in error.hint


def test_a_missing_password_is_told(encrypted: bytes) -> None:
    with pytest.raises(ConfigError, match="no password") as caught:
        load_private_key(encrypted, what="release.key", password=nobody)
    assert "SHIPSEAL_KEY_PASSWORD or COSIGN_PASSWORD" in caught.value.hint


def test_an_empty_password_is_a_password(encrypted: bytes) -> None:
    """cosign takes an empty one for an unprotected key; ours are never made with it."""
    with pytest.raises(ConfigError, match="password is wrong"):
        load_private_key(encrypted, what="x", password=lambda: "")
    with pytest.raises(ConfigError, match="protects nothing"):
        encrypt_key(key(), "")


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"SHIPSEAL_KEY_PASSWORD": "first-one", "COSIGN_PASSWORD": "second-one"}, "first-one"),
        ({"COSIGN_PASSWORD": "second-one"}, "second-one"),
        ({"COSIGN_PASSWORD": ""}, ""),
        ({"SHIPSEAL_KEY_PASSWORD": "", "COSIGN_PASSWORD": "second-one"}, ""),
        ({}, None),
    ],
)
def test_where_a_password_comes_from(environment: dict[str, str], expected: str | None) -> None:
    assert environment_password(environment) == expected


def test_a_password_that_was_read_is_redacted_from_then_on(encrypted: bytes) -> None:
    environment_password({"COSIGN_PASSWORD": "tr0ub4dor-and-3"})
    assert "tr0ub4dor" not in redact("the password is tr0ub4dor-and-3")
    load_private_key(encrypted, what="x", password=right)
    assert PASSWORD not in redact(f"it is {PASSWORD}")


def box_of(pem: bytes) -> dict[str, Any]:
    value = json.loads(base64.b64decode(b"".join(pem.split(b"\n")[1:-2])))
    assert isinstance(value, dict)
    return value


def pem_of(box: object) -> bytes:
    body = base64.b64encode(json.dumps(box).encode())
    return (
        b"-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\n"
        + body
        + b"\n-----END ENCRYPTED SIGSTORE PRIVATE KEY-----\n"
    )


def _costly(box: dict[str, Any]) -> None:
    box["kdf"]["params"]["N"] = 2**30


def _other_cipher(box: dict[str, Any]) -> None:
    box["cipher"]["name"] = "rot13"


def _other_kdf(box: dict[str, Any]) -> None:
    box["kdf"]["name"] = "md5"


def _short_nonce(box: dict[str, Any]) -> None:
    box["cipher"]["nonce"] = "AAAA"


def _changed(box: dict[str, Any]) -> None:
    text = bytearray(base64.b64decode(box["ciphertext"]))
    text[0] ^= 1
    box["ciphertext"] = base64.b64encode(text).decode()


def _more(box: dict[str, Any]) -> None:
    box["more"] = 1


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (_costly, "which cosign does not use"),
        (_other_cipher, "which cosign does not use"),
        (_other_kdf, "which cosign does not use"),
        (_short_nonce, "cannot be decrypted"),
        (_changed, "cannot be decrypted"),
        (_more, "holds no private key"),
    ],
)
def test_a_key_file_that_was_changed_is_refused(
    encrypted: bytes, change: Callable[[dict[str, Any]], None], match: str
) -> None:
    box = box_of(encrypted)
    change(box)
    with pytest.raises(ConfigError, match=match):
        load_private_key(pem_of(box), what="x", password=right)


@pytest.mark.parametrize("n", [32768, 131072])
def test_cosigns_other_strengths_are_allowed(encrypted: bytes, n: int) -> None:
    box = box_of(encrypted)
    box["kdf"]["params"]["N"] = n
    # Another strength makes another key of the same password, so only decryption fails.
    with pytest.raises(ConfigError, match="cannot be decrypted"):
        load_private_key(pem_of(box), what="x", password=right)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"no key",
        b"-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\n!!\n-----END ENCRYPTED SIGSTORE PRIVATE KEY-----",
        b"-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\nAAA\n-----END ENCRYPTED SIGSTORE PRIVATE KEY-----",
        b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
        key().public.pem(),
    ],
)
def test_what_is_no_private_key(raw: bytes) -> None:
    with pytest.raises(ConfigError) as caught:
        load_private_key(raw, what="x.key", password=right)
    assert caught.value.code is Code.CONFIG_INVALID
    assert caught.value.message.startswith("x.key: ")


def test_a_key_of_a_kind_that_cannot_sign_is_refused() -> None:
    raw = x25519.X25519PrivateKey.generate().private_bytes(PEM, PKCS8, serialization.NoEncryption())
    with pytest.raises(ConfigError, match="X25519"):
        load_private_key(raw, what="x", password=never)


def test_a_public_key_is_read() -> None:
    assert load_public_key(key().public.pem(), what="x") == key().public


def test_a_private_key_is_no_public_key(encrypted: bytes) -> None:
    """A verifier must not need it, and must not hold it."""
    with pytest.raises(ConfigError, match="private key, expected a public one"):
        load_public_key(encrypted, what="x")


@given(st.binary(max_size=120))
@settings(max_examples=100)
def test_no_bytes_raise_anything_else(raw: bytes) -> None:
    with pytest.raises(ConfigError):
        load_public_key(raw, what="x")
    with pytest.raises(ConfigError):
        load_private_key(raw, what="x", password=right)


def test_a_pair_is_written_for_its_owner_alone(tmp_path: Path) -> None:
    private, public = write_key_pair(key(), tmp_path / "keys" / "release.1", PASSWORD)
    assert (private.name, public.name) == ("release.1.key", "release.1.pub")
    assert stat.S_IMODE(private.stat().st_mode) == 0o600
    assert load_private_key(read_key_file(private), what="x", password=right) == key()
    assert load_public_key(read_key_file(public), what="x") == key().public


@pytest.mark.parametrize("existing", ["a.key", "a.pub"])
def test_a_key_is_never_overwritten(tmp_path: Path, existing: str) -> None:
    (tmp_path / existing).write_text("precious")
    with pytest.raises(ConfigError, match="never overwritten") as caught:
        write_key_pair(LocalKey.generate(), tmp_path / "a", PASSWORD)
    assert existing in caught.value.message
    assert [path.name for path in tmp_path.iterdir()] == [existing]
    assert (tmp_path / existing).read_text() == "precious"


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ShipsealError, match=r"file/a\.key: cannot be written") as caught:
        write_key_pair(key(), tmp_path / "file" / "a", PASSWORD)
    assert caught.value.code is Code.CONFIG_INVALID


def test_a_key_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"no\.key: cannot be read: No such file"):
        read_key_file(tmp_path / "no.key")


def test_a_key_file_that_is_no_file_or_too_long(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="Is a directory"):
        read_key_file(tmp_path)
    (tmp_path / "long.key").write_bytes(b"x" * 70_000)
    with pytest.raises(ShipsealError, match="the limit for a key file") as caught:
        read_key_file(tmp_path / "long.key")
    assert caught.value.code is Code.CONFIG_INVALID
