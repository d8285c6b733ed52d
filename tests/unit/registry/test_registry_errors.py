"""What an answer, or the lack of one, means."""

import json
import ssl
from collections.abc import Mapping

import httpx
import pytest

from shipseal._internal.redact import register_secret
from shipseal.errors import Code, Exit
from shipseal.registry.errors import (
    AnswerError,
    Caller,
    answer_error,
    retry_after,
    transport_error,
)

URL = "https://ghcr.io/v2/org/app/blobs/uploads/1?_state=s3cr3t&digest=sha256:0"
KNOWN = Caller("ghcr.io/org/app", True, "/root/.docker/config.json (auths, ghcr.io)")
UNKNOWN = Caller("ghcr.io/org/app", False, "/root/.docker/config.json")


def _answer(
    status: int,
    word: str = "",
    message: str = "",
    *,
    caller: Caller = KNOWN,
    headers: Mapping[str, str] | None = None,
    refused_scope: bool = False,
) -> AnswerError:
    body = {"errors": [{"code": word, "message": message}]} if word else {}
    response = httpx.Response(status, headers=headers, request=httpx.Request("PUT", URL))
    return answer_error(response, json.dumps(body).encode(), caller, refused_scope=refused_scope)


@pytest.mark.parametrize(
    ("status", "word", "code"),
    [
        (401, "UNAUTHORIZED", Code.REGISTRY_UNAUTHORIZED),
        (401, "DENIED", Code.REGISTRY_DENIED),
        (403, "", Code.REGISTRY_DENIED),
        (403, "DENIED", Code.REGISTRY_DENIED),
        (403, "TOOMANYREQUESTS", Code.RATE_LIMITED),
        (404, "", Code.IMAGE_NOT_FOUND),
        (404, "NAME_UNKNOWN", Code.IMAGE_NOT_FOUND),
        (400, "MANIFEST_BLOB_UNKNOWN", Code.IMAGE_NOT_FOUND),
        (400, "DIGEST_INVALID", Code.DIGEST_MISMATCH),
        (400, "MANIFEST_INVALID", Code.FORMAT_UNSUPPORTED),
        (400, "NAME_INVALID", Code.CONFIG_INVALID),
        (405, "UNSUPPORTED", Code.REGISTRY_DENIED),
        (413, "", Code.FORMAT_UNSUPPORTED),
        (429, "", Code.RATE_LIMITED),
        (500, "UNKNOWN", Code.SERVICE_OUTAGE),
        (502, "", Code.SERVICE_OUTAGE),
        (200, "", Code.SERVICE_OUTAGE),
        (302, "", Code.SERVICE_OUTAGE),
        (407, "", Code.NETWORK_UNREACHABLE),
        (418, "", Code.SERVICE_OUTAGE),
        (500, "DENIED", Code.SERVICE_OUTAGE),
        (503, "MANIFEST_UNKNOWN", Code.SERVICE_OUTAGE),
        (503, "TOOMANYREQUESTS", Code.RATE_LIMITED),
    ],
)
def test_each_answer_has_its_code(status: int, word: str, code: Code) -> None:
    assert _answer(status, word).code is code


@pytest.mark.parametrize("status", range(300, 600))
def test_no_status_is_taken_for_a_defect_of_ours(status: int) -> None:
    assert _answer(status).code is not Code.UNKNOWN


@pytest.mark.parametrize("status", [400, 402, 406, 409, 415, 416, 418, 422, 431, 451, 499])
def test_a_refusal_without_a_known_word_says_that_it_is_final(status: int) -> None:
    error = _answer(status, "ODD", "not today")
    assert f"the registry refused the request with {status}" in error.message
    assert error.message.endswith(": ODD: not today")
    assert error.exit is Exit.OUTSIDE
    assert not error.retryable
    assert "will be refused again" in error.hint


@pytest.mark.parametrize("status", [408, 425])
def test_a_request_that_came_too_slowly_or_too_early_is_no_refusal(status: int) -> None:
    error = _answer(status)
    assert (error.code, error.retryable) == (Code.SERVICE_OUTAGE, True)
    assert "refused" not in error.message


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504, 522])
def test_what_is_transient_may_be_tried_again(status: int) -> None:
    assert _answer(status).retryable


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 409, 412, 413, 501])
def test_what_is_permanent_may_not(status: int) -> None:
    assert not _answer(status).retryable


def test_a_status_that_nobody_has_named_is_a_number() -> None:
    assert "digest=sha256:0: 522: " in _answer(522).message


def test_a_message_says_what_was_asked_and_what_the_registry_said() -> None:
    error = _answer(403, "DENIED", "permission_denied: write_package")
    assert error.message == (
        "ghcr.io/org/app: PUT https://ghcr.io/v2/org/app/blobs/uploads/1?_state=REDACTED&digest=sha256:0: "
        "403 Forbidden: DENIED: permission_denied: write_package"
    )
    assert KNOWN.credentials in error.hint
    assert (error.status, set(error.words)) == (403, {"DENIED"})


