"""Who let each ignore in: the reviews of its pull request where GitHub can be asked, else the history of its file."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from shipseal._internal.clock import Clock
from shipseal._internal.retry import RetryPolicy
from shipseal.build.blame import Change, line_changes
from shipseal.config.load import LoadedConfig
from shipseal.errors import ShipsealError
from shipseal.ignores.lines import Lines
from shipseal.ignores.rules import Approval, IgnoreRule
from shipseal.ignores.spans import EntrySpan, layout_of
from shipseal.wiring.exceptions import place_of
from shipseal.wiring.ignores import configured_file, text_of
from shipseal.wiring.surroundings import Surroundings

if TYPE_CHECKING:
    from shipseal.github.reviews import GitHubReviews, Reviewed

Ask = Callable[[str], "Reviewed | None"]
"""Says which merged pull request a commit came with, and who approved it; None where nobody knows."""

_PATIENCE = RetryPolicy(tries=2, deadline=20.0)
_MOST_COMMITS = 50  # a file of ignores has few that count; each costs two questions


def with_approvals(
    rules: Sequence[IgnoreRule], loaded: LoadedConfig, around: Surroundings
) -> tuple[IgnoreRule, ...]:
    """Return the rules of a configuration, each with who let it in, as far as GitHub and git know it.

    Nothing that GitHub says or does not say stops anybody: what it does not tell, the history tells.

    Args:
        rules: of the file that the configuration names.
        loaded: the configuration.
        around: the environment, for GitHub's token; who hears that GitHub could not be asked.

    Raises:
        ConfigError: the file cannot be read any more.
    """
    if not rules:
        return ()
    path = configured_file(loaded)
    found = approved(rules, path)
    commits = tuple(dict.fromkeys(rule.approval.commit for rule in found if rule.approval))
    if not commits:
        return found
    reviews = _reviews(path, around.env, around.clock)
    if reviews is None:
        return found
    try:
        known = dict(_reviewed(commits[:_MOST_COMMITS], reviews.of_commit))
    except ShipsealError as error:
        around.reporter.note(
            f"who approved ignores: GitHub could not be asked, so git's history tells it: {error.message}"
        )
        return found
    finally:
        reviews.close()
    return tuple(_with_review(rule, known) for rule in found)


def approved(rules: Sequence[IgnoreRule], path: Path) -> tuple[IgnoreRule, ...]:
    """Return the rules of ``path``, each with who let it in, as far as git knows it.

    The last commit that touched any line of an entry or of its comment is whose word counts: an end that was moved is
    a new decision.
    """
    text = text_of(path)
    changes = line_changes(path.resolve()) if Lines(text).plain else {}
    if not changes:
        return tuple(rules)
    found = layout_of(text, str(path)).rules
    spans = found.entries if found else ()
    if len(spans) != len(rules):
        return tuple(rules)
    return tuple(
        replace(rule, approval=_approval(span, changes))
        for rule, span in zip(rules, spans, strict=True)
    )


def _approval(span: EntrySpan, changes: Mapping[int, Change]) -> Approval | None:
    lines = range(span.top, span.last + 1)
    if any(line not in changes for line in lines):
        return None  # a line that nobody committed was approved by nobody
    last = max((changes[line] for line in lines), key=lambda change: change.at)
    by = last.approved_by or (last.author,)
    return Approval(by, last.commit, last.pull_request)


def _reviews(path: Path, env: Mapping[str, str], clock: Clock) -> "GitHubReviews | None":
    """Return who can be asked; None without a token, or where the repository lies elsewhere.

    A release asks by itself, so its token goes to the GitHub that the environment names and to no other host, whatever
    the remote of the repository says.
    """
    from shipseal.github.hosts import github_host  # noqa: PLC0415 - only where there are ignores
    from shipseal.github.rest import GitHubRest, Times  # noqa: PLC0415 - brings an HTTP client
    from shipseal.github.reviews import GitHubReviews  # noqa: PLC0415
    from shipseal.github.wording import CHANGES  # noqa: PLC0415

    try:
        place = place_of(path, env)
        same = place.host.name == github_host(env).name
    except ShipsealError:
        return None
    if place.repository is None or not place.host.token or not same:
        return None
    times = Times(connect=5.0, silence=10.0, answer=30.0)
    rest = GitHubRest(place.host, clock, _PATIENCE, times=times, wording=CHANGES)
    return GitHubReviews(rest, place.repository)


def _reviewed(commits: Iterable[str], ask: Ask) -> "Iterable[tuple[str, Reviewed]]":
    for commit in commits:
        if found := ask(commit):
            yield commit, found


def _with_review(rule: IgnoreRule, known: "Mapping[str, Reviewed]") -> IgnoreRule:
    found = known.get(rule.approval.commit) if rule.approval else None
    if found is None or rule.approval is None:
        return rule
    by = tuple(f"@{login}" for login in found.approved_by) or rule.approval.by
    return replace(rule, approval=Approval(by, rule.approval.commit, f"#{found.number}"))
