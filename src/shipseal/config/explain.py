"""Put what the models refuse into words: the key, what is expected, what was got, and what to do."""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from pydantic import ValidationError

from shipseal._internal.redact import redact
from shipseal.config.environment import is_typed
from shipseal.config.keys import Key, all_keys, children
from shipseal.config.locate import BUILD, file_path, key_at, pattern_of, prefixes, value_at
from shipseal.config.problems import EmptyPolicyError, KeyPath, Problem, key_text
from shipseal.config.yaml_tree import Tree
from shipseal.errors import Code

_MAX_SHOWN = 80
_THEN = ": write "
"""Between what is wrong and what to do, in what a model says."""
_EXPECTED = {
    "string_type": "a text",
    "bool_type": "true or false",
    "int_type": "a whole number",
    "tuple_type": "a list",
    "dict_type": "a mapping of names to values",
    "model_type": "a mapping of keys to values",
    "model_attributes_type": "a mapping of keys to values",
}


@dataclass(frozen=True, slots=True)
class Explainer:
    """Explains what is wrong with one file and with what overrides it.

    Attributes:
        tree: the file.
        value: the file together with what overrides it.
        origins: where overriding values came from.
        prefix: the section that the whole file is, for a policy that stands alone.
    """

    tree: Tree
    value: object
    origins: Mapping[KeyPath, str]
    prefix: tuple[str, ...] = ()

    def explain(self, error: ValidationError) -> list[Problem]:
        """Return one problem for each thing that the models refuse."""
        found = error.errors(include_url=False)
        # A list whose only item is refused also counts as too short; the item is what matters.
        inner = {item["loc"][:length] for item in found for length in range(len(item["loc"]))}
        return [
            self._problem(item)
            for item in found
            if item["type"] != "too_short" or item["loc"] not in inner
        ]

    def problem_at(self, path: KeyPath, message: str, hint: str = "") -> Problem:
        """Return a problem with its place: the variable that set it, or the line."""
        origin = self._origin(path)
        lines = (self.tree.lines[part] for part in prefixes(path) if part in self.tree.lines)
        line = None if origin else next(lines, None)
        return Problem(message, hint, key_text(path), origin, line)

    def _origin(self, path: KeyPath) -> str:
        return next((self.origins[part] for part in prefixes(path) if part in self.origins), "")

    def _problem(self, item: Mapping[str, Any]) -> Problem:
        kind = str(item["type"])
        path = file_path(item["loc"], self.value, tagged=not self.prefix)
        if kind.startswith("union_tag"):
            path = (*path, "builder")
        if kind in ("missing", "union_tag_not_found"):
            return self.problem_at(path, "is required and missing", self._what_it_is(path))
        if kind == "extra_forbidden":
            return self.problem_at(path, *self._unknown(path))
        if kind in ("literal_error", "union_tag_invalid"):
            return self.problem_at(path, *self._choice(path))
        told = self.problem_at(path, *self._refusal(kind, path, item))
        empty = isinstance(item.get("ctx", {}).get("error"), EmptyPolicyError)
        return replace(told, code=Code.POLICY_EMPTY) if empty else told

    def _refusal(self, kind: str, path: KeyPath, item: Mapping[str, Any]) -> tuple[str, str]:
        """Return message and hint for a value that is there and wrong."""
        value = item["input"]
        got = self._describe(value, path)
        if kind in _EXPECTED:
            quotes = kind == "string_type" and isinstance(value, bool | int | float)
            written = self.tree.texts.get(path, got)
            return f"expected {_EXPECTED[kind]}, got {got}", (
                f'write it in quotes: "{written}"' if quotes else self._what_it_is(path)
            )
        if kind == "value_error":
            message = str(item["ctx"]["error"])
            told = got in message or not isinstance(value, str | int | float)
            message, then, what = message.partition(_THEN)
            return (message if told else f"{message}, got {got}"), (
                f"write {what}" if then else self._what_it_is(path)
            )
        if kind == "too_short" and not value:
            least = item["ctx"]["min_length"]
            return f"expected at least {least}, got none", self._what_it_is(path)
        if kind == "string_pattern_mismatch":
            pattern = item["ctx"]["pattern"]
            return f"{got} has not the form {pattern}", self._what_it_is(path)
        return f"{item['msg'][:1].lower()}{item['msg'][1:]}, got {got}", self._what_it_is(path)

    def _choice(self, path: KeyPath) -> tuple[str, str]:
        key, value = key_at(path, self.prefix), value_at(self.value, path)
        choices = key.shape.choices if key else ()
        message = f"expected one of {', '.join(choices)}, got {self._describe(value, path)}"
        return message, _did_you_mean(str(value).lower(), choices)

    def _unknown(self, path: KeyPath) -> tuple[str, str]:
        builder = str(value_at(self.value, (BUILD, "builder")) or "")
        siblings = children(pattern_of(path[:-1], self.prefix))
        own = [key.path[-1] for key in siblings if not key.builders or builder in key.builders]
        for key in siblings:
            if (
                key.path[-1] == path[-1] and not key.builders
            ):  # the file is a policy, which has some of the keys
                return "is a key of a whole configuration, and none of this file", (
                    "leave it out, or name the whole file with --config"
                )
            if key.path[-1] == path[-1]:
                return f"is a key of builder {' and '.join(key.builders)}, not of {builder}", ""
        return "unknown key", (
            _did_you_mean(str(path[-1]), own)
            or _did_you_mean_elsewhere(str(path[-1]))
            or f"known here: {', '.join(own)}"
        )

    def _what_it_is(self, path: KeyPath) -> str:
        key = key_at(path, self.prefix)
        if key is None:
            return ""
        # What else a key is about is for those who write the file, not for whoever typed an option.
        return (
            _description(key).partition("; ")[0]
            if is_typed(self._origin(path))
            else _description(key)
        )

    def _describe(self, value: object, path: KeyPath) -> str:
        """Return ``value`` in a few words, as it was written."""
        if value is None:
            return "nothing"
        if isinstance(value, bool):
            return str(value).lower()
        if isinstance(value, int | float):
            return f"the number {self.tree.texts.get(path, value)}"
        if isinstance(value, list | tuple):
            return "a list"
        if isinstance(value, dict):
            return "a mapping"
        origin = self._origin(path)
        if origin and not is_typed(origin):
            # A variable may hold a secret that was meant for another one; a file that is committed may not.
            return "a text that is not shown"
        text = redact(str(value))
        return repr(text if len(text) <= _MAX_SHOWN else f"{text[:_MAX_SHOWN]}…")


def _description(key: Key) -> str:
    return key.description if key.shape.models else f"{key.shape.text}: {key.description}"


def _did_you_mean(text: str, names: "tuple[str, ...] | list[str]") -> str:
    near = difflib.get_close_matches(text, names, n=1, cutoff=0.6)
    return f"did you mean {near[0]}?" if near else ""


def _did_you_mean_elsewhere(name: str) -> str:
    found = next((key.name for key in all_keys() if key.path[-1] == name and key.variable), "")
    return f"did you mean {found}?" if found else ""
