"""Issues, branches, files and pull requests of a GitHub in memory, with the real API's shapes and refusals.

:class:`~shipseal.testing.github_server.GitHubServer` serves them; a test reads and changes them here.
"""

import base64
import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from shipseal.testing.github_files import blob_id, file_document, reference_document
from shipseal.testing.github_reviews import ServedReviews
from shipseal.testing.http_server import Exchange

Reply = tuple[int, object]
_SCHEMA = "https://docs.github.com/rest"
_NOT_FOUND: Reply = (404, {"message": "Not Found", "documentation_url": _SCHEMA, "status": "404"})
_CLOSES = re.compile(
    r"(?i)\b(?:close|closes|closed|fix|fixes|fixed|resolve|resolves|resolved) #(\d+)"
)
_MOST_BODY = 65_536


@dataclass(slots=True)
class ServedIssue:
    """An issue.

    Attributes:
        number: of it.
        title: of it.
        body: of it.
        labels: their names.
        state: ``open`` or ``closed``.
        comments: in order.
    """

    number: int
    title: str
    body: str
    labels: list[str] = field(default_factory=list)
    state: str = "open"
    comments: list[str] = field(default_factory=list)


@dataclass(slots=True)
class ServedPull:
    """A pull request.

    Attributes:
        number: of it.
        title: of it.
        body: of it.
        head: branch.
        base: branch.
        state: ``open`` or ``closed``.
        merged: whether it was merged.
    """

    number: int
    title: str
    body: str
    head: str
    base: str
    state: str = "open"
    merged: bool = False


