"""Where GitHub's API is, and who we are there.

Addresses and variables as gh uses them: github.com and the tenants of ghe.com have an ``api.`` host, GitHub Enterprise
Server has ``/api/v3`` and tokens of its own, so that a token never goes to a server that it is not for.
Source: GitHub's documentation, "Environment variables" of gh, and "Default environment variables" of Actions.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from shipseal._internal.loopback import LOOPBACK
from shipseal._internal.redact import register_secret
from shipseal.errors import ConfigError

GITHUB = "github.com"
_TENANTS = ".ghe.com"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?(:[0-9]{1,5})?")
_OWN_TOKENS = ("GH_TOKEN", "GITHUB_TOKEN")
_SERVER_TOKENS = ("GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN")


@dataclass(frozen=True, slots=True)
class GitHubHost:
    """One GitHub.

    Attributes:
        name: of the host, as in the address of a repository.
        api: address of the API, without a slash at its end.
        web: address of the pages, likewise.
        token: who we are; empty for nobody, which reads public repositories.
    """

    name: str
    api: str
    web: str
    token: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Repository:
    """A repository, ``OWNER/NAME``.

    Attributes:
        owner: a person or an organisation.
        name: of the repository.
    """

    owner: str
    name: str

    def __str__(self) -> str:
        """Return it as people write it."""
        return f"{self.owner}/{self.name}"


def parse_repository(text: str) -> Repository:
    """Return the repository that ``OWNER/NAME`` names.

    Raises:
        ConfigError: it is no such name.
    """
    owner, slash, name = text.partition("/")
    if not slash or not _NAME.fullmatch(owner) or not _NAME.fullmatch(name) or name in (".", ".."):
        raise ConfigError(
            f"{text[:200]!r} is no repository of GitHub", hint="write it as OWNER/NAME"
        )
    return Repository(owner, name)


def github_host(env: Mapping[str, str], hostname: str = "") -> GitHubHost:
    """Return the GitHub to ask, with the token that ``env`` has for it.

    Args:
        env: the environment; inside a job ``GITHUB_API_URL`` and ``GITHUB_SERVER_URL`` say where it runs.
        hostname: of another one; empty for the job's, else ``GH_HOST``, else github.com.

    Raises:
        ConfigError: an address or a token cannot be used.
    """
    job = env.get("GITHUB_API_URL", "").rstrip("/")
    if job and not hostname:
        web = env.get("GITHUB_SERVER_URL", "").rstrip("/") or f"https://{GITHUB}"
        check_address(job, "GITHUB_API_URL")
        # What the runner calls its server's token is one variable, whatever kind of server it is.
        found = _token(env, (*_OWN_TOKENS, *_SERVER_TOKENS))
        return GitHubHost(urlsplit(web).netloc, job, web, found)
    name = (hostname or env.get("GH_HOST", "") or GITHUB).lower()
    if not _HOST.fullmatch(name):
        raise ConfigError(
            f"{name[:200]!r} is no host of a GitHub",
            hint=f"write it as {GITHUB} or git.example.org",
        )
    cloud = name == GITHUB or name.endswith(_TENANTS)
    api = f"https://api.{name}" if cloud else f"https://{name}/api/v3"
    return GitHubHost(
        name, api, f"https://{name}", _token(env, _OWN_TOKENS if cloud else _SERVER_TOKENS)
    )


def check_address(url: str, what: str) -> None:
    """Refuse an address that a token could be overheard on the way to.

    Raises:
        ConfigError: it is not HTTPS, and not plain HTTP to this machine.
    """
    if not is_safe(url):
        raise ConfigError(
            f"{what}: {url[:200]!r} is no https:// address",
            hint="tokens are sent there: plain HTTP is only for this machine's own addresses",
        )


def is_safe(url: str) -> bool:
    """Return whether ``url`` is HTTPS, or plain HTTP to this machine, and holds no password."""
    try:
        parts = urlsplit(url)
        host, plain = parts.hostname, parts.scheme == "http"
    except ValueError:
        return False
    if not host or "@" in parts.netloc:
        return False
    return parts.scheme == "https" or (plain and host in LOOPBACK)


def _token(env: Mapping[str, str], names: tuple[str, ...]) -> str:
    return next(_tokens(env, names), "")


def _tokens(env: Mapping[str, str], names: tuple[str, ...]) -> Iterator[str]:
    for name in names:
        if token := env.get(name, "").strip():
            register_secret(token)
            if not token.isascii() or not token.isprintable() or " " in token:
                raise ConfigError(
                    f"{name}: holds what cannot be a token",
                    hint="it is one word of letters, digits and signs; look for a line end within",
                )
            yield token
