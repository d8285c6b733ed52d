"""A failure code that can be raised has a test that sees it, and a hint names commands that exist."""

import ast
import re
from collections.abc import Iterator, Mapping
from functools import cache

import pytest

from shipseal.config.keys import all_keys
from shipseal.errors import Code
from tests.support.command_lines import command_lines, fault
from tests.support.source_tree import Module, modules
from tests.support.tools import ROOT

# Codes that no part of this version raises, and why they exist already.
RESERVED: Mapping[Code, str] = {
    Code.OIDC_PERMISSION: "signing without a key needs a token of the job",
    Code.ATTESTATIONS_PERMISSION: "GitHub's attestation store is not written to",
    Code.ATTEST_CONFLICT: "referrers are named by their content; logs and GitHub name them otherwise",
}

_OWN = ("architecture", "docs", "support")


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


@cache
def _tests() -> str:
    files = [
        path
        for path in sorted((ROOT / "tests").rglob("*.py"))
        if path.relative_to(ROOT / "tests").parts[0] not in _OWN
    ]
    return "\n".join(path.read_text(encoding="utf-8") for path in files)


def seen_by(tests: str, code: Code) -> bool:
    """Return whether a test names the code, as a member or as its text."""
    return bool(re.search(rf"Code\.{code.name}\b", tests)) or f'"{code}"' in tests


@pytest.mark.parametrize("code", sorted(raised()))
def test_every_code_that_is_raised_is_seen_by_a_test(code: Code) -> None:
    seen = seen_by(_tests(), code)
    assert seen, f"{code} is raised, and no test asserts it"


def test_every_other_code_says_why_it_exists() -> None:
    assert RESERVED.keys() == set(Code) - raised()


def test_the_rule_for_codes_can_fail() -> None:
    module = Module.parse(
        "shipseal.x", "raise RegistryError(Code.RATE_LIMITED, 'x')\nOther.TAG_EXISTS"
    )
    assert names_in(module) == {"RATE_LIMITED"}
    assert not seen_by("assert error.code is Code.RATE_LIMITED_TOO", Code.RATE_LIMITED)
    assert seen_by("assert error.code is Code.RATE_LIMITED", Code.RATE_LIMITED)
    assert seen_by('assert found == "service.rate-limited"', Code.RATE_LIMITED)


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
