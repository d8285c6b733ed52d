"""Plain HTTP or TLS."""

from pathlib import Path

import pytest

from shipseal.registry.hosts import HostSettings, host_name, is_link_local, is_loopback, scheme_of

CA = Path("ca.pem")


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1:5000", True),
        ("127.200.3.4", True),
        ("localhost", True),
        ("LOCALHOST:80", True),
        ("[::1]:5000", True),
        ("::1", True),
        ("ghcr.io", False),
        ("128.0.0.1:5000", False),
        ("localhost.example.org", False),
        ("127.0.0.1.example.org", False),
        ("[2001:db8::1]:5000", False),
        ("", False),
    ],
)
def test_this_machine_is_told_from_others(host: str, expected: bool) -> None:
    assert is_loopback(host) is expected


@pytest.mark.parametrize(
    ("host", "settings", "expected"),
    [
        ("localhost:5000", HostSettings(), "http"),
        ("ghcr.io", HostSettings(), "https"),
        ("10.0.0.1:5000", HostSettings(), "https"),
        ("10.0.0.1:5000", HostSettings(plain_http=True), "http"),
        ("localhost:5000", HostSettings(plain_http=False), "https"),
        ("localhost:5000", HostSettings(ca=CA), "https"),
        ("localhost:5000", HostSettings(client_cert=CA), "https"),
        ("localhost:5000", HostSettings(ca=CA, plain_http=True), "http"),
    ],
)
def test_loopback_is_plain_http_unless_told_otherwise(
    host: str, settings: HostSettings, expected: str
) -> None:
    assert scheme_of(host, settings) == expected


def test_a_port_is_no_part_of_the_name() -> None:
    names = [host_name(host) for host in ("A.example:1", "[FE80::1]:2", "fe80::1", "b.example")]
    assert names == ["a.example", "fe80::1", "fe80::1", "b.example"]


def test_addresses_that_cannot_be_routed_are_known() -> None:
    assert is_link_local("169.254.169.254")
    assert is_link_local("[fe80::1]:80")
    assert is_link_local("0.0.0.0:80")
    assert not is_link_local("10.0.0.1")
    assert not is_link_local("example.org")
