"""A change to the file of ignores as a pull request: issue, branch, commit, pull request, each found or made.

The change is made to the file at the base branch, not to the one in the work tree: nothing uncommitted gets into it.
Running it again after a failure uses what is there already.
"""

import contextlib
from collections.abc import Callable
from dataclasses import dataclass, replace

from shipseal.errors import Code, ConfigError, GitHubError, ShipsealError
from shipseal.github.project import GitHubProject, Project, RemoteFile, Ticket

_MOST_BRANCHES = 10


@dataclass(frozen=True, slots=True)
class IssueWish:
    """The tracking issue.

    Attributes:
        mark: that is in its body, by which it is found again.
        title: of it.
        body: of it.
        label: that it gets.
    """

    mark: str
    title: str
    body: str
    label: str


@dataclass(frozen=True, slots=True)
class Change:
    """What is proposed.

    Attributes:
        path: of the file in the repository.
        edit: makes the change to a text, given the address of the issue; returns it as it is where it is made already.
        title: of commit and pull request.
        body: of the pull request, given the address of the issue.
        branch: that it is made on.
        issue: the tracking issue; None when none is made.
        chosen: whether a person chose the branch; one of ours is passed over when an earlier change has used it.
    """

    path: str
    edit: Callable[[str, str], str]
    title: str
    body: Callable[[str], str]
    branch: str
    issue: IssueWish | None = None
    chosen: bool = False


@dataclass(frozen=True, slots=True)
class Proposed:
    """What came of it.

    Attributes:
        issue: the tracking issue; None when none was made.
        pull: the pull request; None when the base branch has the change already.
        branch: that the change is on.
        base: that it is for.
    """

    issue: Ticket | None
    pull: Ticket | None
    branch: str
    base: str


def propose(project: GitHubProject, change: Change, *, base: str = "") -> Proposed:
    """Make the issue and the pull request, or find them.

    Args:
        project: where.
        change: what.
        base: the branch that it is for; empty for the repository's default.

    Raises:
        ConfigError: the change cannot be made to the file there; nothing was made.
        ShipsealError: GitHub refuses or does not answer; the message says what was made before.
    """
    about = project.about()
    _check(project, about)
    base = base or about.default_branch
    there = project.read(change.path, base)
    # The change is tried before anything is made; the address of the issue is not known yet.
    change.edit(_text(there), "https://example.org/issues/0")
    issue = _issue(project, change.issue)
    made = f"issue {issue.url}" if issue and issue.new else ""
    try:
        address = issue.url if issue else ""
        after = change.edit(_text(there), address)
        if after == _text(there):
            return Proposed(issue, None, "", base)
        change = replace(change, branch=_branch(project, change))
        pull = _pull(project, change, base, address)
    except ShipsealError as error:
        raise told_after(error, made) from error
    return Proposed(issue, pull, change.branch, base)


def _check(project: GitHubProject, about: Project) -> None:
    if about.archived:
        raise GitHubError(
            Code.GITHUB_REFUSED,
            f"{project.repository}: is archived, nothing can be changed there",
            hint="name another repository with --repo",
        )
    if about.may_push is False:
        raise GitHubError(
            Code.GITHUB_DENIED,
            f"{project.repository}: the token may read and not write",
            hint="it needs `contents: write`, `issues: write` and `pull-requests: write`; put one with these "
            "rights into GH_TOKEN",
        )


def _issue(project: GitHubProject, wish: IssueWish | None) -> Ticket | None:
    if wish is None:
        return None
    if found := project.find_issue(wish.mark, wish.label):
        return found
    opened = project.open_issue(wish.title, wish.body, [wish.label])
    # Somebody else may have looked and opened one at the same time: the older one stays, for both.
    with contextlib.suppress(ShipsealError):
        first = project.find_issue(wish.mark, wish.label)
        if first and first.number < opened.number:
            project.close_issue(
                opened.number, f"Opened twice at once: #{first.number}", reason="not_planned"
            )
            return first
    return opened


def _branch(project: GitHubProject, change: Change) -> str:
    """Return the branch for a change: what is merged or closed stays on its own, however old."""
    names = (change.branch, *(f"{change.branch}-{number}" for number in range(2, _MOST_BRANCHES)))
    for name in names:
        if (
            change.chosen
            or project.head_of(name) is None
            or project.find_pull(name)
            or not project.is_used(name)
        ):
            return name
    raise ConfigError(
        f"{project.repository}: {change.branch} and {len(names) - 1} more such branches are left of earlier changes",
        hint="remove branches that are merged, or name another with --branch",
    )


def _pull(project: GitHubProject, change: Change, base: str, issue: str) -> Ticket:
    made = _made(project, change.branch, base)
    try:
        _commit(project, change, issue)
    except ShipsealError:
        if made:
            # What is left of a failure must not look like a proposal; the first error is the one to be told.
            with contextlib.suppress(ShipsealError):
                _remove_untouched(project, change.branch, made)
        raise
    found = project.find_pull(change.branch)
    return found or project.open_pull(
        change.title, change.body(issue), branch=change.branch, base=base
    )


def _made(project: GitHubProject, branch: str, base: str) -> str:
    """Make a branch, and return the commit that it is at; nothing where it was there already."""
    if project.head_of(branch) is not None:
        return ""
    head = project.head_of(base)
    if head is None:
        raise ConfigError(
            f"{project.repository}: there is no branch {base}", hint="name one with --base"
        )
    try:
        project.make_branch(branch, head)
    except ShipsealError:
        # Somebody else may have made it at the same time, or the answer was lost.
        if project.head_of(branch) is None:
            raise
        return ""
    return head


def _remove_untouched(project: GitHubProject, branch: str, commit: str) -> None:
    """Remove a branch unless somebody has put something on it."""
    if project.head_of(branch) == commit:
        project.remove_branch(branch)


def _commit(project: GitHubProject, change: Change, issue: str) -> None:
    there = project.read(change.path, change.branch)
    after = change.edit(_text(there), issue)
    if after != _text(there):
        project.write(
            change.path,
            after.encode(),
            branch=change.branch,
            message=change.title,
            replaces=there.blob if there else None,
        )


def _text(there: RemoteFile | None) -> str:
    if there is None:
        return ""
    try:
        return there.content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ConfigError("the file of ignores at GitHub is no UTF-8", hint="mend it") from error


def told_after(error: ShipsealError, made: str) -> ShipsealError:
    """Return the error with what was made before it: the next run finds and uses that.

    Args:
        error: what went wrong.
        made: what was opened, ``issue URL``; empty for nothing.
    """
    if made:
        error.message = f"{error.message}; opened before: {made}"
        error.args = (error.message,)
        error.hint = f"{error.hint}; the same command again uses what is there".lstrip("; ")
    return error
