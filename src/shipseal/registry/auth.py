"""Being known to one registry: anonymous, basic, or bearer tokens, which are fetched for a scope and fetched again.

Nothing is sent before the registry asks for it, and then only to the registry itself; name and password go to its
token server (:mod:`shipseal.registry.tokens`). A token that is refused in the middle of the work is replaced once.
"""

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from shipseal._internal.clock import Clock
from shipseal._internal.redact import register_secret
from shipseal.registry.challenge import Challenge
from shipseal.registry.credentials import Credentials, CredentialSource
from shipseal.registry.errors import Caller
from shipseal.registry.scopes import merged, reaches
from shipseal.registry.tokens import Token, TokenOrder

# A token that ends within this time is not begun with: the registry's clock may be ahead.
_LEEWAY_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class _Kept:
    scopes: tuple[str, ...]
    header: str
    until: float


class Authorizer:
    """Knows what to send to one registry on behalf of one repository. Safe to use from several threads.

    Args:
        target: name of the target, for messages.
        registry: key of its credentials.
        repository: likewise.
        source: finds the credentials, when the registry asks for them.
        fetch: fetches a token.
        clock: tells when a token has expired.
    """

    def __init__(
        self,
        target: str,
        registry: str,
        repository: str,
        *,
        source: CredentialSource,
        fetch: Callable[[TokenOrder], Token],
        clock: Clock,
    ) -> None:
        self._target = target
        self._registry = registry
        self._repository = repository
        self._source = source
        self._fetch = fetch
        self._clock = clock
        self._lock = threading.RLock()
        self._asked = False
        self._credentials: Credentials | None = None
        self._fixed = ""
        self._kept: list[_Kept] = []
        self._further: tuple[str, ...] = ()
        self._refresh_token = ""

    def header(self, scopes: tuple[str, ...]) -> str:
        """Return the ``Authorization`` for a request that needs ``scopes``; empty until the registry has asked."""
        with self._lock:
            if self._fixed:
                return self._fixed
            now = self._clock.monotonic()
            self._kept = [one for one in self._kept if one.until > now]
            return next((one.header for one in self._kept if reaches(one.scopes, scopes)), "")

    def answer(self, challenges: Iterable[Challenge], scopes: tuple[str, ...], refused: str) -> str:
        """Return the ``Authorization`` to try again with after a 401; empty when there is none.

        Args:
            challenges: what the registry asks for.
            scopes: what the request needs.
            refused: the header that was sent.

        Raises:
            RegistryError: the token server gives no token.
            ShipsealError: the credentials cannot be read.
        """
        offered = {challenge.scheme: challenge for challenge in reversed(tuple(challenges))}
        with self._lock:
            # Another thread may have renewed it in the meantime.
            current = self.header(scopes)
            if current and current != refused:
                return current
            credentials = self._find()
            if credentials and credentials.registry_token:
                self._fixed = f"Bearer {credentials.registry_token}"
                return self._fixed if self._fixed != refused else ""
            if "bearer" in offered:
                return self._token(offered["bearer"], scopes, refused)
            if "basic" in offered and credentials:
                self._fixed = credentials.basic()
                return self._fixed if self._fixed != refused else ""
            return ""

    def caller(self) -> Caller:
        """Return who talks to the target, as far as the registry has asked."""
        with self._lock:
            if not self._asked:
                return Caller(self._target)
            if self._credentials:
                return Caller(self._target, True, self._credentials.source)
            return Caller(self._target, False, self._source.places())

    def _find(self) -> Credentials | None:
        if not self._asked:
            self._credentials = self._source.find(self._registry, self._repository)
            self._asked = True
        return self._credentials

    def _token(self, challenge: Challenge, scopes: tuple[str, ...], refused: str) -> str:
        self._kept = [one for one in self._kept if one.header != refused]
        asked = challenge.parameters.get("scope", "").split()
        # What the registry names beside repositories (ECR Public: "aws") is wanted for everything.
        further = (*self._further, *(one for one in asked if not one.startswith("repository:")))
        self._further = tuple(dict.fromkeys(further))
        wanted = merged((*asked, *scopes, *self._further))
        started = self._clock.monotonic()
        token = self._fetch(
            TokenOrder(
                realm=challenge.parameters.get("realm", ""),
                service=challenge.parameters.get("service", ""),
                scopes=wanted,
                credentials=self._credentials,
                refresh_token=self._refresh_token,
                caller=self.caller(),
            )
        )
        register_secret(token.value)
        self._refresh_token = token.refresh_token or self._refresh_token
        header = f"Bearer {token.value}"
        leeway = min(_LEEWAY_SECONDS, token.lifetime / 2)
        self._kept.insert(0, _Kept(wanted, header, started + token.lifetime - leeway))
        return header
