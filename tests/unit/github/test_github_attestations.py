"""The attestations API against a server: what is stored is listed, and every refusal has its meaning."""

import base64
import json
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from shipseal._internal.retry import RetryPolicy
from shipseal.errors import AttestError, Code, ShipsealError
from shipseal.github import refusals
from shipseal.github.attestations import GitHubAttestations
from shipseal.github.hosts import GitHubHost, Repository
from shipseal.github.rest import GitHubRest, Times
from shipseal.oci import Digest, digest_of
from shipseal.testing.github_server import GitHubServer, Refusal
from shipseal.testing.http_server import Exchange, HttpServer
from tests.support.clocks import StoppedClock

SUBJECT = digest_of(b"the image")
TOKEN = "token-of-a-test"


def bundle(number: int = 0, *subjects: Digest) -> bytes:
    digests = [{"name": "app", "digest": {"sha256": one[7:]}} for one in subjects or (SUBJECT,)]
    statement = {"subject": digests, "predicateType": f"https://example.test/{number}"}
    payload = base64.b64encode(json.dumps(statement).encode()).decode()
    return json.dumps({"mediaType": "x", "dsseEnvelope": {"payload": payload}}).encode()


@pytest.fixture
def server() -> Iterator[GitHubServer]:
    with GitHubServer(repositories=["org/app"], private=["org/secret"], tokens=[TOKEN]) as github:
        yield github


@pytest.fixture
def clock() -> StoppedClock:
    return StoppedClock(datetime(2026, 5, 1, 12, 0, tzinfo=UTC))


class Opened:
    """Opens the attestations of a repository, and closes them."""

    def __init__(self, server: GitHubServer, clock: StoppedClock) -> None:
        self.server, self.clock = server, clock
        self.opened: list[GitHubAttestations] = []

    def __call__(
        self,
        repository: str = "org/app",
        *,
        token: str = TOKEN,
        fork: bool = False,
        times: Times | None = None,
        api: str = "",
    ) -> GitHubAttestations:
        host = GitHubHost("github.com", api or self.server.url, "https://github.com", token)
        rest = GitHubRest(host, self.clock, RetryPolicy(tries=3), times=times, fork=fork)
        found = GitHubAttestations(rest, Repository(*repository.split("/")))
        self.opened.append(found)
        return found


@pytest.fixture
def attestations(server: GitHubServer, clock: StoppedClock) -> Iterator[Opened]:
    opened = Opened(server, clock)
    yield opened
    for one in opened.opened:
        one.close()


def refused(api: GitHubAttestations, code: Code, match: str) -> AttestError:
    with pytest.raises(AttestError, match=match) as caught:
        api.create(bundle())
    assert caught.value.code is code
    assert TOKEN not in str(caught.value.to_json())
    return caught.value


def test_what_is_stored_is_listed_for_each_subject_byte_for_byte(attestations: Opened) -> None:
    other = digest_of(b"other")
    raw = bundle(1, SUBJECT, other)
    api = attestations()
    assert api.create(raw) == "https://github.com/org/app/attestations/1"
    assert [one.raw for one in api.find(SUBJECT)] == [raw]
    assert [one.raw for one in api.find(other)] == [raw]
    assert attestations.server.attestations[0].bundle == raw
    assert api.name == "github:org/app"


def test_all_pages_are_read(attestations: Opened, server: GitHubServer) -> None:
    server.quirks.page_size = 2
    api = attestations()
    for number in range(5):
        api.create(bundle(number))
    assert [one.raw for one in api.find(SUBJECT)] == [bundle(number) for number in range(5)]
    assert server.count("GET") == 3


@pytest.mark.parametrize("inline", [True, False])
def test_a_list_with_addresses_is_read(
    attestations: Opened, server: GitHubServer, *, inline: bool
) -> None:
    server.quirks.inline, server.quirks.urls = inline, True
    api = attestations()
    api.create(bundle())
    server.seen.clear()
    assert [one.raw for one in api.find(SUBJECT)] == [bundle()]
    # The token goes to the API, and to nobody else.
    assert server.seen == [f"Bearer {TOKEN}"] + ([] if inline else [""])


@pytest.mark.parametrize(
    ("block", "match"),
    [(b"\x05", "is no Snappy block"), (b"\xff\xff\xff\xff\x0f", "more than 134217728 bytes")],
)
def test_a_damaged_bundle_is_kept_with_its_problem(
    attestations: Opened, server: GitHubServer, block: bytes, match: str
) -> None:
    server.quirks.inline, server.quirks.urls = False, True
    server.quirks.compress = lambda data: block
    api = attestations()
    api.create(bundle())
    [found] = api.find(SUBJECT)
    assert match in found.problem
    assert "secret-signature" not in found.problem
    assert not found.raw


def test_an_entry_with_nothing_is_kept_with_its_problem(
    attestations: Opened, server: GitHubServer
) -> None:
    server.quirks.inline = False
    api = attestations()
    api.create(bundle())
    [found] = api.find(SUBJECT)
    assert "neither a bundle nor an address" in found.problem


