"""Manifests of a repository over HTTP, by digest and by tag."""

import re
from collections.abc import Callable

from shipseal._internal.limits import MANIFEST
from shipseal.errors import Code, ImageError, RegistryError, ShipsealError
from shipseal.oci import Descriptor, Digest, RawManifest
from shipseal.oci import media_types as mt
from shipseal.oci.digest import check_bytes, digest_of, parse_digest
from shipseal.registry.answers import Answer
from shipseal.registry.errors import AnswerError, described
from shipseal.registry.scopes import repository_scope
from shipseal.registry.session import Request, Session
from shipseal.registry.transport import Body
from shipseal.registry.words import read_words

_ACCEPT = {"Accept": ", ".join(sorted(mt.MANIFESTS))}
_SIZE = re.compile(r"\d+")
_STORED = frozenset({200, 201, 202})
_PAGES = frozenset({"text/html", "application/xhtml+xml"})
_MOST_SAID = 200
_NOT_THERE_YET = "MANIFEST_BLOB_UNKNOWN"
_PATIENCE = 3


def resolve(session: Session, reference: str) -> Descriptor | None:
    """Return what a tag or digest names now, or None.

    Raises:
        ImageError: ``image.digest-mismatch``: a digest was answered with something else.
        RegistryError: the registry refuses or does not answer.
    """
    answer = _head(session, reference)
    if answer is not None and answer.status == 404:
        return None
    found = _from_headers(answer) if answer is not None else None
    if found is None:
        answer = session.call(_read(session, "GET", reference, {200, 404}))
        if answer.status == 404:
            return None
        _refuse_page(session, answer)
        found = Descriptor(_media_type(answer), digest_of(answer.body), len(answer.body))
    return _checked(session, reference, found)


def read_manifest(session: Session, digest: Digest) -> RawManifest:
    """Return a manifest or index by digest, verified.

    Raises:
        ImageError: ``image.digest-mismatch``, ``image.format-unsupported``.
        RegistryError: ``image.not-found``; the registry refuses or does not answer.
    """
    return parsed(session, session.call(_read(session, "GET", digest, {200})), digest)


def parsed(session: Session, answer: Answer, digest: Digest | None) -> RawManifest:
    """Return the manifest in an answer, verified against ``digest`` if that is given.

    Raises:
        ImageError: ``image.digest-mismatch``, ``image.format-unsupported``.
        RegistryError: ``service.outage``: a web page.
    """
    _refuse_page(session, answer)
    if digest is not None:
        check_bytes(answer.body, digest, what=f"{session.target}, manifest {digest}")
    stated = _media_type(answer)
    return RawManifest.of(answer.body, stated if stated in mt.MANIFESTS else "")


def read_tag(session: Session, tag: str) -> Answer:
    """Return the raw answer to a read by tag; its status is 200 or 404.

    Raises:
        RegistryError: the registry refuses or does not answer.
    """
    return session.call(_read(session, "GET", tag, {200, 404}))


def write(
    session: Session,
    reference: str,
    manifest: RawManifest,
    *,
    if_match: str = "",
    once: bool = False,
) -> None:
    """Store a manifest under a digest or tag.

    Args:
        session: the repository.
        reference: digest or tag.
        manifest: what to store.
        if_match: the ``ETag`` that must still be valid there; empty for no condition.
        once: send it once only: a tag may have been moved by somebody else until it is sent again.

    Raises:
        ImageError: ``image.digest-mismatch``: the registry stored something else.
        RegistryError: the registry refuses or does not answer.
    """
    headers = {"Content-Type": manifest.media_type}
    if if_match:
        headers["If-Match"] = if_match
    request = Request(
        "PUT",
        session.url("manifests", reference),
        (repository_scope(session.repository, "pull", "push"),),
        _STORED,
        headers,
        Body.of(manifest.raw),
    )
    answer = _patiently(session, request, session.call_once if once else session.call)
    stored = answer.headers.get("docker-content-digest", manifest.digest)
    if stored.startswith("sha256:") and stored != manifest.digest:
        raise mismatch(session, f"{reference} was stored", manifest.digest, stored)


def _patiently(session: Session, request: Request, call: Callable[[Request], Answer]) -> Answer:
    """Store a manifest whose blobs were sent a moment ago: a registry may need another moment to find them."""
    for left in reversed(range(_PATIENCE)):
        try:
            return call(request)
        except AnswerError as error:
            if not left or _NOT_THERE_YET not in error.words:
                raise
            session.clock.sleep(session.policy.first_wait * (_PATIENCE - left))
    raise AssertionError("the last round returns or raises")


def _head(session: Session, reference: str) -> Answer | None:
    """Return the answer to HEAD; None when GET may know better."""
    try:
        return session.call(_read(session, "HEAD", reference, {200, 404}))
    except AnswerError as error:
        if error.retryable:
            raise
        # Some registries know no HEAD; and where both are refused, only the answer to GET says why.
        return None


def _read(session: Session, method: str, reference: str, expect: set[int]) -> Request:
    return Request(
        method,
        session.url("manifests", reference),
        (repository_scope(session.repository, "pull"),),
        frozenset(expect),
        _ACCEPT,
        limit=MANIFEST,
    )


def _from_headers(answer: Answer) -> Descriptor | None:
    """Return what HEAD tells; None when that is not all, as with registries that tell no digest."""
    size = answer.headers.get("content-length", "")
    media_type = _media_type(answer)
    try:
        digest = parse_digest(answer.headers.get("docker-content-digest", ""))
    except ShipsealError:
        return None
    return (
        Descriptor(media_type, digest, int(size)) if media_type and _SIZE.fullmatch(size) else None
    )


def _media_type(answer: Answer) -> str:
    return answer.headers.get("content-type", "").partition(";")[0].strip().lower()


def _refuse_page(session: Session, answer: Answer) -> None:
    """Refuse a page for people: a proxy, a portal or a login answers there, and says nothing about an image."""
    if _media_type(answer) not in _PAGES:
        return
    said = read_words(answer.body).text[:_MOST_SAID]
    raise RegistryError(
        Code.SERVICE_OUTAGE,
        f"{session.target}: {described('GET', answer.url)}: a web page instead of a manifest"
        + (f": {said}" if said else ""),
        hint="no registry answers there: look for a proxy, a captive portal or a login in between, or a wrong address",
        context={"target": session.target},
    )


def _checked(session: Session, reference: str, found: Descriptor) -> Descriptor:
    same_algorithm = found.digest.partition(":")[0] == reference.partition(":")[0]
    if ":" in reference and same_algorithm and found.digest != reference:
        raise mismatch(session, f"manifest {reference}", reference, found.digest)
    return found


def mismatch(session: Session, what: str, expected: str, got: str) -> ImageError:
    """Return the error that says that the repository holds something else than it was given."""
    return ImageError(
        Code.DIGEST_MISMATCH,
        f"{session.target}, {what}: expected {expected}, got {got}",
        hint="somebody else writes there at the same time, or the registry does not keep what it is given",
        context={"target": session.target, "expected": expected, "got": got},
    )
