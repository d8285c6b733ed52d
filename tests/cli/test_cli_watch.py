"""`shipseal watch actions` against GitHub's API over HTTP: what alarms, what does not, and what a cron job gets."""

import contextlib
import json
import socket
import threading
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from shipseal.cli.main import main
from shipseal.cli.watch import run
from shipseal.errors import Code, Exit, ShipsealError
from shipseal.testing.github_actions import ActionsServer
from shipseal.testing.github_server import Refusal
from shipseal.testing.served_runs import ServedJob, ServedRun, served_job
from shipseal.wiring.watch import WatchWords
from tests.support.clocks import StoppedClock
from tests.support.schemas import check_shape

NOW = StoppedClock().now()
STEPS = ["Set up job", "Attest build provenance", "Attest SBOM"]
Told = dict[str, Any]


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ActionsServer]:
    monkeypatch.chdir(tmp_path)
    with ActionsServer() as served:
        yield served


def env(server: ActionsServer) -> Mapping[str, str]:
    return {"GITHUB_API_URL": server.url, "GITHUB_SERVER_URL": server.web, "GH_TOKEN": "ghs_test"}


def good_jobs() -> list[ServedJob]:
    return [served_job("publish", STEPS), served_job("sbom-scan", ["Set up job", "Scan"])]


def add(
    server: ActionsServer, jobs: list[ServedJob] | None = None, *, hours: float = 1, **fields: Any
) -> ServedRun:
    created = NOW - timedelta(hours=hours)
    held = good_jobs() if jobs is None else jobs
    return server.add_run("release.yml", jobs=held, created=created, **fields)


def watch(server: ActionsServer, capsys: pytest.CaptureFixture[str], **words: Any) -> Told:
    """Return what ``--json`` says, after a look at its schema and at the status."""
    capsys.readouterr()
    status = run(WatchWords(repo="org/app", **words), env(server), StoppedClock(), as_json=True)
    told: Told = json.loads(capsys.readouterr().out)
    check_shape(told, "watch-actions")
    assert status == (Exit.OK if told["ok"] else Exit.REFUSED)
    return told


def kinds(told: Told) -> list[str]:
    return [alarm["kind"] for one in told["workflows"] for alarm in one["alarms"]]


def standings(told: Told) -> list[str]:
    return [one["standing"] for workflow in told["workflows"] for one in workflow["runs"]]


def test_a_good_run_is_no_alarm(server: ActionsServer, capsys: pytest.CaptureFixture[str]) -> None:
    add(server)
    told = watch(server, capsys)
    assert (told["ok"], standings(told), told["repository"]) == (True, ["ok"], "org/app")
    assert told["workflows"][0]["last_success"]


def test_names_of_a_matrix_and_of_a_reusable_workflow_are_understood(
    server: ActionsServer, capsys: pytest.CaptureFixture[str]
) -> None:
    jobs = [
        served_job("publish (amd64, ghcr.io/org/app)", STEPS),
        served_job("publish (arm64, ghcr.io/org/app)", STEPS),
        served_job("checks (1) / sbom-scan (amd64)", ["Scan"]),
    ]
    add(server, jobs)
    assert watch(server, capsys)["ok"]
    assert watch(server, capsys, jobs=("checks", "publish"))["ok"]
    assert kinds(watch(server, capsys, jobs=("scan",))) == ["job-missing"]


def test_one_leg_of_a_matrix_that_skips_is_an_alarm(
    server: ActionsServer, capsys: pytest.CaptureFixture[str]
) -> None:
    jobs = [
        served_job("publish (amd64)", STEPS),
        served_job("publish (arm64)", [*STEPS[:2], ("Attest SBOM", "skipped")]),
        served_job("sbom-scan"),
    ]
    made = add(server, jobs)
    told = watch(server, capsys)
    (alarm,) = told["workflows"][0]["alarms"]
    assert (alarm["kind"], alarm["job"], alarm["step"]) == (
        "skipped",
        "publish (arm64)",
        "Attest SBOM",
    )
    assert alarm["url"].endswith(f"/actions/runs/{made.id}/job/{made.attempts[0][1].id}")


