"""Who let an ignore in, asked of a real repository."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from shipseal._internal.progress import SilentReporter
from shipseal.config.load import load
from shipseal.ignores.read import read_ignores
from shipseal.ignores.rules import Approval
from shipseal.testing.github_reviews import ServedReview
from shipseal.testing.github_server import GitHubServer, Refusal
from shipseal.wiring.approvals import approved, with_approvals
from shipseal.wiring.surroundings import Surroundings
from tests.support.clocks import StoppedClock

FILE = """\
ignore:
  # CVE-2026-0001: a
  - vulnerability: CVE-2026-0001
    owner: anna
  # CVE-2026-0002: b
  - vulnerability: CVE-2026-0002
"""
ANNA, BEN = "Anna <anna@example.org>", "Ben <ben@example.org>"


class Repository:
    """A work tree whose commits have authors and times."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.file = folder / ".grype.yaml"
        self._folder = folder
        self._seconds = 1_700_000_000
        self.git("init", "-q", "-b", "main")

    def git(self, *words: str, author: str = ANNA) -> str:
        """Run git as somebody, a minute later than the time before."""
        self._seconds += 60
        name, _, mail = author.rstrip(">").partition(" <")
        moment = f"{self._seconds} +0000"
        env = os.environ | {
            "GIT_AUTHOR_NAME": name,
            "GIT_AUTHOR_EMAIL": mail,
            "GIT_COMMITTER_NAME": "Merger",
            "GIT_COMMITTER_EMAIL": "m@example.org",
            "GIT_AUTHOR_DATE": moment,
            "GIT_COMMITTER_DATE": moment,
        }
        command = ["git", "-C", str(self._folder), *words]
        done = subprocess.run(command, check=True, capture_output=True, text=True, env=env)
        return done.stdout.strip()

    def commit(self, text: str, message: str, author: str = ANNA) -> str:
        """Commit the file with this content, and return the commit's id."""
        self.file.write_text(text)
        self.git("add", ".grype.yaml")
        self.git("commit", "-q", "-m", message, author=author)
        return self.git("rev-parse", "HEAD")

    def approvals(self) -> list[Approval | None]:
        """Return who let each rule in."""
        rules = read_ignores(self.file.read_text(), name="x").rules
        return [rule.approval for rule in approved(rules, self.file)]


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "sources")


def test_the_author_of_the_last_change_to_an_entry_let_it_in(repository: Repository) -> None:
    first = repository.commit(FILE, "begin")
    second = repository.commit(FILE.replace("0002: b", "0002: other"), "reword (#12)", BEN)
    assert repository.approvals() == [
        Approval((ANNA,), first),
        Approval((BEN,), second, "#12"),
    ]


def test_reviewers_that_the_commit_names_come_before_its_author(repository: Repository) -> None:
    message = f"begin\n\nReviewed-by: {BEN}\nApproved-by: Eve <eve@example.org>\n"
    repository.commit(FILE, message)
    first, _ = repository.approvals()
    assert first is not None
    assert set(first.by) == {BEN, "Eve <eve@example.org>"}


def test_what_is_not_committed_was_approved_by_nobody(repository: Repository) -> None:
    repository.commit(FILE, "begin")
    repository.file.write_text(FILE.replace("owner: anna", "owner: anna\n    expires: 2999-01-01"))
    first, second = repository.approvals()
    assert first is None
    assert second is not None


def test_a_history_that_was_cut_off_is_no_answer(repository: Repository, tmp_path: Path) -> None:
    repository.commit(FILE, "begin")
    repository.commit(FILE.replace("0002: b", "0002: other"), "reword", BEN)
    clone = tmp_path / "clone"
    source = f"file://{repository.file.parent}"
    subprocess.run(["git", "clone", "-q", "--depth", "1", source, str(clone)], check=True)
    rules = read_ignores((clone / ".grype.yaml").read_text(), name="x").rules
    assert [rule.approval for rule in approved(rules, clone / ".grype.yaml")] == [None, None]


def test_without_a_repository_nothing_is_known(tmp_path: Path) -> None:
    file = tmp_path / ".grype.yaml"
    file.write_text(FILE)
    rules = read_ignores(FILE, name="x").rules
    assert approved(rules, file) == rules


def test_where_git_counts_other_lines_nothing_is_known(repository: Repository) -> None:
    repository.commit(f"#\r{FILE}", "begin")
    assert repository.approvals() == [None, None]


class Told(SilentReporter):
    """Keeps what is told."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        self.notes.append(text)


@pytest.fixture
def server() -> Iterator[GitHubServer]:
    with GitHubServer(repositories=["org/app"], tokens=["ghs_x"]) as served:
        yield served


def reviewed(
    repository: Repository, server: GitHubServer, **env: str
) -> tuple[list[Approval | None], Told]:
    """Return the approvals that a release would sign."""
    told = Told()
    known = {"GITHUB_API_URL": f"{server.url}/api/v3", "GITHUB_SERVER_URL": "https://ghe.example"}
    around = Surroundings({**known, "GH_TOKEN": "ghs_x", **env}, StoppedClock(), told, lambda: None)
    config = repository.file.with_name("shipseal.yaml")
    config.write_text("image: app\nbuild: {builder: prebuilt, layout: ./i}\ntargets: ['oci:./a']\n")
    loaded = load(config, env={}, overrides={})
    rules = read_ignores(repository.file.read_text(), name="x").rules
    return [rule.approval for rule in with_approvals(rules, loaded, around)], told


def test_reviews_of_the_pull_request_come_before_the_history(
    repository: Repository, server: GitHubServer
) -> None:
    repository.git("remote", "add", "origin", "https://ghe.example/org/app.git")
    first = repository.commit(FILE, "begin")
    second = repository.commit(FILE.replace("0002: b", "0002: other"), "reword (#12)", BEN)
    reviews = server.projects["org/app"].reviews
    reviews.pulls[second] = [(12, True)]
    reviews.reviews[12] = [ServedReview("carol", "APPROVED"), ServedReview("dan", "DISMISSED")]
    found, told = reviewed(repository, server)
    assert found == [Approval((ANNA,), first), Approval(("@carol",), second, "#12")]
    assert told.notes == []
    reviews.reviews[12] = []
    assert reviewed(repository, server)[0][1] == Approval((BEN,), second, "#12")


@pytest.mark.parametrize("status", [401, 403, 404, 429, 500, 502])
def test_a_github_that_does_not_answer_stops_nobody(
    repository: Repository, server: GitHubServer, status: int
) -> None:
    repository.git("remote", "add", "origin", "https://ghe.example/org/app.git")
    commit = repository.commit(FILE, "begin")
    server.quirks.refuse[:] = [Refusal(status)] * 8
    found, told = reviewed(repository, server)
    assert found == [Approval((ANNA,), commit)] * 2
    assert len(told.notes) == (status != 404)


@pytest.mark.parametrize(
    ("remote", "env"),
    [
        ("https://elsewhere.example/org/app.git", {}),
        ("https://ghe.example/org/app.git", {"GH_TOKEN": ""}),
        ("https://ghe.example/app.git", {}),
        ("", {}),
    ],
)
def test_a_token_goes_to_the_github_of_the_environment_alone(
    repository: Repository, server: GitHubServer, remote: str, env: dict[str, str]
) -> None:
    if remote:
        repository.git("remote", "add", "origin", remote)
    commit = repository.commit(FILE, "begin")
    assert reviewed(repository, server, **env)[0] == [Approval((ANNA,), commit)] * 2
    assert server.requests == []
