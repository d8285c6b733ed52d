"""What the services of signing answer, and why no answer came, as errors with our codes."""

from collections.abc import Mapping
from http import HTTPStatus
from urllib.parse import urlsplit

import httpx
import msgspec

from shipseal._internal.json_errors import NOT_JSON
from shipseal._internal.limits import KIB
from shipseal._internal.no_answer import PROXY_HINT, Hints, status_text, why_no_answer
from shipseal._internal.redact import redact, redact_url
from shipseal.errors import AttestError, Code

# The last ten are what a well-known proxy says when it does not reach the service.
_TRANSIENT = frozenset({408, 425, 429, 500, 502, 503, 504, *range(520, 530)})
_MOST_WORDS = 300
_MOST_TOLD = 4 * KIB
_AGAIN = "run the same command again: what is signed already stays"
# Who says, for whose services, whether others have the outage, too.
_STATUS_PAGES = {
    "sigstore.dev": "https://status.sigstore.dev",
    "githubapp.com": "https://www.githubstatus.com",
    "githubusercontent.com": "https://www.githubstatus.com",
}
_NO_ANSWER = Hints(
    authority="name its authority in SSL_CERT_FILE",
    plain="it does not speak TLS as we do, or speaks plain HTTP",
    address="check the addresses in the signing configuration",
    again=_AGAIN,
)


class _Words(msgspec.Struct):
    message: str = ""
    error: str | dict[str, object] = ""
    detail: str = ""


def refused(response: httpx.Response, body: bytes, service: str, *, known: bool) -> AttestError:
    """Return the error that an unwanted answer means.

    Args:
        response: the answer.
        body: its body.
        service: who answered, for messages.
        known: whether we said who we are.
    """
    status = response.status_code
    code, hint = _code(status, known=known)
    hint += _status_page(code, str(response.request.url))
    return AttestError(
        code,
        redact(f"{service}: {_asked(response)}: {status_text(status)}{_said(body)}"),
        hint=hint,
        context={"service": service, "status": str(status)},
        retryable=status in _TRANSIENT,
        retry_after=_retry_after(response.headers),
    )


def no_answer(error: Exception, service: str, url: str) -> AttestError:
    """Return the error that the lack of an answer means."""
    code, hint, retryable = why_no_answer(error, _NO_ANSWER)
    hint += _status_page(code, url)
    reason = type(error).__name__ if not str(error) else str(error)
    return AttestError(
        code,
        redact(f"{service}: {_shown(url)}: {reason[:_MOST_WORDS]}"),
        hint=hint,
        context={"service": service},
        retryable=retryable,
    )


def too_slow(service: str, url: str, seconds: float) -> AttestError:
    """Return the error for an answer that has begun and does not end."""
    return AttestError(
        Code.SERVICE_OUTAGE,
        redact(f"{service}: {_shown(url)}: the answer has no end after {seconds:g} s"),
        hint=_AGAIN + _status_page(Code.SERVICE_OUTAGE, url),
        context={"service": service},
        retryable=True,
    )


def nonsense(service: str, problem: str) -> AttestError:
    """Return the error for an answer that is not what this service answers."""
    return AttestError(
        Code.SERVICE_OUTAGE,
        redact(f"{service}: its answer cannot be used: {problem[:_MOST_WORDS]}"),
        hint="something else may answer at this address, such as a proxy: see the signing configuration",
        context={"service": service},
    )


def _status_page(code: Code, url: str) -> str:
    """Return where it stands whether everybody has this outage (S13), as the end of a hint; empty where nobody says."""
    if code not in (Code.SERVICE_OUTAGE, Code.NETWORK_UNREACHABLE):
        return ""
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        return ""
    page = next((page for own, page in _STATUS_PAGES.items() if f".{host}".endswith(f".{own}")), "")
    return f"; {page} says how it is" if page else ""


def _code(status: int, *, known: bool) -> tuple[Code, str]:
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return Code.RATE_LIMITED, "wait, then " + _AGAIN
    if known and status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        return (
            Code.OIDC_PERMISSION,
            "the identity token is not accepted there: is it for this instance, and new?",
        )
    if status == HTTPStatus.PROXY_AUTHENTICATION_REQUIRED:
        return Code.NETWORK_UNREACHABLE, PROXY_HINT
    if status in _TRANSIENT or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return Code.SERVICE_OUTAGE, _AGAIN
    return (
        Code.SERVICE_OUTAGE,
        "the same request will be refused again: ask those who run the service why",
    )


def _retry_after(headers: Mapping[str, str]) -> float | None:
    text = headers.get("retry-after", "").strip()
    return float(text) if text.isascii() and text.isdecimal() else None


def _asked(response: httpx.Response) -> str:
    return f"{response.request.method} {_shown(str(response.request.url))}"


def _shown(url: str) -> str:
    try:
        return redact_url(url)
    except ValueError:
        return "an address that is not a URL"


def _said(body: bytes) -> str:
    """Return the service's own words; they may repeat what they were sent, and go through :func:`redact` later."""
    try:
        words = msgspec.json.decode(body[:_MOST_TOLD], type=_Words)
        text = (
            words.message or words.detail or (words.error if isinstance(words.error, str) else "")
        )
    except NOT_JSON:
        text = body[:_MOST_TOLD].decode("utf-8", "replace")
    text = " ".join(text.split())[:_MOST_WORDS]
    return f": {text}" if text else ""
