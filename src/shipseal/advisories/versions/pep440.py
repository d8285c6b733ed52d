"""Python's order (https://packaging.python.org/specifications/version-specifiers/).

Read by a pattern of its own: the ``packaging`` library takes 8 ms to import, more than the scan of a small SBOM itself
takes. Tests compare both on random versions and on those of real advisories.
"""

import re
from typing import TypeAlias

from shipseal.advisories.versions.scheme import MAX_DIGITS, Key, Scheme, order

_FORM = re.compile(
    r"v?(?:(?P<epoch>[0-9]+)!)?(?P<release>[0-9]+(?:\.[0-9]+)*)"
    r"(?:[-_.]?(?P<pre>alpha|a|beta|b|preview|pre|c|rc)[-_.]?(?P<pre_n>[0-9]+)?)?"
    r"(?:-(?P<implicit>[0-9]+)|[-_.]?(?P<post>post|rev|r)[-_.]?(?P<post_n>[0-9]+)?)?"
    r"(?:[-_.]?(?P<dev>dev)[-_.]?(?P<dev_n>[0-9]+)?)?"
    r"(?:\+(?P<local>[a-z0-9]+(?:[-_.][a-z0-9]+)*))?",
    re.IGNORECASE | re.ASCII,
)
_LONG = re.compile(rf"\d{{{MAX_DIGITS + 1}}}")
_PRE = {"alpha": "a", "beta": "b", "c": "rc", "pre": "rc", "preview": "rc"}
# A version that is only a development release comes before all its pre-releases; one without comes behind them.
_BEFORE_ALL, _AFTER_ALL = (-1, "", 0), (1, "", 0)
_Local: TypeAlias = "tuple[tuple[int, int, str], ...]"
_Parts: TypeAlias = (
    "tuple[int, tuple[int, ...], tuple[int, str, int], int, tuple[int, int], _Local]"
)


class Pep440Scheme(Scheme):
    """Versions of Python packages.

    Against a bound, the local label of an installed version (``1.0+debian1``) counts only if the bound has one, too, as
    in the matching of version specifiers.
    """

    name = "pep440"

    def compare_bound(self, version: str, bound: str) -> int | None:
        """See :meth:`Scheme.compare_bound`."""
        left, right = self.key(version), self.key(bound)
        if not isinstance(left, tuple) or not isinstance(right, tuple):
            return None
        if left[-1] and not right[-1]:
            left = (*left[:-1], ())
        return order(left, right)

    def _parse(self, version: str) -> Key | None:
        match = _FORM.fullmatch(version.strip())
        if match is None or _LONG.search(version):
            return None
        release = [int(number) for number in match["release"].split(".")]
        while release and not release[-1]:
            release.pop()
        parts: _Parts = (
            int(match["epoch"] or 0),
            tuple(release),
            _pre_release(match),
            _post_release(match),
            (0, int(match["dev_n"] or 0)) if match["dev"] else (1, 0),
            _local(match["local"]),
        )
        return parts


def _pre_release(match: "re.Match[str]") -> tuple[int, str, int]:
    word = match["pre"]
    if word:
        word = word.lower()
        return 0, _PRE.get(word, word), int(match["pre_n"] or 0)
    return _BEFORE_ALL if match["dev"] and _post_release(match) < 0 else _AFTER_ALL


def _post_release(match: "re.Match[str]") -> int:
    if match["implicit"] is not None:
        return int(match["implicit"])
    return int(match["post_n"] or 0) if match["post"] else -1


def _local(text: str | None) -> _Local:
    """Return the parts of a local label, numbers behind words; nothing where there is none."""
    if not text:
        return ()
    return tuple(
        (1, int(part), "") if part.isdigit() else (0, 0, part)
        for part in re.split(r"[-_.]", text.lower())
    )
