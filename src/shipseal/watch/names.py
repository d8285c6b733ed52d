"""How GitHub names jobs: ``build (amd64)`` of a matrix, ``caller / job`` of a reusable workflow, and both at once.

Source: GitHub's documentation, "Running variations of jobs in a workflow" and "Reusing workflow configurations".
"""

import difflib
import re
from collections.abc import Iterable

# GitHub cuts names with a matrix' values after 97 characters and puts dots there.
_MATRIX = re.compile(r"\s+\(.*(\)|\.\.\.)$", re.DOTALL)


def names_of(job: str) -> frozenset[str]:
    """Return all names by which ``job`` may be expected: as shown, its parts, and these without a matrix' values."""
    path = job.split(" / ")
    parts = [job, " / ".join(_MATRIX.sub("", part) for part in path), *path]
    return frozenset(name.strip() for part in parts for name in (part, _MATRIX.sub("", part)))


def is_job(expected: str, job: str) -> bool:
    """Return whether ``job`` is what ``expected`` means."""
    return expected in names_of(job)


def nearest(expected: str, there: Iterable[str]) -> str:
    """Return the name that ``expected`` may have become; empty when none is like it."""
    names = {_plain(name): name for name in there}
    found = difflib.get_close_matches(_plain(expected), names, n=1, cutoff=0.6)
    return names[found[0]] if found else ""


def _plain(name: str) -> str:
    return re.sub(r"[\W_]+", " ", name.casefold()).strip()
