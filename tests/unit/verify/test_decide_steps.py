"""``--explain``: every check with what had to be there and what was, for what counts as for what does not."""

from dataclasses import replace
from datetime import timedelta

import pytest

from shipseal.attest.interface import Step
from shipseal.intoto.predicates import Family
from shipseal.intoto.summary import BreakGlass
from shipseal.oci import Image, Platform
from shipseal.verify.decide import decide
from shipseal.verify.explain import refused_steps
from shipseal.verify.policy import VerifyPolicy
from shipseal.verify.scene import Subject
from shipseal.verify.steps import ItemStep, StepOutcome
from shipseal.verify.verdict import ItemCheck, Standing, Verdict
from shipseal.verify.weigh import Weighed
from tests.support.evidence import (
    NOW,
    POLICY_DIGEST,
    Recipe,
    as_collected,
    key,
    make_pieces,
    stored,
)
from tests.support.verdicts import OTHER_DIGEST, POLICY, trust

MONTH = VerifyPolicy(scan_max_age=timedelta(days=30), seal_policies=frozenset({POLICY_DIGEST}))
RECORD = BreakGlass("outage", "ada", NOW + timedelta(days=1))
PASS, FAIL, NOT_MADE = StepOutcome.PASS, StepOutcome.FAIL, StepOutcome.NOT_MADE
ALL = {
    Family.PROVENANCE: ["2", "3", "4", "5", "6", "7"],
    Family.SBOM: ["2", "3", "4", "5", "6", "8", "8a", "8c"],
    Family.SCAN: ["2", "3", "4", "5", "6", "9", "9a", "9b", "9c", "10"],
    Family.SEAL: ["2", "3", "4", "5", "6", "11", "11a", "11b", "11c", "11d", "11e", "11f"],
}


def explained(
    image: Image, recipe: Recipe | None = None, policy: VerifyPolicy = POLICY, signer: int = 0
) -> Verdict:
    collected = as_collected(image, make_pieces(image, key(signer), recipe))
    return decide(policy, [collected], trust(), now=NOW, explain=True)


def item(verdict: Verdict, family: Family) -> ItemCheck:
    """Return the check of a family for the index."""
    return next(one for one in verdict.checks if (one.platform, one.family) == ("index", family))


def steps(verdict: Verdict, family: Family) -> dict[str, ItemStep]:
    return {step.number: step for step in item(verdict, family).pieces[0].steps}


def test_what_counts_has_every_check_in_the_order_in_which_it_was_made(image: Image) -> None:
    verdict = explained(image)
    assert verdict.passed
    for family, numbers in ALL.items():
        found = item(verdict, family).pieces[0].steps
        assert [step.number for step in found] == numbers
        assert {step.outcome for step in found} == {PASS}
        assert all(step.expected and step.got for step in found)


def test_only_who_asks_is_told_and_the_verdict_is_the_same(image: Image) -> None:
    for recipe in (Recipe(), Recipe(gate="fail"), Recipe(scanned=OTHER_DIGEST)):
        collected = as_collected(image, make_pieces(image, key(), recipe))
        plain = decide(POLICY, [collected], trust(), now=NOW)
        assert not any(check.pieces for check in plain.checks)
        told = decide(POLICY, [collected], trust(), now=NOW, explain=True)
        assert tuple(replace(check, pieces=()) for check in told.checks) == plain.checks


