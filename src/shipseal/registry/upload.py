"""Blobs to a repository: looked for, mounted, or sent in one request; after a break, only what is missing.

The hot path is one ``PUT`` that streams what the blob's opener yields, in constant memory and without a copy. It does
not hash: an opener of a layout verifies what it reads, and the registry verifies what it takes against the digest in
the request. Distribution 3 keeps what had arrived before a break, and tells how much; where a registry does not
(Debian's 2.8, go-containerregistry), the blob is sent from its beginning again.
"""

import re
from collections.abc import Iterator
from urllib.parse import quote

from shipseal.errors import Code, ImageError, RegistryError
from shipseal.registry.answers import Answer
from shipseal.registry.download import has_blob
from shipseal.registry.errors import AnswerError
from shipseal.registry.interface import BlobUpload, Uploaded
from shipseal.registry.patience import Patience
from shipseal.registry.scopes import repository_scope
from shipseal.registry.session import Request, Session
from shipseal.registry.transport import Body

_RANGE = re.compile(r"(?:bytes=)?0-(\d+)")
_DATA = {"Content-Type": "application/octet-stream"}
_BAD_DIGEST = "DIGEST_INVALID"
# What a registry says when it and we no longer agree on where an upload is.
_LOST_WORDS = frozenset({"BLOB_UPLOAD_UNKNOWN", "BLOB_UPLOAD_INVALID", "RANGE_INVALID"})
_LOST_STATUSES = frozenset({404, 416})


def put_blob(session: Session, upload: BlobUpload) -> Uploaded:
    """Make sure that the blob is in the repository.

    Raises:
        ImageError: ``image.digest-mismatch``: the content is not what the digest promises.
        RegistryError: the registry refuses, or the transfer breaks too often.
    """
    scopes = push_scopes(session)
    if has_blob(session, upload.blob, scopes=scopes):
        return Uploaded.EXISTED
    location = _mount(session, upload) if upload.mount_from else ""
    if location is None:
        return Uploaded.MOUNTED
    sending = _Sending(session, upload, location or begin(session))
    try:
        sending.run()
    except ImageError:
        sending.abandon()
        raise
    return Uploaded.SENT


def push_scopes(session: Session) -> tuple[str, ...]:
    """Return what a token must allow for an upload."""
    return (repository_scope(session.repository, "pull", "push"),)


def begin(session: Session) -> str:
    """Begin an upload and return its address.

    Raises:
        RegistryError: pushing is not allowed, or the registry does not answer.
    """
    url = session.url("blobs", "uploads", "")
    answer = session.call(Request("POST", url, push_scopes(session), frozenset({202})))
    return _location(session, answer)


def cancel(session: Session, location: str) -> None:
    """Give an upload up; that it cannot be is no failure, the registry ends it after a time."""
    scopes = (repository_scope(session.repository, "pull", "push", "delete"),)
    try:
        session.call_once(Request("DELETE", location, scopes, frozenset({200, 202, 204})))
    except RegistryError:
        return


def _mount(session: Session, upload: BlobUpload) -> str | None:
    """Return None when the blob was mounted; else the address of the upload that was begun instead, if any."""
    location = ""
    for repository in upload.mount_from:
        if location:
            cancel(session, location)
        query = f"?mount={quote(upload.blob.digest)}&from={quote(repository, safe='')}"
        scopes = (*push_scopes(session), repository_scope(repository, "pull"))
        url = session.url("blobs", "uploads", query)
        try:
            answer = session.call(Request("POST", url, scopes, frozenset({201, 202})))
        except AnswerError:
            # The account may not read there: then the blob is sent.
            location = ""
            continue
        if answer.status == 201:
            return None
        location = _location(session, answer)
    return location


