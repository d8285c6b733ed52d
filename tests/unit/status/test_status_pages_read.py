"""Status pages of three products are read alike, and a hostile one says nothing at all."""

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shipseal._internal.clock import SystemClock
from shipseal._internal.limits import MIB
from shipseal.checks import Status
from shipseal.errors import Code, ShipsealError
from shipseal.status.asking import look, look_at_all
from shipseal.status.interface import PageAddress, State, StatusPageError
from shipseal.status.parse import parse_page
from shipseal.status.services import Interest, page_of
from shipseal.status.web import StatusWeb
from shipseal.testing.http_server import Exchange, HttpServer, Reply
from shipseal.testing.status_pages import FAULTS, PATHS, SINCE, StatusPageServer
from tests.support.clocks import StoppedClock, ticking

HOME = PageAddress("sample", "https://status.example.org", "https://status.example.org/json")


def address(server: StatusPageServer, product: str = "statuspage") -> PageAddress:
    return PageAddress("sample", server.base, server.url(product))


def interest(server: StatusPageServer, *words: str, product: str = "statuspage") -> Interest:
    return Interest(address(server, product), ("sample.example.org",), words)


@pytest.mark.parametrize("product", PATHS)
def test_each_product_says_what_is_wrong_and_since_when(product: str) -> None:
    with StatusPageServer() as server:
        web = StatusWeb(SystemClock())
        fine = look(web, interest(server, product=product))
        assert (fine.state, fine.check.status) == (State.OPERATIONAL, Status.PASS)
        assert [one.name for one in fine.components] == ["API Requests", "Packages", "Actions"]
        server.trouble("Packages", "Packages cannot be pulled")
        bad = look(web, interest(server, "packages", product=product))
        assert bad.check.status is Status.FAIL
        assert bad.state is State.MAJOR
        (incident,) = bad.incidents
        assert incident.title == "Packages cannot be pulled"
        assert (incident.since, incident.components) == (SINCE, ("Packages",))
        assert incident.url.startswith(server.base)
        assert incident.impact == "major"
        server.resolve()
        assert look(web, interest(server, product=product)).check.status is Status.PASS
        web.close()


def test_trouble_with_what_does_not_matter_here_is_no_trouble() -> None:
    with StatusPageServer() as server:
        server.trouble("Actions")
        web = StatusWeb(SystemClock())
        assert look(web, interest(server, "packages")).check.status is Status.PASS
        assert look(web, interest(server, "actions")).check.status is Status.FAIL
        # A page that names nothing of what matters is taken as a whole.
        whole = look(web, interest(server, "no such component"))
        assert [one.name for one in whole.components] == ["the whole service"]
        assert whole.check.status is Status.FAIL
        web.close()


@pytest.mark.parametrize("fault", FAULTS)
def test_a_page_that_is_none_is_unknown_and_never_good(fault: str) -> None:
    with StatusPageServer() as server:
        server.answer = FAULTS[fault]
        web = StatusWeb(SystemClock(), seconds=4.0)
        began = time.monotonic()
        found = look(web, interest(server))
        assert time.monotonic() - began < 30
        assert found.check.status is Status.UNKNOWN
        assert found.code == Code.SERVICE_OUTAGE
        assert found.problem.startswith("status page of sample: ")
        web.close()


@pytest.mark.parametrize("part", ["header", "body"])
def test_a_page_that_never_ends_is_given_up(part: str) -> None:
    """Each byte restarts a socket's timeout, so it is the whole answer that has to be there in time."""
    clock = StoppedClock()

    def pieces(pause: Callable[[], None]) -> Iterator[bytes]:
        for _ in range(100):
            pause()
            yield b" "

    def drip(exchange: Exchange) -> None:
        pause = ticking(clock, 4)
        if part == "header":
            exchange.dripping = pause
        exchange.send(Reply(200, (), pieces(pause), None))

    with HttpServer(drip) as server:
        web = StatusWeb(clock, seconds=10)
        with pytest.raises(StatusPageError, match=r"its answer has no end after 10 s"):
            web.read(PageAddress("slow", server.url, server.url))
        assert clock.elapsed < 60
        web.close()


def test_a_name_server_that_never_answers_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked, ended = threading.Event(), threading.Event()

    def silent(*_: object, **__: object) -> Any:
        asked.set()
        ended.wait(60)
        raise socket.gaierror

    monkeypatch.setattr(socket, "getaddrinfo", silent)
    web = StatusWeb(SystemClock(), seconds=0.1)
    with pytest.raises(StatusPageError, match=r"no end after 0\.1 s"):
        web.read(PageAddress("lost", "http://page.test", "http://page.test/json"))
    assert asked.wait(30)
    ended.set()
    web.close()


