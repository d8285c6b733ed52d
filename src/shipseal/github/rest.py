"""One HTTP client for GitHub's API: limits, time-outs, redirects, and a token that goes to the API alone.

Redirects are followed here and not by httpx: a renamed repository is answered with one, and the ``Authorization``
header must never reach another host. Only what changes nothing is tried again.
"""

import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import IO
from urllib.parse import urljoin, urlsplit

import httpx

from shipseal._internal.clock import Clock
from shipseal._internal.limits import ERROR_BODY, Limit, too_large
from shipseal._internal.loopback import is_own
from shipseal._internal.paced_client import WHOLE_WITHIN
from shipseal._internal.retry import RetryPolicy, call_with_retry
from shipseal._internal.web_clients import WebClients
from shipseal.errors import Code, ShipsealError
from shipseal.github.hosts import GitHubHost, is_safe
from shipseal.github.refusals import no_answer, nonsense, refused, shown, too_slow
from shipseal.github.wording import EVIDENCE, Wording

API_VERSION = "2022-11-28"
"""The version of the API that is asked for; later ones leave out the inline bundle, which is read, too."""

_MAX_REDIRECTS = 5
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_KEEPS_METHOD = frozenset({307, 308})
_CONNECTIONS = 16


@dataclass(frozen=True, slots=True)
class Times:
    """Seconds after which GitHub counts as not answering.

    Attributes:
        connect: until a connection stands.
        silence: between two pieces of an answer, or until it begins.
        answer: until all of an answer has come, however steadily it comes.
    """

    connect: float = 10.0
    silence: float = 60.0
    answer: float = 300.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What GitHub said.

    Attributes:
        status: the HTTP status.
        headers: names in lower case.
        body: whole.
        url: who answered in the end.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str