@dataclass(slots=True)
class ServedProject:
    """One repository; change it at will.

    Attributes:
        name: ``OWNER/NAME``.
        default_branch: of it.
        branches: files of each branch, by path.
        heads: commit that each branch is at.
        issues: by number.
        pulls: by number.
        has_issues: whether issues can be opened.
        archived: whether nothing can be changed.
        may_open_pulls: whether the token may; Actions' token often may not.
        protected: branches that nobody writes to directly.
        refused_names: an expression; branches of such names cannot be made.
        reviews: of pull requests, and which of these a commit came with.
    """

    name: str
    default_branch: str = "main"
    branches: dict[str, dict[str, bytes]] = field(default_factory=lambda: {"main": {}})
    heads: dict[str, str] = field(default_factory=lambda: {"main": "1" * 40})
    issues: dict[int, ServedIssue] = field(default_factory=dict)
    pulls: dict[int, ServedPull] = field(default_factory=dict)
    has_issues: bool = True
    archived: bool = False
    may_open_pulls: bool = True
    protected: set[str] = field(default_factory=lambda: {"main"})
    refused_names: str = ""
    reviews: ServedReviews = field(default_factory=ServedReviews)
    _last: int = 0

    def commit(self, branch: str, path: str, content: bytes) -> None:
        """Write a file as somebody else would, whatever protects the branch."""
        self.branches[branch][path] = content
        self.heads[branch] = hashlib.sha1(
            self.heads[branch].encode() + path.encode() + content, usedforsecurity=False
        ).hexdigest()

    def merge(self, number: int) -> None:
        """Merge a pull request: its files reach the base, and the issues that it closes are closed."""
        pull = self.pulls[number]
        for path, content in self.branches[pull.head].items():
            self.commit(pull.base, path, content)
        pull.state, pull.merged = "closed", True
        for found in _CLOSES.findall(f"{pull.title}\n{pull.body}"):
            if int(found) in self.issues:
                self.issues[int(found)].state = "closed"

    def answer(self, exchange: Exchange, words: list[str], web: str) -> Reply | None:
        """Return the answer to a request below the repository; None for what is not about this.

        Args:
            exchange: the request.
            words: the path after the repository, decoded.
            web: address of the repository's page.
        """
        routes: list[tuple[str, str, Callable[[list[str]], Reply]]] = [
            ("GET", "issues", lambda _: self._issues(exchange, web)),
            ("POST", "issues", lambda _: self._open_issue(_body(exchange), web)),
            ("POST", "issues/*/comments", lambda at: self._comment(at[1], _body(exchange))),
            ("GET", "issues/*", lambda at: self._issue(at[1], web)),
            ("PATCH", "issues/*", lambda at: self._change_issue(at[1], _body(exchange), web)),
            ("GET", "git/ref/heads/**", lambda at: self._reference("/".join(at[3:]))),
            ("POST", "git/refs", lambda _: self._make_branch(_body(exchange))),
            ("DELETE", "git/refs/heads/**", lambda at: self._drop_branch("/".join(at[3:]))),
            ("GET", "git/blobs/*", lambda at: self._file_of(at[2])),
            ("GET", "contents/**", lambda at: self._read(exchange, "/".join(at[1:]))),
            ("PUT", "contents/**", lambda at: self._write("/".join(at[1:]), _body(exchange))),
            ("GET", "pulls", lambda _: self._pulls(exchange, web)),
            ("POST", "pulls", lambda _: self._open_pull(_body(exchange), web)),
        ]
        path = "/".join(words)
        for method, pattern, respond in routes:
            if method == exchange.method and _fits(pattern, path):
                return respond(words)
        return self.reviews.answer(exchange, words)

    def about(self, *, may_push: bool) -> Mapping[str, Any]:
        """Return what the repository says of itself."""
        return {
            "id": 1,
            "full_name": self.name,
            "default_branch": self.default_branch,
            "archived": self.archived,
            "has_issues": self.has_issues,
            "permissions": {"admin": False, "push": may_push, "pull": True},
        }

    def _number(self) -> int:
        self._last += 1
        return self._last

    def _issues(self, exchange: Exchange, web: str) -> Reply:
        labels = set(filter(None, exchange.query.get("labels", [""])[0].split(",")))
        state = exchange.query.get("state", ["open"])[0]
        size = int(exchange.query.get("per_page", ["30"])[0])
        first = (int(exchange.query.get("page", ["1"])[0]) - 1) * size
        found = [
            _issue_document(one, web)
            for one in self.issues.values()
            if labels <= set(one.labels) and state in ("all", one.state)
        ]
        return 200, found[first : first + size]

    def _open_issue(self, fields: Mapping[str, Any], web: str) -> Reply:
        if not self.has_issues:
            return 410, {"message": "Issues has been disabled in this repository."}
        if not fields.get("title"):
            return _invalid("Issue", "title", "missing_field")
        if len(fields.get("body") or "") > _MOST_BODY:
            return _invalid(
                "Issue", "body", "custom", "body is too long (maximum is 65536 characters)"
            )
        number = self._number()
        made = ServedIssue(
            number, fields["title"], fields.get("body") or "", list(fields.get("labels") or ())
        )
        self.issues[number] = made
        return 201, _issue_document(made, web)

    def _comment(self, number: str, fields: Mapping[str, Any]) -> Reply:
        issue = self.issues.get(int(number))
        if issue is None:
            return _NOT_FOUND
        issue.comments.append(fields["body"])
        return 201, {"id": len(issue.comments), "body": fields["body"]}

    def _issue(self, number: str, web: str) -> Reply:
        issue = self.issues.get(int(number))
        return (200, _issue_document(issue, web)) if issue else _NOT_FOUND

    def _change_issue(self, number: str, fields: Mapping[str, Any], web: str) -> Reply:
        issue = self.issues.get(int(number))
        if issue is None:
            return _NOT_FOUND
        issue.state = fields.get("state", issue.state)
        return 200, _issue_document(issue, web)

    def _reference(self, branch: str) -> Reply:
        if branch not in self.heads:
            return _NOT_FOUND
        return 200, reference_document(branch, self.heads[branch])

    def _make_branch(self, fields: Mapping[str, Any]) -> Reply:
        branch = str(fields["ref"]).removeprefix("refs/heads/")
        if branch in self.heads:
            return 422, {"message": "Reference already exists"}
        if self.refused_names and re.fullmatch(self.refused_names, branch):
            return 422, {
                "message": "Repository rule violations found\n\nCannot create ref due to creations being restricted."
            }
        source = next((name for name, sha in self.heads.items() if sha == fields["sha"]), None)
        if source is None:
            return 422, {"message": "Object does not exist"}
        self.heads[branch] = fields["sha"]
        self.branches[branch] = dict(self.branches[source])
        return 201, reference_document(branch, fields["sha"])

    def _drop_branch(self, branch: str) -> Reply:
        if self.heads.pop(branch, None) is None:
            return 422, {"message": "Reference does not exist"}
        del self.branches[branch]
        return 204, {}

    def _read(self, exchange: Exchange, path: str) -> Reply:
        branch = exchange.query.get("ref", [self.default_branch])[0]
        files = self.branches.get(branch, {})
        if path in files:
            return 200, file_document(path, files[path])
        below = sorted(name for name in files if name.startswith(f"{path}/"))
        return (200, [{"type": "file", "path": name} for name in below]) if below else _NOT_FOUND

    def _file_of(self, sha: str) -> Reply:
        everything = (content for files in self.branches.values() for content in files.values())
        found = next((content for content in everything if blob_id(content) == sha), None)
        if found is None:
            return _NOT_FOUND
        text = base64.encodebytes(found).decode()
        return 200, {"sha": sha, "encoding": "base64", "content": text}

    def _write(self, path: str, fields: Mapping[str, Any]) -> Reply:
        branch = fields.get("branch", self.default_branch)
        if branch not in self.branches:
            return 404, {"message": f"Branch {branch} not found"}
        if branch in self.protected:
            return 409, {
                "message": "Repository rule violations found\n\nChanges must be made through a pull request.\n\n"
            }
        there = self.branches[branch].get(path)
        if there is not None and "sha" not in fields:
            return 422, {"message": 'Invalid request.\n\n"sha" wasn\'t supplied.'}
        if there is not None and fields["sha"] != blob_id(there):
            return 409, {"message": f"{path} does not match {fields['sha']}"}
        content = base64.b64decode(fields["content"])
        self.commit(branch, path, content)
        document = {"content": file_document(path, content), "commit": {"sha": self.heads[branch]}}
        return (201 if there is None else 200), document

    def _pulls(self, exchange: Exchange, web: str) -> Reply:
        wanted = exchange.query.get("head", [""])[0].partition(":")[2]
        state = exchange.query.get("state", ["open"])[0]
        return 200, [
            _pull_document(one, web)
            for one in self.pulls.values()
            if wanted in ("", one.head) and state in ("all", one.state)
        ]

    def _open_pull(self, fields: Mapping[str, Any], web: str) -> Reply:
        if not self.may_open_pulls:
            return 403, {
                "message": "GitHub Actions is not permitted to create or approve pull requests."
            }
        head, base = fields["head"], fields["base"]
        if head not in self.heads or base not in self.heads:
            return _invalid("PullRequest", "head" if head not in self.heads else "base", "invalid")
        if any(one.head == head and one.state == "open" for one in self.pulls.values()):
            owner = self.name.partition("/")[0]
            words = f"A pull request already exists for {owner}:{head}."
            return _invalid("PullRequest", "", "custom", words)
        if self.heads[head] == self.heads[base]:
            return _invalid("PullRequest", "", "custom", f"No commits between {base} and {head}")
        number = self._number()
        made = ServedPull(number, fields["title"], fields.get("body") or "", head, base)
        self.pulls[number] = made
        return 201, _pull_document(made, web)


