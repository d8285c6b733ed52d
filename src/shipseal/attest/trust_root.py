"""Trusted roots: which authorities, logs and timestamp authorities are believed (``sigstore_trustroot.proto``).

A file holds one trusted root, or several, one a line, as gh writes them. Each is an instance of its own: what a bundle
must carry follows from the instance that issued its certificate, never from what the bundle happens to carry.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

import msgspec

from shipseal._internal.clock import parse_rfc3339
from shipseal._internal.limits import MIB, Limit
from shipseal._internal.strict_json import AmbiguousJsonError, decode_unambiguous
from shipseal.attest.bundle_wire import bytes_of
from shipseal.attest.interface import RejectedError
from shipseal.errors import ConfigError
from shipseal.oci import Digest, digest_of

TRUST_ROOT_FILE = Limit("trusted root", 4 * MIB, "the public one is 8 KiB; a file may hold several")

_MEDIA_TYPES = frozenset(
    {
        "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
        "application/vnd.dev.sigstore.trustedroot.v0.1+json",
        "application/vnd.dev.sigstore.trustedroot.v0.2+json",
    }
)


class Origin(StrEnum):
    """Where a trusted root comes from."""

    FILE = "file"
    CACHE = "cache"
    EMBEDDED = "embedded"


@dataclass(frozen=True, slots=True)
class Window:
    """A time from which, and until which, something is believed; both ends are within.

    Attributes:
        start: None for ever since.
        end: None for ever after.
    """

    start: datetime | None
    end: datetime | None

    def covers(self, moment: datetime) -> bool:
        """Return whether ``moment`` lies within."""
        return (self.start is None or self.start <= moment) and (
            self.end is None or moment <= self.end
        )

    def __str__(self) -> str:
        start = self.start.isoformat() if self.start else "ever"
        return f"{start} to {self.end.isoformat() if self.end else 'now'}"


@dataclass(frozen=True, slots=True)
class Authority:
    """A certificate or timestamp authority.

    Attributes:
        name: for people.
        chain: DER: for a certificate authority from the one that issues to the root; for a timestamp authority from
            the one that signs timestamps to the root.
        window: when it issues.
    """

    name: str
    chain: tuple[bytes, ...]
    window: Window


@dataclass(frozen=True, slots=True)
class Log:
    """A transparency log, of signatures or of certificates.

    Attributes:
        url: its base.
        log_id: its name in entries and certificates.
        checkpoint_id: its name in checkpoints, where that is another one.
        spki: its public key, DER.
        window: when it signs.
    """

    url: str
    log_id: bytes
    checkpoint_id: bytes
    spki: bytes
    window: Window


@dataclass(frozen=True, slots=True)
class Instance:
    """One trusted root: the parts of one Sigstore instance.

    Attributes:
        authorities: who issues certificates.
        logs: of signatures.
        ct_logs: of certificates.
        timestamp_authorities: who signs timestamps.
        raw: the document that says so.
    """

    authorities: tuple[Authority, ...]
    logs: tuple[Log, ...]
    ct_logs: tuple[Log, ...]
    timestamp_authorities: tuple[Authority, ...]
    raw: bytes = field(default=b"", repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class TrustRoot:
    """What is trusted, and how fresh that knowledge is.

    Attributes:
        raw: the bytes of the file.
        digest: sha256 of ``raw``.
        origin: see :class:`Origin`.
        age: since it was written, fetched, or, for the embedded one, since its newest part began; None when unknown.
        instances: at least one.
        note: what a person should know, such as a refresh that failed; may be empty.
    """

    raw: bytes
    digest: Digest
    origin: Origin
    age: timedelta | None
    instances: tuple[Instance, ...]
    note: str = ""

    def __str__(self) -> str:
        """Return it in one line: origin, digest and age."""
        age = "of unknown age" if self.age is None else f"{max(self.age.days, 0)} days old"
        return f"{self.origin} {self.digest}, {age}"


def parse_trust_root(
    raw: bytes, *, what: str, origin: Origin = Origin.FILE, age: timedelta | None = None
) -> TrustRoot:
    """Return the trusted roots in ``raw``: one JSON document, or one a line.

    Args:
        raw: the file.
        what: names it in errors.
        origin: where it comes from.
        age: of it.

    Raises:
        ConfigError: no trusted root, or one that lists nobody who issues certificates.
    """
    try:
        instances = tuple(_instance(document) for document in _documents(raw))
    except (msgspec.ValidationError, AmbiguousJsonError, RejectedError, ValueError) as error:
        text = error.message if isinstance(error, RejectedError) else str(error)
        raise _no_root(what, text.removeprefix("Sigstore bundle: ")) from error
    if not any(instance.authorities for instance in instances):
        raise _no_root(what, "it lists no certificate authority")
    return TrustRoot(raw, digest_of(raw), origin, age, instances)


def newest_part(instances: Iterable[Instance]) -> datetime | None:
    """Return when the newest part of any instance began: a trusted root is not older than that."""
    return max((start for one in instances for start in _starts(one)), default=None)


def _starts(instance: Instance) -> Iterable[datetime]:
    authorities = instance.authorities + instance.timestamp_authorities
    windows = [one.window for one in authorities]
    windows += [one.window for one in instance.logs + instance.ct_logs]
    return (window.start for window in windows if window.start)


class _Wire(msgspec.Struct, rename="camel"):
    pass


class _Window(_Wire):
    start: str | None = None
    end: str | None = None


class _Key(_Wire):
    raw_bytes: str
    valid_for: _Window | None = None


class _Id(_Wire):
    key_id: str


class _Log(_Wire):
    public_key: _Key
    log_id: _Id
    base_url: str = ""
    checkpoint_key_id: _Id | None = None


class _Certificate(_Wire):
    raw_bytes: str


class _Chain(_Wire):
    certificates: list[_Certificate]


class _Subject(_Wire):
    organization: str = ""
    common_name: str = ""


class _Authority(_Wire):
    cert_chain: _Chain
    subject: _Subject | None = None
    uri: str = ""
    valid_for: _Window | None = None


class _Root(_Wire):
    media_type: str
    tlogs: list[_Log] | None = None
    certificate_authorities: list[_Authority] | None = None
    ctlogs: list[_Log] | None = None
    timestamp_authorities: list[_Authority] | None = None


def _documents(raw: bytes) -> list[bytes]:
    """Return the documents in a file: its lines, where each of several is one, else all of it."""
    lines = [line.strip() for line in raw.splitlines() if line.strip()]
    several = len(lines) > 1 and all(
        line.startswith(b"{") and line.endswith(b"}") for line in lines
    )
    return lines if several else [raw]


def _instance(raw: bytes) -> Instance:
    wire = msgspec.convert(decode_unambiguous(raw), type=_Root)
    if wire.media_type not in _MEDIA_TYPES:
        raise ValueError(f"its mediaType is {wire.media_type[:200]!r}")
    return Instance(
        authorities=tuple(_authority(one) for one in wire.certificate_authorities or ()),
        logs=tuple(_log(one) for one in wire.tlogs or ()),
        ct_logs=tuple(_log(one) for one in wire.ctlogs or ()),
        timestamp_authorities=tuple(_authority(one) for one in wire.timestamp_authorities or ()),
        raw=raw,
    )


def _authority(wire: _Authority) -> Authority:
    chain = tuple(bytes_of(one.raw_bytes, "certificate") for one in wire.cert_chain.certificates)
    if not chain:
        raise ValueError("an authority has no certificate")
    subject = wire.subject or _Subject()
    name = ", ".join(filter(None, (subject.common_name, subject.organization))) or wire.uri
    return Authority(name, chain, _window(wire.valid_for))


def _log(wire: _Log) -> Log:
    log_id = bytes_of(wire.log_id.key_id, "logId")
    checkpoint = wire.checkpoint_key_id
    return Log(
        url=wire.base_url,
        log_id=log_id,
        checkpoint_id=bytes_of(checkpoint.key_id, "checkpointKeyId") if checkpoint else log_id,
        spki=bytes_of(wire.public_key.raw_bytes, "public key"),
        window=_window(wire.public_key.valid_for),
    )


def _window(wire: _Window | None) -> Window:
    start, end = (wire.start, wire.end) if wire else (None, None)
    return Window(
        parse_rfc3339(start) if start else None,
        parse_rfc3339(end) if end else None,
    )


def _no_root(what: str, problem: str) -> ConfigError:
    return ConfigError(
        f"{what}: no trusted root: {problem}",
        hint="expected Sigstore's trusted_root.json, or several, one a line, as `gh attestation trusted-root` prints",
    )
