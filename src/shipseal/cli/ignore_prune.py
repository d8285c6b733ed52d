"""``shipseal ignore prune``: entries that are over go, their issues with them, in one pull request (S41)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from shipseal._internal.clock import Clock
from shipseal._internal.progress import Reporter
from shipseal.cli.ignore_add import (
    ProposalWish,
    commands,
    made_by,
    notes_of,
    write_after_proposal,
)
from shipseal.cli.ignore_source import SourceWish, look_at
from shipseal.errors import ConfigError, ShipsealError
from shipseal.exceptions.edits import removed
from shipseal.exceptions.local_file import LocalFile
from shipseal.exceptions.propose import Change, Proposed, propose, told_after
from shipseal.exceptions.prune import (
    Over,
    Reason,
    closed_by_merge,
    issues_of,
    over,
    prune_body,
    prune_title,
)
from shipseal.exceptions.texts import branch_name
from shipseal.ignores.conditions import met_by
from shipseal.ignores.read import read_ignores
from shipseal.wiring.advice import advise
from shipseal.wiring.exceptions import Place, place_of, project_at
from shipseal.wiring.ignores import ignores_path
from shipseal.wiring.orders import compare_packages

SCHEMA = "urn:shipseal:schema:ignore-prune:1"


@dataclass(frozen=True, slots=True)
class PruneWish:
    """What is asked for.

    Attributes:
        source: what is looked at.
        file: of ignores; None for the configuration's.
        only: reasons for which an entry goes; empty for all.
        vulnerabilities: only entries for these; empty for all.
        close_now: whether issues are closed at once, and not by the merge.
        where: see :class:`~shipseal.cli.ignore_add.ProposalWish`.
    """

    source: SourceWish
    file: Path | None = None
    only: tuple[str, ...] = ()
    vulnerabilities: tuple[str, ...] = ()
    close_now: bool = False
    where: ProposalWish = field(default_factory=ProposalWish)


def prune(
    wish: PruneWish, env: Mapping[str, str], clock: Clock, reporter: Reporter
) -> dict[str, Any]:
    """Take out what is over and return what was done (schema ``ignore-prune.schema.json``).

    Args:
        wish: what is asked for.
        env: the environment.
        clock: time.
        reporter: hears of progress.

    Raises:
        ConfigError: there is no such reason, or an entry cannot be taken out safely; nothing was changed.
        ShipsealError: GitHub or the disk refused.
    """
    reasons = tuple(map(_reason, wish.only)) or tuple(Reason)
    file = LocalFile.read(ignores_path(wish.file, wish.source.config, env))
    name = str(file.path)
    rules = read_ignores(file.text, name=name).rules
    looked = look_at(wish.source, env, clock, reporter)
    ended = over(
        rules,
        looked.reports,
        now=clock.now(),
        advise=advise,
        met=met_by(compare_packages, clock.now()),
        reasons=reasons,
    )
    wanted = {one.upper() for one in wish.vulnerabilities}
    ended = tuple(one for one in ended if not wanted or one.rule.vulnerability.upper() in wanted)
    place = place_of(file.path, env, wish.where.repo)
    change = _change(ended, place, wish)
    gone = [one.rule for one in ended]
    removed(file.text, gone, name=name)
    if ended and not wish.where.dry_run:
        file.check_writable()
    proposed = _proposed(change, ended, place, wish, clock) if ended else None
    written = (
        bool(ended)
        and not wish.where.dry_run
        and write_after_proposal(file, lambda text: removed(text, gone, name=name), proposed)
    )
    return _document((looked.source, file, ended), change, (place, proposed, wish), written=written)


def _reason(text: str) -> Reason:
    if text not in set(Reason):
        raise ConfigError(f"--only {text!r}: no such reason", hint=f"known are {', '.join(Reason)}")
    return Reason(text)


def _change(ended: tuple[Over, ...], place: Place, wish: PruneWish) -> Change:
    rules = [one.rule for one in ended]
    return Change(
        path=place.path,
        edit=lambda text, _: removed(text, rules, name=place.path),
        title=prune_title(ended),
        body=lambda _: prune_body(ended, place.web),
        branch=wish.where.branch or branch_name("prune", [one.vulnerability for one in rules]),
        chosen=bool(wish.where.branch),
    )


def _proposed(
    change: Change, ended: tuple[Over, ...], place: Place, wish: PruneWish, clock: Clock
) -> Proposed | None:
    where = wish.where
    if where.dry_run or where.local or not place.usable:
        return None
    project = project_at(place, clock)
    try:
        proposed = propose(project, change, base=where.base)
        # Where the base has no such entry any more, no merge will close its issue.
        if wish.close_now or proposed.pull is None:
            link = proposed.pull.url if proposed.pull else "the entry is gone already"
            try:
                for number, one in issues_of(ended, place.web):
                    project.close_issue(number, f"The ignore is over: {one.text}. {link}")
            except ShipsealError as error:
                raise told_after(error, made_by(proposed)) from error
        return proposed
    finally:
        project.close()


def _document(
    found: tuple[str, LocalFile, tuple[Over, ...]],
    change: Change,
    done: tuple[Place, Proposed | None, PruneWish],
    *,
    written: bool,
) -> dict[str, Any]:
    source, file, ended = found
    place, proposed, wish = done
    pull = proposed.pull if proposed else None
    by_hand = bool(ended) and proposed is None and not wish.where.local
    closes_now = proposed is not None and (wish.close_now or pull is None)
    return {
        "schema": SCHEMA,
        "source": source,
        "file": str(file.path),
        "written": written,
        "dryRun": wish.where.dry_run,
        "entries": [one.to_json() for one in ended],
        "updates": list(dict.fromkeys(line for one in ended for line in one.updates)),
        "issues": _issues(ended, place, at_once=closes_now),
        "pullRequest": {
            "url": pull.url if pull else None,
            "new": bool(pull and pull.new),
            "branch": (proposed and proposed.branch) or change.branch,
            "base": proposed.base if proposed else wish.where.base or None,
            "title": change.title,
            "body": change.body(""),
        }
        if ended
        else None,
        "commands": commands(change, file, place) if by_hand else [],
        "notes": list(notes_of(place, wish.where, proposed)) if ended else list(place.notes),
    }


def _issues(ended: tuple[Over, ...], place: Place, *, at_once: bool) -> list[dict[str, str]]:
    """Return the issues that are done, each with what closes it."""
    by_merge = frozenset(closed_by_merge(ended, place.web))
    found = []
    for _, one in issues_of(ended, place.web):
        issue = one.rule.issue
        by = "now" if at_once else "by the merge" if issue in by_merge else "by hand"
        found.append({"url": issue, "closed": by})
    return found
