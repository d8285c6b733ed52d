"""Debian's order (Debian policy 5.6.12, ``deb-version(7)``), as dpkg compares."""

import re

from shipseal.advisories.versions.scheme import MAX_DIGITS, Key, Scheme

_FORM = re.compile(
    r"(?:(?P<epoch>\d{1,9}):)?(?P<upstream>\d[A-Za-z0-9.+:~-]*?)(?:-(?P<revision>[A-Za-z0-9.+~]+))?"
)
_PART = re.compile(r"(\D*)(\d*)")
_TILDE, _END = -1, 0


class DebScheme(Scheme):
    """``[epoch:]upstream[-revision]``; a missing epoch and a missing revision count as zero."""

    name = "deb"

    def _parse(self, version: str) -> Key | None:
        match = _FORM.fullmatch(version.strip())
        if match is None or (match["epoch"] is None and ":" in match["upstream"]):
            return None
        upstream, revision = _weights(match["upstream"]), _weights(match["revision"] or "")
        if upstream is None or revision is None:
            return None
        return (int(match["epoch"] or 0), upstream, revision)


def _weights(text: str) -> tuple[int, ...] | None:
    """Return the numbers whose lexical order is dpkg's.

    Text and digits alternate. In text ``~`` sorts before the end, the end before letters, letters before the rest; a
    final "end of text" makes a longer version compare with it where the shorter one stops. No text at all counts as 0.
    """
    weights: list[int] = []
    for word, digits in _PART.findall(text or "0"):
        if len(digits) > MAX_DIGITS:
            return None
        if word or digits:
            weights += [_weight(character) for character in word]
            weights += (_END, int(digits or 0))
    return (*weights, _END)


def _weight(character: str) -> int:
    if character == "~":
        return _TILDE
    return ord(character) if character.isalpha() else ord(character) + 256
