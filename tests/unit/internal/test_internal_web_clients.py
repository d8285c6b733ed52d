"""Clients: one for each way to get somewhere, and none that stays."""

import gc

import pytest

from shipseal._internal.loopback import is_own
from shipseal._internal.web_clients import WebClients
from shipseal.errors import ConfigError
from tests.support.clocks import StoppedClock


def test_each_way_has_one_client() -> None:
    clients = WebClients(4, {"Accept": "text/plain"}, StoppedClock())
    plain, secure = clients.client("http://a.test/x"), clients.client("https://a.test/x")
    assert clients.client("http://b.test/") is plain
    assert clients.client("https://b.test/") is secure
    assert clients.client("http://127.0.0.1:9/") not in (plain, secure)
    assert plain.headers["accept"] == "text/plain"
    assert plain.headers["user-agent"].startswith("shipseal/")
    clients.close()
    assert plain.is_closed
    assert secure.is_closed


def test_who_forgets_to_close_leaves_no_connection_behind() -> None:
    clients = WebClients(4, {}, StoppedClock())
    client = clients.client("http://a.test/")
    del clients
    gc.collect()
    assert client.is_closed


def test_own_addresses_need_no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "gopher://proxy.test")
    clients = WebClients(4, {}, StoppedClock())
    clients.client("http://localhost:9/")
    with pytest.raises(ConfigError, match="proxy variables cannot be used"):
        clients.client("http://a.test/")
    clients.close()


@pytest.mark.parametrize(
    ("url", "own"),
    [
        ("http://[::1]:9/x", True),
        ("https://localhost", True),
        ("http://127.0.0.1.evil.test", False),
        ("", False),
    ],
)
def test_this_machines_addresses(url: str, *, own: bool) -> None:
    assert is_own(url) is own
