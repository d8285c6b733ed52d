"""What a log says of the run that wrote it: whose it is, and what its token may do."""

import re

import msgspec

from shipseal.runbook.lines import Line

_PERMISSION = re.compile(r"^(\w+): (read|write|none)$")
_PULL = re.compile(r"refs/(?:remotes/)?pull/\d+/merge")
_FORK = re.compile(
    r"\bfrom (?:a |the )?fork\b|\bis_fork\W+true|\bfork\"?\s*[:=]\s*\"?true\b|pull request (?:is )?from a? ?fork"
    r"|forked repositor\w+ (?:do|can)|secrets are not (?:passed|available).*fork",
    re.IGNORECASE,
)
_NOT_FORK = re.compile(r"is not (?:from )?a fork|not from a fork|\bif: ", re.IGNORECASE)
_MORE_THAN_DEFAULT = 4
_LOOKED_AT = 400


class RunFacts(msgspec.Struct):
    """Facts that stand in the log.

    Attributes:
        permissions: what the job's token may do, by name in lower case.
        pull: whether a pull request's merge was checked out.
        told_fork: line that says that the run is a fork's; 0 when none does.
        told_permissions: lines of the permissions.
    """

    permissions: dict[str, str] = msgspec.field(default_factory=dict)
    pull: bool = False
    told_fork: Line | None = None
    told_permissions: list[Line] = msgspec.field(default_factory=list)
    open_group: bool = False

    def note(self, line: Line) -> None:
        """Take in a line."""
        if line.mark == "group":
            self.open_group = "token permissions" in line.text.lower()
            if self.open_group:
                self.permissions.clear()
                self.told_permissions.clear()
        elif line.mark == "endgroup":
            self.open_group = False
        elif self.open_group:
            self._note_permission(line)
        text = line.text[:_LOOKED_AT]
        self.pull = self.pull or bool(_PULL.search(text))
        if self.told_fork is None and _FORK.search(text) and not _NOT_FORK.search(text):
            self.told_fork = line

    def _note_permission(self, line: Line) -> None:
        found = _PERMISSION.match(line.text)
        if found:
            self.permissions[found[1].lower()] = found[2]
            self.told_permissions.append(line)

    @property
    def fork(self) -> bool:
        """Whether the run is of a fork's pull request, as far as the log tells.

        A fork's token has every right that the workflow asks for, made read-only; a token that nobody asked anything
        for is read-only, too, but has three rights at most.
        """
        read_only = bool(self.permissions) and set(self.permissions.values()) == {"read"}
        return self.told_fork is not None or (
            self.pull and read_only and len(self.permissions) >= _MORE_THAN_DEFAULT
        )

    def may(self, name: str) -> bool | None:
        """Return whether the token may write there; None when the log does not say."""
        if not self.permissions:
            return None
        return self.permissions.get(name.lower()) == "write"
