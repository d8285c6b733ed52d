"""A line of a log, freed of what runners, terminals and log drivers put around it."""

import json
import re
from collections.abc import Iterator
from typing import Any

import msgspec

LONGEST = 2000
"""Characters of a line that are looked at; a window around what was found, where there are more."""
COMMAND = "command"
"""The mark of a line that the runner prints of the script that it is about to run."""
_ECHOED = "\x1b[36;1m"
_PIECES = 12
"""A progress bar writes a line again and again; the last states are those that count."""

_ANSI = re.compile(
    r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[@-Z\\-_]|\^\[\[[0-9;]*m"
    r"|\[(?:\d{1,3};){0,4}\d{0,3}m"
)
_TABBED = re.compile(r"^([^\t]{1,200})\t([^\t]{1,200})\t\ufeff?(?=\d{4}-\d\d-\d\dT|##\[|\ufeff)")
_TIME = re.compile(
    r"^\ufeff?\[?\d{4}[-/]\d\d[-/]\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?: ?(?:Z|UTC|[+-]\d\d:?\d\d))?\]?[ \t]*"
)
_MARK = re.compile(r"^##\[(\w+)\]|^::(error|warning|notice|debug|group|endgroup)\b[^:\n]*::")
_BUILDKIT = re.compile(r"^#\d+ (\d+\.\d+ )?")
_COMPOSE = re.compile(r"^(?!\d+\s)[\w.-]{1,60}\s+\|\s|^\[?(?:stdout|stderr)\]?:? ")
_SERVICE = re.compile(
    r"^[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \S{1,80} [\w./-]{1,60}(?:\[\d+\])?: |^(?:stdout|stderr) [FP] "
    r"|^\[(?:pod|step|job|build|stage|task|container)[\w./:-]{0,80}\] "
)
"""Before a line in the log of a system, of a container runtime, or of several containers together."""
_KLOG = re.compile(r"^([IWEF])\d{4} \d\d:\d\d:\d\d\.\d+ +\d+ [\w.-]+:\d+\] ")
_KLOG_LEVELS = {"I": "info", "W": "warning"}
_NUMBERED = re.compile(
    r"^\d{1,6} \| (?=(?:error|fatal|denied|unauthorized|tag invalid|toomanyrequests|failed to \w+|get \"?https?"
    r"|(?:head|post|put) \"?https?|time=\"|no basic auth|manifest unknown|error response)\b[^!(]*$)",
    re.IGNORECASE,
)
"""Logs of some services number their lines just as compilers number those of a source: only what tools say is taken."""
_PACKED = re.compile(r"\\n(?:\\t)?")
_PACKED_HEAD = re.compile(
    r"^.*\"(?:std_?(?:out|err)|stack\w*|error|err|msg|message|output|log)\": ?\""
)
_MOST_PACKED, _FEWEST_PACKED = 60, 3
_LOGRUS = re.compile(r'\blevel=(\w+) msg="((?:[^"\\]|\\.)*)"(.*)$')
_RULER = re.compile(r"^[│┃]\s")
_SAYING = ("code", "msg", "message", "error", "err", "errorMessage", "detail", "log")
_BESIDE = frozenset(
    {"level", "time", "ts", "timestamp", "logger", "caller", "stacktrace", "stream", "hint"}
)
_SHORT = 200
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
    """Return a raw line's states, without time stamps, marks, colours and envelopes."""
    text = raw.decode("utf-8", "replace")
    pieces = [piece for piece in text.split("\r") if piece.strip()] if "\r" in text else [text]
    place = ""
    found = []
    for piece in pieces[-_PIECES:]:
        line = _cleaned(number, piece, place)
        place = line.place
        found.append(line)
        if piece.count("\\n") >= _FEWEST_PACKED and line.mark not in {COMMAND, "group"}:
            found += _packed(line, _ANSI.sub("", piece))
    return found


def states(text: bytes, start: int, end: int) -> int:
    """Return how many lines :func:`cleaned` returns at most of what stands between two places."""
    pieces = min(_PIECES, 1 + text.count(b"\r", start, end))
    packed = text.count(b"\\n", start, end)
    return pieces * (1 + min(_MOST_PACKED, packed + 1)) if packed >= _FEWEST_PACKED else pieces


def _packed(line: Line, piece: str) -> Iterator[Line]:
    """Yield the lines that are packed into one as a text of a structure: a stack trace, or a program's output."""
    for text in _PACKED.split(piece.replace('\\"', '"'), _MOST_PACKED)[:_MOST_PACKED]:
        if text := _PACKED_HEAD.sub("", text).strip(' "}'):
            yield msgspec.structs.replace(line, text=text)


def _cleaned(number: int, text: str, place: str) -> Line:
    tabbed = _TABBED.match(text)
    if tabbed:
        place, text = f"{tabbed[1]} / {tabbed[2]}", text[tabbed.end() :]
    text = _TIME.sub("", text, count=1)
    if text.startswith(_ECHOED):
        return Line(number, _ANSI.sub("", text).strip(), COMMAND, place)
    text = _ANSI.sub("", text)
    mark = _MARK.match(text)
    if mark:
        return Line(number, text[mark.end() :].strip(), mark[1] or mark[2], place)
    inner = False
    built = _BUILDKIT.match(text)
    if built:
        inner, text = bool(built[1]), text[built.end() :]
    text = _NUMBERED.sub("", _SERVICE.sub("", text, count=1), count=1)
    klog = _KLOG.match(text)
    if klog:
        return Line(number, text[klog.end() :].strip(), _KLOG_LEVELS.get(klog[1], ""), place, inner)
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
    level = str(value.get("level", "")).lower()
    told = ": ".join(_told(value))
    return (level if level in _LEVELS else ""), told or text


def _told(value: dict[Any, Any]) -> Iterator[str]:
    """Yield what an object says: its message first, then whatever else is a short text."""
    for name in _SAYING:
        if isinstance(said := value.get(name), str) and said:
            yield said.strip()
    for name in ("error", "data"):
        if isinstance(inner := value.get(name), dict):
            yield from _told(inner)
    errors = value.get("errors")
    for each in errors[:_PIECES] if isinstance(errors, list) else ():
        if isinstance(each, dict):
            yield from _told(each)
    for name, said in value.items():
        if (
            isinstance(said, str)
            and name not in _SAYING
            and name not in _BESIDE
            and len(said) <= _SHORT
        ):
            yield said.strip()
