"""Why no answer came: a name that does not exist will not exist in a minute; a name server may answer then."""

import socket
import ssl

import httpx
import pytest

from shipseal._internal.no_answer import PROXY_HINT, Hints, status_text, why_no_answer
from shipseal.errors import Code

HINTS = Hints("authority", "plain", "address", "again")


def caused(error: httpx.HTTPError, cause: BaseException) -> httpx.HTTPError:
    """Return ``error`` as httpx raises it: its cause is another library's, whose cause is the system's."""
    between = OSError("between")
    between.__cause__, error.__cause__ = cause, between
    return error


@pytest.mark.parametrize(
    ("error", "code", "hint", "again"),
    [
        (
            caused(httpx.ConnectError("x"), socket.gaierror(socket.EAI_NONAME, "not known")),
            Code.NETWORK_UNREACHABLE,
            "spelled right",
            False,
        ),
        (
            caused(httpx.ConnectError("x"), socket.gaierror(socket.EAI_AGAIN, "temporary")),
            Code.NETWORK_UNREACHABLE,
            "check the name",
            True,
        ),
        (
            caused(httpx.ConnectError("x"), ConnectionRefusedError()),
            Code.NETWORK_UNREACHABLE,
            "check the name",
            True,
        ),
        (
            caused(httpx.ConnectError("x"), ssl.SSLCertVerificationError()),
            Code.TLS_UNTRUSTED,
            "authority",
            False,
        ),
        (caused(httpx.ConnectError("x"), ssl.SSLError()), Code.TLS_UNTRUSTED, "plain", False),
        (httpx.UnsupportedProtocol("x"), Code.CONFIG_INVALID, "address", False),
        (httpx.ProxyError("407 login"), Code.NETWORK_UNREACHABLE, PROXY_HINT, False),
        (httpx.ProxyError("429 busy"), Code.NETWORK_UNREACHABLE, "check the name", True),
        (httpx.ReadTimeout("x"), Code.SERVICE_OUTAGE, "again", True),
        (caused(httpx.ReadError("x"), ssl.SSLError()), Code.SERVICE_OUTAGE, "again", True),
    ],
)
def test_each_reason_has_its_code_and_says_whether_waiting_helps(
    error: Exception, code: Code, hint: str, again: bool
) -> None:
    found, told, retryable = why_no_answer(error, HINTS)
    assert (found, retryable) == (code, again)
    assert hint in told


def test_a_status_is_told_with_its_words_where_it_has_any() -> None:
    assert status_text(503) == "503 Service Unavailable"
    assert status_text(599) == "599"
