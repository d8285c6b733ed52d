"""From steps to the files of a case: what a person sees, without what only says on which machine it was made."""

import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from scripts.record.actions_log import actions_log
from scripts.record.case import Case, Style
from scripts.record.scene import Scene, Step
from shipseal._internal.durable import write_atomic
from tests.support.tools import BUILT, ROOT

HOME = ROOT / "tests" / "recorded" / "diagnose"
LARGEST = 30 * 1024

_VERSIONS: Mapping[str, tuple[str, ...]] = {"go": ("go", "version")}
_NUMBER = re.compile(r"\bv?(\d+\.\d+(?:\.\d+)?[\w.+~-]*)")
_TOKENS = re.compile(r"\beyJ[\w-]{8,}\.[\w-]+\.[\w-]+")


def log_of(case: Case, steps: list[Step]) -> str:
    """Return what a person would see of the steps."""
    if case.style is Style.ACTIONS:
        return actions_log(steps)
    return "".join(step.output for step in steps)


def scrubbed(text: str, scene: Scene) -> str:
    """Return ``text`` without the names and folders of this machine, and without tokens."""
    places = (
        (str(scene.work), "/home/runner/work/app/app"),
        (str(scene.home), "/home/runner"),
        (str(scene.folder), "/tmp/runner"),  # noqa: S108 - a name in a log
        (f"{BUILT}/", "/usr/local/bin/"),
        (sys.prefix, "/opt/venv"),
        (sys.base_prefix, "/usr/local"),
        (str(ROOT), "/opt/shipseal"),
        (str(Path.home()), "/home/runner"),
    )
    for place, name in places:
        text = text.replace(place, name)
    for address in _resolvers():
        text = text.replace(address, "127.0.0.53")
    host = re.escape(socket.gethostname())
    text = re.sub(rf"(?<![\w.-]){host}(?![\w.-])", "runner", text)
    return _TOKENS.sub("***", text)


@cache
def _resolvers() -> tuple[str, ...]:
    path = Path("/etc/resolv.conf")
    said = path.read_text("utf-8", "replace") if path.exists() else ""
    return tuple(re.findall(r"^nameserver\s+(\S+)", said, re.MULTILINE))


def write(case: Case, scene: Scene) -> Path:
    """Write the files of a case, and return their folder.

    Raises:
        ValueError: the log is large, or names what it must not.
    """
    text = scrubbed(log_of(case, scene.steps), scene)
    fault = problem(text)
    if fault:
        raise ValueError(f"{case.name}: {fault}")
    folder = HOME / case.split / case.name
    folder.mkdir(parents=True, exist_ok=True)
    write_atomic(folder / "log.txt", text.encode())
    write_atomic(folder / "case.toml", _about(case, scene).encode())
    return folder


def problem(text: str) -> str:
    """Return why ``text`` cannot be kept; empty when it can."""
    if len(text.encode()) > LARGEST:
        return f"the log has {len(text.encode())} bytes, at most {LARGEST} are kept"
    named = [host for host in mirror_hosts() if host in text]
    return f"the log names the host of a package registry ({len(named)})" if named else ""


@cache
def mirror_hosts() -> frozenset[str]:
    """Return the hosts that package managers of this machine are configured to ask; they are nobody else's."""
    said = " ".join(_said())
    hosts = re.findall(r"https?://(?:[^@/\s'\"]*@)?([\w.-]+\.[a-z]{2,}|\d+\.\d+\.\d+\.\d+)", said)
    known = ("example.", "localhost", "127.0.0.1", "github.com")
    return frozenset(host for host in hosts if not host.startswith(known))


def _said() -> Iterable[str]:
    names = ("PIP_", "NPM_", "GOPROXY", "GONOSUMDB", "CARGO_", "UV_", "HTTP", "http", "MAVEN")
    yield from (value for name, value in os.environ.items() if name.upper().startswith(names))
    home = Path.home()
    places = (
        Path("/etc/pip.conf"), home / ".pip/pip.conf", home / ".config/pip/pip.conf", home / ".npmrc",
        home / ".cargo/config.toml", home / ".m2/settings.xml", Path("/etc/apt/sources.list"),
        *Path("/etc/apt/sources.list.d").glob("*"), *Path("/etc/apt/apt.conf.d").glob("*"),
    )  # fmt: skip
    yield from (path.read_text("utf-8", "replace") for path in places if path.is_file())


def _about(case: Case, scene: Scene) -> str:
    lines = [
        f"code = {_string(case.code)}",
        f"also = [{', '.join(map(_string, case.also))}]",
        f"tool = {_string(case.tool)}",
        f"version = {_string(version_of(case.tool))}",
        'kind = "recorded"',
        f"recorded = {datetime.now(UTC).date().isoformat()}",
        f"exit = {scene.steps[-1].status}",
        f"made_by = {_string(case.made_by)}",
        "commands = [",
        *(f"  {_string(scrubbed(step.script.strip(), scene))}," for step in scene.steps),
        "]",
    ]
    return "\n".join(lines) + "\n"


def _string(text: str) -> str:
    """Return a basic string of TOML; JSON's strings are such."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


@cache
def version_of(tool: str) -> str:
    """Return a tool's version; empty when it says none."""
    path = f"{BUILT}:{Path(sys.prefix) / 'bin'}:{Path.home() / '.cargo/bin'}:{os.environ['PATH']}"
    # What was built here says no version of its own, but from which module it was built.
    built = BUILT / tool
    words = (
        ("go", "version", "-m", str(built))
        if built.exists()
        else _VERSIONS.get(tool, (tool, "--version"))
    )
    try:
        done = subprocess.run(
            words,
            capture_output=True,
            text=True,
            check=False,
            timeout=30,
            env=os.environ | {"PATH": path},
        )
    except OSError:
        return ""
    said = done.stdout + done.stderr
    module = re.search(r"^\tmod\t\S+\t(\S+)", said, re.MULTILINE)
    found = _NUMBER.search(module[1] if module else said)
    return found[1] if found else ""
