"""Requests to one repository: authorized, retried where that is safe, with every unwanted answer an error."""

import contextlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TypeVar

import httpx

from shipseal._internal.clock import Clock
from shipseal._internal.limits import ERROR_BODY, Limit
from shipseal._internal.retry import RetryPolicy, call_with_retry
from shipseal.registry.answers import Answer, read_answer, read_beginning
from shipseal.registry.auth import Authorizer
from shipseal.registry.challenge import Challenge, parse_challenges
from shipseal.registry.errors import Caller, answer_error, described, transport_error
from shipseal.registry.transport import Body, Call, Transport, origin, resolve_location

T = TypeVar("T")
_NONE: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked of a repository.

    Attributes:
        method: in capitals.
        url: absolute, from :meth:`Session.url`.
        scopes: what a token must allow.
        expect: statuses that are an answer; others are errors.
        headers: of the request.
        body: None for none.
        limit: of the answer's body.
        slow: see :class:`~shipseal.registry.transport.Call`.
        whole: likewise.
    """

    method: str
    url: str
    scopes: tuple[str, ...]
    expect: frozenset[int]
    headers: Mapping[str, str] = field(default_factory=lambda: _NONE)
    body: Body | None = None
    limit: Limit = ERROR_BODY
    slow: bool = False
    whole: bool = True

    def call(self) -> Call:
        """Return it as it goes over the wire."""
        return Call(self.method, self.url, self.headers, self.body, self.slow, self.whole)


class Session:
    """Talks to one repository. Safe to use from several threads.

    Args:
        base: scheme and API host.
        repository: path of the repository.
        transport: sends calls.
        authorizer: knows what to send along.
        clock: for waiting.
        policy: how often and how long.
    """

    def __init__(
        self,
        base: str,
        repository: str,
        *,
        transport: Transport,
        authorizer: Authorizer,
        clock: Clock,
        policy: RetryPolicy,
    ) -> None:
        self.repository = repository
        self.clock = clock
        self.policy = policy
        self._base = base
        self._transport = transport
        self._authorizer = authorizer

    @property
    def target(self) -> str:
        """The target's name, for messages."""
        return self.caller().target

    def caller(self) -> Caller:
        """Return who talks to which target, for errors."""
        return self._authorizer.caller()

    def url(self, *parts: str) -> str:
        """Return the address of something in the repository."""
        return "/".join((self._base, "v2", self.repository, *parts))

    def resolve(self, base: str, location: str) -> str:
        """Return ``location``, a header of the answer to ``base``, as an absolute URL.

        Raises:
            RegistryError: it is none that may be asked.
        """
        return resolve_location(base, location, self.caller())

    def is_own(self, url: str) -> bool:
        """Return whether ``url`` lies at the registry itself."""
        return origin(httpx.URL(self._base)) == origin(httpx.URL(url))

    def call(self, request: Request) -> Answer:
        """Return the answer to an idempotent request, asked again while it fails for a transient reason.

        Raises:
            RegistryError: :class:`~shipseal.registry.errors.AnswerError` for a status that is not expected, others when
                no answer came.
        """
        return self.retrying(lambda: self.call_once(request))

    def call_once(self, request: Request) -> Answer:
        """Return the answer to a request that is not asked again.

        Raises:
            RegistryError: see :meth:`call`.
        """
        with self.stream(request) as response:
            return Answer(
                response.status_code,
                response.headers,
                read_answer(response, request.limit, self.caller()),
                str(response.request.url),
                tuple(response.headers.get_list("link")),
            )

    def retrying(self, call: Callable[[], T]) -> T:
        """Return what an idempotent ``call`` returns, calling it again while it fails for a transient reason."""
        return call_with_retry(call, self.policy, self.clock)

    @contextlib.contextmanager
    def stream(self, request: Request) -> Iterator[httpx.Response]:
        """Give the answer with its body unread. What breaks inside the block is told as a registry error.

        Raises:
            RegistryError: see :meth:`call`.
        """
        response = self._authorized(request.call(), request.scopes)
        try:
            if response.status_code not in request.expect:
                raise self._unwanted(response)
            yield response
        except httpx.HTTPError as error:
            shown = described(response.request.method, str(response.request.url))
            raise transport_error(error, self.caller(), shown) from error
        finally:
            response.close()

    def _authorized(self, call: Call, scopes: tuple[str, ...]) -> httpx.Response:
        sent = self._authorizer.header(scopes) if self.is_own(call.url) else ""
        response = self._transport.send(call, sent, self.caller())
        if response.status_code != 401 or not self.is_own(str(response.request.url)):
            return response
        try:
            again = self._authorizer.answer(_challenges(response), scopes, sent)
        except BaseException:
            response.close()
            raise
        if not again:
            return response
        response.close()
        return self._transport.send(call, again, self.caller())

    def _unwanted(self, response: httpx.Response) -> Exception:
        refused = any(
            challenge.parameters.get("error") == "insufficient_scope"
            for challenge in _challenges(response)
        )
        return answer_error(
            response, read_beginning(response), self.caller(), refused_scope=refused
        )


def _challenges(response: httpx.Response) -> tuple[Challenge, ...]:
    return parse_challenges(response.headers.get_list("www-authenticate"))
