"""A registry in memory with knobs, for what real registries will not do on demand.

It speaks the distribution specification over real HTTP on a loopback port. What goes wrong is set by attributes of
:class:`Quirks`, at any time, or by :attr:`RegistrySimulator.before`, which may answer a request in its place: it takes
a plan of faults (:class:`shipseal.testing.faults.Faults`) too.
"""

import json
import re
import ssl
import threading
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TypeVar
from urllib.parse import quote

from shipseal.oci import RawManifest, digest_of
from shipseal.oci import media_types as mt
from shipseal.registry.referrer_entry import as_referrer
from shipseal.testing.http_server import Exchange
from shipseal.testing.simulator import NotingSimulator

T = TypeVar("T")

_ROUTE = re.compile(r"/v2/(?P<name>.+)/(?P<kind>manifests|blobs|tags|referrers)/(?P<rest>.*)")


class TagDeletion(StrEnum):
    """What the registry does when a tag is to be deleted."""

    TAG = "tag"
    """It deletes the tag."""
    REFUSE = "refuse"
    """It answers 405."""
    PRETEND = "pretend"
    """It answers 202 and does nothing."""
    MANIFEST = "manifest"
    """It deletes the manifest behind the tag, with all its tags."""


@dataclass(slots=True)
class Quirks:
    """How the registry differs from what it should do.

    Attributes:
        referrers_api: whether there is a referrers API; where there is none, the answer has ``no_api_status``.
        no_api_status: see above.
        oci_subject: whether ``OCI-Subject`` is sent; None: as the API is there.
        filters: whether the API filters by artifact type.
        claims_filter: whether it says that it has filtered; None: as it does.
        listed_type: the artifact type that the API tells of everything, whatever it is; None for the truth.
        page_size: most entries in a list of tags or referrers; 0 for all.
        etags: whether manifests have an ``ETag``, and ``If-Match`` is heeded.
        digest_header: whether ``Docker-Content-Digest`` is sent.
        tag_deletion: see :class:`TagDeletion`.
        keeps_partial: whether what arrived before a connection broke is kept.
        ranges: whether blobs can be read in part.
        cut_uploads: after so many bytes each, the next uploads of data lose their connection.
        cut_downloads: likewise for blobs that are read.
    """

    referrers_api: bool = True
    no_api_status: int = 404
    oci_subject: bool | None = None
    filters: bool = True
    claims_filter: bool | None = None
    listed_type: str | None = None
    page_size: int = 0
    etags: bool = False
    digest_header: bool = True
    tag_deletion: TagDeletion = TagDeletion.TAG
    keeps_partial: bool = True
    ranges: bool = True
    cut_uploads: list[int] = field(default_factory=list)
    cut_downloads: list[int] = field(default_factory=list)


@dataclass(slots=True)
class Repository:
    """What one repository holds.

    Attributes:
        blobs: by digest.
        manifests: by digest: bytes and media type.
        tags: tag to digest.
        uploads: data that has arrived, by upload.
    """

    blobs: dict[str, bytes] = field(default_factory=dict)
    manifests: dict[str, RawManifest] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    uploads: dict[str, bytearray] = field(default_factory=dict)


