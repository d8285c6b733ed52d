"""Identities: each given field must match, and one that lets everybody in is none."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shipseal.attest.breadth import check_breadth
from shipseal.attest.identity import Identity, closest, identity_with
from shipseal.attest.patterns import Form, Pattern, as_regex, checked
from shipseal.attest.signer_facts import SignerFacts
from shipseal.errors import Code, ConfigError

ISSUER = "https://token.actions.githubusercontent.com"
HOME = "https://github.com/Org/App"
RELEASE = f"{HOME}/.github/workflows/release.yml@refs/tags/v1.2.3"
PUBLISH = "https://github.com/org/ci/.github/workflows/publish.yml@refs/heads/main"
FACTS = SignerFacts(
    subject=RELEASE,
    subject_kind="uri",
    issuer=ISSUER,
    signer_uri=RELEASE,
    signer_digest="c" * 40,
    workflow_uri=RELEASE,
    workflow_name="Release",
    repository_uri=HOME,
    short_repository="Org/App",
    repository_id="12",
    owner_uri="https://github.com/Org",
    owner_id="7",
    ref="refs/tags/v1.2.3",
    commit="b" * 40,
    trigger="push",
    runner="github-hosted",
)
REUSED = replace(FACTS, subject=PUBLISH, signer_uri=PUBLISH)
OLD = SignerFacts(
    subject=RELEASE,
    subject_kind="uri",
    issuer=ISSUER,
    short_repository="Org/App",
    ref="refs/tags/v1.2.3",
)
MAIL = SignerFacts("release@example.org", "email", issuer="https://accounts.example.org")


def identity(**texts: str) -> Identity:
    return Identity(**{name: Pattern(text) for name, text in texts.items()})  # type: ignore[arg-type]


def wrong(who: Identity, facts: SignerFacts = FACTS) -> list[str]:
    return [one.field for one in who.mismatches(facts)]


@pytest.mark.parametrize(
    "given_fields",
    [
        {"issuer": ISSUER},
        {"repository": "org/app"},
        {"repository": "ORG/APP"},
        {"repository": HOME},
        {"repository": "org/*"},
        {"repository": "org/**"},
        {"repository_id": "12"},
        {"owner": "org"},
        {"owner": "https://github.com/org"},
        {"owner_id": "7"},
        {"workflow": ".github/workflows/release.yml"},
        {"workflow": ".github/workflows/*.yml"},
        {"workflow": "**/release.yml"},
        {"workflow": "org/app/.github/workflows/release.yml"},
        {"workflow": ".github/workflows/release.yml@refs/tags/v*"},
        {"workflow": RELEASE},
        {"signer": "org/app/.github/workflows/release.yml"},
        {"signer": "org/app/.github/workflows/release.yml@refs/tags/**"},
        {"signer": "org/app/**"},
        {"signer_digest": "c" * 40},
        {"ref": "refs/tags/v*"},
        {"ref": "refs/tags/v1.2.3"},
        {"commit": "b" * 40},
        {"trigger": "push"},
        {"runner": "github-hosted"},
        {"workflow_name": "Release"},
        {"subject": RELEASE},
        {"subject": "https://github.com/Org/App/**"},
    ],
)
def test_a_field_that_matches(given_fields: dict[str, str]) -> None:
    assert wrong(identity(**given_fields)) == []


@pytest.mark.parametrize(
    "given_fields",
    [
        {"issuer": f"{ISSUER}/"},
        {"issuer": "https://token.actions.githubusercontent.co"},
        {"issuer": ISSUER.upper()},
        {"repository": "org/ap"},
        {"repository": "org/app2"},
        {"repository": "rg/app"},
        {"repository": "*"},
        {"repository": "app"},
        {"repository": "https://gitlab.com/org/app"},
        {"repository_id": "1"},
        {"owner": "or"},
        {"owner": "org/app"},
        {"workflow": "release.yml"},
        {"workflow": ".github/workflows/Release.yml"},
        {"workflow": ".github/*"},
        {"workflow": ".github/workflows/release.yml@refs/heads/**"},
        {"workflow": ".github/workflows/release.yml@refs/tags/*/*"},
        {"signer": "org/app/.github/workflows/rel"},
        {"signer": "org/ap/**"},
        {"ref": "refs/tags"},
        {"ref": "refs/*"},
        {"ref": "refs/tags/V*"},
        {"commit": "b" * 39},
        {"runner": "self-hosted"},
        {"subject": f"{HOME}/*"},
        {"subject": RELEASE.lower()},
    ],
)
def test_a_field_that_does_not_match(given_fields: dict[str, str]) -> None:
    (name,) = given_fields
    assert wrong(identity(**given_fields)) == [name]


def test_what_the_certificate_does_not_say_matches_nothing() -> None:
    empty = SignerFacts("", "uri")
    for name in ("issuer", "repository", "workflow", "signer", "ref", "runner", "subject"):
        assert wrong(identity(**{name: "**"}), empty) == [name]


def test_every_field_is_told_with_what_was_expected_and_got() -> None:
    found = identity(repository="org/other", ref="refs/heads/main").mismatches(FACTS)
    assert [(one.field, one.expected, one.got) for one in found] == [
        ("repository", "org/other", "Org/App"),
        ("ref", "refs/heads/main", "refs/tags/v1.2.3"),
    ]


def test_a_reusable_workflow_must_be_named() -> None:
    who = identity(issuer=ISSUER, repository="org/app")
    assert wrong(who) == []
    assert wrong(who, REUSED) == ["signer"]
    signer = "org/ci/.github/workflows/publish.yml@refs/heads/main"
    assert wrong(replace(who, signer=Pattern(signer)), REUSED) == []
    assert wrong(replace(who, signer=Pattern(signer.replace("main", "x"))), REUSED) == ["signer"]
    # A subject is the signing workflow's own name: whoever writes it has named that.
    assert wrong(replace(who, subject=Pattern(PUBLISH)), REUSED) == []


def test_an_older_certificate_has_the_signer_in_its_subject_alone() -> None:
    assert wrong(identity(repository="org/app", ref="refs/tags/*"), OLD) == []
    assert wrong(identity(signer="org/app/.github/workflows/release.yml"), OLD) == []
    assert wrong(identity(workflow=".github/workflows/release.yml"), OLD) == ["workflow"]
    no_workflow = replace(FACTS, workflow_uri="", signer_uri=PUBLISH)
    assert wrong(identity(repository="org/app"), no_workflow) == ["signer"]


def test_a_reusable_workflow_must_be_named_in_older_certificates_too() -> None:
    """Its subject is the workflow that signed; everybody's may be called by the repository that it names."""
    assert wrong(identity(issuer=ISSUER, repository="org/app"), OLD) == []
    for stranger in (
        "https://github.com/evil/ci/.github/workflows/x.yml@refs/heads/main",
        "https://github.com/Org/App-evil/.github/workflows/x.yml@refs/heads/main",
        "https://github.com/evil/org/app/.github/workflows/x.yml@refs/heads/org/app/",
    ):
        called = replace(OLD, subject=stranger)
        assert wrong(identity(issuer=ISSUER, repository="org/app"), called) == ["signer"]
        assert wrong(identity(issuer=ISSUER, repository="org/app", subject=stranger), called) == []


