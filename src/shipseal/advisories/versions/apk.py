"""Alpine's order, as apk-tools 3 compares (``src/version.c``).

A version is ``1.2.3a_rc1_p2~0c1d-r4``: numbers, at most one letter, suffixes, a commit, a revision. Tokens are compared
from the left; where one version ends or has a token of another kind, the kind decides: a further number is newer than a
letter, then a suffix, its number, the commit, the revision, the end, and a suffix of a pre-release is older than that.
"""

import re

from shipseal.advisories.versions.scheme import MAX_DIGITS, Key, Scheme

_FORM = re.compile(
    r"(?P<numbers>\d+(?:\.\d+)*)(?P<letter>[a-z])?"
    r"(?P<suffixes>(?:_(?:alpha|beta|pre|rc|cvs|svn|git|hg|p)\d*)*)"
    r"(?:~(?P<commit>[0-9a-f]+))?(?:-r(?P<revision>\d+))?"
)
_SUFFIX = re.compile(r"_([a-z]+)(\d*)")
_PRE = ("alpha", "beta", "pre", "rc")
_POST = ("cvs", "svn", "git", "hg", "p")
# Kinds of tokens, the one that makes a version newest last.
_PRE_RELEASE, _END, _REVISION, _COMMIT, _SUFFIX_NUMBER, _POST_RELEASE, _LETTER, _NUMBER = range(8)
_Token = tuple[int, int, str]


class ApkScheme(Scheme):
    """Versions of Alpine packages; a leading ``v`` before a digit is dropped, as Grype does."""

    name = "apk"

    def _parse(self, version: str) -> Key | None:
        text = version[1:] if re.match(r"[vV]\d", version) else version
        match = _FORM.fullmatch(text)
        if match is None or re.search(rf"\d{{{MAX_DIGITS + 1}}}", text):
            return None
        tokens = _numbers(match["numbers"])
        if match["letter"]:
            tokens.append((_LETTER, 0, match["letter"]))
        for word, digits in _SUFFIX.findall(match["suffixes"]):
            tokens.append(_suffix(word))
            if digits:
                tokens.append((_SUFFIX_NUMBER, int(digits), ""))
        if match["commit"]:
            tokens.append((_COMMIT, 0, match["commit"]))
        if match["revision"]:
            tokens.append((_REVISION, int(match["revision"]), ""))
        return (*tokens, (_END, 0, ""))


def _numbers(text: str) -> list[_Token]:
    """Return the number tokens. After the first one a leading zero makes it text: 1.01 is older than 1.1."""
    first, *others = text.split(".")
    return [
        (_NUMBER, int(first), ""),
        *((_NUMBER, 0, word) if word[0] == "0" else (_NUMBER, int(word), "") for word in others),
    ]


def _suffix(word: str) -> _Token:
    if word in _PRE:
        return _PRE_RELEASE, _PRE.index(word), ""
    return _POST_RELEASE, _POST.index(word), ""
