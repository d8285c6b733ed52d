"""How wide a rule is, and which other rule does its work already. Pure."""

from collections.abc import Callable, Sequence

from shipseal.ignores.globs import Glob, GlobError
from shipseal.ignores.matching import is_expression, name_test
from shipseal.ignores.pattern_syntax import PatternError
from shipseal.ignores.rules import IgnoreRule

# Names and paths that have nothing in common: what holds for all of them holds for nearly everything.
_NAMES = ("openssl", "Zq_7", "@scope/a-b", "github.com/x/y", "0", "libstdc++6")
_PATHS = ("/usr/lib/a/b.so", "/z", "/app/node_modules/@x/y/package.json", "/Q1/w")
_Words = tuple[object, ...]
_NAMED = ("package.name", "package.upstream-name")


def breadth(rule: IgnoreRule) -> str:
    """Return why a rule takes out more than one vulnerability or one package; empty when it does not.

    A rule that names neither takes out what nobody has looked at, tomorrow's vulnerabilities included.
    """
    given = rule.conditions()
    if not given or "vulnerability" in given:
        return ""
    narrow = [key for key in given if not _takes_all(key, given[key])]
    if any(key in _NAMED for key in narrow):
        if "package.version" in narrow:
            return ""
        name = rule.package.name or rule.package.upstream_name
        return f"every vulnerability of {name}, also those that are found later"
    rest = ", ".join(f"{key} {given[key]}" for key in narrow)
    return f"every vulnerability of every package{f' with {rest}' if rest else ''}"


class Others:
    """The rules of a file, to be asked which of them do the work of another.

    Args:
        rules: all of them, in order.
        counts: whether a rule can take anything out.
    """

    def __init__(self, rules: Sequence[IgnoreRule], counts: Callable[[IgnoreRule], bool]) -> None:
        self._first: dict[_Words, IgnoreRule] = {}
        # By vulnerability, and of rules with the same words the one that lasts longest: files of thousands of rules
        # are not held against one another rule by rule.
        self._wide: dict[str, dict[_Words, IgnoreRule]] = {}
        for rule in rules:
            words = _words(rule)
            self._first.setdefault(words, rule)
            if counts(rule):
                known = self._wide.setdefault(rule.vulnerability, {}).setdefault(words, rule)
                if not _lasts(known, rule):
                    self._wide[rule.vulnerability][words] = rule

    def duplicate_of(self, rule: IgnoreRule) -> IgnoreRule | None:
        """Return an earlier rule that holds for the same findings by the same words; None when there is none."""
        found = self._first.get(_words(rule))
        return found if found is not None and found.index < rule.index else None

    def hidden_by(self, rule: IgnoreRule) -> IgnoreRule | None:
        """Return another rule that holds for all that ``rule`` holds for; None when there is none.

        One that ends before ``rule`` does hides nothing for good.
        """
        words = _words(rule)
        return next(
            (
                other
                for name in dict.fromkeys((rule.vulnerability, ""))
                for said, other in self._wide.get(name, {}).items()
                if said != words and _lasts(other, rule) and _covers(other, rule)
            ),
            None,
        )


def _words(rule: IgnoreRule) -> _Words:
    return (
        tuple(sorted(rule.conditions().items())),
        rule.include_aliases,
        rule.vex_status,
        rule.vex_justification,
    )


def _lasts(other: IgnoreRule, rule: IgnoreRule) -> bool:
    return other.until is None or (rule.until is not None and other.until >= rule.until)


def _covers(wide: IgnoreRule, narrow: IgnoreRule) -> bool:
    if wide.vex_status != narrow.vex_status or not wide.conditions():
        return False
    if wide.vulnerability and narrow.include_aliases and not wide.include_aliases:
        return False
    stated = narrow.conditions()
    return all(
        key in stated and _is_within(key, value, stated[key])
        for key, value in wide.conditions().items()
    )


def _is_within(key: str, wide: str, narrow: str) -> bool:
    if wide == narrow:
        return True
    try:
        if key in _NAMED and is_expression(wide) and not is_expression(narrow):
            return name_test(wide)(narrow)
        return key in (*_NAMED, "package.location") and _takes_all(key, wide)
    except PatternError:
        return False


def _takes_all(key: str, value: str) -> bool:
    """Return whether a condition holds for nearly everything."""
    try:
        if key in _NAMED:
            return is_expression(value) and all(map(name_test(value), _NAMES))
        if key == "package.location":
            return all(map(Glob(value).matches, _PATHS))
    except (PatternError, GlobError):
        return False
    return False