@pytest.mark.parametrize("nothing", [200, 404, 422])
def test_nothing_there_is_an_empty_list(
    attestations: Opened, server: GitHubServer, nothing: int
) -> None:
    server.quirks.nothing = nothing
    assert attestations().find(SUBJECT) == ()


def test_a_public_repository_is_read_by_nobody(attestations: Opened) -> None:
    attestations().create(bundle())
    attestations.server.seen.clear()
    assert len(attestations(token="").find(SUBJECT)) == 1
    assert attestations.server.seen == [""]


@pytest.mark.parametrize(("repository", "token"), [("org/secret", ""), ("org/nothing", TOKEN)])
def test_may_not_look_is_not_nothing_there(
    attestations: Opened, repository: str, token: str
) -> None:
    with pytest.raises(AttestError, match="404 Not Found") as caught:
        attestations(repository, token=token).find(SUBJECT)
    assert caught.value.code is Code.ATTESTATIONS_PERMISSION


def test_who_may_not_write_is_told_what_to_give(attestations: Opened) -> None:
    error = refused(
        attestations(token="another"), Code.ATTESTATIONS_PERMISSION, "403 Forbidden: Resource not"
    )
    assert "attestations: write" in error.hint
    refused(attestations(token=""), Code.ATTESTATIONS_PERMISSION, "401 Unauthorized: Requires")


def test_a_fork_may_not_write_and_that_is_expected(attestations: Opened) -> None:
    error = refused(attestations(token="another", fork=True), Code.FORK_NO_PERMISSIONS, "403")
    assert error.exit == 0


@pytest.mark.parametrize("body", [b'{"message": "\xff"}', b'{"errors": ' + b"[" * 5000, b"\xff"])
def test_a_refusal_that_nobody_can_read_is_one_all_the_same(body: bytes) -> None:
    error = refusals.refused(503, {}, body, "GET x", now=datetime(2026, 5, 1, tzinfo=UTC))
    assert (error.code, error.retryable) == (Code.SERVICE_OUTAGE, True)


@pytest.mark.parametrize(
    ("refusal", "code", "retryable"),
    [
        (Refusal(409, "exists"), Code.ATTEST_CONFLICT, False),
        (Refusal(422, "Attestation already exists"), Code.ATTEST_CONFLICT, False),
        (Refusal(422, "Invalid bundle"), Code.ATTEST_INVALID, False),
        (Refusal(413, "too large"), Code.SBOM_TOO_LARGE, False),
        (Refusal(404, "Not Found"), Code.ATTESTATIONS_PERMISSION, False),
        (Refusal(429, "slow down"), Code.RATE_LIMITED, True),
        (Refusal(403, "You have exceeded a secondary rate limit"), Code.RATE_LIMITED, True),
        (Refusal(403, "x", {"x-ratelimit-remaining": "0"}), Code.RATE_LIMITED, True),
        (Refusal(403, "x", {"Retry-After": "7"}), Code.RATE_LIMITED, True),
        (Refusal(407, "login"), Code.NETWORK_UNREACHABLE, False),
        (Refusal(500), Code.SERVICE_OUTAGE, True),
        (Refusal(503), Code.SERVICE_OUTAGE, True),
        (Refusal(drops=True), Code.SERVICE_OUTAGE, True),
    ],
)  # fmt: skip
def test_a_refusal_has_a_code_and_is_not_sent_again(
    attestations: Opened, server: GitHubServer, refusal: Refusal, code: Code, *, retryable: bool
) -> None:
    server.quirks.refuse = [refusal]
    error = refused(attestations(), code, "GitHub: POST http")
    assert error.retryable is retryable
    assert server.count("POST") == 1


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "7"}, 7.0),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1777636830"}, 30.0),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1"}, 1.0),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "soon"}, None),
        ({}, None),
    ],
)
def test_how_long_to_wait_is_read(
    attestations: Opened, server: GitHubServer, headers: dict[str, str], seconds: float | None
) -> None:
    server.quirks.refuse = [Refusal(403, "API rate limit exceeded", headers)]
    assert refused(attestations(), Code.RATE_LIMITED, "rate limit").retry_after == seconds


def test_reading_is_tried_again(
    attestations: Opened, server: GitHubServer, clock: StoppedClock
) -> None:
    api = attestations()
    api.create(bundle())
    server.quirks.refuse = [Refusal(502), Refusal(429, "wait", {"Retry-After": "3"})]
    assert len(api.find(SUBJECT)) == 1
    server.quirks.refuse = [Refusal(500)] * 3
    with pytest.raises(AttestError, match="500 Internal Server Error") as caught:
        api.find(SUBJECT)
    assert caught.value.code is Code.SERVICE_OUTAGE


def test_an_outage_names_the_page_that_says_whether_others_have_it(
    attestations: Opened, server: GitHubServer
) -> None:
    server.quirks.refuse = [Refusal(503, "Unicorn!")] * 9
    told = refused(attestations(), Code.SERVICE_OUTAGE, "Unicorn!")
    assert "https://www.githubstatus.com" in told.hint