class GitHubRest:
    """Asks one GitHub. Safe to use from several threads.

    Args:
        host: which, and who we are.
        clock: time and sleep.
        policy: how reading is tried again.
        times: see :class:`Times`.
        fork: whether this job is a fork's pull request.
        wording: what refusals mean for what is asked.
    """

    def __init__(
        self,
        host: GitHubHost,
        clock: Clock,
        policy: RetryPolicy | None = None,
        *,
        times: Times | None = None,
        fork: bool = False,
        wording: Wording = EVIDENCE,
    ) -> None:
        self.host = host
        self.clock = clock
        self.policy = policy or RetryPolicy()
        self._times = times or Times()
        self._fork = fork
        self._wording = wording
        self._clients = WebClients(_CONNECTIONS, {"Accept-Encoding": "identity"}, clock)

    def get(self, url: str, limit: Limit, *, final: Iterable[int] = ()) -> Answer:
        """Return the answer to a GET, tried again while that may help.

        Args:
            url: absolute; elsewhere than at the API it is asked without saying who we are.
            limit: the most bytes of the answer.
            final: statuses besides 2xx that are an answer and no error.

        Raises:
            AttestError: see :func:`~shipseal.github.refusals.refused`.
        """
        expected = frozenset(final)
        return call_with_retry(
            lambda: self._follow("GET", url, None, limit, expected), self.policy, self.clock
        )

    def download(self, url: str, limit: Limit, into: IO[bytes]) -> None:
        """Write what a GET answers into a file that can be sought, tried again while that may help.

        Args:
            url: absolute; elsewhere than at the API it is asked without saying who we are.
            limit: the most bytes of the answer.
            into: written from its beginning.

        Raises:
            ShipsealError: as :meth:`get`.
            OSError: the file cannot be written.
        """

        def once() -> Answer:
            into.seek(0)
            into.truncate()
            return self._follow("GET", url, None, limit, frozenset(), into=into)

        call_with_retry(once, self.policy, self.clock)

    def post(self, url: str, body: bytes, limit: Limit) -> Answer:
        """Return the answer to a POST of JSON, which is sent once.

        Raises:
            AttestError: as :meth:`get`; where no answer came, it may have been done all the same.
        """
        return self._follow("POST", url, body, limit, frozenset())

    def send(self, method: str, url: str, body: bytes, limit: Limit) -> Answer:
        """Return the answer to a request that changes something.

        It is sent again only when GitHub said that it was not looked at because there were too many.

        Args:
            method: ``POST``, ``PUT``, ``PATCH`` or ``DELETE``.
            url: at the API.
            body: JSON.
            limit: the most bytes of the answer.

        Raises:
            ShipsealError: as :meth:`get`; where no answer came, it may have been done all the same.
        """
        return call_with_retry(
            lambda: self._unlimited(method, url, body, limit), self.policy, self.clock
        )

    def _unlimited(self, method: str, url: str, body: bytes, limit: Limit) -> Answer:
        try:
            return self._follow(method, url, body, limit, frozenset())
        except ShipsealError as error:
            error.retryable = error.code is Code.RATE_LIMITED
            raise

    def close(self) -> None:
        """Close all connections."""
        self._clients.close()

    def is_api(self, url: str) -> bool:
        """Return whether ``url`` lies at the API, scheme and port included."""
        return _origin(url) == _origin(self.host.api)

    def may_ask(self, url: str) -> bool:
        """Return whether an answer may send us to ``url``: to this machine only when the API itself is here."""
        return is_safe(url) and (is_own(self.host.api) or not is_own(url))

    def _follow(
        self,
        method: str,
        url: str,
        body: bytes | None,
        limit: Limit,
        final: frozenset[int],
        *,
        into: IO[bytes] | None = None,
    ) -> Answer:
        for _ in range(_MAX_REDIRECTS + 1):
            answer = self._once(method, url, body, limit, into)
            if answer.status not in _REDIRECTS:
                return self._wanted(method, answer, final)
            following = urljoin(url, answer.headers.get("location", ""))
            moves_on = method == "GET" or answer.status in _KEEPS_METHOD
            # What is to be stored is for GitHub alone.
            if not self.may_ask(following) or not moves_on or (body and not self.is_api(following)):
                raise nonsense(shown(method, url), "it sends us where nobody should go")
            url = following
        raise nonsense(shown(method, url), f"more than {_MAX_REDIRECTS} redirects")

    def _wanted(self, method: str, answer: Answer, final: frozenset[int]) -> Answer:
        if 200 <= answer.status < 300 or answer.status in final:
            return answer
        raise refused(
            answer.status,
            answer.headers,
            answer.body,
            shown(method, answer.url),
            now=self.clock.now(),
            fork=self._fork,
            wording=self._wording,
        )

    def _once(
        self, method: str, url: str, body: bytes | None, limit: Limit, into: IO[bytes] | None
    ) -> Answer:
        asked, times = shown(method, url), self._times
        timeout = httpx.Timeout(times.silence, connect=times.connect, pool=None)
        until = self.clock.monotonic() + times.answer
        try:
            with self._clients.client(url).stream(
                method,
                url,
                headers=self._headers(url, body),
                content=body,
                timeout=timeout,
                extensions={WHOLE_WITHIN: times.answer},
            ) as response:
                if response.is_success and into is not None:
                    self._read(response, limit, asked, until, into)
                    data = b""
                else:
                    data = self._body(response, limit, asked, until)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise no_answer(error, asked) from error
        return Answer(response.status_code, response.headers, data, url)

    def _body(self, response: httpx.Response, limit: Limit, asked: str, until: float) -> bytes:
        """Return the body; of an error its beginning suffices."""
        whole, held = response.is_success, io.BytesIO()
        self._read(response, limit if whole else ERROR_BODY, asked, until, held)
        return held.getvalue()[: limit.size if whole else ERROR_BODY.size]

    def _read(
        self, response: httpx.Response, limit: Limit, asked: str, until: float, into: IO[bytes]
    ) -> None:
        size = 0
        for chunk in response.iter_bytes():
            into.write(chunk)
            size += len(chunk)
            if size > limit.size:
                if not response.is_success:
                    break
                raise too_large(limit, what=f"GitHub: {asked}", code=Code.SERVICE_OUTAGE)
            if self.clock.monotonic() > until:
                raise too_slow(asked, self._times.answer)

    def _headers(self, url: str, body: bytes | None) -> dict[str, str]:
        headers = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": API_VERSION}
        if not self.is_api(url):
            return {"Accept": "*/*"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        if self.host.token:
            headers["Authorization"] = f"Bearer {self.host.token}"
        return headers


def _origin(url: str) -> tuple[str, str, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname or "", parts.port or {"https": 443}.get(parts.scheme, 80)
