"""The forms in which people and certificates name repositories and workflows.

A certificate names them by URL. People write ``org/app``, ``.github/workflows/release.yml``,
``org/ci/.github/workflows/publish.yml@refs/heads/main``, or the URL. Owners and repositories have no upper and lower
case at GitHub, paths and refs do.
"""

from collections.abc import Iterator
from string import ascii_lowercase, ascii_uppercase
from urllib.parse import urlsplit

GITHUB_ISSUER = "https://token.actions.githubusercontent.com"
GITHUB_HOST = "github.com"

_LOWER = str.maketrans(ascii_uppercase, ascii_lowercase)


def lower(text: str) -> str:
    """Return ``text`` in lower case as hosts have it: of letters beyond ASCII some are others' lower case."""
    return text.translate(_LOWER)


def repository_names(uri: str, short: str, issuer: str) -> Iterator[str]:
    """Yield the names of a repository that a pattern may match.

    Args:
        uri: URL of it; may be empty.
        short: ``owner/name``, where a certificate has no URL.
        issuer: who vouches for it: GitHub's names only repositories of github.com.
    """
    if uri:
        yield uri
        parts = urlsplit(uri)
        if issuer != GITHUB_ISSUER or parts.hostname == GITHUB_HOST:
            yield parts.path.strip("/")
    elif short:
        yield short


def workflow_names(uri: str, repository_uri: str) -> Iterator[str]:
    """Yield the names of a workflow, its ref included, that a pattern may match: URL, with repository, path alone."""
    if not uri:
        return
    yield uri
    path = _path(uri)
    if path:
        yield path
    home = repository_uri.rstrip("/") + "/"
    if repository_uri and lower(uri).startswith(lower(home)):
        # GitLab has "//" there, so that a path cannot be read as a project of a group.
        yield uri[len(home) :].removeprefix("/")


def without_ref(name: str) -> str:
    """Return a workflow's name without its ``@ref``."""
    return name.partition("@")[0]


def folded(name: str) -> str:
    """Return a workflow's name with owner and repository in lower case, where it begins with these."""
    if name.startswith("."):
        return name
    scheme, mark, rest = name.partition("://")
    if not mark:
        scheme, rest = "", name
    count = 3 if mark else 2
    parts = rest.split("/")
    lowered = [lower(part) for part in parts[:count]]
    return scheme + mark + "/".join(lowered + parts[count:])


def _path(uri: str) -> str:
    head, at, ref = uri.partition("@")
    return urlsplit(head).path.strip("/") + at + ref