def test_githubs_issuer_names_repositories_of_github_alone() -> None:
    home = "https://gitlab.com/org/app"
    subject = f"{home}//.gitlab-ci.yml@refs/tags/v1.2.3"
    elsewhere = replace(FACTS, subject=subject, repository_uri=home, workflow_uri="", signer_uri="")
    assert wrong(identity(repository="org/app"), elsewhere) == ["repository"]
    own = replace(elsewhere, issuer="https://gitlab.com")
    assert wrong(identity(repository="org/app"), own) == []


def test_any_identity_suffices_and_the_closest_is_told() -> None:
    near = identity(issuer=ISSUER, repository="org/app", ref="refs/heads/main")
    far = identity(issuer="https://x.test", repository="a/b", ref="c")
    found, mismatches = closest([far, near], FACTS)
    assert found is None
    assert [one.field for one in mismatches] == ["ref"]
    right = identity(issuer=ISSUER, repository="org/app")
    assert closest([far, right], FACTS) == (right, ())
    assert closest([], FACTS) == (None, ())


def test_an_address_is_a_subject() -> None:
    assert wrong(identity(subject="release@example.org"), MAIL) == []
    assert wrong(identity(subject="*@example.org"), MAIL) == []
    assert wrong(identity(subject="*@example.com"), MAIL) == ["subject"]


def regex(text: str) -> Pattern:
    return Pattern(text, Form.REGEX)


