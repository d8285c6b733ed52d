"""Find secrets in a configuration: a file in a repository is no place for them."""

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from shipseal._internal.redact import has_userinfo
from shipseal.config.problems import KeyPath, key_text

_WORDS = frozenset(
    {"password", "passwd", "passphrase", "pwd", "secret", "token", "credential", "credentials"}
    | {"apikey", "accesskey", "privatekey", "secretkey"}
)
_PAIRS = frozenset({("api", "key"), ("access", "key"), ("private", "key"), ("secret", "key")})
# Names of places rather than of values: {env: NPM_TOKEN} says where a secret is, not what it is.
_PLACES = re.compile(r"build\.secrets\..*")
_FREE_NAMES = re.compile(r"build\.labels(\..*)?")
_REFERENCES = re.compile(r"targets(\[\d+\])?|image|build\.(base|reference)")
_SHAPES = re.compile(
    r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----"
    r"|\bgh[pousr]_[A-Za-z0-9]{20,}|\bgithub_pat_[A-Za-z0-9_]{20,}|\bglpat-[A-Za-z0-9_-]{16,}"
    r"|\bdckr_pat_[A-Za-z0-9_-]{10,}|\bdckr_oat_[A-Za-z0-9_-]{10,}|\bnpm_[A-Za-z0-9]{30,}|\bpypi-[A-Za-z0-9_-]{50,}"
    r"|\bAKIA[A-Z0-9]{16}\b|\bxox[abprs]-[A-Za-z0-9-]{10,}"
    r"|\beyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]*"
)
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^\s/?#]*@")


def secrets_in(value: object, path: KeyPath = ()) -> Iterator[tuple[KeyPath, str]]:
    """Yield where a secret stands in ``value``, and what it looks like; never the secret."""
    if isinstance(value, dict):
        for key, child in value.items():
            yield from _of_key(str(key), child, (*path, str(key)))
    elif isinstance(value, list):
        for number, child in enumerate(value):
            yield from secrets_in(child, (*path, number))
    elif isinstance(value, str):
        if kind := secret_kind(value):
            yield path, kind
        elif _REFERENCES.fullmatch(key_text(path)) and has_userinfo(value):
            yield path, "a user and password before a host"


def _of_key(key: str, child: object, path: KeyPath) -> Iterator[tuple[KeyPath, str]]:
    name = key_text(path)
    is_scalar = not isinstance(child, dict | list) and child not in (None, "")
    exempt = _PLACES.fullmatch(name) or _FREE_NAMES.fullmatch(name)
    if is_scalar and not exempt and is_secret_name(key):
        yield path, f"the value of {key}"
    else:
        yield from secrets_in(child, path)


def is_secret_name(name: str) -> bool:
    """Return whether what is called ``name`` is usually secret: ``NPM_TOKEN``, ``dbPassword``."""
    words = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+", name)
    lowered = [word.lower() for word in words]
    return bool(lowered) and (lowered[-1] in _WORDS or tuple(lowered[-2:]) in _PAIRS)


def secret_kind(text: str) -> str:
    """Return what kind of secret ``text`` holds; empty when it looks like none."""
    match = _SHAPES.search(text)
    if match:
        return "a private key" if match[0].startswith("-----") else "an access token"
    return next((kind for url in _URL.findall(text) if (kind := _url_kind(url))), "")


def _url_kind(url: str) -> str:
    parts = urlsplit(url)
    # ssh://git@host names an account that everybody has; in a web address even a lone user name may be a token.
    if parts.password or parts.scheme.lower() in ("http", "https"):
        return "a user or password in a URL"
    return ""
