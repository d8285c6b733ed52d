"""How jobs are named by GitHub, and what they are taken for."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shipseal.watch.names import is_job, names_of, nearest

PLAIN = st.from_regex(r"[A-Za-z][A-Za-z0-9_ -]{0,20}[A-Za-z0-9]", fullmatch=True)


@pytest.mark.parametrize(
    "shown",
    [
        "sbom-scan",
        "sbom-scan (amd64)",
        "sbom-scan (amd64, ghcr.io/org/app)",
        "sbom-scan (a (b) / c)",
        "caller / sbom-scan",
        "caller (1) / sbom-scan (amd64)",
        "outer / caller / sbom-scan",
        "sbom-scan / inner",
        "sbom-scan (amd64) / inner",
    ],
)
def test_these_are_the_job(shown: str) -> None:
    assert is_job("sbom-scan", shown)


@pytest.mark.parametrize(
    "shown", ["scan", "sbom-scan2", "my sbom-scan", "(sbom-scan)", "x (sbom-scan)", ""]
)
def test_these_are_not(shown: str) -> None:
    assert not is_job("sbom-scan", shown)


def test_the_whole_path_of_a_job_is_found_without_the_values_of_any_matrix() -> None:
    assert is_job("publish / sbom-scan", "publish (1) / sbom-scan (amd64)")
    assert is_job("publish / sbom-scan", "publish / sbom-scan (amd64)")
    assert not is_job("publish / sbom-scan", "check (1) / sbom-scan (amd64)")


def test_a_name_that_github_cut_is_found() -> None:
    whole = f"sbom-scan (amd64, ghcr.io/{'long/' * 30}app)"
    assert is_job("sbom-scan", whole[:97] + "...")
    assert is_job("sbom-scan", f"caller / {whole[:97]}...")
    assert not is_job("sbom-scan", "sbom-scan2 (am...")


def test_a_name_that_looks_like_a_matrix_is_found_as_it_is() -> None:
    assert is_job("build (all)", "build (all)")
    assert is_job("a / b", "a / b (amd64)")


@settings(max_examples=80, deadline=None)
@given(PLAIN, st.lists(PLAIN, max_size=3), st.lists(PLAIN, max_size=2))
def test_whatever_a_matrix_and_callers_add_the_job_is_found(
    job: str, values: list[str], callers: list[str]
) -> None:
    leg = f"{job} ({', '.join(values)})" if values else job
    assert is_job(job, " / ".join([*callers, leg]))


@settings(max_examples=80, deadline=None)
@given(st.text(max_size=40))
def test_every_name_is_its_own(name: str) -> None:
    assert name.strip() in names_of(name)


def test_what_a_name_has_become_is_guessed_and_no_more_than_that() -> None:
    there = ["Set up job", "attest sbom", "Post Check out"]
    assert nearest("Attest SBOM", there) == "attest sbom"
    assert nearest("Attest SBOM", ["Attest SBOM (ghcr)"]) == "Attest SBOM (ghcr)"
    assert nearest("Attest SBOM", ["lint", "test"]) == ""
    assert nearest("x", []) == ""