WIDE: list[tuple[dict[str, Any], str]] = [
    ({}, "names no issuer"),
    ({"repository": "org/app"}, "names no issuer"),
    ({"issuer": "**", "repository": "org/app"}, "names no issuer"),
    ({"issuer": "https://**", "subject": "a@b.test"}, "names no issuer"),
    ({"issuer": regex(".*"), "repository": "org/app"}, "names no issuer"),
    ({"issuer": ISSUER}, "matches everybody"),
    ({"issuer": ISSUER, "ref": "refs/tags/v1"}, "matches everybody"),
    ({"issuer": ISSUER, "workflow": ".github/workflows/release.yml"}, "matches everybody"),
    ({"issuer": ISSUER, "runner": "github-hosted"}, "matches everybody"),
    (
        {"issuer": ISSUER, "signer": "org/ci/.github/workflows/x.yml@refs/heads/main"},
        "matches everybody",
    ),
    ({"issuer": ISSUER, "repository": "**"}, "matches everybody"),
    ({"issuer": ISSUER, "repository": "*/*"}, "matches everybody"),
    ({"issuer": ISSUER, "owner": "*"}, "matches everybody"),
    ({"issuer": ISSUER, "subject": "**"}, "matches everybody"),
    ({"issuer": ISSUER, "subject": "https://github.com/**"}, "matches everybody"),
    ({"issuer": ISSUER, "subject": "*@*"}, "matches everybody"),
    ({"issuer": ISSUER, "subject": "*@gmail.com"}, "matches everybody"),
    ({"issuer": ISSUER, "subject": regex("")}, "matches everybody"),
    ({"issuer": ISSUER, "subject": regex("^https://")}, "matches everybody"),
    ({"issuer": ISSUER, "subject": regex("/release.yml@")}, "matches everybody"),
    *(
        ({"issuer": ISSUER, name: pattern}, "matches everybody")
        for name, pattern in (
            # A name of a file, or of a repository, is everybody's to take.
            ("subject", "https://github.com/*/*/.github/workflows/build.yml@refs/heads/main"),
            ("subject", "https://github.com/*/app/.github/workflows/release.yml@refs/tags/*"),
            ("subject", "**/.github/workflows/deploy.yml@**"),
            ("subject", "https://**/app/.github/workflows/deploy.yml@refs/heads/main"),
            ("subject", regex(r"/\.github/workflows/deploy\.yml@refs/heads/main$")),
            ("subject", regex(r"^https://github\.com/[^/]+/app/")),
            ("subject", regex(r"^https://github\.com/(.*)/app/.*@refs/tags/v\d+$")),
            ("subject", regex(r"(?i)^https://github\.com/org/app/|/app/")),
            ("repository", "*/app"),
            ("repository", "**/app"),
            ("repository", "https://github.com/*/app"),
            # Whoever registers such an owner is let in.
            ("repository", "org*/app"),
            ("repository", "org**"),
            ("owner", "org*"),
            # What is looked for anywhere can be the name of a branch.
            ("subject", regex("org/app")),
            ("subject", regex("github.com/org/app/")),
            # Domains are for sale.
            ("subject", "release@*"),
            ("subject", "*@*.org"),
            ("subject", "**@example.org"),
            ("subject", regex("@example.org")),
        )
    ),
    ({"issuer": f"{ISSUER}*", "repository": "org/app"}, "names no issuer"),
    ({"issuer": "**githubusercontent.com", "repository": "org/app"}, "names no issuer"),
    ({"issuer": regex("token.actions.x.test"), "repository": "org/app"}, "names no issuer"),
    ({"issuer": ISSUER, "owner": "org", "workflow": "**"}, "any workflow"),
    ({"issuer": ISSUER, "owner": "org", "signer": "**"}, "any workflow"),
    ({"issuer": ISSUER, "owner": "org", "workflow_name": "*"}, "any workflow"),
    ({"issuer": ISSUER, "subject": "https://github.com/org/**"}, "any workflow"),
    ({"issuer": ISSUER, "subject": regex("^https://github.com/org/")}, "any workflow"),
    ({"issuer": ISSUER, "owner": "org"}, "any workflow"),
    ({"issuer": ISSUER, "owner_id": "7"}, "any workflow"),
    ({"issuer": ISSUER, "repository": "org/*"}, "any workflow"),
    ({"issuer": ISSUER, "repository": "https://github.com/org/**"}, "any workflow"),
    ({"issuer": ISSUER, "owner": "org", "repository": "**", "ref": "x"}, "any workflow"),
]


@pytest.mark.parametrize(("given_fields", "match"), WIDE)
def test_an_identity_that_lets_too_many_in_is_refused(
    given_fields: dict[str, Any], match: str
) -> None:
    patterns = {
        name: text if isinstance(text, Pattern) else Pattern(text)
        for name, text in given_fields.items()
    }
    who = identity_with(patterns, accept_whole_owner=False, accept_everyone=False)
    with pytest.raises(ConfigError, match=match) as caught:
        check_breadth([identity(issuer=ISSUER, repository="a/b"), who], what="policy.yaml")
    assert caught.value.code is Code.POLICY_EMPTY
    assert caught.value.message.startswith("policy.yaml: ")
    # Said in so many words, it is what was meant.
    assert check_breadth([replace(who, accept_everyone=True)], what="x")


def test_a_whole_owner_must_be_said_and_does_not_mean_everybody() -> None:
    owner = identity(issuer=ISSUER, owner="org")
    assert check_breadth([replace(owner, accept_whole_owner=True)], what="x")
    anybody = replace(identity(issuer=ISSUER), accept_whole_owner=True)
    with pytest.raises(ConfigError, match="matches everybody"):
        check_breadth([anybody], what="x")