def test_who_is_not_known_is_asked_to_log_in_before_anything_is_denied() -> None:
    for status, word in ((401, "DENIED"), (403, "DENIED"), (403, "")):
        error = _answer(status, word, caller=UNKNOWN)
        assert error.code is Code.REGISTRY_UNAUTHORIZED
        assert "no credentials were found (/root/.docker/config.json)" in error.hint


def test_a_token_that_does_not_reach_is_denied_only_to_who_is_known() -> None:
    assert _answer(401, "UNAUTHORIZED", refused_scope=True).code is Code.REGISTRY_DENIED
    unknown = _answer(401, "UNAUTHORIZED", refused_scope=True, caller=UNKNOWN)
    assert unknown.code is Code.REGISTRY_UNAUTHORIZED


@pytest.mark.parametrize(
    ("status", "word", "message"),
    [
        (400, "TAG_INVALID", "The image tag 'v1' already exists and the tag is immutable."),
        (412, "PRECONDITION", "Failed to process request due to 'app:v1' configured as immutable."),
        (409, "DENIED", "Tag is IMMUTABLE"),
    ],
)
def test_a_tag_that_may_not_move_is_said_in_many_ways(status: int, word: str, message: str) -> None:
    assert _answer(status, word, message).code is Code.TAG_EXISTS


def test_secrets_in_an_answer_are_taken_out() -> None:
    register_secret("hunter2-hunter2")
    error = _answer(401, "UNAUTHORIZED", "no hunter2-hunter2 here, nor Bearer abcdefgh12345678")
    assert "hunter2" not in error.message
    assert "abcdefgh" not in error.message


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"retry-after": "17"}, 17.0),
        ({"retry-after": "0"}, 0.0),
        (
            {
                "retry-after": "Tue, 24 Nov 2026 06:26:40 GMT",
                "date": "Tue, 24 Nov 2026 06:26:00 GMT",
            },
            40.0,
        ),
        (
            {
                "retry-after": "Tue, 24 Nov 2026 06:25:00 GMT",
                "date": "Tue, 24 Nov 2026 06:26:00 GMT",
            },
            0.0,
        ),
        ({"retry-after": "Tue, 24 Nov 2026 06:26:40 GMT"}, None),
        ({"retry-after": "soon", "date": "Tue, 24 Nov 2026 06:26:00 GMT"}, None),
        ({"retry-after": "-5"}, None),
        ({"retry-after": "\u0665"}, None),
        ({}, None),
    ],
)
def test_retry_after_is_read_in_both_forms(headers: dict[str, str], expected: float | None) -> None:
    assert retry_after(headers) == expected


def test_retry_after_reaches_who_retries_and_who_reads() -> None:
    assert "429 Too Many Requests, asks to wait 30 s" in str(
        _answer(429, headers={"Retry-After": "30"})
    )
    assert _answer(429, headers={"Retry-After": "30"}).retry_after == 30


def _caused(error: httpx.HTTPError, cause: Exception) -> httpx.HTTPError:
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "code", "retryable"),
    [
        (httpx.ConnectError("Name or service not known"), Code.NETWORK_UNREACHABLE, True),
        (httpx.ConnectTimeout("x"), Code.NETWORK_UNREACHABLE, True),
        (httpx.ProxyError("407 Proxy Authentication Required"), Code.NETWORK_UNREACHABLE, False),
        (httpx.ProxyError("403 Forbidden"), Code.NETWORK_UNREACHABLE, False),
        (httpx.ProxyError("429 Too Many Requests"), Code.NETWORK_UNREACHABLE, True),
        (httpx.ProxyError("503 Service Unavailable"), Code.NETWORK_UNREACHABLE, True),
        (httpx.ReadTimeout("x"), Code.SERVICE_OUTAGE, True),
        (httpx.WriteError("Connection reset by peer"), Code.SERVICE_OUTAGE, True),
        (httpx.RemoteProtocolError("Server disconnected"), Code.SERVICE_OUTAGE, True),
        (
            _caused(httpx.ConnectError("x"), ssl.SSLCertVerificationError("self-signed")),
            Code.TLS_UNTRUSTED,
            False,
        ),
        (
            _caused(httpx.ConnectError("x"), ssl.SSLError("WRONG_VERSION_NUMBER")),
            Code.TLS_UNTRUSTED,
            False,
        ),
        (httpx.LocalProtocolError("Illegal header value b'Bearer x'"), Code.CONFIG_INVALID, False),
        (httpx.UnsupportedProtocol("ftp"), Code.CONFIG_INVALID, False),
    ],
)
def test_each_way_to_get_no_answer_has_its_code(
    error: httpx.HTTPError, code: Code, retryable: bool
) -> None:
    found = transport_error(error, KNOWN, "GET https://ghcr.io/v2/")
    assert (found.code, found.retryable) == (code, retryable)
    assert "GET https://ghcr.io/v2/" in found.message
    assert "Bearer" not in found.message
