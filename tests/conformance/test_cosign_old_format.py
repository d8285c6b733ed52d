"""`shipseal verify` accepts what cosign attests, in the format of today and in that of cosign 1 and 2."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from shipseal.cli.main import main
from shipseal.errors import Exit
from shipseal.oci import Image
from tests.conformance.test_cosign_evidence import PREDICATE, cosign
from tests.support.evidence import push_image, sample_image
from tests.support.registries import distribution
from tests.support.targets import open_repository

pytestmark = pytest.mark.tools

NEW: tuple[str, ...] = ()
OLD = ("--new-bundle-format=false",)


@dataclass(frozen=True, slots=True)
class Pushed:
    """An image at a registry, and two keys of cosign's."""

    name: str
    image: Image
    folder: Path

    def attest(self, *words: str, key: str = "theirs.key") -> None:
        for subject in self.image.subjects():
            self._cosign("attest", *words, key=key, at=f"{self.name}@{subject.digest}")

    def sign(self, *words: str) -> None:
        self._cosign("sign", *words, key="theirs.key", at=f"{self.name}@{self.image.digest}")

    def _cosign(self, verb: str, *words: str, key: str, at: str) -> None:
        about = ("--type", "slsaprovenance1", "--predicate", "predicate.json")
        cosign(
            verb, "--key", key, "--use-signing-config=false", "--tlog-upload=false", "-y",
            *words, *(about if verb == "attest" else ()), at, folder=self.folder,
        )  # fmt: skip


@pytest.fixture
def pushed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Pushed]:
    monkeypatch.chdir(tmp_path)
    sample, image = sample_image(tmp_path / "image")
    (tmp_path / "predicate.json").write_text(json.dumps(PREDICATE))
    for prefix in ("theirs", "other"):
        cosign("generate-key-pair", "--output-key-prefix", prefix, folder=tmp_path)
    with distribution(tmp_path / "registry") as registry:
        target = open_repository(registry, "org/app")
        push_image(target, sample, image, tag="1")
        yield Pushed(target.name, image, tmp_path)
        target.close()


@pytest.mark.parametrize(
    ("words", "origin"), [(NEW, "referrer"), (OLD, "cosign .att tag")], ids=["new", "old"]
)
def test_what_cosign_attests_with_a_key_is_accepted(
    pushed: Pushed, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], origin: str
) -> None:
    pushed.attest(*words)
    ask = ["verify", f"{pushed.name}:1", "--type", "provenance", "--json", "--explain"]
    assert main([*ask, "--key", "theirs.pub"]) == Exit.OK
    found = json.loads(capsys.readouterr().out)["evidence"]
    assert {one["origin"] for one in found} == {origin}
    assert len(found) == len(pushed.image.subjects())
    assert main([*ask, "--key", "other.pub"]) == Exit.EVIDENCE
    checks = json.loads(capsys.readouterr().out)["checks"]
    assert {one["status"] for one in checks} == {"untrusted"}


def test_a_signature_of_cosign_is_shown_and_stands_for_nothing(
    pushed: Pushed, capsys: pytest.CaptureFixture[str]
) -> None:
    pushed.sign(*OLD)
    ask = ["verify", f"{pushed.name}:1", "--type", "provenance", "--json", "--key", "theirs.pub"]
    assert main([*ask, "--explain"]) == Exit.EVIDENCE
    verdict = json.loads(capsys.readouterr().out)
    assert {one["status"] for one in verdict["checks"]} == {"missing"}
    [shown] = verdict["evidence"]
    assert (shown["origin"], shown["status"]) == ("cosign .sig tag", "unreadable")


def test_one_good_attestation_beside_a_foreign_one_suffices(
    pushed: Pushed, capsys: pytest.CaptureFixture[str]
) -> None:
    pushed.attest(*OLD, key="other.key")
    pushed.attest(*OLD)
    ask = ["verify", f"{pushed.name}:1", "--type", "provenance", "--json", "--explain"]
    assert main([*ask, "--key", "theirs.pub"]) == Exit.OK
    found = json.loads(capsys.readouterr().out)["evidence"]
    assert sorted({one["status"] for one in found}) == ["present", "untrusted"]
