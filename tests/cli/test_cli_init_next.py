"""What `shipseal init` says to do next can be done as it stands, in every kind of repository."""

import json
import re
import shlex
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from shipseal.cli.main import main
from shipseal.errors import Exit
from shipseal.testing.images import build_layout
from tests.support.release_project import ADVISORY
from tests.support.tools import need

_GO = {"go.mod": "module example.org/org/tool/v2\n\ngo 1.24\n", "main.go": "package main\n"}
_RUST = {"Cargo.toml": '[package]\nname = "tool"\nversion = "2.3.4"\n'}
_PYTHON = {
    "pyproject.toml": '[project]\nname = "tool"\nversion = "1.4.0"\nscripts = {tool = "tool.cli:main"}\n'
}
_NODE = {
    "package.json": json.dumps(
        {"name": "@org/tool", "version": "3.0.1", "scripts": {"start": "node src/server.js"}}
    )
}

# Files of a repository, the version that the next line has, and what has to be built first.
_KINDS: Mapping[str, tuple[Mapping[str, str], str, Sequence[str]]] = {
    "go": (_GO, "0.1.0", ["dist/linux-amd64/tool", "dist/linux-arm64/tool"]),
    "rust": (
        _RUST,
        "2.3.4",
        [f"target/{cpu}-unknown-linux-musl/release/tool" for cpu in ("x86_64", "aarch64")],
    ),
    "python": (_PYTHON, "1.4.0", ["dist/python"]),
    "node": (_NODE, "3.0.1", ["node_modules", "src"]),
    "other": ({"README": "nothing else"}, "0.1.0", ["dist"]),
}


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a git repository that is the current folder; a password and vulnerability data are there."""
    folder = tmp_path / "tool"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("SHIPSEAL_KEY_PASSWORD", "correct horse")
    monkeypatch.setenv("SHIPSEAL_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("SHIPSEAL_SCAN_ENGINE", "builtin")
    monkeypatch.setenv("SHIPSEAL_SCAN_MAX_AGE", "none")
    write(tmp_path, {"advisories/one.json": json.dumps(ADVISORY)})
    monkeypatch.setenv("SHIPSEAL_DB", str(tmp_path / "advisories"))
    git(folder, "init", "--quiet")
    return folder


def git(folder: Path, *words: str) -> None:
    who = ("-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false")
    subprocess.run([need("git"), "-C", folder, *who, *words], check=True, capture_output=True)


def write(folder: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


def next_commands(capsys: pytest.CaptureFixture[str]) -> list[list[str]]:
    """Run init and return the commands that it says to run next, without the program's own name."""
    capsys.readouterr()
    assert main(["init"]) == Exit.OK
    line = next(line for line in capsys.readouterr().err.splitlines() if line.startswith("next: "))
    commands = [shlex.split(found) for found in re.findall(r"`([^`]+)`", line)]
    assert all(words[0] == "shipseal" for words in commands)
    return [words[1:] for words in commands]


def notes(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    capsys.readouterr()
    assert main(["config", "check", "--json"]) == Exit.OK
    found: list[dict[str, Any]] = json.loads(capsys.readouterr().out)["notes"]
    return found


@pytest.mark.parametrize("kind", _KINDS)
def test_only_what_must_be_built_stops_the_next_line(
    repository: Path, capsys: pytest.CaptureFixture[str], kind: str
) -> None:
    files, version, artefacts = _KINDS[kind]
    write(repository, files)
    *before, rehearsal = next_commands(capsys)
    assert before == [["key", "generate"]]
    assert rehearsal == ["release", "--version", version, "--dry-run"]
    assert {one["path"] for one in notes(capsys)} == {
        str(repository / name) for name in [*artefacts, "cosign.key"]
    }
    for words in before:
        assert main(words) == Exit.OK
    for name in artefacts:
        capsys.readouterr()
        assert main([*rehearsal, "--json"]) == Exit.USAGE
        result = json.loads(capsys.readouterr().out)
        assert str(repository / name) in result["message"]
        assert "build it first" in result["hint"]
        write(repository, {name if kind in ("go", "rust") else f"{name}/x": "made"})
    assert notes(capsys) == []


def test_what_was_built_is_taken(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With its programs there, the rehearsal gets beyond the build."""
    files, _, artefacts = _KINDS["go"]
    write(repository, {**files, **dict.fromkeys(artefacts, "made")})
    *before, rehearsal = next_commands(capsys)
    for words in before:
        assert main(words) == Exit.OK
    capsys.readouterr()
    status = main(rehearsal)
    err = capsys.readouterr().err
    assert "build: done" in err
    assert status in (Exit.UNDECIDED, Exit.OK), err


def test_a_layout_needs_nothing_but_a_key(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    build_layout(repository / "image")
    *before, rehearsal = next_commands(capsys)
    assert [one["key"] for one in notes(capsys)] == ["sign.key"]
    for words in before:
        assert main(words) == Exit.OK
    capsys.readouterr()
    main(rehearsal)
    assert "build: done" in capsys.readouterr().err


def test_a_dockerfile_needs_its_builder(
    repository: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    tools = repository.parent / "bin"
    tools.mkdir()
    (tools / "git").symlink_to(need("git"))
    monkeypatch.setenv("PATH", str(tools))
    write(repository, {"Dockerfile": "FROM scratch\n", **_GO})
    *before, rehearsal = next_commands(capsys)
    for words in before:
        assert main(words) == Exit.OK
    capsys.readouterr()
    assert main([*rehearsal, "--json"]) == Exit.OUTSIDE
    assert json.loads(capsys.readouterr().out)["code"] == "tool.missing"


def test_a_key_that_is_there_is_not_made_again(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["key", "generate"]) == Exit.OK
    assert [words[0] for words in next_commands(capsys)] == ["release"]


def test_the_newest_version_tag_counts_where_no_manifest_states_one(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(repository, _GO)
    git(repository, "add", ".")
    git(repository, "commit", "--quiet", "-m", "one")
    for tag in ("v1.9.0", "v1.10.0", "v2.0.0-rc.1", "nightly"):
        git(repository, "tag", tag)
    assert next_commands(capsys)[-1] == ["release", "--version", "1.10.0", "--dry-run"]
    assert '# version: "1.10.0"' in (repository / "shipseal.yaml").read_text()


def test_missing_sources_are_notes_and_no_fault(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["init"]) == Exit.OK
    capsys.readouterr()
    assert main(["config", "check"]) == Exit.OK
    out, err = capsys.readouterr()
    assert ": correct (" in out
    key_line = next(
        number
        for number, line in enumerate((repository / "shipseal.yaml").read_text().splitlines(), 1)
        if line.startswith("sign:")
    )
    told = f"note: shipseal.yaml:{key_line}: sign.key: ./cosign.key does not exist yet"
    assert f"{told}: `shipseal key generate` makes one" in err
    assert "./dist does not exist yet: build it first" in err
