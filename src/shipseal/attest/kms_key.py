"""Keys that never leave a key service or a token, by way of securesystemslib.

It knows the five services and signs with each; what it leaves open is ours: which of a key's schemes every verifier of
the field takes, how long a call may last, that what came back is a signature of this very key, and what errors mean.
"""

import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, TypeVar

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from shipseal._internal.kms_names import KmsName, Service, parse_kms_name
from shipseal._internal.redact import register_secret
from shipseal.attest.key_files import PasswordSource
from shipseal.attest.keys import PublicKey
from shipseal.attest.kms_errors import kms_error, missing_client
from shipseal.errors import AttestError, Code, ConfigError

if TYPE_CHECKING:
    from securesystemslib.signer import Signer as TheirSigner
    from securesystemslib.signer import SSlibKey

_T = TypeVar("_T")
CALL_LIMIT = 60.0
"""Seconds that one call may last: the clients' own limits, with their repetitions, go up to half an hour."""

_RSA = "rsa-pkcs1v15-sha256"
_SCHEMES = (
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "ed25519",
    _RSA,
)
_PROBE = b"shipseal asks whether this key may be used; this is no statement\n"


class KmsKey:
    """A private key that stays where it is. Safe to use from several threads: one call is made at a time.

    Args:
        name: of the key.
        public: its public half.
        sign: makes a signature over a message, and raises what the service's client raises.
        limit: seconds that one call may last.
    """

    def __init__(
        self,
        name: KmsName,
        public: PublicKey,
        sign: Callable[[bytes], bytes],
        *,
        limit: float = CALL_LIMIT,
    ) -> None:
        self.name, self.public = name, public
        self._sign, self._limit = sign, limit
        # A token takes one login at a time, and not every client says that threads may share it.
        self._turn = threading.Lock()

    def sign(self, message: bytes) -> bytes:
        """Return a signature over ``message``; with ECDSA another one each time.

        Raises:
            AttestError: the service does not sign, does not answer, or signs with another key.
        """
        with self._turn:
            signature = _within(self._limit, self.name, lambda: self._sign(message))
        if not self.public.verify(signature, message):
            raise AttestError(
                Code.ATTEST_INVALID,
                f"{self.name.service}: {self.name.text}: what it signed does not verify with key {self.public.key_id}",
                hint="the name may have been given to another key meanwhile: run the command again",
            )
        return signature

    def check(self) -> None:
        """Sign a few words that are no statement: whoever may not sign learns it before anything long begins.

        Raises:
            AttestError: as :meth:`sign`.
        """
        self.sign(_PROBE)


def open_kms_key(text: str, *, pin: PasswordSource, limit: float = CALL_LIMIT) -> KmsKey:
    """Return the key that ``text`` names; its public half is fetched now.

    Args:
        text: the name, see :mod:`shipseal._internal.kms_names`.
        pin: gives the PIN of a token; asked only for one, and once.
        limit: seconds that one call may last.

    Raises:
        AttestError: ``tool.missing``: the service's client is not installed; ``auth.key-denied``; the service does not
            answer.
        ConfigError: the name cannot be read, there is no such key, or it is of a kind that is not accepted.
    """
    name = parse_kms_name(text)
    known = _Pin(name, pin)
    try:
        public, signer = _within(limit, name, lambda: _opened(name, known.given))
    except _PinNeededError:
        known.ask()
        public, signer = _within(limit, name, lambda: _opened(name, known.given))

    def sign(message: bytes) -> bytes:
        return bytes.fromhex(signer.sign(message).signature)

    if name.service is not Service.HSM:
        return KmsKey(name, public, sign, limit=limit)
    return _TokenKey(name, public, sign, known, limit=limit)


class _TokenKey(KmsKey):
    """A key in a token: the PIN is asked for before the first signature, outside of what is timed."""

    def __init__(
        self,
        name: KmsName,
        public: PublicKey,
        sign: Callable[[bytes], bytes],
        pin: "_Pin",
        *,
        limit: float,
    ) -> None:
        super().__init__(name, public, sign, limit=limit)
        self._pin = pin

    def sign(self, message: bytes) -> bytes:
        """As for every key; a wrong PIN is not tried again, because a token locks itself."""
        self._pin.ask()
        return super().sign(message)


class _PinNeededError(Exception):
    """A token wants its PIN, and nobody has been asked for it yet."""


