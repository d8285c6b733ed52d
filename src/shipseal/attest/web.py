"""HTTP to the services that signing needs: one client, limits, time-outs of ours, and errors that explain themselves.

sigstore-python sets no time-out for the certificate authority and the log, and its clients raise whatever their HTTP
library does. So its requests go through here: every answer is bounded in bytes and in time, only what is transient is
tried again, and all tries together end.
"""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from urllib.parse import urlsplit

import httpx

from shipseal._internal.clock import Clock
from shipseal._internal.limits import MIB, Limit, too_large
from shipseal._internal.loopback import is_own
from shipseal._internal.paced_client import WHOLE_WITHIN
from shipseal._internal.retry import Left, Told, call_with_retry, endless, until
from shipseal._internal.web_clients import WebClients
from shipseal.attest.web_errors import no_answer, refused, too_slow
from shipseal.errors import Code, ConfigError, ShipsealError

ANSWER = Limit("answer of a signing service", 8 * MIB, "a log entry is the largest, some kilobytes")
_NONE: Mapping[str, str] = MappingProxyType({})
_CONNECTIONS = 64
_CONNECT_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Patience:
    """How long services may take.

    Attributes:
        answer: seconds for one whole answer.
        deadline: seconds from the first try after which no further one begins.
        left: a second bound for that, see :class:`~shipseal._internal.retry.RetryPolicy`.
    """

    answer: float = 30.0
    deadline: float = 120.0
    left: Left = endless


@dataclass(frozen=True, slots=True)
class Ask:
    """One request.

    Attributes:
        service: whom it asks, for messages: ``certificate authority``.
        method: in capitals.
        url: absolute.
        headers: may hold a secret, and are never shown.
        body: what is sent.
        final: statuses besides 2xx that are an answer and no error.
    """

    service: str
    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=lambda: _NONE)
    body: bytes = b""
    final: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Answer:
    """What a service said.

    Attributes:
        status: the HTTP status.
        headers: names in lower case.
        body: whole.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes


class Web:
    """Asks services. Safe to use from several threads.

    Args:
        clock: time and sleep.
        patience: see :class:`Patience`.
        told: hears of what is tried again: several requests that fail in the same way at once are told once.

    Attributes:
        close: closes all connections; what is no longer used is closed by itself.
    """

    def __init__(
        self, clock: Clock, patience: Patience | None = None, *, told: Told | None = None
    ) -> None:
        self._clock = clock
        self.patience = patience or Patience()
        self._told = told
        self._told_until: dict[str, float] = {}
        self._lock = threading.Lock()
        self._clients = WebClients(_CONNECTIONS, {"Accept-Encoding": "identity"}, clock)
        self.close = self._clients.close

    def ask(self, ask: Ask) -> Answer:
        """Return the answer; every request that is made here may be made again.

        Raises:
            AttestError: ``network.unreachable``, ``tls.untrusted``, ``service.outage``, ``service.rate-limited``, or
                ``auth.oidc-permission`` where the service does not accept who asks.
            ConfigError: the proxy variables cannot be used.
        """
        policy = until(self.patience.deadline, told=self._tell, left=self.patience.left)
        return call_with_retry(lambda: self._once(ask), policy, self._clock)

    def _tell(self, error: ShipsealError, wait: float) -> None:
        now = self._clock.monotonic()
        with self._lock:
            known = now < self._told_until.get(error.message, now)
            if not known:
                self._told_until[error.message] = now + wait
        if self._told and not known:
            self._told(error, wait)

    def _once(self, ask: Ask) -> Answer:
        seconds = self.patience.answer
        timeout = httpx.Timeout(seconds, connect=min(_CONNECT_SECONDS, seconds), pool=None)
        began = self._clock.monotonic()
        client = self._clients.client(ask.url)
        try:
            with client.stream(
                ask.method,
                ask.url,
                headers=dict(ask.headers),
                content=ask.body or None,
                timeout=timeout,
                extensions={WHOLE_WITHIN: seconds},
            ) as response:
                body = self._read(ask, response, began + seconds)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise no_answer(error, ask.service, ask.url) from error
        if response.is_success or response.status_code in ask.final:
            return Answer(response.status_code, response.headers, body)
        raise refused(response, body, ask.service, known="Authorization" in ask.headers)

    def _read(self, ask: Ask, response: httpx.Response, until: float) -> bytes:
        parts: list[bytes] = []
        size = 0
        for chunk in response.iter_bytes():
            parts.append(chunk)
            size += len(chunk)
            if size > ANSWER.size:
                raise too_large(ANSWER, what=ask.service, code=Code.SERVICE_OUTAGE)
            if self._clock.monotonic() > until:
                raise too_slow(ask.service, ask.url, self.patience.answer)
        return b"".join(parts)


def check_safe(url: str, what: str) -> str:
    """Return ``url``, which identity tokens or signatures are sent to, without a slash at its end.

    Raises:
        ConfigError: it is no HTTPS address; plain HTTP is for this machine alone, because a token must not be seen.
    """
    parts = urlsplit(url)
    if not parts.hostname or (
        parts.scheme != "https" and not (parts.scheme == "http" and is_own(url))
    ):
        raise ConfigError(
            f"{what}: {url[:200]!r} is no https:// address",
            hint="identity tokens are sent there: plain HTTP is only for this machine's own addresses",
        )
    return url.rstrip("/")
