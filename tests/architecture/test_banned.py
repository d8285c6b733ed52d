"""What has one place in the house is used from there, and some things have none."""

import ast
import io
import re
import tokenize
from collections.abc import Callable, Iterable, Mapping

import pytest

from tests.support.source_tree import Module, imports, modules

Rule = Callable[[Module], Iterable[str]]

# Rule and module that may do it all the same, and why.
EXCEPTIONS: Mapping[tuple[str, str], str] = {
    ("reads_the_clock", "shipseal._internal.process"): "a process takes real time to end",
    ("reads_the_clock", "shipseal._internal.keeper_program"): "it runs alone, after shipseal",
    ("starts_processes", "shipseal._internal.keeper"): "it ends what others left running",
    (
        "starts_processes",
        "shipseal._internal.measured",
    ): "the kind of process that _internal.process starts",
    ("reads_the_clock", "shipseal.testing.certificates"): "TLS holds them against the real clock",
    ("reads_the_clock", "shipseal.testing.token_server"): "registries hold its tokens against it",
    ("has_no_home", "shipseal.registry.credential_helper"): "Docker calls such a program so",
}

_PROCESS_STARTERS = re.compile(
    r"(subprocess\.\w+"
    r"|os\.(system|popen|fork|forkpty|posix_spawnp?|exec[lv]p?e?|spawn[lv]p?e?)"
    r"|asyncio\.create_subprocess_\w+|pty\.\w+)"
)
_CLOCKS = re.compile(
    r"((datetime\.)?(datetime|date)\.(now|utcnow|today)"
    r"|time\.(time|time_ns|sleep|monotonic|monotonic_ns|perf_counter|gmtime|localtime))"
)
_HOMELESS = re.compile(r"(^|_)(utils?|helpers?|managers?|common|misc)($|_)")
_UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b|\bfor now\b", re.IGNORECASE)


def _calls(module: Module) -> Iterable[tuple[str, ast.Call]]:
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), node


def starts_processes(module: Module) -> Iterable[str]:
    """Outside tools get a deadline, our own configuration and a redacted environment in one place only."""
    if module.name == "shipseal._internal.process":
        return
    for name, node in imports(module, {}):
        if name.partition(".")[0] in ("subprocess", "multiprocessing", "pty"):
            yield f"{module.at(node)}: imports {name}"
    for name, call in _calls(module):
        if _PROCESS_STARTERS.fullmatch(name):
            yield f"{module.at(call)}: calls {name}"


def makes_threads(module: Module) -> Iterable[str]:
    """Pools of threads come from one place, which sees to it that nothing is made by two of them at once."""
    if module.name == "shipseal._internal.threads" or module.room == "testing":
        return
    for name, call in _calls(module):
        if name.rpartition(".")[2] in ("ThreadPoolExecutor", "ThreadPool"):
            yield f"{module.at(call)}: calls {name}"


def reads_without_limit(module: Module) -> Iterable[str]:
    """Every read has a named limit (``_internal/limits.py``)."""
    if module.room in ("_internal", "testing"):
        return
    for name, call in _calls(module):
        last = name.rpartition(".")[2]
        whole = last in ("read", "readlines", "read_bytes", "read_text") and not call.args
        # A keyword is a method of ours: file objects take the size by position only.
        if (whole and not _has_own_arguments(last, call)) or name == "json.load":
            yield f"{module.at(call)}: {name}() reads without a limit"


def _has_own_arguments(method: str, call: ast.Call) -> bool:
    return method == "read" and bool(call.keywords)


def reads_the_clock(module: Module) -> Iterable[str]:
    """Time is a value that is passed in (``_internal/clock.py``)."""
    if module.name == "shipseal._internal.clock":
        return
    for name, call in _calls(module):
        if _CLOCKS.fullmatch(name):
            yield f"{module.at(call)}: calls {name}"
    for node in ast.walk(module.tree):
        if isinstance(node, ast.ImportFrom) and node.module == "time":
            yield f"{module.at(node)}: takes names out of time, past this rule"


def prints(module: Module) -> Iterable[str]:
    """Only a shell writes to a terminal."""
    if module.room != "cli":
        for name, call in _calls(module):
            if name in (
                "print",
                "sys.stdout.write",
                "sys.stderr.write",
                "typer.echo",
                "click.echo",
            ):
                yield f"{module.at(call)}: calls {name}"


