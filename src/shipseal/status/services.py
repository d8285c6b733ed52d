"""Which page says how a host is, and which of its components matter for what a release does there."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from shipseal.status.interface import PageAddress

NO_PAGE = "none"
"""In place of an address: this host's page is not asked."""


@dataclass(frozen=True, slots=True)
class Service:
    """An outside service with a page that everybody may read.

    Attributes:
        page: its page.
        hosts: hosts of the service; those below them, too.
        matters: by host, words in the names of components that a release depends on there; a host that is not named
            here depends on all.
    """

    page: PageAddress
    hosts: tuple[str, ...]
    matters: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Interest:
    """A page that matters, and why.

    Attributes:
        page: which.
        hosts: that a release talks to and the page is about, sorted.
        words: of components that matter; empty for all.
    """

    page: PageAddress
    hosts: tuple[str, ...]
    words: tuple[str, ...]


_GITHUB = PageAddress(
    "github", "https://www.githubstatus.com", "https://www.githubstatus.com/api/v2/summary.json"
)
_SIGSTORE = PageAddress(
    "sigstore", "https://status.sigstore.dev", "https://status.sigstore.dev/index.json"
)
_DOCKER = PageAddress(
    "docker",
    "https://www.dockerstatus.com",
    "https://api.status.io/1.0/status/533c6539221ae15e3f000031",
)
_QUAY = PageAddress("quay", "https://status.quay.io", "https://status.quay.io/api/v2/summary.json")
_GITLAB = PageAddress(
    "gitlab",
    "https://status.gitlab.com",
    "https://api.status.io/1.0/status/5b36dc6502d06804c08349f7",
)
SERVICES: tuple[Service, ...] = (
    Service(
        _GITHUB,
        ("github.com", "githubusercontent.com", "githubapp.com", "ghcr.io"),
        {
            "ghcr.io": ("packages",),
            "api.github.com": ("api",),
            "token.actions.githubusercontent.com": ("actions",),
            "actions.githubusercontent.com": ("actions",),
        },
    ),
    Service(
        _SIGSTORE,
        ("sigstore.dev",),
        {
            "fulcio.sigstore.dev": ("fulcio", "ct log", "ctlog"),
            "rekor.sigstore.dev": ("rekor",),
            "timestamp.sigstore.dev": ("timestamp", "tsa"),
            "tuf-repo-cdn.sigstore.dev": ("tuf", "cdn"),
        },
    ),
    Service(_DOCKER, ("docker.io", "docker.com"), {"docker.io": ("registry", "authentication")}),
    Service(_QUAY, ("quay.io",), {}),
    Service(_GITLAB, ("gitlab.com",), {"registry.gitlab.com": ("registry",)}),
)
NAMES = tuple(service.page.name for service in SERVICES)


def page_of(host: str, named: Mapping[str, str]) -> PageAddress | None:
    """Return the page that says how a host is; None where nobody says, or nobody is to be asked.

    Args:
        host: with or without a port.
        named: addresses of the configuration, by the name of a known service or by host; ``none`` asks nobody.
    """
    bare = _bare(host)
    for name, address in named.items():
        if name not in NAMES and _is_of(host, name):
            return None if address == NO_PAGE else _named(name, address)
    service = next((one for one in SERVICES if any(_below(bare, own) for own in one.hosts)), None)
    if service is None:
        return None
    other = named.get(service.page.name)
    if other is None:
        return service.page
    return None if other == NO_PAGE else _named(service.page.name, other)


def interests(hosts: Iterable[str], named: Mapping[str, str]) -> tuple[Interest, ...]:
    """Return the pages that say how ``hosts`` are, each once, in the order of the hosts.

    Args:
        hosts: that a release talks to, with or without a port.
        named: see :func:`page_of`.
    """
    found: dict[PageAddress, list[str]] = {}
    for host in hosts:
        page = page_of(host, named)
        if page is not None and host not in found.setdefault(page, []):
            found[page].append(host)
    return tuple(Interest(page, tuple(sorted(own)), _words(own)) for page, own in found.items())


def every_page(named: Mapping[str, str]) -> tuple[Interest, ...]:
    """Return all known pages and those of the configuration."""
    hosts = [service.hosts[0] for service in SERVICES]
    hosts += [name for name in named if name not in NAMES]
    return tuple(Interest(one.page, one.hosts, ()) for one in interests(hosts, named))


def _words(hosts: Iterable[str]) -> tuple[str, ...]:
    """Return the words for several hosts of one page; a host that depends on all makes all matter."""
    words: list[str] = []
    for host in hosts:
        own = _words_of(_bare(host))
        if not own:
            return ()
        words += own
    return tuple(dict.fromkeys(words))


def _words_of(host: str) -> tuple[str, ...]:
    for service in SERVICES:
        for name, words in service.matters.items():
            if _below(host, name):
                return words
    return ()


def _named(name: str, address: str) -> PageAddress:
    parts = urlsplit(address)
    return PageAddress(name, f"{parts.scheme}://{parts.netloc}", address)


def _is_of(host: str, name: str) -> bool:
    """Return whether ``host`` is meant by ``name``: one with a port means that port alone."""
    if name.rpartition("]")[2].count(":"):
        return host.lower() == name.lower()
    return _below(_bare(host), _bare(name))


def _bare(host: str) -> str:
    if host.startswith("["):
        return host.partition("]")[0].removeprefix("[").lower()
    return host.partition(":")[0].lower()


def _below(host: str, own: str) -> bool:
    return f".{host}".endswith(f".{own}")
