"""Python's order (https://packaging.python.org/specifications/version-specifiers/), by the ``packaging`` library."""

from packaging.version import InvalidVersion, Version

from shipseal.advisories.versions.scheme import Key, Scheme, order


class Pep440Scheme(Scheme):
    """Versions of Python packages.

    Against a bound, the local label of an installed version (``1.0+debian1``) counts only if the bound has one, too, as
    in the matching of version specifiers.
    """

    name = "pep440"

    def compare_bound(self, version: str, bound: str) -> int | None:
        """See :meth:`Scheme.compare_bound`."""
        left, right = self.key(version), self.key(bound)
        if not isinstance(left, Version) or not isinstance(right, Version):
            return None
        if left.local is not None and right.local is None:
            left = self.key(left.public) or left
        return order(left, right)

    def _parse(self, version: str) -> Key | None:
        try:
            return Version(version)
        except InvalidVersion:
            return None