@pytest.mark.parametrize(
    ("family", "number", "expected", "got"),
    [
        (Family.PROVENANCE, "2", "evidence of sha256:", "referrer sha256:"),
        (Family.PROVENANCE, "3", "v0.1 to v0.3", "v0.3"),
        (Family.PROVENANCE, "4", "by key KEY", "KEY"),
        (Family.PROVENANCE, "5", "in-toto", "https://slsa.dev/provenance/v1"),
        (Family.PROVENANCE, "6", "sha256:", "it names this one, and 2 more"),
        (Family.PROVENANCE, "7", "can be read", "built by "),
        (Family.SBOM, "8a", "an SBOM that describes sha256:", "it describes sha256:"),
        (Family.SBOM, "8c", "the SBOM of linux/amd64: sha256:", "it lists sha256:"),
        (Family.SCAN, "9a", "the SBOM of linux/arm64: sha256:", "a scan of sha256:"),
        (Family.SCAN, "9b", "2026-05-01T12:00:00Z", "it ended at 2026-05-01T11:00:00Z"),
        (Family.SCAN, "9c", "of the last 30d", "2026-05-01T11:00:00Z, 60 minutes ago"),
        (Family.SCAN, "10", "passed its gate", "gate pass, fail on critical"),
        (Family.SEAL, "11", "can be read", "of pkg:oci/app 1.2.3, made 2026-05-01T11:30:00Z"),
        (Family.SEAL, "11a", "pkg:pypi/shipseal", "pkg:pypi/shipseal"),
        (Family.SEAL, "11b", f"policy {POLICY_DIGEST}", f"shipseal.yaml {POLICY_DIGEST}"),
        (Family.SEAL, "11c", "PASSED", "PASSED"),
        (Family.SEAL, "11d", "no break-glass record", "none"),
        (Family.SEAL, "11e", "every attestation", "7 of 7 (1 provenance, 3 sbom, 3 scan)"),
        (Family.SEAL, "11f", "what counts for index", "provenance sha256:"),
    ],
)
def test_a_check_that_held_tells_its_inputs(
    image: Image, family: Family, number: str, expected: str, got: str
) -> None:
    step = steps(explained(image, policy=MONTH), family)[number]
    # Another one in each process, and so no word for the name of a case.
    key_id = key().public.key_id
    assert step.outcome is PASS
    assert expected.replace("KEY", key_id) in step.expected
    assert got.replace("KEY", key_id) in step.got


@pytest.mark.parametrize(
    ("family", "number", "recipe", "policy", "got"),
    [
        (Family.SBOM, "8a", Recipe(sbom_subject=OTHER_DIGEST), POLICY, OTHER_DIGEST),
        (Family.SBOM, "8c", Recipe(listed=("linux/amd64",)), POLICY, "it lists sha256:"),
        (Family.SCAN, "9a", Recipe(scanned=OTHER_DIGEST), POLICY, OTHER_DIGEST),
        (Family.SCAN, "9b", Recipe(finished=NOW + timedelta(hours=1)), POLICY, "13:00:00Z"),
        (Family.SCAN, "9c", Recipe(finished=NOW - timedelta(days=40)), MONTH, "40 days ago"),
        (Family.SCAN, "10", Recipe(gate="fail"), POLICY, "gate fail, fail on critical"),
        (Family.SEAL, "11a", Recipe(verifier="https://x.test"), POLICY, "https://x.test"),
        (Family.SEAL, "11b", Recipe(policy=OTHER_DIGEST), MONTH, OTHER_DIGEST),
        (Family.SEAL, "11c", Recipe(result="FAILED"), POLICY, "FAILED"),
        (Family.SEAL, "11d", Recipe(break_glass=replace(RECORD, until=NOW)), POLICY, "ada"),
        (Family.SEAL, "11e", Recipe(extra_inputs=(OTHER_DIGEST,)), POLICY, "found are 7 of 8"),
        (Family.SEAL, "11f", Recipe(gate="fail"), POLICY, "none counts"),
    ],
)
def test_after_a_check_that_did_not_hold_none_is_made(
    image: Image, family: Family, number: str, recipe: Recipe, policy: VerifyPolicy, got: str
) -> None:
    verdict = explained(image, recipe, policy)
    check = item(verdict, family)
    told = steps(verdict, family)
    assert told[number].outcome is FAIL
    assert told[number].expected == check.expected
    assert told[number].got.startswith(check.got)
    assert got in told[number].got
    numbers = list(told)
    at = numbers.index(number)
    assert {told[one].outcome for one in numbers[:at]} == {PASS}
    assert all(told[one] == ItemStep(one, told[one].name, NOT_MADE) for one in numbers[at + 1 :])
    assert set(ALL[family]) <= set(numbers) | {"8c"}


