"""One repository's issues, branches, files and pull requests, as far as the life of an ignore needs them.

Nothing here touches a work tree: files are read from and written to branches at GitHub.
Sources: GitHub's documentation, "REST API endpoints for" issues, issue comments, Git references, repository contents,
pulls.
"""

import base64
import binascii
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

import msgspec

from shipseal._internal.json_errors import NOT_JSON
from shipseal._internal.limits import IGNORES_FILE, MIB, Limit
from shipseal.errors import Code, GitHubError
from shipseal.github.hosts import Repository
from shipseal.github.refusals import nonsense, shown
from shipseal.github.rest import Answer, GitHubRest

_ONE = Limit("answer of GitHub", 2 * MIB, "bodies have 65,536 characters, and files are small")
_MANY = Limit("list of issues", 32 * MIB, "100 entries with bodies of 65,536 characters")
_BLOB = Limit("file at GitHub", 2 * IGNORES_FILE.size, "its bytes in base64")
_PER_PAGE = 100
_MOST_PAGES = 20
MOST_BODY = 60_000
"""Characters of the body of an issue or pull request that are safe; GitHub takes 65,536."""
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Ticket:
    """An issue or a pull request.

    Attributes:
        number: of it.
        url: of its page.
        new: whether it was opened now; False when it was there already.
    """

    number: int
    url: str
    new: bool = True


