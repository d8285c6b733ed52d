"""Evidence at GitHub: one upload for each bundle, and "it is there already" only after a look."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from shipseal._internal.retry import RetryPolicy
from shipseal.attest.key_signer import KeySigner
from shipseal.errors import AttestError, Code
from shipseal.evidence.github_store import GitHubStore
from shipseal.evidence.interface import Bound, Origin
from shipseal.github.attestations import GitHubAttestations
from shipseal.github.hosts import GitHubHost, Repository
from shipseal.github.rest import GitHubRest
from shipseal.intoto.statement import Subject, encode_statement
from shipseal.oci import RawManifest, digest_of
from shipseal.oci import media_types as mt
from shipseal.testing.github_server import GitHubServer, Refusal
from tests.support.clocks import StoppedClock
from tests.support.evidence import key

ONE = RawManifest.of(b'{"schemaVersion":2}', mt.OCI_MANIFEST)
TWO = RawManifest.of(b'{"schemaVersion":2,"layers":[]}', mt.OCI_MANIFEST)
TYPE = "https://slsa.dev/provenance/v1"
LOST = Refusal(502, "Bad gateway", stores=True)


def bundle(*subjects: RawManifest, predicate: dict[str, object] | None = None) -> bytes:
    about = [Subject("app", one.digest) for one in subjects or (ONE, TWO)]
    return KeySigner(key()).sign(encode_statement(about, TYPE, predicate or {})).raw


class Place:
    """A server and a store that uses it."""

    def __init__(self, server: GitHubServer) -> None:
        self.server = server
        self.clock = StoppedClock()
        self.opened: list[GitHubRest] = []
        self.store = self.open()

    def open(self, *, bounds: tuple[Bound, ...] = ()) -> GitHubStore:
        policy = RetryPolicy(tries=3)
        host = GitHubHost("github.com", self.server.url, "https://github.com", "a-token")
        rest = GitHubRest(host, self.clock, policy)
        self.opened.append(rest)
        api = GitHubAttestations(rest, Repository("org", "app"))
        return GitHubStore(api, self.clock, policy, bounds=bounds)

    def put(self, raw: bytes, subject: RawManifest = ONE) -> str:
        return self.store.put(subject, raw, predicate_type=TYPE).answer


@pytest.fixture
def place() -> Iterator[Place]:
    with GitHubServer(repositories=["org/app"]) as server:
        found = Place(server)
        yield found
        for rest in found.opened:
            rest.close()


def test_a_bundle_comes_back_byte_for_byte_under_each_subject(place: Place) -> None:
    raw = bundle()
    placed = place.store.put(ONE, raw, predicate_type=TYPE)
    assert (placed.store, placed.answer) == ("github:org/app", "stored (github)")
    assert placed.where == "https://github.com/org/app/attestations/1"
    for subject in (ONE, TWO):
        [found] = place.store.find(subject.digest)
        assert (found.raw, found.digest, found.origin) == (raw, digest_of(raw), Origin.GITHUB)


def test_several_subjects_are_one_upload(place: Place) -> None:
    raw = bundle()
    with ThreadPoolExecutor(4) as pool:
        answers = set(pool.map(lambda subject: place.put(raw, subject), [ONE, TWO] * 4))
    assert answers == {"stored (github)"}
    assert place.server.count("POST") == 1


@pytest.mark.parametrize("respells", [False, True])
def test_what_is_there_is_not_sent_again(place: Place, *, respells: bool) -> None:
    place.server.quirks.respells = respells
    place.put(bundle())
    again = place.open().put(TWO, bundle(), predicate_type=TYPE)
    assert again.answer == "exists"
    assert place.server.count("POST") == 1


@pytest.mark.parametrize("refusal", [LOST, Refusal(stores=True, drops=True)])
def test_an_upload_whose_answer_was_lost_is_found_and_not_sent_again(
    place: Place, refusal: Refusal
) -> None:
    place.server.quirks.refuse = [_nothing(), _visible(), refusal]
    assert place.put(bundle()) == "exists"
    assert place.server.count("POST") == 1
    assert len(place.server.attestations) == 1


def test_an_upload_that_did_not_arrive_is_sent_again(place: Place) -> None:
    place.server.quirks.refuse = [_nothing(), _visible(), Refusal(503)]
    assert place.put(bundle()) == "stored (github)"
    assert place.server.count("POST") == 2
    assert len(place.server.attestations) == 1


def test_a_conflict_is_success_when_the_stored_one_is_this_one(place: Place) -> None:
    """Another job stores it between our look and our upload."""
    place.server.quirks.refuse = [
        _nothing(),
        _visible(),
        Refusal(422, "Attestation already exists", stores=True),
    ]
    assert place.put(bundle()) == "exists"


def test_a_conflict_with_something_else_is_one(place: Place) -> None:
    place.put(bundle(predicate={"a": 1}))
    place.server.quirks.refuse = [_nothing(), _visible(), Refusal(409, "exists")]
    with pytest.raises(AttestError, match="not what is listed for sha256") as caught:
        place.put(bundle(predicate={"b": 2}))
    assert caught.value.code is Code.ATTEST_CONFLICT


def test_an_outage_ends_with_its_code(place: Place) -> None:
    place.server.quirks.refuse = [Refusal(503)] * 20
    with pytest.raises(AttestError, match="503 Service Unavailable") as caught:
        place.put(bundle())
    assert caught.value.code is Code.SERVICE_OUTAGE
    assert caught.value.retryable
    assert place.server.attestations == []


def test_what_does_not_name_the_subject_is_not_sent(place: Place) -> None:
    with pytest.raises(AttestError, match="does not name") as caught:
        place.put(bundle(TWO), ONE)
    assert caught.value.code is Code.WRONG_SUBJECT
    assert place.server.requests == []


@pytest.mark.parametrize("counts", ["predicate", "bundle"])
def test_too_large_is_known_before_anything_is_sent(place: Place, counts: str) -> None:
    raw = bundle(predicate={"filler": "x" * 2000})
    bound = Bound("the limit", 2000, "predicate" if counts == "predicate" else "bundle", "a page")
    store = place.open(bounds=(bound,))
    with pytest.raises(AttestError, match=f"a {counts} of .* more than the 2000") as caught:
        store.put(ONE, raw, predicate_type=TYPE)
    assert caught.value.code is Code.SBOM_TOO_LARGE
    assert place.server.requests == []
    store.check(bundle(predicate={}) if counts == "predicate" else b"{}")


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b'{"dsseEnvelope":{"payload":"*"}}'])
def test_what_is_no_bundle_is_not_sent(place: Place, raw: bytes) -> None:
    with pytest.raises(AttestError, match="no bundle with a statement") as caught:
        place.put(raw)
    assert caught.value.code is Code.ATTEST_INVALID
    assert place.server.requests == []


def _nothing() -> Refusal:
    return Refusal(404, "Not Found")


def _visible() -> Refusal:
    """The answer to whether the repository is there."""
    return Refusal(200, "the repository")
