"""A line of a log, freed of what runners, terminals and log drivers put around it."""

import json
import re

import msgspec

LONGEST = 4000
"""Characters of a line that are looked at; a window around what was found, where there are more."""
_PIECES = 12
"""A progress bar writes a line again and again; the last states are those that count."""

_ANSI = re.compile(
    r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[@-Z\\-_]|\^\[\[[0-9;]*m|\[(?:\d{1,3};){0,4}\d{0,3}m"
)
_TABBED = re.compile(r"^([^\t]{1,200})\t([^\t]{1,200})\t\ufeff?(?=\d{4}-\d\d-\d\dT|##\[|\ufeff)")
_TIME = re.compile(
    r"^\ufeff?\[?\d{4}[-/]\d\d[-/]\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?: ?(?:Z|UTC|[+-]\d\d:?\d\d))?\]?[ \t]*"
)
_MARK = re.compile(r"^##\[(\w+)\]|^::(error|warning|notice|debug|group|endgroup)\b[^:\n]*::")
_BUILDKIT = re.compile(r"^#\d+ (\d+\.\d+ )?")
_COMPOSE = re.compile(r"^[\w.-]{1,60}\s+\|\s|^\[?(?:stdout|stderr)\]?:? ")
_LOGRUS = re.compile(r'\blevel=(\w+) msg="((?:[^"\\]|\\.)*)"(.*)$')
_RULER = re.compile(r"^[│┃|]\s")
_LEVELS = frozenset({"warning", "warn", "debug", "notice", "info", "trace"})


class Line(msgspec.Struct, frozen=True):
    """A cleaned line.

    Attributes:
        number: from 1.
        text: what the tool said.
        mark: what the runner or the tool itself called it: error, warning, group …; empty when nothing.
        place: job and step that stand before it, in logs that name them.
        inner: whether it is the output of a program within a build.
    """

    number: int
    text: str
    mark: str = ""
    place: str = ""
    inner: bool = False


def cleaned(number: int, raw: bytes) -> list[Line]:
    """Return a raw line's states, the last ones of a progress bar, without time stamps, marks, colours and envelopes."""
    text = raw.decode("utf-8", "replace")
    pieces = [piece for piece in text.split("\r") if piece.strip()] if "\r" in text else [text]
    place = ""
    found = []
    for piece in pieces[-_PIECES:]:
        line = _cleaned(number, piece, place)
        place = line.place
        found.append(line)
    return found


def _cleaned(number: int, text: str, place: str) -> Line:
    tabbed = _TABBED.match(text)
    if tabbed:
        place, text = f"{tabbed[1]} / {tabbed[2]}", text[tabbed.end() :]
    text = _ANSI.sub("", _TIME.sub("", text, count=1))
    mark = _MARK.match(text)
    if mark:
        return Line(number, text[mark.end() :].strip(), mark[1] or mark[2], place)
    inner = False
    built = _BUILDKIT.match(text)
    if built:
        inner, text = bool(built[1]), text[built.end() :]
    level, text = _unwrapped(
        _RULER.sub("", _COMPOSE.sub("", text, count=1).strip(), count=1).strip()
    )
    return Line(number, text, level, place, inner)


def _unwrapped(text: str) -> tuple[str, str]:
    """Return level and message of a line that is an envelope around them."""
    if text.startswith("{") and text.endswith("}"):
        return _of_json(text)
    found = _LOGRUS.search(text)
    if found:
        level = found[1].lower()
        message = found[2].replace('\\"', '"') + found[3]
        return (level if level in _LEVELS else ""), message
    return "", text


def _of_json(text: str) -> tuple[str, str]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return "", text
    if not isinstance(value, dict):
        return "", text
    parts = [value.get(name) for name in ("msg", "message", "error", "err", "errorMessage", "log")]
    errors = value.get("errors")
    for each in errors if isinstance(errors, list) else ():
        if isinstance(each, dict):
            parts.append(f"{each.get('code', '')}: {each.get('message', '')}")
    told = ": ".join(part.strip() for part in parts if isinstance(part, str) and part)
    level = str(value.get("level", "")).lower()
    return (level if level in _LEVELS else ""), told or text
