"""Addresses of advisories: never what a stranger wrote into an id."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shipseal.report.links import link_of, web_link


@pytest.mark.parametrize(
    ("name", "link"),
    [
        ("CVE-2024-1", "https://nvd.nist.gov/vuln/detail/CVE-2024-1"),
        ("GHSA-1-2-3", "https://github.com/advisories/GHSA-1-2-3"),
        ("DSA-5330-1", "https://security-tracker.debian.org/tracker/DSA-5330-1"),
        ("RUSTSEC-2020-1", "https://rustsec.org/advisories/RUSTSEC-2020-1.html"),
        ("GO-2022-1", "https://pkg.go.dev/vuln/GO-2022-1"),
        ("PYSEC-2022-1", "https://osv.dev/vulnerability/PYSEC-2022-1"),
        ("", ""),
        ("CVE-1/../x", ""),
        ("CVE-1?x=<script>", ""),
    ],
)
def test_the_page_of_a_vulnerability(name: str, link: str) -> None:
    assert link_of(name) == link


@pytest.mark.parametrize("url", ["javascript:alert(1)", "data:text/html,x", "", "https://a b", "x"])
def test_what_is_no_address_of_the_web_is_not_taken(url: str) -> None:
    assert web_link(url, "CVE-2024-1") == "https://nvd.nist.gov/vuln/detail/CVE-2024-1"


def test_an_address_of_the_web_is_taken() -> None:
    assert web_link("https://example.org/a", "CVE-1") == "https://example.org/a"


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=30), st.text(max_size=30))
def test_a_link_is_an_address_of_the_web_or_nothing(url: str, name: str) -> None:
    found = web_link(url, name)
    assert not found or found.startswith(("https://", "http://"))