def has_no_home(module: Module) -> Iterable[str]:
    """A thing that needs such a name has no room yet."""
    if _HOMELESS.search(module.name.rpartition(".")[2]):
        yield f"{module.path}: {module.name}"
    for node in ast.walk(module.tree):
        if isinstance(node, ast.ClassDef) and _HOMELESS.search(_snake(node.name)):
            yield f"{module.at(node)}: class {node.name}"


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def is_unfinished(module: Module) -> Iterable[str]:
    """What is not done is not in the tree. Text that shipseal writes is no comment: ignores do say TODO."""
    for token in tokenize.generate_tokens(io.StringIO(module.text).readline):
        if token.type == tokenize.COMMENT and _UNFINISHED.search(token.string):
            yield f"{module.path}:{token.start[0]}: {token.string}"
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Raise) and "NotImplementedError" in ast.unparse(node):
            yield f"{module.at(node)}: {ast.unparse(node)}"


RULES: tuple[Rule, ...] = (
    starts_processes,
    makes_threads,
    reads_without_limit,
    reads_the_clock,
    prints,
    has_no_home,
    is_unfinished,
)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_house_keeps_its_rules(rule: Rule) -> None:
    found = [
        line
        for name, module in modules().items()
        if (rule.__name__, name) not in EXCEPTIONS
        for line in rule(module)
    ]
    assert found == []


def test_every_exception_is_still_needed() -> None:
    rules = {rule.__name__: rule for rule in RULES}
    assert [key for key in EXCEPTIONS if not list(rules[key[0]](modules()[key[1]]))] == []


@pytest.mark.parametrize(
    ("rule", "source"),
    [
        (starts_processes, "import subprocess"),
        (starts_processes, "def f():\n    from subprocess import run"),
        (starts_processes, "import os\nos.system('x')"),
        (starts_processes, "import os\nos.execvp('x', [])"),
        (makes_threads, "pool = futures.ThreadPoolExecutor(4)"),
        (reads_without_limit, "stream.read()"),
        (reads_without_limit, "json.load(stream)"),
        (reads_without_limit, "path.read_text(encoding='utf-8')"),
        (reads_without_limit, "Path(x).read_bytes()"),
        (reads_the_clock, "datetime.now(UTC)"),
        (reads_the_clock, "datetime.datetime.utcnow()"),
        (reads_the_clock, "time.sleep(1)"),
        (reads_the_clock, "from time import sleep"),
        (prints, "print('x')"),
        (prints, "sys.stderr.write('x')"),
        (has_no_home, "class TagManager: ..."),
        (has_no_home, "class HttpUtils: ..."),
        (is_unfinished, "x = 1  # TODO: later"),
        (is_unfinished, "# good enough for now\n"),
        (is_unfinished, "def f():\n    raise NotImplementedError"),
    ],
)
def test_each_rule_can_fail(rule: Rule, source: str) -> None:
    assert len(list(rule(Module.parse("shipseal.scan.x", source)))) == 1


@pytest.mark.parametrize(
    ("rule", "name", "source"),
    [
        (starts_processes, "shipseal._internal.process", "import subprocess"),
        (makes_threads, "shipseal.scan.x", 'thread_pool(4, "scan")'),
        (reads_without_limit, "shipseal.scan.x", "stream.read(MIB)\nblobs.read(digest)"),
        (reads_without_limit, "shipseal.scan.x", "layout.read(descriptor=x)"),
        (reads_the_clock, "shipseal.scan.x", "clock.now()\ntime.strptime('x', 'y')"),
        (prints, "shipseal.cli.x", "print('x')"),
        (has_no_home, "shipseal.oci.manifest", "class Manifest: ..."),
        (is_unfinished, "shipseal.ignores.x", "line = '# TODO: Remove when fixed'"),
    ],
)
def test_no_rule_forbids_what_is_right(rule: Rule, name: str, source: str) -> None:
    assert list(rule(Module.parse(name, source))) == []


@pytest.mark.parametrize("name", ["shipseal.oci.utils", "shipseal.http_helpers", "shipseal.common"])
def test_a_module_without_a_home_is_found(name: str) -> None:
    assert list(has_no_home(Module.parse(name, ""))) != []
