"""A token server as Docker Hub and GHCR have one, for tests against real registries with ``auth: token``.

It speaks the token protocol of the distribution project: ``GET`` with basic or no credentials, and OAuth2 ``POST`` with
a password or a refresh token. Its tokens are JSON Web Tokens signed with ES256, the signer's certificate in ``x5c``,
which distribution 2.8 and 3 accept when its authority is their ``rootcertbundle``.
"""

import base64
import binascii
import json
import secrets
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from urllib.parse import parse_qs

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from shipseal.testing.certificates import CertificateAuthority, KeyPair
from shipseal.testing.http_server import Exchange
from shipseal.testing.simulator import Simulator

PULL = frozenset({"pull"})
PUSH = frozenset({"pull", "push"})
ALL = frozenset({"pull", "push", "delete", "*"})


@dataclass(frozen=True, slots=True)
class Account:
    """Someone with a password.

    Attributes:
        password: as it is sent with basic authentication.
        access: actions for each repository; keys are shell patterns such as ``org/*``.
    """

    password: str
    access: Mapping[str, frozenset[str]] = field(default_factory=lambda: {"*": ALL})


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """A request that the server has seen.

    Attributes:
        method: ``GET`` or ``POST``.
        account: who asked; empty for anonymous, and for wrong credentials.
        grant: ``basic``, ``anonymous``, ``password`` or ``refresh_token``.
        scopes: as they were asked for.
        status: how it was answered.
    """

    method: str
    account: str
    grant: str
    scopes: tuple[str, ...]
    status: int


