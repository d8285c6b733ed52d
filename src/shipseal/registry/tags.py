"""Tags of a repository over HTTP: moved, read back, deleted, listed."""

from collections.abc import Callable, Iterator

import msgspec

from shipseal._internal.json_errors import NOT_JSON
from shipseal._internal.limits import TAG_LIST
from shipseal.errors import RegistryError
from shipseal.oci import Digest, RawManifest
from shipseal.registry.errors import AnswerError
from shipseal.registry.interface import TagDeletionUnsupportedError
from shipseal.registry.manifests import mismatch, read_manifest, resolve, write
from shipseal.registry.paging import no_list, pages
from shipseal.registry.patience import Patience
from shipseal.registry.scopes import repository_scope
from shipseal.registry.session import Request, Session

# How often a tag is read back until it names what it was told to: some registries take a moment.
_READ_BACKS = 4


class _Tags(msgspec.Struct):
    tags: list[str] | None = None


def put_tag(session: Session, tag: str, manifest: RawManifest) -> None:
    """Let ``tag`` name ``manifest``, and read it back.

    Raises:
        ImageError: ``image.digest-mismatch``: it names something else afterwards, or somebody else moved it before it
            could be tried again.
        RegistryError: ``image.tag-exists`` where the registry does not let it move; it refuses or does not answer.
    """
    _change(session, tag, manifest.digest, lambda: write(session, tag, manifest, once=True))
    found = None
    for number in range(_READ_BACKS):
        if number:
            session.clock.sleep(session.policy.first_wait * number)
        found = resolve(session, tag)
        if found is not None and found.digest == manifest.digest:
            return
    raise mismatch(session, f"tag {tag}", manifest.digest, found.digest if found else "nothing")


def delete_tag(session: Session, tag: str) -> None:
    """Remove the name only. What it named stays reachable by digest.

    Raises:
        TagDeletionUnsupportedError: the registry cannot, or says that it did and did not.
        RegistryError: the registry refuses or does not answer.
    """
    named = resolve(session, tag)
    if named is None:
        return
    manifest = read_manifest(session, named.digest)
    try:
        _change(session, tag, None, lambda: session.call_once(_deletion(session, tag)))
    except AnswerError as error:
        # 400 and 405 are the specification's; Debian's 2.8 calls a tag a bad digest, others say 404 UNSUPPORTED.
        if error.status in (400, 404, 405):
            if resolve(session, tag) is None:
                return
            answered = error.message.removeprefix(f"{session.target}: ")
            raise TagDeletionUnsupportedError(session.target, tag, answered) from error
        raise
    left = resolve(session, tag)
    if left is not None:
        raise TagDeletionUnsupportedError(
            session.target,
            tag,
            f"the registry took the request, and the tag still names {left.digest}",
        )
    if resolve(session, named.digest) is None:
        # This registry takes a tag for the manifest behind it: give that back, its blobs are still there.
        write(session, named.digest, manifest)


def _change(
    session: Session, tag: str, wanted: Digest | None, change: Callable[[], object]
) -> None:
    """Change what a tag names, again after a transient failure: but only while it names what it named before.

    A request whose answer was lost may have been done, and another writer may have come since; the same request once
    more would silently undo what that one did.
    """
    before = _named(session, tag)
    patience = Patience(session.policy, session.clock)
    while True:
        try:
            change()
        except RegistryError as error:
            if not error.retryable:
                raise
            patience.after(error, 0)
        else:
            return
        found = _named(session, tag)
        if found == wanted:
            return
        if found != before:
            raise mismatch(session, f"tag {tag}", before or "no such tag", found or "nothing")


def _named(session: Session, tag: str) -> Digest | None:
    found = resolve(session, tag)
    return found.digest if found else None


def list_tags(session: Session) -> tuple[str, ...]:
    """Return all tags, sorted; empty when the repository does not exist.

    Raises:
        RegistryError: the registry refuses, does not answer, or answers with something else than a list.
    """
    return tuple(sorted({tag for page in _tag_pages(session) for tag in page}))


def _tag_pages(session: Session) -> Iterator[list[str]]:
    url = session.url("tags", "list")
    expect = frozenset({200, 404})
    for answer in pages(session, url, expect=expect, limit=TAG_LIST, headers={}):
        if answer.status == 404:
            return
        try:
            yield msgspec.json.decode(answer.body, type=_Tags).tags or []
        except NOT_JSON as error:
            raise no_list(session, answer.url, str(error)) from error


def _deletion(session: Session, tag: str) -> Request:
    # Only ever by tag: by digest, every other tag of the manifest would go with it.
    return Request(
        "DELETE",
        session.url("manifests", tag),
        (repository_scope(session.repository, "pull", "push", "delete"),),
        frozenset({200, 202, 204}),
    )
