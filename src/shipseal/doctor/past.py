"""The sources as git has them, and releases of this machine that are not finished."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from shipseal.build.interface import GitFacts
from shipseal.doctor.examination import Examined, failed, passed, skipped

GIT, RELEASES = "git", "releases"
_BAD = {
    "partly-promoted": "tags that name one release at all targets",
    "unreadable": "a journal that can be read",
}


def git_check(facts: Callable[[], GitFacts], shallow: Callable[[], bool]) -> Iterator[Examined]:
    """Look at the sources: what provenance will say of them."""
    told = facts()
    if not told.root:
        yield skipped(GIT, "sources", "no git work tree: provenance says nothing about sources")
        return
    if not told.commit:
        yield skipped(GIT, "sources", "no commit yet: provenance says nothing about sources")
        return
    remarks = [
        *(["tracked files differ from the commit: provenance says so"] if told.dirty else []),
        *([f"{told.untracked} untracked files"] if told.untracked else []),
        *(["a shallow clone: tags and earlier commits are not seen"] if shallow() else []),
        *([] if told.remote else ["no remote origin: provenance names no repository"]),
    ]
    yield passed(
        GIT,
        "sources",
        f"{told.commit[:12]} {told.ref}".strip(),
        evidence=(f"remote {told.remote or 'none'}",),
        remark="; ".join(remarks),
        remedy="commit or stash what was changed" if told.dirty else "",
    )


@dataclass(frozen=True, slots=True)
class OpenRelease:
    """A release of this machine that is not finished, or whose journal cannot be read.

    Attributes:
        identifier: its id.
        version: what was to be released; empty when nobody can read that.
        status: ``pending``, ``interrupted``, ``failed``, ``partly-promoted``, ``running``, ``unreadable``.
        message: why it stands so; may be empty.
        remedy: what to do.
    """

    identifier: str
    version: str
    status: str
    message: str
    remedy: str


def release_checks(there: Sequence[OpenRelease]) -> Iterator[Examined]:
    """Look at releases of this machine: those that are half public, held, or cannot be read."""
    if not there:
        yield passed(RELEASES, "on this machine", "none is unfinished")
    for one in there:
        got = f"{one.version} is {one.status}" if one.version else one.status
        if one.status in _BAD:
            yield failed(
                RELEASES,
                one.identifier,
                expected=_BAD[one.status],
                got=f"{got}: {one.message}",
                remedy=one.remedy,
            )
        else:
            yield passed(RELEASES, one.identifier, got, remark=one.message, remedy=one.remedy)
