"""The attestations API: create and list (GitHub's documentation, "REST API endpoints for artifact attestations").

A list may hold bundles, or addresses of bundles, or both, depending on the version of the API. The filter by predicate
type is not used: what a bundle states is read from what is signed.
"""

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any
from urllib.parse import urljoin

import msgspec

from shipseal._internal.json_errors import NOT_JSON
from shipseal._internal.limits import BUNDLE, KIB, MIB, Limit
from shipseal._internal.links import next_page
from shipseal.errors import AttestError, Code, ShipsealError
from shipseal.github.hosts import GITHUB, Repository
from shipseal.github.interface import Attestations, Listed
from shipseal.github.refusals import nonsense, shown
from shipseal.github.rest import Answer, GitHubRest
from shipseal.github.snappy import snappy_decode
from shipseal.oci import Digest

_PER_PAGE = 30
_PAGES_MAX = 1_000
_PAGE = Limit(
    "page of attestations",
    768 * MIB,
    f"{_PER_PAGE} bundles of 22 MiB: GitHub takes predicates of 16 MiB",
)
_CREATED = Limit("answer to a new attestation", 64 * KIB, "it is one number")
_REPOSITORY = Limit("description of a repository", MIB, "it takes some kilobytes")
# What GitHub says where there is nothing for a digest is one of these; so is what it says where one may not look.
_NOTHING = (HTTPStatus.NOT_FOUND, HTTPStatus.UNPROCESSABLE_ENTITY)
_PLAIN = "application/json"


class _Entry(msgspec.Struct):
    bundle: msgspec.Raw = msgspec.Raw(b"null")
    bundle_url: str | None = None


class _Page(msgspec.Struct):
    attestations: list[_Entry]


class _Created(msgspec.Struct):
    id: int


class GitHubAttestations(Attestations):
    """The attestations of one repository.

    Args:
        rest: asks GitHub.
        repository: whose.
    """

    def __init__(self, rest: GitHubRest, repository: Repository) -> None:
        host = "" if rest.host.name == GITHUB else f"{rest.host.name}/"
        self.name = f"github:{host}{repository}"
        self._rest = rest
        self._repository = repository
        self._url = f"{rest.host.api}/repos/{repository}"

    def create(self, bundle: bytes) -> str:
        """Store a bundle; see :meth:`Attestations.create`."""
        url = f"{self._url}/attestations"
        # The bundle's own bytes go into the request, not another spelling of them.
        answer = self._rest.post(url, b'{"bundle":' + bundle + b"}", _CREATED)
        number = _decoded(answer, "POST", url, _Created).id
        return f"{self._rest.host.web}/{self._repository}/attestations/{number}"

    def find(self, subject: Digest) -> tuple[Listed, ...]:
        """Return all bundles for a digest; see :meth:`Attestations.find`."""
        return tuple(
            self._listed(entry, f"{url}#{number}")
            for url, page in self._pages(f"{self._url}/attestations/{subject}?per_page={_PER_PAGE}")
            for number, entry in enumerate(page.attestations, start=1)
        )

    def close(self) -> None:
        """Close all connections."""
        self._rest.close()

    def _pages(self, url: str) -> Iterator[tuple[str, _Page]]:
        seen: set[str] = set()
        while url:
            if url in seen or len(seen) >= _PAGES_MAX or not self._rest.is_api(url):
                raise nonsense(shown("GET", url), "its pages lead elsewhere, or have no end")
            seen.add(url)
            answer = self._rest.get(url, _PAGE, final=_NOTHING)
            if answer.status in _NOTHING:
                self._check_readable()
                return
            yield url, _decoded(answer, "GET", url, _Page)
            following = next_page([answer.headers.get("link", "")])
            url = urljoin(answer.url, following) if following else ""

    def _check_readable(self) -> None:
        """Make sure that "nothing there" is not "you may not look".

        Raises:
            AttestError: the repository is not there for whoever asks.
        """
        self._rest.get(self._url, _REPOSITORY)

    def _listed(self, entry: _Entry, where: str) -> Listed:
        inline = bytes(entry.bundle)
        if inline != b"null":
            return Listed(inline, where)
        if not entry.bundle_url:
            return Listed(b"", where, "GitHub lists it with neither a bundle nor an address of one")
        try:
            return Listed(self._fetch(entry.bundle_url), where)
        except ShipsealError as error:
            if error.code is not Code.ATTEST_INVALID:
                raise
            return Listed(b"", where, error.message)

    def _fetch(self, url: str) -> bytes:
        if not self._rest.may_ask(url):
            raise AttestError(
                Code.ATTEST_INVALID,
                f"{shown('GET', url)}: no address that a bundle is fetched from",
            )
        answer = self._rest.get(url, BUNDLE)
        if answer.headers.get("content-type", "").partition(";")[0].strip().lower() == _PLAIN:
            return answer.body
        return snappy_decode(answer.body, BUNDLE, what=shown("GET", url))


def _decoded(answer: Answer, method: str, url: str, type_: Any) -> Any:
    try:
        return msgspec.json.decode(answer.body, type=type_)
    except NOT_JSON as error:
        raise nonsense(shown(method, url), str(error)) from error
