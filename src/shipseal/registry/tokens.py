"""Token servers: where a registry sends us for a bearer token (distribution, token and OAuth2 authentication).

``GET`` with name and password is what every token server understands. An identity token goes by OAuth2 ``POST``; where
that is not known, it takes the place of the password.
"""

from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlencode

import httpx
import msgspec

from shipseal._internal.json_errors import NOT_JSON
from shipseal._internal.limits import TOKEN
from shipseal.errors import Code, RegistryError
from shipseal.registry.answers import read_answer, read_beginning
from shipseal.registry.credentials import Credentials
from shipseal.registry.errors import AnswerError, Caller, answer_error, described, shown
from shipseal.registry.hosts import is_link_local, is_loopback, scheme_of
from shipseal.registry.transport import Body, Call, Transport, is_address

_CLIENT = "shipseal"
# What the specification lets a client assume when the server does not say.
_DEFAULT_LIFETIME = 60.0
_NO_OAUTH = frozenset({404, 405})
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@dataclass(frozen=True, slots=True)
class TokenOrder:
    """What a token is wanted for.

    Attributes:
        realm: address of the token server, as the registry says.
        service: the registry's name for itself.
        scopes: what the token must allow.
        credentials: None for anonymous.
        refresh_token: from an earlier answer; empty for none.
        caller: for messages.
    """

    realm: str
    service: str
    scopes: tuple[str, ...]
    credentials: Credentials | None
    refresh_token: str = field(repr=False)
    caller: Caller


@dataclass(frozen=True, slots=True)
class Token:
    """A token server's answer.

    Attributes:
        value: the bearer token.
        lifetime: seconds from the request on.
        refresh_token: to be used from now on; empty when there is no new one.
    """

    value: str = field(repr=False)
    lifetime: float
    refresh_token: str = field(repr=False, default="")


class _Answer(msgspec.Struct):
    token: str | None = None
    access_token: str | None = None
    refresh_token: str | None = None
    expires_in: float | None = None


class TokenServerClient:
    """Fetches tokens for one registry.

    Args:
        registry: its API host; decides whether a realm is one to trust with a password.
        secure: whether it is reached over TLS.
        transport: sends the requests.
    """

    def __init__(self, registry: str, *, secure: bool, transport: Transport) -> None:
        self._registry = registry
        self._secure = secure
        self._transport = transport

    def fetch(self, order: TokenOrder) -> Token:
        """Return a new token.

        Raises:
            RegistryError: ``auth.registry-unauthorized`` or ``auth.registry-denied`` with the source of the
                credentials, ``service.*``, ``network.*``, ``tls.untrusted``.
        """
        self._check_realm(order)
        refresh = order.refresh_token or (order.credentials and order.credentials.identity_token)
        if refresh:
            try:
                return self._ask(_post(order, refresh), "", order.caller)
            except AnswerError as error:
                if error.status not in _NO_OAUTH:
                    raise
        authorization = order.credentials.basic() if order.credentials else ""
        return self._ask(_get(order), authorization, order.caller)

    def _ask(self, call: Call, authorization: str, caller: Caller) -> Token:
        response = self._transport.send(call, authorization, caller)
        try:
            if response.status_code != 200:
                raise _refused(response, caller)
            body = read_answer(response, TOKEN, caller)
        finally:
            response.close()
        return _token(body, caller, call)

    def _check_realm(self, order: TokenOrder) -> None:
        problem = self._problem(order.realm)
        if problem:
            raise RegistryError(
                Code.REGISTRY_UNAUTHORIZED,
                f"{order.caller.target}: the token server {shown(order.realm)!r} {problem}",
                hint="the registry names its token server in WWW-Authenticate: it is set up wrongly",
                context={"target": order.caller.target},
            )

    def _problem(self, realm: str) -> str:
        """Return why a password must not be sent to ``realm``; empty when it may."""
        try:
            url = httpx.URL(realm)
        except httpx.InvalidURL:
            return "is not an HTTP address"
        if not is_address(url):
            return "is not an HTTP address"
        netloc = url.netloc.decode("ascii")
        if url.scheme == "http" and self._secure and not self._may_be_plain(netloc):
            return "would get the password without TLS"
        if not is_loopback(self._registry) and (is_loopback(netloc) or is_link_local(netloc)):
            # Or a registry could make us ask things of this machine, or of a cloud's metadata service.
            return "is an address of this machine"
        return ""

    def _may_be_plain(self, netloc: str) -> bool:
        return scheme_of(netloc, self._transport.settings_for(netloc)) == "http"


def _get(order: TokenOrder) -> Call:
    more = [("service", order.service)] if order.service else []
    more += [("scope", scope) for scope in order.scopes]
    if order.credentials and order.credentials.username:
        more.append(("account", order.credentials.username))
    realm = httpx.URL(order.realm, fragment=None)
    query = [*parse_qsl(realm.query.decode("ascii"), True), *more]
    return Call("GET", str(realm.copy_with(query=urlencode(query).encode())))


def _post(order: TokenOrder, refresh: str) -> Call:
    form = {
        "grant_type": "refresh_token",
        "service": order.service,
        "client_id": _CLIENT,
        "scope": " ".join(order.scopes),
        "refresh_token": refresh,
    }
    return Call("POST", order.realm, _FORM, Body.of(urlencode(form).encode()))


def _refused(response: httpx.Response, caller: Caller) -> AnswerError:
    error = answer_error(response, read_beginning(response), caller)
    # OAuth2 says 400 where others say 401 (RFC 6749, section 5.2).
    if response.status_code == 400:
        error.code = Code.REGISTRY_UNAUTHORIZED
        error.hint = (
            f"check the credentials from {caller.credentials}: they are wrong or have expired"
        )
    return error


def _token(body: bytes, caller: Caller, call: Call) -> Token:
    try:
        answer = msgspec.json.decode(body, type=_Answer)
    except NOT_JSON:
        # The answer may hold a token, so it is not shown.
        answer = _Answer()
    value = (answer.token or answer.access_token or "").strip()
    if not value:
        raise RegistryError(
            Code.SERVICE_OUTAGE,
            f"{caller.target}: {described(call.method, call.url)}: the answer holds no token",
            hint="the token server, or a proxy before it, does not speak the token protocol",
            context={"target": caller.target},
        )
    lifetime = answer.expires_in or _DEFAULT_LIFETIME
    return Token(value, max(0.0, lifetime), answer.refresh_token or "")
