"""How GitHub's API answers: what its simulators here have in common."""

import json
from collections.abc import Mapping
from types import MappingProxyType
from urllib.parse import unquote

from shipseal.testing.http_server import Exchange

JSON = {"Content-Type": "application/json; charset=utf-8"}
NO_HEADERS: Mapping[str, str] = MappingProxyType({})


def words_of(exchange: Exchange) -> list[str]:
    """Return the path's words, without the prefix that the API has on a server of one's own."""
    words = unquote(exchange.path).strip("/").split("/")
    return words[2:] if words[:2] == ["api", "v3"] else words


def answer(
    exchange: Exchange, status: int, value: object, headers: Mapping[str, str] = NO_HEADERS
) -> None:
    """Answer with a JSON value."""
    exchange.reply(status, json.dumps(value).encode(), {**JSON, **headers})


def not_found(exchange: Exchange) -> None:
    """Answer as for everything that is not there or that nobody here may see."""
    answer(exchange, 404, {"message": "Not Found"})
