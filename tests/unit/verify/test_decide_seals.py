"""When a seal counts, and what a break-glass record does."""

from dataclasses import replace
from datetime import timedelta

import msgspec
import pytest

from shipseal.attest.keys import LocalKey
from shipseal.intoto.predicates import Family
from shipseal.intoto.summary import BreakGlass
from shipseal.oci import Image
from shipseal.verify.decide import decide
from shipseal.verify.policy import VerifyPolicy
from shipseal.verify.verdict import Standing
from tests.support.evidence import (
    NOW,
    POLICY_DIGEST,
    Recipe,
    as_collected,
    key,
    make_pieces,
    resigned,
    sample_image,
)
from tests.support.verdicts import OTHER_DIGEST, POLICY, failing, judge, one_failure, trust

ELSEWHERE = "https://elsewhere.test"


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Image:
    return sample_image(tmp_path_factory.mktemp("image"))[1]


def broken_glass(until: timedelta) -> Recipe:
    return Recipe(gate="fail", break_glass=BreakGlass("outage at the bank", "ada", NOW + until))


def test_break_glass_overrides_the_gate_and_is_shown(image: Image) -> None:
    verdict = judge(image, broken_glass(timedelta(days=1)))
    assert verdict.passed
    notes = {one.family: one.note for one in verdict.checks}
    assert "ada" in notes[Family.SEAL]
    assert "outage at the bank" in notes[Family.SCAN]


def test_break_glass_ends(image: Image) -> None:
    verdict = judge(image, broken_glass(timedelta(0)))
    assert ("index", Family.SEAL, Standing.TOO_OLD) in failing(verdict)
    assert ("index", Family.SCAN, Standing.REFUSED) in failing(verdict)


def test_a_policy_may_refuse_break_glass(image: Image) -> None:
    verdict = judge(image, broken_glass(timedelta(days=1)), VerifyPolicy(accept_break_glass=False))
    assert ("index", Family.SEAL, Standing.REFUSED) in failing(verdict)
    assert ("index", Family.SCAN, Standing.REFUSED) in failing(verdict)


def test_a_seal_of_a_stranger_breaks_no_glass(image: Image) -> None:
    record = BreakGlass("none", "eve", NOW + timedelta(days=1))
    recipe = Recipe(gate="fail", break_glass=record, verifier=ELSEWHERE)
    verdict = judge(image, recipe, VerifyPolicy(require=(Family.SBOM, Family.SCAN)))
    assert {(one.family, one.standing) for one in verdict.failures()} == {
        (Family.SCAN, Standing.REFUSED)
    }


def test_break_glass_overrides_only_what_it_names(image: Image) -> None:
    record = BreakGlass("outage", "ada", NOW + timedelta(days=1))
    undecided = judge(image, Recipe(gate="undecided", break_glass=record))
    assert ("index", Family.SCAN, Standing.REFUSED) in failing(undecided)
    both = replace(record, overrides=("fail", "undecided"))
    assert judge(image, Recipe(gate="undecided", break_glass=both)).passed
    # A gate that is not recorded is no answer that anybody could have overridden.
    assert not judge(image, Recipe(gate="", break_glass=both)).passed


def test_break_glass_is_about_the_scans_that_its_seal_stands_on(image: Image) -> None:
    recipe = broken_glass(timedelta(days=1))
    others = frozenset(
        {"provenance", "sbom index", *(f"sbom {one.platform}" for one in image.platforms)}
    )
    verdict = judge(image, replace(recipe, sealed=others))
    assert ("index", Family.SCAN, Standing.REFUSED) in failing(verdict)


def test_break_glass_that_a_stranger_signed_overrides_nothing(image: Image) -> None:
    """Scans that refused lie beside an image, and somebody without the key adds a seal over them."""
    pieces = make_pieces(image, key(), broken_glass(timedelta(days=1)))
    forged = resigned(pieces[-1], pieces[-1].statement, LocalKey.generate())
    verdict = decide(POLICY, [as_collected(image, (*pieces[:-1], forged))], trust(), now=NOW)
    found = {(one.family, one.standing) for one in verdict.failures()}
    assert found == {(Family.SCAN, Standing.REFUSED), (Family.SEAL, Standing.UNTRUSTED)}


