"""``shipseal ignore add``: an entry, its tracking issue and its pull request, or all of it in words."""

import re
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from shipseal._internal.clock import Clock
from shipseal._internal.progress import Reporter
from shipseal.cli.ignore_source import SourceWish, assessed, checked_id, look_at
from shipseal.errors import ConfigError, ShipsealError
from shipseal.exceptions.assess import Assessment
from shipseal.exceptions.draft import Draft, missing, rule_of, with_facts
from shipseal.exceptions.edits import added, same_conditions
from shipseal.exceptions.local_file import Edit, LocalFile
from shipseal.exceptions.propose import Change, IssueWish, Proposed, propose, told_after
from shipseal.exceptions.texts import (
    LABEL,
    add_body,
    add_title,
    branch_name,
    issue_body,
    issue_title,
    mark,
)
from shipseal.ignores.justification import Part, missing_parts
from shipseal.ignores.read import read_ignores
from shipseal.ignores.render import entry_lines
from shipseal.ignores.rules import IgnoreRule
from shipseal.ignores.yaml_values import ValueProblemError, as_end
from shipseal.wiring.exceptions import Place, place_of, project_at
from shipseal.wiring.ignores import ignores_path

SCHEMA = "urn:shipseal:schema:ignore-add:1"
_DAYS = re.compile(r"(\d{1,4})d")
_FLAGS = {
    Part.DESCRIPTION: "--description",
    Part.IMPACT: "--impact",
    Part.COMPONENT: "--component",
    Part.TRACKING: "--tracking",
    Part.REMOVAL: "--remove-when",
}
_QUESTIONS = {
    "impact": "Impact here: what can it do, and why is that acceptable",
    "description": "What it is",
    "component": "Affected component",
    "tracking": "Upstream's issue or advisory (URL)",
    "remove_when": "Remove when",
}

Ask = Callable[[str, str], str]
"""Asks a person, with a question and what an empty answer means."""


@dataclass(frozen=True, slots=True)
class ProposalWish:
    """Where a change is proposed.

    Attributes:
        repo: ``[HOST/]OWNER/NAME``; empty for the one that is found.
        base: branch that the pull request is for; empty for the default.
        branch: that it is made on; empty for a name of its own.
        local: whether only the file is changed.
        dry_run: whether nothing is.
    """

    repo: str = ""
    base: str = ""
    branch: str = ""
    local: bool = False
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class AddWish:
    """What is asked for.

    Attributes:
        draft: what is said of the ignore.
        source: what is looked at.
        file: of ignores; None for the configuration's.
        expires: its end, as text; empty for none.
        replaces: whether one that is in force may be replaced.
        without_finding: whether it may be for what is not found.
        label: of the tracking issue.
        where: see :class:`ProposalWish`.
    """

    draft: Draft
    source: SourceWish
    file: Path | None = None
    expires: str = ""
    replaces: bool = False
    without_finding: bool = False
    label: str = LABEL
    where: ProposalWish = field(default_factory=ProposalWish)


def add(
    wish: AddWish,
    env: Mapping[str, str],
    clock: Clock,
    reporter: Reporter,
    ask: Ask | None = None,
) -> dict[str, Any]:
    """Add an ignore and return what was done (schema ``ignore-add.schema.json``).

    Args:
        wish: what is asked for.
        env: the environment.
        clock: time.
        reporter: hears of progress.
        ask: asks a person for what was not said; None where there is nobody.

    Raises:
        ConfigError: something is missing or wrong; nothing was changed.
        ShipsealError: GitHub or the disk refused; the message says what was made before.
    """
    checked_id(wish.draft.vulnerability)
    file = LocalFile.read(ignores_path(wish.file, wish.source.config, env))
    rules = read_ignores(file.text, name=str(file.path)).rules
    found = _assessed(wish, rules, env, clock, reporter)
    draft = replace(wish.draft, until=_end(wish.expires, clock.now()))
    rule = rule_of(_whole(draft, found, ask), found)
    _check_new(rule, rules, wish, clock.now(), str(file.path))
    # What cannot be written is known before anything is made elsewhere.
    added(file.text, rule, name=str(file.path), issue="https://example.org/issues/0")
    if not wish.where.dry_run:
        file.check_writable()
    place = place_of(file.path, env, wish.where.repo)
    severity = str(found.first.severity) if found.first else "unknown"
    issue = None
    if not rule.issue:
        title, body = issue_title(rule, severity), issue_body(rule, found)
        issue = IssueWish(mark(rule.vulnerability), title, body, wish.label)
    change = _change(rule, issue, place, wish)
    proposed = _proposed(change, place, wish.where, clock)
    if proposed and proposed.issue:
        rule = replace(rule, issue=proposed.issue.url)
    written = not wish.where.dry_run and write_after_proposal(
        file, lambda text: added(text, rule, name=str(file.path)), proposed
    )
    return _document(rule, file, change, (place, proposed, wish.where), written=written)


