"""Registry errors that explain themselves: method, redacted URL, status, the registry's own words, and our code.

What a registry answers is in :func:`answer_error`; why no answer came is in :func:`transport_error`.
"""

import email.utils
from collections.abc import Mapping
from dataclasses import dataclass

import httpx

from shipseal._internal.no_answer import PROXY_HINT, Hints, status_text, why_no_answer
from shipseal._internal.pace import TooSlowError
from shipseal._internal.redact import redact, redact_url
from shipseal.errors import Code, RegistryError
from shipseal.registry.words import Words, one_line, read_words

# The last ten are what a well-known proxy says when it does not reach the registry.
_TRANSIENT = frozenset({408, 425, 429, 500, 502, 503, 504, *range(520, 530)})
_RATE_LIMITED = "TOOMANYREQUESTS"

# Codes that say more than their status (distribution-spec, Error Codes).
_BY_WORD: Mapping[str, Code] = {
    _RATE_LIMITED: Code.RATE_LIMITED,
    "DENIED": Code.REGISTRY_DENIED,
    "BLOB_UNKNOWN": Code.IMAGE_NOT_FOUND,
    "MANIFEST_UNKNOWN": Code.IMAGE_NOT_FOUND,
    "MANIFEST_BLOB_UNKNOWN": Code.IMAGE_NOT_FOUND,
    "NAME_UNKNOWN": Code.IMAGE_NOT_FOUND,
    "DIGEST_INVALID": Code.DIGEST_MISMATCH,
    "MANIFEST_INVALID": Code.FORMAT_UNSUPPORTED,
    "SIZE_INVALID": Code.FORMAT_UNSUPPORTED,
    "NAME_INVALID": Code.CONFIG_INVALID,
    "TAG_INVALID": Code.CONFIG_INVALID,
}
_BY_STATUS: Mapping[int, Code] = {
    401: Code.REGISTRY_UNAUTHORIZED,
    403: Code.REGISTRY_DENIED,
    404: Code.IMAGE_NOT_FOUND,
    405: Code.REGISTRY_DENIED,
    407: Code.NETWORK_UNREACHABLE,
    413: Code.FORMAT_UNSUPPORTED,
    429: Code.RATE_LIMITED,
}
_NO_ANSWER = Hints(
    authority="name its authority in shipseal.yaml (registries: HOST: ca) or in SSL_CERT_FILE",
    plain="if it speaks plain HTTP, say so in shipseal.yaml (registries: HOST: plain_http)",
    address="check host, proxy variables and credentials for odd characters",
    again="the connection broke or went silent; run the same command again",
)
_HINTS: Mapping[Code, str] = {
    Code.REGISTRY_DENIED: "give the account the right to do this there; for a push to GHCR that is packages: write",
    Code.IMAGE_NOT_FOUND: "check the name; many registries also answer so when the account may not see it",
    Code.RATE_LIMITED: "wait, or log in: registries give known accounts more",
    Code.NETWORK_UNREACHABLE: PROXY_HINT,
    Code.SERVICE_OUTAGE: "the registry fails at the moment: see its status page, then run the same command again",
    Code.CONFIG_INVALID: "check the name of the repository and of the tag",
    Code.DIGEST_MISMATCH: "the content changed on its way, or the image is damaged: do not release it",
    Code.TAG_EXISTS: "the registry does not let this tag move; take another version",
}
_REFUSED = "the same request will be refused again: ask those who run the registry, or the proxy before it, why"
_TLS_WANTED = "http request to an https server"
_SPEAKS_TLS = "it speaks TLS: write registries: HOST: {plain_http: false}, and ca: where its authority is your own"
_REASONS: Mapping[type[httpx.HTTPError], str] = {
    httpx.ConnectTimeout: "no connection in time",
    httpx.ReadTimeout: "no answer in time",
    httpx.WriteTimeout: "nothing could be sent in time",
    httpx.RemoteProtocolError: "the connection was cut",
    httpx.ReadError: "the connection broke while reading",
    httpx.WriteError: "the connection broke while sending",
}


@dataclass(frozen=True, slots=True)
class Caller:
    """Who talks to which target, for messages.

    Attributes:
        target: its name.
        known: whether there are credentials.
        credentials: where they are from, or where there were none; empty while nobody asked for them.
    """

    target: str
    known: bool = False
    credentials: str = ""


class AnswerError(RegistryError):
    """A registry answered, and it was no success.

    Attributes:
        status: the HTTP status.
        words: the registry's own error codes, in capitals.
    """

    status: int
    words: frozenset[str]


class SlowPeerError(RegistryError):
    """The other side moves bytes, but so few that it would never end. Trying again begins with nothing gained."""


