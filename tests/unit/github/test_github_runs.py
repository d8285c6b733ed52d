"""Runs, jobs, steps and logs over HTTP: all pages, every refusal, and archives that are not what they say."""

import io
import struct
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shipseal._internal.retry import RetryPolicy
from shipseal.errors import Code, ShipsealError
from shipseal.github import run_logs
from shipseal.github.hosts import GitHubHost, Repository
from shipseal.github.rest import GitHubRest
from shipseal.github.run_logs import RunLogs
from shipseal.github.runs import GitHubRuns
from shipseal.github.wording import RUNS
from shipseal.testing.github_actions import ActionsServer
from shipseal.testing.github_server import Refusal
from shipseal.testing.served_runs import ServedRun, log_archive, served_job
from tests.support.clocks import StoppedClock

TOKEN = "ghs_of-this-test"
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def server() -> Iterator[ActionsServer]:
    with ActionsServer() as served:
        yield served


def client(server: ActionsServer, token: str = TOKEN, name: str = "app") -> GitHubRuns:
    host = GitHubHost("github.com", server.url, server.web, token)
    rest = GitHubRest(host, StoppedClock(), RetryPolicy(tries=3, deadline=600), wording=RUNS)
    return GitHubRuns(rest, Repository("org", name))


def one_run(server: ActionsServer) -> ServedRun:
    steps: list[str | tuple[str, str | None]] = [
        "Set up job",
        ("Attest SBOM", "failure"),
        ("Post", None),
    ]
    jobs = [served_job("release (amd64)", steps, "failure", log=b"hello\n" * 3)]
    return server.add_run("release.yml", jobs=jobs, conclusion="failure", created=NOON)


def test_a_run_and_its_jobs_and_steps_are_read(server: ActionsServer) -> None:
    made = one_run(server)
    ours = client(server)
    run = ours.run(made.id)
    assert (run.event, run.branch, run.conclusion, run.attempt) == ("push", "main", "failure", 1)
    assert (run.created, run.path, run.is_forks) == (NOON, ".github/workflows/release.yml", False)
    (job,) = ours.jobs(made.id, 1)
    assert (job.name, job.conclusion, job.started) == ("release (amd64)", "failure", NOON)
    assert [(step.name, step.conclusion) for step in job.steps] == [
        ("Set up job", "success"),
        ("Attest SBOM", "failure"),
        ("Post", ""),
    ]
    assert job.completed == NOON + timedelta(minutes=3)


def test_whose_commit_a_pull_request_runs_is_known(server: ActionsServer) -> None:
    forks = server.add_run("ci.yml", event="pull_request", head_repository="someone/app")
    gone = server.add_run("ci.yml", event="pull_request", head_repository=None)
    own = server.add_run("ci.yml", event="pull_request")
    push = server.add_run("ci.yml", event="push", head_repository="someone/app")
    ours = client(server)
    found = [ours.run(one.id).is_forks for one in (forks, gone, own, push)]
    assert found == [True, True, False, False]


def test_runs_are_listed_newest_first_over_all_pages(server: ActionsServer) -> None:
    for number in range(130):
        server.add_run("release.yml", created=NOON + timedelta(hours=number))
    server.add_run("other.yml", created=NOON + timedelta(days=30))
    found = client(server).runs("release.yml", most=120)
    assert found is not None
    assert [run.created for run in found] == [
        NOON + timedelta(hours=number) for number in range(129, 9, -1)
    ]
    assert sum("/runs?" in one for one in server.requests) == 2


def test_filters_are_github_s(server: ActionsServer) -> None:
    server.add_run("release.yml", branch="v1", event="release", created=NOON)
    server.add_run("release.yml", branch="main", event="push", created=NOON)
    server.add_run("release.yml", branch="v1", event="push", created=NOON - timedelta(days=9))
    found = client(server).runs(
        ".github/workflows/release.yml", most=9, branch="v1", event="release"
    )
    assert found is not None
    assert [(run.branch, run.event) for run in found] == [("v1", "release")]
    everywhere = client(server).runs(most=9, event="push")
    assert everywhere is not None
    assert len(everywhere) == 2


def test_all_jobs_of_a_large_matrix_come(server: ActionsServer) -> None:
    made = server.add_run("m.yml", jobs=[served_job(f"build ({n})") for n in range(203)])
    assert len(client(server).jobs(made.id, 1)) == 203