def test_a_job_or_step_that_is_gone_or_renamed_is_an_alarm(
    server: ActionsServer, capsys: pytest.CaptureFixture[str]
) -> None:
    add(server, [served_job("publish", ["Attest build provenance", "Attest the SBOM"])])
    told = watch(server, capsys)
    assert kinds(told) == ["job-missing", "step-missing"]
    missing, step = told["workflows"][0]["alarms"]
    assert "there is 'publish'" in missing["message"]
    assert "is it 'Attest the SBOM' now?" in step["hint"]


def test_a_job_that_was_skipped_is_an_alarm_and_so_are_its_steps(
    server: ActionsServer, capsys: pytest.CaptureFixture[str]
) -> None:
    jobs = [served_job("publish", [], "skipped"), served_job("sbom-scan", [], "skipped")]
    add(server, jobs)
    told = watch(server, capsys)
    assert kinds(told) == ["skipped", "step-missing", "step-missing"]
    assert (
        "skipped as a whole are 'publish', 'sbom-scan'"
        in told["workflows"][0]["alarms"][1]["message"]
    )


def test_a_failure_is_told_once_and_not_what_follows_from_it(
    server: ActionsServer, capsys: pytest.CaptureFixture[str]
) -> None:
    steps: list[str | tuple[str, str | None]] = [
        ("Attest build provenance", "failure"),
        ("Attest SBOM", "skipped"),
    ]
    jobs = [served_job("publish", steps, "failure"), served_job("sbom-scan", [], "skipped")]
    made = add(server, jobs, conclusion="failure")
    told = watch(server, capsys)
    (alarm,) = told["workflows"][0]["alarms"]
    assert (alarm["kind"], alarm["step"]) == ("failed", "Attest build provenance")
    assert f"shipseal diagnose --github-run {made.id}" in alarm["hint"]


@pytest.mark.parametrize(
    ("conclusion", "kind"),
    [
        ("cancelled", "cancelled"),
        ("timed_out", "timed-out"),
        ("startup_failure", "failed"),
        ("action_required", "failed"),
        ("stale", "failed"),
        (None, "failed"),
    ],
)
def test_a_run_that_ended_otherwise_is_an_alarm(
    server: ActionsServer,
    capsys: pytest.CaptureFixture[str],
    conclusion: str | None,
    kind: str,
) -> None:
    add(server, [], conclusion=conclusion)
    assert kinds(watch(server, capsys)) == [kind]


def test_a_failure_that_the_job_swallows_is_an_alarm(
    server: ActionsServer, capsys: pytest.CaptureFixture[str]
) -> None:
    # Of a job: its conclusion says so, and the run passed.
    made = add(server, [*good_jobs()[:1], served_job("sbom-scan", ["Scan"], "failure")])
    assert kinds(watch(server, capsys)) == ["swallowed"]
    # Of a step, as some servers tell it.
    failing: list[str | tuple[str, str | None]] = [*STEPS[:2], ("Attest SBOM", "failure")]
    made.attempts = [[served_job("publish", failing), served_job("sbom-scan")]]
    assert kinds(watch(server, capsys)) == ["swallowed"]
    # Of a step, as GitHub tells it: the step counts as a success, and an annotation alone says that it was none.
    made.attempts = [good_jobs()]
    made.attempts[0][0].id = 5
    made.attempts[0][0].annotations = [("failure", "Process completed with exit code 1.")]
    told = watch(server, capsys)
    assert kinds(told) == ["swallowed"]
    assert "exit code 1" in told["workflows"][0]["alarms"][0]["message"]
    assert watch(server, capsys, annotations=False)["ok"]
    # What a linter found in a file is none.
    made.attempts[0][0].annotations = [("failure", "unused import", "src/main.py")]
    assert watch(server, capsys)["ok"]
    # A warning is none.
    made.attempts[0][0].annotations = [("warning", "an old version of Node")]
    assert watch(server, capsys)["ok"]


