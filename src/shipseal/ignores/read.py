"""Read the ``ignore:`` part of a ``.grype.yaml``: text in, rules out.

Grype drops keys that it does not know without a word, so a misspelt condition ignores more than it should; here every
key that is nobody's is told, with its line.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from shipseal._internal.limits import CONFIG_FILE
from shipseal.errors import ConfigError
from shipseal.ignores.rules import IgnoreRule, PackageCondition
from shipseal.ignores.yaml_values import ValueProblemError, as_end, as_flag, as_text

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
# What shipseal reads besides, under the spellings that are seen in the wild.
OWN_KEYS: Mapping[str, str] = {
    "expires": "until",
    "expiry": "until",
    "expires-after": "until",
    "expires-at": "until",
    "expired-at": "until",
    "expiration": "until",
    "valid-until": "until",
    "until": "until",
    "owner": "owner",
    "tracking": "tracking",
    "upstream": "tracking",
    "issue": "issue",
    "impact": "impact",
    "component": "component",
    "remove-when": "remove_when",
    "description": "comment",
}
# Grype's other settings, which are not used here.
_OTHER_SETTINGS = frozenset({
    "add-cpes-if-none", "alerts", "by-cve", "check-for-app-update", "db", "default-image-pull-source", "dev", "distro",
    "exclude", "exp", "external-sources", "fail-on-severity", "file", "fix-channel", "from", "log", "match",
    "match-upstream-kernel-headers", "name", "only-fixed", "only-notfixed", "ignore-states", "ignore-wontfix", "output",
    "output-template-file", "platform", "pretty", "quiet", "registry", "search", "show-suppressed", "sort-by",
    "timestamp", "vex-add", "vex-documents",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Remark:
    """Something about the file that a person should know.

    Attributes:
        line: from 1.
        text: a sentence.
        rule: index of the rule it is about; None for the file.
    """

    line: int
    text: str
    rule: int | None = None


@dataclass(frozen=True, slots=True)
class IgnoreFile:
    """What a file holds.

    Attributes:
        rules: in order.
        remarks: in order of their lines.
    """

    rules: tuple[IgnoreRule, ...] = ()
    remarks: tuple[Remark, ...] = ()


def read_ignores(text: str, *, name: str) -> IgnoreFile:
    """Return the rules in ``text``.

    Args:
        text: content of the file.
        name: what it is called in messages.

    Raises:
        ConfigError: what Grype, too, could not load: no YAML, a list where a rule should be, a word for a flag.
    """
    if len(text) > CONFIG_FILE.size:
        raise ConfigError(f"{name}: more than {CONFIG_FILE.size} characters, {CONFIG_FILE.reason}")
    root = _load(text, name)
    if root is None:
        return IgnoreFile()
    if not isinstance(root, Mapping):
        raise ConfigError(f"{name}: expected keys and values at the top, got {_shown(root)}")
    reader = _Reader(name, text.splitlines())
    rules = tuple(reader.rules(root))
    remarks = [*reader.remarks, *reader.settings(root)]
    return IgnoreFile(rules, tuple(sorted(remarks, key=lambda remark: remark.line)))


def _load(text: str, name: str) -> Any:
    from ruamel.yaml import YAML  # noqa: PLC0415 - slow to import
    from ruamel.yaml.constructor import RoundTripConstructor  # noqa: PLC0415
    from ruamel.yaml.error import MarkedYAMLError, YAMLError  # noqa: PLC0415

    class Plain(RoundTripConstructor):
        """Leaves dates as they are written: one that does not exist spoils its rule, not the file."""

    Plain.add_constructor("tag:yaml.org,2002:timestamp", Plain.construct_scalar)
    reader = YAML(typ="rt", pure=True)
    reader.Constructor = Plain
    try:
        return reader.load(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f"{mark.line + 1}" if mark else "?"
        problem = " ".join((error.problem or "cannot be read").split())
        raise ConfigError(
            f"{name}:{line}: {problem}", hint="correct the YAML; Grype cannot read it either"
        ) from error
    except (YAMLError, ValueError, RecursionError, AttributeError, TypeError) as error:
        raise ConfigError(f"{name}: cannot be read as YAML: {error}") from error


class _Reader:
    def __init__(self, name: str, lines: list[str]) -> None:
        self._name = name
        self._lines = lines
        self.remarks: list[Remark] = []

    def settings(self, root: Mapping[Any, Any]) -> Iterator[Remark]:
        """Yield a remark for each key at the top that is not ``ignore``."""
        for key in root:
            word = str(key).lower()
            if word == "ignore":
                continue
            if word in _OTHER_SETTINGS:
                text = f"{key}: a setting of Grype's that shipseal does not use"
            else:
                text = f"{key}: unknown key{_meant(word, ('ignore', *_OTHER_SETTINGS))}"
            yield Remark(_line(root, key, 1), text)

    def rules(self, root: Mapping[Any, Any]) -> Iterator[IgnoreRule]:
        """Yield the rules of every ``ignore`` key; Grype's keys have no case."""
        index = 0
        for key, value in root.items():
            if str(key).lower() != "ignore" or value is None:
                continue
            entries = value if isinstance(value, list) else [value]
            for position, entry in enumerate(entries):
                line = _item_line(value, position, _line(root, key, 1))
                if not isinstance(entry, Mapping) and entry is not None:
                    raise self._error(line, f"rule {index + 1} is {_shown(entry)}, expected keys")
                yield self._rule(index, line, entry or {})
                index += 1

    def _rule(self, index: int, line: int, entry: Mapping[Any, Any]) -> IgnoreRule:
        values: dict[str, tuple[Any, int]] = {}
        own: dict[str, Any] = {}
        problems: list[str] = []
        for key, value in entry.items():
            at, word = _line(entry, key, line), str(key).lower()
            if word in RULE_KEYS:
                values[word] = (value, at)
            elif (field := OWN_KEYS.get(word.replace("_", "-"))) is not None:
                try:
                    own[field] = as_end(value) if field == "until" else as_text(value)
                except ValueProblemError as error:
                    problems.append(f"{key}: {error}")
                    self._remark(index, at, f"{key}: {error}; the rule does not ignore until then")
            else:
                self._remark(index, at, f"{key}: unknown key{_meant(word, _known_keys())}")
        comment = own.pop("comment", "") or self._comment_above(line)
        return IgnoreRule(
            index=index,
            line=line,
            comment=comment,
            problem="; ".join(problems),
            package=self._package(index, values.pop("package", (None, line))),
            **self._conditions(values),
            **own,
        )

    def _conditions(self, values: Mapping[str, tuple[Any, int]]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, (value, line) in values.items():
            convert = as_flag if key == "include-aliases" else as_text
            try:
                found[key.replace("-", "_")] = convert(value)
            except ValueProblemError as error:
                raise self._error(line, f"{key}: {error}") from error
        return found

    def _package(self, index: int, given: tuple[Any, int]) -> PackageCondition:
        value, line = given
        if value is None:
            return PackageCondition()
        if not isinstance(value, Mapping):
            raise self._error(line, f"package: expected keys, got {_shown(value)}")
        found: dict[str, str] = {}
        for key, item in value.items():
            at, word = _line(value, key, line), str(key).lower()
            if word not in PACKAGE_KEYS:
                text = f"package.{key}: unknown key{_meant(word, PACKAGE_KEYS)}"
                self._remark(index, at, text)
                continue
            try:
                found[word.replace("-", "_")] = as_text(item)
            except ValueProblemError as error:
                raise self._error(at, f"package.{key}: {error}") from error
        return PackageCondition(**found)

    def _comment_above(self, line: int) -> str:
        found: list[str] = []
        for text in reversed(self._lines[: line - 1]):
            if not text.lstrip().startswith("#"):
                break
            found.append(text.lstrip().lstrip("#").strip())
        return "\n".join(reversed(found))

    def _remark(self, index: int, line: int, text: str) -> None:
        self.remarks.append(Remark(line, text, index))

    def _error(self, line: int, problem: str) -> ConfigError:
        return ConfigError(
            f"{self._name}:{line}: {problem}", hint="Grype refuses this file for the same reason"
        )


def _shown(value: object) -> str:
    """Return a scalar, or the kind of what is none: an anchor can make a list of astronomic size."""
    return repr(value)[:60] if isinstance(value, str | int | float) else type(value).__name__


def _known_keys() -> tuple[str, ...]:
    return (*RULE_KEYS, *OWN_KEYS)


def _meant(word: str, known: Iterable[str]) -> str:
    close = get_close_matches(word.replace("_", "-"), list(known), n=1)
    return f"; did you mean {close[0]}?" if close else ""


def _line(mapping: Any, key: object, default: int) -> int:
    """Return the line of a key, from 1; what came in through an anchor has the place where it is used."""
    try:
        return int(mapping.lc.key(key)[0]) + 1
    except (AttributeError, KeyError, TypeError):
        return default


def _item_line(value: Any, position: int, default: int) -> int:
    try:
        return int(value.lc.item(position)[0]) + 1
    except (AttributeError, KeyError, TypeError):
        return default