def test_each_attempt_has_its_own_jobs(server: ActionsServer) -> None:
    made = one_run(server)
    made.attempts.append([served_job("release (amd64)")])
    ours = client(server)
    assert ours.run(made.id).attempt == 2
    assert [job.conclusion for job in ours.jobs(made.id, 1)] == ["failure"]
    assert [job.conclusion for job in ours.jobs(made.id, 2)] == ["success"]


def test_annotations_tell_of_steps_that_failed_in_silence(server: ActionsServer) -> None:
    told = [("failure", "Process completed with exit code 1."), ("warning", "old")]
    made = server.add_run("r.yml", jobs=[served_job("a", annotations=told)])
    found = client(server).annotations(made.attempts[0][0].id)
    assert [(one.level, one.message) for one in found] == told


def test_a_workflow_that_is_not_there_is_nothing_and_a_hidden_repository_an_error(
    server: ActionsServer,
) -> None:
    server.add_run("release.yml")
    server.states["old.yml"] = "disabled_inactivity"
    ours = client(server)
    assert ours.runs("nothing.yml", most=5) is None
    assert ours.workflow("nothing.yml") is None
    assert [(one.path, one.state) for one in ours.workflows()] == [
        (".github/workflows/release.yml", "active"),
        (".github/workflows/old.yml", "disabled_inactivity"),
    ]
    with pytest.raises(ShipsealError, match="404") as caught:
        client(server, name="hidden").runs("release.yml", most=5)
    assert caught.value.code == Code.GITHUB_DENIED


def test_a_run_that_is_not_there_is_said(server: ActionsServer) -> None:
    ours = client(server)
    asks = (partial(ours.run, 5), partial(ours.jobs, 5, 1), partial(ours.logs, 5, 1))
    for ask in asks:
        with pytest.raises(ShipsealError, match="no run 5") as caught:
            ask()
        assert caught.value.code == Code.GITHUB_REFUSED
        assert "actions/runs/NUMBER" in caught.value.hint


@pytest.mark.parametrize(
    ("refusal", "code"),
    [
        (Refusal(401, "Bad credentials"), Code.GITHUB_DENIED),
        (Refusal(403, "Resource not accessible by integration"), Code.GITHUB_DENIED),
        (Refusal(429, "slow down", {"Retry-After": "1"}), Code.RATE_LIMITED),
        (Refusal(403, "You have exceeded a secondary rate limit."), Code.RATE_LIMITED),
        (Refusal(502, "bad gateway"), Code.SERVICE_OUTAGE),
    ],
)
def test_refusals_have_their_codes(server: ActionsServer, refusal: Refusal, code: Code) -> None:
    made = one_run(server)
    server.refuse = [refusal] * 3
    with pytest.raises(ShipsealError, match=str(refusal.status)) as caught:
        client(server).run(made.id)
    assert caught.value.code == code
    assert TOKEN not in str(caught.value)


def test_nonsense_is_an_outage_and_no_traceback(server: ActionsServer) -> None:
    made = one_run(server)
    server.refuse = [Refusal(200, "hello")]
    with pytest.raises(ShipsealError, match="cannot be used") as caught:
        client(server).run(made.id)
    assert caught.value.code == Code.SERVICE_OUTAGE


def test_logs_are_a_text_per_job_and_the_token_stays_at_home(server: ActionsServer) -> None:
    made = one_run(server)
    with client(server).logs(made.id, 1) as logs:
        assert [(one.job, one.size) for one in logs.files] == [("release (amd64)", 18)]
        assert {name: b"".join(pieces) for name, pieces in logs} == {
            "0_release (amd64).txt": b"hello\n" * 3
        }
    assert server.seen_elsewhere == [""]
    assert set(server.seen) == {f"Bearer {TOKEN}"}


def test_logs_that_are_gone_and_logs_without_a_token(server: ActionsServer) -> None:
    made = one_run(server)
    with pytest.raises(ShipsealError, match="admin rights") as caught:
        client(server, token="").logs(made.id, 1)
    assert caught.value.code == Code.GITHUB_DENIED
    assert "need a token" in caught.value.hint
    made.expired = True
    with pytest.raises(ShipsealError, match="410") as caught:
        client(server).logs(made.id, 1)
    assert caught.value.code == Code.GITHUB_REFUSED
    assert "90 days" in caught.value.hint


