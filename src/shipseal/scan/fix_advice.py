"""How to be rid of a finding: one line for a shell that brings the fixed version, or why there is none (S25). Pure.

Of several fixed versions the smallest that is newer than what is installed is taken: it is the fix on the branch that
the package is on, or on the next one where that branch has none. Names and versions come from SBOMs, which anybody can
write: what has not the form that the package manager knows is never put into a line, and every word is quoted.
"""

import re
import shlex
from collections.abc import Callable, Iterable, Mapping, Sequence
from urllib.parse import unquote

import msgspec

from shipseal.scan.interface import Finding, FixAdvice, FixState, Origin, Package

Compare = Callable[[str, str, str], int | None]
"""Compares two versions of an ecosystem: -1, 0, 1, or None when one of them is none."""

_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+:~_^!-]{0,127}")
_MOST = 214
"""Characters of a name: npm's limit, the longest that a registry states."""
_PLAIN = r"[A-Za-z0-9_][A-Za-z0-9+._-]*"
_NO_FIX = {
    FixState.FIXED: "it is said to be fixed, but not in which version",
    FixState.NOT_FIXED: "there is no fixed version yet",
    FixState.WONT_FIX: "whoever maintains the package will not fix it",
    FixState.UNKNOWN: "it is not known whether there is a fixed version",
}
_BASE = "it is in the base image: a newer base image may have the fix"
_UPSTREAM = re.compile(r"[?&]upstream=([^&#]*)")


class _Line(msgspec.Struct, frozen=True):
    """A line, as words of commands that run one after the other, and what to know about it."""

    commands: tuple[tuple[str, ...], ...]
    note: str = ""


_Write = Callable[[Package, str, str], _Line]
"""Makes the line from the package, its name as the manager knows it, and the fixed version."""


class _Installer(msgspec.Struct, frozen=True):
    """What installs packages of one type.

    Attributes:
        ecosystem: whose order versions have; empty when that is not known.
        name: form of a name.
        write: makes the line.
    """

    ecosystem: str
    name: re.Pattern[str]
    write: _Write


def advise(finding: Finding, compare: Compare) -> FixAdvice:
    """Return what to do about ``finding``.

    Args:
        finding: what was found.
        compare: the order of versions, by OSV's name of an ecosystem.
    """
    advice = _advice(finding, compare)
    if finding.origin is not Origin.BASE:
        return advice
    note = f"{advice.note}; {_BASE}" if advice.note else _BASE
    return FixAdvice(advice.command, advice.version, note)


def _advice(finding: Finding, compare: Compare) -> FixAdvice:
    package = finding.package
    offered = [version for version in finding.fix_versions if _VERSION.fullmatch(version)]
    if not offered:
        return FixAdvice(note=_NO_FIX[finding.fix_state])
    manager = _MANAGERS.get(package.type)
    if manager is None:
        kind = package.type if re.fullmatch(r"[\w.-]{1,40}", package.type) else "this kind"
        note = (
            f"fixed in {', '.join(offered)}; packages of type {kind} have no command of their own"
        )
        return FixAdvice(version=offered[0] if len(offered) == 1 else "", note=note)
    version, why_not = _smallest(package, offered, manager.ecosystem, compare)
    if not version:
        return FixAdvice(note=why_not)
    name = _name(package)
    if len(name) > _MOST or not manager.name.fullmatch(name):
        return FixAdvice(
            version=version, note=f"fixed in {version}; its name is none that a command could have"
        )
    line = manager.write(package, name, version)
    return FixAdvice(" && ".join(map(shlex.join, line.commands)), version, line.note)


def _smallest(
    package: Package, offered: Sequence[str], ecosystem: str, compare: Compare
) -> tuple[str, str]:
    """Return the smallest version that is newer than the installed one; else nothing, and why."""
    orders = {version: compare(ecosystem, package.version, version) for version in offered}
    if None in orders.values():
        if len(offered) == 1:
            return offered[0], ""
        return (
            "",
            f"fixed in {', '.join(offered)}; which is newer than what is installed cannot be told",
        )
    newer = [version for version, order in orders.items() if order == -1]
    if not newer:
        return "", f"what is installed is not older than {', '.join(offered)}, which has the fix"
    best = newer[0]
    for version in newer[1:]:
        if compare(ecosystem, version, best) == -1:
            best = version
    return best, ""


def _name(package: Package) -> str:
    """Return the name as the package manager knows it; Maven's needs the group, which only the package URL has."""
    if package.type not in ("java-archive", "jenkins-plugin"):
        return package.name
    path = package.purl.partition("?")[0].partition("#")[0].removeprefix("pkg:maven/")
    group, slash, artifact = path.rpartition("@")[0].partition("/")
    return f"{unquote(group)}:{unquote(artifact)}" if slash else ""


