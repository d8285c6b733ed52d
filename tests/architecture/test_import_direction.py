"""The arrows of the house go down only. Late imports and those under TYPE_CHECKING count like all others."""

import ast
from collections.abc import Iterable, Mapping

import pytest

from tests.support.source_tree import Module, cycles, imports, modules, room_of

# A room may import the rooms of lower ranks. Values that all may use are the lowest two.
RANKS: Mapping[str, int] = {
    **dict.fromkeys(("shipseal", "errors", "checks", "_internal"), 0),
    **dict.fromkeys(("oci", "intoto", "spdx"), 1),
    **dict.fromkeys(
        (
            "registry",
            "build",
            "sbom",
            "scan",
            "attest",
            "evidence",
            "advisories",
            "report",
            "github",
            "status",
            "config",
        ),
        2,
    ),
    **dict.fromkeys(("verify", "gate", "ignores", "runbook", "workflows"), 3),
    **dict.fromkeys(("release", "exceptions", "doctor", "watch"), 4),
    "wiring": 5,
    "testing": 5,
    "cli": 6,
}
VALUE_RANK = 1
CAPABILITY_RANK = 2
DECISION_RANK = 3
RELEASE_RANK = 4

# From which module a room takes more than another room's interface, and why that is right.
CONTRACT_EXCEPTIONS: Mapping[tuple[str, str], str] = {}

# Where an implementation is named outside the wiring, and why nothing is chosen there.
WIRING_EXCEPTIONS: Mapping[tuple[str, str], str] = {}

# Decisions take values and return values.
WORLD = frozenset({
    "asyncio", "http", "httpx", "os", "random", "requests", "shutil", "signal", "socket", "subprocess", "tempfile",
    "threading", "time", "urllib", "urllib.request",
    "shipseal._internal.durable", "shipseal._internal.process", "shipseal._internal.retry",
})  # fmt: skip


def forbidden(module: Module, known: Mapping[str, Module]) -> Iterable[str]:
    """Yield a sentence for each import of ``module`` that goes up, or past another room's interface."""
    for name, node in imports(module, known):
        if name.startswith("."):
            yield f"{module.at(node)}: relative import {name}"
        elif name.partition(".")[0] == "shipseal" and not _may(module, name):
            yield f"{module.at(node)}: {module.room} must not import {name}"


def _may(module: Module, name: str) -> bool:
    here, there = module.room, room_of(name)
    if here not in RANKS or there not in RANKS:
        return False
    if here == there or RANKS[there] <= VALUE_RANK:
        return RANKS[there] <= RANKS[here]
    if there == "config":
        # Rooms take small option values; the wiring translates the configuration into them.
        return RANKS[here] > RELEASE_RANK
    if RANKS[here] in (CAPABILITY_RANK, DECISION_RANK) and RANKS[there] == CAPABILITY_RANK:
        return _is_interface(name) or (module.name, name) in CONTRACT_EXCEPTIONS
    return RANKS[there] < RANKS[here] or RANKS[here] == RANKS[there] == DECISION_RANK


def _is_interface(name: str) -> bool:
    return name.split(".")[2:] == ["interface"]


def worldly(module: Module, known: Mapping[str, Module]) -> Iterable[str]:
    """Yield a sentence for each import by which a decision could see the network, the clock or the disk."""
    if RANKS.get(module.room) == DECISION_RANK:
        for name, node in imports(module, known):
            if name in WORLD:
                yield f"{module.at(node)}: a decision must not import {name}"


def implementations(known: Mapping[str, Module]) -> Mapping[str, str]:
    """Return the modules that hold a class derived from an abstract class of an interface, and which class."""
    contracts = {
        node.name
        for module in known.values()
        if _is_interface(module.name)
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ClassDef) and _names(node.bases) & {"ABC", "Protocol"}
    }
    return {
        module.name: node.name
        for module in known.values()
        if not _is_interface(module.name)
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ClassDef) and _names(node.bases) & contracts
    }


def _names(nodes: Iterable[ast.expr]) -> set[str]:
    return {ast.unparse(node).split("[")[0].split(".")[-1] for node in nodes}


def wired_elsewhere(known: Mapping[str, Module]) -> Iterable[str]:
    """Yield a sentence for each place that names a concrete implementation and is not the wiring."""
    concrete = implementations(known)
    for module in known.values():
        if module.room in ("wiring", "testing"):
            continue
        for name, node in imports(module, known):
            own = room_of(name) == module.room or (module.name, name) in WIRING_EXCEPTIONS
            if name in concrete and not own:
                yield f"{module.at(node)}: {concrete[name]} is named outside the wiring"


