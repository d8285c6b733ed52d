"""Which instance signs: a private repository never reaches the public log unless the configuration says so."""

import pytest

from shipseal.attest.instance_choice import GITHUB_ISSUER, Instance, Situation, choose_instance
from shipseal.errors import ConfigError

OTHER = "https://gitlab.example.org"


def choice(
    asked: str = "auto",
    *,
    private: bool | None = False,
    issuer: str = GITHUB_ISSUER,
    job: bool = True,
) -> Instance:
    return choose_instance(Situation(asked, private, issuer, job))[0]


def test_what_is_public_is_signed_in_public() -> None:
    assert choice(private=False) is Instance.PUBLIC_GOOD
    assert choice(private=False, issuer=OTHER) is Instance.PUBLIC_GOOD


def test_a_private_repository_of_github_has_githubs_instance() -> None:
    assert choice(private=True) is Instance.GITHUB


@pytest.mark.parametrize(
    ("private", "issuer", "problem"),
    [
        (True, OTHER, "is private"),
        (None, GITHUB_ISSUER, "may be private"),
        (None, OTHER, "may be private"),
    ],
)
def test_where_nobody_says_that_it_is_public_it_is_not_made_public(
    private: bool | None, issuer: str, problem: str
) -> None:
    with pytest.raises(ConfigError, match=f"the repository {problem}"):
        choice(private=private, issuer=issuer)


def test_a_person_names_no_repository() -> None:
    assert choice(private=None, issuer=OTHER, job=False) is Instance.PUBLIC_GOOD


@pytest.mark.parametrize("private", [True, False, None])
def test_what_is_said_in_so_many_words_is_done(private: bool | None) -> None:
    assert choice("public-good", private=private) is Instance.PUBLIC_GOOD
    assert choice("github", private=private) is Instance.GITHUB
