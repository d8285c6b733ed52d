"""How large evidence may be, store by store: data with a source and a date, because these numbers change.

Shown by ``shipseal sbom limits``. When one is found to be wrong, correct it here, with the place where it was read
and the day (upstream: actions/attest-sbom#168, S36).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from shipseal._internal.limits import KIB, MIB
from shipseal.errors import ConfigError


class Counts(StrEnum):
    """What a limit is about."""

    PREDICATE = "predicate"
    """The SBOM itself."""
    BUNDLE = "bundle"
    """The signed bundle, in which the SBOM is base64."""
    REQUEST = "request"
    """The body of the upload, in which the SBOM is base64."""
    MANIFEST = "manifest"
    """The manifest that points to the evidence; the evidence is a blob beside it."""


# Certificate, log entry, timestamps and the statement around a predicate: real bundles have below 20 KiB of these.
_ENVELOPE = 64 * KIB


@dataclass(frozen=True, slots=True)
class StoreLimit:
    """One limit of one store.

    Attributes:
        store: ``github``, ``oci``, ``rekor``, ``buildkit``.
        name: what it is, for people.
        size: bytes.
        counts: of what.
        source: where it was read.
        read: when it was read.
        verified: whether the store states it; False for what was only observed or is a default of the software.
        note: what else a person should know; may be empty.
    """

    store: str
    name: str
    size: int
    counts: Counts
    source: str
    read: date
    verified: bool
    note: str = ""

    @property
    def predicate(self) -> int | None:
        """The most bytes that an SBOM may have to pass it; None when it does not depend on the SBOM."""
        if self.counts is Counts.MANIFEST:
            return None
        if self.counts is Counts.PREDICATE:
            return self.size
        return (self.size - _ENVELOPE) * 3 // 4


_READ = date(2026, 11, 24)

STORE_LIMITS: tuple[StoreLimit, ...] = (
    StoreLimit(
        store="github",
        name="GitHub attestations (actions/attest)",
        size=16_777_216,
        counts=Counts.PREDICATE,
        source="https://github.com/actions/attest/blob/main/src/predicate.ts",
        read=_READ,
        verified=True,
        note="no way to raise it is planned (actions/attest#402)",
    ),
    StoreLimit(
        store="oci",
        name="bundle as a referrer, as cosign reads it",
        size=128 * MIB,
        counts=Counts.BUNDLE,
        source="https://github.com/sigstore/cosign/blob/main/pkg/cosign/env/env.go",
        read=_READ,
        verified=True,
        note="a reader can raise it with COSIGN_MAX_ATTACHMENT_SIZE",
    ),
    StoreLimit(
        store="oci",
        name="manifest of a referrer",
        size=4 * MIB,
        counts=Counts.MANIFEST,
        source="https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pushing-manifests",
        read=_READ,
        verified=True,
        note="registries should accept this much; many refuse more",
    ),
    StoreLimit(
        store="rekor",
        name="entry in the public transparency log",
        size=4 * MIB,
        counts=Counts.REQUEST,
        source="https://github.com/sigstore/rekor-tiles/blob/main/cmd/rekor-server/app/serve.go",
        read=_READ,
        verified=False,
        note="the server software's default; the public instance states none (sigstore/rekor#2808) and has cut off"
        " uploads of 3.5 MB without an answer",
    ),
    StoreLimit(
        store="buildkit",
        name="attestation made during a build",
        size=80 * MIB,
        counts=Counts.PREDICATE,
        source="https://github.com/moby/buildkit/pull/7104",
        read=_READ,
        verified=True,
        note="40 MiB before that change",
    ),
)


def stores() -> tuple[str, ...]:
    """Return the names of all stores, in the order of the table."""
    return tuple(dict.fromkeys(limit.store for limit in STORE_LIMITS))


def limits_for(names: Iterable[str]) -> tuple[StoreLimit, ...]:
    """Return all limits of the named stores, in the order of the table.

    Raises:
        ConfigError: a store is unknown.
    """
    wanted = set(names)
    unknown = sorted(wanted - set(stores()))
    if unknown:
        raise ConfigError(
            f"unknown evidence store {unknown[0]!r}",
            hint=f"known are {', '.join(stores())}; or give the limit in bytes",
        )
    return tuple(limit for limit in STORE_LIMITS if limit.store in wanted)


def tightest(names: Iterable[str], *, verified: bool = False) -> StoreLimit | None:
    """Return the limit of the named stores that an SBOM meets first; None when none of them limits it.

    Args:
        names: of stores.
        verified: only limits that the store states.

    Raises:
        ConfigError: a store is unknown.
    """
    bounds = [
        (limit.predicate, limit)
        for limit in limits_for(names)
        if limit.predicate is not None and (limit.verified or not verified)
    ]
    return min(bounds, key=lambda pair: pair[0])[1] if bounds else None


PORTABLE = "portable"


def fit_limit(fit: str | int) -> int | None:
    """Return the most bytes of an SBOM for ``portable``, one store's name, or bytes as they are.

    ``portable`` is every limit that a store states. One that was only observed cuts nothing off by itself: the public
    log gets a hash of the statement from current clients, not the statement. None means that nothing limits it.

    Raises:
        ConfigError: the store is unknown.
    """
    if isinstance(fit, int):
        return fit
    found = tightest(stores(), verified=True) if fit == PORTABLE else tightest((fit,))
    return found.predicate if found else None