class TokenServer(Simulator):
    """Issues tokens until it is closed; a context manager.

    Args:
        folder: where the signer's files are written.
        accounts: name and account of everyone who may log in.
        anonymous: actions for each repository without credentials.
        tls: serve HTTPS with this context.
        service: audience of the tokens; the registry's ``service``.

    Attributes:
        lifetime: seconds that a token is valid; may be changed at any time. Registries add a leeway of a minute.
        stale: so many of the next tokens are issued expired by an hour, which a registry refuses.
        denies: answer 403 when nothing of a scope may be granted, as GHCR does; else grant less than was asked.
        oauth: whether ``POST`` is known; where it is not, the answer is 404.
        identity_tokens: refresh tokens and whom they belong to; the server adds those that it issues.
        requests: all requests so far.
        issuer: what the registry's ``issuer`` must be.
        root_bundle: file for the registry's ``rootcertbundle``.
    """

    def __init__(
        self,
        folder: Path,
        *,
        accounts: Mapping[str, Account] | None = None,
        anonymous: Mapping[str, frozenset[str]] | None = None,
        tls: ssl.SSLContext | None = None,
        service: str = "registry.example.org",
    ) -> None:
        super().__init__()
        authority = CertificateAuthority(folder, "shipseal test token authority")
        self.root_bundle = authority.certificate
        self.issuer = "shipseal-test-issuer"
        self.service = service
        self.lifetime = 300
        self.stale = 0
        self.denies = False
        self.oauth = True
        self.identity_tokens: dict[str, str] = {}
        self.requests: list[TokenRequest] = []
        self._signer = authority.issue("token-signer", "signer.example.org")
        self._accounts = dict(accounts or {})
        self._anonymous = dict(anonymous or {})
        url = self._serve(self._respond, tls=tls).url
        # By name, as real ones are: clients of the field refuse a realm that is a bare private address.
        self.realm = f"{url}/token".replace("127.0.0.1", "localhost")

    def _respond(self, exchange: Exchange) -> None:
        if exchange.path != "/token":
            exchange.reply(404, b"no such page")
        elif exchange.method == "GET":
            self._get(exchange)
        elif exchange.method == "POST" and self.oauth:
            self._post(exchange)
        else:
            exchange.reply(404, b"404 page not found")

    def _get(self, exchange: Exchange) -> None:
        scopes = tuple(exchange.query.get("scope", ()))
        header = exchange.headers.get("Authorization")
        if header is None:
            self._grant(exchange, "", "anonymous", scopes)
            return
        name, password = _basic(header)
        if not self._knows(name, password):
            self._refuse(exchange, "basic", scopes, {"details": "incorrect username or password"})
            return
        offline = exchange.query.get("offline_token") == ["true"]
        self._grant(exchange, name, "basic", scopes, refresh=self._new_refresh(name, offline))

    def _post(self, exchange: Exchange) -> None:
        # Some hundred bytes of form data, from a test.
        form = {key: values[0] for key, values in parse_qs(exchange.read().decode()).items()}
        scopes = tuple(form.get("scope", "").split())
        grant = form.get("grant_type", "")
        if grant == "refresh_token":
            name = self.identity_tokens.get(form.get("refresh_token", ""), "")
            refresh = form.get("refresh_token", "")
        else:
            name = form.get("username", "")
            name = name if self._knows(name, form.get("password", "")) else ""
            refresh = self._new_refresh(name, form.get("access_type") == "offline")
        if not name:
            self._refuse(
                exchange, grant, scopes, {"error": "invalid_grant", "error_description": "unknown"}
            )
            return
        self._grant(exchange, name, grant, scopes, refresh=refresh)

    def _knows(self, name: str, password: str) -> bool:
        account = self._accounts.get(name)
        return account is not None and secrets.compare_digest(
            account.password.encode(), password.encode()
        )

    def _new_refresh(self, name: str, wanted: bool) -> str:
        if not wanted:
            return ""
        token = secrets.token_urlsafe(24)
        self.identity_tokens[token] = name
        return token

    def _grant(
        self,
        exchange: Exchange,
        name: str,
        grant: str,
        scopes: tuple[str, ...],
        *,
        refresh: str = "",
    ) -> None:
        allowed = self._accounts[name].access if name else self._anonymous
        access = [_allowed(scope, allowed) for scope in scopes]
        if self.denies and any(not one["actions"] for one in access):
            body = {"errors": [{"code": "DENIED", "message": "requested access is denied"}]}
            self._answer(exchange, TokenRequest(exchange.method, name, grant, scopes, 403), body)
            return
        token = self._token(name, access)
        # Docker Hub says both names on GET; OAuth2 knows only one of them.
        names = ("token", "access_token") if exchange.method == "GET" else ("access_token",)
        answer: dict[str, object] = dict.fromkeys(names, token) | {"expires_in": self.lifetime}
        if refresh:
            answer["refresh_token"] = refresh
        self._answer(exchange, TokenRequest(exchange.method, name, grant, scopes, 200), answer)

    def _refuse(
        self, exchange: Exchange, grant: str, scopes: tuple[str, ...], body: Mapping[str, object]
    ) -> None:
        status = 401 if exchange.method == "GET" else 400
        self._answer(exchange, TokenRequest(exchange.method, "", grant, scopes, status), body)

    def _answer(self, exchange: Exchange, seen: TokenRequest, body: Mapping[str, object]) -> None:
        self.requests.append(seen)
        exchange.reply(seen.status, json.dumps(body).encode(), {"Content-Type": "application/json"})

    def _token(self, name: str, access: list[dict[str, object]]) -> str:
        now = int(time.time())
        if self.stale:
            self.stale -= 1
            now -= 3600 + self.lifetime
        claims = {
            "iss": self.issuer,
            "sub": name,
            "aud": self.service,
            "exp": now + self.lifetime,
            "nbf": now - 10,
            "iat": now,
            "jti": secrets.token_hex(8),
            "access": access,
        }
        return sign_token(claims, self._signer)


def sign_token(claims: Mapping[str, object], signer: KeyPair) -> str:
    """Return ``claims`` as a JSON Web Token, ES256, with the signer's certificate in ``x5c`` (RFC 7515, 4.1.6)."""
    der = signer.x509.public_bytes(serialization.Encoding.DER)
    header = {"typ": "JWT", "alg": "ES256", "x5c": [base64.b64encode(der).decode()]}
    signed = f"{_part(json.dumps(header).encode())}.{_part(json.dumps(claims).encode())}"
    r, s = decode_dss_signature(signer.private_key.sign(signed.encode(), ec.ECDSA(hashes.SHA256())))
    return f"{signed}.{_part(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"


def _part(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _basic(header: str) -> tuple[str, str]:
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        return "", ""
    try:
        name, _, password = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return name, password


def _allowed(scope: str, access: Mapping[str, frozenset[str]]) -> dict[str, object]:
    """Return the entry of a token's ``access`` that grants what may be granted of ``scope``."""
    kind, _, rest = scope.partition(":")
    name, _, actions = rest.rpartition(":")
    granted: frozenset[str] = frozenset()
    if kind == "repository":
        granted = granted.union(
            *(allowed for pattern, allowed in access.items() if fnmatchcase(name, pattern))
        )
    wanted = actions.split(",")
    return {"type": kind, "name": name, "actions": [one for one in wanted if one in granted]}
