"""Which trusted root is used: the one that is named, else the public one from the TUF cache, else the embedded one.

The cache is sigstore-python's own (or lies below ``SHIPSEAL_CACHE``), so that both know the same. It is refreshed after
a day; where that fails it is used and that is said, until its metadata expires. Nothing is fetched when offline.
"""

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import quote

import platformdirs

from shipseal._internal.clock import Clock, parse_rfc3339, rfc3339
from shipseal._internal.limits import read_file, read_limited
from shipseal.attest.trust_root import (
    TRUST_ROOT_FILE,
    Origin,
    TrustRoot,
    newest_part,
    parse_trust_root,
)
from shipseal.errors import Code, ConfigError, ShipsealError
from shipseal.oci import digest_of

PUBLIC_TUF = "https://tuf-repo-cdn.sigstore.dev"
"""Where the public instance's trusted root is published."""
TARGET = "trusted_root.json"
SIGNING_TARGET = "signing_config.v0.2.json"
_SHOWN = {TARGET: "trusted root", SIGNING_TARGET: "signing configuration"}

_FRESH = timedelta(days=1)
_PAUSE = timedelta(minutes=10)
"""After a refresh that failed, how long the next one is not tried."""
_ROLES = ("root", "timestamp", "snapshot", "targets")
_STAMP = "shipseal-refreshed"
_FAILED = "shipseal-failed"


@dataclass(frozen=True, slots=True)
class TufPlaces:
    """A TUF repository and its local copy.

    Attributes:
        url: of the repository.
        metadata: folder with its metadata.
        targets: folder with what it publishes.
    """

    url: str
    metadata: Path
    targets: Path


Refresh = Callable[[TufPlaces, Clock], None]
"""Brings the local copy up to date, or raises :class:`ShipsealError`."""


def tuf_places(environ: Mapping[str, str], url: str = PUBLIC_TUF) -> TufPlaces:
    """Return where the local copy of a TUF repository lies."""
    name = quote(url, safe="")
    base = environ.get("SHIPSEAL_CACHE")
    if base:
        return TufPlaces(url, Path(base) / "tuf" / name, Path(base) / "tuf" / name / "targets")
    data = platformdirs.user_data_dir("sigstore-python", "sigstore")
    cache = platformdirs.user_cache_dir("sigstore-python", "sigstore")
    return TufPlaces(url, Path(data) / "tuf" / name, Path(cache) / "tuf" / name)


def named_root(path: Path, now: datetime) -> TrustRoot:
    """Return the trusted root in a file.

    Raises:
        ConfigError: it cannot be read, or holds none.
    """
    try:
        raw = read_file(path, TRUST_ROOT_FILE, code=Code.CONFIG_INVALID)
        written = _written(path)
    except OSError as error:
        raise ConfigError(
            f"{path}: cannot be read: {error.strerror}",
            hint="name a file with a trusted root (trusted_root.json)",
            context={"path": str(path)},
        ) from error
    return parse_trust_root(raw, what=str(path), age=now - written if written else None)


def _written(path: Path) -> datetime | None:
    """Return when a file was written; None for a time that no calendar has."""
    try:
        return datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except (ValueError, OverflowError):
        return None


def public_root(places: TufPlaces, clock: Clock, refresh: Refresh | None) -> TrustRoot:
    """Return the public trusted root.

    Args:
        places: the TUF cache.
        clock: for ages and expiry.
        refresh: brings the cache up to date; None to stay offline.
    """
    failure = _refreshed(places, clock, refresh)
    now = clock.now()
    cached, problem = _cached(places, now)
    notes = [note for note in (failure, problem) if note]
    return replace(cached or embedded_root(now), note="; ".join(notes))


