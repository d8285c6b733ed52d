"""Blobs from a repository: as a stream, verified, and taken up again where a connection broke."""

import contextlib
import re
from collections.abc import Iterator
from dataclasses import replace

import httpx

from shipseal.errors import Code, ImageError, RegistryError
from shipseal.oci import Descriptor
from shipseal.oci.digest import verified
from shipseal.registry.patience import Patience
from shipseal.registry.scopes import repository_scope
from shipseal.registry.session import Request, Session

_CONTENT_RANGE = re.compile(r"bytes (\d+)-")
_WHOLE, _PART, _NO_PART = 200, 206, 416


def has_blob(session: Session, blob: Descriptor, *, scopes: tuple[str, ...] = ()) -> bool:
    """Return whether the blob is there; a size that the registry tells must be the promised one.

    Args:
        session: the repository.
        blob: what is looked for.
        scopes: what the token is wanted for; default to pull.

    Raises:
        RegistryError: the registry does not answer, or refuses.
    """
    answer = session.call(
        Request(
            "HEAD",
            session.url("blobs", blob.digest),
            scopes or (repository_scope(session.repository, "pull"),),
            frozenset({200, 404}),
        )
    )
    return answer.status == 200 and answer.headers.get("content-length") in (None, str(blob.size))


def open_blob(session: Session, blob: Descriptor, *, offset: int = 0) -> Iterator[bytes]:
    """Return the blob in chunks from ``offset`` on; digest and size are verified at the end when that is zero.

    Raises:
        ImageError: ``image.digest-mismatch``.
        RegistryError: ``image.not-found``, and what :meth:`Session.stream` raises when going on is of no use.
    """
    chunks = _resumed(session, blob, offset)
    if offset:
        return chunks
    what = f"{session.target}, blob {blob.digest}"
    return verified(chunks, blob.digest, blob.size, what=what)


def _resumed(session: Session, blob: Descriptor, offset: int) -> Iterator[bytes]:
    patience = Patience(session.policy, session.clock)
    position = offset
    while True:
        try:
            for chunk in _from(session, blob, position):
                patience.moved()
                position += len(chunk)
                yield chunk
        except RegistryError as error:
            if not error.retryable:
                raise
            if position == blob.size:
                return  # only the end of the answer was lost
            patience.after(error, position)
        else:
            # From zero on, the digest is what is believed; a part has only its length.
            if offset and position != blob.size:
                raise _wrong_length(session, blob, position)
            return


def _from(session: Session, blob: Descriptor, position: int) -> Iterator[bytes]:
    with _answer(session, blob, position) as response:
        skip = position - _start(session, blob, response)
        if skip < 0:
            raise _wrong_range(session, blob, response)
        for chunk in response.iter_raw():
            if skip >= len(chunk):
                skip -= len(chunk)
                continue
            yield chunk[skip:] if skip else chunk
            skip = 0


@contextlib.contextmanager
def _answer(session: Session, blob: Descriptor, position: int) -> Iterator[httpx.Response]:
    """Give the answer for ``position`` on; one from the beginning where the registry gives no part."""
    # The end is named because go-containerregistry's server knows no open range.
    headers = {"Range": f"bytes={position}-{max(position, blob.size - 1)}"} if position else {}
    request = Request(
        "GET",
        session.url("blobs", blob.digest),
        (repository_scope(session.repository, "pull"),),
        frozenset({_WHOLE, _PART, _NO_PART} if position else {_WHOLE}),
        headers,
        whole=False,
    )
    with session.stream(request) as response:
        if response.status_code != _NO_PART:
            yield response
            return
    with session.stream(replace(request, headers={}, expect=frozenset({_WHOLE}))) as response:
        yield response


def _start(session: Session, blob: Descriptor, response: httpx.Response) -> int:
    """Return the position of the first byte of an answer: zero when the range was not heeded."""
    if response.status_code == _WHOLE:
        return 0
    match = _CONTENT_RANGE.match(response.headers.get("content-range", ""))
    if match is None:
        raise _wrong_range(session, blob, response)
    return int(match[1])


def _wrong_range(session: Session, blob: Descriptor, response: httpx.Response) -> RegistryError:
    return RegistryError(
        Code.SERVICE_OUTAGE,
        f"{session.target}, blob {blob.digest}: asked for {response.request.headers.get('range')}, "
        f"got {response.headers.get('content-range') or 'no range'}",
        hint="the registry, or its storage, answers range requests wrongly",
        context={"target": session.target, "digest": blob.digest},
    )


def _wrong_length(session: Session, blob: Descriptor, position: int) -> ImageError:
    return ImageError(
        Code.DIGEST_MISMATCH,
        f"{session.target}, blob {blob.digest}: expected {blob.size} bytes, got {position}",
        hint="the content was cut short or changed on its way: fetch it again; do not release it",
        context={"target": session.target, "digest": blob.digest},
    )
