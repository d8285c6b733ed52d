"""Facts about the sources come from git itself; no repository is an answer, a refused one is a fault."""

import os
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shipseal.build.git import git_facts, normal_remote
from shipseal.build.values import GitFacts
from shipseal.errors import Code, ConfigError, ToolError
from tests.support.missing import UNAVOIDABLE

SECONDS = 1_700_000_000


def git(folder: Path, *words: str) -> str:
    dated = os.environ | {
        "GIT_COMMITTER_DATE": f"{SECONDS} +0200",
        "GIT_AUTHOR_DATE": f"{SECONDS} +0000",
    }
    done = subprocess.run(
        ["git", "-C", str(folder), *words], check=True, capture_output=True, text=True, env=dated
    )
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Return a work tree with one commit."""
    folder = tmp_path / "sources"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    (folder / "app.py").write_text("print(1)\n")
    git(folder, "add", "app.py")
    git(folder, "commit", "-q", "-m", "begin")
    return folder


def test_facts_of_a_clean_work_tree(repository: Path) -> None:
    git(repository, "remote", "add", "origin", "https://me:secret@git.example.org/org/app.git")
    inner = repository / "deep" / "down"
    inner.mkdir(parents=True)
    assert git_facts(inner) == GitFacts(
        commit=git(repository, "rev-parse", "HEAD"),
        dirty=False,
        ref="refs/heads/main",
        remote="https://git.example.org/org/app",
        committed_at=SECONDS,
        root=repository,
    )


def test_only_tracked_files_make_it_dirty(repository: Path) -> None:
    (repository / "new.txt").write_text("untracked")
    assert not git_facts(repository).dirty
    assert git_facts(repository).untracked == 1
    (repository / "app.py").write_text("print(2)\n")
    assert git_facts(repository).dirty
    git(repository, "add", "app.py")
    assert git_facts(repository).dirty


def test_untracked_files_of_the_whole_work_tree_are_counted_and_ignored_ones_are_not(
    repository: Path,
) -> None:
    assert git_facts(repository).untracked == 0
    inner = repository / "deep" / "down"
    inner.mkdir(parents=True)
    (repository / ".gitignore").write_text("*.log\n")
    git(repository, "add", ".gitignore")
    (repository / "top").touch()
    (inner / "two\nlines").touch()
    (inner / "a").touch()
    (inner / "x.log").touch()
    # What a person set for `git status` changes nothing.
    git(repository, "config", "status.showUntrackedFiles", "no")
    assert git_facts(repository).untracked == git_facts(inner).untracked == 3


def test_a_detached_head_is_named_by_its_highest_tag_or_not_at_all(repository: Path) -> None:
    git(repository, "checkout", "-q", "--detach")
    assert git_facts(repository).ref == ""
    for tag in ("v1.9.0", "v1.10.0"):
        git(repository, "tag", tag)
    assert git_facts(repository).ref == "refs/tags/v1.10.0"


def test_signatures_and_monitors_of_the_repository_change_nothing(
    repository: Path, tmp_path: Path
) -> None:
    trace = tmp_path / "monitor-ran"
    monitor = tmp_path / "monitor"
    monitor.write_text(f"#!/bin/sh\ntouch {trace}\n")
    monitor.chmod(0o755)
    git(repository, "config", "log.showSignature", "true")
    git(repository, "config", "core.fsmonitor", str(monitor))
    assert git_facts(repository).committed_at == SECONDS
    assert not trace.exists()


def test_before_the_first_commit_there_is_no_commit(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    git(tmp_path, "remote", "add", "origin", "git@git.example.org:org/app.git")
    facts = git_facts(tmp_path)
    assert (facts.commit, facts.remote) == ("", "https://git.example.org/org/app")


def test_an_alias_for_a_remote_is_resolved_but_a_mirror_is_not_told(repository: Path) -> None:
    git(repository, "remote", "add", "origin", "https://git.example.org/org/app")
    git(repository, "config", "url.https://mirror.example/.insteadOf", "https://git.example.org/")
    assert git_facts(repository).remote == "https://git.example.org/org/app"
    git(repository, "remote", "set-url", "origin", "w:org/app")
    git(repository, "config", "url.https://git.example.org/.insteadOf", "w:")
    assert git_facts(repository).remote == "https://git.example.org/org/app"


def test_no_repository_and_no_git_are_answers(tmp_path: Path, repository: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    assert git_facts(outside) == GitFacts()
    assert git_facts(repository, git="no-such-git") == GitFacts()


def test_a_bare_repository_has_no_sources(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "--bare", "bare.git")
    assert git_facts(tmp_path / "bare.git") == GitFacts()


def test_a_repository_of_another_user_is_a_fault_with_the_way_out(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if os.geteuid() != 0:
        pytest.skip(f"{UNAVOIDABLE}only root can give a folder to another user")
    os.chown(repository, 12345, 12345)
    with pytest.raises(ConfigError, match="another user owns it") as caught:
        git_facts(repository)
    assert caught.value.code is Code.CONFIG_INVALID
    assert f"safe.directory {repository}" in caught.value.hint
    for key, value in {"COUNT": "1", "KEY_0": "safe.directory", "VALUE_0": "*"}.items():
        monkeypatch.setenv(f"GIT_CONFIG_{key}", value)
    assert git_facts(repository).commit


def test_a_broken_repository_is_no_missing_one(repository: Path) -> None:
    head = git(repository, "rev-parse", "HEAD")
    (repository / ".git" / "objects" / head[:2] / head[2:]).unlink()
    (repository / ".git" / "index").write_bytes(b"no index")
    with pytest.raises(ToolError) as caught:
        git_facts(repository)
    assert caught.value.code is Code.TOOL_CRASHED


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://git.example.org/org/app", "https://git.example.org/org/app"),
        ("https://git.example.org/org/app.git/", "https://git.example.org/org/app"),
        (
            "https://user:token@Git.Example.org:8443/org/app.git",
            "https://git.example.org:8443/org/app",
        ),
        ("http://git.example.org/org/app?x=1#y", "https://git.example.org/org/app"),
        ("git@git.example.org:org/app.git", "https://git.example.org/org/app"),
        ("git.example.org:org/app", "https://git.example.org/org/app"),
        ("ssh://git@git.example.org:22/org/app.git", "https://git.example.org/org/app"),
        ("git+ssh://git@git.example.org/org/app", "https://git.example.org/org/app"),
        ("git://git.example.org/org/app", "https://git.example.org/org/app"),
        ("https://[2001:db8::1]:8443/org/app", "https://[2001:db8::1]:8443/org/app"),
        ("https://git.example.org/", ""),
        ("https://git.example.org:port/x", ""),
        ("/srv/git/app.git", ""),
        ("../app", ""),
        ("file:///srv/git/app.git", ""),
        (r"C:\sources\app", ""),
        ("", ""),
    ],
)
def test_remotes_in_normal_form(url: str, expected: str) -> None:
    assert normal_remote(url) == expected


_word = st.from_regex(r"[a-z0-9][a-z0-9-]{0,10}", fullmatch=True)


@given(user=_word, password=_word, host=_word, path=st.lists(_word, min_size=1, max_size=3))
def test_every_way_to_write_a_remote_gives_one_name_without_credentials(
    user: str, password: str, host: str, path: list[str]
) -> None:
    name, where = f"{host}.example.org", "/".join(path)
    expected = f"https://{name}/{where}"
    for url in (
        f"https://{user}:{password}@{name}/{where}.git",
        f"ssh://{user}@{name}:2222/{where}",
        f"{user}@{name}:{where}.git",
        f"{expected}/",
    ):
        assert normal_remote(url) == expected
    assert normal_remote(expected) == expected


@given(url=st.text(max_size=60))
def test_any_text_is_a_remote_or_none(url: str) -> None:
    found = normal_remote(url)
    assert found == "" or found.startswith("https://")
    assert normal_remote(found) == found
