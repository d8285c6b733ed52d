"""Who is trusted, from what a command line says and the policy that it names."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from shipseal.wiring.identity_words import IdentityWords
from shipseal.wiring.trust import TrustWish

if TYPE_CHECKING:
    from shipseal.attest.identity import Identity


@dataclass(frozen=True, slots=True)
class TrustAsked:
    """What a command line says of trust.

    Attributes:
        keys: files with public keys.
        who: an identity, in words.
        policy: a file with a policy.
        trusted_root: a file.
        offline: whether nothing may be fetched.
    """

    keys: tuple[Path, ...]
    who: IdentityWords
    policy: Path | None
    trusted_root: Path | None
    offline: bool = False


def wish_of(asked: TrustAsked) -> TrustWish:
    """Return who is to be trusted: whom the command line names, and nobody else, or else whom the policy does.

    Raises:
        ConfigError: an identity that cannot be read, or lets everybody in; the policy is wrong.
    """
    if asked.keys or asked.who.given or asked.policy is None:
        return TrustWish(
            keys=asked.keys,
            identities=_named(asked.who),
            trusted_root=asked.trusted_root,
            offline=asked.offline,
        )
    # pydantic and YAML are imported only when there is a file to read.
    from shipseal.config.load import load_policy  # noqa: PLC0415
    from shipseal.wiring.identities import identities_of  # noqa: PLC0415

    loaded = load_policy(asked.policy)
    return TrustWish(
        keys=tuple(loaded.policy.keys),
        identities=identities_of(loaded.policy, str(asked.policy)),
        trusted_root=asked.trusted_root or loaded.policy.trusted_root,
        offline=asked.offline,
    )


def _named(who: IdentityWords) -> "tuple[Identity, ...]":
    if not who.given:
        return ()
    from shipseal.wiring.identity_named import identity_of  # noqa: PLC0415 - as above

    return (identity_of(who),)
