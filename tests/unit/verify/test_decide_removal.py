"""No evidence that is taken away, in whatever combination, leaves an image that verifies."""

from collections.abc import Sequence
from itertools import combinations

import pytest

from shipseal.attest.interface import RejectedError, Trust, VerifiedStatement
from shipseal.attest.verify_bundle import KeyTrust
from shipseal.intoto.predicates import Family
from shipseal.oci import Digest, Image
from shipseal.verify.decide import decide
from shipseal.verify.policy import VerifyPolicy
from tests.support.evidence import (
    NOW,
    Piece,
    as_collected,
    key,
    make_pieces,
    placements,
    sample_image,
)

Place = tuple[str, Digest]


class Remembering(Trust):
    """Verifies each bundle once, so that thousands of combinations take a second."""

    def __init__(self, trust: Trust) -> None:
        self._trust = trust
        self._known: dict[bytes, VerifiedStatement | RejectedError] = {}

    @property
    def accepts(self) -> tuple[str, ...]:
        return self._trust.accepts

    def verify(self, bundle: bytes) -> VerifiedStatement:
        if bundle not in self._known:
            self._known[bundle] = self._trust.verify(bundle)
        answer = self._known[bundle]
        assert isinstance(answer, VerifiedStatement)
        return answer


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Image:
    return sample_image(tmp_path_factory.mktemp("image"))[1]


@pytest.fixture(scope="module")
def pieces(image: Image) -> tuple[Piece, ...]:
    return make_pieces(image, key())


@pytest.fixture(scope="module")
def trust() -> Trust:
    return Remembering(KeyTrust([key().public]))


def passes(
    image: Image, pieces: Sequence[Piece], trust: Trust, gone: Sequence[Place], policy: VerifyPolicy
) -> bool:
    collected = as_collected(image, pieces, without=gone)
    return decide(policy, [collected], trust, now=NOW).passed


def test_every_combination_of_missing_evidence_is_refused(
    image: Image, pieces: tuple[Piece, ...], trust: Trust
) -> None:
    places = placements(pieces)
    assert len(places) == 12
    policy = VerifyPolicy()
    assert passes(image, pieces, trust, (), policy)
    wrong = [
        gone
        for count in range(1, len(places) + 1)
        for gone in combinations(places, count)
        if passes(image, pieces, trust, gone, policy)
    ]
    assert wrong == []


@pytest.mark.parametrize("family", Family)
def test_what_is_required_cannot_be_missing_alone(
    image: Image, pieces: tuple[Piece, ...], trust: Trust, family: Family
) -> None:
    """Also without a seal over it, a required family is missed on each subject by itself."""
    policy = VerifyPolicy(require=(family,))
    for piece in (one for one in pieces if one.family is family):
        for subject in piece.subjects:
            gone = [(piece.name, subject.digest)]
            assert not passes(image, pieces, trust, gone, policy), (piece.name, subject.digest)


def test_a_seal_keeps_what_a_lesser_policy_does_not_ask_for(
    image: Image, pieces: tuple[Piece, ...], trust: Trust
) -> None:
    """A seal that names evidence counts only while that is there, whoever asks for it."""
    policy = VerifyPolicy(require=(Family.SEAL,))
    assert passes(image, pieces, trust, (), policy)
    for piece in pieces:
        everywhere = [(piece.name, subject.digest) for subject in piece.subjects]
        assert not passes(image, pieces, trust, everywhere, policy), piece.name
