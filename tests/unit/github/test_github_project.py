"""Issues, branches, files and pull requests over HTTP: what is made, what is found again, and what is refused."""

from collections.abc import Iterator

import pytest

from shipseal._internal.retry import RetryPolicy
from shipseal.errors import Code, Exit, ShipsealError
from shipseal.github.hosts import GitHubHost, Repository
from shipseal.github.project import GitHubProject
from shipseal.github.rest import GitHubRest
from shipseal.github.wording import CHANGES
from shipseal.testing.github_project import ServedProject
from shipseal.testing.github_server import GitHubServer, Refusal
from tests.support.clocks import StoppedClock

TOKEN = "ghs_of-this-test"
DENIED = "auth.github-denied"
REFUSED = "github.refused"


@pytest.fixture
def server() -> Iterator[GitHubServer]:
    with GitHubServer(repositories=["Org/App"], private=["org/hidden"], tokens=[TOKEN]) as served:
        yield served


@pytest.fixture
def served(server: GitHubServer) -> ServedProject:
    return server.projects["org/app"]


def project(server: GitHubServer, name: str = "App", token: str = TOKEN) -> GitHubProject:
    host = GitHubHost("github.com", server.url, "https://github.com", token)
    policy = RetryPolicy(tries=3, deadline=600)
    return GitHubProject(
        GitHubRest(host, StoppedClock(), policy, wording=CHANGES), Repository("Org", name)
    )


def test_an_issue_is_opened_found_by_its_mark_and_closed(
    server: GitHubServer, served: ServedProject
) -> None:
    ours = project(server)
    opened = ours.open_issue("Ignored: CVE-1", "text <!-- mark -->", ["vulnerability-ignore"])
    assert (opened.number, opened.new) == (1, True)
    found = ours.find_issue("<!-- mark -->", "vulnerability-ignore")
    assert found is not None
    assert (found.number, found.url, found.new) == (1, opened.url, False)
    assert ours.find_issue("<!-- mark -->", "another") is None
    ours.close_issue(1, "fixed upstream")
    assert (served.issues[1].state, served.issues[1].comments) == ("closed", ["fixed upstream"])
    assert ours.find_issue("<!-- mark -->", "vulnerability-ignore") is None


def test_an_issue_beyond_the_first_page_is_found(
    server: GitHubServer, served: ServedProject
) -> None:
    ours = project(server)
    for number in range(101):
        ours.open_issue(f"one {number}", f"mark-{number}-", ["ignore"])
    found = ours.find_issue("mark-100-", "ignore")
    assert found is not None
    assert found.number == 101


def test_a_file_is_changed_on_a_branch_and_proposed(
    server: GitHubServer, served: ServedProject
) -> None:
    served.commit("main", "sub dir/.grype.yaml", b"ignore: []\n")
    ours = project(server)
    head = ours.head_of("main")
    assert head is not None
    ours.make_branch("shipseal/ignore-cve-1", head)
    there = ours.read("sub dir/.grype.yaml", "shipseal/ignore-cve-1")
    assert there is not None
    assert there.content == b"ignore: []\n"
    ours.write(
        "sub dir/.grype.yaml",
        b"new",
        branch="shipseal/ignore-cve-1",
        message="m",
        replaces=there.blob,
    )
    pull = ours.open_pull("title", "Refs #1", branch="shipseal/ignore-cve-1", base="main")
    assert served.branches["shipseal/ignore-cve-1"]["sub dir/.grype.yaml"] == b"new"
    assert served.branches["main"]["sub dir/.grype.yaml"] == b"ignore: []\n"
    found = ours.find_pull("shipseal/ignore-cve-1")
    assert found is not None
    assert (found.number, found.new) == (pull.number, False)
    served.merge(pull.number)
    assert ours.find_pull("shipseal/ignore-cve-1") is None
    assert served.branches["main"]["sub dir/.grype.yaml"] == b"new"


def test_what_is_not_there_is_none_and_a_hidden_repository_is_an_error(
    server: GitHubServer, served: ServedProject
) -> None:
    ours = project(server)
    assert ours.read(".grype.yaml", "main") is None
    assert ours.head_of("nothing") is None
    assert ours.about().default_branch == "main"
    with pytest.raises(ShipsealError, match="404") as caught:
        project(server, "hidden", token="another").read(".grype.yaml", "main")
    assert caught.value.code == DENIED
    assert caught.value.exit is Exit.AUTH