def test_who_may_not_read_annotations_is_told_what_is_not_seen(
    server: ActionsServer, capsys: pytest.CaptureFixture[str]
) -> None:
    add(server)
    denied = Refusal(403, "Resource not accessible by personal access token")
    server.refuse_paths["/annotations"] = denied
    told = watch(server, capsys)
    assert told["ok"]
    assert "checks: read" in told["workflows"][0]["notes"][0]


def test_no_run_within_the_age_is_an_alarm_and_says_when_the_last_one_was(
    server: ActionsServer, capsys: pytest.CaptureFixture[str]
) -> None:
    add(server, hours=24 * 9)
    told = watch(server, capsys)
    assert kinds(told) == ["no-run"]
    assert (
        "no run of release.yml in 7 d; the last one is 9 d old"
        in told["workflows"][0]["alarms"][0]["message"]
    )
    assert watch(server, capsys, max_age="10d")["ok"]
    assert watch(server, capsys, max_age="none")["ok"]


def test_never_a_run_is_an_alarm_even_without_an_age(
    server: ActionsServer, capsys: pytest.CaptureFixture[str]
) -> None:
    server.states["release.yml"] = "active"
    told = watch(server, capsys, max_age="none")
    assert kinds(told) == ["no-run"]
    assert "none at all was found" in told["workflows"][0]["alarms"][0]["message"]


def test_pull_requests_are_no_publishing_runs(
    server: ActionsServer, capsys: pytest.CaptureFixture[str]
) -> None:
    add(server, [], event="pull_request", conclusion="failure")
    add(server, [], event="pull_request", head_repository="stranger/app")
    told = watch(server, capsys)
    assert kinds(told) == ["no-run"]
    assert sorted(standings(told)) == ["fork", "not-judged"]
    add(server, hours=2)
    told = watch(server, capsys)
    assert told["ok"]
    assert sorted(standings(told)) == ["fork", "not-judged", "ok"]


def test_a_forks_pull_request_whose_attestation_is_skipped_is_expected(
    server: ActionsServer, capsys: pytest.CaptureFixture[str]
) -> None:
    skipping: list[str | tuple[str, str | None]] = [
        ("Attest build provenance", "skipped"),
        ("Attest SBOM", "skipped"),
    ]
    jobs = [served_job("publish", skipping), served_job("sbom-scan")]
    forks = add(server, jobs, event="pull_request", head_repository="stranger/app")
    told = watch(server, capsys, event="pull_request")
    assert (told["ok"], standings(told)) == (True, ["fork"])
    forks.head_repository = ""
    assert kinds(watch(server, capsys, event="pull_request")) == ["skipped", "skipped"]
    # That a fork's build fails is not expected.
    forks.head_repository = "stranger/app"
    forks.conclusion = "failure"
    assert kinds(watch(server, capsys, event="pull_request")) == ["failed"]


def test_a_run_again_that_succeeded_is_what_counts(
    server: ActionsServer, capsys: pytest.CaptureFixture[str]
) -> None:
    made = add(server, [served_job("publish", [("Attest SBOM", "failure")], "failure")])
    made.conclusion = "failure"
    assert kinds(watch(server, capsys)) == ["failed"]
    made.attempts.append(good_jobs())
    made.conclusion = "success"
    assert watch(server, capsys)["ok"]


def test_a_newer_good_run_of_the_same_branch_makes_an_older_one_good(
    server: ActionsServer, capsys: pytest.CaptureFixture[str]
) -> None:
    add(server, [], conclusion="failure", branch="main", hours=5)
    add(server, [], conclusion="failure", branch="v1.2.0", hours=4)
    add(server, branch="main", hours=3)
    told = watch(server, capsys)
    assert standings(told) == ["ok", "alarm", "superseded"]
    assert kinds(told) == ["failed"]
    assert watch(server, capsys, branch="main")["ok"]
    assert kinds(watch(server, capsys, branch="v*")) == ["failed"]


def test_a_run_that_takes_too_long_is_an_alarm_and_one_that_runs_is_none(
    server: ActionsServer, capsys: pytest.CaptureFixture[str]
) -> None:
    add(server, [], status="in_progress", conclusion=None, hours=5)
    told = watch(server, capsys)
    assert (told["ok"], standings(told)) == (True, ["running"])
    assert kinds(watch(server, capsys, longest="4h")) == ["stuck"]


