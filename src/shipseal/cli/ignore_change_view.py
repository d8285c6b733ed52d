"""What `shipseal ignore add` and `prune` did, for people: and what is left to do by hand."""

from collections.abc import Mapping
from typing import Any

from shipseal.cli.output import printable, say, tell


def print_added(document: Mapping[str, Any]) -> None:
    """Print what was done.

    Args:
        document: see ``ignore-add.schema.json``.
    """
    _text(document["entry"])
    say()
    _file(document)
    issue, by_hand = document["issue"], bool(document["commands"])
    if issue["url"]:
        say(f"tracking issue: {printable(issue['url'])}{' (opened)' if issue['new'] else ''}")
    _pull(document["pullRequest"])
    if (by_hand or document["dryRun"]) and issue["title"]:
        _words("Tracking issue (ISSUE.md)", issue)
    if by_hand or document["dryRun"]:
        _words("Pull request (PULL.md)", document["pullRequest"])
    _commands(document)
    if "issue" in document["missing"] and not document["dryRun"]:
        tell(
            "note: the gate does not count this ignore before it names its own issue: once that is open, run the same "
            "command again with --issue URL"
        )


def print_pruned(document: Mapping[str, Any]) -> None:
    """Print what was done.

    Args:
        document: see ``ignore-prune.schema.json``.
    """
    if not document["entries"]:
        say(f"{printable(document['file'])}: nothing is over, by {printable(document['source'])}")
        return
    for one in document["entries"]:
        say(printable(f"line {one['line']}: {one['rule']}: {one['text']}"))
        for line in one["updates"]:
            say(printable(f"  update: {line}"))
    say()
    _file(document)
    for issue in document["issues"]:
        to_be = "to be " if issue["closed"] == "by hand" else ""
        say(printable(f"issue {issue['url']}: {to_be}closed {issue['closed']}"))
    _pull(document["pullRequest"])
    if document["commands"] or document["dryRun"]:
        _words("Pull request (PULL.md)", document["pullRequest"])
    _commands(document)


def _file(document: Mapping[str, Any]) -> None:
    done = "written" if document["written"] else "not changed"
    say(f"{printable(document['file'])}: {done}")


def _pull(pull: Mapping[str, Any]) -> None:
    if pull["url"]:
        say(printable(f"pull request: {pull['url']} ({pull['branch']} into {pull['base']})"))


def _words(title: str, of: Mapping[str, Any]) -> None:
    say()
    say(f"--- {title}: {printable(of['title'])}")
    _text(of["body"])


def _commands(document: Mapping[str, Any]) -> None:
    if document["commands"]:
        say()
        say("By hand:")
        for line in document["commands"]:
            say(f"  {printable(line)}")
    for note in document["notes"]:
        tell(printable(f"note: {note}"))


def _text(text: str) -> None:
    for line in text.splitlines():
        say(printable(line))
