"""Bodies of answers, with a limit on each."""

from collections.abc import Mapping
from dataclasses import dataclass

import httpx

from shipseal._internal.limits import ERROR_BODY, Limit
from shipseal.errors import Code, RegistryError
from shipseal.registry.errors import Caller, described, transport_error


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer that was read whole.

    Attributes:
        status: the HTTP status.
        headers: names in any case.
        body: empty when there was none.
        url: what was asked; after redirects, the last one.
        links: all ``Link`` headers.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str
    links: tuple[str, ...]


def read_answer(response: httpx.Response, limit: Limit, caller: Caller) -> bytes:
    """Return the whole body.

    Raises:
        RegistryError: the connection broke, or the body is longer than ``limit``.
    """
    body = _read(response, limit.size + 1, caller)
    if len(body) > limit.size:
        raise RegistryError(
            Code.FORMAT_UNSUPPORTED,
            f"{caller.target}: {_request(response)}: more than {limit.size} bytes, "
            f"the limit for a {limit.name}",
            hint=f"the limit stands because {limit.reason}",
            context={"target": caller.target},
        )
    return body


def read_beginning(response: httpx.Response) -> bytes:
    """Return the beginning of the body of an error; what cannot be read adds nothing to it."""
    try:
        return _read(response, ERROR_BODY.size, Caller(""))
    except RegistryError:
        return b""


def _read(response: httpx.Response, most: int, caller: Caller) -> bytes:
    parts: list[bytes] = []
    size = 0
    try:
        for chunk in response.iter_raw():
            parts.append(chunk)
            size += len(chunk)
            if size >= most:
                break
    except httpx.HTTPError as error:
        raise transport_error(error, caller, _request(response)) from error
    return b"".join(parts)[:most]


def _request(response: httpx.Response) -> str:
    return described(response.request.method, str(response.request.url))
