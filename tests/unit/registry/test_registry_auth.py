"""Being known: basic, tokens, refresh, and what is said when it does not work."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from shipseal.errors import Code, RegistryError, ShipsealError
from shipseal.registry.credentials import Anonymous, Credentials, CredentialSource
from shipseal.registry.errors import Caller
from shipseal.registry.hosts import HostSettings
from shipseal.registry.tokens import TokenOrder, TokenServerClient
from shipseal.registry.transport import Transport
from shipseal.testing.credentials import FixedCredentials
from shipseal.testing.http_server import Exchange, HttpServer
from shipseal.testing.registry_simulator import RegistrySimulator
from shipseal.testing.token_server import PULL, PUSH, Account, TokenServer
from tests.support.guards import demand_basic, demand_tokens, record_authorization
from tests.support.simulated import Simulated, simulated, target_at
from tests.support.target_content import Content, staged

PASSWORD = "a:password:with:colons"


@pytest.fixture
def tokens(tmp_path: Path) -> Iterator[TokenServer]:
    accounts = {
        "ci": Account(PASSWORD),
        "reader": Account(PASSWORD, {"*": PULL}),
        "other": Account(PASSWORD, {"org/other": PUSH}),
        "pusher": Account(PASSWORD, {"*": PUSH}),
    }
    with TokenServer(tmp_path, accounts=accounts, anonymous={"org/public": PULL}) as server:
        yield server


@pytest.fixture
def registry() -> Iterator[RegistrySimulator]:
    with RegistrySimulator() as one:
        yield one


def _known(registry: RegistrySimulator, user: str, password: str = PASSWORD) -> FixedCredentials:
    return FixedCredentials({registry.host: Credentials("the test's file", user, password)})


def _identity(registry: RegistrySimulator, token: str) -> FixedCredentials:
    return FixedCredentials({registry.host: Credentials("the helper", identity_token=token)})


def test_nothing_is_sent_before_the_registry_asks(registry: RegistrySimulator) -> None:
    seen = record_authorization(registry)
    staged(simulated(registry, credentials=_known(registry, "ci")).target, "open")
    assert set(seen) == {""}


def test_basic_is_sent_when_it_is_asked_for(registry: RegistrySimulator) -> None:
    demand_basic(registry, "ci", PASSWORD)
    seen = record_authorization(registry)
    sim = simulated(registry, credentials=_known(registry, "ci"))
    staged(sim.target, "basic")
    assert seen.count("") == 1


@pytest.mark.parametrize("known", [True, False])
def test_basic_that_is_wrong_or_missing_is_told_from_each_other(
    registry: RegistrySimulator, known: bool
) -> None:
    demand_basic(registry, "ci", PASSWORD)
    source: CredentialSource = _known(registry, "ci", "not-the-password") if known else Anonymous()
    target = simulated(registry, credentials=source).target
    with pytest.raises(RegistryError, match="401 Unauthorized: UNAUTHORIZED") as caught:
        target.resolve("v1")
    assert caught.value.code is Code.REGISTRY_UNAUTHORIZED
    assert ("the test's file" if known else "no credentials were found") in caught.value.hint
    assert "not-the-password" not in f"{caught.value.message} {caught.value.hint}"


def test_one_token_serves_a_whole_push(registry: RegistrySimulator, tokens: TokenServer) -> None:
    demand_tokens(registry, tokens)
    sim = simulated(registry, credentials=_known(registry, "ci"))
    sim.target.put_tag("v1", staged(sim.target, "token"))
    assert [(one.account, one.scopes) for one in tokens.requests] == [
        ("ci", ("repository:org/app:pull,push",))
    ]


def test_many_threads_ask_for_one_token(registry: RegistrySimulator, tokens: TokenServer) -> None:
    demand_tokens(registry, tokens)
    sim = simulated(registry, credentials=_known(registry, "ci"))
    contents = [Content(f"blob {number}".encode()) for number in range(12)]
    with ThreadPoolExecutor(6) as threads:
        list(threads.map(lambda content: sim.target.put_blob(content.upload()), contents))
    assert len(tokens.requests) == 1


def test_a_token_is_replaced_before_it_expires(
    registry: RegistrySimulator, tokens: TokenServer
) -> None:
    seen = demand_tokens(registry, tokens)
    sim = simulated(registry, credentials=_known(registry, "ci"))
    sim.target.resolve("v1")
    sim.clock.elapsed += 289
    sim.target.resolve("v1")
    assert len(tokens.requests) == 1
    sim.clock.elapsed += 2
    seen.clear()
    sim.target.resolve("v1")
    assert len(tokens.requests) == 2
    assert seen[0] == ""


def test_a_token_without_a_lifetime_lives_for_a_minute(registry: RegistrySimulator) -> None:
    def issue(exchange: Exchange) -> None:
        exchange.reply(200, b'{"access_token": "opaque-token"}')

    def guard(exchange: Exchange) -> bool:
        if exchange.headers.get("Authorization") == "Bearer opaque-token":
            return False
        exchange.reply(401, b"", {"WWW-Authenticate": f'Bearer realm="{server.url}/t"'})
        return True

    with HttpServer(issue) as server:
        registry.before = guard
        sim = simulated(registry)
        seen = record_authorization(registry)
        sim.target.resolve("v1")
        sim.clock.elapsed += 49
        sim.target.resolve("v1")
        sim.clock.elapsed += 2
        sim.target.resolve("v1")
    assert seen == ["", *["Bearer opaque-token"] * 2, "", "Bearer opaque-token"]


def test_a_new_token_that_is_refused_is_not_asked_for_again_and_again(
    registry: RegistrySimulator, tokens: TokenServer
) -> None:
    tokens.stale = 1
    demand_tokens(registry, tokens)
    sim = simulated(registry, credentials=_known(registry, "ci"))
    with pytest.raises(RegistryError, match="authentication required") as caught:
        sim.target.list_tags()
    assert caught.value.code is Code.REGISTRY_UNAUTHORIZED
    assert len(tokens.requests) == 1
    assert sim.target.list_tags() == ()
    assert len(tokens.requests) == 2


def test_a_token_that_is_revoked_during_an_upload_is_replaced(
    registry: RegistrySimulator, tokens: TokenServer
) -> None:
    demand_tokens(registry, tokens)
    guard = registry.before
    refused: list[str] = []

    def revoke_at_put(exchange: Exchange) -> bool:
        header = exchange.headers.get("Authorization") or ""
        if exchange.method == "PUT" and not refused:
            refused.append(header)
        if header and header in refused:
            exchange.reply(
                401,
                b"",
                {"WWW-Authenticate": f'Bearer realm="{tokens.realm}",service="{tokens.service}"'},
            )
            return True
        return guard(exchange)

    registry.before = revoke_at_put
    sim = simulated(registry, credentials=_known(registry, "ci"))
    content = Content(b"x" * 3_000_000)
    sim.target.put_blob(content.upload())
    assert sim.stored.blobs == {content.descriptor.digest: content.data}
    assert len(tokens.requests) == 2


def test_an_anonymous_token_is_fetched_without_credentials(
    registry: RegistrySimulator, tokens: TokenServer
) -> None:
    demand_tokens(registry, tokens)
    public = target_at(registry.host)
    with pytest.raises(RegistryError, match="authentication required") as caught:
        public.resolve("v1")
    assert caught.value.code is Code.REGISTRY_UNAUTHORIZED
    assert "no credentials were found" in caught.value.hint
    assert {one.grant for one in tokens.requests} == {"anonymous"}


def test_who_is_known_and_may_not_is_denied(
    registry: RegistrySimulator, tokens: TokenServer
) -> None:
    demand_tokens(registry, tokens)
    target = simulated(registry, credentials=_known(registry, "reader")).target
    assert target.resolve("v1") is None
    with pytest.raises(RegistryError, match="POST") as caught:
        target.check_push()
    assert caught.value.code is Code.REGISTRY_DENIED
    assert "the test's file" in caught.value.hint


def test_a_token_server_that_denies_is_quoted(
    registry: RegistrySimulator, tokens: TokenServer
) -> None:
    tokens.denies = True
    demand_tokens(registry, tokens)
    target = simulated(registry, credentials=_known(registry, "other")).target
    with pytest.raises(RegistryError, match="403 Forbidden: DENIED: requested access") as caught:
        target.check_push()
    assert caught.value.code is Code.REGISTRY_DENIED
    assert "the test's file" in caught.value.hint
    assert caught.value.context["credentials"] == "the test's file"


def test_who_may_push_but_not_delete_can_push(
    registry: RegistrySimulator, tokens: TokenServer
) -> None:
    tokens.denies = True
    demand_tokens(registry, tokens)
    known = FixedCredentials({registry.host: Credentials("file", "pusher", PASSWORD)})
    sim = simulated(registry, credentials=known)
    sim.target.check_push()
    sim.target.put_tag("v1", staged(sim.target, "push only"))
    with pytest.raises(RegistryError, match=r"DELETE .* 401 Unauthorized") as caught:
        sim.target.delete_tag("v1")
    assert caught.value.code is Code.REGISTRY_DENIED


def test_a_wrong_password_is_told_with_its_source_and_not_shown(
    registry: RegistrySimulator, tokens: TokenServer
) -> None:
    demand_tokens(registry, tokens)
    target = simulated(registry, credentials=_known(registry, "ci", "wrong-password")).target
    with pytest.raises(RegistryError, match="incorrect username or password") as caught:
        target.check_push()
    assert caught.value.code is Code.REGISTRY_UNAUTHORIZED
    assert not caught.value.retryable
    assert "the test's file" in caught.value.hint
    assert "wrong-password" not in str(caught.value.to_json())


def test_an_identity_token_goes_by_oauth(registry: RegistrySimulator, tokens: TokenServer) -> None:
    tokens.identity_tokens["identity-secret"] = "ci"
    demand_tokens(registry, tokens)
    sim = simulated(registry, credentials=_identity(registry, "identity-secret"))
    staged(sim.target, "identity")
    assert {(one.method, one.grant, one.account) for one in tokens.requests} == {
        ("POST", "refresh_token", "ci")
    }


def test_an_identity_token_that_is_unknown_is_unauthorized(
    registry: RegistrySimulator, tokens: TokenServer
) -> None:
    demand_tokens(registry, tokens)
    target = simulated(registry, credentials=_identity(registry, "expired-identity")).target
    with pytest.raises(RegistryError, match="invalid_grant") as caught:
        target.check_push()
    assert caught.value.code is Code.REGISTRY_UNAUTHORIZED
    assert "the helper" in caught.value.hint


def test_without_oauth_an_identity_token_takes_the_place_of_the_password(
    registry: RegistrySimulator, tokens: TokenServer
) -> None:
    tokens.oauth = False
    demand_tokens(registry, tokens)
    known = Credentials("the helper", "ci", identity_token=PASSWORD)
    sim = simulated(registry, credentials=FixedCredentials({registry.host: known}))
    staged(sim.target, "no oauth")
    assert [(one.method, one.account) for one in tokens.requests] == [("GET", "ci")]


def test_a_registry_token_is_sent_as_it_is(registry: RegistrySimulator) -> None:
    def guard(exchange: Exchange) -> bool:
        if exchange.headers.get("Authorization") == "Bearer given-by-hand":
            return False
        exchange.reply(401, b"", {"WWW-Authenticate": "Bearer"})
        return True

    registry.before = guard
    known = Credentials("the file", registry_token="given-by-hand")
    target = simulated(registry, credentials=FixedCredentials({registry.host: known})).target
    assert target.resolve("v1") is None


def test_a_token_server_that_is_overloaded_is_waited_for(registry: RegistrySimulator) -> None:
    answers = [503, 429]

    def issue(exchange: Exchange) -> None:
        if answers:
            exchange.reply(answers.pop(0), b"", {"Retry-After": "3"})
        else:
            exchange.reply(200, b'{"token": "after-a-while"}')

    def guard(exchange: Exchange) -> bool:
        if exchange.headers.get("Authorization"):
            return False
        exchange.reply(401, b"", {"WWW-Authenticate": f'Bearer realm="{server.url}/t"'})
        return True

    with HttpServer(issue) as server:
        registry.before = guard
        sim = simulated(registry)
        assert sim.target.resolve("v1") is None
    assert sim.clock.slept == [3, 3]


@pytest.mark.parametrize(
    "body",
    [b"<html>log in</html>", b'{"token": "\xff"}', b'{"x": ' + b"[" * 5000, b"[]", b'{"token": 1}'],
)
def test_an_answer_without_a_token_is_an_outage(registry: RegistrySimulator, body: bytes) -> None:
    with HttpServer(lambda exchange: exchange.reply(200, body)) as server:

        def guard(exchange: Exchange) -> bool:
            exchange.reply(401, b"", {"WWW-Authenticate": f'Bearer realm="{server.url}/t"'})
            return True

        registry.before = guard
        with pytest.raises(RegistryError, match="holds no token") as caught:
            target_at(registry.host).resolve("v1")
    assert caught.value.code is Code.SERVICE_OUTAGE


def test_a_token_server_cannot_send_a_refresh_token_elsewhere(
    registry: RegistrySimulator,
) -> None:
    stolen: list[bytes] = []

    def steal(exchange: Exchange) -> None:
        stolen.append(exchange.read())
        exchange.reply(200, b'{"token": "x"}')

    with HttpServer(steal) as other:

        def redirect(exchange: Exchange) -> None:
            exchange.reply(307, b"", {"Location": f"{other.url}/token"})

        with HttpServer(redirect) as server:

            def guard(exchange: Exchange) -> bool:
                exchange.reply(401, b"", {"WWW-Authenticate": f'Bearer realm="{server.url}/t"'})
                return True

            registry.before = guard
            target = simulated(registry, credentials=_identity(registry, "identity-secret")).target
            with pytest.raises(RegistryError, match="307 Temporary Redirect"):
                target.list_tags()
    assert stolen == []


@pytest.mark.parametrize(
    ("registry_host", "secure", "realm", "problem"),
    [
        ("ghcr.io", True, "http://auth.example.org/token", "without TLS"),
        ("ghcr.io", True, "https://169.254.169.254/token", "an address of this machine"),
        ("ghcr.io", True, "https://127.0.0.1/token", "an address of this machine"),
        ("ghcr.io", True, "http://localhost:1/token", "an address of this machine"),
        ("ghcr.io", True, "file:///etc/passwd", "not an HTTP address"),
        ("ghcr.io", True, "", "not an HTTP address"),
        ("ghcr.io", True, "https://[bad", "not an HTTP address"),
        ("ghcr.io", True, "https://[::1", "not an HTTP address"),
        ("ghcr.io", True, "https://a.example.org:999999/t", "not an HTTP address"),
        ("ghcr.io", True, "https:///token", "not an HTTP address"),
    ],
)
def test_a_realm_that_is_not_to_be_trusted_gets_nothing(
    registry_host: str, secure: bool, realm: str, problem: str
) -> None:
    transport = Transport({}, HostSettings())
    client = TokenServerClient(registry_host, secure=secure, transport=transport)
    order = TokenOrder(realm, "s", (), Credentials("f", "u", "secret-word"), "", Caller("t"))
    with pytest.raises(RegistryError, match=problem) as caught:
        client.fetch(order)
    assert caught.value.code is Code.REGISTRY_UNAUTHORIZED


def test_the_address_of_a_token_server_may_have_a_query(registry: RegistrySimulator) -> None:
    asked: list[dict[str, list[str]]] = []

    def issue(exchange: Exchange) -> None:
        asked.append(exchange.query)
        exchange.reply(200, b'{"token": "from-a-query"}')

    def guard(exchange: Exchange) -> bool:
        if exchange.headers.get("Authorization"):
            return False
        realm = f'Bearer realm="{server.url}/t?tenant=a%26b",service="x y"'
        exchange.reply(401, b"", {"WWW-Authenticate": realm})
        return True

    with HttpServer(issue) as server:
        registry.before = guard
        assert target_at(registry.host).resolve("v1") is None
    scope = ["repository:org/app:pull"]
    assert asked == [{"tenant": ["a&b"], "service": ["x y"], "scope": scope}]


def test_further_scopes_of_a_registry_are_asked_for(
    registry: RegistrySimulator, tokens: TokenServer
) -> None:
    def guard(exchange: Exchange) -> bool:
        if exchange.headers.get("Authorization"):
            return False
        challenge = f'Bearer realm="{tokens.realm}",service="x",scope="aws"'
        exchange.reply(401, b"", {"WWW-Authenticate": challenge})
        return True

    registry.before = guard
    target = simulated(registry, credentials=_known(registry, "ci")).target
    assert target.resolve("v1") is None
    assert tokens.requests[0].scopes == ("aws", "repository:org/app:pull")


def test_bearer_is_taken_where_both_are_offered(
    registry: RegistrySimulator, tokens: TokenServer
) -> None:
    def guard(exchange: Exchange) -> bool:
        if (exchange.headers.get("Authorization") or "").startswith("Bearer"):
            return False
        both = f'Basic realm="b", Bearer realm="{tokens.realm}",service="x"'
        exchange.reply(401, b"", {"WWW-Authenticate": both})
        return True

    registry.before = guard
    target = simulated(registry, credentials=_known(registry, "ci")).target
    assert target.resolve("v1") is None


def test_credentials_that_cannot_be_read_stop_the_request(registry: RegistrySimulator) -> None:
    class Broken:
        def find(self, registry: str, repository: str) -> Credentials | None:
            raise ShipsealError(Code.CONFIG_INVALID, "config.json: broken")

        def places(self) -> str:
            return ""

    demand_basic(registry, "ci", PASSWORD)
    with pytest.raises(ShipsealError, match=r"config\.json: broken"):
        simulated(registry, credentials=Broken()).target.resolve("v1")


def test_an_unknown_scheme_is_a_plain_401(sim: Simulated) -> None:
    def guard(exchange: Exchange) -> bool:
        exchange.reply(401, b"", {"WWW-Authenticate": "Negotiate"})
        return True

    sim.registry.before = guard
    with pytest.raises(RegistryError, match="401 Unauthorized") as caught:
        sim.target.resolve("v1")
    assert caught.value.code is Code.REGISTRY_UNAUTHORIZED
    assert sim.registry.count("HEAD") == 1