def test_a_workflow_that_is_gone_or_disabled_is_an_alarm(
    server: ActionsServer, capsys: pytest.CaptureFixture[str]
) -> None:
    add(server)
    told = watch(server, capsys, workflows=("publish.yml",))
    assert kinds(told) == ["workflow-missing"]
    assert "there are: release.yml" in told["workflows"][0]["alarms"][0]["message"]
    server.states["release.yml"] = "disabled_inactivity"
    told = watch(server, capsys)
    assert kinds(told) == ["workflow-disabled"]
    assert "disabled inactivity" in told["workflows"][0]["alarms"][0]["message"]


def test_only_the_newest_runs_are_judged_however_many_pull_requests_there_are(
    server: ActionsServer, capsys: pytest.CaptureFixture[str]
) -> None:
    add(server, hours=30)
    add(server, [], conclusion="failure", branch="v0", hours=31)
    for number in range(120):
        add(server, [], event="pull_request", hours=number / 10)
    assert watch(server, capsys, runs=1)["ok"]
    assert kinds(watch(server, capsys, runs=2)) == ["failed"]


def test_steps_alone_expect_no_job_and_the_configuration_says_the_rest(
    server: ActionsServer, capsys: pytest.CaptureFixture[str]
) -> None:
    add(server, [served_job("release", ["Release"])])
    assert watch(server, capsys, steps=("Release",))["ok"]
    Path("shipseal.yaml").write_text(
        json.dumps(
            {
                "image": "app",
                "build": {"builder": "prebuilt", "layout": "./image"},
                "targets": ["oci:./a"],
                "watch": {"actions": {"jobs": ["release"], "max_age": "30m"}},
            }
        )
    )
    told = watch(server, capsys)
    assert kinds(told) == ["no-run"]
    assert watch(server, capsys, max_age="2h")["ok"]


@pytest.mark.parametrize(
    ("refusal", "code", "status"),
    [
        (Refusal(401, "Bad credentials"), Code.GITHUB_DENIED, Exit.AUTH),
        (Refusal(404, "Not Found"), Code.GITHUB_DENIED, Exit.AUTH),
        (Refusal(503, "no server"), Code.SERVICE_OUTAGE, Exit.OUTSIDE),
        (Refusal(429, "slow", {"Retry-After": "1"}), Code.RATE_LIMITED, Exit.OUTSIDE),
        (Refusal(drops=True), Code.SERVICE_OUTAGE, Exit.OUTSIDE),
    ],
)
def test_who_could_not_look_says_so_and_so_do_the_metrics(
    server: ActionsServer, tmp_path: Path, refusal: Refusal, code: Code, status: Exit
) -> None:
    add(server)
    server.refuse = [refusal] * 9
    file = tmp_path / "shipseal.prom"
    with pytest.raises(ShipsealError) as caught:
        run(WatchWords(repo="org/app"), env(server), StoppedClock(), metrics_file=file)
    assert (caught.value.code, caught.value.exit) == (code, status)
    assert 'shipseal_watch_up{repository="org/app"} 0\n' in file.read_text()
    assert "shipseal_watch_alarms" not in file.read_text()


def test_metrics_tell_what_the_table_tells(server: ActionsServer, tmp_path: Path) -> None:
    add(server, [], conclusion="failure")
    file = tmp_path / "shipseal.prom"
    words = WatchWords(repo="org/app")
    assert run(words, env(server), StoppedClock(), metrics_file=file) == Exit.REFUSED
    lines = file.read_text().splitlines()
    where = 'repository="org/app",workflow="release.yml"'
    assert 'shipseal_watch_up{repository="org/app"} 1' in lines
    assert f'shipseal_watch_alarms{{{where},kind="failed"}} 1' in lines
    assert f'shipseal_watch_alarms{{{where},kind="no-run"}} 0' in lines
    hour_ago = int((NOW - timedelta(hours=1)).timestamp())
    assert f"shipseal_watch_last_run_timestamp_seconds{{{where}}} {hour_ago}" in lines
    assert file.stat().st_mode & 0o777 == 0o644