@dataclass(frozen=True, slots=True)
class Project:
    """What a repository says of itself.

    Attributes:
        default_branch: where pull requests go.
        archived: whether nothing can be changed.
        may_push: whether the token may write branches; None when nobody says.
    """

    default_branch: str
    archived: bool = False
    may_push: bool | None = None


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A file at a branch.

    Attributes:
        content: whole.
        blob: git's id of it, by which GitHub tells whether it was changed meanwhile.
    """

    content: bytes
    blob: str


class _Permissions(msgspec.Struct):
    push: bool = False


class _Project(msgspec.Struct):
    default_branch: str
    archived: bool = False
    permissions: _Permissions | None = None


class _Ticket(msgspec.Struct):
    number: int
    html_url: str
    body: str | None = None
    pull_request: Any = None


class _State(msgspec.Struct):
    state: str


class _Blob(msgspec.Struct):
    content: str


class _Object(msgspec.Struct):
    sha: str


class _Reference(msgspec.Struct):
    object: _Object


class _Content(msgspec.Struct):
    type: str
    sha: str
    content: str = ""
    encoding: str = ""


class GitHubProject:
    """Changes one repository.

    Args:
        rest: asks GitHub; with the wording for changes.
        repository: which.
    """

    def __init__(self, rest: GitHubRest, repository: Repository) -> None:
        self.repository = repository
        self.web = f"{rest.host.web}/{repository}"
        self._rest = rest
        self._url = f"{rest.host.api}/repos/{repository}"

    def about(self) -> Project:
        """Return what the repository says of itself.

        Raises:
            ShipsealError: ``auth.github-denied`` when it is hidden, or ``service.*``, ``network.*``, ``tls.*``.
        """
        found = self._got("", _Project)
        push = found.permissions.push if found.permissions else None
        return Project(found.default_branch, found.archived, push)

    def find_issue(self, mark: str, label: str) -> Ticket | None:
        """Return the oldest open issue whose body holds ``mark``, among those with ``label``.

        Raises:
            ShipsealError: nobody could look.
        """
        found = min(self._issues(mark, label), key=lambda one: one.number, default=None)
        return Ticket(found.number, found.html_url, new=False) if found else None

    def _issues(self, mark: str, label: str) -> Iterator[_Ticket]:
        for page in range(1, _MOST_PAGES + 1):
            query = {"state": "open", "labels": label, "per_page": _PER_PAGE, "page": page}
            listed = self._got(f"/issues?{urlencode(query)}", list[_Ticket], _MANY)
            for item in listed:
                if item.pull_request is None and mark in (item.body or ""):
                    yield item
            if len(listed) < _PER_PAGE:
                return

    def open_issue(self, title: str, body: str, labels: Sequence[str]) -> Ticket:
        """Open an issue.

        Raises:
            ShipsealError: GitHub does not do it (``auth.github-denied``, ``github.refused``), or cannot.
        """
        fields = {"title": title, "body": body[:MOST_BODY], "labels": list(labels)}
        made = self._sent("POST", "/issues", fields, _Ticket)
        return Ticket(made.number, made.html_url)

    def close_issue(self, number: int, comment: str, *, reason: str = "completed") -> None:
        """Say why, and close an issue; one that is closed or gone already is left alone.

        Args:
            number: of it.
            comment: why.
            reason: ``completed`` or ``not_planned``.

        Raises:
            ShipsealError: as :meth:`open_issue`.
        """
        there = self._asked(f"/issues/{number}", _State)
        if there is None or there.state != "open":
            return
        self._sent("POST", f"/issues/{number}/comments", {"body": comment[:MOST_BODY]}, Any)
        fields = {"state": "closed", "state_reason": reason}
        self._sent("PATCH", f"/issues/{number}", fields, _Ticket)

    def head_of(self, branch: str) -> str | None:
        """Return the commit that a branch is at; None when there is no such branch.

        Raises:
            ShipsealError: nobody could look.
        """
        found = self._asked(f"/git/ref/heads/{quote(branch)}", _Reference)
        return found.object.sha if found else None

    def make_branch(self, name: str, commit: str) -> None:
        """Make a branch at a commit.

        Raises:
            ShipsealError: ``github.refused`` when it exists or a rule forbids it; otherwise as :meth:`open_issue`.
        """
        self._sent("POST", "/git/refs", {"ref": f"refs/heads/{name}", "sha": commit}, _Reference)

    def remove_branch(self, name: str) -> None:
        """Remove a branch that was made for nothing.

        Raises:
            ShipsealError: as :meth:`open_issue`.
        """
        self._rest.send("DELETE", f"{self._url}/git/refs/heads/{quote(name)}", b"", _ONE)

    def read(self, path: str, branch: str) -> RemoteFile | None:
        """Return a file at a branch; None when it is not there.

        Raises:
            GitHubError: ``github.refused``: it is no file.
            ShipsealError: nobody could look.
        """
        where = f"/contents/{quote(path)}?{urlencode({'ref': branch})}"
        found = self._asked(where, _Content)
        if found is None:
            return None
        if found.type == "file" and found.encoding == "none":
            # So it says what is larger than 1 MiB.
            whole = self._got(f"/git/blobs/{found.sha}", _Blob, _BLOB)
            found = _Content("file", found.sha, whole.content, "base64")
        if found.type != "file" or found.encoding != "base64":
            raise GitHubError(
                Code.GITHUB_REFUSED,
                f"{self.repository}: {path} at {branch} is {found.type}, and no file that can be edited",
                hint="a link, or another repository's: name the file itself",
            )
        try:
            return RemoteFile(base64.b64decode(found.content), found.sha)
        except (binascii.Error, ValueError) as error:
            raise nonsense(shown("GET", self._url + where), str(error)) from error

    def write(
        self, path: str, content: bytes, *, branch: str, message: str, replaces: str | None
    ) -> None:
        """Commit a file to a branch.

        Args:
            path: of the file.
            content: whole.
            branch: where.
            message: of the commit.
            replaces: git's id of what is there now; None for a new file.

        Raises:
            ShipsealError: ``github.refused`` when it was changed meanwhile, or a rule protects the branch; otherwise as
                :meth:`open_issue`.
        """
        fields = {
            "message": message,
            "content": base64.b64encode(content).decode(),
            "branch": branch,
        }
        if replaces is not None:
            fields["sha"] = replaces
        self._sent("PUT", f"/contents/{quote(path)}", fields, Any)

    def is_used(self, branch: str) -> bool:
        """Return whether a branch has had a pull request that is merged or closed.

        Raises:
            ShipsealError: nobody could look.
        """
        query = {"state": "closed", "head": f"{self.repository.owner}:{branch}"}
        return bool(self._got(f"/pulls?{urlencode(query)}", list[_Ticket], _MANY))

    def find_pull(self, branch: str) -> Ticket | None:
        """Return the open pull request of a branch of this repository.

        Raises:
            ShipsealError: nobody could look.
        """
        query = {"state": "open", "head": f"{self.repository.owner}:{branch}"}
        found = self._got(f"/pulls?{urlencode(query)}", list[_Ticket], _MANY)
        return Ticket(found[0].number, found[0].html_url, new=False) if found else None

    def open_pull(self, title: str, body: str, *, branch: str, base: str) -> Ticket:
        """Open a pull request.

        Raises:
            ShipsealError: as :meth:`open_issue`.
        """
        fields = {"title": title, "body": body[:MOST_BODY], "head": branch, "base": base}
        made = self._sent("POST", "/pulls", fields, _Ticket)
        return Ticket(made.number, made.html_url)

    def close(self) -> None:
        """Close all connections."""
        self._rest.close()

    def _asked(self, path: str, type_: type[_T]) -> _T | None:
        """Return what is there; None for nothing, which must not be a repository that is hidden."""
        url = self._url + path
        gone = (HTTPStatus.NOT_FOUND, HTTPStatus.GONE)
        answer = self._rest.get(url, _ONE, final=gone)
        if answer.status in gone:
            self.about()
            return None
        found: _T = _decoded(answer, "GET", url, type_)
        return found

    def _got(self, path: str, type_: type[_T], limit: Limit = _ONE) -> _T:
        url = self._url + path
        found: _T = _decoded(self._rest.get(url, limit), "GET", url, type_)
        return found

    def _sent(self, method: str, path: str, fields: Mapping[str, Any], type_: Any) -> Any:
        url = self._url + path
        answer = self._rest.send(method, url, msgspec.json.encode(fields), _ONE)
        return _decoded(answer, method, url, type_)


def _decoded(answer: Answer, method: str, url: str, type_: Any) -> Any:
    try:
        return msgspec.json.decode(answer.body, type=type_)
    except NOT_JSON as error:
        raise nonsense(shown(method, url), str(error)) from error
