"""What refers to a manifest: the referrers API, and the fallback tag where there is none (distribution-spec 1.1).

The ``OCI-Subject`` header of an answer is not taken for the API: ECR sends it and has none. So after a push the list is
read; when the manifest is not in it, the fallback tag is kept.
"""

import threading
from collections.abc import Iterator

from shipseal._internal.jitter import spread
from shipseal._internal.limits import MANIFEST
from shipseal.errors import Code, ImageError, RegistryError, ShipsealError
from shipseal.oci import Descriptor, Digest, RawManifest
from shipseal.oci import media_types as mt
from shipseal.oci.digest import split_digest
from shipseal.oci.manifest import build_manifest, parse_index
from shipseal.registry import manifests
from shipseal.registry.answers import Answer
from shipseal.registry.errors import AnswerError
from shipseal.registry.interface import ReferrerMode
from shipseal.registry.paging import no_list, pages
from shipseal.registry.patience import Patience
from shipseal.registry.referrer_entry import as_referrer, listed, no_subject
from shipseal.registry.session import Session

# 404 is the specification's word for "no such API"; the others are what proxies and older registries say.
_NO_API = frozenset({400, 404, 405, 406})
# A registry with the API may take a moment until it lists what it was given.
_API_READS = 3
_TAG_ROUNDS = 12
# A release has some dozen; each is read, and a list of millions would fill memory.
_MOST = 10_000
_CHANGED_MEANWHILE = 412
# Times what reading and writing the tag took here: another writer needs about as long between the two, so what it
# read before our write, it has written by then.
_SETTLE = 2.0


class _DamagedListError(RegistryError):
    """What says that it is a list of referrers cannot be read as one."""


class NoReferrersListError(RegistryError):
    """The tag that is reserved for a list of referrers holds something else."""


