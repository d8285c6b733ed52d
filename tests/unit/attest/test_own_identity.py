"""Whether a token's own evidence would be accepted, as far as the token tells before anything is signed."""

from datetime import UTC, datetime
from typing import Any

import pytest

from shipseal.attest.identity import identity_with
from shipseal.attest.oidc import IdentityToken
from shipseal.attest.own_identity import check_own_identity
from shipseal.attest.patterns import Pattern
from shipseal.errors import AttestError, Code

ISSUER = "https://token.actions.githubusercontent.com"
WORKFLOW = "org/app/.github/workflows/release.yml@refs/tags/v1"


def token(**changes: Any) -> IdentityToken:
    found: dict[str, Any] = {
        "raw": "secret",
        "issuer": ISSUER,
        "subject": "repo:org/app:ref:refs/tags/v1",
        "expires": datetime(2030, 1, 1, tzinfo=UTC),
        "repository": "org/app",
        "workflow": WORKFLOW,
        "signer": WORKFLOW,
        "ref": "refs/tags/v1",
    }
    return IdentityToken(**(found | changes))


def person(**changes: Any) -> IdentityToken:
    plain: dict[str, Any] = {
        "issuer": "https://accounts.example.org",
        "subject": "ada@example.org",
        **dict.fromkeys(("repository", "workflow", "signer", "ref"), ""),
    }
    return token(**(plain | changes))


def check(given: IdentityToken, *accepted: dict[str, str]) -> None:
    identities = [
        identity_with(
            {name: Pattern(text) for name, text in fields.items()},
            accept_whole_owner=False,
            accept_everyone=False,
        )
        for fields in accepted
    ]
    check_own_identity(given, identities)


@pytest.mark.parametrize(
    "accepted",
    [
        {"issuer": ISSUER, "repository": "org/app"},
        {"issuer": ISSUER, "repository": "ORG/app", "ref": "refs/tags/v*"},
        {"issuer": ISSUER, "repository": "org/app", "workflow": ".github/workflows/release.yml"},
        {"issuer": ISSUER, "signer": WORKFLOW},
        {"issuer": ISSUER, "signer": f"https://github.com/{WORKFLOW}"},
        # What the token does not tell, or an instance may spell in its own way, is left to the evidence.
        {"issuer": ISSUER, "repository": "org/app", "runner": "self-hosted"},
        {"issuer": ISSUER, "repository": "https://git.example.org/org/app"},
    ],
)
def test_own_identities_may_sign(accepted: dict[str, str]) -> None:
    check(token(), accepted)


@pytest.mark.parametrize(
    ("accepted", "field"),
    [
        ({"issuer": "https://gitlab.com", "repository": "org/app"}, "issuer"),
        ({"issuer": ISSUER, "repository": "org/other"}, "repository"),
        ({"issuer": ISSUER, "repository": "org/app", "ref": "refs/heads/main"}, "ref"),
        (
            {"issuer": ISSUER, "repository": "org/app", "workflow": ".github/workflows/ci.yml"},
            "workflow",
        ),
        ({"issuer": ISSUER, "signer": "org/ci/.github/workflows/x.yml@refs/heads/main"}, "signer"),
    ],
)
def test_others_sign_nothing(accepted: dict[str, str], field: str) -> None:
    with pytest.raises(AttestError, match=f"{field}: expected") as caught:
        check(token(), accepted)
    assert caught.value.code is Code.IDENTITY_MISMATCH
    assert "secret" not in str(caught.value)


def test_any_one_identity_suffices_and_the_closest_one_explains() -> None:
    far = {"issuer": "https://gitlab.com", "repository": "org/x", "ref": "refs/heads/y"}
    near = {"issuer": ISSUER, "repository": "org/app", "ref": "refs/heads/main"}
    check(token(), far, {"issuer": ISSUER, "repository": "org/app"})
    with pytest.raises(AttestError, match=r"ref: expected refs/heads/main, got refs/tags/v1$"):
        check(token(), far, near)


def test_a_reusable_workflow_that_is_not_named_signs_nothing() -> None:
    given = token(signer="org/ci/.github/workflows/publish.yml@refs/heads/main")
    with pytest.raises(AttestError, match="signer"):
        check(given, {"issuer": ISSUER, "repository": "org/app"})


def test_a_person_is_known_by_address() -> None:
    accepted = {"issuer": "https://accounts.example.org", "subject": "ada@example.org"}
    check(person(), accepted)
    with pytest.raises(
        AttestError, match=r"subject: expected ada@example\.org, got eve@example\.org"
    ):
        check(person(subject="eve@example.org"), accepted)


def test_an_issuer_that_speaks_for_another_one_is_left_to_the_evidence() -> None:
    accepted = {"issuer": "https://accounts.other.org", "subject": "ada@example.org"}
    with pytest.raises(AttestError, match="issuer"):
        check(person(), accepted)
    check(person(federated=True), accepted)
