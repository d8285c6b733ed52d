"""The time that whatever is made may claim, as the environment states it."""

from collections.abc import Mapping

from shipseal.errors import ConfigError

_NAME = "SOURCE_DATE_EPOCH"
# The last second of the year 9999, beyond which RFC 3339 has no times.
_LAST = 253_402_300_799


def stated_epoch(env: Mapping[str, str]) -> int | None:
    """Return SOURCE_DATE_EPOCH in seconds since 1970, or None when it is not set (reproducible-builds.org).

    Raises:
        ConfigError: it is no number, or beyond the year 9999.
    """
    text = env.get(_NAME, "")
    if not text:
        return None
    # Other scripts have digits too, which int() takes and no other tool does.
    number = text.lstrip("0") or "0"
    whole = text.isascii() and text.isdecimal() and len(number) <= len(str(_LAST))
    if not whole or int(number) > _LAST:
        raise ConfigError(
            f"{_NAME}: expected seconds since 1970, up to the year 9999, got {text[:60]!r}",
            hint="set it to a whole number, for example $(git log -1 --format=%ct), or unset it",
            context={"variable": _NAME},
        )
    return int(number)
