"""What the measurements say, and when they refuse to say anything."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from bench import __main__ as bench
from bench import push, startup
from bench.machine import Meter, Timed, facts, timed_run
from bench.options import Options
from bench.release import (
    AT_HAND,
    RELEASE,
    SHELL,
    SYFT,
    WITH_GRYPE,
    Race,
    contestants,
    differing,
    goals,
    run,
)
from bench.report import PAGES, Goal, Report, columns, write_into
from bench.samples import HASHING, IMPORTS, NETWORK, SOURCE, Profile, Row, Tool, kind_of, owner
from bench.samples_text import details
from bench.site import Image, Site, Unmeasurable
from bench.watch import Start, Watch, differences

_FAST = Goal("speed", 4.2, 4.0, "x", least=True)
_SLOW = Goal("time", 2.5, 2.0, "s")
_UNKNOWN = Goal("share", None, 15.0, "%", why_not="no Syft")


def _report(*goals: Goal, part: str = "part") -> Report:
    return Report(
        part, "what it is", {"commit": "abc"}, ("what", "seconds"), [["one|two", "3.0"]], goals,
        notes=["a note"], details=["a detail"],
    )  # fmt: skip


def test_goals_are_met_from_their_side() -> None:
    assert [goal.met for goal in (_FAST, _SLOW, _UNKNOWN)] == [True, False, None]
    assert Goal("speed", 3.9, 4.0, "x", least=True).met is False
    assert Goal("time", 2.0, 2.0, "s").met is True


def test_a_figure_that_was_not_measured_is_not_met() -> None:
    assert _UNKNOWN.row == ["share", "-", "at most 15.0 %", "not measured: no Syft"]
    assert _report(_UNKNOWN).missed
    assert not _report(_FAST).missed


def test_a_figure_never_passes_by_rounding() -> None:
    nearly = Goal("speed", 3.996, 4.0, "x", least=True)
    assert nearly.row[-1] == "**miss**"


def test_people_and_programs_are_told_the_same() -> None:
    report = _report(_FAST, _SLOW)
    text, page, document = report.to_text(), report.to_markdown(), report.to_json()
    for told in (text, page):
        assert "4.20 x" in told
        assert "miss" in told
        assert "a note" in told
        assert "commit abc" in told
    assert "a detail" in text
    assert "a detail" not in page
    assert document["rows"] == [{"what": "one|two", "seconds": "3.0"}]
    assert [goal["met"] for goal in (_FAST.to_json(), _SLOW.to_json())] == [True, False]
    assert "one\\|two" in page


def test_columns_are_aligned() -> None:
    assert columns([["a", "bb"], ["ccc", "d"]]) == ["  a    bb", "  ccc   d"]


def test_figures_go_to_their_place_on_the_page_and_nowhere_else(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    begin, end = "<!-- measured: part, by `make bench` -->\n", "<!-- end -->"
    other = "<!-- measured: other, by `make bench` -->\nkept\n<!-- end -->\n"
    page.write_text(f"before\n{begin}old\n{end}\nafter\n{other}")
    assert write_into(page, _report(_FAST))
    text = page.read_text()
    assert "old" not in text
    assert text.startswith(f"before\n{begin}What it is.\n")
    assert text.endswith(f"{end}\nafter\n{other}")
    assert not write_into(page, _report(_FAST, part="unknown"))


def test_every_part_has_a_place_on_the_page() -> None:
    text = "".join(page.read_text("utf-8") for page in PAGES)
    for part in bench.PARTS:
        assert text.count(f"<!-- measured: {part}, by `make bench` -->") == 1


@pytest.mark.parametrize(
    ("goal", "words", "status"),
    [
        (_SLOW, [], 0),
        (_SLOW, ["--strict"], 2),
        (_UNKNOWN, ["--strict"], 2),
        (_FAST, ["--strict"], 0),
    ],
)
def test_a_miss_is_a_failure_only_when_that_is_asked_for(
    goal: Goal, words: list[str], status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(startup, "measure", lambda _: _report(goal))
    assert bench.main(["startup", *words]) == status


def test_what_cannot_be_measured_is_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(options: Options) -> Report:
        raise Unmeasurable("there is no database")

    monkeypatch.setattr(startup, "measure", refuse)
    assert bench.main(["startup"]) == 0
    assert "not measured: there is no database" in capsys.readouterr().out
    assert bench.main(["startup", "--strict"]) == 2


@pytest.mark.parametrize("words", [["nonsense"], ["startup", "--small", "--write-docs"]])
def test_a_wrong_command_line_is_refused(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        bench.main(words)
    assert ended.value.code == 2
    assert "error:" in capsys.readouterr().err


_BURN = "import time\nwhile time.process_time() < 0.3: pass"


def test_the_work_of_others_is_told_apart() -> None:
    meter = Meter()
    subprocess.run([sys.executable, "-c", _BURN], check=True)
    taken = meter.read()
    assert taken.cpu >= 0.28
    assert taken.seconds >= 0.28
    assert 0.0 <= taken.others <= 1.0


def test_a_failure_is_no_measurement() -> None:
    words = [sys.executable, "-c", "import sys; print('why', file=sys.stderr); sys.exit(3)"]
    with pytest.raises(SystemExit, match=r"failed with 3:(?s:.*)why"):
        timed_run(words, dict(os.environ))
    with pytest.raises(SystemExit, match="failed with 3"):
        push.timed(words, Path())


def test_what_is_measured_ends_with_the_measurement(tmp_path: Path) -> None:
    started = tmp_path / "started"
    words = ["bash", "-c", f"sleep 60 & echo $! > {started}; wait"]

    def interrupt(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, 0.5)
    try:
        with pytest.raises(KeyboardInterrupt):
            timed_run(words, dict(os.environ))
    finally:
        signal.signal(signal.SIGALRM, before)
    pid = int(started.read_text())
    deadline = time.monotonic() + 5
    while _runs(pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not _runs(pid)


def _runs(pid: int) -> bool:
    """Return whether a process runs; one that has ended may wait for its new parent to notice."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_the_peak_is_that_of_the_program() -> None:
    small = [sys.executable, "-c", "import time; time.sleep(0.1)"]
    large = [sys.executable, "-c", "import time; x = b'x' * 100_000_000; time.sleep(0.1)"]
    grown = push.timed(large, Path()).peak - push.timed(small, Path()).peak
    assert 90_000_000 < grown < 130_000_000