def _apt(package: Package, name: str, version: str) -> _Line:
    source = _UPSTREAM.search(package.purl)
    said = unquote(source[1]) if source else ""
    update = ("apt-get", "update")
    upgrade = ("apt-get", "install", "-y", "--only-upgrade")
    if "@" in said:
        # The advisory's version is the source package's, and this binary package counts its versions otherwise.
        note = f"its source package is fixed in {version}"
        return _Line((update, (*upgrade, name)), note)
    note = "without the version where the archive has a newer one already"
    return _Line((update, (*upgrade, f"{name}={version}")), note)


def _apk(_package: Package, name: str, version: str) -> _Line:
    return _Line((("apk", "add", "--upgrade", f"{name}>={version}"),))


def _dnf(_package: Package, name: str, version: str) -> _Line:
    return _Line((("dnf", "upgrade", "-y", "--refresh", f"{name}-{version}"),))


def _npm(_package: Package, name: str, version: str) -> _Line:
    note = "where another package brings it: `overrides` in package.json"
    return _Line((("npm", "install", f"{name}@{version}"),), note)


def _pip(_package: Package, name: str, version: str) -> _Line:
    return _Line((("pip", "install", f"{name}=={version}"),))


def _cargo(package: Package, name: str, version: str) -> _Line:
    command = ("cargo", "update", "-p", f"{name}@{package.version}", "--precise", version)
    if not _VERSION.fullmatch(package.version):
        command = ("cargo", "update", "-p", name, "--precise", version)
    note = "" if _compatible(package.version, version) else f"Cargo.toml must allow {version}"
    return _Line((command,), note)


def _go(package: Package, name: str, version: str) -> _Line:
    bare = version.removeprefix("go").removeprefix("v")
    if name in ("stdlib", "go"):
        return _Line(
            (("go", "get", f"toolchain@go{bare}"),), f"built again with Go {bare} or newer"
        )
    if package.version.endswith("+incompatible") and not bare.endswith("+incompatible"):
        bare += "+incompatible"
    return _Line((("go", "get", f"{name}@v{bare}"), ("go", "mod", "tidy")))


def _gem(_package: Package, name: str, version: str) -> _Line:
    note = f"with Bundler: allow it in the Gemfile, then bundle update --conservative {name}"
    return _Line((("gem", "install", name, "--version", version),), note)


def _composer(_package: Package, name: str, version: str) -> _Line:
    words = ("composer", "update", name, "--with", f"{name}:{version}", "--with-dependencies")
    return _Line((words,), "where composer.json does not allow it: composer require")


def _maven(_package: Package, name: str, version: str) -> _Line:
    words = ("mvn", "versions:use-dep-version", f"-Dincludes={name}", f"-DdepVersion={version}")
    note = "where another package brings it: dependencyManagement in pom.xml"
    return _Line(((*words, "-DforceVersion=true"),), note)


def _compatible(installed: str, fixed: str) -> bool:
    """Return whether Cargo takes ``fixed`` for ``installed``: the first number that is not zero is the same."""

    def head(version: str) -> Iterable[str]:
        numbers = version.partition("-")[0].partition("+")[0].split(".")
        first = next((at for at, number in enumerate(numbers) if number.strip("0")), len(numbers))
        return numbers[: first + 1]

    return head(installed) == head(fixed)


_DEB = re.compile(r"[a-z0-9][a-z0-9+.-]*")
_NPM = re.compile(r"(?:@[A-Za-z0-9~_][A-Za-z0-9._~-]*/)?[A-Za-z0-9~_][A-Za-z0-9._~-]*")
_GO = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._~/-]*")
_PAIR = r"[A-Za-z0-9_][A-Za-z0-9._-]*"
_ANY = re.compile(_PLAIN)
_MANAGERS: Mapping[str, _Installer] = {
    "deb": _Installer("Debian", _DEB, _apt),
    "apk": _Installer("Alpine", _ANY, _apk),
    "rpm": _Installer("AlmaLinux", _ANY, _dnf),
    "npm": _Installer("npm", _NPM, _npm),
    "python": _Installer("PyPI", _ANY, _pip),
    "rust-crate": _Installer("crates.io", _ANY, _cargo),
    "go-module": _Installer("Go", _GO, _go),
    "gem": _Installer("RubyGems", _ANY, _gem),
    "php-composer": _Installer("Packagist", re.compile(f"{_PAIR}/{_PAIR}"), _composer),
    "java-archive": _Installer("Maven", re.compile(f"{_PAIR}:{_PAIR}"), _maven),
}
