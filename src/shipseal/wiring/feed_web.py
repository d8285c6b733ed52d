"""Fetch documents of advisory data over HTTP, with the proxies and authorities that registries are reached with."""

from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path

import httpx

from shipseal._internal.clock import Clock
from shipseal._internal.durable import disk_errors
from shipseal._internal.limits import GIB, Limit, too_large
from shipseal._internal.progress import Transfer
from shipseal._internal.redact import has_userinfo, redact, redact_url
from shipseal._internal.retry import RetryPolicy, call_with_retry
from shipseal.advisories.feeds import Version
from shipseal.errors import Code, ConfigError, ScanError, ShipsealError
from shipseal.registry.errors import Caller, described, retry_after, transport_error
from shipseal.registry.hosts import HostSettings, is_loopback
from shipseal.registry.transport import Call, Timeouts, Transport, is_address

_DOCUMENT = Limit("advisory archive", 4 * GIB, "the largest ecosystem's archive is below 1 GiB")
_TRANSIENT = frozenset({408, 425, 429, 500, 502, 503, 504, *range(520, 530)})
_HINT = (
    "the database stays as it is; run the same command again, or give another mirror with --source"
)


class FeedWeb:
    """Gets documents (implements :class:`shipseal.advisories.feeds.Fetcher`). Safe to use from several threads.

    Args:
        hosts: how hosts are reached.
        clock: for waiting.
        policy: how often and how long.
        silence: seconds after which a server that says nothing counts as gone.
    """

    def __init__(
        self,
        hosts: Mapping[str, HostSettings],
        clock: Clock,
        policy: RetryPolicy,
        *,
        silence: float = 60.0,
    ) -> None:
        self._hosts = hosts
        self._clock = clock
        self._policy = policy
        self._transport = Transport(
            hosts, HostSettings(), timeouts=Timeouts(read=silence), clock=clock
        )

    def __call__(
        self, address: str, into: Path, known: Version, transfer: Transfer
    ) -> Version | None:
        """Write what ``address`` has to ``into``; None when it is ``known``.

        Raises:
            ConfigError: it is no address that may be asked.
            ScanError: ``scan.db-unavailable``: there is no such document.
            ShipsealError: no answer came, or none that can be used; ``resource.disk-full``.
        """
        check_address(address, self._hosts)
        return call_with_retry(
            lambda: self._once(address, into, known, transfer), self._policy, self._clock
        )

    def close(self) -> None:
        """Close all connections."""
        self._transport.close()

    def _once(self, address: str, into: Path, known: Version, transfer: Transfer) -> Version | None:
        # Raises where nobody wants it any more, before a server is asked again.
        transfer.advance(0)
        asked = {"If-None-Match": known.etag, "If-Modified-Since": known.last_modified}
        headers = {name: value for name, value in asked.items() if value}
        caller = Caller("advisories")
        response = self._transport.send(Call("GET", address, headers, whole=False), "", caller)
        try:
            if response.status_code == HTTPStatus.NOT_MODIFIED and known:
                return None
            if response.status_code != HTTPStatus.OK:
                raise _unwanted(response, address)
            _save(response, into, transfer, redact_url(address))
        except httpx.HTTPError as error:
            raise transport_error(error, caller, described("GET", address)) from error
        finally:
            response.close()
        got = response.headers
        return Version(got.get("etag", "")[:1024], got.get("last-modified", "")[:128])


def check_address(address: str, hosts: Mapping[str, HostSettings]) -> None:
    """Refuse an address that is none, holds a password, or would be asked without TLS.

    Whoever could change the data on its way would decide what is vulnerable.

    Raises:
        ConfigError: it is one of these.
    """
    if has_userinfo(address):
        raise ConfigError(
            "an address of advisories has a user and a password in it; it is not shown",
            hint="advisories are public: use an address that needs no login",
        )
    try:
        url = httpx.URL(address)
    except httpx.InvalidURL as error:
        raise _no_address(address) from error
    netloc = url.netloc.decode("ascii", "replace")
    plain = is_loopback(netloc) or hosts.get(netloc, HostSettings()).plain_http
    if not is_address(url) or not (url.scheme == "https" or plain):
        raise _no_address(address)


def _no_address(address: str) -> ConfigError:
    return ConfigError(
        f"{redact(address)[:200]!r} is no https:// address to fetch advisories from",
        hint="plain HTTP is for this machine, and for hosts that registries: HOST: plain_http: true names",
    )


def _save(response: httpx.Response, into: Path, transfer: Transfer, what: str) -> None:
    size = 0
    with disk_errors(into), into.open("wb") as stream:
        for chunk in response.iter_raw():
            size += len(chunk)
            if size > _DOCUMENT.size:
                raise too_large(_DOCUMENT, what=what, code=Code.DB_UNAVAILABLE)
            stream.write(chunk)
            transfer.advance(len(chunk))
    promised = response.headers.get("content-length")
    if promised is not None and promised != str(size):
        transfer.advance(-size)
        raise ShipsealError(
            Code.SERVICE_OUTAGE,
            f"{what}: the answer ended after {size} of {promised} bytes",
            hint=_HINT,
            retryable=True,
        )


def _unwanted(response: httpx.Response, address: str) -> ShipsealError:
    status = response.status_code
    told = f"{redact_url(address)}: {status} {response.reason_phrase}".rstrip()
    if status in _TRANSIENT:
        code = Code.RATE_LIMITED if status == HTTPStatus.TOO_MANY_REQUESTS else Code.SERVICE_OUTAGE
        wait = retry_after(response.headers)
        return ShipsealError(code, told, hint=_HINT, retryable=True, retry_after=wait)
    return ScanError(
        Code.DB_UNAVAILABLE,
        told,
        hint="check the address, and the ecosystem's name, which is written as OSV writes it (PyPI, crates.io, Debian)",
    )