def test_machine_and_commit_are_told() -> None:
    found = facts()
    assert {"when", "commit", "machine", "load average", "python"} <= found.keys()
    assert "cores" in found["machine"]


def _race(tmp_path: Path, *rounds: dict[str, float]) -> Race:
    race = Race(Site(tmp_path, Image(tmp_path, 1, 1), tmp_path), time.monotonic() + 60)
    race.rounds = [
        {name: Timed(seconds, 1.0, 0.0) for name, seconds in each.items()} for each in rounds
    ]
    return race


def test_a_ratio_is_taken_within_a_round(tmp_path: Path) -> None:
    race = _race(
        tmp_path,
        {RELEASE: 10.0, SHELL: 50.0},
        {RELEASE: 100.0, SHELL: 500.0},
        {RELEASE: 10.0, SYFT: 9.0},
    )
    assert race.ratio(SHELL, RELEASE) == 5.0
    assert race.ratio(RELEASE, SYFT) == pytest.approx(10 / 9)
    assert race.ratio(AT_HAND, RELEASE) is None


_RUN = Start(("/bin/syft", "scan", "oci-dir:image"), ("GOGC=400", "HOME=home"))


def test_the_share_of_syft_is_told_when_it_was_the_same_syft(tmp_path: Path) -> None:
    race = _race(tmp_path, {RELEASE: 11.0, SYFT: 10.0})
    race.starts = {RELEASE: [_RUN], SYFT: [_RUN]}
    race.most = {RELEASE: 1, SYFT: 1}
    share = goals(race)[2]
    assert share.value == pytest.approx(10.0)
    assert share.met


@pytest.mark.parametrize(
    ("starts", "most", "told"),
    [
        ([_RUN, _RUN], 1, "1 runs against 2"),
        ([Start((*_RUN.words, "--quiet"), _RUN.environment)], 1, "against"),
        ([Start(_RUN.words, ("GOGC=100", "HOME=home"))], 1, "environment: GOGC=100, GOGC=400"),
        ([_RUN], 2, "1 at once against 2"),
    ],
)
def test_the_share_of_another_syft_is_not_told(
    tmp_path: Path, starts: list[Start], most: int, told: str
) -> None:
    race = _race(tmp_path, {RELEASE: 11.0, SYFT: 10.0})
    race.starts, race.most = {RELEASE: [_RUN], SYFT: starts}, {RELEASE: 1, SYFT: most}
    assert any(told in found for found in differing(race))
    share = goals(race)[2]
    assert share.value is None
    assert share.row[-1].startswith("not measured")


def test_no_share_without_any_run(tmp_path: Path) -> None:
    assert differing(_race(tmp_path, {RELEASE: 11.0, SYFT: 10.0})) == ["no run of Syft was seen"]


def test_the_shell_script_is_left_out_with_its_reason_when_it_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bench.release.RUNBOOK", tmp_path / "missing.sh")
    monkeypatch.setattr("bench.release.release", lambda race, name: Timed(1.0, 1.0, 0.0))
    race = _race(tmp_path)
    run(race, 0)
    assert SHELL not in dict(contestants(race, 0))
    goal = goals(race)[0]
    assert goal.met is None
    assert "missing.sh is not there" in goal.why_not