def test_people_see_a_table_and_what_to_do_and_quiet_says_nothing(
    server: ActionsServer, capsys: pytest.CaptureFixture[str]
) -> None:
    add(server, branch="\x1b[31mmain")
    words = WatchWords(repo="org/app")
    run(words, env(server), StoppedClock(), quiet=True)
    assert capsys.readouterr().out == ""
    run(words, env(server), StoppedClock())
    shown = capsys.readouterr().out
    assert "all is well" in shown
    assert "\x1b" not in shown
    add(server, [], conclusion="failure", branch="v1")
    run(words, env(server), StoppedClock(), quiet=True)
    shown = capsys.readouterr().out
    assert "alarm failed: release.yml" in shown
    assert "hint: " in shown


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--max-age", "7"], "--max-age"),
        (["--longest", "none"], "--longest"),
        (["--runs", "0"], "--runs"),
        (["--repo", "nonsense"], "OWNER/NAME"),
        ([], "no repository"),
    ],
)
def test_wrong_words_are_wrong_usage(
    server: ActionsServer, capsys: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    del server
    assert main(["watch", "actions", *words]) == Exit.USAGE
    assert said in capsys.readouterr().err


def test_the_command_line_reaches_the_server(
    server: ActionsServer, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in env(server).items():
        monkeypatch.setenv(name, value)
    server.add_run("release.yml", jobs=good_jobs(), created=datetime.now(UTC))
    assert main(["watch", "actions", "--repo", "org/app", "--json"]) == Exit.OK
    assert json.loads(capsys.readouterr().out)["ok"]


def test_however_many_pull_requests_there_are_the_run_that_publishes_is_found(
    server: ActionsServer, capsys: pytest.CaptureFixture[str]
) -> None:
    add(server, hours=48)
    for number in range(1_100):
        add(server, [], event="pull_request", hours=number / 100)
    told = watch(server, capsys)
    assert told["ok"]
    assert len(server.requests) < 20


def test_the_last_runs_are_judged_whether_or_not_they_are_younger_than_the_age(
    server: ActionsServer, capsys: pytest.CaptureFixture[str]
) -> None:
    add(server)
    add(server, [], conclusion="failure", branch="v0", hours=24 * 9)
    assert kinds(watch(server, capsys)) == ["failed"]
    assert watch(server, capsys, runs=1)["ok"]


def test_a_run_in_the_future_says_that_the_clock_is_wrong(
    server: ActionsServer, capsys: pytest.CaptureFixture[str]
) -> None:
    add(server, hours=-0.5)
    assert watch(server, capsys)["ok"]
    add(server, hours=-24 * 300)
    told = watch(server, capsys)
    assert kinds(told) == ["no-run"]
    assert "300 d in the future" in told["workflows"][0]["alarms"][0]["message"]
    assert watch(server, capsys, max_age="none")["ok"]


def test_a_leg_of_a_matrix_that_is_gone_is_an_alarm_where_it_is_named(
    server: ActionsServer, capsys: pytest.CaptureFixture[str]
) -> None:
    add(server, [served_job("publish", STEPS), served_job("sbom-scan (amd64)")])
    assert watch(server, capsys)["ok"]
    both = ("sbom-scan (amd64)", "sbom-scan (arm64)")
    assert kinds(watch(server, capsys, jobs=both)) == ["job-missing"]


def test_a_workflow_that_was_deleted_is_not_to_be_enabled(
    server: ActionsServer, capsys: pytest.CaptureFixture[str]
) -> None:
    add(server)
    server.states["release.yml"] = "deleted"
    (alarm,) = watch(server, capsys)["workflows"][0]["alarms"]
    assert alarm["kind"] == "workflow-disabled"
    assert "--workflow" in alarm["hint"]


def test_what_a_job_told_begins_no_line_and_is_no_command_to_a_runner(
    server: ActionsServer, capsys: pytest.CaptureFixture[str]
) -> None:
    made = add(server, [served_job("publish\n::error::x", STEPS), served_job("sbom-scan")])
    words = "boom\n::stop-commands::abc\r\n\x85::add-mask::a\u2028::error::pwn \x1b[2J"
    made.attempts[0][0].annotations = [("failure", words)]
    run(WatchWords(repo="org/app"), env(server), StoppedClock())
    shown = capsys.readouterr().out
    assert "told of a failure: boom ::stop-commands::abc ::add-mask::a" in shown
    assert not any(line.lstrip().startswith("::") for line in shown.splitlines())
    assert "\x1b" not in shown


@pytest.mark.parametrize("word", ["", " ", "a\nb", "\x1b[31m", "\udcff.yml"])
@pytest.mark.parametrize("option", ["workflows", "jobs", "steps"])
def test_names_that_are_none_are_wrong_usage(server: ActionsServer, word: str, option: str) -> None:
    add(server)
    words = WatchWords(repo="org/app", **{option: (word,)})  # type: ignore[arg-type]
    with pytest.raises(ShipsealError, match="is no name") as caught:
        run(words, env(server), StoppedClock())
    assert caught.value.exit == Exit.USAGE
    assert server.requests == []


def test_a_workflow_that_is_named_twice_is_one_series(
    server: ActionsServer, tmp_path: Path
) -> None:
    add(server)
    file = tmp_path / "shipseal.prom"
    words = WatchWords(repo="org/app", workflows=("release.yml", "release.yml"))
    assert run(words, env(server), StoppedClock(), metrics_file=file) == Exit.OK
    samples = [line for line in file.read_text().splitlines() if not line.startswith("#")]
    assert len({line.rpartition(" ")[0] for line in samples}) == len(samples)


def test_alarms_are_told_where_the_metrics_cannot_be_written(
    server: ActionsServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    add(server, [], conclusion="failure")
    words = WatchWords(repo="org/app")
    with pytest.raises(ShipsealError, match="cannot be written"):
        run(words, env(server), StoppedClock(), metrics_file=tmp_path)
    assert "alarm failed" in capsys.readouterr().out
    # Why nobody could look is worth more than why nobody is told of it there.
    server.refuse = [Refusal(401, "Bad credentials")]
    with pytest.raises(ShipsealError, match="Bad credentials") as caught:
        run(words, env(server), StoppedClock(), metrics_file=tmp_path)
    assert caught.value.exit == Exit.AUTH
    assert "cannot be written" in capsys.readouterr().err


def test_what_a_step_or_a_job_may_have_become_is_another_name(
    server: ActionsServer, capsys: pytest.CaptureFixture[str]
) -> None:
    add(server, [served_job("publish", ["Attest SBOM (ghcr)"]), served_job("sbom_scan (amd64)")])
    job, step = watch(server, capsys, jobs=("sbom-scan",), steps=("Attest SBOM",))["workflows"][0][
        "alarms"
    ]
    assert "is it 'sbom_scan' now?" in job["hint"]
    assert "is it 'Attest SBOM (ghcr)' now?" in step["hint"]


def test_a_server_that_sends_a_header_for_ever_ends_the_look(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shipseal.cli.watch._LONGEST_LOOK", 0.6)
    file, over = tmp_path / "shipseal.prom", threading.Event()

    def drip(listening: socket.socket) -> None:
        with listening.accept()[0] as peer, contextlib.suppress(OSError):
            peer.sendall(b"HTTP/1.1 200 OK\r\nX-Long: ")
            while not over.wait(0.05):
                peer.sendall(b"a")

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=drip, args=(listening,))
        thread.start()
        where = {"GITHUB_API_URL": f"http://127.0.0.1:{listening.getsockname()[1]}"}
        try:
            with pytest.raises(ShipsealError, match="no end after") as caught:
                run(WatchWords(repo="org/app"), where, StoppedClock(), metrics_file=file)
        finally:
            over.set()
            thread.join()
    assert (caught.value.code, caught.value.exit) == (Code.SERVICE_OUTAGE, Exit.OUTSIDE)
    assert 'shipseal_watch_up{repository="org/app"} 0\n' in file.read_text()
