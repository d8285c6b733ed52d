"""Where this shipseal comes from, by what installers write down."""

import json
import subprocess
from pathlib import Path

import pytest

from shipseal.wiring import own_source
from tests.support.tools import need

COMMIT = "0123456789abcdef0123456789abcdef01234567"


class _Installed:
    def __init__(self, told: str | None) -> None:
        self._told = told

    def read_text(self, name: str) -> str | None:
        assert name == "direct_url.json"
        return self._told


def told(monkeypatch: pytest.MonkeyPatch, value: object) -> own_source.OwnSource:
    text = value if value is None or isinstance(value, str) else json.dumps(value)
    monkeypatch.setattr(own_source, "distribution", lambda _: _Installed(text))
    return own_source.own_source()


def test_from_a_repository_by_address(monkeypatch: pytest.MonkeyPatch) -> None:
    vcs = {"vcs": "git", "commit_id": COMMIT}
    found = told(monkeypatch, {"url": "ssh://git@github.com/Org/seal.git", "vcs_info": vcs})
    assert (found.url, found.commit, found.sure) == ("https://github.com/Org/seal", COMMIT, True)


def test_from_a_clone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    clone = tmp_path / "a clone"
    clone.mkdir()
    git = [str(need("git")), "-C", str(clone)]
    author = ["-c", "user.name=x", "-c", "user.email=x@example.org"]
    subprocess.run([*git, "init", "--quiet"], check=True)
    subprocess.run([*git, *author, "commit", "-q", "--allow-empty", "-m", "x"], check=True)
    unnamed = told(monkeypatch, {"url": clone.as_uri(), "dir_info": {"editable": True}})
    assert (unnamed.url, len(unnamed.commit), unnamed.sure) == (own_source.HOME, 40, False)
    subprocess.run([*git, "remote", "add", "origin", "git@github.com:org/seal.git"], check=True)
    named = told(monkeypatch, {"url": clone.as_uri(), "dir_info": {}})
    assert (named.url, named.commit, named.sure) == (
        "https://github.com/org/seal",
        unnamed.commit,
        True,
    )


@pytest.mark.parametrize(
    "value",
    [
        None,
        "",
        "nonsense",
        "[]",
        {},
        {"url": "https://files.example/x.whl"},
        {"url": "file:///gone"},
    ],
)
def test_from_nowhere_that_is_known(monkeypatch: pytest.MonkeyPatch, value: object) -> None:
    found = told(monkeypatch, value)
    assert (found.url, found.commit, found.sure) == (own_source.HOME, "", False)