class _Sending:
    """One blob on its way."""

    def __init__(self, session: Session, upload: BlobUpload, location: str) -> None:
        self._session = session
        self._upload = upload
        self._blob = upload.blob
        self._location = location
        self._position = 0  # what the registry is known to have
        self._sent = 0  # what has been handed to the connection, for progress
        self._patience = Patience(session.policy, session.clock)

    def run(self) -> None:
        """Send until the registry has the blob."""
        while True:
            try:
                self._send()
            except AnswerError as error:
                if _BAD_DIGEST in error.words and not self._position:
                    raise self._mismatch(f"the registry refused it ({error.message})") from error
                if not (error.retryable or self._lost(error)):
                    raise
                self._wait(error)
            except RegistryError as error:
                if not error.retryable:
                    raise
                self._wait(error)
            else:
                return
            if self._recover():
                return

    def abandon(self) -> None:
        """Give the upload up."""
        # The address changes with every byte that arrived: distribution refuses an old one.
        kept = self._kept()
        cancel(self._session, kept[0] if kept else self._location)

    def _send(self) -> None:
        if not self._position:
            self._put(Body(self._blob.size, self._chunks))
            return
        if self._position < self._blob.size:
            self._patch()
        self._put(None)

    def _wait(self, error: RegistryError) -> None:
        """Wait before going on; give up with ``error``, unless the registry has the blob after all."""
        try:
            self._patience.after(error, self._position)
        except RegistryError:
            # A large blob may have been stored although its answer did not come in time.
            if not self._is_there():
                raise

    def _put(self, body: Body | None) -> None:
        joint = "&" if "?" in self._location else "?"
        url = f"{self._location}{joint}digest={quote(self._blob.digest)}"
        self._session.call_once(self._request("PUT", url, {201, 204}, body, _DATA if body else {}))

    def _patch(self) -> None:
        first, last = self._position, self._blob.size - 1
        body = Body(self._blob.size - first, self._chunks)
        headers = _DATA | {"Content-Range": f"{first}-{last}"}
        request = self._request("PATCH", self._location, {202}, body, headers)
        self._location = _location(self._session, self._session.call_once(request))
        self._position = self._blob.size

    def _request(
        self, method: str, url: str, expect: set[int], body: Body | None, headers: dict[str, str]
    ) -> Request:
        scopes = push_scopes(self._session)
        return Request(method, url, scopes, frozenset(expect), headers, body, slow=True)

    def _chunks(self) -> Iterator[bytes]:
        """Yield the content from the position on, and fail rather than send another length than was announced."""
        self._rewind(self._position)
        for chunk in self._upload.open(offset=self._position):
            self._sent += len(chunk)
            if self._sent > self._blob.size:
                raise self._mismatch(f"got {self._sent} bytes or more")
            self._upload.transfer.advance(len(chunk))
            yield chunk
            self._patience.moved()
        if self._sent != self._blob.size:
            raise self._mismatch(f"got {self._sent} bytes")

    def _rewind(self, position: int) -> None:
        if self._sent != position:
            self._upload.transfer.advance(position - self._sent)
            self._sent = position

    def _recover(self) -> bool:
        """Find out where the upload is after a break; return whether the blob is there already."""
        if self._is_there():
            # The registry had it all, only its answer was lost.
            self._rewind(self._blob.size)
            return True
        kept = self._kept()
        if kept:
            self._location, self._position = kept
        else:
            self._location, self._position = begin(self._session), 0
        return False

    def _is_there(self) -> bool:
        return has_blob(self._session, self._blob, scopes=push_scopes(self._session))

    def _kept(self) -> tuple[str, int] | None:
        """Return address and length of what the registry kept; None when it kept nothing, or will not tell."""
        request = self._request("GET", self._location, {204}, None, {})
        try:
            answer = self._session.call(request)
        except AnswerError:
            return None
        match = _RANGE.fullmatch(answer.headers.get("range", ""))
        # "0-0" is what registries say for nothing as well as for one byte.
        length = int(match[1]) + 1 if match else 1
        if length == 1 or length > self._blob.size:
            return None
        return _location(self._session, answer), length

    def _lost(self, error: AnswerError) -> bool:
        """Return whether the registry has lost track of an upload that goes on after a break."""
        lost = error.status in _LOST_STATUSES or bool(error.words & _LOST_WORDS)
        return lost or (_BAD_DIGEST in error.words and self._position > 0)

    def _mismatch(self, got: str) -> ImageError:
        return ImageError(
            Code.DIGEST_MISMATCH,
            f"{self._session.target}, blob {self._blob.digest}: expected {self._blob.size} bytes, {got}",
            hint="the content was cut short or changed: build or copy the image again; do not release it",
            context={"target": self._session.target, "digest": self._blob.digest},
        )


def _location(session: Session, answer: Answer) -> str:
    location = answer.headers.get("location", "")
    if not location:
        raise RegistryError(
            Code.SERVICE_OUTAGE,
            f"{session.target}: began an upload without saying where (no Location)",
            hint="the registry, or a proxy before it, does not follow the distribution specification",
            context={"target": session.target},
        )
    return session.resolve(answer.url, location)
