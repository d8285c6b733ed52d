"""Everything public says what it does, what its fields are and what it raises; the command line is not exempt."""

import ast
import re
from collections.abc import Callable, Iterable, Iterator

import pytest

from tests.support.source_tree import Module, modules

Documented = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
_ENDS = (".", "!", "?", ":", "::")


def undocumented(module: Module) -> Iterable[str]:
    """Yield a sentence for each public thing without a docstring, or whose first line is no sentence."""
    for name, node in _public(module.tree, module.name):
        text = ast.get_docstring(node)
        where = module.path if isinstance(node, ast.Module) else module.at(node)
        if not text:
            yield f"{where}: {name} has no docstring"
        elif not text.split("\n\n", maxsplit=1)[0].rstrip().endswith(_ENDS):
            yield f"{where}: {name} begins with no sentence"


def _public(node: Documented, name: str) -> Iterator[tuple[str, Documented]]:
    """Yield modules, classes, functions and methods that others may use; what is within a function is private."""
    yield name, node
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return
    for child in node.body:
        if not isinstance(child, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if not child.name.startswith("_") and not _is_overload(child):
            yield from _public(child, child.name)


def _is_overload(node: ast.stmt) -> bool:
    decorators = getattr(node, "decorator_list", [])
    return any(
        ast.unparse(each).endswith(("overload", "override", ".setter")) for each in decorators
    )


def undocumented_fields(module: Module) -> Iterable[str]:
    """Yield a sentence for each field of a public dataclass that ``Attributes:`` does not explain."""
    for name, node in _public(module.tree, module.name):
        if not isinstance(node, ast.ClassDef) or not _is_dataclass(node):
            continue
        text = ast.get_docstring(node) or ""
        for field in _fields(node):
            if not re.search(
                rf"^\s+{field}(, \w+)*: |^\s+(\w+, )+{field}\b.*: ", text, re.MULTILINE
            ):
                yield f"{module.at(node)}: {name}.{field} is not under Attributes"


def _is_dataclass(node: ast.ClassDef) -> bool:
    return any("dataclass" in ast.unparse(each) for each in node.decorator_list)


def _fields(node: ast.ClassDef) -> Iterator[str]:
    for child in node.body:
        if isinstance(child, ast.AnnAssign) and "ClassVar" not in ast.unparse(child.annotation):
            name = ast.unparse(child.target)
            if not name.startswith("_"):
                yield name


def undocumented_raises(module: Module) -> Iterable[str]:
    """Yield a sentence for each exception that a public function raises itself and its docstring is silent about."""
    for name, node in _public(module.tree, module.name):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        text = ast.get_docstring(node) or ""
        for raised in sorted(_raised(node)):
            if raised not in text:
                yield f"{module.at(node)}: {name} raises {raised} and does not say so"


def _raised(node: ast.AST) -> set[str]:
    """Return names of exception classes that stand in raise statements of this function itself."""
    found: set[str] = set()
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            continue
        if isinstance(child, ast.Raise) and isinstance(child.exc, ast.Call):
            name = ast.unparse(child.exc.func).rpartition(".")[2]
            if name[:1].isupper() and name.endswith(("Error", "Exit")):
                found.add(name)
        found |= _raised(child)
    return found


RULES = (undocumented, undocumented_fields, undocumented_raises)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_everything_public_explains_itself(rule: Callable[[Module], Iterable[str]]) -> None:
    assert [line for module in modules().values() for line in rule(module)] == []


def _parse(text: str) -> Module:
    return Module.parse("shipseal.cli.x", text)


def test_the_rule_for_docstrings_can_fail() -> None:
    found = undocumented(
        _parse("class A:\n    def f(self): ...\n    def _g(self): ...\ndef h():\n    'Does it'")
    )
    assert [line.split(": ", 1)[1] for line in found] == [
        "shipseal.cli.x has no docstring",
        "A has no docstring",
        "f has no docstring",
        "h begins with no sentence",
    ]


def test_the_rule_for_fields_can_fail() -> None:
    text = """
@dataclass(frozen=True)
class A:
    '''A thing.

    Attributes:
        one: first.
        two, three: both.
    '''
    one: int
    two: int
    three: int
    four: int
    _five: int
    SIX: ClassVar[int] = 6
"""
    found = undocumented_fields(_parse(text))
    assert [line.split(": ", 1)[1] for line in found] == ["A.four is not under Attributes"]


def test_the_rule_for_raises_can_fail() -> None:
    text = '''
def f():
    """Do it.

    Raises:
        ValueError: never.
    """
    if x:
        raise ValueError("x")
    def inner():
        raise OSError("not f's own")
    raise errors.KeyError("y") from None
'''
    found = undocumented_raises(_parse(text))
    assert [line.split(": ", 1)[1] for line in found] == ["f raises KeyError and does not say so"]
