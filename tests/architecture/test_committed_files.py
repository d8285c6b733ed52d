"""What is committed works anywhere: it names no package registry, and holds nothing that was made here."""

import re
import shutil
import subprocess
from collections.abc import Iterable

import pytest

from tests.support.missing import UNAVOIDABLE
from tests.support.tools import ROOT

# Taken apart, because this file is committed too.
_REGISTRIES = tuple(
    re.compile(rf"(?<![\w-]){re.escape('.'.join(parts))}(?![\w-])")
    for parts in (
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("proxy", "golang", "org"),
        ("sum", "golang", "org"),
        ("registry", "npmjs", "org"),
        ("npmjs", "com"),
        ("index", "crates", "io"),
        ("static", "crates", "io"),
        ("repo1", "maven", "org"),
        ("repo", "maven", "apache", "org"),
        ("deb", "debian", "org"),
        ("security", "debian", "org"),
        ("ftp", "debian", "org"),
        ("rubygems", "org"),
    )
)
_MADE_HERE = re.compile(
    r"^(build|dist|\.venv)/|(^|/)(__pycache__|\.shipseal|[^/]+\.egg-info)/|\.pyc$"
)
LARGEST = 1024 * 1024


def committed() -> list[str]:
    """Return the files of the repository, whether added or about to be."""
    git = shutil.which("git")
    if git is None or not (ROOT / ".git").exists():
        pytest.skip(f"{UNAVOIDABLE}this is no git checkout")
    done = subprocess.run(
        [git, "-c", f"safe.directory={ROOT}", "ls-files", "-z", "--cached"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    return [name for name in done.stdout.split("\0") if name and (ROOT / name).is_file()]


def registries(name: str, text: str) -> Iterable[str]:
    """Yield a sentence for each line that names a package registry."""
    for number, line in enumerate(text.splitlines(), 1):
        if any(pattern.search(line) for pattern in _REGISTRIES):
            yield f"{name}:{number}: {line.strip()[:80]}"


def test_no_file_names_a_package_registry() -> None:
    found = [
        line
        for name in committed()
        for line in registries(name, (ROOT / name).read_bytes().decode("utf-8", "replace"))
    ]
    assert found == []


def test_the_rule_for_registries_can_fail() -> None:
    host = ".".join(("deb", "debian", "org"))
    assert list(registries("x", f"a\nurl = 'http://{host}/debian'")) == [
        f"x:2: url = 'http://{host}/debian'"
    ]
    assert list(registries("x", f"not{host} {host}x crates.io")) == []


# Papers that do not lie in this repository, taken apart for the same reason.
_ELSEWHERE = re.compile(r"\b(" + "DESIGN" + r"|" + "RUNBOOK" + r")(\.md\b| section\b)")


def names_other_papers(name: str, text: str) -> Iterable[str]:
    """Yield a sentence for each line that sends a reader to a paper which he does not have."""
    for number, line in enumerate(text.splitlines(), 1):
        if _ELSEWHERE.search(line):
            yield f"{name}:{number}: {line.strip()[:80]}"


def test_no_file_refers_to_papers_that_are_not_here() -> None:
    found = [
        line
        for name in committed()
        for line in names_other_papers(name, (ROOT / name).read_bytes().decode("utf-8", "replace"))
    ]
    assert found == []
    assert list(names_other_papers("x", "see " + "DESIGN" + " section 4")) != []


def test_nothing_that_is_made_here_is_committed() -> None:
    assert [name for name in committed() if _MADE_HERE.search(name)] == []
    assert _MADE_HERE.search("demo/.shipseal/lock")
    assert not _MADE_HERE.search("src/shipseal/build/git.py")


def test_no_file_is_large() -> None:
    sizes = {name: (ROOT / name).stat().st_size for name in committed()}
    assert {name: size for name, size in sizes.items() if size > LARGEST} == {}