def test_a_page_where_nobody_listens_is_unreachable() -> None:
    with HttpServer(lambda exchange: exchange.drop()) as server:
        url = server.url
    web = StatusWeb(SystemClock(), seconds=2.0)
    with pytest.raises(ShipsealError) as caught:
        web.read(PageAddress("gone", url, url))
    assert caught.value.code is Code.NETWORK_UNREACHABLE
    web.close()


def test_a_redirect_is_followed_where_it_may_go() -> None:
    with StatusPageServer() as server:

        def moved(exchange: Exchange) -> None:
            server.answer = None
            exchange.reply(301, b"", {"Location": server.url()})

        server.answer = moved
        web = StatusWeb(SystemClock())
        there = PageAddress("sample", server.base, f"{server.base}/old")
        assert web.read(there).state is State.OPERATIONAL
        web.close()


def test_several_pages_are_asked_side_by_side_and_one_that_fails_stops_none() -> None:
    with StatusPageServer() as good, StatusPageServer() as bad:
        bad.answer = FAULTS["web page"]
        web = StatusWeb(SystemClock())
        first, second = look_at_all(web, (interest(bad), interest(good)))
        assert (first.check.status, second.check.status) == (Status.UNKNOWN, Status.PASS)
        assert "a web page" in first.problem
        web.close()
    assert look_at_all(web, ()) == ()


def test_words_of_strangers_cannot_move_a_cursor_nor_show_a_secret() -> None:
    token = "ghp_" + "a" * 36
    document = {
        "page": {},
        "status": {"indicator": "major"},
        "components": [{"name": "\x1b[2JAPI\u202e", "status": "partial_outage"}],
        "incidents": [
            {
                "name": f"::error::\x1b]0;title\x07 {token}\nnext {'x' * 5000}",
                "status": "identified",
                "impact": "\x00minor",
                "created_at": "yesterday",
                "shortlink": "javascript:alert(1)",
            }
        ],
    }
    page = parse_page(json.dumps(document).encode(), HOME)
    (component,), (incident,) = page.components, page.incidents
    for text in (component.name, incident.title, incident.impact, incident.url):
        assert text.isprintable()
        assert token not in text
    assert len(incident.title) <= 200
    assert (incident.since, incident.url) == ("", HOME.home)


def test_an_unknown_word_for_a_state_is_unknown_and_worst() -> None:
    document = {"page": {}, "components": [
        {"name": "a", "status": "major_outage"}, {"name": "b", "status": "wonderful"},
    ]}  # fmt: skip
    assert parse_page(json.dumps(document).encode(), HOME).state is State.UNKNOWN


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(
        st.sampled_from([
            "page", "components", "status", "indicator", "incidents", "name", "result", "data", "type",
            "status_overall", "status_code", "included", "attributes", "messages", "scheduled_maintenances", "id",
            "status_page", "maintenance", "active", "components_affected", "group", "created_at", "shortlink",
        ]),
        inner | st.just("status_page"),
        max_size=6,
    ),
    max_leaves=30,
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(_JSON)
def test_any_document_is_a_page_or_an_error_of_ours(document: Any) -> None:
    try:
        page = parse_page(json.dumps(document).encode(), HOME)
    except StatusPageError:
        return
    assert page.state in State
    for incident in page.incidents:
        assert str(incident).isprintable()


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_a_page_or_an_error_of_ours(raw: bytes) -> None:
    with pytest.raises(StatusPageError):
        parse_page(raw, HOME)


def test_thousands_of_components_are_cut() -> None:
    many = [{"name": f"c{number}", "status": "operational"} for number in range(5000)]
    raw = json.dumps({"page": {}, "components": many}).encode()
    assert len(raw) < MIB
    assert len(parse_page(raw, HOME).components) == 500


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("ghcr.io", "github"),
        ("api.github.com", "github"),
        ("pipelines.actions.githubusercontent.com:443", "github"),
        ("fulcio.sigstore.dev", "sigstore"),
        ("registry-1.docker.io", "docker"),
        ("cdn01.quay.io", "quay"),
        ("registry.gitlab.com", "gitlab"),
        ("127.0.0.1:5000", None),
        ("notghcr.io", None),
        ("", None),
    ],
)
def test_a_host_has_the_page_of_its_service(host: str, name: str | None) -> None:
    page = page_of(host, {})
    assert (page.name if page else None) == name


def test_the_configuration_names_other_pages_and_none() -> None:
    named = {"github": "https://ghe.example.org/summary.json", "sigstore": "none"}
    page = page_of("ghcr.io", named)
    assert page == PageAddress("github", "https://ghe.example.org", named["github"])
    assert page_of("rekor.sigstore.dev", named) is None
    own = {
        "registry.example.org": "http://status.example.org/index.json",
        "127.0.0.1:5000": "https://a.example/b",
    }
    found = page_of("eu.registry.example.org:8443", own)
    assert found is not None
    assert found.home == "http://status.example.org"
    assert page_of("127.0.0.1:5001", own) is None
    assert page_of("127.0.0.1:5000", own) is not None
