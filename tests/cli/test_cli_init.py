"""`shipseal init` in every kind of repository: what it writes loads, and it never destroys anything."""

import os
import subprocess
from pathlib import Path

import pytest

from shipseal.cli.main import main
from shipseal.errors import Exit
from tests.support.tools import need


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a git repository that is the current folder."""
    folder = tmp_path / "My Repository"
    folder.mkdir()
    monkeypatch.chdir(folder)
    git(folder, "init", "--quiet")
    return folder


def git(folder: Path, *words: str) -> str:
    done = subprocess.run(
        [need("git"), "-C", folder, *words], capture_output=True, text=True, check=True
    )
    return done.stdout


def program(folder: Path, name: str, script: str = "exit 0") -> None:
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def loads(capsys: pytest.CaptureFixture[str], key: str) -> str:
    """Check what was written, and return the value of ``key``."""
    capsys.readouterr()
    assert main(["config", "check"]) == Exit.OK
    assert main(["config", "show"]) == Exit.OK
    lines = capsys.readouterr().out.splitlines()
    return next(line.split()[1] for line in lines if line.startswith(f"{key} "))


@pytest.mark.parametrize(
    ("installed", "builder"),
    [
        ((), "buildx"),
        (("buildah",), "buildah"),
        (("docker",), "buildx"),
        (("docker", "buildah"), "buildx"),
        (("docker without buildx", "buildah"), "buildah"),
    ],
)
def test_a_dockerfile_is_built_with_what_is_installed(
    repository: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    installed: tuple[str, ...],
    builder: str,
) -> None:
    tools = repository.parent / "bin"
    program(tools, "git", f'exec {need("git")} "$@"')
    for name in installed:
        program(tools, name.split()[0], "exit 1" if "without" in name else "exit 0")
    monkeypatch.setenv("PATH", str(tools))
    (repository / "Dockerfile").touch()
    assert main(["init"]) == Exit.OK
    assert loads(capsys, "build.builder") == builder


def test_a_layout_is_taken(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    layout = repository / "image"
    layout.mkdir()
    (layout / "oci-layout").write_text("{}")
    (layout / "index.json").write_text("{}")
    assert main(["init"]) == Exit.OK
    assert loads(capsys, "build.builder") == "prebuilt"


def test_anything_else_becomes_layers(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["init"]) == Exit.OK
    assert loads(capsys, "build.builder") == "layers"
    assert loads(capsys, "image") == "my-repository"


def test_the_remote_names_the_image_and_the_target(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    git(repository, "remote", "add", "origin", "git@github.com:Org/App.git")
    assert main(["init"]) == Exit.OK
    assert loads(capsys, "targets") == "ghcr.io/org/app"
    assert loads(capsys, "source") == "https://github.com/Org/App"
    text = (repository / "shipseal.yaml").read_text()
    assert "# - docker.io/" in text
    assert "#       repository: Org/App\n" in text


def test_the_lines_for_a_job_without_a_key_are_right(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["init"]) == Exit.OK
    written = repository / "shipseal.yaml"
    text = written.read_text()
    assert "repository: ORG/REPOSITORY" in text
    start = text.index("# verify:\n#   identities:")
    lines = text[start:].split("\n\n")[0].replace("# ", "", 1).replace("\n# ", "\n")
    written.write_text(text.replace("sign: {", "# sign: {") + f"\n{lines}\n")
    assert main(["config", "check"]) == Exit.OK, capsys.readouterr().err


def test_outside_of_git_nothing_is_ignored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["init"]) == Exit.OK
    assert not (tmp_path / ".gitignore").exists()
    assert loads(capsys, "build.builder") == "layers"


def test_a_file_that_is_there_is_not_touched(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (repository / "shipseal.yaml").write_text("mine\n")
    assert main(["init"]) == Exit.USAGE
    assert (repository / "shipseal.yaml").read_text() == "mine\n"
    assert not (repository / ".gitignore").exists()
    err = capsys.readouterr().err
    assert "exists already and was not touched" in err
    assert "--force" in err


def test_force_replaces_it(repository: Path) -> None:
    (repository / "shipseal.yaml").write_text("mine\n")
    assert main(["init", "--force"]) == Exit.OK
    assert "image:" in (repository / "shipseal.yaml").read_text()


def test_print_writes_nothing(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (repository / "shipseal.yaml").write_text("mine\n")
    assert main(["init", "--print"]) == Exit.OK
    printed = capsys.readouterr().out
    assert "image: my-repository" in printed
    assert (repository / "shipseal.yaml").read_text() == "mine\n"
    assert {path.name for path in repository.iterdir()} == {".git", "shipseal.yaml"}
    assert main(["init", "--force"]) == Exit.OK
    assert (repository / "shipseal.yaml").read_text() == printed


def is_ignored(repository: Path) -> bool:
    done = subprocess.run(
        [need("git"), "-C", repository, "check-ignore", "-q", ".shipseal/x"], check=False
    )
    return done.returncode == 0


@pytest.mark.parametrize("old", [None, "", "build/", "build/\n", "caf\xe9\n".encode("latin-1")])
def test_git_ignores_the_state_folder_once(repository: Path, old: str | bytes | None) -> None:
    path = repository / ".gitignore"
    data = old.encode() if isinstance(old, str) else old
    if data is not None:
        path.write_bytes(data)
        path.chmod(0o600)
    assert not is_ignored(repository)
    for _ in range(2):
        assert main(["init", "--force"]) == Exit.OK
    assert path.read_bytes().startswith(data or b"")
    assert path.read_bytes().splitlines().count(b".shipseal/") == 1
    assert is_ignored(repository)
    if data is not None:
        assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("line", [".shipseal", "/.shipseal/", "**/.shipseal/", ".shipseal/"])
def test_a_line_that_is_there_is_enough(repository: Path, line: str) -> None:
    (repository / ".gitignore").write_text(f"{line}\n")
    assert main(["init"]) == Exit.OK
    assert (repository / ".gitignore").read_text() == f"{line}\n"


def test_the_line_may_stand_at_the_root_of_the_repository(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (repository / ".gitignore").write_text(".shipseal/\n")
    below = repository / "services/api"
    below.mkdir(parents=True)
    monkeypatch.chdir(below)
    assert main(["init"]) == Exit.OK
    assert not (below / ".gitignore").exists()
    assert is_ignored(below)


def test_a_folder_that_cannot_be_written_is_an_error(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if os.geteuid() == 0:
        pytest.skip("cannot run here: root may write everywhere")
    repository.chmod(0o500)
    assert main(["init"]) == Exit.USAGE
    assert "cannot be written" in capsys.readouterr().err