def test_a_malformed_seal_breaks_no_glass_and_does_not_count(image: Image) -> None:
    pieces = make_pieces(image, key(), broken_glass(timedelta(days=1)))
    seal = pieces[-1]
    statement = msgspec.json.decode(seal.statement)
    del statement["predicate"]["timeVerified"]
    broken = resigned(seal, msgspec.json.encode(statement), key())
    verdict = decide(POLICY, [as_collected(image, (*pieces[:-1], broken))], trust(), now=NOW)
    assert {(one.family, one.standing) for one in verdict.failures()} == {
        (Family.SCAN, Standing.REFUSED),
        (Family.SEAL, Standing.UNREADABLE),
    }
    assert "timeVerified" in one_failure(verdict, Family.SEAL).got


@pytest.mark.parametrize(
    ("recipe", "policy", "standing", "match"),
    [
        (Recipe(verifier=ELSEWHERE), POLICY, Standing.REFUSED, ELSEWHERE),
        (Recipe(result="FAILED"), POLICY, Standing.REFUSED, "FAILED"),
        (
            Recipe(),
            VerifyPolicy(seal_policies=frozenset({OTHER_DIGEST})),
            Standing.REFUSED,
            POLICY_DIGEST,
        ),
        (Recipe(extra_inputs=(OTHER_DIGEST,)), POLICY, Standing.INCONSISTENT, OTHER_DIGEST),
        (Recipe(sealed=frozenset({"provenance"})), POLICY, Standing.INCONSISTENT, "a seal over"),
    ],
    ids=["verifier", "result", "policy", "names what is not there", "leaves out what counts"],
)
def test_when_a_seal_does_not_count(
    image: Image, recipe: Recipe, policy: VerifyPolicy, standing: Standing, match: str
) -> None:
    verdict = judge(image, recipe, policy)
    assert failing(verdict) == {
        (platform, Family.SEAL, standing) for platform in ("index", "linux/amd64", "linux/arm64")
    }
    assert match in one_failure(verdict, Family.SEAL).got


def test_a_seal_of_the_pinned_policy_counts(image: Image) -> None:
    policy = VerifyPolicy(seal_policies=frozenset({POLICY_DIGEST, OTHER_DIGEST}))
    assert judge(image, policy=policy).passed


def test_a_seal_must_stand_on_what_counts_and_not_on_what_does_not(image: Image) -> None:
    """A good scan that nobody sealed, beside a sealed one that failed its gate."""
    failed = make_pieces(image, key(), Recipe(gate="fail"))
    passed = [piece for piece in make_pieces(image, key()) if piece.family is Family.SCAN]
    verdict = decide(POLICY, [as_collected(image, (*failed, *passed))], trust(), now=NOW)
    assert failing(verdict) == {
        (platform, Family.SEAL, Standing.INCONSISTENT)
        for platform in ("index", "linux/amd64", "linux/arm64")
    }
    assert "a seal over the scan" in one_failure(verdict, Family.SEAL).expected


def test_a_seal_over_nothing_does_not_count(image: Image) -> None:
    """The specification lets a verifier leave its inputs out; then nothing can be followed."""
    pieces = make_pieces(image, key())
    statement = msgspec.json.decode(pieces[-1].statement)
    statement["predicate"]["inputAttestations"] = []
    empty = resigned(pieces[-1], msgspec.json.encode(statement), key())
    policy = VerifyPolicy(require=(Family.SEAL,))
    verdict = decide(policy, [as_collected(image, (*pieces[:-1], empty))], trust(), now=NOW)
    assert {one.standing for one in verdict.checks} == {Standing.INCONSISTENT}
    assert one_failure(verdict, Family.SEAL).got == "it names none"