def test_each_round_begins_with_another_contestant(tmp_path: Path) -> None:
    race = _race(tmp_path)
    orders = [[name for name, _ in contestants(race, number)] for number in (1, 2, 3)]
    assert len({order[0] for order in orders}) == 3
    assert {frozenset(order) for order in orders} == {
        frozenset({RELEASE, WITH_GRYPE, SYFT, AT_HAND, SHELL})
    }


def test_no_round_begins_that_could_last_too_long(tmp_path: Path) -> None:
    race = _race(tmp_path, {SHELL: 50.0, RELEASE: 20.0})
    assert not race.has_time(SHELL)  # 50 seconds, and then 20 for a release
    assert race.has_time(RELEASE)
    assert race.has_time(AT_HAND)  # not measured yet: the first round is complete


def test_the_starts_of_a_program_are_seen(tmp_path: Path) -> None:
    program = tmp_path / "syft"
    program.symlink_to(sys.executable)
    code = "import time; time.sleep(0.6)"
    with Watch("syft", "syft") as watch:
        running = [
            subprocess.Popen([program, "-c", code, "scan", f"{tmp_path}/{number}/image"],
                             env={"GOMEMLIMIT": str(number), "GOGC": "400"})
            for number in range(2)
        ]  # fmt: skip
        for process in running:
            process.wait(10)
    assert watch.most == 2
    assert 4e6 < watch.peak < 1e8  # a bare interpreter
    assert len(watch.seen) == 2
    assert differences(watch.seen[:1], watch.seen[1:]) == []
    assert "GOGC=400" in watch.seen[0].environment


def _row(at: float, cpu: float, *stack: str) -> Row:
    return Row(at, "main", cpu, 0, 0, stack)


_SEND = f"{SOURCE}registry/transport.py:1:Transport.send"
_WAIT = "/usr/lib/python3/threading.py:1:Condition.wait"


def _profile() -> Profile:
    scan = Tool("syft", ("scan", "x"), 0.95, 2.05, 1.5, 10, 0, 1)
    grype = Tool("grype", ("-c",), 2.95, 3.05, 0.5, 0, 0, 1)
    rows = (
        _row(1.0, 0.9, f"{SOURCE}a.py:1:busy"),  # the look that comes after one second with Syft
        _row(2.0, 0.0, _WAIT),
        _row(3.0, 0.1, _WAIT, f"{SOURCE}a.py:1:wait"),
        _row(4.0, 0.9, f"{SOURCE}b.py:2:work"),
        _row(5.0, 0.0, _WAIT, _SEND),
    )
    return Profile(5.5, 5.2, 2.0, 1, rows, (scan, grype), ())


def test_time_without_syft_goes_to_what_was_done_in_it() -> None:
    profile = _profile()
    assert profile.during_syft == 2.0
    alone = profile.without_syft()
    assert alone["tool: grype"] == 1.0
    assert alone["b.py:work"] == 1.0
    assert alone[NETWORK] == 1.0
    assert alone["start and end of the interpreter"] == pytest.approx(0.5)
    assert sum(alone.values()) + profile.during_syft == pytest.approx(5.5)


def test_a_stack_belongs_to_the_innermost_function_of_shipseal() -> None:
    inner, outer = f"{SOURCE}a.py:7:inner", f"{SOURCE}b.py:8:outer"
    library = "/usr/lib/python3/json/decoder.py:1:decode"
    assert owner((library, inner, outer)) == ("a.py:inner", (f"{SOURCE}a.py", 7))
    assert owner(("<frozen importlib._bootstrap>:1:_load", inner))[0] == IMPORTS
    assert owner((f"{SOURCE}a.py:1:<module>", outer))[0] == IMPORTS
    assert owner((library,))[0] == "outside: decoder.py:1:decode"
    assert owner(()) == ("outside", ("", 0))


def test_what_hashes_is_found_by_what_is_written_there() -> None:
    path = f"{SOURCE}oci/digest.py"
    lines = Path(path).read_text("utf-8").splitlines()
    number = next(at for at, line in enumerate(lines, 1) if "hasher.update(" in line)
    assert kind_of("oci/digest.py:verified", (path, number)) == HASHING
    assert kind_of("oci/digest.py:verified", (path, 1)) == "oci/digest.py:verified"
    assert kind_of("registry/x.py:f", (path, number)) == NETWORK


def test_memory_grows_where_most_was_done() -> None:
    profile = replace(_profile(), memory=((3.0, 10), (4.0, 70), (5.0, 40)))
    assert profile.growth() == {"b.py:work": 60}
    assert any("0 MB at 4.00 s, in b.py:work" in line for line in details(profile))


def test_the_whole_account_names_tools_and_functions() -> None:
    told = "\n".join(details(_profile()))
    assert "syft scan x" in told
    assert "b.py:work" in told
