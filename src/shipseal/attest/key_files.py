"""Key files: cosign's encrypted form and the usual PEM forms are read, cosign's form is written.

cosign's form is JSON in a PEM block: PKCS #8 in a NaCl secret box, its key made from the password by scrypt
(go-securesystemslib, ``encrypted``). A password never enters an error.
"""

import base64
import binascii
import os
import re
import secrets
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Protocol

import msgspec
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization

from shipseal._internal.durable import disk_errors, fsync_folder
from shipseal._internal.json_errors import NOT_JSON
from shipseal._internal.limits import KIB, Limit, read_limited
from shipseal._internal.redact import register_secret
from shipseal.attest.key_password import password_in_file
from shipseal.attest.keys import LocalKey, PublicKey
from shipseal.errors import Code, ConfigError

PASSWORD_VARIABLES = ("SHIPSEAL_KEY_PASSWORD", "COSIGN_PASSWORD")

_KEY_FILE = Limit("key file", 64 * KIB, "the largest accepted key is an RSA key of 4,096 bits")
_SIGSTORE = "ENCRYPTED SIGSTORE PRIVATE KEY"
_COSIGN_FORM = re.compile(
    rb"-----BEGIN (ENCRYPTED (?:SIGSTORE|COSIGN) PRIVATE KEY)-----\s+([A-Za-z0-9+/=\s]+?)\s*-----END \1-----"
)
_STANDARD = (65536, 8, 1)
_BOX_KEY = 32
"""Bytes of a secret box's key."""
_SCRYPT = ((32768, 8, 1), _STANDARD, (131072, 8, 1))
"""The only parameters that cosign takes: others could make the reader compute for hours."""


class PasswordSource(Protocol):
    """Gives the password of a key file, when it is needed and not before."""

    def __call__(self) -> str | None:
        """Return the password, or None when there is none to be had."""


def environment_password(environment: Mapping[str, str]) -> str | None:
    """Return ``SHIPSEAL_KEY_PASSWORD``, else ``COSIGN_PASSWORD``, else the first line of a file, else None.

    The file is named in ``SHIPSEAL_KEY_PASSWORD_FILE``; ``-`` is standard input. Set but empty is a password.

    Raises:
        ConfigError: the file cannot be read.
    """
    found = next((environment[name] for name in PASSWORD_VARIABLES if name in environment), None)
    if found is None:
        found = password_in_file(environment)
    if found:
        register_secret(found)
    return found


def read_key_file(path: Path) -> bytes:
    """Return the bytes of a key file.

    Raises:
        ConfigError: it cannot be read, or is too long to be one.
    """
    try:
        with path.open("rb") as stream:
            return read_limited(stream, _KEY_FILE, what=str(path), code=Code.CONFIG_INVALID)
    except OSError as error:
        raise ConfigError(
            f"{path}: cannot be read: {error.strerror}",
            hint="name a key file, or make one with `shipseal key generate`",
            context={"path": str(path)},
        ) from error


def load_private_key(raw: bytes, *, what: str, password: PasswordSource) -> LocalKey:
    """Return the private key in ``raw``: cosign's encrypted form, or PEM (PKCS #8 plain or encrypted, PKCS #1, SEC 1).

    Args:
        raw: content of the key file.
        what: names the file in errors.
        password: asked only when the file is encrypted.

    Raises:
        ConfigError: no key, no password, a wrong one, or a kind of key that is not accepted.
    """
    cosign = _COSIGN_FORM.search(raw)
    if cosign:
        der = _open_box(_pem_body(cosign[2], what), _asked(password, what), what)
        return LocalKey.of(_load_der(der, what), what=what)
    encrypted = b"ENCRYPTED" in raw
    secret = _asked(password, what).encode() if encrypted else None
    try:
        return LocalKey.of(serialization.load_pem_private_key(raw, secret), what=what)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise _not_decrypted(what) if encrypted else _no_key(what, "private") from error


def load_public_key(raw: bytes, *, what: str) -> PublicKey:
    """Return the public key in ``raw`` (PEM, SubjectPublicKeyInfo).

    Raises:
        ConfigError: no public key, or a kind that is not accepted.
    """
    if b"PRIVATE KEY-----" in raw:
        raise ConfigError(
            f"{what}: this is a private key, expected a public one",
            hint="verifiers need the .pub file: `shipseal key public KEY` prints it",
        )
    try:
        key = serialization.load_pem_public_key(raw)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise _no_key(what, "public") from error
    return PublicKey.of(key, what=what)


def read_public_keys(files: Iterable[Path]) -> tuple[PublicKey, ...]:
    """Return the public keys in ``files``.

    Raises:
        ConfigError: one cannot be read, or holds no public key.
    """
    return tuple(load_public_key(read_key_file(path), what=str(path)) for path in files)


