"""Tests can be found by name, leave nothing out without a reason, and mirror the rooms."""

import ast
import re
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.support.source_tree import SOURCE
from tests.support.tools import ROOT

TESTS = ROOT / "tests"
FILES = sorted(TESTS.rglob("test_*.py"))


def test_every_test_file_has_a_name_of_its_own() -> None:
    twice = [name for name, count in Counter(path.name for path in FILES).items() if count > 1]
    assert twice == []


def test_only_what_is_shared_is_a_package() -> None:
    packages = {path.parent.relative_to(TESTS) for path in TESTS.rglob("__init__.py")}
    assert packages == {Path("support")}


def test_unit_tests_mirror_the_rooms() -> None:
    rooms = {path.name.strip("_") for path in (SOURCE / "shipseal").iterdir() if path.is_dir()}
    folders = {path.relative_to(TESTS / "unit").parts[0] for path in FILES if _is_unit(path)}
    assert {folder for folder in folders if not folder.endswith(".py")} <= rooms | {"scripts"}


def _is_unit(path: Path) -> bool:
    return path.is_relative_to(TESTS / "unit")


def left_out(text: str) -> Iterator[str]:
    """Yield tests that a mark leaves out in any case: what cannot run is said where that is found out."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            marks = [ast.unparse(mark) for mark in node.decorator_list]
            if any(re.match(r"pytest\.mark\.(skip|xfail)(?!if)\b", mark) for mark in marks):
                yield node.name


def test_no_test_is_left_out() -> None:
    assert _all(left_out) == []


def _all(rule: Callable[[str], Iterator[str]]) -> list[str]:
    return [
        f"{path.name}: {line}" for path in FILES for line in rule(path.read_text(encoding="utf-8"))
    ]


def unsteady(text: str) -> Iterator[str]:
    """Yield calls whose result holds the time: two workers would collect tests of different names."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "gzip.compress":
            words = {keyword.arg for keyword in node.keywords}
            if "mtime" not in words:
                yield ast.unparse(node)


def test_no_test_depends_on_when_it_is_collected() -> None:
    assert _all(unsteady) == []


def test_the_rule_for_times_can_fail() -> None:
    assert list(unsteady("gzip.compress(b'x')\ngzip.compress(b'y', mtime=0)")) == [
        "gzip.compress(b'x')"
    ]


def test_the_rule_can_fail() -> None:
    skipif = "@pytest.mark.skipif(x)\ndef test_a():\n    run()\n"
    assert list(left_out(f"{skipif}@pytest.mark.skip\ndef test_b():\n    run()")) == ["test_b"]
