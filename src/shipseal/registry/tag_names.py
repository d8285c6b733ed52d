"""Names of tags (distribution-spec, Pulling manifests)."""

import re

from shipseal.errors import ConfigError

_FORM = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")


def is_tag(text: str) -> bool:
    """Return whether ``text`` may be the name of a tag."""
    return _FORM.fullmatch(text) is not None


def check_tag(text: str) -> str:
    """Return ``text`` when it may be the name of a tag.

    Raises:
        ConfigError: ``config.invalid``.
    """
    if not is_tag(text):
        raise ConfigError(
            f"not a tag: {text[:200]!r}",
            hint="a tag has at most 128 of the characters A-Z a-z 0-9 _ . - and begins with none of the last two",
            context={"tag": text[:200]},
        )
    return text