def test_a_break_glass_record_is_told_where_it_overrides(image: Image) -> None:
    verdict = explained(image, Recipe(gate="fail", break_glass=RECORD))
    assert verdict.passed
    assert "overridden: break-glass by ada" in steps(verdict, Family.SCAN)["10"].got
    assert "outage" in steps(verdict, Family.SEAL)["11d"].got


def test_the_wrong_key_ends_it_at_the_signature(image: Image) -> None:
    told = steps(explained(image, signer=1), Family.SCAN)
    assert (told["4"].outcome, told["3"].outcome) == (FAIL, PASS)
    assert key().public.key_id in told["4"].expected
    assert key(1).public.key_id in told["4"].got
    assert [one for one, step in told.items() if step.outcome is NOT_MADE] == [
        "5",
        "6",
        "9",
        "9a",
        "9b",
        "9c",
        "10",
    ]


def test_where_there_is_nothing_nothing_was_asked(image: Image) -> None:
    platform = Platform("linux", "s390x")
    told = []
    for policy in (POLICY, replace(POLICY, platforms=(platform,))):
        verdict = decide(policy, [as_collected(image, ())], trust(), now=NOW, explain=True)
        for check in verdict.checks:
            (piece,) = check.pieces
            assert (piece.bundle, piece.steps[0].number) == (None, "2")
            assert [step.outcome for step in piece.steps[:2]] == [FAIL, NOT_MADE]
            assert {step.outcome for step in piece.steps[1:]} == {NOT_MADE}
            told.append(piece.steps[0].expected)
    assert told[-1] == "an image of linux/s390x"


def test_evidence_of_another_image_ends_at_its_subject(image: Image, bare: Image) -> None:
    wrong = stored(make_pieces(bare, key())[0].bundle, image.digest)
    collected = replace(as_collected(image, ()), evidence={image.digest: (wrong,)})
    told = steps(decide(POLICY, [collected], trust(), now=NOW, explain=True), Family.PROVENANCE)
    assert [(one, step.outcome) for one, step in told.items()][-3:] == [
        ("5", PASS),
        ("6", FAIL),
        ("7", NOT_MADE),
    ]
    assert (told["6"].expected, bare.digest in told["6"].got) == (image.digest, True)


def test_all_that_could_have_counted_is_told_the_deciding_one_first(image: Image) -> None:
    good, refused = make_pieces(image, key()), make_pieces(image, key(), Recipe(gate="fail"))
    scans = [piece for piece in refused if piece.family is Family.SCAN]
    collected = as_collected(image, (*scans, *good, *make_pieces(image, key(1))))
    check = item(decide(POLICY, [collected], trust(), now=NOW, explain=True), Family.SCAN)
    assert [one.standing for one in check.pieces] == ["present", "refused", "untrusted"]
    assert check.pieces[1].bundle in {piece.digest for piece in scans}


@pytest.mark.parametrize(
    ("numbers", "rest"),
    [
        (("3", "4", "4d"), ["5", "6", "7"]),
        (("3", "4a", "4b", "4h"), ["4i", "4j", "5", "6", "7"]),
        (("3", "4a"), ["4b", "4c", "4d", "4e", "4f", "4g", "4h", "4i", "4j", "5", "6", "7"]),
        (("3",), ["4", "5", "6", "7"]),
    ],
)
def test_how_a_certificate_signed_has_steps_of_its_own(
    image: Image, numbers: tuple[str, ...], rest: list[str]
) -> None:
    held = [Step(number, "x", "y") for number in numbers[:-1]]
    trail = (*held, Step(numbers[-1], "x", "y", held=False))
    one = Weighed("t", stored(b"", image.digest), Standing.UNTRUSTED, steps=trail)
    subject = Subject(image.digest, "index", (), True)
    told = refused_steps(one, subject, Family.PROVENANCE)
    assert [step.number for step in told if step.outcome is NOT_MADE] == rest
    assert [step.number for step in told if step.outcome is FAIL] == [numbers[-1]]