def _assessed(
    wish: AddWish,
    rules: tuple[IgnoreRule, ...],
    env: Mapping[str, str],
    clock: Clock,
    reporter: Reporter,
) -> Assessment:
    asked = wish.draft.vulnerability
    looked = look_at(wish.source, env, clock, reporter)
    found, _ = assessed(asked, looked, rules, clock)
    if not found.entries and not wish.without_finding:
        raise ConfigError(
            f"{asked}: no finding of {looked.source} has this id, nor as an alias",
            hint="nothing would be ignored; --without-finding adds it all the same",
        )
    return found


def _whole(draft: Draft, found: Assessment, ask: Ask | None) -> Draft:
    """Return the draft with every part; what findings say is offered, and the impact is always a person's."""
    said = with_facts(draft, found)
    if ask is not None:
        said = _asked(draft, said, ask)
    lacking = missing(said)
    if lacking:
        flags = ", ".join(_FLAGS[part] for part in lacking)
        raise ConfigError(
            f"{draft.vulnerability}: nobody says {', '.join(lacking)}",
            hint=f"say it with {flags}; on a terminal you are asked. `shipseal ignore assess {draft.vulnerability}` "
            "shows what is known",
        )
    return said


def _asked(draft: Draft, said: Draft, ask: Ask) -> Draft:
    """Return the draft with what a person answers; what was said on the command line is not asked again."""
    answers = {
        name: getattr(draft, name) or ask(question, getattr(said, name))
        for name, question in _QUESTIONS.items()
    }
    return replace(
        said,
        impact=answers["impact"],
        description=answers["description"],
        component=answers["component"],
        tracking=answers["tracking"],
        remove_when=answers["remove_when"],
        owner=draft.owner or ask("Owner (empty for none)", ""),
    )


def _end(text: str, now: datetime) -> datetime | None:
    if not text:
        return None
    try:
        days = _DAYS.fullmatch(text)
        day = (now + timedelta(days=int(days[1]))).date().isoformat() if days else text
        end = as_end(day)
    except (ValueProblemError, OverflowError) as error:
        raise ConfigError(f"--expires: {error}", hint="or in days: 90d") from error
    if end <= now:
        raise ConfigError(f"--expires {text}: lies in the past", hint="name a day that is to come")
    return end


def _check_new(
    rule: IgnoreRule, rules: tuple[IgnoreRule, ...], wish: AddWish, now: datetime, name: str
) -> None:
    """Refuse to write over an ignore that is in force and whole, unless told to."""
    for there in same_conditions(rules, rule):
        if not (wish.replaces or there.expired(now) or there.problem or missing_parts(there)):
            raise ConfigError(
                f"{name}:{there.line}: {there.label} is ignored already",
                hint="renew or change it with --replace",
            )


def _change(rule: IgnoreRule, issue: IssueWish | None, place: Place, wish: AddWish) -> Change:
    return Change(
        path=place.path,
        edit=lambda text, address: added(text, rule, name=place.path, issue=address),
        title=add_title(rule),
        body=lambda address: add_body(rule, address or rule.issue, place.web),
        branch=wish.where.branch or branch_name("ignore", [rule.vulnerability]),
        issue=issue,
        chosen=bool(wish.where.branch),
    )


