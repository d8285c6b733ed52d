"""What a verdict is for programs and for people, and the questions for cosign."""

import shlex
from typing import Any

import jsonschema
import pytest

from shipseal.attest.verify_bundle import KeyTrust
from shipseal.checks import Status
from shipseal.errors import Code, Exit, exit_for
from shipseal.intoto.predicates import Family
from shipseal.intoto.summary import BreakGlass
from shipseal.oci import Image, digest_of
from shipseal.verify.decide import decide
from shipseal.verify.equivalent import cosign_commands
from shipseal.verify.policy import VerifyPolicy
from shipseal.verify.steps import StepOutcome
from shipseal.verify.verdict import ItemCheck, Standing, Verdict
from tests.support.evidence import NOW, Recipe, as_collected, key, make_pieces, sample_image, stored
from tests.support.schemas import check_shape, schema

DIGEST = digest_of(b"image")


def check(standing: Standing) -> ItemCheck:
    return ItemCheck(DIGEST, "index", "registry.test/app", Family.SBOM, standing, "this", "that")


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Image:
    return sample_image(tmp_path_factory.mktemp("image"))[1]


@pytest.mark.parametrize("standing", [one for one in Standing if one is not Standing.PRESENT])
def test_one_item_that_does_not_count_makes_it_negative(standing: Standing) -> None:
    """Default deny: a status that is added later is a refusal until it is said to count."""
    verdict = Verdict(DIGEST, (check(Standing.PRESENT), check(standing)))
    assert not verdict.passed
    assert verdict.exit is Exit.EVIDENCE
    assert verdict.failures() == [check(standing)]
    assert verdict.to_json()["verdict"] == "fail"


def test_all_items_that_count_make_it_positive() -> None:
    verdict = Verdict(DIGEST, (check(Standing.PRESENT),) * 2)
    assert verdict.passed
    assert verdict.exit is Exit.OK
    assert verdict.to_json()["verdict"] == "pass"


@pytest.mark.parametrize(
    ("standing", "code"),
    [
        (Standing.MISSING, Code.ATTEST_MISSING),
        (Standing.WRONG_IDENTITY, Code.IDENTITY_MISMATCH),
        (Standing.WRONG_SUBJECT, Code.WRONG_SUBJECT),
        (Standing.UNTRUSTED, Code.ATTEST_INVALID),
        (Standing.INCONSISTENT, Code.ATTEST_INVALID),
    ],
)
def test_each_refusal_has_a_code_that_ends_with_3(standing: Standing, code: Code) -> None:
    assert standing.code is code
    assert exit_for(standing.code) is Exit.EVIDENCE


def test_an_item_is_a_check_like_every_decisions() -> None:
    assert check(Standing.PRESENT).as_check().status is Status.PASS
    refused = check(Standing.MISSING).as_check()
    assert (refused.status, refused.expected, refused.got) == (Status.FAIL, "this", "that")


def valid(value: dict[str, Any]) -> None:
    check_shape(value, "verification")


def test_the_json_is_what_the_schema_says(image: Image) -> None:
    record = BreakGlass("outage", "ada", NOW.replace(year=2027))
    pieces = make_pieces(image, key(), Recipe(gate="fail", break_glass=record))
    collected = as_collected(image, [*pieces, *make_pieces(image, key(1))])
    verdict = decide(VerifyPolicy(), [collected], KeyTrust([key().public]), now=NOW)
    value = verdict.to_json(explain=True)
    valid(value)
    valid({"verifications": [value, verdict.to_json()]})
    assert "note" in value["checks"][2]
    assert {one["status"] for one in value["evidence"]} == {"present", "untrusted"}
    assert all(bool(one["signer"]) is (one["status"] == "present") for one in value["evidence"])


def test_the_json_of_an_explanation_is_what_the_schema_says(image: Image) -> None:
    pieces = make_pieces(image, key(), Recipe(gate="fail"))[:-1]
    collected = as_collected(image, [*pieces, *make_pieces(image, key(1))])
    trust = KeyTrust([key().public])
    verdict = decide(VerifyPolicy(), [collected], trust, now=NOW, explain=True)
    value = verdict.to_json(explain=True)
    valid(value)
    told = [piece for check in value["checks"] for piece in check["pieces"]]
    assert {one["status"] for one in told} == {"present", "refused", "untrusted"}
    outcomes = {step["outcome"] for one in told for step in one["steps"]}
    assert outcomes == set(StepOutcome)
    assert not any("pieces" in check for check in verdict.to_json()["checks"])
    told[0]["steps"][0]["outcome"] = "skipped"
    with pytest.raises(jsonschema.ValidationError):
        valid(value)


def test_the_schema_knows_every_status_and_family() -> None:
    parts = schema("verification")["$defs"]
    assert set(parts["status"]["enum"]) == set(Standing)
    assert parts["check"]["properties"]["family"]["enum"] == list(Family)
    assert parts["step"]["properties"]["outcome"]["enum"] == list(StepOutcome)


@pytest.mark.parametrize(
    "value",
    [
        {},
        {"verdict": "maybe", "digest": DIGEST, "checks": []},
        {"verdict": "pass", "digest": "latest", "checks": []},
        {"verdict": "pass", "digest": DIGEST, "checks": [{}]},
        {"verdict": "pass", "digest": DIGEST, "checks": [], "more": 1},
        {"verifications": []},
    ],
)
def test_the_schema_refuses_other_shapes(value: dict[str, Any]) -> None:
    with pytest.raises(jsonschema.ValidationError):
        valid(value)


def test_what_was_looked_at_says_why_it_does_not_count(image: Image) -> None:
    collected = as_collected(image, ())
    broken = stored(b"no bundle", image.digest)
    with_broken = type(collected)(collected.target, image, {image.digest: (broken,)})
    verdict = decide(VerifyPolicy(), [with_broken], KeyTrust([key().public]), now=NOW)
    (looked,) = verdict.looked_at
    assert looked.standing is Standing.UNREADABLE
    assert "not JSON" in looked.reason
    assert (looked.signer, looked.predicate_type) == ("", "")
    index = [one for one in verdict.checks if one.platform == "index"]
    assert {one.standing for one in index} == {Standing.UNREADABLE}


def test_commands_for_cosign_name_each_item_and_key_once(image: Image) -> None:
    verdict = decide(VerifyPolicy(), [as_collected(image, ())], KeyTrust([key().public]), now=NOW)
    commands = cosign_commands("registry.test/app", ["a.pub", "my key.pub"], verdict)
    assert len(commands) == len(set(commands)) == 24
    words = shlex.split(commands[1])
    assert words == [
        "cosign",
        "verify-attestation",
        "--key",
        "my key.pub",
        "--private-infrastructure=true",
        "--type",
        "slsaprovenance1",
        f"registry.test/app@{image.digest}",
    ]
