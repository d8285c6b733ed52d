"""No secret reaches a text, whether it is known or only looks like one."""

import time

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from shipseal._internal import redact as room
from shipseal._internal.redact import REDACTED, has_userinfo, redact, redact_url, register_secret


@pytest.mark.parametrize(
    "secret",
    [
        "Bearer abcdefgh12345678",
        "Basic dXNlcjpwYXNzd29yZA==",
        "ghp_" + "a" * 36,
        "github_pat_" + "a" * 30,
        "dckr_pat_" + "a" * 20,
        "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl",
        "-----BEGIN EC PRIVATE KEY-----\nMHcCAQ\n-----END EC PRIVATE KEY-----",
        "-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\ncut off",
        "https://user:pass-word@registry.example.org/v2/",
    ],
)
def test_what_looks_like_a_secret_goes(secret: str) -> None:
    told = redact(f"GET failed: {secret} was refused")
    for part in secret.replace("://", " ").replace("@", " ").split():
        assert part not in told or part.lower() in (
            "bearer",
            "basic",
            "https",
            "registry.example.org/v2/",
        )
    assert REDACTED in told
    assert told.startswith("GET failed: ")


@given(st.text(min_size=4, max_size=30), st.text(max_size=30), st.text(max_size=30))
def test_a_registered_secret_is_in_no_text(secret: str, before: str, after: str) -> None:
    assume(secret not in REDACTED and secret not in before and secret not in after)
    room._known.clear()
    register_secret(secret)
    assert secret not in redact(f"{before} {secret} {after}").replace(REDACTED, "")


def test_what_is_too_short_to_hide_is_left() -> None:
    register_secret("abc")
    assert redact("abc is the alphabet") == "abc is the alphabet"


def test_of_two_secrets_the_longer_goes_first() -> None:
    register_secret("inner-secret")
    register_secret("outer inner-secret outer")
    assert redact("x outer inner-secret outer y") == f"x {REDACTED} y"


def test_ordinary_text_stays() -> None:
    text = "PUT https://registry.example.org/v2/org/app/manifests/1.0: 401 UNAUTHORIZED"
    assert redact(text) == text


def test_a_url_keeps_what_is_known_to_be_harmless() -> None:
    url = "https://ci:pw@host:5000/v2/a/blobs/uploads/?digest=sha256:ab&X-Amz-Signature=f00&n=5&per_page=30#frag"
    assert redact_url(url) == (
        "https://host:5000/v2/a/blobs/uploads/?digest=sha256:ab&X-Amz-Signature=REDACTED&n=5&per_page=30"
    )


@pytest.mark.parametrize(
    "text",
    [
        "user:pass@host/app",
        "user:p/a:ss@host:5000/app:1",
        "u:1234@host/app",
        "u:@host/app@sha256:00",
    ],
)
def test_a_login_before_a_host_is_seen_without_a_scheme(text: str) -> None:
    assert has_userinfo(text)


@pytest.mark.parametrize(
    "text",
    [
        "host/app", "host:5000/app", "host:5000/app@v1", "host:5000/app:1@sha256:00", "app:1.2@sha256:00",
        "app:1.2@sha512:00", "app@sha256:00", "oci:./a@b", "",
    ],
)  # fmt: skip
def test_ports_tags_digests_and_folders_are_no_logins(text: str) -> None:
    assert not has_userinfo(text)


@pytest.mark.parametrize(
    "piece",
    [
        "a.",
        "a://",
        "eyJaaaaaaaaaa.",
        "-----BEGIN ",
        "bearer ",
        "://a",
        "-----BEGIN PRIVATE KEY-----",
        "@",
    ],
)
def test_garbage_is_looked_through_in_time(piece: str) -> None:
    started = time.monotonic()
    redact(piece * (400_000 // len(piece)))
    assert time.monotonic() - started < 30


def test_a_login_is_taken_out_whatever_stands_before_it() -> None:
    assert redact(f"{'x' * 100}https://user:pw@host/x") == f"{'x' * 100}https://[redacted]@host/x"


@given(st.binary(min_size=32, max_size=32), st.data())
def test_a_digest_survives_a_short_secret_that_occurs_in_it(
    content: bytes, data: st.DataObject
) -> None:
    room._known.clear()
    digest = "sha256:" + content.hex()
    start = data.draw(st.integers(7, 60))
    pin = digest[start : start + 6]
    register_secret(pin)
    told = redact(f"the PIN {pin} signs {digest}")
    assert told == f"the PIN {REDACTED} signs {digest}"


def test_a_long_secret_goes_even_if_it_is_written_as_a_digest() -> None:
    secret = "0123456789abcdef" * 4
    register_secret(secret)
    assert secret not in redact(f"sha256:{secret}")
