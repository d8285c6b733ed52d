"""What is installed is pinned by its content, and no lock file knows where it was found."""

import re
import tomllib
from collections.abc import Iterable
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.support.tools import ROOT

LOCKS = sorted((ROOT / "requirements").glob("*.txt"))
_PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
DECLARED = {
    "base.txt": _PROJECT["project"]["dependencies"],
    "build.txt": _PROJECT["dependency-groups"]["build"],
    "dev.txt": _PROJECT["project"]["dependencies"]
    + _PROJECT["project"]["optional-dependencies"]["dev"],
}


def entries(text: str) -> list[str]:
    """Return the logical lines of a requirements file, comments left out."""
    joined = re.sub(r"\\\n", " ", text)
    return [
        line.strip() for line in joined.splitlines() if line.strip() and line.lstrip()[0] != "#"
    ]


def faults(text: str) -> Iterable[str]:
    """Yield a sentence for each address, each option, and each requirement without version or hashes."""
    if "://" in text:
        yield "an address stands in it"
    for entry in entries(text):
        if entry.startswith("-"):
            yield f"an option stands in it: {entry}"
        elif not re.match(r"[A-Za-z0-9._-]+(\[[^]]*\])?==[^ ]+ ", entry):
            yield f"no exact version: {entry[:60]}"
        elif not re.search(r"--hash=sha256:[0-9a-f]{64}", entry):
            yield f"no hash: {entry[:60]}"


def test_there_are_locks_for_running_building_and_developing() -> None:
    assert [lock.name for lock in LOCKS] == sorted(DECLARED)


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_a_lock_pins_by_content_and_names_no_place(lock: Path) -> None:
    assert list(faults(lock.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_a_lock_satisfies_what_is_declared(lock: Path) -> None:
    locked = {
        canonicalize_name(match[1]): match[2]
        for entry in entries(lock.read_text(encoding="utf-8"))
        if (match := re.match(r"([A-Za-z0-9._-]+)(?:\[[^]]*\])?==([^ ;]+)", entry))
    }
    for declared in map(Requirement, DECLARED[lock.name]):
        version = locked.get(canonicalize_name(declared.name))
        assert version is not None, f"{declared.name} is not locked: run scripts/lock.sh"
        assert declared.specifier.contains(version), f"{declared} is locked as {version}"


def test_all_locks_agree() -> None:
    seen: dict[str, str] = {}
    for lock in LOCKS:
        for entry in entries(lock.read_text(encoding="utf-8")):
            name, _, version = entry.split(" ")[0].partition("==")
            assert seen.setdefault(name, version) == version, f"{lock.name}: {entry[:60]}"


_HASH = "--hash=sha256:" + "0" * 64


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("six==1.16.0", "no exact version"),
        ("six==1.16.0 \\\n    # via x", "no hash"),
        (f"six>=1.16.0 {_HASH}", "no exact version"),
        (f"--index-url x\nsix==1.16.0 {_HASH}", "an option"),
        (f"six @ https://example.org/six.whl {_HASH}", "an address"),
    ],
)
def test_the_rule_can_fail(text: str, fault: str) -> None:
    assert any(fault in found for found in faults(text))
    assert list(faults(f"six==1.16.0 \\\n    {_HASH} \\\n    {_HASH}\n    # via x\n")) == []
