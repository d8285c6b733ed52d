"""Asks status pages over HTTP: once, a few seconds, a few hundred kilobytes, and without saying who we are."""

from urllib.parse import urljoin, urlsplit

import httpx

from shipseal._internal.clock import Clock
from shipseal._internal.daemon_jobs import begin
from shipseal._internal.limits import MIB, Limit
from shipseal._internal.loopback import is_own
from shipseal._internal.no_answer import Hints, status_text, why_no_answer
from shipseal._internal.pace import TooSlowError
from shipseal._internal.redact import redact
from shipseal._internal.web_clients import WebClients
from shipseal.errors import Code
from shipseal.status.interface import Page, PageAddress, StatusPageError, StatusPages
from shipseal.status.parse import parse_page

PAGE = Limit("status page", 2 * MIB, "the largest known ones are below 300 KiB")
SECONDS = 10.0
"""For one whole answer, redirects included."""

_CONNECT = 5.0
_GRACE = 0.5
_MOST_REDIRECTS = 3
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_CONNECTIONS = 8
_MOST_WORDS = 200
_HINTS = Hints(authority="", plain="", address="", again="")


class StatusWeb(StatusPages):
    """Asks pages with one client. Safe to use from several threads.

    Args:
        clock: tells how long an answer takes.
        seconds: for one whole answer.
    """

    def __init__(self, clock: Clock, *, seconds: float = SECONDS) -> None:
        self._clock = clock
        self._seconds = seconds
        self._clients = WebClients(_CONNECTIONS, {"Accept": "application/json"}, clock)

    def read(self, address: PageAddress) -> Page:
        """See :meth:`StatusPages.read`.

        Raises:
            StatusPageError: likewise.
        """
        # No timeout of the client's ends the search for a name, so the whole has one of its own.
        job = begin(lambda: self._read(address), f"status page of {address.name}")
        try:
            return job.result(self._seconds + _GRACE)
        except TimeoutError:
            raise self._slow(address) from None

    def _read(self, address: PageAddress) -> Page:
        until = self._clock.monotonic() + self._seconds
        url = address.json
        try:
            for _ in range(_MOST_REDIRECTS + 1):
                body, url = self._once(address, url, until)
                if not url:
                    return parse_page(body, address)
        except TooSlowError as error:
            raise self._slow(address) from error
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            raise _no_answer(address, error) from error
        raise StatusPageError(
            address, f"more than {_MOST_REDIRECTS} redirects", code=Code.SERVICE_OUTAGE
        )

    def close(self) -> None:
        """Close all connections."""
        self._clients.close()

    def _once(self, address: PageAddress, url: str, until: float) -> tuple[bytes, str]:
        """Return the body, or where else to ask."""
        left = until - self._clock.monotonic()
        if left <= 0:
            raise self._slow(address)
        timeout = httpx.Timeout(left, connect=min(_CONNECT, left), pool=None)
        with self._clients.client(url).stream("GET", url, timeout=timeout) as response:
            if response.status_code in _REDIRECTS:
                return b"", _following(address, url, response.headers.get("location", ""))
            if response.status_code != httpx.codes.OK:
                told = status_text(response.status_code)
                raise StatusPageError(address, f"it answers {told}", code=Code.SERVICE_OUTAGE)
            return self._body(address, response, until), ""

    def _body(self, address: PageAddress, response: httpx.Response, until: float) -> bytes:
        parts, size = [], 0
        for chunk in response.iter_bytes():
            parts.append(chunk)
            size += len(chunk)
            if size > PAGE.size:
                problem = f"its answer is longer than {PAGE.size} bytes"
                raise StatusPageError(address, problem, code=Code.SERVICE_OUTAGE)
            if self._clock.monotonic() > until:
                raise self._slow(address)
        return b"".join(parts)

    def _slow(self, address: PageAddress) -> StatusPageError:
        problem = f"its answer has no end after {self._seconds:g} s"
        return StatusPageError(address, problem, code=Code.SERVICE_OUTAGE)


def _following(address: PageAddress, url: str, location: str) -> str:
    """Return where a redirect goes: to the web, and never from TLS to none."""
    there = urlsplit(urljoin(url, location))
    downgrade = urlsplit(url).scheme == "https" and there.scheme != "https"
    own = is_own(there.geturl()) and not is_own(url)
    if (
        not location
        or there.scheme not in ("https", "http")
        or not there.hostname
        or downgrade
        or own
    ):
        raise StatusPageError(
            address, "it redirects to where nobody may be sent", code=Code.SERVICE_OUTAGE
        )
    return there.geturl()


def _no_answer(address: PageAddress, error: Exception) -> StatusPageError:
    code, _, _ = why_no_answer(error, _HINTS)
    if code is Code.CONFIG_INVALID:
        code = Code.SERVICE_OUTAGE
    reason = (str(error) or type(error).__name__)[:_MOST_WORDS]
    return StatusPageError(address, redact(f"{urlsplit(address.json).netloc}: {reason}"), code=code)
