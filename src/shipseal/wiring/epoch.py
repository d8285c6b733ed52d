"""The time that whatever is made may claim, as the environment states it."""

from collections.abc import Mapping

from shipseal.errors import ConfigError

_NAME = "SOURCE_DATE_EPOCH"


def stated_epoch(env: Mapping[str, str]) -> int | None:
    """Return SOURCE_DATE_EPOCH in seconds since 1970, or None when it is not set (reproducible-builds.org).

    Raises:
        ConfigError: it is no number.
    """
    text = env.get(_NAME, "")
    if not text:
        return None
    # Other scripts have digits too, which int() takes and no other tool does.
    if not (text.isascii() and text.isdecimal()):
        raise ConfigError(
            f"{_NAME}: expected seconds since 1970, got {text!r}",
            hint="set it to a whole number, for example $(git log -1 --format=%ct), or unset it",
            context={"variable": _NAME},
        )
    return int(text)
