"""The verdict over one image: what makes it positive, and how every other case is told."""

from dataclasses import replace

import pytest

from shipseal.attest.verify_bundle import KeyTrust
from shipseal.errors import Code, ConfigError, Exit
from shipseal.intoto.predicates import REQUIRED, Family
from shipseal.oci import Image, Platform
from shipseal.verify.decide import decide
from shipseal.verify.policy import SubjectRule, TargetRule, VerifyPolicy
from shipseal.verify.verdict import Standing, Verdict
from tests.support.evidence import (
    NOW,
    Piece,
    as_collected,
    key,
    make_pieces,
)
from tests.support.verdicts import POLICY, failing, judge, one_failure, trust


def test_a_sealed_image_verifies_on_the_index_and_each_platform(image: Image) -> None:
    verdict = judge(image)
    assert verdict.passed
    assert verdict.exit is Exit.OK
    assert [(one.platform, one.family) for one in verdict.checks] == [
        (platform, family)
        for platform in ("index", "linux/amd64", "linux/arm64")
        for family in REQUIRED
    ]
    assert {one.got for one in verdict.checks} == {f"key {key().public.key_id}"}


def test_a_bare_image_has_one_subject(bare: Image) -> None:
    verdict = judge(bare)
    assert verdict.passed
    assert {one.platform for one in verdict.checks} == {"linux/s390x"}
    assert {one.subject for one in verdict.checks} == {bare.digest}


def test_an_image_without_evidence_misses_everything(image: Image) -> None:
    verdict = decide(POLICY, [as_collected(image, ())], trust(), now=NOW)
    assert {one.standing for one in verdict.checks} == {Standing.MISSING}
    assert len(verdict.checks) == 12
    assert verdict.exit is Exit.EVIDENCE
    check = one_failure(verdict, Family.SCAN)
    assert (check.expected, check.got) == ("a scan", "none")


def test_evidence_of_another_key_is_untrusted_and_names_both(image: Image) -> None:
    verdict = judge(image, signer=1)
    assert {one.standing for one in verdict.checks} == {Standing.UNTRUSTED}
    check = one_failure(verdict, Family.PROVENANCE)
    assert key(0).public.key_id in check.expected
    assert key(1).public.key_id in check.got


def test_one_of_several_keys_suffices(image: Image) -> None:
    collected = as_collected(image, make_pieces(image, key(1)))
    assert decide(POLICY, [collected], trust(0, 1), now=NOW).passed


def test_strangers_evidence_beside_the_right_one_changes_nothing(image: Image) -> None:
    """Whoever may push could otherwise make any image fail."""
    right, strange = make_pieces(image, key(0)), make_pieces(image, key(1))
    verdict = decide(POLICY, [as_collected(image, (*strange, *right))], trust(), now=NOW)
    assert verdict.passed
    assert {one.standing for one in verdict.looked_at} == {Standing.PRESENT, Standing.UNTRUSTED}


def test_evidence_of_another_image_is_a_wrong_subject(image: Image, bare: Image) -> None:
    pieces = tuple(
        replace(piece, subjects=bare.subjects())
        for piece in make_pieces(image, key())
        if not piece.name.endswith(("amd64", "arm64"))
    )
    verdict = decide(POLICY, [as_collected(bare, pieces)], trust(), now=NOW)
    assert {one.standing for one in verdict.checks} == {Standing.WRONG_SUBJECT}
    check = one_failure(verdict, Family.SEAL, "linux/s390x")
    assert check.expected == bare.digest
    assert image.digest in check.got


def test_only_what_is_required_is_asked_for(image: Image) -> None:
    pieces = [piece for piece in make_pieces(image, key()) if piece.family is Family.PROVENANCE]
    policy = VerifyPolicy(require=(Family.PROVENANCE,))
    assert decide(policy, [as_collected(image, pieces)], trust(), now=NOW).passed


def test_a_platform_that_is_not_listed_is_not_asked_for(image: Image) -> None:
    amd64 = Platform.parse("linux/amd64")
    pieces = make_pieces(image, key())
    without = [
        (piece.name, subject.digest)
        for piece in pieces
        for subject in piece.subjects
        if subject.digest == image.platforms[1].digest and piece.family is Family.SEAL
    ]
    collected = as_collected(image, pieces, without=without)
    assert not decide(POLICY, [collected], trust(), now=NOW).passed
    policy = VerifyPolicy(platforms=(amd64,))
    assert decide(policy, [collected], trust(), now=NOW).passed


def test_an_index_alone_may_be_all_that_is_asked_for(image: Image) -> None:
    pieces = make_pieces(image, key())
    without = [(piece.name, platform.digest) for piece in pieces for platform in image.platforms]
    collected = as_collected(image, pieces, without=without)
    policy = VerifyPolicy(require=(Family.PROVENANCE, Family.SBOM))
    assert not decide(policy, [collected], trust(), now=NOW).passed
    alone = replace(policy, subjects=SubjectRule.INDEX)
    verdict = decide(alone, [collected], trust(), now=NOW)
    assert verdict.passed
    assert {one.platform for one in verdict.checks} == {"index"}


def test_an_index_without_evidence_is_not_covered_by_its_platforms(image: Image) -> None:
    pieces = make_pieces(image, key())
    without = [(piece.name, image.digest) for piece in pieces]
    policy = VerifyPolicy(require=(Family.PROVENANCE,), subjects=SubjectRule.INDEX)
    verdict = decide(policy, [as_collected(image, pieces, without=without)], trust(), now=NOW)
    assert [one.standing for one in verdict.checks] == [Standing.MISSING]


