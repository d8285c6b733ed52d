"""A registry's repository as a target, over HTTP."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import httpx

from shipseal._internal.clock import Clock, SystemClock
from shipseal._internal.retry import RetryPolicy
from shipseal.oci import Descriptor, Digest, RawManifest
from shipseal.oci.reference import Reference
from shipseal.registry import download, manifests, tags
from shipseal.registry import upload as uploads
from shipseal.registry.auth import Authorizer
from shipseal.registry.credentials import Anonymous, CredentialSource
from shipseal.registry.hosts import HostSettings, scheme_of
from shipseal.registry.in_flight import InFlight
from shipseal.registry.interface import BlobUpload, ReferrerMode, Target, Uploaded
from shipseal.registry.referrers import Referrers
from shipseal.registry.session import Session
from shipseal.registry.tag_names import check_tag
from shipseal.registry.tokens import TokenServerClient
from shipseal.registry.transport import Timeouts, Transport

_NO_HOSTS: Mapping[str, HostSettings] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class RegistryOptions:
    """How to talk to registries.

    Attributes:
        hosts: settings by host and port, as they stand in a reference.
        credentials: where credentials are found; nobody is known by default.
        clock: for waiting and for the age of tokens.
        policy: how often and how long to try again.
        timeouts: see :class:`~shipseal.registry.transport.Timeouts`.
        make: makes the part of httpx that opens connections, for tests; None for httpx's own.
    """

    hosts: Mapping[str, HostSettings] = field(default_factory=lambda: _NO_HOSTS)
    credentials: CredentialSource = field(default_factory=Anonymous)
    clock: Clock = field(default_factory=SystemClock)
    policy: RetryPolicy = field(default_factory=RetryPolicy)
    timeouts: Timeouts = field(default_factory=Timeouts)
    make: Callable[[], httpx.BaseTransport] | None = None


class RepositoryTarget(Target):
    """One repository of a registry that follows the distribution specification. Safe to use from several threads.

    What every method may raise is said at :class:`~shipseal.registry.interface.Target`.

    Args:
        reference: names the repository; its tag and digest are not looked at.
        options: how to talk to it.
    """

    def __init__(self, reference: Reference, options: RegistryOptions | None = None) -> None:
        options = options or RegistryOptions()
        self.name = reference.name
        self.registry = reference.registry
        self.repository = reference.repository
        host = reference.api_host
        home = options.hosts.get(reference.registry) or options.hosts.get(host) or HostSettings()
        scheme = scheme_of(host, home)
        self._transport = Transport(
            {**options.hosts, host: home},
            home,
            timeouts=options.timeouts,
            make=options.make,
            clock=options.clock,
        )
        tokens = TokenServerClient(host, secure=scheme == "https", transport=self._transport)
        authorizer = Authorizer(
            self.name,
            self.registry,
            self.repository,
            source=options.credentials,
            fetch=tokens.fetch,
            clock=options.clock,
        )
        self._uploads = InFlight()
        self._session = Session(
            f"{scheme}://{host}",
            self.repository,
            transport=self._transport,
            authorizer=authorizer,
            clock=options.clock,
            policy=options.policy,
        )
        self._referrers = Referrers(self._session)

    def resolve(self, reference: str) -> Descriptor | None:
        """Return what a tag or digest names now, or None when there is no such manifest."""
        if ":" not in reference:
            check_tag(reference)
        return manifests.resolve(self._session, reference)

    def read_manifest(self, digest: Digest) -> RawManifest:
        """Return a manifest or index by digest, verified; raises ``image.not-found``."""
        return manifests.read_manifest(self._session, digest)

    def open_blob(self, blob: Descriptor, *, offset: int = 0) -> Iterator[bytes]:
        """Return a blob in chunks; digest and size are verified at the end when ``offset`` is zero."""
        return download.open_blob(self._session, blob, offset=offset)

    def blob_url(self, digest: Digest) -> str:
        """Return where the registry serves the blob."""
        return self._session.url("blobs", digest)

    def has_blob(self, blob: Descriptor) -> bool:
        """Return whether the blob is there with the promised size."""
        return download.has_blob(self._session, blob)

    def put_blob(self, upload: BlobUpload) -> Uploaded:
        """Make sure the blob is there: found, mounted, or sent (resumed after a broken connection)."""
        with self._uploads.alone(upload.blob.digest):
            return uploads.put_blob(self._session, upload)

    def put_manifest(self, manifest: RawManifest) -> None:
        """Store a manifest or index by digest, unreachable by any tag. Its blobs and children must be there."""
        manifests.write(self._session, manifest.digest, manifest)

    def put_tag(self, tag: str, manifest: RawManifest) -> None:
        """Let ``tag`` name ``manifest``, and read it back."""
        tags.put_tag(self._session, check_tag(tag), manifest)

    def delete_tag(self, tag: str) -> None:
        """Remove the name only; raises :class:`TagDeletionUnsupportedError` where that cannot be done."""
        tags.delete_tag(self._session, check_tag(tag))

    def list_tags(self) -> tuple[str, ...]:
        """Return all tags, sorted; empty when the repository does not exist yet."""
        return tags.list_tags(self._session)

    def referrers(self, subject: Digest, *, artifact_type: str = "") -> tuple[Descriptor, ...]:
        """Return what refers to ``subject``, from the API or the fallback tag, filtered in any case."""
        return self._referrers.of(subject, artifact_type=artifact_type)

    def put_referrer(self, manifest: RawManifest) -> ReferrerMode:
        """Store a manifest with a ``subject`` so that :meth:`referrers` lists it, once."""
        return self._referrers.put(manifest)

    def check_push(self) -> None:
        """Prove that pushing is allowed, leaving nothing behind (an upload is begun and cancelled)."""
        uploads.cancel(self._session, uploads.begin(self._session))

    def close(self) -> None:
        """Let go of connections."""
        self._transport.close()