class _Pin:
    """The PIN of a token, asked for once."""

    def __init__(self, name: KmsName, source: PasswordSource) -> None:
        self._name, self._source = name, source
        self._value: str | None = None
        self._turn = threading.Lock()

    def ask(self) -> None:
        with self._turn:
            if self._value is not None:
                return
            self._value = self._source()
            if self._value is None:
                raise ConfigError(
                    f"{self._name.text}: the token wants its PIN, and there is none and nobody to ask",
                    hint="set SHIPSEAL_KEY_PASSWORD, or SHIPSEAL_KEY_PASSWORD_FILE to a file or to - for standard "
                    "input",
                )
            register_secret(self._value)

    def given(self, _what: str) -> str:
        if self._value is None:
            raise _PinNeededError
        return self._value


def _opened(name: KmsName, pin: Callable[[str], str]) -> "tuple[PublicKey, TheirSigner]":
    try:
        import securesystemslib.signer  # noqa: F401, PLC0415 - with the extra alone
    except ImportError as error:
        raise missing_client(name) from error
    if name.service is Service.HSM:
        key, signer = _token(name, pin)
    else:
        key, signer = _SERVICES[name.service](name)
    return _public(name, key), signer


def _aws(name: KmsName) -> "tuple[SSlibKey, TheirSigner]":
    from securesystemslib.signer import AWSSigner  # noqa: PLC0415 - as above

    key = AWSSigner.import_(name.key)[1]
    if key.keytype == "rsa":
        # securesystemslib prefers PSS, which no verifier of attestations reads.
        key = AWSSigner.import_(name.key, _RSA)[1]
    return key, AWSSigner(name.key, key)


def _gcp(name: KmsName) -> "tuple[SSlibKey, TheirSigner]":
    from securesystemslib.signer import GCPSigner  # noqa: PLC0415 - as above

    key = GCPSigner.import_(name.key)[1]
    return key, GCPSigner(name.key, key)


def _azure(name: KmsName) -> "tuple[SSlibKey, TheirSigner]":
    from securesystemslib.signer import AzureSigner  # noqa: PLC0415 - as above

    uri, key = AzureSigner.import_(name.place, name.key)
    _check_version(name, uri)
    return key, AzureSigner.from_priv_key_uri(uri, key)


def _vault(name: KmsName) -> "tuple[SSlibKey, TheirSigner]":
    from securesystemslib.signer import VaultSigner  # noqa: PLC0415 - as above

    uri, key = VaultSigner.import_(name.key)
    _check_version(name, uri)
    return key, VaultSigner.from_priv_key_uri(uri, key)


def _token(name: KmsName, pin: Callable[[str], str]) -> "tuple[SSlibKey, TheirSigner]":
    from securesystemslib.signer import HSMSigner  # noqa: PLC0415 - as above

    label = name.place or None
    key = HSMSigner.import_(int(name.key), label, pin)[1]
    return key, HSMSigner(int(name.key), key, pin, label)


_SERVICES: "Mapping[Service, Callable[[KmsName], tuple[SSlibKey, TheirSigner]]]" = {
    Service.AWS: _aws,
    Service.GCP: _gcp,
    Service.AZURE: _azure,
    Service.VAULT: _vault,
}


def _public(name: KmsName, key: "SSlibKey") -> PublicKey:
    if key.scheme not in _SCHEMES:
        raise ConfigError(
            f"{name.service}: {name.text}: the key signs by {key.scheme}, expected one of {', '.join(_SCHEMES)}",
            hint="make a key for ECDSA on P-256: every verifier takes it",
        )
    value = str(key.keyval["public"])
    if key.scheme == "ed25519":
        return PublicKey.of(
            Ed25519PublicKey.from_public_bytes(bytes.fromhex(value)), what=name.text
        )
    return PublicKey.of(load_pem_public_key(value.encode()), what=name.text)


def _check_version(name: KmsName, uri: str) -> None:
    newest = uri.rpartition("/")[2]
    if name.version and name.version != newest:
        raise ConfigError(
            f"{name.service}: {name.text}: names version {name.version}, and the newest is {newest}",
            hint="leave the version out: the newest one signs",
        )


def _within(limit: float, name: KmsName, call: Callable[[], _T]) -> _T:
    """Return what ``call`` returns, or raise when it takes too long; what still waits then is left to itself."""
    returned: list[_T] = []
    raised: list[Exception] = []

    def work() -> None:
        try:
            returned.append(call())
        except Exception as error:  # noqa: BLE001 - raised again below, as ours
            raised.append(error)

    thread = threading.Thread(target=work, name="key service", daemon=True)
    thread.start()
    thread.join(limit)
    if returned:
        return returned[0]
    if not raised:
        raise AttestError(
            Code.SERVICE_OUTAGE,
            f"{name.service}: {name.text}: no answer after {limit:g} s",
            hint="run the same command again: what is signed already stays",
            retryable=True,
        )
    error = raised[0]
    if isinstance(error, AttestError | ConfigError | _PinNeededError):
        raise error
    raise kms_error(error, name) from error
