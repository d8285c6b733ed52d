"""The keys of an ignore rule: Grype's own, and those that shipseal reads besides, under the spellings in use."""

import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches

# Grype's own keys of a rule, and of its package.
RULE_KEYS = (
    "vulnerability",
    "include-aliases",
    "reason",
    "namespace",
    "fix-state",
    "package",
    "vex-status",
    "vex-justification",
    "match-type",
)
PACKAGE_KEYS = ("name", "version", "language", "type", "location", "upstream-name")
# How each of ours is spelled in the documentation, and how others spell it; dashes, underscores and case do not count.
SPELLINGS: Mapping[str, tuple[str, ...]] = {
    "until": (
        "expires", "expiry", "expires-after", "expires-at", "expires-on", "expired-at", "expire", "expiration",
        "expiration-date", "expiry-date", "exp", "valid-until", "ignore-until", "until", "end-date",
    ),
    "owner": ("owner", "owners", "owned-by", "contact", "responsible", "assignee"),
    "tracking": (
        "tracking", "tracking-link", "tracking-url", "upstream", "upstream-issue", "upstream-tracking", "upstream-link",
        "upstream-tracking-link", "upstream-tracking-issue", "reference", "references", "link",
    ),
    "issue": ("issue", "issue-url", "tracking-issue", "own-issue", "ticket", "ticket-url", "jira"),
    "impact": (
        "impact", "impact-assessment", "risk", "risk-assessment", "risk-assessed", "assessment", "impact-statement",
    ),
    "component": (
        "component", "components", "affected-component", "affected-components", "affected-package", "affected",
    ),
    "remove_when": (
        "remove-when", "remove", "removal", "removal-criteria", "removal-criterion", "remove-criteria", "remove-after",
    ),
    "description": ("description", "summary", "title", "statement", "justification"),
}  # fmt: skip
_SEPARATORS = re.compile(r"[-_\s]+")


# Letters beyond ASCII whose small one is in ASCII, where Go looks for it; they would hide a key from a reader.
_SMALL = str.maketrans({"\u0130": "i", "\u017f": "s", "\u212a": "k"})


def grype_key(word: str) -> str:
    """Return a key as Grype compares it: without case."""
    return word.translate(_SMALL).lower()


def plain_key(word: str) -> str:
    """Return a key without what does not count in ours: case, dashes, underscores and spaces."""
    return _SEPARATORS.sub("", word).lower()


# What shipseal reads besides, by plain key.
OWN_KEYS: Mapping[str, str] = {
    plain_key(spelling): field for field, spellings in SPELLINGS.items() for spelling in spellings
}
# Grype's other settings, which are not used here.
OTHER_SETTINGS = frozenset({
    "add-cpes-if-none", "alerts", "by-cve", "check-for-app-update", "db", "default-image-pull-source", "dev", "distro",
    "exclude", "exp", "external-sources", "fail-on-severity", "file", "fix-channel", "from", "log", "match",
    "match-upstream-kernel-headers", "name", "only-fixed", "only-notfixed", "ignore-states", "ignore-wontfix", "output",
    "output-template-file", "platform", "pretty", "quiet", "registry", "search", "show-suppressed", "sort-by",
    "timestamp", "vex-add", "vex-documents",
})  # fmt: skip


def rule_words() -> tuple[str, ...]:
    """Return every key that a rule may have, as people write it."""
    return (*RULE_KEYS, *(word for words in SPELLINGS.values() for word in words))


def meant(word: str, known: Iterable[str]) -> str:
    """Return the key that ``word`` was probably meant to be; empty when there is none like it."""
    close = get_close_matches(word.replace("_", "-"), list(known), n=1)
    return close[0] if close else ""
