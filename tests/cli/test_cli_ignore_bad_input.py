"""Files of ignores that nobody should write: the line is named, nothing is lost, and no command breaks or waits."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from shipseal.cli.main import main
from shipseal.testing.github_server import GitHubServer

CVE = "CVE-2026-0001"
BOMB = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12)
)
MERGES = "b0: &b0 {x: 1}\n" + "".join(
    f"b{n}: &b{n} {{<<: [{', '.join([f'*b{n - 1}'] * 9)}]}}\n" for n in range(1, 12)
)
REFUSED: dict[str, tuple[str | bytes, str]] = {
    "tab": ("ignore:\n\t- vulnerability: X\n", ":2: "),
    "not closed": ("ignore:\n- {vulnerability: X\n", ":3: "),
    "key twice": ("ignore:\n- vulnerability: X\n  vulnerability: Y\n", ":3: "),
    "list twice": ("ignore: []\nignore:\n- vulnerability: X\n", ":2: "),
    "list for text": ("ignore:\n- vulnerability: [X]\n", ":2: "),
    "keys for text": ("ignore:\n- vulnerability: X\n  package:\n    name: {a: b}\n", ":4: "),
    "text for keys": ("ignore:\n- X\n", ":2: "),
    "exploding aliases": (BOMB + "ignore:\n- vulnerability: *a11\n", ":14: "),
    "alias of nothing": ("ignore:\n- *nope\n", ":2: "),
    "two documents": ("ignore: []\n---\nignore: []\n", ":2: "),
    "another language": ("ignore:\n- !!python/object/apply:os.system ['x']\n", ":2: "),
    "not UTF-8": (b"ignore:\n- vulnerability: X # \xe9\n", ":2"),
    "nested too deeply": ("ignore: " + "[" * 500 + "]" * 500 + "\n", "cannot be read"),
    "control character": ("ignore:\n- vulnerability: X\x00\n", "cannot be read"),
    "too large": ("#" * (8 * 1024 * 1024 + 1), "8388608"),
}
READ = {
    "day that is none": "ignore:\n- {vulnerability: X, expires: 2026-02-30}\n",
    "expression that does not compile": "ignore:\n- package: {name: 'a(b'}\n",
    "expression that runs for ever": "ignore:\n- package: {name: '(a*)*b(a|aa)+$'}\n",
    "expression that counts for ever": "ignore:\n- package: {name: '(((a{1,9}){1,9}){1,9}){1,9}'}\n",
    "glob that runs for ever": "ignore:\n- package: {location: '**/**/**/**/**/*a*a*a*a*b'}\n",
    "no condition": "ignore:\n- reason: x\n",
    "number": "ignore:\n- {vulnerability: 12, package: {version: 1.10}}\n",
    "nothing": "ignore:\n- null\n",
    "exploding and not used": BOMB + "ignore:\n- vulnerability: X\n",
    "merges": MERGES + "ignore:\n- <<: *b11\n  vulnerability: X\n",
    "list in itself": "ignore: &a\n- *a\n",
    "escapes": 'ignore:\n- vulnerability: "CVE-\\e[31mRED"\n  owner: "\\e]0;title\\a"\n',
    "a hundred": "ignore:\n" + "- vulnerability: X\n" * 100,
}

ADD = ("add", CVE, "scan.json", "--impact", "x", "--repo", "org/app")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("GH_TOKEN", "GITHUB_TOKEN", "GITHUB_ACTIONS"):
        monkeypatch.delenv(name, raising=False)
    package: dict[str, Any] = {"name": "a" * 60, "version": "1", "type": "python"}
    match = {
        "id": CVE,
        "aliases": [],
        "severity": "critical",
        "package": package | {"purl": "", "language": "", "locations": ["/" + "a" * 60]},
        "fix": {"state": "not-fixed", "versions": []},
        "url": "https://example.org/1",
        "description": "d",
        "platforms": ["linux/amd64"],
    }
    document = {
        "schema": "urn:shipseal:schema:scan:1",
        "platforms": [{"platform": "linux/amd64"}],
        "matches": [match],
    }
    (tmp_path / "scan.json").write_text(json.dumps(document))
    return tmp_path


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[GitHubServer]:
    with GitHubServer(repositories=["org/app"], tokens=["ghs_t"]) as served:
        monkeypatch.setenv("GITHUB_API_URL", served.url)
        monkeypatch.setenv("GITHUB_SERVER_URL", "https://github.com")
        monkeypatch.setenv("GH_TOKEN", "ghs_t")
        yield served


COMMANDS = {
    "lint": ("lint", "--results", "scan.json"),
    "list": ("list",),
    "explain": ("explain", CVE, "--results", "scan.json"),
    "add": ("add", CVE, "scan.json", "--impact", "x", "--local", "--issue", "https://x.example/1"),
    "prune": ("prune", "scan.json", "--local", "--dry-run"),
}


def run(capsys: pytest.CaptureFixture[str], command: str) -> tuple[int, str]:
    """Return the exit status and all that was printed; nothing takes long."""
    capsys.readouterr()
    began = time.monotonic()
    status = main(["ignore", *COMMANDS[command]])
    assert time.monotonic() - began < 15
    printed = capsys.readouterr()
    return status, printed.out + printed.err


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_read_is_named_by_its_line_and_left_as_it_is(
    name: str, command: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text, words = REFUSED[name]
    data = text if isinstance(text, bytes) else text.encode()
    file = folder / ".grype.yaml"
    file.write_bytes(data)
    status, told = run(capsys, command)
    assert status == 64
    assert words in told
    assert "defect" not in told
    assert file.read_bytes() == data
    assert sorted(path.name for path in folder.iterdir()) == [".grype.yaml", "scan.json"]


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("name", READ)
def test_what_can_be_read_breaks_and_hides_nothing(
    name: str, command: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = folder / ".grype.yaml"
    file.write_text(READ[name])
    status, told = run(capsys, command)
    assert status in (0, 2, 64)
    assert "defect" not in told
    assert "\x1b" not in told
    assert "\x07" not in told
    if command != "add" or status:
        assert file.read_text() == READ[name]
    else:
        assert file.read_text().startswith(READ[name].partition("ignore:")[0])
        assert READ[name].rstrip().splitlines()[-1] in file.read_text()


@pytest.mark.parametrize("command", ["lint", "list", "explain", "add"])
def test_thousands_of_rules_take_seconds(
    command: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / ".grype.yaml").write_text("ignore:\n" + "- vulnerability: X\n" * 3000)
    assert run(capsys, command)[0] in (0, 2)


def test_an_ignore_that_is_written_meanwhile_is_kept(
    folder: Path,
    server: GitHubServer,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    file = folder / ".grype.yaml"
    file.write_text("ignore:\n  - vulnerability: CVE-1999-0001\n")
    theirs = "ignore:\n  - vulnerability: CVE-1999-0001\n  - vulnerability: CVE-1999-0002 # new\n"
    project, answer = server.projects["org/app"], server._route
    project.commit("main", ".grype.yaml", file.read_bytes())

    def route(exchange: Any) -> None:
        if exchange.method == "PUT":
            file.write_text(theirs)
        answer(exchange)

    monkeypatch.setattr(server, "_route", route)
    assert main(["ignore", *ADD]) == 0, capsys.readouterr().err
    assert file.read_text().startswith(theirs)
    assert CVE in file.read_text()
    assert b"CVE-1999-0002" not in project.branches[f"shipseal/ignore-{CVE.lower()}"][".grype.yaml"]


def test_a_branch_that_is_protected_is_written_to_through_a_pull_request(
    folder: Path, server: GitHubServer, capsys: pytest.CaptureFixture[str]
) -> None:
    project = server.projects["org/app"]
    assert main(["ignore", *ADD, "--branch", "main"]) != 0
    assert not project.pulls
    assert ".grype.yaml" not in project.branches["main"]
    assert not (folder / ".grype.yaml").exists()
    assert main(["ignore", *ADD]) == 0, capsys.readouterr().err
    assert ".grype.yaml" not in project.branches["main"]
    assert len(project.pulls) == 1
