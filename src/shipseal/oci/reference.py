"""Image references as people write them, in Docker's normal form.

The grammar is distribution/reference's (``name [":" tag] ["@" digest]``) and so is the normalisation: a first component
with ``.``, ``:`` or the word ``localhost`` is a host, everything else lies on Docker Hub, and official images there
lie under ``library/``. Docker Hub is always called ``docker.io`` (as Docker and containerd do; go-containerregistry
says ``index.docker.io``), whichever alias was written; :attr:`Reference.api_host` is where its API answers. Hosts are
written in lower case, because DNS does not tell cases apart and one place must have one name.

A reference never invents a tag. Text that is no reference is a wrong configuration or command line:
:class:`~shipseal.errors.ConfigError`, never another exception.
"""

import ipaddress
import re
from dataclasses import dataclass, replace

from shipseal.errors import ConfigError, ImageError
from shipseal.oci.digest import Digest, parse_digest

DOCKER_HUB = "docker.io"
DOCKER_HUB_API = "registry-1.docker.io"
DEFAULT_TAG = "latest"

_HUB_ALIASES = frozenset({DOCKER_HUB, "index.docker.io", DOCKER_HUB_API})
_OFFICIAL = "library/"
_REPOSITORY_MAX = 255
_TAG_MAX = 128
_PORT_MAX = 65535

_COMPONENT = re.compile(r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*")
_DOMAIN = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*")
_HOST = re.compile(r"(?P<host>\[[a-f0-9:]+\]|[a-z0-9.-]+)(?::(?P<port>[0-9]{1,5}))?")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
_IDENTIFIER = re.compile(r"[a-f0-9]{64}")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")


@dataclass(frozen=True, slots=True)
class Reference:
    """The name of an image, with what it is narrowed to. Usually made by :meth:`parse`.

    Attributes:
        registry: host, with its port if one was written; Docker Hub is ``docker.io``; IPv6 hosts keep their brackets.
        repository: path there, ``library/`` included.
        tag: None when there is none.
        digest: None when there is none; with a tag beside it, the digest decides and the tag is a note.
    """

    registry: str
    repository: str
    tag: str | None = None
    digest: Digest | None = None

    def __post_init__(self) -> None:
        """Refuse parts that :meth:`parse` would refuse.

        Raises:
            ConfigError: ``config.invalid``.
        """
        problem = _problem(self.registry, self.repository, self.tag, self.digest)
        if not problem and not _is_normal(self.registry, self.repository):
            problem = "it is not in normal form, which is what Reference.parse is for"
        if problem:
            raise _wrong(str(self), problem)

    @classmethod
    def parse(cls, text: str) -> "Reference":
        """Return the normal form of ``text``: ``nginx`` is ``docker.io/library/nginx``.

        Raises:
            ConfigError: ``config.invalid`` when ``text`` is not a reference.
        """
        if _SCHEME.match(text):
            raise _wrong(text, "it begins with a scheme", hint="leave out what stands before ://")
        if _IDENTIFIER.fullmatch(text):
            raise _wrong(text, "an image id is not a name", hint="write name@sha256:…")
        named, at, rest = text.partition("@")
        digest = rest if at else None
        registry, path = _split_host(named)
        repository, colon, rest = path.partition(":")
        tag = rest if colon else None
        registry, repository = _on_hub(registry, repository)
        problem = _problem(registry, repository, tag, digest)
        if problem:
            raise _wrong(text, problem)
        return cls(registry, repository, tag, None if digest is None else parse_digest(digest))

    @property
    def name(self) -> str:
        """The repository's full name: registry and path, without tag and digest."""
        return f"{self.registry}/{self.repository}"

    @property
    def api_host(self) -> str:
        """The host that serves the registry's API."""
        return DOCKER_HUB_API if self.registry == DOCKER_HUB else self.registry

    def tag_or_latest(self) -> str:
        """Return the tag, or the one that Docker takes when none was written."""
        return self.tag or DEFAULT_TAG

    def with_digest(self, digest: Digest | None) -> "Reference":
        """Return this reference with another digest, or none; the tag stays.

        Raises:
            ConfigError: ``config.invalid`` when ``digest`` is not a digest.
        """
        return replace(self, digest=digest)

    def __str__(self) -> str:
        return f"{self.name}{self._suffix()}"

    def _suffix(self) -> str:
        tag = "" if self.tag is None else f":{self.tag}"
        return tag if self.digest is None else f"{tag}@{self.digest}"


def _is_host(component: str) -> bool:
    return component.lower() == "localhost" or "." in component or ":" in component


def _split_host(named: str) -> tuple[str, str]:
    """Split off the host; a port's colon comes before the first slash, a tag's colon after it."""
    host, slash, path = named.partition("/")
    return (host.lower(), path) if slash and _is_host(host) else (DOCKER_HUB, named)


def _on_hub(registry: str, repository: str) -> tuple[str, str]:
    """Give Docker Hub its one name, and official images their folder."""
    if registry not in _HUB_ALIASES:
        return registry, repository
    return DOCKER_HUB, repository if "/" in repository else f"{_OFFICIAL}{repository}"


def _is_normal(registry: str, repository: str) -> bool:
    return _is_host(registry) and _on_hub(registry, repository) == (registry, repository)


def _problem(registry: str, repository: str, tag: str | None, digest: str | None) -> str:
    """Return what is wrong with the parts; empty when nothing is."""
    return (
        _registry_problem(registry)
        or _repository_problem(repository)
        or _tag_problem(tag)
        or _digest_problem(digest)
    )


def _registry_problem(registry: str) -> str:
    match = _HOST.fullmatch(registry)
    if not match or not _is_address(match["host"]):
        return f"{registry!r} is not a host with an optional port"
    if match["port"] and not 0 < int(match["port"]) <= _PORT_MAX:
        return f"{match['port']} is not a port"
    return ""


def _is_address(host: str) -> bool:
    if not host.startswith("["):
        return _DOMAIN.fullmatch(host) is not None
    try:
        ipaddress.IPv6Address(host[1:-1])
    except ValueError:
        return False
    return True


def _repository_problem(repository: str) -> str:
    if len(repository) > _REPOSITORY_MAX:
        return (
            f"the repository name has {len(repository)} characters, the limit is {_REPOSITORY_MAX}"
        )
    if all(_COMPONENT.fullmatch(part) for part in repository.split("/")):
        return ""
    if repository.lower() != repository:
        return f"the repository name {repository!r} must be lower-case"
    return f"{repository!r} is not a repository name"


def _tag_problem(tag: str | None) -> str:
    if tag is None:
        return ""
    if len(tag) > _TAG_MAX:
        return f"the tag has {len(tag)} characters, the limit is {_TAG_MAX}"
    return "" if _TAG.fullmatch(tag) else f"{tag!r} is not a tag"


def _digest_problem(digest: str | None) -> str:
    if digest is None:
        return ""
    try:
        parse_digest(digest)
    except ImageError:
        return f"{digest[:200]!r} is not a digest"
    return ""


def _wrong(text: str, problem: str, *, hint: str = "") -> ConfigError:
    shown = text if len(text) <= 200 else f"{text[:200]}…"
    return ConfigError(
        f"not an image reference {shown!r}: {problem}",
        hint=hint
        or "write [registry[:port]/]repository[:tag][@sha256:…], the repository in lower case",
        context={"reference": shown},
    )
