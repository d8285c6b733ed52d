"""Versions as releases order them: SemVer 2.0.0, with the leniency that people's tags need."""

import re
from dataclasses import dataclass
from functools import total_ordering

_FORM = re.compile(
    r"v?(?P<major>0|[1-9]\d*)(?:\.(?P<minor>0|[1-9]\d*))?(?:\.(?P<patch>0|[1-9]\d*))?"
    r"(?:-(?P<pre>[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?(?:\+[0-9A-Za-z.-]+)?"
)


@total_ordering
@dataclass(frozen=True, slots=True)
class Version:
    """A version that can be compared.

    A leading ``v`` and missing minor or patch numbers are accepted (``v1.4`` is ``1.4.0``); build metadata is
    ignored in comparisons (SemVer 2.0.0, item 10).

    Attributes:
        text: as it was written.
        major: first number.
        minor: second number, 0 when absent.
        patch: third number, 0 when absent.
        prerelease: identifiers after the hyphen; empty for a final release.
    """

    text: str
    major: int
    minor: int
    patch: int
    prerelease: tuple[str, ...]

    @classmethod
    def parse(cls, text: str) -> "Version | None":
        """Return the version, or None when ``text`` has no order (a date with zeros, a branch name)."""
        match = _FORM.fullmatch(text)
        if match is None:
            return None
        major, minor, patch = (int(match[name] or 0) for name in ("major", "minor", "patch"))
        return cls(
            text,
            major,
            minor,
            patch,
            tuple((match["pre"] or "").split(".")) if match["pre"] else (),
        )

    def sort_key(self) -> tuple[tuple[int, int, int], bool, tuple[tuple[bool, int, str], ...]]:
        """Return what two versions are compared by."""
        # Items 11.3 and 11.4: a pre-release is lower; numbers are lower than words and compare as numbers.
        identifiers = tuple(
            (False, int(part), "") if part.isdigit() else (True, 0, part)
            for part in self.prerelease
        )
        return (self.major, self.minor, self.patch), not self.prerelease, identifiers

    def __lt__(self, other: "Version") -> bool:
        return self.sort_key() < other.sort_key()
