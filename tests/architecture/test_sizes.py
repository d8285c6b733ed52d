"""Files, functions and classes stay small enough to be read; what grows past that lives in two rooms."""

import ast
from collections.abc import Iterable, Mapping

from tests.support.source_tree import Module, modules

FILE_LINES = 350
FUNCTION_LINES = 50
CLASS_LINES = 250

# What may be longer, and why.
EXCEPTIONS: Mapping[str, str] = {}


def too_long(module: Module) -> Iterable[str]:
    """Yield a sentence for the file, and for each function and class, that passes its limit."""
    lines = module.text.count("\n") + 1
    if lines > FILE_LINES:
        yield f"{module.path}: {lines} lines, at most {FILE_LINES}"
    for node in ast.walk(module.tree):
        limit = _limit(node)
        if limit and isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            size = _size(module, node)
            if size > limit:
                yield f"{module.at(node)} {node.name}: {size} lines, at most {limit}"


def _size(module: Module, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> int:
    """Return the lines of code: neither docstrings, nor the signature of a command, which is a table of options."""
    start, end = node.lineno, node.end_lineno or node.lineno
    if isinstance(node, ast.ClassDef):
        return end - start + 1
    if module.room == "cli":
        start = node.body[0].lineno
    text = node.body[0] if ast.get_docstring(node) else None
    return end - start + 1 - ((text.end_lineno or 0) - text.lineno + 1 if text else 0)


def _limit(node: ast.AST) -> int:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return FUNCTION_LINES
    return CLASS_LINES if isinstance(node, ast.ClassDef) else 0


def test_nothing_is_too_long_to_read() -> None:
    known = {name: module for name, module in modules().items() if name not in EXCEPTIONS}
    assert [line for module in known.values() for line in too_long(module)] == []


def test_every_exception_is_still_needed() -> None:
    assert [name for name in EXCEPTIONS if not list(too_long(modules()[name]))] == []


def _module(header: str, lines: int) -> Module:
    return Module.parse("shipseal.x", header + "\n" + "    x = 1\n" * lines)


def test_the_rule_for_functions_can_fail() -> None:
    assert list(too_long(_module("def f():", 49))) == []
    assert list(too_long(_module("def f():", 50))) == ["shipseal.x.py:1 f: 51 lines, at most 50"]
    assert list(too_long(_module("async def f():", 50))) != []


def test_a_docstring_does_not_count() -> None:
    text = 'def f():\n    """Do.\n\n' + "    Words.\n" * 60 + '    """\n' + "    x = 1\n" * 49
    assert list(too_long(Module.parse("shipseal.x", text))) == []
    assert list(too_long(Module.parse("shipseal.x", text + "    x = 1\n"))) != []


def test_the_options_of_a_command_do_not_count() -> None:
    header = "def f(\n" + "    x: int,\n" * 60 + "):"
    text = header + "\n" + "    x = 1\n" * 50
    assert list(too_long(Module.parse("shipseal.cli.x", text))) == []
    assert list(too_long(Module.parse("shipseal.cli.x", text + "    x = 1\n"))) != []


def test_the_rule_for_classes_can_fail() -> None:
    assert list(too_long(_module("class C:", 249))) == []
    assert list(too_long(_module("class C:", 250))) == ["shipseal.x.py:1 C: 251 lines, at most 250"]


def test_the_rule_for_files_can_fail() -> None:
    assert list(too_long(Module.parse("shipseal.x", "x = 1\n" * 349))) == []
    assert list(too_long(Module.parse("shipseal.x", "x = 1\n" * 350))) != []
