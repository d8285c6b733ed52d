"""Keep secrets out of everything that is printed, logged, journalled or raised.

Two nets: values that are known to be secret (registered once when they are read) and shapes that usually are
(credentials in URLs, query parameters that are not on the allowlist, bearer headers, well-known token prefixes).
"""

import re
import threading
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

REDACTED = "[redacted]"

# An allowlist, because a denylist misses the next vendor's signature parameter.
_SAFE_PARAMETERS = frozenset(
    {
        "n",
        "per_page",
        "last",
        "digest",
        "mount",
        "from",
        "artifactType",
        "scope",
        "service",
        "account",
        "offline_token",
        "client_id",
    }
)
_SHAPES = re.compile(
    r"(?i)(?P<keep>\b(?:bearer|basic)\s+)[A-Za-z0-9._~+/=-]{8,}"
    r"|\bgh[pousr]_[A-Za-z0-9]{20,}\b|\bgithub_pat_[A-Za-z0-9_]{20,}\b|\bdckr_pat_[A-Za-z0-9_-]{10,}\b"
    r"|\beyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]*"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)"
)
# Without the scheme before it: looking for its beginning takes quadratic time in what a broken tool prints.
_USERINFO = re.compile(r"://[^/\s@]+@")
# As in URLs, but without a scheme. These look like it and are harmless: host:5000/app@…, app:1.2@sha256:…, oci:a@b.
_LOGIN = re.compile(r"(?!oci:)[^\s/@:]+:(?!\d+/)[^@]*@(?!sha\d+:)")
# A digest names content and is compared and looked up: a short PIN that occurs in one by chance must not destroy it.
_DIGEST = re.compile(r"(\bsha(?:256:[0-9a-f]{64}|512:[0-9a-f]{128})\b)")
_MIN_SECRET = 4
# No text of this length occurs in a digest by chance.
_LONG_SECRET = 16

_lock = threading.Lock()
_known: set[str] = set()


def register_secret(value: str) -> None:
    """Remember ``value`` so that :func:`redact` takes it out of every text from now on.

    Values shorter than four characters are ignored: taking those out would destroy the text and hide nothing.
    """
    if len(value) >= _MIN_SECRET:
        with _lock:
            _known.add(value)


def redact(text: str) -> str:
    """Return ``text`` without any secret that is known or that looks like one."""
    with _lock:
        known = sorted(_known, key=len, reverse=True)
    for value in known:
        if value in text:
            text = _without(value, text)
    text = _USERINFO.sub(f"://{REDACTED}@", text)
    return _SHAPES.sub(lambda match: f"{match['keep'] or ''}{REDACTED}", text)


def _without(value: str, text: str) -> str:
    """Return ``text`` without ``value``, which stays in digests if it is short enough to be there by chance."""
    if len(value) >= _LONG_SECRET:
        return text.replace(value, REDACTED)
    parts = _DIGEST.split(text)
    parts[::2] = [part.replace(value, REDACTED) for part in parts[::2]]
    return "".join(parts)


def has_userinfo(reference: str) -> bool:
    """Return whether ``reference``, without a scheme, begins with ``user:password@``: such a text must not be shown."""
    return _LOGIN.match(reference) is not None


def redact_url(url: str) -> str:
    """Return ``url`` without user, password, fragment, and values of parameters that are not known to be harmless."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    query = urlencode(
        [
            (key, value if key in _SAFE_PARAMETERS else "REDACTED")
            for key, value in parse_qsl(parts.query, True)
        ],
        safe="/:,",
    )
    return urlunsplit((parts.scheme, host, parts.path, query, ""))