def _proposed(change: Change, place: Place, where: ProposalWish, clock: Clock) -> Proposed | None:
    if where.dry_run or where.local or not place.usable:
        return None
    project = project_at(place, clock)
    try:
        return propose(project, change, base=where.base)
    finally:
        project.close()


def _document(
    rule: IgnoreRule,
    file: LocalFile,
    change: Change,
    done: tuple[Place, Proposed | None, ProposalWish],
    *,
    written: bool,
) -> dict[str, Any]:
    place, proposed, where = done
    issue, pull = (proposed.issue, proposed.pull) if proposed else (None, None)
    by_hand = proposed is None and not where.local
    return {
        "schema": SCHEMA,
        "vulnerability": rule.vulnerability,
        "file": str(file.path),
        "written": written,
        "dryRun": where.dry_run,
        "entry": "\n".join(entry_lines(rule)),
        "until": rule.until.isoformat() if rule.until else None,
        "missing": [str(part) for part in missing_parts(rule)],
        "issue": {
            "url": rule.issue or None,
            "new": bool(issue and issue.new),
            "title": change.issue.title if change.issue else None,
            "body": change.issue.body if change.issue else None,
        },
        "pullRequest": {
            "url": pull.url if pull else None,
            "new": bool(pull and pull.new),
            "branch": (proposed and proposed.branch) or change.branch,
            "base": proposed.base if proposed else where.base or None,
            "title": change.title,
            "body": change.body(rule.issue),
        },
        "commands": commands(change, file, place) if by_hand else [],
        "notes": list(notes_of(place, where, proposed)),
    }


def made_by(proposed: Proposed | None) -> str:
    """Return what was opened at GitHub, or was there, in words; empty for nothing."""
    named = {"issue": proposed.issue, "pull request": proposed.pull} if proposed is not None else {}
    return " and ".join(f"{what} {one.url}" for what, one in named.items() if one)


def write_after_proposal(file: LocalFile, edit: Edit, proposed: Proposed | None) -> bool:
    """Change the file in the work tree, and return whether there was a change.

    Args:
        file: as it was read.
        edit: makes the change.
        proposed: what was done at GitHub before; None for nothing.

    Raises:
        ShipsealError: the disk refuses, or the change cannot be made any more; the message says what was opened.
    """
    try:
        return file.write(edit)
    except ShipsealError as error:
        raise told_after(error, made_by(proposed)) from error


def notes_of(place: Place, where: ProposalWish, proposed: Proposed | None) -> tuple[str, ...]:
    """Return what a person should know of how a change was made."""
    if where.dry_run:
        return (*place.notes, "nothing was changed: --dry-run")
    if proposed is None and not where.local:
        return (*place.notes, f"{place.why_not}; what is to be done by hand is printed")
    if proposed and proposed.pull is None:
        return (*place.notes, f"{proposed.base} has the change already")
    return place.notes


def commands(change: Change, file: LocalFile, place: Place) -> list[str]:
    """Return the command lines that propose a change by hand."""
    repo = ("--repo", str(place.repository)) if place.repository else ()
    issue = change.issue
    lines: list[tuple[str, ...]] = []
    if issue:
        lines.append(
            ("gh", "issue", "create", *repo, "--title", issue.title, "--body-file", "ISSUE.md")
        )
    lines += [
        ("git", "switch", "--create", change.branch),
        # A file that is new to Git cannot be committed by its name alone.
        ("git", "add", "--", str(file.path)),
        ("git", "commit", "--message", change.title, "--", str(file.path)),
        ("git", "push", "--set-upstream", "origin", change.branch),
        ("gh", "pr", "create", *repo, "--title", change.title, "--body-file", "PULL.md"),
    ]
    return [shlex.join(line) for line in lines]
