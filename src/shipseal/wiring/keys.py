"""Who signs and who is trusted, from ``sign:`` and ``verify:``."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from shipseal.attest.interface import SignedBundle, Signer, Trust, VerifiedStatement
from shipseal.attest.key_files import (
    PasswordSource,
    environment_password,
    load_private_key,
    read_key_file,
    read_public_keys,
)
from shipseal.attest.key_signer import KeySigner
from shipseal.attest.keys import LocalKey, PublicKey
from shipseal.attest.verify_bundle import KeyTrust
from shipseal.config.load import LoadedConfig
from shipseal.errors import AttestError, Code, ConfigError


@dataclass(frozen=True, slots=True)
class Keys:
    """The release's key and those that its evidence must verify with.

    Attributes:
        signer: signs.
        trust: verifies.
        key_ids: of the trusted keys, sorted.
    """

    signer: Signer
    trust: Trust
    key_ids: tuple[str, ...]


def release_keys(loaded: LoadedConfig, env: Mapping[str, str], ask: PasswordSource) -> Keys:
    """Return the keys of a release, opened now: a wrong password is told before anything long begins.

    Raises:
        ConfigError: no key is named, it cannot be opened, or ``verify.keys`` would not accept what it signs.
    """
    sign = loaded.config.sign
    if sign.key is None:
        raise ConfigError(
            f"{loaded.path.name}: sign.key: no key is named, so nothing can be signed",
            hint="make one with `shipseal key generate`, and write sign: {mode: key, key: ./cosign.key}",
        )

    def password() -> str | None:
        found = environment_password(env)
        return ask() if found is None else found

    path = Path(sign.key)
    key = load_private_key(read_key_file(path), what=str(path), password=password)
    trusted = read_public_keys(map(Path, loaded.config.verify.keys)) or (key.public,)
    _check_own(loaded, key, trusted)
    ids = tuple(sorted(public.key_id for public in trusted))
    return Keys(KeySigner(key), KeyTrust(trusted), ids)


def _check_own(loaded: LoadedConfig, key: LocalKey, trusted: tuple[PublicKey, ...]) -> None:
    if key.public not in trusted:
        raise ConfigError(
            f"{loaded.path.name}: sign.key is key {key.public.key_id}, which is not among verify.keys",
            hint="add its public half to verify.keys (`shipseal key public KEY` prints it), or sign with another key",
        )


def fork_keys() -> Keys:
    """Return the keys of a run that may not sign: nobody signs and nobody is trusted."""
    return Keys(_Nobody(), _NobodyTrusted(), ())


class _Nobody(Signer):
    """Signs nothing."""

    @property
    def identity(self) -> str:
        return ""

    def sign(self, statement: bytes) -> SignedBundle:
        raise _no_permission(f"{len(statement)} bytes were to be signed")


class _NobodyTrusted(Trust):
    """Believes nothing."""

    @property
    def accepts(self) -> tuple[str, ...]:
        return ()

    def verify(self, bundle: bytes) -> VerifiedStatement:
        raise _no_permission(f"a bundle of {len(bundle)} bytes was to be verified")


def _no_permission(what: str) -> AttestError:
    return AttestError(
        Code.FORK_NO_PERMISSIONS,
        f"a fork's pull request signs and verifies nothing: {what}",
        hint="this is a defect in shipseal: report it",
    )