@pytest.mark.parametrize(
    "given_fields",
    [
        {"repository": "org/app"},
        {"repository": "org/app-*"},
        {"repository_id": "12"},
        {"owner": "org", "signer": "org/ci/.github/workflows/publish.yml@refs/heads/main"},
        {"repository": "org/*", "workflow": ".github/workflows/release.yml"},
        {"subject": "release@example.org"},
        {"subject": "*@example.org"},
        {"subject": "https://github.com/org/app/**"},
        {"subject": regex("https://github.com/org/app/.github/workflows/release.yml@refs/tags/")},
        {"subject": regex(r"^(https://github\.com/org/app/|https://github\.com/org/b/).*$")},
        {"subject": regex(r"^https://github\.com/org/app/.+@refs/tags/v[0-9]+\.[0-9]+$")},
        {"subject": regex(r".*@example\.org$")},
        {"subject": "spiffe://example.org/ns/*/sa/release"},
        {"subject": "https://kubernetes.io/namespaces/*/serviceaccounts/release"},
        {"repository": "group/*/app"},
        {"owner": "org", "signer": "org/ci/**"},
        {"issuer": "https://*.example.org", "repository": "org/app"},
        {"issuer": regex(r"^https://token\.actions\.x\.test$"), "repository": "org/app"},
    ],
)
def test_an_identity_that_keeps_strangers_out_is_accepted(given_fields: dict[str, Any]) -> None:
    patterns = {
        name: text if isinstance(text, Pattern) else Pattern(text)
        for name, text in ({"issuer": ISSUER} | given_fields).items()
    }
    who = identity_with(patterns, accept_whole_owner=False, accept_everyone=False)
    assert check_breadth([who], what="x") == (who,)


@pytest.mark.parametrize("pattern", [Pattern(""), regex("("), regex("a{999999999999}")])
def test_a_pattern_that_cannot_be_read(pattern: Pattern) -> None:
    with pytest.raises(ConfigError, match="--x"):
        checked(pattern, what="--x")


@given(st.text(max_size=30), st.text(max_size=30))
@settings(max_examples=200, deadline=None)
def test_a_text_without_globs_matches_itself_alone(text: str, other: str) -> None:
    exact, glob = Pattern(text, Form.EXACT), Pattern(text)
    if text and text.isprintable():
        assert exact.matches(text)
    if "*" not in text and other.isprintable() and other:
        assert exact.matches(other) == glob.matches(other) == (text == other)


@given(st.text(alphabet="ab/*", max_size=12), st.text(alphabet="ab/", min_size=1, max_size=12))
@settings(max_examples=400, deadline=None)
def test_globs_are_what_they_say(glob: str, value: str) -> None:
    """Held against a matcher that tries every way."""
    assert Pattern(glob).matches(value) == _slowly(glob, value)
    assert "*" not in as_regex("a/b")


def _slowly(glob: str, value: str) -> bool:
    if not glob:
        return not value
    if glob.startswith("*"):
        rest = glob.lstrip("*")
        crosses = len(glob) - len(rest) > 1
        ends = range(len(value) + 1)
        return any(
            (crosses or "/" not in value[:end]) and _slowly(rest, value[end:]) for end in ends
        )
    return bool(value) and value[0] == glob[0] and _slowly(glob[1:], value[1:])


@pytest.mark.parametrize(
    ("pattern", "value"),
    [
        # Go's $ stands at the end alone.
        (regex(r"^https://github\.com/org/app/.*@refs/tags/v1$"), f"{HOME}/x@refs/tags/v1\n"),
        (Pattern("https://github.com/org/**"), "https://github.com/org/app\n.evil"),
        (regex(r"^https://github\.com/org-\w+/app$"), "https://github.com/org-\u00e9/app"),
        (regex(r"^v\d$"), "v\u0663"),
        # The Kelvin sign is an upper case of "k".
        (Pattern("kubernetes/app", fold=True), "\u212aubernetes/app"),
    ],
)
def test_a_pattern_matches_no_more_than_gos_would(pattern: Pattern, value: str) -> None:
    assert not pattern.matches(value)


def test_letters_that_only_look_alike_are_no_owner() -> None:
    facts = replace(FACTS, signer_uri=RELEASE.replace("/Org/", "/\u212aorg/"))
    who = identity(signer="korg/app/.github/workflows/release.yml")
    assert wrong(who, facts) == ["signer"]


def test_a_class_of_posix_is_refused_instead_of_read_in_another_way() -> None:
    with pytest.raises(ConfigError, match="class of characters"):
        checked(regex("^org-[[:alnum:]]+$"), what="x")
