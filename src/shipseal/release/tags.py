"""Which tags a release may move: pure decisions on names, versions and digests.

A template with the whole ``{version}`` is immutable: another digest behind it is refused. Every other tag moves, but
only to a higher version of its line, and never to a pre-release. The line of a tag are the versions for which its
template gives the same name: all of them for ``latest``, those of 1.4 for ``{major}.{minor}`` at 1.4.9.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from shipseal.errors import ConfigError
from shipseal.oci import Digest
from shipseal.release.version import Version

_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
_FIELD = re.compile(r"\{([a-z_]*)\}")
FIELDS = ("version", "major", "minor", "patch", "prerelease", "commit", "short_commit")


class Move(StrEnum):
    """When a tag moves."""

    HIGHER = "higher"
    ALWAYS = "always"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class TagRule:
    """A tag as the configuration has it.

    Attributes:
        template: text with fields in braces.
        move: when it moves; None for the rule above.
    """

    template: str
    move: Move | None = None

    @property
    def immutable(self) -> bool:
        """Whether another digest behind this tag is refused."""
        return self.move is Move.NEVER or (self.move is None and "{version}" in self.template)


@dataclass(frozen=True, slots=True)
class PlannedTag:
    """A tag of one release.

    Attributes:
        name: the tag itself.
        template: where it comes from.
        immutable: see :class:`TagRule`.
        move: when it moves.
    """

    name: str
    template: str
    immutable: bool
    move: Move


class Action(StrEnum):
    """What will happen to one tag at one target."""

    CREATE = "create"
    MOVE = "move"
    KEEP = "keep"
    HOLD = "hold"
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True)
class TagDecision:
    """What happens to a tag, and why.

    Attributes:
        tag: which one.
        action: see :class:`Action`; HOLD leaves it where it is, KEEP finds it right already.
        before: what it names now; None when it does not exist.
        reason: a sentence.
    """

    tag: PlannedTag
    action: Action
    before: Digest | None
    reason: str

    @property
    def writes(self) -> bool:
        """Whether the tag must be written."""
        return self.action in (Action.CREATE, Action.MOVE)


def expand(template: str, version: str, *, commit: str = "") -> str:
    """Return the tag that ``template`` gives for ``version``.

    Raises:
        ConfigError: an unknown field, a field that this version does not have, or a result that is no legal tag.
    """
    fields = _fields(version, commit)

    def value(match: re.Match[str]) -> str:
        name = match[1]
        if name not in FIELDS:
            raise ConfigError(
                f"tags: {template!r}: unknown field {{{name}}}",
                hint=f"known fields: {', '.join(FIELDS)}",
            )
        if not fields.get(name):
            raise ConfigError(
                f"tags: {template!r}: {version!r} has no {name}",
                hint="use a version such as 1.4.2, or a template without that field",
            )
        return fields[name]

    name = _FIELD.sub(value, template)
    if not _TAG.fullmatch(name):
        raise ConfigError(
            f"tags: {template!r} gives {name!r}, which is no legal tag",
            hint="a tag has up to 128 letters, digits, '_', '.' and '-', and begins with a letter, a digit or '_'",
        )
    return name


def plan_tags(
    rules: Sequence[TagRule], version: str, *, commit: str = ""
) -> tuple[PlannedTag, ...]:
    """Return the tags of a release in the order in which they will be written: immutable first, ``latest`` last.

    Raises:
        ConfigError: see :func:`expand`; two templates that give one tag; a moving tag for a version without an order.
    """
    planned: dict[str, PlannedTag] = {}
    for rule in rules:
        name = expand(rule.template, version, commit=commit)
        move = rule.move or (Move.NEVER if rule.immutable else Move.HIGHER)
        if name in planned:
            raise ConfigError(
                f"tags: {planned[name].template!r} and {rule.template!r} both give {name!r}",
                hint="remove one of them",
            )
        if move is Move.HIGHER and Version.parse(version) is None:
            raise ConfigError(
                f"tags: {name!r} moves only to a higher version, and {version!r} has no order",
                hint="use a version such as 1.4.2, or write {tag: …, move: always}",
            )
        planned[name] = PlannedTag(name, rule.template, rule.immutable, move)
    return in_write_order(planned.values())


def in_write_order(tags: Iterable[PlannedTag]) -> tuple[PlannedTag, ...]:
    """Return ``tags`` in the order in which they are written: the fewer people follow one, the earlier."""
    return tuple(sorted(tags, key=_write_order))


def moving_tags(rules: Iterable[TagRule], version: str) -> tuple[PlannedTag, ...]:
    """Return the tags that move with ``version``, in the order of writing.

    Left out are those that are immutable or of one version anyway, and those of templates that this version has no
    value for: a tag with a commit in it is of one commit.
    """
    found = {}
    for rule in rules:
        if rule.immutable or "{version}" in rule.template:
            continue
        try:
            name = expand(rule.template, version)
        except ConfigError:
            continue
        found[name] = PlannedTag(name, rule.template, False, rule.move or Move.HIGHER)
    return in_write_order(found.values())


def version_tags(rules: Sequence[TagRule], tags: Iterable[str]) -> dict[str, str]:
    """Return the versions that ``tags`` show as published, each with its tag, the highest first.

    A tag that moves is no version, even where it looks like one, as ``1.4`` does beside ``1.4.2``.
    """
    found: dict[str, str] = {}
    names = tuple(tags)
    for rule in rules:
        if "{version}" in rule.template:
            pattern = _inverse(rule.template)
            for name in names:
                match = pattern.fullmatch(name)
                if match and Version.parse(match[1]) and not _moves(rules, name, match[1]):
                    found.setdefault(match[1], name)
    ordered = sorted(found, key=lambda text: (_order(text).sort_key(), text), reverse=True)
    return {version: found[version] for version in ordered}


def in_line(tag: PlannedTag, version: str) -> bool:
    """Return whether ``version`` belongs to the line of ``tag``: its template gives the same name."""
    parsed = Version.parse(version)
    return parsed is not None and _same_line(tag, parsed)


def _moves(rules: Iterable[TagRule], name: str, version: str) -> bool:
    return any(tag.name == name for tag in moving_tags(rules, version))


def _order(text: str) -> Version:
    found = Version.parse(text)
    if found is None:
        raise AssertionError("only versions with an order are sorted")
    return found


def decide(
    tag: PlannedTag,
    *,
    version: str,
    digest: Digest,
    before: Digest | None,
    published: Iterable[str],
) -> TagDecision:
    """Decide what happens to ``tag`` when ``version`` (which is ``digest``) is promoted.

    Args:
        tag: which tag.
        version: of the release.
        digest: of its root.
        before: what the tag names at the target now.
        published: the versions that are public already, at any target.
    """
    if before == digest:
        return TagDecision(tag, Action.KEEP, before, "names this digest already")
    if before is None and tag.immutable:
        return TagDecision(tag, Action.CREATE, before, "new")
    if tag.immutable:
        return TagDecision(tag, Action.REFUSE, before, f"immutable, and names {before}")
    if tag.move is Move.HIGHER and (reason := _stays(tag, version, published)):
        return TagDecision(tag, Action.HOLD, before, reason)
    if before is None:
        return TagDecision(tag, Action.CREATE, before, "new")
    return TagDecision(tag, Action.MOVE, before, f"moves to {version}")


def _inverse(template: str) -> re.Pattern[str]:
    """Return the pattern that finds the version in a tag made by ``template``."""
    head, _, tail = template.partition("{version}")
    return re.compile(f"{_literal(head)}(.+){_literal(tail)}")


def _literal(template: str) -> str:
    return ".+".join(re.escape(part) for part in _FIELD.split(template)[::2])


def _stays(tag: PlannedTag, version: str, published: Iterable[str]) -> str:
    """Return why a moving tag stays where it is, or nothing when it may move."""
    own = Version.parse(version)
    if own is None:
        return f"{version} has no order"
    if own.prerelease:
        return f"{version} is a pre-release"
    higher = [
        other
        for text in published
        if (other := Version.parse(text)) and own < other and not other.prerelease
    ]
    in_line = [other for other in higher if _same_line(tag, other)]
    return f"{max(in_line).text} is public and higher" if in_line else ""


def _same_line(tag: PlannedTag, other: Version) -> bool:
    try:
        return expand(tag.template, other.text, commit="0" * 40) == tag.name
    except ConfigError:
        return False


def _fields(version: str, commit: str) -> Mapping[str, str]:
    parsed = Version.parse(version)
    fields = {"version": version, "commit": commit, "short_commit": commit[:7]}
    if parsed is None:
        return fields
    return fields | {
        "major": str(parsed.major),
        "minor": str(parsed.minor),
        "patch": str(parsed.patch),
        "prerelease": ".".join(parsed.prerelease),
    }


def _write_order(tag: PlannedTag) -> tuple[bool, bool, int, str]:
    # The more a tag says, the fewer people follow it: those move first, and `latest` last.
    return tag.name == "latest", not tag.immutable, -len(tag.name), tag.name
