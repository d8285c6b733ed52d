"""Where the life of an ignore takes place: the repository at GitHub, and the file in it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from shipseal._internal.clock import Clock
from shipseal._internal.retry import RetryPolicy
from shipseal.build.git import git_facts
from shipseal.build.values import GitFacts
from shipseal.errors import ConfigError
from shipseal.github.hosts import GitHubHost, Repository, github_host, parse_repository

if TYPE_CHECKING:
    from shipseal.github.project import GitHubProject

_PATIENCE = RetryPolicy(tries=4, deadline=180.0)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a change to a file goes.

    Attributes:
        host: the GitHub; without a token nothing is changed there.
        repository: at it; None when nobody says which.
        path: of the file in the repository.
        web: address of the repository; empty when there is none.
        notes: what a person should know of the work tree.
    """

    host: GitHubHost
    repository: Repository | None
    path: str
    web: str
    notes: tuple[str, ...]

    @property
    def usable(self) -> bool:
        """Whether issues and pull requests can be made there."""
        return bool(self.repository and self.host.token)

    @property
    def why_not(self) -> str:
        """Why nothing can be made there, a sentence; empty when it can."""
        if self.repository is None:
            return "no repository at GitHub is known: name it with --repo OWNER/NAME"
        return "" if self.host.token else f"there is no token for {self.host.name}: set GH_TOKEN"


def place_of(file: Path, env: Mapping[str, str], repo: str = "") -> Place:
    """Return where a change to ``file`` goes.

    Args:
        file: of ignores.
        env: the environment, for the token and the job's repository.
        repo: ``[HOST/]OWNER/NAME``; empty for the job's, else the one that git's remote names.

    Raises:
        ConfigError: a name is none, or git refuses the repository.
    """
    real = file.resolve()
    git = git_facts(real.parent)
    host_name, name = _named(repo) if repo else _found(git, env)
    host = github_host(env, host_name)
    repository = parse_repository(name) if name else None
    return Place(
        host=host,
        repository=repository,
        path=_path(real, git.root),
        web=f"{host.web}/{repository}" if repository else "",
        notes=tuple(_notes(real, git)),
    )


def project_at(place: Place, clock: Clock) -> "GitHubProject":
    """Return the repository, ready to be changed.

    Args:
        place: usable.
        clock: time and sleep.

    Raises:
        ConfigError: it is not usable.
    """
    from shipseal.github.project import GitHubProject  # noqa: PLC0415 - brings an HTTP client
    from shipseal.github.rest import GitHubRest  # noqa: PLC0415
    from shipseal.github.wording import CHANGES  # noqa: PLC0415

    if place.repository is None or not place.usable:
        raise ConfigError(
            place.why_not, hint="without it everything is printed, to be done by hand"
        )
    rest = GitHubRest(place.host, clock, _PATIENCE, wording=CHANGES)
    return GitHubProject(rest, place.repository)


def _named(repo: str) -> tuple[str, str]:
    host, slash, rest = repo.partition("/")
    return (host, rest) if slash and "/" in rest else ("", repo)


def _found(git: GitFacts, env: Mapping[str, str]) -> tuple[str, str]:
    """Return the host that is not the default, and the repository."""
    if env.get("GITHUB_ACTIONS") == "true" and env.get("GITHUB_REPOSITORY"):
        return "", env["GITHUB_REPOSITORY"]
    parts = urlsplit(git.remote)
    name = parts.path.strip("/")
    if name.count("/") != 1:
        return "", ""
    own = github_host(env).name
    # Any host may be a GitHub Enterprise Server; one that is none says so when it is asked, and only with its token.
    return ("" if parts.netloc == own else parts.netloc), name


def _path(file: Path, root: Path | None) -> str:
    if root is None or not file.is_relative_to(root.resolve()):
        return file.name
    return file.relative_to(root.resolve()).as_posix()


def _notes(file: Path, git: GitFacts) -> list[str]:
    if git.root is None:
        return [f"{file.parent} lies in no git repository"]
    notes = []
    if git.dirty:
        notes.append(
            "the work tree has uncommitted changes; they stay, and are not in the pull request"
        )
    if git.commit and not git.ref.startswith("refs/heads/"):
        notes.append("HEAD is detached; it stays where it is")
    return notes