class RegistrySimulator(NotingSimulator):
    """Serves until it is closed; a context manager.

    Args:
        tls: serve HTTPS with this context.
        host: an address of this machine.

    Attributes:
        quirks: see :class:`Quirks`.
        before: called for each request; returns True when it has answered in the registry's place.
        requests: method and target of each request so far.
        host: address and port, as in a reference.
    """

    def __init__(self, *, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1") -> None:
        super().__init__()
        self.quirks = Quirks()
        self.before: Callable[[Exchange], bool] = lambda exchange: False
        self._repositories: dict[str, Repository] = {}
        self._lock = threading.RLock()
        self.host = self._serve(self._respond, tls=tls, host=host).netloc

    def repository(self, name: str) -> Repository:
        """Return what a repository holds, to look at or to change."""
        with self._lock:
            return self._repositories.setdefault(name, Repository())

    def _respond(self, exchange: Exchange) -> None:
        self._note(exchange)
        if self.before(exchange):
            return
        match = _ROUTE.fullmatch(exchange.path)
        if match is None:
            exchange.reply(200 if exchange.path == "/v2/" else 404)
            return
        name, rest = match["name"], match["rest"]
        if match["kind"] == "blobs" and rest.startswith("uploads/"):
            self._upload(exchange, name, rest.removeprefix("uploads/"))
            return
        answer = {
            "manifests": self._manifest,
            "blobs": self._blob,
            "tags": self._tags,
            "referrers": self._referrers,
        }[match["kind"]]
        with self._lock:
            answer(exchange, self.repository(name), rest)

    def _manifest(self, exchange: Exchange, repository: Repository, reference: str) -> None:
        if exchange.method == "PUT":
            self._put_manifest(exchange, repository, reference)
            return
        found = repository.manifests.get(repository.tags.get(reference, reference))
        if found is None:
            _refuse(exchange, 404, "MANIFEST_UNKNOWN")
        elif exchange.method == "DELETE":
            self._delete(exchange, repository, reference)
        else:
            exchange.reply(200, found.raw, self._headers(found))

    def _headers(self, manifest: RawManifest) -> dict[str, str]:
        headers = {"Content-Type": manifest.media_type}
        if self.quirks.digest_header:
            headers["Docker-Content-Digest"] = manifest.digest
        if self.quirks.etags:
            headers["ETag"] = f'"{manifest.digest}"'
        return headers

    def _put_manifest(self, exchange: Exchange, repository: Repository, reference: str) -> None:
        condition = exchange.headers.get("If-Match")
        current = f'"{repository.tags.get(reference)}"'
        if self.quirks.etags and condition not in (None, current):
            _refuse(exchange, 412, "PRECONDITION")
            return
        if exchange.cut_after is not None:
            exchange.read(exchange.cut_after)
            exchange.drop()
            return
        raw = exchange.read()
        if exchange.unread:
            # The client went away: half a manifest is none.
            exchange.drop()
            return
        manifest = RawManifest.of(raw, exchange.headers.get("Content-Type") or "")
        if ":" in reference and reference != manifest.digest:
            _refuse(exchange, 400, "DIGEST_INVALID")
            return
        repository.manifests[manifest.digest] = manifest
        if ":" not in reference:
            repository.tags[reference] = manifest.digest
        headers = {"Docker-Content-Digest": manifest.digest} if self.quirks.digest_header else {}
        referrer = as_referrer(manifest, what=reference)
        says = (
            self.quirks.referrers_api
            if self.quirks.oci_subject is None
            else self.quirks.oci_subject
        )
        if referrer and says:
            headers["OCI-Subject"] = referrer.subject
        exchange.reply(201, b"", headers)

    def _delete(self, exchange: Exchange, repository: Repository, tag: str) -> None:
        how = self.quirks.tag_deletion
        if how is TagDeletion.REFUSE:
            _refuse(exchange, 405, "UNSUPPORTED")
            return
        if how is TagDeletion.TAG:
            del repository.tags[tag]
        elif how is TagDeletion.MANIFEST:
            digest = repository.tags[tag]
            del repository.manifests[digest]
            repository.tags = {key: one for key, one in repository.tags.items() if one != digest}
        exchange.reply(202)

    def _blob(self, exchange: Exchange, repository: Repository, digest: str) -> None:
        data = repository.blobs.get(digest)
        if data is None:
            _refuse(exchange, 404, "BLOB_UNKNOWN")
            return
        headers = {"Docker-Content-Digest": digest, "Content-Type": "application/octet-stream"}
        first, status = 0, 200
        wanted = re.match(r"bytes=(\d+)-", exchange.headers.get("Range") or "")
        if wanted and self.quirks.ranges:
            first, status = int(wanted[1]), 206
            headers["Content-Range"] = f"bytes {first}-{len(data) - 1}/{len(data)}"
        part = data[first:]
        cut = exchange.method == "GET" and bool(self.quirks.cut_downloads)
        body = part[: self.quirks.cut_downloads.pop(0)] if cut else part
        exchange.reply(status, body, headers, length=len(part) if cut else None)

    def _upload(self, exchange: Exchange, name: str, upload: str) -> None:
        repository = self.repository(name)
        if exchange.method == "POST":
            self._begin(exchange, name)
        elif upload not in repository.uploads:
            _refuse(exchange, 404, "BLOB_UPLOAD_UNKNOWN")
        elif exchange.method == "DELETE":
            del repository.uploads[upload]
            exchange.reply(204)
        elif exchange.method == "GET":
            exchange.reply(204, b"", _progress(name, upload, repository))
        elif self._receive(exchange, repository, upload):
            self._received(exchange, repository, name, upload)

    def _begin(self, exchange: Exchange, name: str) -> None:
        repository = self.repository(name)
        digest, source = exchange.query.get("mount", [""])[0], exchange.query.get("from", [""])[0]
        if digest and digest in self.repository(source).blobs:
            repository.blobs[digest] = self.repository(source).blobs[digest]
            exchange.reply(201, b"", {"Location": f"/v2/{name}/blobs/{digest}"})
            return
        upload = uuid.uuid4().hex
        repository.uploads[upload] = bytearray()
        exchange.reply(202, b"", _progress(name, upload, repository))

    def _receive(self, exchange: Exchange, repository: Repository, upload: str) -> bool:
        """Take the body; return whether it came whole."""
        data = repository.uploads[upload]
        first = re.match(r"(\d+)-", exchange.headers.get("Content-Range") or "")
        if first and int(first[1]) != len(data):
            _refuse(exchange, 416, "RANGE_INVALID")
            return False
        if exchange.length and self.quirks.cut_uploads:
            exchange.cut_after = self.quirks.cut_uploads.pop(0)
        if exchange.cut_after is not None:
            data.extend(exchange.read(exchange.cut_after))
            if not self.quirks.keeps_partial:
                del repository.uploads[upload]
            exchange.drop()
            return False
        for chunk in exchange.chunks():
            data.extend(chunk)
        return True

    def _received(self, exchange: Exchange, repository: Repository, name: str, upload: str) -> None:
        if exchange.method == "PATCH":
            exchange.reply(202, b"", _progress(name, upload, repository))
            return
        data = bytes(repository.uploads.pop(upload))
        digest = exchange.query.get("digest", [""])[0]
        if digest_of(data) != digest:
            _refuse(exchange, 400, "DIGEST_INVALID")
            return
        repository.blobs[digest] = data
        exchange.reply(201, b"", {"Location": f"/v2/{name}/blobs/{digest}"})

    def _tags(self, exchange: Exchange, repository: Repository, _: str) -> None:
        if not repository.manifests:
            _refuse(exchange, 404, "NAME_UNKNOWN")
            return
        page, headers = self._page(exchange, sorted(repository.tags))
        exchange.reply(200, json.dumps({"name": "x", "tags": page}).encode(), headers)

    def _referrers(self, exchange: Exchange, repository: Repository, subject: str) -> None:
        if not self.quirks.referrers_api:
            _refuse(exchange, self.quirks.no_api_status, "UNSUPPORTED")
            return
        found = (as_referrer(one, what="stored") for one in repository.manifests.values())
        entries = [one.entry for one in found if one and one.subject == subject]
        headers = {"Content-Type": mt.OCI_INDEX}
        if self.quirks.listed_type is not None:
            entries = [replace(one, artifact_type=self.quirks.listed_type) for one in entries]
        wanted = exchange.query.get("artifactType", [""])[0]
        if wanted and self.quirks.filters:
            entries = [entry for entry in entries if entry.artifact_type == wanted]
        claims = self.quirks.claims_filter
        if wanted and (self.quirks.filters if claims is None else claims):
            headers["OCI-Filters-Applied"] = "artifactType"
        page, link = self._page(exchange, [entry.to_json() for entry in entries])
        document = {"schemaVersion": 2, "mediaType": mt.OCI_INDEX, "manifests": page}
        exchange.reply(200, json.dumps(document).encode(), headers | link)

    def _page(self, exchange: Exchange, entries: list[T]) -> tuple[list[T], dict[str, str]]:
        size = self.quirks.page_size or len(entries)
        first = int(exchange.query.get("offset", ["0"])[0])
        if first + size >= len(entries):
            return entries[first:], {}
        query = {key: values[0] for key, values in exchange.query.items()}
        query["offset"] = str(first + size)
        text = "&".join(f"{key}={quote(value)}" for key, value in query.items())
        return entries[first : first + size], {"Link": f'<{exchange.path}?{text}>; rel="next"'}


def _progress(name: str, upload: str, repository: Repository) -> Mapping[str, str]:
    last = max(0, len(repository.uploads[upload]) - 1)
    return {"Location": f"/v2/{name}/blobs/uploads/{upload}?_state=x", "Range": f"0-{last}"}


def _refuse(exchange: Exchange, status: int, code: str) -> None:
    body = json.dumps({"errors": [{"code": code, "message": f"the simulator says {code}"}]})
    exchange.reply(status, body.encode(), {"Content-Type": "application/json"})
