"""The public instance of Sigstore: its services and trusted root as published, else as sigstore-python carries them."""

from importlib.resources import files
from urllib.parse import quote

from shipseal._internal.clock import Clock
from shipseal._internal.limits import read_limited
from shipseal.attest.signing_config import SIGNING_CONFIG_FILE, read_services
from shipseal.attest.sigstore_instance import PUBLIC_GOOD, SigstoreInstance
from shipseal.attest.trust_root_source import (
    PUBLIC_TUF,
    SIGNING_TARGET,
    Refresh,
    TufPlaces,
    cached_target,
    public_root,
)


def public_instance(places: TufPlaces, clock: Clock, refresh: Refresh | None) -> SigstoreInstance:
    """Return the public instance.

    Args:
        places: the TUF cache.
        clock: time.
        refresh: brings the cache up to date where it is older than a day; None to stay offline.

    Raises:
        ConfigError: what sigstore-python carries is too old to name a service that is still there.
    """
    root = public_root(places, clock, refresh)
    raw, problem = cached_target(places, SIGNING_TARGET, clock.now())
    what = f"{PUBLIC_TUF}: {SIGNING_TARGET}"
    if raw is None:
        raw, what = _embedded(), f"sigstore's {SIGNING_TARGET}"
    services = read_services(raw, now=clock.now(), what=what)
    # Both come out of one cache: a reason that the root was not used stands for the other file too.
    return SigstoreInstance(PUBLIC_GOOD, services, root.raw, root.note or problem)


def _embedded() -> bytes:
    folder = files("sigstore") / "_store" / quote(PUBLIC_TUF, safe="")
    with (folder / SIGNING_TARGET).open("rb") as stream:
        return read_limited(stream, SIGNING_CONFIG_FILE, what=SIGNING_TARGET)