def encrypt_key(key: LocalKey, password: str) -> bytes:
    """Return the key in cosign's encrypted form.

    Raises:
        ConfigError: the password is empty, which protects nothing.
    """
    if not password:
        raise ConfigError(
            "key: an empty password protects nothing",
            hint=f"set {PASSWORD_VARIABLES[0]}, or type a password when asked",
        )
    from nacl.secret import SecretBox  # noqa: PLC0415 - see _open_box

    salt, nonce = secrets.token_bytes(32), secrets.token_bytes(SecretBox.NONCE_SIZE)
    box = SecretBox(_derive(password, salt, _STANDARD))
    n, r, p = _STANDARD
    document = {
        "kdf": {"name": "scrypt", "params": {"N": n, "r": r, "p": p}, "salt": _base64(salt)},
        "cipher": {"name": "nacl/secretbox", "nonce": _base64(nonce)},
        "ciphertext": _base64(box.encrypt(key.pkcs8(), nonce).ciphertext),
    }
    body = _base64(msgspec.json.encode(document))
    lines = [body[at : at + 64] for at in range(0, len(body), 64)]
    return "\n".join(
        (f"-----BEGIN {_SIGSTORE}-----", *lines, f"-----END {_SIGSTORE}-----", "")
    ).encode()


def write_key_pair(key: LocalKey, prefix: Path, password: str) -> tuple[Path, Path]:
    """Write ``PREFIX.key`` (mode 0600, encrypted) and ``PREFIX.pub``, and return both names. Nothing is overwritten.

    Raises:
        ConfigError: one of them exists, or the password is empty.
        ShipsealError: the folder cannot be written.
    """
    private = prefix.with_name(f"{prefix.name}.key")
    public = prefix.with_name(f"{prefix.name}.pub")
    for path in (private, public):
        if path.exists():
            raise _exists(path)
    _write_new(private, encrypt_key(key, password), 0o600)
    try:
        _write_new(public, key.public.pem(), 0o644)
    except BaseException:
        # A private key alone would stand in the way of the next attempt.
        private.unlink(missing_ok=True)
        raise
    return private, public


class _Params(msgspec.Struct, forbid_unknown_fields=True):
    n: int = msgspec.field(name="N")
    r: int
    p: int


class _Kdf(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    params: _Params
    salt: bytes


class _Cipher(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    nonce: bytes


class _Box(msgspec.Struct, forbid_unknown_fields=True):
    kdf: _Kdf
    cipher: _Cipher
    ciphertext: bytes


def _open_box(raw: bytes, password: str, what: str) -> bytes:
    try:
        box = msgspec.json.decode(raw, type=_Box)
    except NOT_JSON as error:
        raise _no_key(what, "private") from error
    params = (box.kdf.params.n, box.kdf.params.r, box.kdf.params.p)
    if (box.kdf.name, box.cipher.name) != ("scrypt", "nacl/secretbox") or params not in _SCRYPT:
        raise ConfigError(
            f"{what}: encrypted with {box.kdf.name} {params} and {box.cipher.name}, which cosign does not use",
            hint="make a new key with `shipseal key generate`",
        )
    # Imported where a private key is opened: reading a public one should not wait for it.
    from nacl.exceptions import CryptoError  # noqa: PLC0415
    from nacl.secret import SecretBox  # noqa: PLC0415

    try:
        secret = SecretBox(_derive(password, box.kdf.salt, params))
        return secret.decrypt(box.ciphertext, box.cipher.nonce)
    except (CryptoError, ValueError) as error:
        raise _not_decrypted(what) from error


def _derive(password: str, salt: bytes, params: tuple[int, int, int]) -> bytes:
    from cryptography.hazmat.primitives.kdf.scrypt import Scrypt  # noqa: PLC0415 - see _open_box

    n, r, p = params
    return Scrypt(salt=salt, length=_BOX_KEY, n=n, r=r, p=p).derive(password.encode())


def _asked(password: PasswordSource, what: str) -> str:
    answer = password()
    if answer is None:
        raise ConfigError(
            f"{what}: the key is encrypted and there is no password",
            hint=f"set {' or '.join(PASSWORD_VARIABLES)}, or run it on a terminal to be asked",
        )
    if answer:
        register_secret(answer)
    return answer


def _pem_body(text: bytes, what: str) -> bytes:
    try:
        return base64.b64decode(b"".join(text.split()), validate=True)
    except binascii.Error as error:
        raise _no_key(what, "private") from error


def _load_der(der: bytes, what: str) -> object:
    try:
        return serialization.load_der_private_key(der, None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise _no_key(what, "private") from error


def _write_new(path: Path, data: bytes, mode: int) -> None:
    with disk_errors(path, needed=len(data)):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            # The mode is given at creation: there is no moment in which others can read it.
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        except FileExistsError as error:
            raise _exists(path) from error
        try:
            with os.fdopen(descriptor, "wb") as stream:
                stream.write(data)
                stream.flush()
                os.fsync(stream.fileno())
            fsync_folder(path.parent)
        except BaseException:
            path.unlink(missing_ok=True)
            raise


def _exists(path: Path) -> ConfigError:
    return ConfigError(
        f"{path}: exists already, and a key is never overwritten",
        hint="choose another name with --out, or move the old key away",
        context={"path": str(path)},
    )


def _no_key(what: str, kind: str) -> ConfigError:
    return ConfigError(
        f"{what}: holds no {kind} key in a form that is understood",
        hint=f"expected a PEM file with a {kind} key, such as `shipseal key generate` writes",
    )


def _not_decrypted(what: str) -> ConfigError:
    return ConfigError(
        f"{what}: cannot be decrypted: the password is wrong, or the file was changed",
        hint=f"check {' and '.join(PASSWORD_VARIABLES)}; the first one that is set is used",
    )


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