def embedded_root(now: datetime) -> TrustRoot:
    """Return the trusted root that sigstore-python carries; its age is that of its newest part."""
    folder = files("sigstore") / "_store" / quote(PUBLIC_TUF, safe="")
    with (folder / TARGET).open("rb") as stream:
        raw = read_limited(stream, TRUST_ROOT_FILE, what=TARGET)
    root = parse_trust_root(raw, what=f"sigstore's {TARGET}", origin=Origin.EMBEDDED)
    newest = newest_part(root.instances)
    return replace(root, age=now - newest if newest else None)


def _refreshed(places: TufPlaces, clock: Clock, refresh: Refresh | None) -> str:
    """Refresh the cache when it is old, and return why that failed; empty when it is fresh, or may not be touched."""
    now = clock.now()
    if refresh is None or _younger(places.metadata / _STAMP, now, _FRESH):
        return ""
    failed = places.metadata / _FAILED
    if _younger(failed, now, _PAUSE):
        return "the trusted root could not be refreshed a short while ago"
    try:
        refresh(places, clock)
        _mark(places.metadata / _STAMP, now)
        failed.unlink(missing_ok=True)
    except (ShipsealError, OSError) as error:
        _mark(failed, now)
        text = error.message if isinstance(error, ShipsealError) else str(error)
        return f"the trusted root could not be refreshed: {text}"
    return ""


def _younger(path: Path, now: datetime, most: timedelta) -> bool:
    try:
        written = _written(path)
    except OSError:
        return False
    # A time that lies ahead says nothing.
    return written is not None and timedelta(0) <= now - written < most


def _mark(path: Path, now: datetime) -> None:
    """Note when something happened; a cache that cannot be written is only slower."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
        os.utime(path, (now.timestamp(), now.timestamp()))
    except OSError:
        return


def _cached(places: TufPlaces, now: datetime) -> tuple[TrustRoot | None, str]:
    """Return the cached trusted root, or None and why it is not used; nothing is said where there is none."""
    raw, problem = cached_target(places, TARGET, now)
    if raw is None:
        return None, problem
    try:
        root = parse_trust_root(raw, what=str(places.targets / TARGET), origin=Origin.CACHE)
        return replace(root, age=_age(places, now)), ""
    except (OSError, ShipsealError) as error:
        return None, f"the cached trusted root cannot be used: {error}"


def cached_target(places: TufPlaces, name: str, now: datetime) -> tuple[bytes | None, str]:
    """Return a cached file that the repository publishes, held against metadata that has not expired.

    Args:
        places: the TUF cache.
        name: of the file.
        now: the time.

    Returns:
        None and why it is not used; nothing is said where there is none.
    """
    path, shown = places.targets / name, _SHOWN.get(name, name)
    if not path.is_file() or not (places.metadata / "timestamp.json").is_file():
        return None, ""
    try:
        raw = read_file(path, TRUST_ROOT_FILE, code=Code.CONFIG_INVALID)
        expires = min(parse_rfc3339(_signed(places, role)["expires"]) for role in _ROLES)
        listed = _signed(places, "targets")["targets"][name]["hashes"]["sha256"]
    except (OSError, ShipsealError, ValueError, KeyError, TypeError, RecursionError) as error:
        return None, f"the cached {shown} cannot be used: {error}"
    if digest_of(raw) != f"sha256:{listed}":
        return None, f"the cached {shown} is not what its metadata lists"
    if now >= expires:
        return None, f"the cached {shown} expired at {rfc3339(expires)}"
    return raw, ""


def _age(places: TufPlaces, now: datetime) -> timedelta | None:
    """Return since when the cache is known to be current; None when that is unknown."""
    stamp = places.metadata / _STAMP
    path = stamp if stamp.is_file() else places.metadata / "timestamp.json"
    written = _written(path)
    return now - written if written else None


def _signed(places: TufPlaces, role: str) -> Any:
    raw = read_file(places.metadata / f"{role}.json", TRUST_ROOT_FILE, code=Code.CONFIG_INVALID)
    return json.loads(raw)["signed"]
