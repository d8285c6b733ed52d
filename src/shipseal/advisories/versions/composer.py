"""The order of PHP's packages: Composer's version strings in the order of PHP's ``version_compare``.

Sources: https://getcomposer.org/doc/articles/versions.md (Stabilities), composer/semver's ``VersionParser``, and the
manual of ``version_compare``. One to four numbers, then a stability: ``dev < alpha < beta < RC < none < patch``; unlike
in a semantic version, ``2.4.4-p8`` is newer than ``2.4.4``.
"""

import re

from shipseal.advisories.versions.scheme import MAX_DIGITS, Key, Scheme
from shipseal.advisories.versions.semver import semver_key

_FORM = re.compile(
    r"v?(?P<numbers>\d+(?:\.\d+){0,3})"
    r"(?:[._-]?(?P<word>stable|beta|b|rc|alpha|a|patch|pl|p)(?P<counts>(?:[.-]?\d+)*))?"
    r"(?P<dev>[.-]?dev)?(?:\+[^\s]*)?",
    re.IGNORECASE,
)
_STAGES = {
    **dict.fromkeys(("a", "alpha"), -3),
    **dict.fromkeys(("b", "beta"), -2),
    "rc": -1,
    "stable": 0,
    **dict.fromkeys(("p", "pl", "patch"), 1),
}
_DEV = -4
_UNKNOWN = -5  # a word that Composer does not know; PHP takes it for older than all that it knows


class ComposerScheme(Scheme):
    """Versions of PHP packages; a branch such as ``dev-main`` is none that can be ordered."""

    name = "composer"

    def _parse(self, version: str) -> Key | None:
        text = version.strip()
        match = _FORM.fullmatch(text)
        if match is None:
            return self._semantic(text)
        if re.search(rf"\d{{{MAX_DIGITS + 1}}}", text):
            return None
        numbers = [int(number) for number in match["numbers"].split(".")]
        while numbers and not numbers[-1]:
            numbers.pop()
        counts = tuple(map(int, re.findall(r"\d+", match["counts"] or "")))
        if match["dev"] and not match["word"]:
            return tuple(numbers), _DEV, (), 1, ()
        stage = _STAGES[(match["word"] or "stable").lower()]
        return tuple(numbers), stage, counts, 0 if match["dev"] else 1, ()

    def _semantic(self, text: str) -> Key | None:
        """Read what is a semantic version all the same, with a word for its pre-release that Composer does not know."""
        key = semver_key(text)
        if not isinstance(key, tuple):
            return None
        numbers, words = key
        return numbers, _UNKNOWN, (), 0, words