def answer_error(
    response: httpx.Response,
    body: bytes,
    caller: Caller,
    *,
    refused_scope: bool = False,
) -> AnswerError:
    """Return the error that an unwanted answer means.

    Args:
        response: the answer.
        body: the beginning of its body.
        caller: who asked.
        refused_scope: the registry says that the token does not reach as far as this request.
    """
    said = read_words(body)
    status = response.status_code
    code = _code(status, said, caller, refused_scope=refused_scope)
    after = retry_after(response.headers)
    hint = _HINTS.get(code, "")
    if code in (Code.REGISTRY_UNAUTHORIZED, Code.REGISTRY_DENIED):
        hint = _credentials_hint(code, caller)
    told = status_text(status) + (f", asks to wait {after:g} s" if after else "")
    retryable = status in _TRANSIENT or _RATE_LIMITED in said.codes
    if code is Code.SERVICE_OUTAGE and 400 <= status < 500 and not retryable:
        told = f"the registry refused the request with {told}"
        hint = _SPEAKS_TLS if _TLS_WANTED in said.text.lower() else _REFUSED
    error = AnswerError(
        code,
        redact(f"{caller.target}: {_request(response)}: {told}{_colon(said.text)}"),
        hint=hint,
        context={
            "target": caller.target,
            "status": str(status),
            "credentials": caller.credentials,
        },
        retryable=retryable,
        retry_after=after,
    )
    error.status = status
    error.words = said.codes
    return error


def transport_error(error: httpx.HTTPError, caller: Caller, request: str) -> RegistryError:
    """Return the error that the lack of an answer means.

    Args:
        error: what httpx raised.
        caller: who asked.
        request: method and redacted URL.
    """
    code, hint, retryable = why_no_answer(error, _NO_ANSWER)
    kind = SlowPeerError if isinstance(error, TooSlowError) else RegistryError
    return kind(
        code,
        redact(f"{caller.target}: {request}: {_reason(error)}"),
        hint=hint,
        context={"target": caller.target},
        retryable=retryable,
    )


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds that ``Retry-After`` asks to wait (RFC 9110, section 10.2.3); None when it does not.

    A date is read against the server's own ``Date``, so that a wrong clock on either side does no harm.
    """
    text = headers.get("retry-after", "").strip()
    if text.isascii() and text.isdecimal():
        return float(text)
    try:
        until = email.utils.parsedate_to_datetime(text)
        now = email.utils.parsedate_to_datetime(headers.get("date", ""))
        return max(0.0, (until - now).total_seconds())
    except (TypeError, ValueError, OverflowError):
        return None


def described(method: str, url: str) -> str:
    """Return method and URL as they may be shown."""
    return f"{method} {shown(url)}"


def shown(url: str) -> str:
    """Return ``url``, which a server may have sent, as it may be shown."""
    try:
        return one_line(redact_url(url))
    except ValueError:
        return "an address that is not a URL"


def _request(response: httpx.Response) -> str:
    return described(response.request.method, str(response.request.url))


def _colon(text: str) -> str:
    return f": {text}" if text else ""


def _code(status: int, said: Words, caller: Caller, *, refused_scope: bool) -> Code:
    # ECR, Harbor, Artifact Registry and ACR have four statuses for it, and one word.
    if "immutable" in said.text.lower() and status < 500:
        return Code.TAG_EXISTS
    stranger = bool(caller.credentials) and not caller.known
    by_word = next((_BY_WORD[word] for word in sorted(said.codes) if word in _BY_WORD), None)
    if status >= 500:
        # It failed before it could judge: whatever word it took for that says nothing about us.
        return Code.RATE_LIMITED if by_word is Code.RATE_LIMITED else Code.SERVICE_OUTAGE
    if status == 401 or by_word is Code.REGISTRY_DENIED:
        # Denied is who is known and may not; who is not known is asked to log in first.
        denied = not stranger and (refused_scope or by_word is Code.REGISTRY_DENIED)
        return Code.REGISTRY_DENIED if denied else Code.REGISTRY_UNAUTHORIZED
    if by_word:
        return by_word
    if status == 403 and stranger:
        return Code.REGISTRY_UNAUTHORIZED
    return _BY_STATUS.get(status, Code.SERVICE_OUTAGE)


def _credentials_hint(code: Code, caller: Caller) -> str:
    if not caller.credentials:
        return _HINTS[Code.REGISTRY_DENIED]
    if not caller.known:
        return f"log in with docker login: no credentials were found ({caller.credentials})"
    if code is Code.REGISTRY_DENIED:
        return f"{_HINTS[code]}; used were the credentials from {caller.credentials}"
    return f"check the credentials from {caller.credentials}: they are wrong or have expired"


def _reason(error: httpx.HTTPError) -> str:
    if isinstance(error, httpx.LocalProtocolError):
        # Its text shows the header that cannot be sent, which may be the one with the secret.
        return "the request cannot be written as HTTP"
    kind = _REASONS.get(type(error), "")
    return one_line(": ".join(part for part in (kind, str(error)) if part)) or type(error).__name__