class Referrers:
    """The referrers of one repository. Safe to use from several threads.

    Args:
        session: talks to the repository.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        # Threads of one process wait for each other; other processes are found out by reading back.
        self._lock = threading.Lock()

    def of(self, subject: Digest, *, artifact_type: str = "") -> tuple[Descriptor, ...]:
        """Return what refers to ``subject``, of that type; all for an empty one.

        Raises:
            RegistryError: the registry refuses, does not answer, or the fallback tag is something else than an index.
        """
        found = self._from_api(subject, artifact_type)
        if found is None:
            found, _ = self._from_tag(subject)
        elif not found:
            # A registry that got its API later may have only the tag for what is older.
            found = self._from_tag_if_list(subject)
        return listed(found, artifact_type)

    def put(self, manifest: RawManifest) -> ReferrerMode:
        """Store a manifest with a subject so that :meth:`of` finds it, once.

        Raises:
            ImageError: it has no subject; ``image.digest-mismatch``.
            RegistryError: the registry refuses or does not answer, or other writers win again and again.
        """
        referrer = as_referrer(manifest, what=f"{self._session.target}, referrer {manifest.digest}")
        if referrer is None:
            raise no_subject(self._session.target, manifest)
        manifests.write(self._session, manifest.digest, manifest)
        if self._api_lists(referrer.subject, manifest.digest):
            return ReferrerMode.API
        with self._lock:
            self._keep_tag(referrer.subject, referrer.entry)
        if all(entry.digest != manifest.digest for entry in self.of(referrer.subject)):
            raise self._not_listed(manifest)
        return ReferrerMode.FALLBACK_TAG

    def _from_api(self, subject: Digest, artifact_type: str) -> list[Descriptor] | None:
        """Return what the API lists; None when there is no API."""
        query = f"?artifactType={_quoted(artifact_type)}" if artifact_type else ""
        url = self._session.url("referrers", f"{subject}{query}")
        found: list[Descriptor] = []
        try:
            for page in self._pages(url):
                found.extend(_listed_by_api(page, f"referrers of {subject}"))
                if len(found) > _MOST:
                    raise self._too_many(subject)
        except AnswerError as error:
            if error.status not in _NO_API:
                raise
            return None
        except ImageError:
            # A page for people, or a list of something else: whatever answered, it is not the API.
            return None
        except _DamagedListError as error:
            raise no_list(self._session, url, error.message) from error
        return found

    def _too_many(self, subject: Digest) -> RegistryError:
        return RegistryError(
            Code.FORMAT_UNSUPPORTED,
            f"{self._session.target}: more than {_MOST} manifests refer to {subject}",
            hint="no release has that many; remove what does not belong there",
            context={"target": self._session.target, "digest": subject},
        )

    def _pages(self, url: str) -> Iterator[Answer]:
        headers = {"Accept": mt.OCI_INDEX}
        return pages(self._session, url, expect=frozenset({200}), limit=MANIFEST, headers=headers)

    def _api_lists(self, subject: Digest, digest: Digest) -> bool:
        for number in range(_API_READS):
            if number:
                self._session.clock.sleep(self._session.policy.first_wait * number)
            found = self._from_api(subject, "")
            if found is None:
                return False
            if any(entry.digest == digest for entry in found):
                return True
        return False

    def _from_tag(self, subject: Digest) -> tuple[list[Descriptor], str]:
        """Return the entries of the fallback tag and its ``ETag``; nothing when there is no such tag."""
        tag = fallback_tag(subject)
        answer = manifests.read_tag(self._session, tag)
        if answer.status == 404:
            return [], ""
        what = f"{self._session.target}, fallback tag {tag}"
        try:
            return list(_entries(answer, what)), answer.headers.get("etag", "")
        except ShipsealError as error:
            raise NoReferrersListError(
                Code.FORMAT_UNSUPPORTED,
                f"{what} is not a list of referrers: {error.message}",
                hint="that tag is reserved for referrers: give the image that has it another tag, and remove this one",
                context={"target": self._session.target, "tag": tag},
            ) from error

    def _from_tag_if_list(self, subject: Digest) -> list[Descriptor]:
        try:
            return self._from_tag(subject)[0]
        except NoReferrersListError:
            return []

    def _keep_tag(self, subject: Digest, entry: Descriptor) -> None:
        """Add ``entry`` to the fallback tag until it is still there after a while: nothing there locks writers out."""
        clock = self._session.clock
        patience = Patience(self._session.policy, clock)
        for _ in range(_TAG_ROUNDS):
            started = clock.monotonic()
            entries, etag = self._from_tag(subject)
            if any(one.digest == entry.digest for one in entries):
                return
            try:
                self._write_tag(subject, [*entries, entry], etag)
            except RegistryError as error:
                # Not the same list again: it would take away what another writer added meanwhile.
                if not error.retryable:
                    raise
                patience.after(error, 0)
                continue
            took = clock.monotonic() - started
            clock.sleep(spread(took * _SETTLE, at_most=2.0))
        raise RegistryError(
            Code.SERVICE_OUTAGE,
            f"{self._session.target}: fallback tag {fallback_tag(subject)}: "
            f"other writers won {_TAG_ROUNDS} times against {entry.digest}",
            hint="let fewer jobs attach evidence to one image at the same time",
            context={"target": self._session.target},
            retryable=True,
        )

    def _write_tag(self, subject: Digest, entries: list[Descriptor], etag: str) -> None:
        index = build_manifest(
            {
                "schemaVersion": 2,
                "mediaType": mt.OCI_INDEX,
                "manifests": [entry.to_json() for entry in entries],
            }
        )
        try:
            manifests.write(self._session, fallback_tag(subject), index, if_match=etag, once=True)
        except AnswerError as error:
            if error.status != _CHANGED_MEANWHILE:
                raise

    def _not_listed(self, manifest: RawManifest) -> RegistryError:
        return RegistryError(
            Code.SERVICE_OUTAGE,
            f"{self._session.target}: took referrer {manifest.digest} but does not list it",
            hint="run the same command again; if it stays so, the registry's referrers API is incomplete",
            context={"target": self._session.target, "digest": manifest.digest},
            retryable=True,
        )


def fallback_tag(subject: Digest) -> str:
    """Return the tag that lists the referrers of ``subject`` where there is no API (Referrers Tag Schema)."""
    algorithm, encoded = split_digest(subject)
    return f"{algorithm[:32]}-{encoded[:64]}"


def _listed_by_api(answer: Answer, what: str) -> tuple[Descriptor, ...]:
    try:
        return _entries(answer, what)
    except ImageError as error:
        if not _media_type(answer) == mt.OCI_INDEX:
            raise
        # The API's own media type: this is the API, and an empty list in its place would hide what is there.
        raise _DamagedListError(Code.SERVICE_OUTAGE, error.message) from error


def _media_type(answer: Answer) -> str:
    return answer.headers.get("content-type", "").partition(";")[0].strip().lower()


def _entries(answer: Answer, what: str) -> tuple[Descriptor, ...]:
    stated = _media_type(answer)
    known = stated if stated in mt.MANIFESTS else ""
    return parse_index(RawManifest.of(answer.body, known), what=what).manifests


def _quoted(artifact_type: str) -> str:
    # A plus sign in a query is a space.
    return (
        artifact_type.replace("%", "%25")
        .replace("+", "%2B")
        .replace("&", "%26")
        .replace("#", "%23")
    )
