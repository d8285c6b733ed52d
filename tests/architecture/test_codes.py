"""A failure code that can be raised has a test that sees it, and a hint names commands that exist."""

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache

import pytest

from shipseal.config.keys import all_keys
from shipseal.errors import Code
from tests.support.command_lines import command_lines, fault
from tests.support.source_tree import Module, modules
from tests.support.tools import ROOT

# Codes that no part of this version raises, and why they exist already.
RESERVED: Mapping[Code, str] = {}

# Where a code counts as seen: the program runs, or a room meets the real cause (a server, a tool, a damaged file).
REAL = (
    ("cli",),
    ("workflow",),
    ("contract",),
    *(("unit", room) for room in ("attest", "build", "github", "registry", "sbom", "scan")),
)


def names_in(module: Module) -> set[str]:
    """Return the members of ``Code`` that a module names."""
    return {
        node.attr
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "Code"
    }


def raised() -> set[Code]:
    """Return the codes that the product names outside their own table."""
    found = (names_in(module) for name, module in modules().items() if name != "shipseal.errors")
    return {Code[name] for name in set().union(*found) if name in Code.__members__}


def asserted_in(source: str) -> set[Code]:
    """Return the codes that a file of tests expects, in an assertion or in its data, and does not raise itself."""
    tree = ast.parse(source)
    expectations: list[ast.AST] = [node for node in ast.walk(tree) if isinstance(node, ast.Assert)]
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            expectations += node.decorator_list
        elif isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            expectations.append(node.value)
    errors = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and _is_error(node)]
    return _codes(expectations) - _codes(errors)


def _is_error(node: ast.Call) -> bool:
    return ast.unparse(node.func).endswith("Error")


def _codes(nodes: Iterable[ast.AST]) -> set[Code]:
    found: set[Code] = set()
    for node in (below for above in nodes for below in ast.walk(above)):
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "Code":
            found |= {Code[node.attr]} if node.attr in Code.__members__ else set()
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            found |= {Code(word) for word in _WORDS.findall(node.value) if word in _TEXTS}
    return found


# "unknown" is the text of other things too: only the member itself is that code.
_TEXTS = frozenset(str(code) for code in Code) - {str(Code.UNKNOWN)}
_WORDS = re.compile(r"[a-z]+\.[a-z-]+")


@cache
def seen() -> frozenset[Code]:
    """Return the codes that a test expects of the real thing."""
    tests = ROOT / "tests"
    return frozenset(
        code
        for path in sorted(tests.rglob("*.py"))
        if any(path.relative_to(tests).parts[: len(place)] == place for place in REAL)
        for code in asserted_in(path.read_text(encoding="utf-8"))
    )


@pytest.mark.parametrize("code", sorted(raised()))
def test_every_code_that_is_raised_is_seen_by_a_test(code: Code) -> None:
    assert code in seen(), f"{code} is raised, and no test meets it where it really arises"


def test_every_other_code_says_why_it_exists() -> None:
    assert RESERVED.keys() == set(Code) - raised()


def test_the_rule_for_codes_can_fail() -> None:
    module = Module.parse(
        "shipseal.x", "raise RegistryError(Code.RATE_LIMITED, 'x')\nOther.TAG_EXISTS"
    )
    assert names_in(module) == {"RATE_LIMITED"}


@pytest.mark.parametrize(
    "source",
    [
        "def test():\n    assert error.code is Code.RATE_LIMITED",
        "def test():\n    assert 'do not count (service.rate-limited)' in out",
        "@pytest.mark.parametrize('code', [Code.RATE_LIMITED])\ndef test(code): ...",
        "CASES = {429: Code.RATE_LIMITED}",
    ],
)
def test_an_expected_code_is_seen(source: str) -> None:
    assert asserted_in(source) == {Code.RATE_LIMITED}


@pytest.mark.parametrize(
    "source",
    [
        "def test():\n    assert error.code is Code.RATE_LIMITED_TOO",
        "def test():\n    give(Code.RATE_LIMITED)",
        "def test():\n    error = E.RegistryError(Code.RATE_LIMITED)\n    assert error.code is Code.RATE_LIMITED",
        "def test():\n    'service.rate-limited'\n    assert status == 'unknown'",
        "def test():\n    assert 'service.rate-limited-too' in out",
    ],
)
def test_a_code_that_a_test_makes_or_mentions_is_not_seen(source: str) -> None:
    assert asserted_in(source) == set()


def texts(module: Module) -> Iterator[str]:
    """Yield the strings of a module, docstrings too; of a formatted string, its constant parts."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.JoinedStr):
            yield "".join(
                str(part.value) if isinstance(part, ast.Constant) else "X" for part in node.values
            )
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def broken_hints(module: Module) -> list[str]:
    """Return what is wrong with the command lines in a module's texts."""
    found = {fault(line) for text in texts(module) for line in command_lines(text)}
    return sorted(found - {""})


def test_every_command_that_a_text_names_exists() -> None:
    assert [line for module in modules().values() for line in broken_hints(module)] == []


_KEY = re.compile(
    r"(?<![\w./-])(sbom|scan|gate|sign|verify|ignores|evidence|limits|timeouts)\.([a-z_]+)(?![\w.-])"
)


def broken_keys(module: Module) -> list[str]:
    """Return the keys of the configuration that hints name and that do not exist."""
    known = {key.name for key in all_keys()}
    hints = (
        text
        for node in ast.walk(module.tree)
        if isinstance(node, ast.keyword) and node.arg == "hint"
        for text in texts(Module("hint", "", ast.Module([ast.Expr(node.value)], []), module.path))
    )
    found = {".".join(match.groups()) for text in hints for match in _KEY.finditer(text)}
    return sorted(found - known)


def test_every_key_that_a_hint_names_exists() -> None:
    found = {name: broken_keys(module) for name, module in modules().items()}
    assert {name: keys for name, keys in found.items() if keys} == {}


def test_the_rule_for_keys_can_fail() -> None:
    module = Module.parse(
        "shipseal.x",
        "E('sbom.none', hint=f'{x}: raise timeouts.sbom or timeouts.scan (scan.gate-failed)')",
    )
    assert broken_keys(module) == ["timeouts.sbom"]


def test_the_rule_for_hints_can_fail() -> None:
    module = Module.parse(
        "shipseal.x", "hint = f'{x}: run `shipseal release undo` or `shipseal release`'"
    )
    assert broken_hints(module) == ["shipseal release undo: no command undo"]