def _graph(known: Mapping[str, Module]) -> dict[str, set[str]]:
    return {
        name: {target for target, _ in imports(module, known) if target in known and target != name}
        for name, module in known.items()
    }


def test_every_room_has_a_rank() -> None:
    assert {module.room for module in modules().values()} <= RANKS.keys()


def test_imports_go_down_only() -> None:
    known = modules()
    assert [line for module in known.values() for line in forbidden(module, known)] == []


def test_decisions_do_not_see_the_world() -> None:
    known = modules()
    assert [line for module in known.values() for line in worldly(module, known)] == []


def test_implementations_are_named_in_the_wiring_only() -> None:
    assert list(wired_elsewhere(modules())) == []


def test_no_module_needs_itself_in_the_end() -> None:
    assert cycles(_graph(modules())) == []


def test_every_exception_is_still_needed() -> None:
    used = {
        (module.name, name)
        for module in modules().values()
        for name, _ in imports(module, modules())
    }
    for exceptions in (CONTRACT_EXCEPTIONS, WIRING_EXCEPTIONS):
        assert exceptions.keys() <= used
        assert all(exceptions.values())


# That the rules can fail, on source that does not exist.


def _known(**sources: str) -> Mapping[str, Module]:
    made = (
        Module.parse(f"shipseal.{name.replace('__', '.')}", text) for name, text in sources.items()
    )
    return {module.name: module for module in made}


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("errors", "import shipseal.oci"),
        ("oci__digest", "from shipseal.registry import interface"),
        ("oci__digest", "def late():\n    from shipseal.cli import main"),
        ("intoto__x", "if TYPE_CHECKING:\n    from shipseal.release.plan import Plan"),
        ("scan__grype", "from shipseal.sbom.syft import Syft"),
        ("scan__grype", "import shipseal.config.model"),
        ("release__plan", "from shipseal.config.model import Config"),
        ("gate__decide", "from shipseal.scan.grype import Grype"),
        ("gate__decide", "from shipseal.release import plan"),
        ("release__plan", "from shipseal.wiring import wire"),
        ("build__x", "from shipseal.testing import images"),
        ("build__x", "from . import interface"),
        ("newroom__x", "from shipseal.release import plan"),
    ],
)
def test_the_direction_rule_can_fail(name: str, line: str) -> None:
    known = _known(**{name: line})
    assert len([*forbidden(next(iter(known.values())), known)]) == 1


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("scan__grype", "from shipseal.sbom.interface import Catalogue"),
        ("gate__decide", "from shipseal.scan.interface import Finding"),
        ("gate__decide", "from shipseal.ignores.rules import Rule"),
        ("release__plan", "from shipseal.gate.decide import decide"),
        ("wiring", "from shipseal.config.model import Config"),
        ("build__x", "import shipseal.oci.digest\nfrom shipseal import __version__"),
    ],
)
def test_the_direction_rule_lets_the_house_be_built(name: str, line: str) -> None:
    known = _known(**{name: line})
    assert [*forbidden(next(iter(known.values())), known)] == []


def test_the_world_rule_can_fail() -> None:
    known = _known(gate__decide="def f():\n    import time\nfrom urllib import request\nimport os")
    found = list(worldly(known["shipseal.gate.decide"], known))
    assert [line.rsplit(" ", 1)[1] for line in found] == ["urllib", "os", "time"]


def test_the_wiring_rule_can_fail() -> None:
    known = _known(
        scan__interface="class Scanner(ABC): ...",
        scan__grype="class Grype(Scanner): ...",
        release__plan="from shipseal.scan.grype import Grype",
        wiring="from shipseal.scan.grype import Grype",
    )
    assert list(wired_elsewhere(known)) == [
        "shipseal.release.plan.py:1: Grype is named outside the wiring"
    ]


def test_the_cycle_rule_can_fail() -> None:
    known = _known(
        oci__a="from shipseal.oci import b",
        oci__b="def late():\n    from shipseal.oci.c import x",
        oci__c="import shipseal.oci.a",
        oci__d="import shipseal.oci.a",
    )
    assert cycles(_graph(known)) == [("shipseal.oci.a", "shipseal.oci.b", "shipseal.oci.c")]
