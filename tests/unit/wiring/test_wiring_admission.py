"""What controllers are told of an identity: anchored, no wider than the identity, and never silent about the rest."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shipseal.attest.identity import Identity, identity_with
from shipseal.attest.patterns import Form, Pattern
from shipseal.attest.workflow_names import GITHUB_ISSUER
from shipseal.wiring.identity_subjects import issuer_words, subject_words, unsaid_fields

ISSUER = Pattern(GITHUB_ISSUER)
RELEASE = "https://github.com/org/app/.github/workflows/release.yml"


def told(**fields: str) -> str:
    """Return the subject of an identity as an expression."""
    named = {name: Pattern(text) for name, text in fields.items()}
    patterns = {"issuer": ISSUER, **named}
    words = subject_words(identity_with(patterns, accept_whole_owner=False, accept_everyone=False))
    assert words is not None
    return words.text if words.regex else f"^{re.escape(words.text)}$"


@pytest.mark.parametrize(
    ("fields", "subject", "admitted"),
    [
        ({"repository": "org/app"}, f"{RELEASE}@refs/heads/main", True),
        ({"repository": "Org/App"}, f"{RELEASE}@refs/heads/main", True),
        ({"repository": "org/app"}, RELEASE.replace("app", "app2") + "@refs/heads/main", False),
        ({"repository": "org/app"}, RELEASE.replace("org", "xorg") + "@refs/heads/main", False),
        ({"repository": "org/app"}, f"https://evil.example/?{RELEASE}@refs/heads/main", False),
        ({"repository": "org/app", "ref": "refs/tags/v*"}, f"{RELEASE}@refs/tags/v1", True),
        ({"repository": "org/app", "ref": "refs/tags/v*"}, f"{RELEASE}@refs/tags/v1/x", False),
        ({"repository": "org/app", "ref": "refs/tags/v*"}, f"{RELEASE}@refs/heads/main", False),
        (
            {"repository": "org/app", "workflow": ".github/workflows/release.yml"},
            f"{RELEASE}@refs/tags/v1",
            True,
        ),
        (
            {"repository": "org/app", "workflow": ".github/workflows/other.yml"},
            f"{RELEASE}@refs/tags/v1",
            False,
        ),
        ({"signer": "org/app/.github/workflows/release.yml"}, f"{RELEASE}@refs/heads/x", True),
        (
            {"signer": "org/app/.github/workflows/release.yml@refs/tags/*"},
            f"{RELEASE}@refs/heads/x",
            False,
        ),
        ({"owner": "org"}, f"{RELEASE}@refs/heads/x", True),
        ({"owner": "org"}, RELEASE.replace("org/", "org2/") + "@refs/heads/x", False),
        ({"subject": "me@example.org"}, "me@example.org", True),
        ({"subject": "me@example.org"}, "me@exampleXorg", False),
        ({"subject": "*@example.org"}, "you@example.org", True),
        ({"subject": "*@example.org"}, "you@example.org.evil", False),
        (
            {"issuer": "https://gitlab.com", "repository": "group/app"},
            "https://gitlab.com/group/app//.gitlab-ci.yml@refs/heads/main",
            True,
        ),
    ],
)
def test_an_identity_becomes_an_anchored_expression(
    fields: dict[str, str], subject: str, admitted: bool
) -> None:
    expression = told(**fields)
    # The controllers look for it anywhere.
    assert (re.search(expression, subject) is not None) is admitted, expression


@given(st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=12))
@settings(max_examples=200, deadline=None)
def test_a_name_without_globs_matches_itself_alone(name: str) -> None:
    text = name.replace("*", "").replace("@", "").replace(":", "").strip("/") or "x"
    expression = told(repository=f"org/{text}")
    good = f"https://github.com/org/{text}/.github/workflows/a.yml@refs/heads/main"
    assert re.search(expression, good)
    assert not re.search(expression, good.replace("/org/", "/org1/", 1))
    assert not re.search(expression, "x" + good)


def test_what_a_certificates_name_does_not_say_is_named() -> None:
    identity = Identity(
        issuer=ISSUER,
        repository=Pattern("org/app"),
        owner_id=Pattern("17", Form.EXACT),
        runner=Pattern("github-hosted", Form.EXACT),
    )
    assert [name for name, _ in unsaid_fields(identity)] == ["owner_id", "runner"]
    reusable = Identity(issuer=ISSUER, repository=Pattern("org/app"), signer=Pattern("o/ci/w.yml"))
    assert [name for name, _ in unsaid_fields(reusable)] == ["repository"]


def test_an_identity_by_number_alone_cannot_be_told() -> None:
    identity = Identity(issuer=ISSUER, repository_id=Pattern("17", Form.EXACT))
    assert issuer_words(identity) is not None
    assert subject_words(identity) is None
