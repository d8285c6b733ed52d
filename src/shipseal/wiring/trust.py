"""Whom a verification trusts: keys, identities, or both, and by whose word about identities."""

import gc
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from shipseal._internal.clock import Clock
from shipseal.attest.interface import Trust
from shipseal.attest.key_files import read_public_keys
from shipseal.attest.verify_bundle import KeyTrust, Witness
from shipseal.errors import Code, ConfigError

if TYPE_CHECKING:
    from shipseal.attest.bundle import Bundle
    from shipseal.attest.identity import Identity
    from shipseal.attest.identity_trust import IdentityTrust, SecondOpinion
    from shipseal.attest.keyless import Examined
    from shipseal.attest.trust_root import TrustRoot
    from shipseal.attest.trust_root_source import TufPlaces


@dataclass(frozen=True, slots=True)
class TrustWish:
    """Who is to be trusted.

    Attributes:
        keys: files with public keys.
        identities: any one suffices.
        trusted_root: a file; None for the public one.
        offline: whether nothing may be fetched.
    """

    keys: tuple[Path, ...] = ()
    identities: "tuple[Identity, ...]" = ()
    trusted_root: Path | None = None
    offline: bool = False


@dataclass(frozen=True, slots=True)
class OpenedTrust:
    """Who is trusted, ready to be asked.

    Attributes:
        trust: all of them.
        keys: for bundles that name a key; None where no key is trusted.
        identities: for bundles that hold a certificate; None where no identity is trusted.
        root: by whose word; None where only keys are trusted and no root is named.
    """

    trust: Trust
    keys: KeyTrust | None
    identities: "IdentityTrust | None"
    root: "TrustRoot | None"


def open_trust(wish: TrustWish, env: Mapping[str, str], clock: Clock) -> OpenedTrust:
    """Return who is trusted. What identities need is imported only where there are some.

    Raises:
        ConfigError: ``policy.empty`` when nobody is named; ``config.invalid`` when a file cannot be read.
    """
    root = trusted_root(wish, env, clock) if wish.identities or wish.trusted_root else None
    keys = _keys(wish, root) if wish.keys else None
    identities = _identities(wish, root) if root and wish.identities else None
    trust: Trust | None = keys or identities
    if trust is None:
        raise ConfigError(
            "verification: nobody is trusted: neither a key nor an identity is named",
            hint="name a public key (--key), or an identity (--certificate-identity with --certificate-oidc-issuer, "
            "--repo), or write keys or identities under verify:",
            code=Code.POLICY_EMPTY,
        )
    if keys and identities:
        from shipseal.attest.either_trust import EitherTrust  # noqa: PLC0415 - only where both are

        trust = EitherTrust(keys, identities)
    return OpenedTrust(trust, keys, identities, root)


def trusted_root(wish: TrustWish, env: Mapping[str, str], clock: Clock) -> "TrustRoot":
    """Return the trusted root that a wish means: the file that it names, else the public one.

    Raises:
        ConfigError: the file cannot be read, or holds none.
    """
    from shipseal.attest.trust_root_source import (  # noqa: PLC0415 - not needed with keys alone
        named_root,
        public_root,
        tuf_places,
    )

    if wish.trusted_root:
        return named_root(wish.trusted_root, clock.now())
    if wish.offline:
        return public_root(tuf_places(env), clock, None)
    return public_root(tuf_places(env), clock, refresh)


def refresh(places: "TufPlaces", clock: Clock) -> None:
    """Refresh the TUF cache; python-tuf is imported only when that is due."""
    from shipseal.attest.tuf_refresh import refresh_tuf  # noqa: PLC0415

    refresh_tuf(places, clock)


def _keys(wish: TrustWish, root: "TrustRoot | None") -> KeyTrust:
    witness: Witness | None = None
    if root and wish.trusted_root:
        from shipseal.attest.key_witness import RootWitness  # noqa: PLC0415 - only where a root is named

        witness = RootWitness(root)
    return KeyTrust(read_public_keys(wish.keys), witness=witness)


def _identities(wish: TrustWish, root: "TrustRoot") -> "IdentityTrust":
    from shipseal.attest.identity_trust import IdentityTrust  # noqa: PLC0415

    return IdentityTrust(wish.identities, root, second=_LateOpinion())


class _LateOpinion:
    """Asks sigstore-python, which is imported for the first bundle that is accepted: refusals do not wait for it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._asked: SecondOpinion | None = None

    def check(self, bundle: "Bundle", examined: "Examined") -> str:
        """Return that it accepts too; empty when it does not read this kind."""
        with self._lock:
            asked = self._asked = self._asked or self._imported()
        return asked.check(bundle, examined)

    @staticmethod
    def _imported() -> "SecondOpinion":
        with _uncollected(), _without_probe():
            from shipseal.attest.second_opinion import SigstorePython  # noqa: PLC0415

        return SigstorePython()


@contextmanager
def _uncollected() -> Iterator[None]:
    """Import without looking for garbage: there is none among classes, and looking takes a sixth of the time."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if was:
            gc.enable()


@contextmanager
def _without_probe() -> Iterator[None]:
    """Import without a socket: urllib3, which sigstore-python brings, opens one to see whether there is IPv6.

    A verification opens none, and some are run where that is not even allowed. What urllib3 then believes of IPv6 is
    what Python says.
    """
    import socket  # noqa: PLC0415 - keys alone need none of this

    name, was = "urllib3.util.connection", socket.has_ipv6
    if name in sys.modules:
        yield
        return
    socket.has_ipv6 = False
    try:
        yield
    finally:
        socket.has_ipv6 = was
        if connection := sys.modules.get(name):
            vars(connection)["HAS_IPV6"] = was