@pytest.mark.parametrize(("token", "status"), [("", "401"), ("another", "403")])
def test_who_may_not_write_is_told_which_rights_are_needed(
    server: GitHubServer, token: str, status: str
) -> None:
    with pytest.raises(ShipsealError, match=status) as caught:
        project(server, token=token).open_issue("t", "b", [])
    assert caught.value.code == DENIED
    assert "issues: write" in caught.value.hint
    assert TOKEN not in str(caught.value)


def test_actions_that_may_not_open_pull_requests_say_so(
    server: GitHubServer, served: ServedProject
) -> None:
    served.may_open_pulls = False
    with pytest.raises(ShipsealError, match="not permitted to create") as caught:
        project(server).open_pull("t", "b", branch="main", base="main")
    assert caught.value.code == DENIED


def test_refusals_have_github_s_words(server: GitHubServer, served: ServedProject) -> None:
    ours = project(server)
    head = served.heads["main"]
    served.refused_names = "shipseal/.*"
    with pytest.raises(ShipsealError, match="creations being restricted") as caught:
        ours.make_branch("shipseal/x", head)
    assert caught.value.code == REFUSED
    ours.make_branch("x", head)
    with pytest.raises(ShipsealError, match="already exists") as caught:
        ours.make_branch("x", head)
    assert "--branch" in caught.value.hint
    with pytest.raises(ShipsealError, match="through a pull request"):
        ours.write("f", b"1", branch="main", message="m", replaces=None)
    with pytest.raises(ShipsealError, match="No commits between"):
        ours.open_pull("t", "b", branch="x", base="main")
    served.has_issues = False
    with pytest.raises(ShipsealError, match="disabled") as caught:
        ours.open_issue("t", "b", [])
    assert caught.value.code == REFUSED
    assert caught.value.exit is Exit.OUTSIDE


def test_a_file_that_was_changed_meanwhile_is_not_overwritten(
    server: GitHubServer, served: ServedProject
) -> None:
    ours = project(server)
    ours.make_branch("x", served.heads["main"])
    ours.write("f", b"1", branch="x", message="m", replaces=None)
    there = ours.read("f", "x")
    assert there is not None
    served.commit("x", "f", b"another's")
    with pytest.raises(ShipsealError, match="does not match") as caught:
        ours.write("f", b"2", branch="x", message="m", replaces=there.blob)
    assert caught.value.code == REFUSED
    with pytest.raises(ShipsealError, match="wasn't supplied"):
        ours.write("f", b"2", branch="x", message="m", replaces=None)
    assert served.branches["x"]["f"] == b"another's"


@pytest.mark.parametrize(
    "refusal",
    [
        Refusal(403, "You have exceeded a secondary rate limit.", {"Retry-After": "60"}),
        Refusal(429, "too many requests", {"Retry-After": "7"}),
        Refusal(403, "API rate limit exceeded", {"X-RateLimit-Remaining": "0"}),
    ],
)
def test_a_rate_limit_is_waited_for_and_the_issue_is_opened_once(
    server: GitHubServer, served: ServedProject, refusal: Refusal
) -> None:
    server.quirks.refuse = [refusal]
    assert project(server).open_issue("t", "b", []).number == 1
    assert len(served.issues) == 1


def test_a_rate_limit_without_end_is_an_error(server: GitHubServer, served: ServedProject) -> None:
    server.quirks.refuse = [Refusal(429, "no", {"Retry-After": "1"})] * 3
    with pytest.raises(ShipsealError) as caught:
        project(server).open_issue("t", "b", [])
    assert caught.value.code is Code.RATE_LIMITED
    assert not served.issues


def test_what_may_have_been_done_is_not_sent_again(
    server: GitHubServer, served: ServedProject
) -> None:
    server.quirks.refuse = [Refusal(502, "bad gateway")]
    with pytest.raises(ShipsealError) as caught:
        project(server).open_issue("t", "b", [])
    assert caught.value.code is Code.SERVICE_OUTAGE
    assert server.count("POST") == 1


def test_a_folder_is_no_file(server: GitHubServer, served: ServedProject) -> None:
    served.commit("main", "dir/one", b"")
    with pytest.raises(ShipsealError, match="cannot be used") as caught:
        project(server).read("dir", "main")
    assert caught.value.code is Code.SERVICE_OUTAGE


def test_a_branch_is_removed(server: GitHubServer, served: ServedProject) -> None:
    ours = project(server)
    ours.make_branch("x", served.heads["main"])
    ours.remove_branch("x")
    assert ours.head_of("x") is None
