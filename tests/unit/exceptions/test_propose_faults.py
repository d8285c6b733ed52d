"""A change is proposed while GitHub fails half way, or by two people at once: nothing is lost and nothing doubled."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from shipseal._internal.retry import RetryPolicy
from shipseal.errors import Code, ShipsealError
from shipseal.exceptions.propose import Change, IssueWish, Proposed, propose
from shipseal.github.hosts import GitHubHost, Repository
from shipseal.github.project import GitHubProject
from shipseal.github.rest import GitHubRest
from shipseal.github.wording import CHANGES
from shipseal.testing.github_project import ServedIssue, ServedProject
from shipseal.testing.github_server import GitHubServer, Refusal
from shipseal.testing.http_server import Exchange
from tests.support.clocks import StoppedClock

FILE, BRANCH, MARK = ".grype.yaml", "shipseal/ignore-cve-1", "<!-- cve-1 -->"
LIMITED = Refusal(403, "You have exceeded a secondary rate limit.", {"Retry-After": "600"})
CHANGE = Change(
    path=FILE,
    edit=lambda text, _: text if "one" in text else f"{text}one\n",
    title="Ignore CVE-1",
    body=lambda address: f"Refs {address}",
    branch=BRANCH,
    issue=IssueWish(MARK, "Ignored: CVE-1", MARK, "ignored"),
)


@pytest.fixture
def server() -> Iterator[GitHubServer]:
    with GitHubServer(repositories=["org/app"], tokens=["t"]) as github:
        github.projects["org/app"].commit("main", FILE, b"zero\n")
        yield github


@pytest.fixture
def served(server: GitHubServer) -> ServedProject:
    return server.projects["org/app"]


def project(server: GitHubServer, who: str = "t") -> GitHubProject:
    host = GitHubHost("github.com", server.url, "https://github.com", who)
    policy = RetryPolicy(tries=3, deadline=60)
    rest = GitHubRest(host, StoppedClock(), policy, wording=CHANGES)
    return GitHubProject(rest, Repository("org", "app"))


def proposed(server: GitHubServer, change: Change = CHANGE) -> Proposed:
    return propose(project(server), change)


def before_write(
    server: GitHubServer, number: int, act: Callable[[Exchange], bool], method: str = ""
) -> None:
    """Let ``act`` see the write of that number, from 0; where it says so, nothing else answers it."""
    answer, seen = server._route, [0]

    def route(exchange: Exchange) -> None:
        if exchange.method != "GET" and exchange.method.startswith(method):
            seen[0] += 1
            if seen[0] == number + 1 and act(exchange):
                return
        answer(exchange)

    server._route = route  # type: ignore[method-assign]


def whole_and_single(served: ServedProject) -> None:
    assert [one.state for one in served.issues.values()].count("open") == 1
    (pull,) = [one for one in served.pulls.values() if one.state == "open"]
    assert served.branches[pull.head][FILE] == b"zero\none\n"
    assert served.branches["main"][FILE] == b"zero\n"


@pytest.mark.parametrize("lost", [Refusal(500), Refusal(502, "bad gateway"), Refusal(drops=True)])
@pytest.mark.parametrize("number", range(4), ids=["issue", "branch", "file", "pull request"])
def test_what_was_done_before_its_answer_was_lost_is_not_done_again(
    server: GitHubServer, served: ServedProject, number: int, lost: Refusal
) -> None:
    def done_and_lost(exchange: Exchange) -> bool:
        words = exchange.path.strip("/").split("/")[3:]
        assert served.answer(exchange, words, "https://github.com/org/app") is not None
        server._refuse(exchange, lost)
        return True

    before_write(server, number, done_and_lost)
    # A branch that turns out to be there is as good as an answer.
    if number != 1:
        with pytest.raises(ShipsealError) as caught:
            proposed(server)
        assert caught.value.code in (Code.SERVICE_OUTAGE, Code.NETWORK_UNREACHABLE)
        assert ("issue https://" in caught.value.message) is (number > 0)
    proposed(server)
    whole_and_single(served)
    assert len(served.issues) == 1


@pytest.mark.parametrize("number", range(4))
def test_a_rate_limit_that_is_not_waited_for_leaves_what_the_next_run_uses(
    server: GitHubServer, served: ServedProject, number: int
) -> None:
    def limited(exchange: Exchange) -> bool:
        server._refuse(exchange, LIMITED)
        return True

    before_write(server, number, limited)
    with pytest.raises(ShipsealError) as caught:
        proposed(server)
    assert caught.value.code is Code.RATE_LIMITED
    proposed(server)
    whole_and_single(served)


def test_the_commit_of_somebody_else_on_a_branch_that_we_made_stays(
    server: GitHubServer, served: ServedProject
) -> None:
    def theirs_first(_: Exchange) -> bool:
        served.commit(BRANCH, FILE, b"zero\nanother\n")
        return False

    before_write(server, 0, theirs_first, "PUT")
    with pytest.raises(ShipsealError, match="does not match"):
        proposed(server)
    assert served.branches[BRANCH][FILE] == b"zero\nanother\n"


def test_of_two_issues_that_are_opened_at_once_the_older_one_stays_for_both(
    server: GitHubServer, served: ServedProject
) -> None:
    def theirs_first(_: Exchange) -> bool:
        served.issues[1] = ServedIssue(1, "theirs", MARK, ["ignored"])
        served._last = 1
        return False

    before_write(server, 0, theirs_first)
    found = proposed(server)
    assert found.issue is not None
    assert (found.issue.number, found.issue.new) == (1, False)
    assert [one.state for one in served.issues.values()] == ["open", "closed"]
    assert served.issues[2].comments == ["Opened twice at once: #1"]


def test_a_branch_that_is_made_at_once_by_another_is_used(
    server: GitHubServer, served: ServedProject
) -> None:
    def theirs_first(_: Exchange) -> bool:
        served.heads[BRANCH] = served.heads["main"]
        served.branches[BRANCH] = dict(served.branches["main"])
        return False

    before_write(server, 1, theirs_first)
    proposed(server)
    whole_and_single(served)


def test_a_branch_that_is_merged_and_left_there_is_passed_over(
    server: GitHubServer, served: ServedProject
) -> None:
    first = proposed(server)
    assert first.pull is not None
    served.merge(first.pull.number)
    served.commit("main", FILE, b"zero\n")
    again = proposed(server)
    assert again.branch == f"{BRANCH}-2"
    whole_and_single(served)
    # What a person chose is taken as it is.
    assert proposed(server, replace(CHANGE, chosen=True)).branch == BRANCH


def test_an_archived_repository_is_told_before_anything_is_made(
    server: GitHubServer, served: ServedProject
) -> None:
    served.archived = True
    with pytest.raises(ShipsealError, match="is archived") as caught:
        proposed(server)
    assert caught.value.code is Code.GITHUB_REFUSED
    assert not [one for one in server.requests if not one.startswith("GET")]


def test_a_token_that_may_only_read_is_told_before_anything_is_made(server: GitHubServer) -> None:
    with pytest.raises(ShipsealError, match="may read and not write") as caught:
        propose(project(server, who="reader"), CHANGE)
    assert caught.value.code is Code.GITHUB_DENIED
    assert not [one for one in server.requests if not one.startswith("GET")]


def test_a_file_at_github_that_is_no_utf8_is_told_before_anything_is_made(
    server: GitHubServer, served: ServedProject
) -> None:
    served.commit("main", FILE, b"\xe9")
    with pytest.raises(ShipsealError, match="no UTF-8"):
        proposed(server)
    assert not served.issues


def test_a_file_beyond_one_mebibyte_is_read_as_a_blob_and_changed(
    server: GitHubServer, served: ServedProject
) -> None:
    large = b"#" * 1_100_000 + b"\n"
    served.commit("main", FILE, large)
    proposed(server)
    assert served.branches[BRANCH][FILE] == large + b"one\n"


def test_an_issue_that_is_closed_or_gone_is_not_told_again(
    server: GitHubServer, served: ServedProject
) -> None:
    ours = project(server)
    ours.open_issue("t", "b", [])
    for _ in range(2):
        ours.close_issue(1, "over")
    ours.close_issue(99, "over")
    assert served.issues[1].comments == ["over"]