def _body(exchange: Exchange) -> Mapping[str, Any]:
    found: Mapping[str, Any] = json.loads(exchange.read() or b"{}")
    return found


def _fits(pattern: str, path: str) -> bool:
    expression = re.escape(pattern).replace(r"\*\*", ".+").replace(r"\*", "[^/]+")
    return re.fullmatch(expression, path) is not None


def _invalid(resource: str, field_: str, code: str, message: str = "") -> Reply:
    error = {"resource": resource, "field": field_, "code": code, "message": message}
    stated = {key: value for key, value in error.items() if value}
    return 422, {"message": "Validation Failed", "errors": [stated], "documentation_url": _SCHEMA}


def _issue_document(issue: ServedIssue, web: str) -> Mapping[str, Any]:
    return {
        "number": issue.number,
        "html_url": f"{web}/issues/{issue.number}",
        "state": issue.state,
        "title": issue.title,
        "body": issue.body,
        "labels": [{"name": name} for name in issue.labels],
    }


def _pull_document(pull: ServedPull, web: str) -> Mapping[str, Any]:
    return {
        "number": pull.number,
        "html_url": f"{web}/pull/{pull.number}",
        "state": pull.state,
        "title": pull.title,
        "body": pull.body,
        "head": {"ref": pull.head},
        "base": {"ref": pull.base},
        "merged": pull.merged,
    }
