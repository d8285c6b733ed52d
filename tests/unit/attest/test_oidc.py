"""Identity tokens: what they say, when they cannot be used, and that nobody ever sees them."""

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shipseal._internal.redact import redact
from shipseal.attest.oidc import read_token
from shipseal.errors import AttestError, Code

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
ISSUER = "https://token.actions.githubusercontent.com"


def token(**claims: Any) -> str:
    whole = {
        "iss": ISSUER,
        "sub": "repo:octo-org/app:ref:refs/heads/main",
        "aud": "sigstore",
        "exp": int((NOW + timedelta(minutes=5)).timestamp()),
        **claims,
    }
    body = json.dumps({name: value for name, value in whole.items() if value is not None})
    payload = base64.urlsafe_b64encode(body.encode()).rstrip(b"=").decode()
    return f"eyJhbGciOiJSUzI1NiJ9.{payload}.c2lnbmF0dXJl"


def read(text: str) -> Any:
    return read_token(text, now=NOW, what="test")


def test_a_job_is_named_by_its_workflow_and_who_says_so() -> None:
    flow = "octo-org/app/.github/workflows/release.yml@refs/tags/v1"
    found = read(token(repository="octo-org/app", workflow_ref=flow, job_workflow_ref=flow) + "\n")
    assert str(found) == f"{flow}, by {ISSUER}"
    assert found.repository == "octo-org/app"


def test_a_person_is_named_by_the_address() -> None:
    found = read(token(email="dev@example.org", iss="https://accounts.example.org"))
    assert str(found) == "dev@example.org, by https://accounts.example.org"


def test_a_job_of_gitlab_is_named_by_its_configuration() -> None:
    found = read(
        token(
            iss="https://gitlab.com",
            project_path="octo/app",
            ci_config_ref_uri="gitlab.com/octo/app//.gitlab-ci.yml@refs/heads/main",
            ref_path="refs/heads/main",
        )
    )
    assert (found.repository, found.ref) == ("octo/app", "refs/heads/main")
    assert "octo/app//.gitlab-ci.yml@refs/heads/main" in str(found)


@pytest.mark.parametrize(
    ("claims", "problem"),
    [
        (
            {"aud": "https://github.com/octo-org"},
            "it is for 'https://github.com/octo-org', expected",
        ),
        ({"aud": ["sigstore", "another"]}, "it is for 'sigstore, another'"),
        ({"exp": int(NOW.timestamp())}, "it ended at 2026-01-02T03:04:05Z"),
        ({"exp": int(NOW.timestamp()) + 5}, "it ended at"),
        ({"exp": -(10**30)}, "it ended at 1970"),
        ({"exp": None}, "no JSON Web Token"),
        ({"iss": None}, "no JSON Web Token"),
        ({"sub": 7}, "no JSON Web Token"),
    ],
)
def test_a_token_that_cannot_be_used_is_told_and_not_shown(
    claims: dict[str, Any], problem: str
) -> None:
    raw = token(**claims)
    with pytest.raises(AttestError, match="identity token from test: ") as caught:
        read(raw)
    assert problem in caught.value.message
    assert caught.value.code is Code.OIDC_PERMISSION
    assert raw.split(".")[1] not in repr(caught.value.to_json())


def test_a_token_is_in_no_repr_and_in_no_log() -> None:
    raw = token()
    assert raw not in repr(read(raw))
    assert raw not in redact(f"Authorization header was {raw}")


@settings(max_examples=200)
@given(
    st.one_of(
        st.text(max_size=200), st.binary(max_size=200).map(lambda data: data.decode("latin-1"))
    )
)
def test_whatever_is_no_token_is_told(text: str) -> None:
    with pytest.raises(AttestError) as caught:
        read(text)
    assert caught.value.code is Code.OIDC_PERMISSION


@settings(max_examples=100)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5), st.lists, max_leaves=3
    )
)
def test_whatever_a_claim_is_a_token_is_read_or_refused(value: object) -> None:
    for name in ("iss", "sub", "aud", "exp", "email", "repository"):
        try:
            read(token(**{name: value}))
        except AttestError as error:
            assert error.code is Code.OIDC_PERMISSION  # noqa: PT017
