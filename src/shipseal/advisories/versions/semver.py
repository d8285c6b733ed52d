"""Semantic versions (https://semver.org, section 11) as npm, Cargo, Composer and Go write them.

More is read than the specification allows, because advisories and packages hold it: a leading ``v``, one to four
numbers, and ``.alpha``, ``.beta``, ``.rc`` (also glued to the number) for a pre-release. Build metadata never counts.
"""

import re

from shipseal.advisories.versions.scheme import MAX_DIGITS, Key, Scheme

_FORM = re.compile(
    r"[vV=]?(?P<numbers>\d+(?:\.\d+){0,3})"
    r"(?:-(?P<pre>[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?"
    r"(?:\+[0-9A-Za-z.+-]*)?"
)
_LOOSE = re.compile(r"(?<=\d)\.?(alpha|beta|rc)(?=[.\d+-]|$)", re.IGNORECASE)
_GLUED = re.compile(r"(?P<numbers>v?\d+\.\d+(?:\.\d+)?)(?P<word>[A-Za-z][A-Za-z-]*)(?P<rest>.*)")
_RELEASE = ((2, 0, ""),)


class SemverScheme(Scheme):
    """npm, crates.io, Packagist, Bitnami."""

    name = "semver"

    def _parse(self, version: str) -> Key | None:
        return semver_key(version.strip())


class GoScheme(Scheme):
    """Go modules, and the toolchain's own versions (``go1.22rc1`` is 1.22.0-rc.1)."""

    name = "go"

    def _parse(self, version: str) -> Key | None:
        text = version.strip().removeprefix("go")
        plain, plus, build = text.partition("+")
        glued = _GLUED.fullmatch(plain)
        if glued is not None:
            rest = glued["rest"]
            dot = "." if rest and rest[0] not in ".-" else ""
            plain = f"{glued['numbers']}-{glued['word']}{dot}{rest}"
        return semver_key(plain + plus + build)


def semver_key(text: str) -> Key | None:
    """Return the key of a semantic version; trailing zeros of the numbers do not count."""
    match = _FORM.fullmatch(text) or _FORM.fullmatch(_LOOSE.sub(r"-\1", text, count=1))
    if match is None or re.search(rf"\d{{{MAX_DIGITS + 1}}}", text):
        return None
    numbers = [int(number) for number in match["numbers"].split(".")]
    while numbers and not numbers[-1]:
        numbers.pop()
    return tuple(numbers), _pre_release(match["pre"])


def _pre_release(text: str | None) -> tuple[tuple[int, int, str], ...]:
    """Return keys of the identifiers: numbers before words, and any pre-release before none."""
    if text is None:
        return _RELEASE
    return tuple((0, int(word), "") if word.isdigit() else (1, 0, word) for word in text.split("."))
