"""Who approved the pull request of a commit, asked over HTTP; and issues and pull requests at a GitHub Enterprise."""

from collections.abc import Iterator

import pytest

from shipseal._internal.retry import RetryPolicy
from shipseal.errors import ShipsealError
from shipseal.github.hosts import GitHubHost, Repository, github_host
from shipseal.github.project import GitHubProject
from shipseal.github.rest import GitHubRest
from shipseal.github.reviews import GitHubReviews, Reviewed
from shipseal.github.wording import CHANGES
from shipseal.testing.github_project import ServedProject
from shipseal.testing.github_reviews import ServedReview
from shipseal.testing.github_server import GitHubServer, Refusal
from tests.support.clocks import StoppedClock

COMMIT = "c" * 40
TOKEN = "ghs_of-this-test"


@pytest.fixture
def server() -> Iterator[GitHubServer]:
    with GitHubServer(repositories=["org/app"], tokens=[TOKEN]) as served:
        yield served


@pytest.fixture
def served(server: GitHubServer) -> ServedProject:
    return server.projects["org/app"]


def rest(server: GitHubServer, below: str = "") -> GitHubRest:
    host = GitHubHost("git.example.org", server.url + below, "https://git.example.org", TOKEN)
    policy = RetryPolicy(tries=2, deadline=60)
    return GitHubRest(host, StoppedClock(), policy, wording=CHANGES)


def asked(server: GitHubServer, below: str = "") -> Reviewed | None:
    return GitHubReviews(rest(server, below), Repository("org", "app")).of_commit(COMMIT)


def reviewed(served: ServedProject, *words: str, merged: bool = True) -> None:
    served.reviews.pulls[COMMIT] = [(7, merged)]
    served.reviews.reviews[7] = [ServedReview(*word.split(":")) for word in words]


@pytest.mark.parametrize(
    ("words", "by"),
    [
        (("anna:APPROVED",), ("anna",)),
        (("anna:APPROVED", "ben:APPROVED"), ("anna", "ben")),
        (("anna:APPROVED", "anna:COMMENTED"), ("anna",)),
        (("anna:APPROVED", "anna:CHANGES_REQUESTED"), ()),
        (("anna:CHANGES_REQUESTED", "anna:APPROVED"), ("anna",)),
        (("anna:DISMISSED", "ben:APPROVED"), ("ben",)),
        (("anna:APPROVED", "anna:DISMISSED"), ()),
        (("anna:COMMENTED", "ben:PENDING"), ()),
        ((":APPROVED",), ()),
        ((), ()),
    ],
)
def test_the_last_word_of_each_reviewer_counts(
    server: GitHubServer, served: ServedProject, words: tuple[str, ...], by: tuple[str, ...]
) -> None:
    reviewed(served, *words)
    assert asked(server) == Reviewed(7, by)


def test_a_change_of_mind_beyond_the_first_page_counts(
    server: GitHubServer, served: ServedProject
) -> None:
    reviewed(served, "anna:APPROVED", *["ben:COMMENTED"] * 120, "anna:DISMISSED")
    assert asked(server) == Reviewed(7, ())


def test_what_is_not_merged_or_not_known_is_no_answer(
    server: GitHubServer, served: ServedProject
) -> None:
    assert asked(server) is None
    reviewed(served, "anna:APPROVED", merged=False)
    assert asked(server) is None
    served.reviews.pulls[COMMIT] = [(3, False), (7, True)]
    assert asked(server) == Reviewed(7, ("anna",))


@pytest.mark.parametrize(
    "refusal", [Refusal(403), Refusal(429), Refusal(500), Refusal(401), Refusal(0, drops=True)]
)
def test_a_refusal_is_an_error_of_ours(server: GitHubServer, refusal: Refusal) -> None:
    server.quirks.refuse[:] = [refusal] * 4
    with pytest.raises(ShipsealError):
        asked(server)


def test_a_github_enterprise_is_asked_below_its_own_address(
    server: GitHubServer, served: ServedProject
) -> None:
    reviewed(served, "anna:APPROVED")
    assert asked(server, "/api/v3") == Reviewed(7, ("anna",))
    project = GitHubProject(rest(server, "/api/v3"), Repository("org", "app"))
    issue = project.open_issue("a", "b", [])
    assert served.issues[issue.number].title == "a"
    project.make_branch("ignore", served.heads["main"])
    project.write(".grype.yaml", b"ignore: []\n", branch="ignore", message="m", replaces=None)
    pull = project.open_pull("c", "d", branch="ignore", base="main")
    assert served.pulls[pull.number].head == "ignore"
    assert all("/api/v3/repos/" in one for one in server.requests)
    assert set(server.seen) == {f"Bearer {TOKEN}"}


def test_the_job_of_a_github_enterprise_says_where_its_api_is(server: GitHubServer) -> None:
    env = {
        "GITHUB_API_URL": f"{server.url}/api/v3",
        "GITHUB_SERVER_URL": "https://git.example.org",
        "GITHUB_TOKEN": TOKEN,
    }
    host = github_host(env)
    assert (host.name, host.api, host.token) == (
        "git.example.org",
        f"{server.url}/api/v3",
        TOKEN,
    )
