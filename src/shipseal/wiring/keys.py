"""Who signs and who is trusted, from ``sign:`` and ``verify:``."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from shipseal._internal.clock import Clock
from shipseal.attest.interface import SignedBundle, Signer, Trust, VerifiedStatement
from shipseal.attest.key_files import (
    PasswordSource,
    environment_password,
    load_private_key,
    read_key_file,
    read_public_keys,
)
from shipseal.attest.key_signer import KeySigner, SigningKey
from shipseal.attest.keys import PublicKey
from shipseal.attest.verify_bundle import KeyTrust
from shipseal.config.load import LoadedConfig
from shipseal.errors import AttestError, Code, ConfigError
from shipseal.wiring.surroundings import Surroundings
from shipseal.wiring.trust import TrustWish, open_trust


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


def signing_mode(loaded: LoadedConfig) -> Literal["key", "keyless"]:
    """Return what signs: what ``sign.mode`` says, and with ``auto`` what ``verify`` asks for.

    It follows from the configuration alone. What cannot be had then is an error, and never a reason for the other.
    """
    sign, verify = loaded.config.sign, loaded.config.verify
    if sign.mode != "auto":
        return sign.mode
    if not verify.identities:
        return "key"
    # Both would do, and whoever names a private key wants it used.
    return "key" if verify.keys and sign.key else "keyless"


def release_keys(loaded: LoadedConfig, around: Surroundings, *, dry_run: bool = False) -> Keys:
    """Return who signs a release and who is trusted, opened now: what is wrong is told before anything long begins.

    Args:
        loaded: the configuration.
        around: what the release is run in.
        dry_run: nothing is signed, so no identity token is asked for, and a key service is not asked to sign; a key
            is opened all the same.

    Raises:
        AttestError: there is no identity token, or it cannot be used.
        ConfigError: no key is named, it cannot be opened, or ``verify`` would not accept what is signed.
    """
    if signing_mode(loaded) == "keyless":
        return _keyless(loaded, around, dry_run=dry_run)
    sign = loaded.config.sign
    if sign.key is None:
        raise ConfigError(
            f"{loaded.path.name}: sign.key: no key is named, so nothing can be signed",
            hint="make one with `shipseal key generate`, and write sign: {mode: key, key: ./cosign.key}; or name whom "
            "the evidence must be of in verify.identities, and write sign: {mode: keyless}",
        )

    def password() -> str | None:
        found = environment_password(around.env)
        return around.ask() if found is None else found

    own = _own_key(sign.key, password, dry_run=dry_run)
    trusted = read_public_keys(map(Path, loaded.config.verify.keys)) or (own.public,)
    _check_own(loaded, own.public, trusted)
    ids = tuple(sorted(public.key_id for public in trusted))
    if loaded.config.verify.identities:
        return Keys(KeySigner(own), identity_trust(loaded, around.env, around.clock), ids)
    return Keys(KeySigner(own), KeyTrust(trusted), ids)


def _own_key(key: Path | str, password: PasswordSource, *, dry_run: bool) -> SigningKey:
    if isinstance(key, Path):
        return load_private_key(read_key_file(key), what=str(key), password=password)
    from shipseal.attest.kms_key import open_kms_key  # noqa: PLC0415 - only where a key service signs

    remote = open_kms_key(key, pin=password)
    if not dry_run:
        remote.check()
    return remote


def identity_trust(loaded: LoadedConfig, env: Mapping[str, str], clock: Clock) -> Trust:
    """Return whom ``verify`` trusts where it names identities.

    Raises:
        ConfigError: it names nobody, or everybody; the trusted root cannot be read.
    """
    from shipseal.wiring.identities import identities_of  # noqa: PLC0415 - only where there are some

    verify, file = loaded.config.verify, loaded.path.name
    wish = TrustWish(
        keys=tuple(map(Path, verify.keys)),
        identities=identities_of(verify, file),
        trusted_root=verify.trusted_root,
    )
    return open_trust(wish, env, clock).trust


def _keyless(loaded: LoadedConfig, around: Surroundings, *, dry_run: bool) -> Keys:
    from shipseal.attest.own_identity import check_own_identity  # noqa: PLC0415 - only for tokens
    from shipseal.wiring.identities import identities_of  # noqa: PLC0415 - only where there are some
    from shipseal.wiring.keyless import (  # noqa: PLC0415 - brings the clients of Sigstore
        KeylessWorld,
        keyless_signer,
        on_terminal,
    )

    if not loaded.config.verify.identities:
        raise ConfigError(
            f"{loaded.path.name}: verify.identities: sign.mode is keyless, and it is not said whose evidence counts",
            hint="name repository and issuer, for example verify: {identities: [{issuer: "
            "https://token.actions.githubusercontent.com, repository: ORG/REPO}]}",
        )
    # What the file says wrongly comes first, then what the job may not do; the trusted root may have to be fetched.
    identities = identities_of(loaded.config.verify, loaded.path.name)
    files = map(Path, loaded.config.verify.keys)
    ids = tuple(sorted(public.key_id for public in read_public_keys(files)))
    signer: Signer = _Nobody("keyless")
    if not dry_run:
        world = KeylessWorld(
            around.env,
            around.clock,
            around.reporter,
            terminal=on_terminal(),
            left=around.left,
        )
        keyless = keyless_signer(loaded.config, world)
        check_own_identity(keyless.token, identities, around.env.get("GITHUB_SERVER_URL", ""))
        signer = keyless
    return Keys(signer, identity_trust(loaded, around.env, around.clock), ids)


def _check_own(loaded: LoadedConfig, own: PublicKey, trusted: tuple[PublicKey, ...]) -> None:
    verify = loaded.config.verify
    if verify.identities and not verify.keys:
        raise ConfigError(
            f"{loaded.path.name}: sign.key signs, and verify accepts identities alone: nothing would be accepted",
            hint="write sign: {mode: keyless}, or add the public half of the key to verify.keys",
        )
    if own not in trusted:
        raise ConfigError(
            f"{loaded.path.name}: sign.key is key {own.key_id}, which is not among verify.keys",
            hint="add its public half to verify.keys (`shipseal key public KEY` prints it), or sign with another key",
        )


def fork_keys() -> Keys:
    """Return the keys of a run that may not sign: nobody signs and nobody is trusted."""
    return Keys(_Nobody(""), _NobodyTrusted(), ())


class _Nobody(Signer):
    """Signs nothing."""

    def __init__(self, identity: str) -> None:
        self._identity = identity

    @property
    def identity(self) -> str:
        return self._identity

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
