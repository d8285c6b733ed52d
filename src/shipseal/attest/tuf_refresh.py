"""Bring the local copy of a TUF repository up to date, with python-tuf, our time-outs and our HTTP client."""

from collections.abc import Iterator
from importlib.resources import files
from urllib.parse import quote

import httpx
from tuf.api.exceptions import DownloadError, DownloadHTTPError, RepositoryError
from tuf.ngclient.fetcher import FetcherInterface
from tuf.ngclient.updater import Updater

from shipseal._internal.clock import Clock
from shipseal._internal.limits import read_limited
from shipseal._internal.paced_client import WHOLE_WITHIN, paced
from shipseal.attest.trust_root import TRUST_ROOT_FILE
from shipseal.attest.trust_root_source import SIGNING_TARGET, TARGET, TufPlaces
from shipseal.errors import AttestError, Code

_ANSWER = 5.0
"""Seconds that one answer may take."""
_TOTAL = 15.0
"""Seconds for everything: a verification waits for it, and the old copy is nearly as good."""


def refresh_tuf(places: TufPlaces, clock: Clock) -> None:
    """Fetch what is new, verified by TUF from the root that sigstore-python carries.

    Raises:
        AttestError: ``service.outage``: the repository does not answer, or what it says does not hold.
        OSError: the local copy cannot be written.
    """
    places.metadata.mkdir(parents=True, exist_ok=True)
    places.targets.mkdir(parents=True, exist_ok=True)
    with paced(httpx.Client(timeout=_ANSWER, follow_redirects=True), clock) as client:
        updater = Updater(
            metadata_dir=str(places.metadata),
            metadata_base_url=places.url,
            target_dir=str(places.targets),
            target_base_url=f"{places.url.rstrip('/')}/targets/",
            fetcher=_Fetcher(client, clock),
            bootstrap=_first_root(places),
        )
        try:
            updater.refresh()
            _fetch_targets(updater)
        except (DownloadError, RepositoryError, ValueError) as error:
            raise _failed(places, str(error.__cause__ or error)) from error


def _fetch_targets(updater: Updater) -> None:
    for name in (TARGET, SIGNING_TARGET):
        info = updater.get_targetinfo(name)
        if info is None and name == TARGET:
            raise ValueError(f"it publishes no {name}")
        if info is not None and updater.find_cached_target(info) is None:
            updater.download_target(info)


def _first_root(places: TufPlaces) -> bytes | None:
    """Return the root metadata to begin with: what sigstore-python carries, else what is there already."""
    carried = files("sigstore") / "_store" / quote(places.url, safe="") / "root.json"
    try:
        with carried.open("rb") as stream:
            return read_limited(stream, TRUST_ROOT_FILE, what=str(carried))
    except OSError:
        return None


class _Fetcher(FetcherInterface):
    def __init__(self, client: httpx.Client, clock: Clock) -> None:
        self._client = client
        self._clock = clock
        self._until = clock.monotonic() + _TOTAL

    def _fetch(self, url: str) -> Iterator[bytes]:
        """Begin at once: what goes wrong later is an error of the download too."""
        self._check_time()
        response = self._client.send(
            self._client.build_request("GET", url, extensions={WHOLE_WITHIN: _TOTAL}), stream=True
        )
        if response.status_code != httpx.codes.OK:
            response.close()
            raise DownloadHTTPError(f"{url}: {response.status_code}", response.status_code)
        return self._chunks(response)

    def _chunks(self, response: httpx.Response) -> Iterator[bytes]:
        try:
            for chunk in response.iter_bytes():
                self._check_time()
                yield chunk
        except httpx.HTTPError as error:
            raise DownloadError(f"{response.url}: {error}") from error
        finally:
            response.close()

    def _check_time(self) -> None:
        if self._clock.monotonic() > self._until:
            raise DownloadError(f"it took more than {_TOTAL:.0f} s")


def _failed(places: TufPlaces, problem: str) -> AttestError:
    return AttestError(
        Code.SERVICE_OUTAGE,
        f"{places.url}: {problem[:300]}",
        hint="try again later, or name a trusted root with --trusted-root",
        retryable=True,
    )
