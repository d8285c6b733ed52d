"""RPM's order (``rpmvercmp`` and ``rpmverCmp`` in rpm's rpmio; https://rpm-software-management.github.io/rpm/manual).

``[epoch:]version[-release]``. Version and release are runs of digits and of letters; what stands between them only
separates. Digits are newer than letters, ``~`` is older than the end, ``^`` is newer than the end and older than
anything else.
"""

import re

from shipseal.advisories.versions.scheme import MAX_DIGITS, Key, Scheme

_FORM = re.compile(r"(?:(?P<epoch>\d*):)?(?P<version>[^\s:-][^\s-]*)(?:-(?P<release>[^\s-]*))?")
_SEGMENT = re.compile(r"[0-9]+|[A-Za-z]+|~|\^")
_TILDE, _END, _CARET, _WORD, _NUMBER = range(5)
_Token = tuple[int, int, str]


class RpmScheme(Scheme):
    """A missing epoch is zero, and a missing release is older than any."""

    name = "rpm"

    def _parse(self, version: str) -> Key | None:
        match = _FORM.fullmatch(version.strip())
        if match is None or re.search(rf"\d{{{MAX_DIGITS + 1}}}", version):
            return None
        return (
            int(match["epoch"] or 0),
            _tokens(match["version"]),
            _tokens(match["release"] or ""),
        )


def _tokens(text: str) -> tuple[_Token, ...]:
    return (*map(_token, _SEGMENT.findall(text)), (_END, 0, ""))


def _token(word: str) -> _Token:
    if word == "~":
        return _TILDE, 0, ""
    if word == "^":
        return _CARET, 0, ""
    return (_NUMBER, int(word), "") if word[0].isdigit() else (_WORD, 0, word)
