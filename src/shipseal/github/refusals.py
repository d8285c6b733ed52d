"""What GitHub's API answers, and why no answer came, as errors with our codes.

Source: GitHub's documentation, "Troubleshooting the REST API" and "Rate limits for the REST API".
"""

from collections.abc import Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Any

import msgspec

from shipseal._internal.json_errors import NOT_JSON
from shipseal._internal.limits import KIB
from shipseal._internal.no_answer import Hints, status_text, why_no_answer
from shipseal._internal.redact import redact, redact_url
from shipseal.errors import AttestError, Code, ShipsealError
from shipseal.github.wording import EVIDENCE, Meaning, Wording

_TRANSIENT = frozenset({408, 425, 500, 502, 503, 504, *range(520, 530)})
_MOST_WORDS = 300
_MOST_TOLD = 64 * KIB
_AGAIN = (
    "run the same command again when GitHub answers; https://www.githubstatus.com says how it is"
)
_NO_ANSWER = Hints(
    authority="name its authority in SSL_CERT_FILE",
    plain="GitHub speaks TLS: is it GitHub, or a proxy, that answers there?",
    address="check GITHUB_API_URL and GH_HOST",
    again=_AGAIN,
)
_LIMITED = Code.RATE_LIMITED
_WAIT = "wait, then run the same command again; with a token in GH_TOKEN more is allowed"
_FORK = "a fork's pull request may neither sign nor store evidence; that is expected"


class _Words(msgspec.Struct):
    message: str = ""
    errors: Any = None


def refused(
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    asked: str,
    *,
    now: datetime,
    fork: bool = False,
    wording: Wording = EVIDENCE,
) -> ShipsealError:
    """Return the error that an unwanted answer means.

    Args:
        status: of the answer.
        headers: with names in lower case.
        body: of the answer, or its beginning.
        asked: method and address, for the message.
        now: the time, for limits that are told as a time.
        fork: whether this job is a fork's pull request, which explains why it may not write.
        wording: what refusals mean for what was asked.
    """
    words = _words(body)
    limited = _is_limited(status, headers, words)
    code, hint = (_LIMITED, _WAIT) if limited else _code(status, words, wording, fork=fork)
    return wording.error(
        code,
        redact(f"GitHub: {asked}: {status_text(status)}{f': {words}' if words else ''}"),
        hint=hint,
        context={"service": "GitHub", "status": str(status)},
        retryable=code is Code.RATE_LIMITED or status in _TRANSIENT,
        retry_after=_wait(headers, now, limited=code is Code.RATE_LIMITED),
    )


def no_answer(error: Exception, asked: str) -> AttestError:
    """Return the error that the lack of an answer means."""
    code, hint, retryable = why_no_answer(error, _NO_ANSWER)
    reason = str(error) or type(error).__name__
    return AttestError(
        code,
        redact(f"GitHub: {asked}: {reason[:_MOST_WORDS]}"),
        hint=hint,
        context={"service": "GitHub"},
        retryable=retryable,
    )


def nonsense(asked: str, problem: str) -> AttestError:
    """Return the error for an answer that GitHub's API does not give."""
    return AttestError(
        Code.SERVICE_OUTAGE,
        redact(f"GitHub: {asked}: its answer cannot be used: {problem[:_MOST_WORDS]}"),
        hint="something else may answer at this address, such as a proxy",
        context={"service": "GitHub"},
    )


def too_slow(asked: str, seconds: float) -> AttestError:
    """Return the error for an answer that has begun and does not end."""
    return AttestError(
        Code.SERVICE_OUTAGE,
        redact(f"GitHub: {asked}: the answer has no end after {seconds:g} s"),
        hint=_AGAIN,
        context={"service": "GitHub"},
        retryable=True,
    )


def shown(method: str, url: str) -> str:
    """Return method and address as they may be shown: the addresses of bundles hold signatures that open them."""
    try:
        return f"{method} {redact_url(url)}"
    except ValueError:
        return f"{method} an address that is not a URL"


def _code(status: int, words: str, wording: Wording, *, fork: bool) -> tuple[Code, str]:
    found = _meaning(status, words, wording)
    if found in (wording.denied, wording.hidden) and fork:
        return Code.FORK_NO_PERMISSIONS, _FORK
    if found is not None:
        return found.code, found.hint
    if status == HTTPStatus.PROXY_AUTHENTICATION_REQUIRED:
        return Code.NETWORK_UNREACHABLE, "the proxy asks for a login: see the proxy variables"
    return Code.SERVICE_OUTAGE, _AGAIN


def _meaning(status: int, words: str, wording: Wording) -> Meaning | None:
    match status:
        case HTTPStatus.UNAUTHORIZED | HTTPStatus.FORBIDDEN:
            return wording.denied
        case HTTPStatus.NOT_FOUND:
            return wording.hidden
        case HTTPStatus.CONFLICT:
            return wording.conflict
        case HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
            return wording.too_large
        case HTTPStatus.UNPROCESSABLE_ENTITY:
            return wording.conflict if "already" in words.lower() else wording.invalid
        case HTTPStatus.BAD_REQUEST | HTTPStatus.GONE:
            return wording.invalid
    return None


def _is_limited(status: int, headers: Mapping[str, str], words: str) -> bool:
    """Return whether this says "too many requests": GitHub says so with 403 as well as with 429."""
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return True
    told = (
        headers.get("x-ratelimit-remaining") == "0"
        or "retry-after" in headers
        or "rate limit" in words.lower()
    )
    return status == HTTPStatus.FORBIDDEN and told


def _wait(headers: Mapping[str, str], now: datetime, *, limited: bool) -> float | None:
    text = headers.get("retry-after", "").strip()
    if text.isascii() and text.isdecimal():
        return float(text[:9])
    reset = headers.get("x-ratelimit-reset", "").strip()
    if (
        limited
        and headers.get("x-ratelimit-remaining") == "0"
        and reset.isascii()
        and reset.isdecimal()
    ):
        return max(1.0, float(reset[:12]) - now.timestamp())
    return None


def _words(body: bytes) -> str:
    """Return GitHub's own words."""
    try:
        found = msgspec.json.decode(body[:_MOST_TOLD], type=_Words)
    except NOT_JSON:
        return ""
    details = found.errors if isinstance(found.errors, list) else [found.errors]
    texts = [found.message, *(_detail(one) for one in details[:5])]
    return " ".join("; ".join(filter(None, texts)).split())[:_MOST_WORDS]


def _detail(value: object) -> str:
    if isinstance(value, dict):
        value = value.get("message", "")
    return value if isinstance(value, str) else ""