def test_of_a_bare_image_the_manifest_is_asked_for_either_way(bare: Image) -> None:
    assert judge(bare, policy=replace(POLICY, subjects=SubjectRule.INDEX)).passed
    assert not decide(
        replace(POLICY, subjects=SubjectRule.INDEX), [as_collected(bare, ())], trust(), now=NOW
    ).passed


def test_a_platform_that_the_image_does_not_have_fails_every_family(image: Image) -> None:
    policy = VerifyPolicy(platforms=(Platform.parse("linux/amd64"), Platform.parse("linux/s390x")))
    verdict = judge(image, policy=policy)
    assert failing(verdict) == {("linux/s390x", family, Standing.MISSING) for family in REQUIRED}


def split(pieces: tuple[Piece, ...]) -> tuple[list[Piece], list[Piece]]:
    seals = [piece for piece in pieces if piece.family is Family.SEAL]
    return [piece for piece in pieces if piece.family is not Family.SEAL], seals


def test_any_target_may_hold_it_for_a_consumer_and_every_one_must_for_a_release(
    image: Image,
) -> None:
    rest, seals = split(make_pieces(image, key()))
    places = [
        as_collected(image, rest, target="one.test/app"),
        as_collected(image, seals, target="two.test/app"),
    ]
    anywhere = decide(POLICY, places, trust(), now=NOW)
    assert anywhere.passed
    assert {one.target for one in anywhere.checks if one.family is Family.SEAL} == {"two.test/app"}
    everywhere = decide(replace(POLICY, targets=TargetRule.ALL), places, trust(), now=NOW)
    assert len(everywhere.checks) == 24
    assert {(one.target, one.family) for one in everywhere.failures()} == {
        ("one.test/app", Family.SEAL),
        *(("two.test/app", family) for family in REQUIRED),
    }


def test_all_targets_complete_passes_for_a_release(image: Image) -> None:
    pieces = make_pieces(image, key())
    places = [as_collected(image, pieces, target=f"{one}.test/app") for one in ("one", "two")]
    assert decide(replace(POLICY, targets=TargetRule.ALL), places, trust(), now=NOW).passed


class _Nobody(KeyTrust):
    @property
    def accepts(self) -> tuple[str, ...]:
        return ()


@pytest.mark.parametrize(
    ("policy", "match"),
    [
        (VerifyPolicy(require=()), "nothing is required"),
        (VerifyPolicy(platforms=()), "no platform"),
        (VerifyPolicy(seal_verifiers=frozenset()), "no verifier"),
    ],
)
def test_a_policy_that_everything_would_pass_is_refused(
    image: Image, policy: VerifyPolicy, match: str
) -> None:
    with pytest.raises(ConfigError, match=match) as caught:
        judge(image, policy=policy)
    assert caught.value.code is Code.POLICY_EMPTY
    assert caught.value.exit is Exit.USAGE


def test_who_asks_for_no_seal_need_accept_no_verifier(image: Image) -> None:
    policy = VerifyPolicy(require=(Family.SBOM,), seal_verifiers=frozenset())
    assert judge(image, policy=policy).passed


def test_a_policy_that_trusts_nobody_is_refused(image: Image) -> None:
    nobody = _Nobody([key().public])
    with pytest.raises(ConfigError, match="nobody is trusted") as caught:
        decide(POLICY, [as_collected(image, ())], nobody, now=NOW)
    assert caught.value.code is Code.POLICY_EMPTY


def test_trust_in_no_key_cannot_be_made() -> None:
    with pytest.raises(ConfigError, match="no key") as caught:
        KeyTrust([])
    assert caught.value.code is Code.POLICY_EMPTY


def test_images_with_different_digests_are_not_one_question(image: Image, bare: Image) -> None:
    places = [as_collected(image, ()), as_collected(bare, ())]
    with pytest.raises(ConfigError, match="2 images") as caught:
        decide(POLICY, places, trust(), now=NOW)
    assert caught.value.code is Code.CONFIG_INVALID


def test_a_verdict_over_no_check_is_negative(image: Image) -> None:
    assert not Verdict(image.digest, ()).passed


def test_the_same_evidence_gives_the_same_bytes(image: Image) -> None:
    """What is signed twice after a crash is the same attestation."""
    assert make_pieces(image, key()) == make_pieces(image, key())


def test_only_the_listed_platforms_are_asked_for(image: Image) -> None:
    verdict = judge(image, policy=VerifyPolicy(platforms=(Platform.parse("linux/arm64"),)))
    assert {one.platform for one in verdict.checks} == {"index", "linux/arm64"}


def test_what_is_wrong_elsewhere_explains_nothing_here(image: Image) -> None:
    """A stranger's SBOM of one platform says nothing about why another one, or a scan, is missing."""
    amd64 = image.platforms[0]
    strange = [piece for piece in make_pieces(image, key(1)) if piece.name == "sbom linux/amd64"]
    verdict = decide(POLICY, [as_collected(image, strange)], trust(), now=NOW)
    standings = {(one.subject, one.family): one.standing for one in verdict.checks}
    assert standings.pop((amd64.digest, Family.SBOM)) is Standing.UNTRUSTED
    assert set(standings.values()) == {Standing.MISSING}
