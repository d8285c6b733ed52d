"""Who wrote the lines of a file, and who approved that, asked of the git program itself (``git help blame``).

A history that was cut off (a shallow clone) names whoever made the oldest commit that is there as the author of all
older lines; such an answer is none.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from shipseal._internal.process import find_tool
from shipseal.build.git import Git
from shipseal.errors import ShipsealError

_HEAD = re.compile(r"(?P<commit>[0-9a-f]{40,64}) \d+ (?P<line>\d+)(?: \d+)?")
_PULL = re.compile(r"(?:Merge pull request |\()#(?P<number>\d{1,9})\b")
_FORMAT = (
    "%an <%ae>%x00%ct%x00%s%x00"
    "%(trailers:key=Approved-by,key=Reviewed-by,key=Acked-by,valueonly,separator=%x01)"
)
_MOST = 200  # rules have few commits; a file of thousands is not asked for one by one
_TEXT = 200


@dataclass(frozen=True, slots=True)
class Change:
    """The commit that a line comes from.

    Attributes:
        commit: its id.
        author: name and address.
        approved_by: whom its message names as reviewers.
        pull_request: ``#12`` where its subject names one; else empty.
        at: when it was committed, in seconds since 1970.
    """

    commit: str
    author: str
    approved_by: tuple[str, ...]
    pull_request: str
    at: int


def line_changes(file: Path, *, git: str = "git") -> Mapping[int, Change]:
    """Return the commit of each line of ``file``, by line from 1.

    Lines that are not committed, and those older than a history that was cut off, are left out. Nothing is known where
    there is no git and no repository.

    Args:
        file: a file of a work tree.
        git: name or path of the program.
    """
    try:
        ask = Git(find_tool(git, hint="install git"), file.parent)
        if ask.root() is None:
            return {}
        shallow = ask.text("rev-parse", "--is-shallow-repository") == "true"
        words = ("blame", "--porcelain", "--", file.name)
        commits = dict(_blamed(ask.text(*words), keep_oldest=not shallow))
        changes = dict(_changes(ask, dict.fromkeys(commits.values())))
    except ShipsealError:
        return {}
    return {line: changes[commit] for line, commit in commits.items() if commit in changes}


def _blamed(text: str, *, keep_oldest: bool) -> Iterator[tuple[int, str]]:
    """Yield line and commit; the details of a commit stand with its first line only."""
    oldest: set[str] = set()
    found: list[tuple[int, str]] = []
    for line in text.split("\n"):  # a line of the file may hold what Python takes for a line end
        if head := _HEAD.fullmatch(line):
            found.append((int(head["line"]), head["commit"]))
        elif line == "boundary" and found:
            oldest.add(found[-1][1])
    for number, commit in found:
        if set(commit) != {"0"} and (keep_oldest or commit not in oldest):
            yield number, commit


def _changes(ask: Git, commits: Mapping[str, None]) -> Iterator[tuple[str, Change]]:
    for commit in list(commits)[:_MOST]:
        told = ask.text("show", "-s", "--no-show-signature", f"--format={_FORMAT}", commit)
        author, at, subject, approved = (*told.split("\0"), "", "", "", "")[:4]
        if not at.isdigit():
            continue
        pull = _PULL.search(subject)
        yield (
            commit,
            Change(
                commit=commit,
                author=author[:_TEXT],
                approved_by=tuple(
                    name.strip()[:_TEXT] for name in approved.split("\x01") if name.strip()
                ),
                pull_request=f"#{pull['number']}" if pull else "",
                at=int(at),
            ),
        )
