"""The project's own source as values: modules, their trees, and every import, wherever it stands."""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.support.tools import ROOT

SOURCE = ROOT / "src"


@dataclass(frozen=True, slots=True)
class Module:
    """One module.

    Attributes:
        name: dotted, e.g. ``shipseal.oci.digest``; a package is named without ``__init__``.
        text: its source.
        tree: the same, parsed.
        path: for messages.
    """

    name: str
    text: str
    tree: ast.Module
    path: str

    @classmethod
    def parse(cls, name: str, text: str) -> "Module":
        """Return a module that exists in memory only: rules are proved on these."""
        return cls(name, text, ast.parse(text), f"{name}.py")

    @property
    def room(self) -> str:
        """The package below ``shipseal``, or the module itself where there is none: ``oci``, ``errors``."""
        return room_of(self.name)

    def at(self, node: ast.stmt | ast.expr) -> str:
        """Return where ``node`` stands, for a message."""
        return f"{self.path}:{node.lineno}"


def room_of(name: str) -> str:
    """Return the room of a dotted module name; the package ``shipseal`` itself is its own."""
    parts = name.split(".")
    return parts[1] if len(parts) > 1 else parts[0]


@cache
def modules() -> Mapping[str, Module]:
    """Return every module of the product by name."""
    found = (_read(path) for path in sorted(SOURCE.rglob("*.py")))
    return {module.name: module for module in found}


def _read(path: Path) -> Module:
    parts = path.relative_to(SOURCE).with_suffix("").parts
    name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
    text = path.read_text(encoding="utf-8")
    return Module(name, text, ast.parse(text), str(path.relative_to(ROOT)))


def imports(module: Module, known: Mapping[str, Module]) -> Iterator[tuple[str, ast.stmt]]:
    """Yield the dotted name of all that ``module`` imports: late, and under TYPE_CHECKING, too.

    ``from a import b`` is an import of ``a.b`` where that is a module of ``known``, and of ``a`` otherwise.
    A relative import keeps its dots, so that it fits no rule: the house has none.
    """
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, node
        elif isinstance(node, ast.ImportFrom):
            base = "." * node.level + (node.module or "")
            for alias in node.names:
                child = f"{base}.{alias.name}"
                yield (child if child in known else base), node


def cycles(graph: Mapping[str, set[str]]) -> list[tuple[str, ...]]:
    """Return the groups of modules that need each other (Tarjan's strongly connected components above one)."""
    order: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    groups: list[tuple[str, ...]] = []

    def visit(node: str) -> None:
        order[node] = low[node] = len(order)
        stack.append(node)
        for child in sorted(graph.get(node, ())):
            if child not in order:
                visit(child)
                low[node] = min(low[node], low[child])
            elif child in stack:
                low[node] = min(low[node], order[child])
        if low[node] == order[node]:
            start = stack.index(node)
            groups.append(tuple(sorted(stack[start:])))
            del stack[start:]

    for node in sorted(graph):
        if node not in order:
            visit(node)
    return [group for group in groups if len(group) > 1]
