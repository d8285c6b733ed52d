"""What a trust looked at is kept with its answer: what held, and last what did not."""

from collections.abc import Callable
from typing import Any

import pytest

from shipseal.attest.identity import Identity
from shipseal.attest.identity_trust import IdentityTrust
from shipseal.attest.interface import RejectedError
from shipseal.attest.patterns import Pattern
from shipseal.intoto.statement import Subject, encode_statement
from shipseal.oci import digest_of
from tests.support.instance import ISSUER, FakeInstance, raw_of

INSTANCE = FakeInstance()
STATEMENT = encode_statement([Subject("app", digest_of(b"app"))], "https://example.test/p", {})
OTHER = encode_statement([Subject("app", digest_of(b"evil"))], "https://example.test/p", {})
REPOSITORY = "org/app"


def trust(repository: str = REPOSITORY, instance: FakeInstance = INSTANCE) -> IdentityTrust:
    who = Identity(issuer=Pattern(ISSUER), repository=Pattern(repository))
    return IdentityTrust([who], instance.trust_root())


def test_who_signed_and_who_gave_the_time_stand_beside_the_statement() -> None:
    verified = trust().verify(raw_of(INSTANCE.attest(STATEMENT)))
    told = {step.number: step for step in verified.steps}
    assert list(told) == ["3", "4a", "4b", "4c", "4d", "4e", "4f", "4g", "4h", "4i", "5"]
    assert all(step.held and step.expected and step.got for step in verified.steps)
    assert told["4i"].expected == f"issuer {ISSUER}, repository {REPOSITORY}"
    assert told["4i"].got.startswith(f"issuer {ISSUER}, repository {REPOSITORY}, subject https://")
    # The time, and whose word it is.
    moment, _, authority = told["4c"].got.partition(" by ")
    assert moment.endswith("Z")
    assert authority
    assert ", promised at " in told["4e"].got


def without_stamp(bundle: dict[str, Any]) -> None:
    del bundle["verificationMaterial"]["timestampVerificationData"]


def of_another(bundle: dict[str, Any]) -> None:
    entries = INSTANCE.attest(OTHER)["verificationMaterial"]["tlogEntries"]
    bundle["verificationMaterial"]["tlogEntries"] = entries


def stamp_of_another(bundle: dict[str, Any]) -> None:
    stamps = INSTANCE.attest(OTHER)["verificationMaterial"]["timestampVerificationData"]
    bundle["verificationMaterial"]["timestampVerificationData"] = stamps


def of_another_type(bundle: dict[str, Any]) -> None:
    bundle["dsseEnvelope"]["payloadType"] = "text/plain"


@pytest.mark.parametrize(
    ("change", "asked", "held", "failed"),
    [
        (lambda bundle: bundle.clear(), trust(), [], "3"),
        (of_another_type, trust(), [], "3"),
        (lambda _: None, trust(instance=FakeInstance(name="foreign")), ["3"], "4a"),
        (without_stamp, trust(), ["3", "4a"], "4b"),
        (stamp_of_another, trust(), ["3", "4a", "4b"], "4c"),
        (of_another, trust(), ["3", "4a", "4b", "4c"], "4d"),
        (lambda _: None, trust("org/else"), ["3", *(f"4{one}" for one in "abcdefgh")], "4i"),
    ],
    ids=["bundle", "payload type", "issuer", "required", "timestamp", "log entry", "identity"],
)
def test_a_refusal_says_which_step_did_not_hold(
    change: Callable[[dict[str, Any]], None], asked: IdentityTrust, held: list[str], failed: str
) -> None:
    bundle = INSTANCE.attest(STATEMENT)
    change(bundle)
    with pytest.raises(RejectedError) as caught:
        asked.verify(raw_of(bundle))
    *before, last = caught.value.steps
    assert [step.number for step in before] == held
    assert (last.number, last.held) == (failed, False)
    assert last.expected
    assert last.got


def test_a_step_of_which_only_a_part_held_is_told_once() -> None:
    """The log holds the entry, and a tiled one states no time: that is one step."""
    tiled = FakeInstance(organization="sigstore.dev", tiled=True)
    bundle = tiled.attest(STATEMENT)
    without_stamp(bundle)
    with pytest.raises(RejectedError, match="nobody who is trusted says when") as caught:
        trust(instance=tiled).verify(raw_of(bundle))
    assert [step.number for step in caught.value.steps] == ["3", "4a", "4b", "4d", "4e"]
    assert [step.held for step in caught.value.steps] == [True] * 4 + [False]
