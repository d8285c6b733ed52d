"""Which services sign: validity, versions, operators and selectors of a signing configuration."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shipseal.attest.signing_config import SIGNING_CONFIG, LogService, Services, read_services
from shipseal.errors import Code, ConfigError

NOW = datetime(2026, 1, 2, tzinfo=UTC)


def service(
    url: str,
    version: int = 1,
    *,
    operator: str = "one",
    start: str = "2025-01-01T00:00:00Z",
    end: str = "",
) -> dict[str, Any]:
    window = {"start": start} | ({"end": end} if end else {})
    return {"url": url, "majorApiVersion": version, "operator": operator, "validFor": window}


def config(**changes: Any) -> bytes:
    document = {
        "mediaType": SIGNING_CONFIG,
        "caUrls": [service("https://fulcio.example.org/")],
        "oidcUrls": [service("https://oidc.example.org")],
        "rekorTlogUrls": [service("https://rekor.example.org")],
        "tsaUrls": [service("https://tsa.example.org/stamp")],
        "rekorTlogConfig": {"selector": "ANY"},
        "tsaConfig": {"selector": "ANY"},
    }
    return json.dumps(document | changes).encode()


def read(raw: bytes) -> Services:
    return read_services(raw, now=NOW, what="config")


def test_one_of_each_is_taken() -> None:
    found = read(config())
    assert found == Services(
        authority="https://fulcio.example.org",
        log=LogService("https://rekor.example.org", 1),
        stamps=("https://tsa.example.org/stamp",),
        issuer="https://oidc.example.org",
    )
    assert (
        str(found)
        == "log https://rekor.example.org and timestamps of https://tsa.example.org/stamp"
    )


def test_the_highest_version_of_an_operator_is_taken() -> None:
    logs = [service("https://old.example.org"), service("https://new.example.org", 2)]
    assert read(config(rekorTlogUrls=logs)).log == LogService("https://new.example.org", 2)


def test_a_version_that_nobody_understands_is_passed_over() -> None:
    logs = [service("https://old.example.org"), service("https://far.example.org", 3)]
    assert read(config(rekorTlogUrls=logs)).log == LogService("https://old.example.org", 1)


@pytest.mark.parametrize(
    "window", [{"start": "2026-06-01T00:00:00Z"}, {"end": "2025-12-31T00:00:00Z"}]
)
def test_a_service_out_of_its_time_is_passed_over(window: dict[str, str]) -> None:
    logs = [service("https://no.example.org", 2, **window), service("https://now.example.org")]
    assert read(config(rekorTlogUrls=logs)).log == LogService("https://now.example.org", 1)


def test_all_means_every_operator() -> None:
    stamps = [
        service("https://a.example.org", operator="a"),
        service("https://b.example.org", operator="b"),
    ]
    assert len(read(config(tsaUrls=stamps, tsaConfig={"selector": "ALL"})).stamps) == 2
    assert (
        len(read(config(tsaUrls=stamps, tsaConfig={"selector": "EXACT", "count": 2})).stamps) == 2
    )
    assert len(read(config(tsaUrls=stamps)).stamps) == 1


def test_an_instance_may_keep_no_log_or_have_no_timestamps() -> None:
    assert read(config(rekorTlogUrls=[])).log is None
    assert read(config(tsaUrls=[])).stamps == ()


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"mediaType": "application/json"}, "its mediaType is"),
        ({"caUrls": []}, "no certificate authority that is in service"),
        (
            {"rekorTlogUrls": [], "tsaUrls": []},
            "neither a transparency log nor a timestamp authority",
        ),
        (
            {"tsaConfig": {"selector": "EXACT", "count": 2}},
            "it wants 2 services of a kind, and 1 are",
        ),
        ({"tsaConfig": {"selector": "MOST"}}, "it selects by 'MOST'"),
        (
            {
                "rekorTlogUrls": [
                    service("https://a.example.org", operator="a"),
                    service("https://b.example.org"),
                ],
                "rekorTlogConfig": {"selector": "ALL"},
            },
            "it wants 2 transparency logs",
        ),
        ({"caUrls": [service("http://fulcio.example.org")]}, "no https:// address"),
        ({"caUrls": [service("ftp://fulcio.example.org")]}, "no https:// address"),
        ({"caUrls": [service("https://fulcio.example.org", start="yesterday")]}, "config"),
        ({"caUrls": "https://fulcio.example.org"}, "config"),
    ],
)
def test_what_cannot_be_signed_with_is_told(changes: dict[str, Any], problem: str) -> None:
    with pytest.raises(ConfigError, match=problem) as caught:
        read(config(**changes))
    assert caught.value.code is Code.CONFIG_INVALID


@settings(max_examples=200)
@given(st.binary(max_size=200) | st.just(config()[:-5]))
def test_whatever_is_no_configuration_is_told(raw: bytes) -> None:
    with pytest.raises(ConfigError):
        read(raw)


@settings(max_examples=100)
@given(
    st.lists(
        st.builds(
            lambda number, version, operator: service(
                f"https://s{number}.example.org", version, operator=operator
            ),
            st.integers(0, 99),
            st.integers(0, 3),
            st.sampled_from("abc"),
        ),
        max_size=6,
    )
)
def test_what_is_chosen_was_offered_and_is_the_best_of_its_operator(
    offered: list[dict[str, Any]],
) -> None:
    found = read(config(rekorTlogUrls=offered)).log
    usable = [one for one in offered if one["majorApiVersion"] in (1, 2)]
    if not usable:
        assert found is None
        return
    assert found is not None
    chosen = next(
        one for one in usable if one["url"] == found.url and one["majorApiVersion"] == found.version
    )
    rivals = [one["majorApiVersion"] for one in usable if one["operator"] == chosen["operator"]]
    assert found.version == max(rivals)
