"""Who let each ignore in, by the history of its file."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from shipseal.build.blame import Change, line_changes
from shipseal.config.load import LoadedConfig
from shipseal.ignores.lines import Lines
from shipseal.ignores.rules import Approval, IgnoreRule
from shipseal.ignores.spans import EntrySpan, layout_of
from shipseal.wiring.ignores import configured_file, text_of


def with_approvals(rules: Sequence[IgnoreRule], loaded: LoadedConfig) -> tuple[IgnoreRule, ...]:
    """Return the rules of a configuration, each with who let it in, as far as git knows it.

    Args:
        rules: of the file that the configuration names.
        loaded: the configuration.

    Raises:
        ConfigError: the file cannot be read any more.
    """
    return approved(rules, configured_file(loaded)) if rules else ()


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