def test_a_server_that_says_nothing_is_an_outage(
    attestations: Opened, server: GitHubServer
) -> None:
    server.quirks.delay = 0.3
    refused(attestations(times=Times(silence=0.05)), Code.SERVICE_OUTAGE, "timed out")


def test_nobody_there_is_the_network(attestations: Opened) -> None:
    with HttpServer(lambda exchange: exchange.reply(200)) as gone:
        api = gone.url
    refused(attestations(api=api), Code.NETWORK_UNREACHABLE, "refused")


@pytest.mark.parametrize(
    ("status", "body", "headers", "match"),
    [
        (200, b"<html>", {}, "its answer cannot be used"),
        (200, b'{"attestations": 1}', {}, "its answer cannot be used"),
        (200, b'{"attestations": []}', {"Link": '<http://127.0.0.1:1/>; rel="next"'}, "lead elsewhere"),
        (200, b'{"attestations": []}', {"Link": '<>; rel="next"'}, None),
        (302, b"", {"Location": "http://example.test/"}, "sends us where nobody should go"),
        (302, b"", {"Location": "file:///etc/passwd"}, "sends us where nobody should go"),
        (302, b"", {"Location": "/again"}, "more than 5 redirects"),
    ],
)  # fmt: skip
def test_answers_that_lead_nowhere(
    attestations: Opened, status: int, body: bytes, headers: dict[str, str], match: str | None
) -> None:
    with HttpServer(lambda exchange: exchange.reply(status, body, headers)) as other:
        api = attestations(api=other.url)
        if match is None:
            assert api.find(SUBJECT) == ()
            return
        with pytest.raises(AttestError, match=match) as caught:
            api.find(SUBJECT)
    assert caught.value.code is Code.SERVICE_OUTAGE


def test_pages_in_a_circle_end(attestations: Opened) -> None:
    with (
        HttpServer(
            lambda exchange: exchange.reply(
                200, b'{"attestations": []}', {"Link": f'<{exchange.target}>; rel="next"'}
            )
        ) as other,
        pytest.raises(AttestError, match="have no end"),
    ):
        attestations(api=other.url).find(SUBJECT)


def test_a_redirect_to_another_host_does_not_get_the_token(attestations: Opened) -> None:
    heard: list[str] = []

    def elsewhere(exchange: Exchange) -> None:
        heard.append(exchange.headers.get("Authorization") or "")
        exchange.reply(200, b'{"attestations": []}')

    with (
        HttpServer(elsewhere) as other,
        HttpServer(
            lambda exchange: exchange.reply(302, b"", {"Location": f"{other.url}/x"})
        ) as first,
    ):
        assert attestations(api=first.url).find(SUBJECT) == ()
    assert heard == [""]


def test_a_bundle_is_never_sent_on_to_another_host(attestations: Opened) -> None:
    with (
        HttpServer(lambda exchange: exchange.reply(201, b'{"id": 1}')) as other,
        HttpServer(
            lambda exchange: exchange.reply(307, b"", {"Location": f"{other.url}/x"})
        ) as first,
    ):
        refused(attestations(api=first.url), Code.SERVICE_OUTAGE, "where nobody should go")


def test_an_address_that_is_not_safe_is_not_fetched(attestations: Opened) -> None:
    body = b'{"attestations": [{"bundle": null, "bundle_url": "http://example.test/x?sig=hidden"}]}'
    with HttpServer(lambda exchange: exchange.reply(200, body)) as other:
        [found] = attestations(api=other.url).find(SUBJECT)
    assert "no address that a bundle is fetched from" in found.problem
    assert "hidden" not in found.problem


def test_a_bundle_whose_address_is_gone_is_an_error(
    attestations: Opened, server: GitHubServer
) -> None:
    attestations().create(bundle())
    listed = json.dumps({"attestations": [{"bundle_url": f"{server.url}/nothing"}]}).encode()
    with HttpServer(lambda exchange: exchange.reply(200, listed)) as other:
        api = attestations(api=other.url)
        with pytest.raises(ShipsealError, match="404"):
            api.find(SUBJECT)


@pytest.mark.parametrize(
    ("api", "url", "may"),
    [
        ("https://api.github.com", "https://blobs.example.org/b", True),
        ("https://api.github.com", "https://127.0.0.1:8443/admin", False),
        ("https://api.github.com", "http://localhost:8080/admin", False),
        ("https://api.github.com", "http://[::1]/admin", False),
        ("https://api.github.com", "file:///etc/passwd", False),
        ("https://api.github.com", "http://blobs.example.org/b", False),
        ("https://api.github.com", "https://user:pass@blobs.example.org/b", False),
        ("http://127.0.0.1:80", "http://127.0.0.1:81/b", True),
        ("http://127.0.0.1:80", "http://blobs.example.org/b", False),
    ],
)
def test_an_answer_leads_to_this_machine_only_from_this_machine(
    clock: StoppedClock, api: str, url: str, *, may: bool
) -> None:
    rest = GitHubRest(GitHubHost("x", api, api), clock)
    assert rest.may_ask(url) is may
