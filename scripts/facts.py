"""Facts that several pages state, from the one place in the program that decides each.

Thresholds, names, exit statuses and the rule for outages stood in several documents of the runbook, which disagreed;
here a page has them between two comments (``scripts/docs.py``), or in its prose, where :func:`stated` holds them.
"""

import json
import re
from collections.abc import Iterator, Mapping

from shipseal.config.keys import all_keys
from shipseal.errors import EXIT_MEANINGS, URGENCY, Code, Exit, ShipsealError, exit_for
from shipseal.release.checklist_page import PAGE, blank_markdown
from shipseal.release.folders import JOURNAL, RESULTS
from shipseal.release.pages import HTML, SARIF
from shipseal.release.result import Status, closing
from shipseal.sbom.store_limits import STORE_LIMITS

# What people ask first; all others stand in docs/configuration.md.
THRESHOLDS = (
    "gate.fail_on",
    "gate.unknown",
    "gate.gaps",
    "gate.kev",
    "gate.break_glass_max",
    "ignores.unjustified",
    "ignores.require",
    "ignores.warn_before",
    "scan.max_age",
    "verify.require",
    "verify.scan_max_age",
    "timeouts.catalogue",
    "timeouts.scan",
    "timeouts.network",
    "timeouts.retry_deadline",
    "timeouts.wait",
)
_UNITS = {"s": "second", "m": "minute", "h": "hour", "d": "day"}
_DURATION = r"\w+ (?:second|minute|hour|day)s?|\d+[smhd]"
_WORDS = {1: "one", 2: "two", 3: "three"}


_GITHUB = next(limit for limit in STORE_LIMITS if limit.store == "github")


def default_of(name: str) -> str:
    """Return the default of a key of the configuration, as it would be written there.

    Raises:
        KeyError: there is no such key.
    """
    found = {key.name: key.default for key in all_keys()}[name]
    if isinstance(found, list):
        return f"[{', '.join(map(str, found))}]"
    return found if isinstance(found, str) else json.dumps(found)


def spoken(duration: str) -> Iterator[str]:
    """Yield how prose may write a duration such as ``2m``."""
    count, unit = int(duration[:-1]), _UNITS[duration[-1]]
    plural = "" if count == 1 else "s"
    yield duration
    yield f"{count} {unit}{plural}"
    if count in _WORDS:
        yield f"{_WORDS[count]} {unit}{plural}"


def threshold_rows() -> list[list[str]]:
    """Return each threshold with its default and what it decides."""
    described = {key.name: key.description for key in all_keys()}
    rows = [[f"`{name}`", f"`{default_of(name)}`", described[name]] for name in THRESHOLDS]
    return [
        *rows,
        *(
            [f"{limit.store}: {limit.name}", f"{limit.size:,} bytes", f"of the {limit.counts}"]
            for limit in STORE_LIMITS
            if limit.verified
        ),
    ]


def exit_rows() -> list[list[str]]:
    """Return each exit status with its meaning."""
    return [[str(int(each)), EXIT_MEANINGS[each]] for each in Exit]


def exit_order() -> str:
    """Return which status wins where a command would end with several."""
    numbers = [str(int(each)) for each in URGENCY if each is not Exit.OK]
    first, rest = numbers[0], numbers[1:]
    return f"Several at once: {first} before {', '.join(rest[:-1])} and {rest[-1]}.\n"


def outage_rows(errors_page: str) -> list[list[str]]:
    """Return how a release stands that ended with each code.

    Args:
        errors_page: ``docs/errors.md``, which says of each code whether the same command may succeed later.
    """
    again = dict(
        re.findall(r"^### (\S+)\n.*\n\*\*Exit \d+, again: (\w+)", errors_page, re.MULTILINE)
    )
    ends: dict[str, list[Code]] = {}
    for code in Code:
        if exit_for(code) is not Exit.OK:
            passing = again[str(code)] != "no"
            status = closing(ShipsealError(code, "", retryable=passing)).status
            ends.setdefault(status, []).append(code)
    return [
        [f"`{status}`", ", ".join(f"[`{code}`](errors.md#{code})" for code in codes)]
        for status, codes in ends.items()
    ]


def names() -> list[list[str]]:
    """Return the names that people and scripts meet, and what bears them."""
    return [
        [f"`.shipseal/releases/ID/{JOURNAL}`", "the journal of a release, one JSON object a line"],
        [
            f"`.shipseal/releases/ID/{RESULTS}/{HTML}`",
            "the scan as a page that works without network",
        ],
        [f"`.shipseal/releases/ID/{RESULTS}/{SARIF}`", "the scan for code scanning"],
        [
            f"`.shipseal/releases/ID/{RESULTS}/{PAGE}`",
            "the [checklist](release-checklist.md), ticked",
        ],
        ["`*-scan-results`", "a job's artifact with these results"],
        [", ".join(f"`{word}`" for word in _statuses()), "how a release stands"],
    ]


def _statuses() -> list[str]:
    return [
        Status.DONE,
        Status.PENDING,
        Status.REFUSED,
        Status.FAILED,
        Status.PARTLY_PROMOTED,
    ]


def checklist() -> str:
    """Return the items of every release's checklist, not ticked."""
    return blank_markdown()


def stated() -> Mapping[str, tuple[str, ...]]:
    """Return patterns of prose with one group, and what the group may be.

    A page may state a fact in its own words, as long as it is the fact.
    """
    return {
        rf"`gate\.break_glass_max` \(({_DURATION})\)": tuple(
            spoken(default_of("gate.break_glass_max"))
        ),
        rf"`timeouts\.retry_deadline` \(({_DURATION})\)": tuple(
            spoken(default_of("timeouts.retry_deadline"))
        ),
        rf"`scan\.max_age` \(({_DURATION})": tuple(spoken(default_of("scan.max_age"))),
        r"(\w+) by default, ignores\s+from `\.grype\.yaml`": (default_of("gate.fail_on"),),
        r"store takes (\d\d,\d{3},\d{3}) bytes": (f"{_GITHUB.size:,}",),
    }


def wrong_exits(text: str) -> list[str]:
    """Return the places of ``text`` that give a code another exit status than it has."""
    codes = "|".join(re.escape(code) for code in Code)
    pattern = re.compile(rf"`({codes})`(?:\]\([^)]*\))?,? \(?exit (\d+)")
    return [
        found[0]
        for found in pattern.finditer(re.sub(r"\s+", " ", text))
        if int(exit_for(Code(found[1]))) != int(found[2])
    ]
