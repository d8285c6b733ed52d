"""A person's decision to publish in spite of the gate, checked before anything long begins."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from shipseal._internal.clock import rfc3339
from shipseal.config.load import LoadedConfig
from shipseal.config.values import format_duration
from shipseal.errors import ConfigError
from shipseal.ignores.yaml_values import ValueProblemError, as_end
from shipseal.release.context import GlassWish
from shipseal.wiring.person import person
from shipseal.wiring.surroundings import Surroundings

_MOST = 500
"""Characters of a reason or a name: they stand in one line of every verification."""


@dataclass(frozen=True, slots=True)
class GlassAsked:
    """What the command line says of it.

    Attributes:
        reason: why.
        until: the last day, or a time.
        person: who; None for the actor of the job or the user of this machine.
        undecided: whether it is meant for a gate, too, that could not decide.
    """

    reason: str
    until: str
    person: str | None = None
    undecided: bool = False


def glass_wish(asked: GlassAsked, loaded: LoadedConfig, around: Surroundings) -> GlassWish:
    """Return the decision, ready to be recorded.

    Raises:
        ConfigError: it names no reason or person, ends too late or has ended, or ``verify`` would refuse the image.
    """
    if loaded.config.verify.break_glass == "refuse":
        raise ConfigError(
            f"{loaded.path.name}: verify.break_glass is refuse: nothing that --break-glass publishes would be accepted",
            hint="mend what the gate refuses; or accept such images: verify: {break_glass: accept}",
        )
    who = person(around.env) if asked.person is None else asked.person
    return GlassWish(
        reason=_line("--break-glass", asked.reason),
        person=_line("--break-glass-by", who),
        until=_end(asked.until, loaded, around.clock.now()),
        undecided=asked.undecided,
    )


def _end(text: str, loaded: LoadedConfig, now: datetime) -> datetime:
    try:
        end = as_end(text).replace(microsecond=0)
    except ValueProblemError as error:
        raise ConfigError(
            f"--break-glass-until: {error}", hint="write a day, 2026-12-01, or a time of RFC 3339"
        ) from error
    if end <= now:
        raise ConfigError(
            f"--break-glass-until {text}: that ended at {rfc3339(end)}, and now it is {rfc3339(now)}",
            hint="name a day that is still to come",
        )
    most = loaded.config.gate.break_glass_max
    latest = now + timedelta(seconds=most)
    if end > latest:
        raise ConfigError(
            f"--break-glass-until {text}: ends at {rfc3339(end)}, later than {rfc3339(latest)}",
            hint=f"gate.break_glass_max is {format_duration(most)}: name an earlier day",
        )
    return end


def _line(option: str, text: str) -> str:
    found = text.strip()
    if not found or len(found) > _MOST or not found.isprintable():
        raise ConfigError(
            f"{option}: {len(found)} characters, expected one line of 1 to {_MOST}",
            hint="say in a sentence why, for those who will read it in a year",
        )
    return found
