"""Why a request over HTTP got no answer: told alike for registries, signing services and GitHub."""

import re
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus

import httpx

from shipseal.errors import Code

# A proxy that times out (408) or is busy (429) may let the next one pass; any other refusal is its last word.
_REFUSED_BY_PROXY = re.compile(r"4(?!08|29)\d\d\b")
# A name server that cannot be reached says something else (EAI_AGAIN).
_NO_SUCH_NAME = frozenset(
    code for name in ("EAI_NONAME", "EAI_NODATA") if (code := getattr(socket, name, None))
)
PROXY_HINT = "the proxy asks for a login, or lets nobody pass to there: see the proxy variables"


@dataclass(frozen=True, slots=True)
class Hints:
    """What to do, where it differs from one kind of service to the next.

    Attributes:
        authority: its certificate is not trusted.
        plain: it does not speak TLS.
        address: its address cannot be used.
        again: the connection broke or went silent.
    """

    authority: str
    plain: str
    address: str
    again: str


def why_no_answer(error: Exception, hints: Hints) -> tuple[Code, str, bool]:
    """Return code, hint, and whether trying again may help."""
    causes = tuple(causes_of(error))
    if any(isinstance(cause, ssl.SSLCertVerificationError) for cause in causes):
        return Code.TLS_UNTRUSTED, hints.authority, False
    if any(isinstance(cause, ssl.SSLError) for cause in causes) and isinstance(
        error, httpx.ConnectError
    ):
        return Code.TLS_UNTRUSTED, hints.plain, False
    if isinstance(error, httpx.UnsupportedProtocol | httpx.LocalProtocolError | httpx.InvalidURL):
        return Code.CONFIG_INVALID, hints.address, False
    if isinstance(error, httpx.ProxyError) and _REFUSED_BY_PROXY.match(str(error)):
        return Code.NETWORK_UNREACHABLE, PROXY_HINT, False
    if any(isinstance(one, socket.gaierror) and one.errno in _NO_SUCH_NAME for one in causes):
        hint = "no name server knows this name: is it spelled right? Behind a proxy, see the proxy variables"
        return Code.NETWORK_UNREACHABLE, hint, False
    if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.ProxyError):
        return Code.NETWORK_UNREACHABLE, "check the name, the network and the proxy variables", True
    return Code.SERVICE_OUTAGE, hints.again, True


def causes_of(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and what led to it, the outermost first."""
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__ or cause.__context__


def status_text(status: int) -> str:
    """Return a status as it stands in answers: ``503 Service Unavailable``."""
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)
