"""The walls around a test: no network but loopback, and nothing of the developer's own environment."""

import ipaddress
import os
import socket
import sys
from collections.abc import Iterable, Mapping

from tests.support.missing import REQUIRE_ALL

# Prefixes of what shipseal, its tools and the libraries below it read from the environment.
_FOREIGN = (
    "ACTIONS_", "ANCHORE_", "BUILDAH_", "BUILDKIT_", "BUILDX_", "CONTAINERS_", "COSIGN_", "DOCKER_", "GH_", "GIT_",
    "GITHUB_", "GRYPE_", "HTTPX_", "REGISTRY_", "RUNNER_", "SHIPSEAL_", "SIGSTORE_", "SSL_CERT_", "STORAGE_", "SYFT_",
    "TUF_", "TYPER_", "XDG_",
)  # fmt: skip
_FOREIGN_NAMES = frozenset({
    "ALL_PROXY", "CI", "CLICOLOR", "CLICOLOR_FORCE", "CURL_CA_BUNDLE", "FORCE_COLOR", "FTP_PROXY", "HTTPS_PROXY",
    "HTTP_PROXY", "NETRC", "NO_COLOR", "NO_PROXY", "REQUESTS_CA_BUNDLE", "SOURCE_DATE_EPOCH", "SSLKEYLOGFILE",
    # Without compiled files each of the thousands of processes that tests start would compile the whole package.
    "PYTHONDONTWRITEBYTECODE",
})  # fmt: skip
_KEPT = frozenset({REQUIRE_ALL})

# Names that no resolver may ever know (RFC 2606, RFC 6761): they fail at once and without a network.
_RESERVED = (".invalid", ".test", ".example", "example.com", "example.org", "example.net")

_SETTINGS = {
    "COLUMNS": "120",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_AUTHOR_NAME": "Test Author",
    "GIT_AUTHOR_EMAIL": "author@example.org",
    "GIT_COMMITTER_NAME": "Test Author",
    "GIT_COMMITTER_EMAIL": "author@example.org",
    "LC_ALL": "C.UTF-8",
}


def foreign(names: Iterable[str]) -> list[str]:
    """Return those environment variables that would leak the developer's machine into a test."""
    return sorted(
        name
        for name in names
        if name not in _KEPT
        and (name.upper() in _FOREIGN_NAMES or name.upper().startswith(_FOREIGN))
    )


def clean_environment(environ: Mapping[str, str], home: str) -> dict[str, str]:
    """Return ``environ`` as a test may see it, with ``home`` as its home folder."""
    kept = {name: environ[name] for name in environ.keys() - set(foreign(environ))}
    return kept | _SETTINGS | {"HOME": home}


class NetworkGuard:
    """Refuses connections and look-ups that would leave this machine, and remembers them.

    It is an audit hook, so that no library can get around it. Processes that a test starts are not covered.
    """

    def __init__(self) -> None:
        self.refused: list[str] = []
        self.active = False

    def install(self) -> None:
        """Start to watch; a hook cannot be taken out again."""
        self.active = True
        sys.addaudithook(self)

    def __call__(self, event: str, args: tuple[object, ...]) -> None:
        if not self.active or not event.startswith("socket."):
            return
        if event in ("socket.connect", "socket.sendto", "socket.sendmsg"):
            self._check_address(args[1])
        elif event in ("socket.getaddrinfo", "socket.gethostbyname"):
            self._check_name(args[0])

    def _check_address(self, address: object) -> None:
        # A path or bytes is a unix socket; None is a socket that was connected before.
        if isinstance(address, tuple) and not is_loopback(str(address[0])):
            self._refuse(f"connection to {address[0]}:{address[1]}")

    def _check_name(self, host: object) -> None:
        name = (host.decode() if isinstance(host, bytes) else str(host or "localhost")).lower()
        if is_loopback(name) or is_address(name):
            return
        if name.endswith(_RESERVED):
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        self._refuse(f"look-up of {name}")

    def _refuse(self, what: str) -> None:
        self.refused.append(what)
        raise NetworkForbiddenError(f"a test must stay on this machine: {what}")


class NetworkForbiddenError(BaseException):
    """Not an Exception, so that code under test cannot take it for an outage and go on."""


def is_address(host: str) -> bool:
    """Return whether ``host`` is an IP address rather than a name."""
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True


def is_loopback(host: str) -> bool:
    """Return whether ``host`` is this machine by its loopback address or reserved name."""
    if host in ("localhost", "localhost.") or host.endswith(".localhost"):
        return True
    return is_address(host) and ipaddress.ip_address(host.partition("%")[0]).is_loopback
