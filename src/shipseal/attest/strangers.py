"""Whether somebody who is nobody here could get a name that a pattern matches.

A list of strangers' names finds ``**``, and not ``*/app`` or a file name that any repository may have. So names are
made from the pattern itself: what it leaves open is filled with a stranger's name, and where a regular expression has
no anchor, a stranger's name is put before it or behind. If what comes out matches and belongs to a stranger, the
pattern keeps nobody out. A regular expression that is too involved for that is tried on the list alone.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import product

from shipseal.attest.patterns import Form, Pattern

STRANGER = "somestranger"
HOME = f"https://github.com/{STRANGER}/{STRANGER}"
_RELEASE = f"{HOME}/.github/workflows/release.yml@refs/heads"
LISTED: dict[str, tuple[str, ...]] = {
    "issuer": (f"https://{STRANGER}.example", f"https://accounts.{STRANGER}.example/oauth"),
    "subject": (
        f"{_RELEASE}/main",
        f"{HOME}/.github/workflows/publish.yml@refs/tags/v1.0.0",
        f"https://gitlab.com/{STRANGER}/{STRANGER}//.gitlab-ci.yml@refs/heads/main",
        f"{STRANGER}@{STRANGER}.example",
        *(f"{STRANGER}@{host}" for host in ("gmail.com", "outlook.com", "hotmail.com")),
    ),
    "repository": (
        f"{STRANGER}/{STRANGER}",
        HOME,
        f"https://gitlab.com/{STRANGER}/{STRANGER}",
    ),
    "owner": (STRANGER, f"https://github.com/{STRANGER}"),
    "repository_id": ("918273645",),
    "owner_id": ("918273645",),
}
"""Names that strangers have, by field."""

# A git ref may hold nearly everything, so that whatever is looked for anywhere can stand in a stranger's ref.
_BEFORE = ("", STRANGER, HOME, f"{HOME}/", f"{_RELEASE}/", f"{_RELEASE}/x", f"https://{STRANGER}.")
_BEHIND = ("", "/.github/workflows/release.yml@refs/heads/main", "@refs/heads/main", "refs/heads/x")
_ELSEWHERE = f".{STRANGER}.example"
_DIGITS = re.compile(r"(\\d|\[0-9\])([*+]\??|\{[\d,]*\})?")
_OPEN = re.compile(r"(\.|\\[SwW]|\[[^\]]+\])([*+]\??|\{[\d,]*\})")
_GROUP = re.compile(r"\((?:\?:)?([^()|]*)(?:\|[^()]*)?\)")


def lets_strangers_in(name: str, pattern: Pattern) -> bool:
    """Return whether the field ``name`` of a stranger's certificate could match ``pattern``."""
    folding = replace(pattern, fold=True)
    listed = LISTED[name]
    if any(folding.matches(value) for value in listed):
        return True
    return any(
        _is_strangers(name, value) and folding.matches(value) for value in _possible(pattern)
    )


def lets_any_workflow_in(pattern: Pattern) -> bool:
    """Return whether any workflow of any repository of the owner, whom a subject names, matches ``pattern``."""
    folding = replace(pattern, fold=True)
    for value in _possible(pattern):
        scheme, mark, rest = value.partition("://")
        parts = rest.split("/")
        if mark and len(parts) > 1 and parts[1]:
            other = f"{scheme}://{parts[0]}/{parts[1]}/{STRANGER}"
            if folding.matches(f"{other}/.github/workflows/{STRANGER}.yml@refs/heads/{STRANGER}"):
                return True
    return False


def is_any_workflow(pattern: Pattern | None) -> bool:
    """Return whether a workflow's name or title is left open altogether; None is."""
    if pattern is None:
        return True
    return pattern.matches(
        f"{HOME}/.github/workflows/{STRANGER}.yml@refs/heads/{STRANGER}"
    ) or pattern.matches(STRANGER)


def _possible(pattern: Pattern) -> Iterator[str]:
    """Yield some values that may match, with a stranger's name wherever the pattern leaves something open."""
    if pattern.form is Form.EXACT:
        yield pattern.text
        return
    for filler in (STRANGER, f"{STRANGER}/{STRANGER}"):
        if pattern.form is Form.GLOB:
            yield re.sub(r"\*\*+", filler, pattern.text).replace("*", STRANGER)
            continue
        for piece in _pieces(pattern.text):
            plain = _sample(piece, STRANGER)
            if filler == STRANGER or not _is_address(plain):
                yield from _within(_sample(piece, filler))


def _pieces(text: str) -> list[str]:
    """Return the outermost alternatives of a plain regular expression, with the first of those within."""
    text = re.sub(r"^\(\?[a-z]+\)", "", text)
    while (simpler := _GROUP.sub(r"\1", text)) != text:
        text = simpler
    return text.split("|")


def _sample(piece: str, filler: str) -> str:
    """Return a text that a plain regular expression may match, with ``filler`` wherever it leaves something open."""
    bare = re.sub(r"(?<!\\)[$^]|\\[AZ]", "", piece)
    filled = _OPEN.sub(filler, _DIGITS.sub("7", bare))
    return re.sub(r"\\(\W)", r"\1", re.sub(r"(?<!\\)[?+*]", "", filled))


def _is_address(text: str) -> bool:
    return "@" in text and "/" not in text


def _within(sample: str) -> Iterator[str]:
    """Yield ``sample`` as a part of a stranger's name, as far as it can be one."""
    yield sample + _ELSEWHERE
    if _is_address(sample):
        yield STRANGER + sample
        yield STRANGER + sample + _ELSEWHERE
        return
    # No ref and no file name holds "://".
    before = ("",) if "://" in sample else _BEFORE
    for first, last in product(before, _BEHIND):
        yield first + sample + last


def _is_strangers(name: str, value: str) -> bool:
    scheme, mark, rest = value.partition("://")
    if name == "issuer":
        host = (rest if mark else value).partition("/")[0].partition(":")[0]
        return STRANGER in ".".join(host.split(".")[-2:])
    if mark:
        host, _, path = rest.partition("/")
        # Of other addresses (spiffe://…) the first part says whose they are.
        return STRANGER in (path.partition("/")[0] or host if scheme == "https" else host)
    if name == "subject" and "/" not in value and ("@" in value or "!" in value):
        return STRANGER in re.split("[@!]", value)[-1]
    return STRANGER in value.partition("/")[0]
