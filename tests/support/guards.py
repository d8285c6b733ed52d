"""What asks for credentials in front of a simulated registry."""

import base64
import json
import time

from shipseal.testing.http_server import Exchange
from shipseal.testing.registry_simulator import RegistrySimulator
from shipseal.testing.token_server import TokenServer

_ACTIONS = {"GET": "pull", "HEAD": "pull", "DELETE": "delete"}
_UNAUTHORIZED = b'{"errors":[{"code":"UNAUTHORIZED","message":"authentication required"}]}'


def demand_tokens(registry: RegistrySimulator, tokens: TokenServer) -> list[str]:
    """Let ``registry`` ask for tokens of ``tokens``; returns the list that each ``Authorization`` is added to."""
    seen: list[str] = []

    def guard(exchange: Exchange) -> bool:
        header = exchange.headers.get("Authorization") or ""
        seen.append(header)
        repository = exchange.path.removeprefix("/v2/").split("/blobs/")[0].split("/manifests/")[0]
        repository = repository.split("/tags/")[0].split("/referrers/")[0]
        action = _ACTIONS.get(exchange.method, "push")
        problem = _problem(header, repository, action)
        if problem is None:
            return False
        challenge = (
            f'Bearer realm="{tokens.realm}",service="{tokens.service}",'
            f'scope="repository:{repository}:{action}"{problem}'
        )
        exchange.reply(401, _UNAUTHORIZED, {"WWW-Authenticate": challenge})
        return True

    registry.before = guard
    return seen


def demand_basic(registry: RegistrySimulator, user: str, password: str) -> None:
    """Let ``registry`` ask for one name and password."""
    expected = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()

    def guard(exchange: Exchange) -> bool:
        if exchange.headers.get("Authorization") == expected:
            return False
        exchange.reply(401, _UNAUTHORIZED, {"WWW-Authenticate": 'Basic realm="test"'})
        return True

    registry.before = guard


def record_authorization(registry: RegistrySimulator) -> list[str]:
    """Return a list that the ``Authorization`` of each request is added to; empty text for none."""
    seen: list[str] = []
    inner = registry.before

    def note(exchange: Exchange) -> bool:
        seen.append(exchange.headers.get("Authorization") or "")
        return inner(exchange)

    registry.before = note
    return seen


def _problem(header: str, repository: str, action: str) -> str | None:
    """Return what a challenge adds to say what is wrong; None when nothing is."""
    if not header.startswith("Bearer "):
        return ""
    part = header.split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    if claims["exp"] < time.time():
        return ',error="invalid_token"'
    for access in claims["access"]:
        if access["name"] == repository and action in access["actions"]:
            return None
    return ',error="insufficient_scope"'
