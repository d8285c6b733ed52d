"""How long is waited, who is blamed, and what is told meanwhile."""

from math import inf
from pathlib import Path

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shipseal._internal.progress import SilentReporter
from shipseal.attest import web_errors
from shipseal.errors import Code, RegistryError, ShipsealError
from shipseal.github.refusals import no_answer as github_no_answer
from shipseal.registry.errors import Caller, described, transport_error
from shipseal.release.hold_records import HoldRecord
from shipseal.release.holding import Holding, is_held, span
from shipseal.release.journal import Journal
from shipseal.release.ledger import Ledger
from shipseal.release.records import ClosedRecord
from shipseal.release.result import Status, closing
from shipseal.status.blame import blamed_host
from shipseal.status.interface import Component, Incident, PageAddress, State
from shipseal.status.outlook import Outlook
from shipseal.status.services import Interest
from tests.support.clocks import StoppedClock

PAGE = PageAddress("sample", "https://status.example.org", "https://status.example.org/json")
INTEREST = Interest(PAGE, ("registry.example.org",), ())
DOWN = ClosedRecord(
    Status.PENDING,
    "service.outage",
    "registry.example.org/org/app: GET https://registry.example.org/v2/: 503",
    retryable=True,
    exit=5,
)


class Notes(SilentReporter):
    def __init__(self) -> None:
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        self.notes.append(text)


def outlook_of(state: State, *titles: str) -> Outlook:
    incidents = tuple(Incident(one, "major", "2026-01-02T03:00:00Z", PAGE.home) for one in titles)
    return Outlook(INTEREST, state, (Component("all", state),), incidents)


def ledger_at(folder: Path, clock: StoppedClock) -> Ledger:
    return Ledger(Journal(folder / "journal.jsonl", clock))


def held(holding: Holding, ledger: Ledger, closed: ClosedRecord = DOWN) -> bool:
    holding.note(ledger, closed)
    ledger.record("release.closed", closed)
    return holding.goes_on(ledger)


def test_pauses_grow_up_to_minutes_and_the_last_try_is_at_the_end_of_the_budget(
    tmp_path: Path,
) -> None:
    clock, notes = StoppedClock(), Notes()
    holding, ledger = Holding(clock, notes, 3600.0), ledger_at(tmp_path, clock)
    tries = []
    while held(holding, ledger):
        tries.append(clock.monotonic())
    gaps = [later - earlier for earlier, later in zip([0.0, *tries], tries, strict=False)]
    assert 15 <= gaps[0] <= 15 * 1.25
    assert all(gap <= 300 * 1.25 for gap in gaps)
    assert gaps[1] > gaps[0]
    assert tries[-1] == pytest.approx(3600.0)
    assert 10 <= len(tries) <= 20
    told = [note for note in notes.notes if "next try" in note]
    assert len(told) <= 61


def test_somebody_else_who_is_down_is_waited_for_from_the_beginning(tmp_path: Path) -> None:
    clock = StoppedClock()
    holding, ledger = Holding(clock, Notes(), 3600.0), ledger_at(tmp_path, clock)
    for _ in range(4):
        assert held(holding, ledger)
    before = clock.monotonic()
    other = ClosedRecord(
        Status.PENDING, "network.unreachable", "https://rekor.example.org: no", retryable=True
    )
    assert held(holding, ledger, other)
    assert clock.monotonic() - before <= 15 * 1.25


def test_a_page_that_says_that_it_is_over_makes_the_next_try_sooner(tmp_path: Path) -> None:
    clock, said = StoppedClock(), Notes()
    seen = [outlook_of(State.MAJOR, "all is down")]
    holding = Holding(clock, said, 7200.0, lambda _host: seen[-1])
    ledger = ledger_at(tmp_path, clock)
    while clock.monotonic() < 1000:
        assert held(holding, ledger)
    began = clock.monotonic()
    seen.append(outlook_of(State.OPERATIONAL))
    holding._current = HoldRecord(
        "2026-01-02T03:04:05Z",
        "service.outage",
        "m",
        "registry.example.org",
        PAGE.home,
        "major-outage",
    )
    assert holding.goes_on(ledger)
    assert clock.monotonic() - began == pytest.approx(60.0)
    assert any("says that it is over" in note for note in said.notes)


def test_an_incident_that_is_named_later_is_written_down_then(tmp_path: Path) -> None:
    clock = StoppedClock()
    holding = Holding(clock, Notes(), 7200.0, lambda _host: (
        outlook_of(State.MAJOR, "now known") if clock.monotonic() > 200 else outlook_of(State.OPERATIONAL)
    ))  # fmt: skip
    ledger = ledger_at(tmp_path, clock)
    while clock.monotonic() < 400:
        assert held(holding, ledger)
    assert "now known" in {hold.incident for hold in ledger.state.holds.values()}


