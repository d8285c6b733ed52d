"""Which tags a rollback moves, and to which release: decisions on names, versions and digests.

Without a wish tags go from the newest public version of their line to the one before it. "Newest" is by version, not by
what the tag names now, so saying the same thing twice moves nothing twice. What a rollback left already is passed over.
Where there is more than one answer none is chosen: the person is asked to say which.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from shipseal.errors import ConfigError
from shipseal.oci import Digest
from shipseal.release.rollback.values import Point
from shipseal.release.tags import PlannedTag, TagRule, in_line, in_write_order, moving_tags
from shipseal.release.version import Version


class Told(Protocol):
    """A record of a rollback, as far as it is told here."""

    @property
    def told(self) -> str:
        """One line for a person."""


class Public(Protocol):
    """What is public at the targets."""

    @property
    def versions(self) -> Mapping[str, str]:
        """Each public version with its tag, the highest first."""

    def named(self, tag: str) -> Mapping[str, Digest | None]:
        """Return what a tag names, by target."""

    def digests(self, version: str) -> Mapping[str, Digest | None]:
        """Return what the tag of a version names, by target."""

    def version_of(self, digest: Digest) -> str:
        """Return the version whose tag names a digest; empty when there is none."""

    def departure(self, version: str, tag: str) -> Told | None:
        """Return the record by which a tag left a version."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What was chosen.

    Attributes:
        tags: to be moved, in the order of writing; empty when there is nothing to do.
        to: version that they go to; empty when there is nothing to do, or the person named a digest.
        staying: tags of the release that is left that cannot follow, with a sentence each.
        passed_over: versions that were not chosen, with a sentence each.
        nothing: why there is nothing to do; empty when there is something.
    """

    tags: tuple[PlannedTag, ...]
    to: str
    staying: tuple[tuple[str, str], ...] = ()
    passed_over: tuple[tuple[str, str], ...] = ()
    nothing: str = ""


def choose_previous(rules: Sequence[TagRule], public: Public, tags: Sequence[str]) -> Choice:
    """Return where tags go when nobody says where.

    Args:
        rules: the tags of the configuration.
        public: what is public.
        tags: which tags; empty for all that move with the newest version.

    Raises:
        ConfigError: there is no such tag, no version, or no release to go back to.
    """
    final = [text for text in public.versions if _is_final(text)]
    if not final:
        raise ConfigError(
            "no version is public, so there is none to go back to",
            hint="say where to: shipseal release rollback --to DIGEST --tags TAG",
        )
    wanted = known_tags(rules, public, tags) if tags else moving_tags(rules, final[0])
    if not wanted:
        raise ConfigError(
            "no tag of the configuration moves from release to release",
            hint="an immutable version tag is never moved; add a tag such as latest to tags:",
        )
    # With no tags named the widest one decides, which is written last; the others follow it as far as they can.
    leading = wanted if tags else wanted[-1:]
    line = [text for text in final if all(in_line(tag, text) for tag in leading)]
    if not line:
        raise ConfigError(
            f"no version belongs to all of {', '.join(tag.name for tag in wanted)}",
            hint="name the tags of one line, or say where to with --to",
        )
    return _back(public, wanted, leading[-1], line)


def _back(
    public: Public, wanted: tuple[PlannedTag, ...], main: PlannedTag, line: Sequence[str]
) -> Choice:
    newest = line[0]
    now = {digest for tag in wanted for digest in public.named(tag.name).values() if digest}
    left = now & _digests(public, newest)
    candidates = line[1:]
    if not left:
        named = [digest for digest in public.named(main.name).values() if digest]
        foreign = {digest for digest in named if not public.version_of(digest)}
        if not foreign:
            return Choice((), "", nothing=_why_nothing(public, main, newest, named))
        # Somebody let the tag name what is no release: the newest that is one is what was there before.
        left, candidates = foreign, line
    to, passed = _first(public, candidates, main, left)
    following = tuple(tag for tag in wanted if in_line(tag, to))
    staying = tuple(
        (tag.name, f"{to} does not belong to it, and no earlier release was looked for")
        for tag in wanted
        if tag not in following
    )
    return Choice(following, to, staying, passed)


def _why_nothing(public: Public, main: PlannedTag, newest: str, named: Iterable[Digest]) -> str:
    versions = dict.fromkeys(public.version_of(digest) for digest in named)
    if not versions:
        return f"{main.name} does not exist"
    departure = public.departure(newest, main.name)
    why = f"{newest} was {departure.told}" if departure else f"nothing names {newest}"
    return f"{main.name} names {', '.join(versions)} already: {why}"


def _first(
    public: Public, candidates: Iterable[str], main: PlannedTag, left: set[Digest]
) -> tuple[str, tuple[tuple[str, str], ...]]:
    """Return the first candidate that tags may go to, and those that were passed over."""
    passed: list[tuple[str, str]] = []
    for version in candidates:
        if _digests(public, version) & left:
            passed.append((version, "it is the same image"))
        elif departure := public.departure(version, main.name):
            passed.append((version, departure.told))
        else:
            return version, tuple(passed)
    told = "; ".join(f"{version}: {why}" for version, why in passed)
    raise ConfigError(
        f"{main.name}: there is no earlier release to go back to{f' ({told})' if told else ''}",
        hint="name one: shipseal release rollback --to VERSION, or --to DIGEST",
    )


def choose_for(rules: Sequence[TagRule], public: Public, to: Point, tags: Sequence[str]) -> Choice:
    """Return which tags go to the release that a person named.

    Args:
        rules: the tags of the configuration.
        public: what is public.
        to: where.
        tags: which tags; they may be of another line. Empty for those of the release itself.

    Raises:
        ConfigError: there is no such tag; or the tags name several releases, of which one must be meant.
    """
    if tags:
        return Choice(known_tags(rules, public, tags), to.version)
    wanted = moving_tags(rules, to.version) if to.version else ()
    if not wanted:
        raise ConfigError(
            f"nothing says which tags belong to {to.label}",
            hint=f"say it: shipseal release rollback --to {to.version or to.digest} --tags TAG",
        )
    left = {
        tag.name: {digest for digest in public.named(tag.name).values() if digest} - {to.digest}
        for tag in wanted
    }
    if len(set().union(*left.values())) > 1:
        raise _several(public, left)
    return Choice(wanted, to.version, _of_the_left(rules, public, wanted, left))


def _of_the_left(
    rules: Sequence[TagRule],
    public: Public,
    wanted: Iterable[PlannedTag],
    left: Mapping[str, set[Digest]],
) -> tuple[tuple[str, str], ...]:
    """Return the other tags of the release that is left: of a line to which the destination does not belong."""
    names = {tag.name for tag in wanted}
    found = {}
    for digest in set().union(*left.values()):
        version = public.version_of(digest)
        for tag in moving_tags(rules, version) if version else ():
            if tag.name not in names and digest in public.named(tag.name).values():
                found[tag.name] = "the release does not belong to it"
    return tuple(found.items())


def _several(public: Public, left: Mapping[str, set[Digest]]) -> ConfigError:
    told = [
        f"{tag} names {', '.join(sorted(public.version_of(one) or one for one in digests))}"
        for tag, digests in left.items()
        if digests
    ]
    return ConfigError(
        f"the tags name more than one release: {'; '.join(told)}",
        hint="say which of them are to move: --tags TAG",
        context={"tags": ", ".join(left)},
    )


def known_tags(
    rules: Sequence[TagRule], public: Public, names: Sequence[str]
) -> tuple[PlannedTag, ...]:
    """Return the tags that a person named, if they are tags that move.

    Raises:
        ConfigError: one is a version tag, which never moves, or is no tag of the configuration.
    """
    movable = {tag.name: tag for version in public.versions for tag in moving_tags(rules, version)}
    for name in names:
        if name in public.versions.values():
            raise ConfigError(
                f"tag {name!r} is the tag of a version, which never names anything else",
                hint="name a tag that moves, such as latest",
                context={"tag": name},
            )
        if name not in movable:
            raise ConfigError(
                f"tag {name!r} is none that moves: {', '.join(sorted(movable)) or 'there are none'}",
                hint="name tags that the templates in tags: give for a public version",
                context={"tag": name},
            )
    return in_write_order(movable[name] for name in dict.fromkeys(names))


def _digests(public: Public, version: str) -> set[Digest]:
    return {digest for digest in public.digests(version).values() if digest}


def _is_final(text: str) -> bool:
    parsed = Version.parse(text)
    return parsed is not None and not parsed.prerelease
