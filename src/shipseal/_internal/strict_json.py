"""JSON that means one thing only: no duplicate names, no constants outside the specification, no endless nesting.

Two parsers that keep different ones of two equal names read two different documents from the same signed bytes.
What decides about trust is therefore checked here before a typed decoder sees it (RFC 8259, section 4).
"""

import json
import re
from collections import Counter
from typing import Any, NoReturn

_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


class AmbiguousJsonError(ValueError):
    """The text is no JSON, or parsers may disagree about what it says."""


def decode_unambiguous(raw: bytes) -> Any:
    """Return the value that ``raw`` holds when every parser must read the same one.

    Raises:
        AmbiguousJsonError: not UTF-8, not JSON, a name twice in one object, ``NaN`` or ``Infinity``, half
            of a surrogate pair, nested too deep.
    """
    try:
        text = raw.decode("utf-8")
        value = json.loads(text, object_pairs_hook=_object, parse_constant=_constant)
    except RecursionError as error:
        raise AmbiguousJsonError("it is nested too deep") from error
    except UnicodeDecodeError as error:
        raise AmbiguousJsonError("it is not UTF-8") from error
    except json.JSONDecodeError as error:
        raise AmbiguousJsonError(f"it is not JSON: {error.msg} at character {error.pos}") from error
    except AmbiguousJsonError:
        raise
    except ValueError as error:
        # Python refuses numbers of thousands of digits, because reading them takes quadratic time.
        raise AmbiguousJsonError("it holds a number of too many digits") from error
    # Python keeps half a surrogate pair, Go writes U+FFFD in its place, others refuse it.
    if _SURROGATE.search(text) and _has_half_pair(value):
        raise AmbiguousJsonError("it holds half of a surrogate pair")
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        counts = Counter(name for name, _ in pairs)
        twice = next(name for name, count in counts.items() if count > 1)
        raise AmbiguousJsonError(f"the name {twice[:100]!r} stands twice in one object")
    return value


def _has_half_pair(value: object) -> bool:
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, str):
            if not item.isascii() and any("\ud800" <= letter <= "\udfff" for letter in item):
                return True
        elif isinstance(item, dict):
            waiting += [*item, *item.values()]
        elif isinstance(item, list):
            waiting += item
    return False


def _constant(text: str) -> NoReturn:
    raise AmbiguousJsonError(f"{text} is no JSON value")
