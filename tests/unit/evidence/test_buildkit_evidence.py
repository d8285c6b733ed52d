"""BuildKit's attestations: shown for the platform that they are about, signed by nobody, never counted."""

from pathlib import Path

import pytest

from shipseal._internal.limits import Limit
from shipseal.attest.verify_bundle import KeyTrust
from shipseal.errors import Code, Exit
from shipseal.evidence import buildkit
from shipseal.evidence.buildkit import unsigned_attestations
from shipseal.evidence.collect import collect
from shipseal.evidence.interface import Origin
from shipseal.intoto.predicates import Family
from shipseal.oci import Image
from shipseal.oci.load import load_image
from shipseal.registry.layout_target import LayoutTarget
from shipseal.testing.images import build_layout
from shipseal.verify.decide import decide
from shipseal.verify.policy import VerifyPolicy
from shipseal.verify.verdict import Standing
from tests.support.evidence import NOW, key


def built(folder: Path, *, attestations: bool = True) -> tuple[LayoutTarget, Image]:
    sample = build_layout(
        folder, platforms=("linux/amd64", "linux/arm64"), attestations=attestations, ref="1"
    )
    target = LayoutTarget(folder)
    return target, load_image(target, sample.digest)


def test_each_platform_has_its_own(tmp_path: Path) -> None:
    target, image = built(tmp_path)
    found = unsigned_attestations(target, image)
    assert set(found) == {one.digest for one in image.platforms}
    for several in found.values():
        for one in several:
            assert (one.origin, one.signed, one.raw) == (Origin.BUILDKIT, False, b"")
            assert one.claims.startswith("https://")
            assert one.problem == "made during the build, and signed by nobody"


def test_an_image_without_them_has_none(tmp_path: Path) -> None:
    assert unsigned_attestations(*built(tmp_path, attestations=False)) == {}


def test_they_are_shown_and_never_counted(tmp_path: Path) -> None:
    target, image = built(tmp_path)
    collected = collect(target, image.digest)
    families = (Family.PROVENANCE, Family.SBOM)
    verdict = decide(VerifyPolicy(require=families), [collected], KeyTrust([key().public]), now=NOW)
    assert verdict.exit is Exit.EVIDENCE
    standings = {(one.platform, one.family): one.standing for one in verdict.checks}
    claimed = {one.predicate_type for one in verdict.looked_at}
    assert claimed
    assert set(standings.values()) <= {Standing.MISSING, Standing.UNSIGNED}
    assert {one.standing for one in verdict.looked_at} == {Standing.UNSIGNED}
    assert {one.standing.code for one in verdict.checks} == {Code.ATTEST_MISSING}


def test_what_is_large_is_told_by_its_label(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target, image = built(tmp_path)
    read = unsigned_attestations(target, image)
    monkeypatch.setattr(buildkit, "MANIFEST", Limit("manifest", 1, "of the test"))
    labelled = unsigned_attestations(target, image)
    layers = {layer.digest: layer.annotations for one in image.extras for layer in one.layers}
    for several in labelled.values():
        for one in several:
            assert one.claims == layers[one.digest].get("in-toto.io/predicate-type", "")
    assert {len(several) for several in read.values()} == {
        len(several) for several in labelled.values()
    }