def test_a_download_that_broke_off_begins_anew(server: ActionsServer) -> None:
    made = one_run(server)
    ours = client(server)
    server.refuse = [Refusal(200, "x"), Refusal(drops=True)]
    # The first answer is for the run itself.
    server.refuse.pop(0)
    with ours.logs(made.id, 1) as logs:
        assert len(logs.files) == 1


@pytest.mark.parametrize("archive", [b"", b"<html>proxy</html>", log_archive({"a": b"x"})[:-30]])
def test_a_broken_archive_is_said(server: ActionsServer, archive: bytes) -> None:
    made = one_run(server)
    made.archive = archive
    with pytest.raises(ShipsealError, match="archive cannot be read") as caught:
        client(server).logs(made.id, 1)
    assert caught.value.code == Code.SERVICE_OUTAGE


def opened(archive: bytes) -> RunLogs:
    return RunLogs(io.BytesIO(archive), "logs of a test")


def test_a_damaged_text_is_said_when_it_is_read() -> None:
    archive = bytearray(log_archive({"a": bytes(range(256)) * 40}))
    archive[45] ^= 0xFF
    with opened(bytes(archive)) as logs, pytest.raises(ShipsealError, match="cannot be read"):
        b"".join(logs.chunks(logs.files[0]))


def test_bombs_are_refused_before_they_are_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    archive = log_archive({"a": bytes(3_000_000)})
    assert len(archive) < 10_000
    monkeypatch.setattr(run_logs, "MOST_BYTES", 4_000_000)
    with pytest.raises(ShipsealError, match="when unpacked"):
        opened(archive)
    many = log_archive({str(number): b"" for number in range(20)})
    monkeypatch.setattr(run_logs, "MOST_FILES", 39)
    with pytest.raises(ShipsealError, match="more than 39 files"):
        opened(many)


def test_a_file_list_that_would_fill_the_memory_is_not_read() -> None:
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 9, 9, 2**31, 0, 0)
    with pytest.raises(ShipsealError, match="list of files of 2147483648 bytes"):
        opened(bytes(100) + end)
    large = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, 9, 9, 2**40, 0)
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, 100, 1)
    with pytest.raises(ShipsealError, match="list of files of 1099511627776 bytes"):
        opened(bytes(100) + large + locator + end)


def test_what_says_less_than_it_holds_does_not_say_more() -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("0_a.txt", bytes(5_000_000))
    lying = packed.getvalue().replace(struct.pack("<L", 5_000_000), struct.pack("<L", 10))
    with opened(lying) as logs, pytest.raises(ShipsealError, match="cannot be read"):
        list(logs.chunks(logs.files[0]))


def test_steps_are_read_where_there_is_no_text_of_the_job() -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("build/1_Set up job.txt", b"a")
        archive.writestr("build/2_Run.txt", b"b")
    with opened(packed.getvalue()) as logs:
        assert [(one.job, one.name) for one in logs.files] == [
            ("build", "build/1_Set up job.txt"),
            ("build", "build/2_Run.txt"),
        ]


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=60), st.integers(0, 400), st.integers(0, 255))
def test_no_archive_ends_in_a_traceback(noise: bytes, at: int, value: int) -> None:
    damaged = bytearray(log_archive({"job": b"line\n" * 9}) + noise)
    damaged[at % len(damaged)] = value
    with suppress(ShipsealError), opened(bytes(damaged)) as logs:
        for _, pieces in logs:
            list(pieces)


def test_no_more_pages_are_fetched_than_are_needed(server: ActionsServer) -> None:
    for number in range(450):
        server.add_run("release.yml", created=NOON + timedelta(hours=number))
    found = client(server).runs("release.yml", most=400, enough=lambda runs: len(runs) >= 150)
    assert found is not None
    assert (len(found), len(server.requests)) == (200, 2)


def test_a_run_that_two_pages_tell_of_is_one(server: ActionsServer) -> None:
    for number in range(150):
        server.add_run("release.yml", created=NOON + timedelta(hours=number))

    def one_begins(_: object) -> bool:
        # Between two pages, so that the last run of the first one is the first of the second one.
        server.add_run("release.yml", created=NOON + timedelta(days=30, hours=len(server.runs)))
        return False

    found = client(server).runs("release.yml", most=400, enough=one_begins)
    assert found is not None
    assert len({run.id for run in found}) == len(found) == 150