def test_what_the_other_side_asks_to_wait_is_heeded_or_not_waited_for_at_all(
    tmp_path: Path,
) -> None:
    clock = StoppedClock()
    asked = closing(
        RegistryError(
            Code.RATE_LIMITED, "https://r.example.org: 429", retryable=True, retry_after=900.0
        )
    )
    holding, ledger = Holding(clock, Notes(), 1800.0), ledger_at(tmp_path, clock)
    assert held(holding, ledger, asked)
    assert clock.monotonic() >= 900
    assert not held(Holding(clock, Notes(), 600.0), ledger, asked)
    assert ledger.state.waits[next(reversed(ledger.state.waits))].outcome in ("given-up", "resumed")


@pytest.mark.parametrize(
    ("code", "retryable", "status", "waits"),
    [
        ("service.outage", True, "pending", True),
        ("service.rate-limited", True, "pending", True),
        ("network.unreachable", True, "partly-promoted", True),
        ("network.unreachable", False, "failed", False),
        ("tls.untrusted", True, "pending", False),
        ("auth.registry-denied", False, "failed", False),
        ("scan.gate-failed", False, "refused", False),
        ("resource.disk-full", True, "pending", False),
    ],
)
def test_only_what_may_pass_by_itself_is_waited_for(
    code: str, retryable: bool, status: str, waits: bool
) -> None:
    assert is_held(ClosedRecord(status, code, retryable=retryable)) is waits


def test_what_happens_before_there_is_a_journal_is_waited_for_and_written_down_later(
    tmp_path: Path,
) -> None:
    clock, calls = StoppedClock(), 0

    def call() -> str:
        nonlocal calls
        calls += 1
        if calls < 3:
            raise ShipsealError(
                Code.SERVICE_OUTAGE, "token: https://tokens.example.org: 503", retryable=True
            )
        return "ready"

    holding = Holding(clock, Notes(), 600.0)
    assert holding.attempt(call) == "ready"
    ledger = ledger_at(tmp_path, clock)
    holding.keep(ledger)
    assert [hold.host for hold in ledger.state.holds.values()] == ["tokens.example.org"] * 2
    calls = 0
    with pytest.raises(ShipsealError, match="503"):
        Holding(clock, Notes(), 0.0).attempt(call)
    assert calls == 1


def test_a_try_has_its_own_patience_until_it_was_held_and_while_tags_move(tmp_path: Path) -> None:
    clock = StoppedClock()
    holding, ledger = Holding(clock, Notes(), 100.0), ledger_at(tmp_path, clock)
    assert holding.left() == inf
    assert held(holding, ledger)
    assert 0 < holding.left() == pytest.approx(100.0 - clock.monotonic())
    holding.tags_move()
    assert holding.left() == inf, "what is public in part must not stay so for a wait that is over"
    while held(holding, ledger):
        assert holding.left() <= 100.0
    assert holding.left() == 0.0


def test_who_does_not_wait_keeps_the_patience(tmp_path: Path) -> None:
    clock = StoppedClock()
    holding = Holding(clock, Notes(), 0.0)
    assert not held(holding, ledger_at(tmp_path, clock))
    assert holding.left() == inf


def registry_error() -> ShipsealError:
    url = "https://registry.example.org:8443/v2/"
    return transport_error(
        httpx.ConnectError("refused"),
        Caller("registry.example.org:8443/app"),
        described("GET", url),
    )


@pytest.mark.parametrize(
    ("error", "host"),
    [
        (registry_error(), "registry.example.org:8443"),
        (
            web_errors.no_answer(
                httpx.ConnectError("x"), "certificate authority", "https://fulcio.sigstore.dev/api"
            ),
            "fulcio.sigstore.dev",
        ),
        (
            web_errors.too_slow("transparency log", "https://rekor.sigstore.dev", 3),
            "rekor.sigstore.dev",
        ),
        (
            github_no_answer(httpx.ConnectError("x"), "GET https://api.github.com/repos/a/b"),
            "api.github.com",
        ),
        (ShipsealError(Code.SERVICE_OUTAGE, "ghcr.io/org/app: went silent"), "ghcr.io"),
        (ShipsealError(Code.SERVICE_OUTAGE, "[fe80::1]: went silent"), ""),
    ],
)
def test_the_host_that_an_error_is_about_is_found(error: ShipsealError, host: str) -> None:
    assert blamed_host(error.message) == host


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=200))
def test_any_message_blames_a_host_or_nobody(message: str) -> None:
    assert blamed_host(message).isascii()


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-3, "0 s"), (45.2, "45 s"), (720, "12 min"), (7500, "2 h 5 min"), (7200, "2 h")],
)
def test_a_span_is_told_for_people(seconds: float, text: str) -> None:
    assert span(seconds) == text
