"""RubyGems' order (``Gem::Version`` in rubygems/version.rb)."""

import re

from shipseal.advisories.versions.scheme import MAX_DIGITS, Key, Scheme

_FORM = re.compile(r"[0-9]+(?:\.[0-9a-zA-Z]+)*(?:-[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?")
_SEGMENT = re.compile(r"[0-9]+|[a-zA-Z]+")
# A gem built for a platform carries it after its version: nokogiri 1.16.2-x86_64-linux.
_PLATFORM = re.compile(
    r"-(?:x86|universal|arm|aarch64|java|dalvik|x64|powerpc|sparc|mswin|mingw).*", re.IGNORECASE
)
_WORD, _END, _NUMBER = -1, 0, 1


class GemScheme(Scheme):
    """Words sort before numbers, a missing segment is zero, and ``-`` means a pre-release."""

    name = "gem"

    def _parse(self, version: str) -> Key | None:
        text = _PLATFORM.sub("", version.strip())
        if not _FORM.fullmatch(text) or re.search(rf"\d{{{MAX_DIGITS + 1}}}", text):
            return None
        segments = _SEGMENT.findall(text.replace("-", ".pre."))
        return _key(_canonical(segments))


def _canonical(segments: list[str]) -> list[str]:
    """Drop zeros at the end, and before the first word: 1.0.a is 1.a."""
    first_word = next((i for i, part in enumerate(segments) if part[0].isalpha()), len(segments))
    return _without_zeros(segments[:first_word]) + _without_zeros(segments[first_word:])


def _without_zeros(segments: list[str]) -> list[str]:
    while segments and segments[-1].isdigit() and not int(segments[-1]):
        segments = segments[:-1]
    return segments


def _key(segments: list[str]) -> Key:
    """Return a tuple whose order is that of the segments followed by zeros without end.

    Each segment that is not zero is kept with the zeros before it: a word after fewer zeros makes a version older, a
    number after fewer zeros makes it newer, and the end stands between the two.
    """
    parts: list[tuple[int, int, int, str]] = []
    zeros = 0
    for segment in segments:
        if segment[0].isalpha():
            parts.append((_WORD, zeros, 0, segment))
        elif int(segment):
            parts.append((_NUMBER, -zeros, int(segment), ""))
        else:
            zeros += 1
            continue
        zeros = 0
    return (*parts, (_END, 0, 0, ""))
