"""The releases of this machine: those that can be read, and those whose journal cannot."""

from dataclasses import dataclass
from pathlib import Path

import msgspec

from shipseal.errors import ConfigError, ShipsealError
from shipseal.release.folders import StateFolder, is_id_of
from shipseal.release.journal import Damage, Event, load_begun
from shipseal.release.lock import Holder, ReleaseLock
from shipseal.release.result import ReleaseResult, result_of
from shipseal.release.state import ReleaseState, replay


@dataclass(frozen=True, slots=True)
class Known:
    """A release that has a journal on this machine.

    Attributes:
        identifier: its id.
        events: the journal.
        state: what they add up to.
        holder: who is running it now; None when nobody is.
        damage: where the journal is damaged, so that more may have happened than the state says.
        written: nanoseconds, when the journal was last written: tells apart what happened within a second.
    """

    identifier: str
    events: tuple[Event, ...]
    state: ReleaseState
    holder: Holder | None
    damage: Damage | None
    written: int

    def result(self) -> ReleaseResult:
        """Return the release as it stands."""
        return result_of(self.state)


class Unreadable(msgspec.Struct, frozen=True):
    """A release whose journal cannot be read.

    Attributes:
        release: its id.
        journal: the path.
        reason: why it cannot be read; names the path.
        hint: what to do.
    """

    release: str
    journal: Path
    reason: str
    hint: str


@dataclass(frozen=True, slots=True)
class Survey:
    """What there is on this machine.

    Attributes:
        releases: the newest last.
        unreadable: by id.
    """

    releases: tuple[Known, ...]
    unreadable: tuple[Unreadable, ...]

    def latest(self) -> Known:
        """Return the release in which something happened last.

        Raises:
            ConfigError: there is none that can be read.
        """
        newest = max(self.releases, key=_last_change, default=None)
        if newest is None:
            raise ConfigError(
                f"no releases on this machine{self._and_unreadable()}",
                hint="start one: shipseal release --version V",
            )
        return newest

    def unfinished(self) -> Known:
        """Return the only release that can be resumed.

        Raises:
            ConfigError: there is none, or there are several; the message lists them.
        """
        open_ones = [release for release in self.releases if release.state.can_resume]
        if len(open_ones) == 1:
            return open_ones[0]
        names = ", ".join(release.identifier for release in open_ones)
        raise ConfigError(
            f"{len(open_ones) or 'no'} releases can be resumed{': ' + names if names else ''}{self._and_unreadable()}",
            hint="name one: shipseal release resume ID"
            if open_ones
            else "start one: shipseal release --version V",
        )

    def _and_unreadable(self) -> str:
        if not self.unreadable:
            return ""
        return f"; cannot be read: {'; '.join(one.reason for one in self.unreadable)}"


def survey(state: StateFolder) -> Survey:
    """Return every release of this machine; one that was killed in its first line is none yet."""
    found: list[Known] = []
    unreadable: list[Unreadable] = []
    for identifier in state.releases():
        try:
            one = _read(state, identifier)
        except ShipsealError as error:
            path = state.journal(identifier)
            unreadable.append(Unreadable(identifier, path, error.message, error.hint))
        else:
            found += [one] if one else []
    found.sort(key=lambda release: (release.state.started, release.written))
    return Survey(tuple(found), tuple(unreadable))


def known(state: StateFolder, identifier: str) -> Known:
    """Return one release of this machine.

    Raises:
        ConfigError: there is none with that id.
        ReleaseError: its journal is of a newer shipseal, is damaged, or was edited.
    """
    found = _read(state, identifier)
    if found is None:
        raise ConfigError(
            f"no release {identifier!r} on this machine",
            hint="shipseal release list shows those there are",
            context={"release": identifier},
        )
    return found


def find(state: StateFolder, text: str) -> Known:
    """Return the release that an id names, else the newest one of a version that can be read.

    Raises:
        ConfigError: there is none.
        ReleaseError: its journal is of a newer shipseal, is damaged, or was edited.
    """
    if text in state.releases():
        return known(state, text)
    there = survey(state)
    found = [one for one in there.releases if one.state.plan and one.state.plan.version == text]
    if found:
        return found[-1]
    for one in there.unreadable:
        if is_id_of(one.release, text):
            return known(state, one.release)
    return known(state, text)


def unfinished(state: StateFolder, identifier: str | None) -> Known:
    """Return the release to resume: the one that is named, or the only one that is not finished.

    Raises:
        ConfigError: there is none, or there are several and none is named; the message lists them.
        ReleaseError: the journal of the one that is named cannot be read.
    """
    return known(state, identifier) if identifier else survey(state).unfinished()


def all_known(state: StateFolder) -> tuple[Known, ...]:
    """Return every release of this machine that can be read, the newest last."""
    return survey(state).releases


def _read(state: StateFolder, identifier: str) -> Known | None:
    journal = state.journal(identifier)
    loaded = load_begun(journal)
    if not loaded.events:
        return None
    folded = replay(loaded.events)
    plan = folded.plan
    holder = ReleaseLock(state.lock(plan.image, plan.version)).holder() if plan else None
    running = holder if holder and holder.release == identifier else None
    # Whoever runs writes at this moment, and what is written half is no damage.
    damage = loaded.damage if not running else None
    return Known(identifier, loaded.events, folded, running, damage, _written(journal))


def _written(journal: Path) -> int:
    try:
        return journal.stat().st_mtime_ns
    except OSError:
        return 0  # swept away since it was read


def _last_change(release: Known) -> tuple[str, int]:
    return release.state.last, release.written
