"""`shipseal verify`: exit 0 only when everything that is required was verified."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from shipseal.cli.main import main
from shipseal.errors import Exit
from shipseal.intoto.summary import BreakGlass
from shipseal.oci import Image, digest_of
from shipseal.registry.factory import open_target
from shipseal.registry.interface import Target
from shipseal.registry.layout_target import LayoutTarget
from shipseal.testing.images import SampleImage
from tests.support.evidence import (
    Piece,
    Recipe,
    key,
    make_pieces,
    placements,
    push_image,
    put_pieces,
    sample_image,
)
from tests.support.schemas import check_shape

# Before any clock that a test may run under: a scan of the future means nothing.
RECIPE = Recipe(finished=datetime(2024, 1, 1, tzinfo=UTC))
ELSEWHERE = replace(RECIPE, sbom_subject=digest_of(b"another image"))
KEY = ["--key", "release.pub"]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "release.pub").write_bytes(key().public.pem())
    (tmp_path / "other.pub").write_bytes(key(1).public.pem())
    return tmp_path


def publish(
    folder: Path,
    recipe: Recipe = RECIPE,
    *,
    tag: str = "1.2.3",
    change: Callable[[Piece], Piece] | None = None,
) -> Image:
    """Put a sealed image with a tag into a layout; ``change`` is made to all its evidence."""
    sample, image = sample_image(folder.with_name(f"{folder.name}-source"))
    target = LayoutTarget(folder)
    push_image(target, sample, image, tag=tag)
    pieces = make_pieces(image, key(), recipe)
    put_pieces(target, map(change, pieces) if change else pieces)
    return image


Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(home: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    def call(*words: str) -> tuple[int, str, str]:
        status = main(["verify", *words])
        shown = capsys.readouterr()
        return status, shown.out, shown.err

    return call


def test_a_sealed_image_is_verified_and_its_digest_is_printed(home: Path, run: Run) -> None:
    image = publish(home / "out")
    status, out, err = run("oci:out:1.2.3", *KEY)
    assert status == Exit.OK, out + err
    assert f"digest {image.digest}" in out
    assert "verified: all 12 required items" in out
    assert "NOT" not in out
    assert "cosign" not in out


@pytest.mark.parametrize("reference", ["oci:out", "oci:out@{digest}", "oci:{folder}/out:1.2.3"])
def test_how_a_layout_is_named(home: Path, run: Run, reference: str) -> None:
    image = publish(home / "out")
    named = reference.format(digest=image.digest, folder=home)
    assert run(named, *KEY)[0] == Exit.OK


def test_a_folder_may_have_a_colon_in_its_name(home: Path, run: Run) -> None:
    publish(home / "out:x")
    assert run("oci:out:x", *KEY)[0] == Exit.OK
    assert run("oci:out:x:1.2.3", *KEY)[0] == Exit.OK


def test_json_has_its_schema_and_the_same_status(home: Path, run: Run) -> None:
    image = publish(home / "out")
    status, out, _ = run("oci:out", *KEY, "--json")
    answer = json.loads(out)
    check_shape(answer, "verification")
    assert status == Exit.OK
    assert (answer["verdict"], answer["digest"]) == ("pass", image.digest)
    assert len(answer["checks"]) == 12
    assert "evidence" not in answer


def test_explain_shows_all_that_was_looked_at(home: Path, run: Run) -> None:
    image = publish(home / "out")
    status, out, _ = run("oci:out", *KEY, "--explain")
    assert status == Exit.OK
    pieces = make_pieces(image, key(), RECIPE)
    assert all(piece.digest in out for piece in pieces)
    answer = json.loads(run("oci:out", *KEY, "--explain", "--json")[1])
    check_shape(answer, "verification")
    assert len(answer["evidence"]) == len(placements(pieces))


def test_the_wrong_key_verifies_nothing(home: Path, run: Run) -> None:
    publish(home / "out")
    status, out, _ = run("oci:out", "--key", "other.pub")
    assert status == Exit.EVIDENCE
    assert "NOT verified: 12 of 12" in out
    assert key(1).public.key_id[:19] in out
    assert key(1).public.key_id not in out
    assert key(1).public.key_id in run("oci:out", "--key", "other.pub", "--explain")[1]


def test_one_of_several_keys_suffices(home: Path, run: Run) -> None:
    publish(home / "out")
    assert run("oci:out", "--key", "other.pub", *KEY)[0] == Exit.OK


def test_an_image_without_evidence_is_not_verified(home: Path, run: Run) -> None:
    """The most dangerous answer of all would be 0."""
    sample_image(home / "bare")
    status, out, _ = run("oci:bare", *KEY)
    assert status == Exit.EVIDENCE
    assert "NOT verified: 12 of 12 required items do not count (attest.missing)" in out
    status, out, _ = run("oci:bare", *KEY, "--json")
    assert status == Exit.EVIDENCE
    answer = json.loads(out)
    assert answer["verdict"] == "fail"
    assert {check["status"] for check in answer["checks"]} == {"missing"}


@pytest.mark.parametrize(
    ("words", "families"),
    [
        (["--type", "slsaprovenance1"], {"provenance"}),
        (["--predicate-type", "https://slsa.dev/provenance/v1"], {"provenance"}),
        (["--type", "spdxjson", "--type", "vuln"], {"sbom", "scan"}),
        (["--type", "https://spdx.dev/Document/v2.2"], {"sbom"}),
        (["--type", "seal"], {"seal"}),
        (["--type", "sbom", "--type", "spdx"], {"sbom"}),
    ],
)
def test_types_narrow_what_is_required(
    home: Path, run: Run, words: list[str], families: set[str]
) -> None:
    publish(home / "out")
    status, out, _ = run("oci:out", *KEY, *words, "--json")
    assert status == Exit.OK
    assert {check["family"] for check in json.loads(out)["checks"]} == families


def test_an_unknown_type_is_wrong_usage(home: Path, run: Run) -> None:
    publish(home / "out")
    status, _, err = run("oci:out", *KEY, "--type", "cyclonedx")
    assert status == Exit.USAGE
    assert "provenance, sbom, scan, seal" in err


def test_who_trusts_nobody_is_told_so(home: Path, run: Run) -> None:
    publish(home / "out")
    status, out, err = run("oci:out")
    assert status == Exit.USAGE
    assert "policy.empty" in err
    assert "--key" in err
    assert out == ""
    status, out, _ = run("oci:out", "--json")
    assert json.loads(out)["error"]["code"] == "policy.empty"


@pytest.mark.parametrize(
    ("words", "status", "match"),
    [
        (["oci:nothing", *KEY], Exit.OUTSIDE, "nothing"),
        (["oci:out:9.9.9", *KEY], Exit.OUTSIDE, "no tag '9.9.9'"),
        (["oci:", *KEY], Exit.USAGE, "names no folder"),
        (["oci:out@sha256:12", *KEY], Exit.USAGE, "not a digest"),
        (["Not A Reference", *KEY], Exit.USAGE, "Not A Reference"),
        (["oci:out", "--key", "nothing.pub"], Exit.USAGE, "nothing.pub"),
        (["oci:out", *KEY, "--policy", "p.yaml", "--config", "c.yaml"], Exit.USAGE, "exclude"),
        (["oci:out", "--policy", "p.yaml"], Exit.USAGE, "no such file"),
        ([*KEY], Exit.USAGE, "REF"),
        (["127.0.0.1:1/org/app:1", *KEY], Exit.OUTSIDE, "127.0.0.1:1"),
    ],
)
def test_what_could_not_be_asked_is_no_verdict(
    home: Path, run: Run, words: list[str], status: Exit, match: str
) -> None:
    publish(home / "out")
    got, out, err = run(*words)
    assert got == status
    assert match in err
    assert "verified" not in out


def test_a_platform_alone_is_not_verified_and_the_index_covers_it(home: Path, run: Run) -> None:
    image = publish(home / "out")
    status, out, _ = run(f"oci:out@{image.platforms[0].digest}", *KEY)
    assert status == Exit.EVIDENCE, out
    assert "NOT verified" in out
    assert "inconsistent" in out
    assert run(f"oci:out@{image.digest}", *KEY)[0] == Exit.OK
    platform = image.platforms[0].platform
    (home / "policy.yaml").write_text(f"keys: [release.pub]\nplatforms: [{platform}]\n")
    assert run(f"oci:out@{image.digest}", "--policy", "policy.yaml")[0] == Exit.OK


def test_the_index_alone_is_asked_for_by_flag_and_by_policy(home: Path, run: Run) -> None:
    image = publish(home / "out")
    status, out, _ = run(f"oci:out@{image.digest}", *KEY, "--index-only")
    assert status == Exit.OK, out
    assert "linux/" not in out.partition("cosign")[0]
    (home / "policy.yaml").write_text("keys: [release.pub]\nsubjects: index\n")
    status, by_policy, _ = run(f"oci:out@{image.digest}", "--policy", "policy.yaml")
    assert (status, by_policy) == (Exit.OK, out)


@pytest.mark.parametrize("damage", [b"", b"{", b"not what its digest says"])
def test_a_damaged_layout_is_no_layout_and_altered_content_is_no_evidence(
    home: Path, run: Run, damage: bytes
) -> None:
    image = publish(home / "out")
    (home / "out" / "blobs" / "sha256" / image.digest.partition(":")[2]).write_bytes(damage)
    status, out, err = run("oci:out:1.2.3", *KEY)
    assert status == Exit.EVIDENCE, out + err
    assert "image.digest-mismatch" in err
    (home / "out" / "index.json").write_bytes(damage)
    status, out, err = run("oci:out:1.2.3", *KEY)
    assert status == Exit.REFUSED, out + err
    assert "image.format-unsupported" in err


def test_a_password_in_a_reference_is_not_repeated(home: Path, run: Run) -> None:
    assert home.is_dir()
    for more in ([], ["--json"]):
        status, out, err = run("user:hunter2@host.example/app", *KEY, *more)
        assert status == Exit.USAGE
        assert "it is not shown" in out + err
        assert "hunter2" not in out + err


def test_the_private_key_is_not_taken_for_a_public_one(home: Path, run: Run) -> None:
    publish(home / "out")
    (home / "release.pub").write_text("-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\n")
    status, _, err = run("oci:out", *KEY)
    assert status == Exit.USAGE
    assert "expected a public one" in err


CONFIG = """\
image: app
build: {builder: prebuilt, layout: ./image}
targets: ["oci:out"]
sign: {mode: key, key: ./release.key}
"""


def test_the_verify_part_of_a_configuration_is_a_policy(home: Path, run: Run) -> None:
    publish(home / "out")
    (home / "shipseal.yaml").write_text(
        CONFIG + "verify: {keys: [release.pub], require: [provenance], platforms: [linux/amd64]}\n"
    )
    status, out, err = run("oci:out", "--config", "shipseal.yaml", "--json")
    assert status == Exit.OK, err
    answer = json.loads(out)
    assert [(one["platform"], one["family"]) for one in answer["checks"]] == [
        ("index", "provenance"),
        ("linux/amd64", "provenance"),
    ]
    status, out, _ = run("oci:out", "--config", "shipseal.yaml", "--key", "other.pub")
    assert status == Exit.EVIDENCE


def test_the_public_half_beside_the_signing_key_is_the_default(home: Path, run: Run) -> None:
    publish(home / "out")
    (home / "shipseal.yaml").write_text(CONFIG)
    assert run("oci:out", "--config", "shipseal.yaml")[0] == Exit.OK
    (home / "release.pub").unlink()
    status, _, err = run("oci:out", "--config", "shipseal.yaml")
    assert status == Exit.USAGE
    assert "nobody is trusted" in err


def test_a_policy_may_stand_alone(home: Path, run: Run) -> None:
    publish(home / "out")
    (home / "policy.yaml").write_text("keys: [release.pub]\nscan_max_age: 30d\n")
    status, out, _ = run("oci:out", "--policy", "policy.yaml", "--json")
    assert status == Exit.EVIDENCE
    found = {(one["family"], one["status"]) for one in json.loads(out)["checks"]}
    assert ("scan", "too-old") in found
    (home / "policy.yaml").write_text("keys: [release.pub]\n")
    assert run("oci:out", "--policy", "policy.yaml")[0] == Exit.OK


def test_a_platform_that_a_policy_requires_and_the_image_lacks(home: Path, run: Run) -> None:
    publish(home / "out")
    (home / "policy.yaml").write_text("keys: [release.pub]\nplatforms: [linux/s390x]\n")
    status, out, _ = run("oci:out", "--policy", "policy.yaml")
    assert status == Exit.EVIDENCE
    assert "linux/s390x" in out


def empty(folder: Path) -> tuple[SampleImage, Image]:
    sample, image = sample_image(folder.with_name(f"{folder.name}-source"))
    push_image(LayoutTarget(folder), sample, image, tag="1.2.3")
    return sample, image


def test_places_of_one_digest_are_one_question(home: Path, run: Run) -> None:
    publish(home / "out")
    empty(home / "copy")
    status, out, _ = run("oci:out", "oci:copy", *KEY, "--json")
    assert status == Exit.OK
    assert {one["target"] for one in json.loads(out)["checks"]} == {"oci:out"}
    (home / "policy.yaml").write_text("keys: [release.pub]\ntargets: all\n")
    status, out, _ = run("oci:out", "oci:copy", "--policy", "policy.yaml")
    assert status == Exit.EVIDENCE
    assert "NOT verified: 12 of 24" in out


def test_what_several_references_lie_at_is_opened_once(
    home: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = publish(home / "out")
    opened: list[str] = []

    def counted(name: str, **words: Any) -> Target:
        opened.append(name)
        return open_target(name, **words)

    monkeypatch.setattr("shipseal.cli.verify_places.open_target", counted)
    assert run("oci:out", f"oci:out@{image.digest}", *KEY)[0] == Exit.OK
    assert opened == ["oci:out"]


def test_images_of_two_digests_are_two_questions(home: Path, run: Run) -> None:
    good = publish(home / "out")
    sample_image(home / "bare", platforms=("linux/s390x",))
    status, out, _ = run("oci:out", "oci:bare", *KEY, "--json")
    answer = json.loads(out)
    check_shape(answer, "verification")
    assert status == Exit.EVIDENCE
    verdicts = {one["digest"]: one["verdict"] for one in answer["verifications"]}
    assert verdicts[good.digest] == "pass"
    assert set(verdicts.values()) == {"pass", "fail"}


def test_a_tampered_blob_is_no_pass(home: Path, run: Run) -> None:
    image = publish(home / "out")
    scan = next(piece for piece in make_pieces(image, key(), RECIPE) if piece.name == "scan index")
    path = home / "out" / "blobs" / scan.digest.replace(":", "/")
    path.write_bytes(path.read_bytes().replace(b"a", b"b", 1))
    status, out, _ = run("oci:out", *KEY)
    assert status == Exit.EVIDENCE
    assert "unreadable" in out


def with_certificate(piece: Piece) -> Piece:
    bundle = json.loads(piece.bundle)
    bundle["verificationMaterial"] = {"certificate": {"rawBytes": "AAAA"}}
    return replace(piece, bundle=json.dumps(bundle).encode())


@pytest.mark.parametrize(
    ("recipe", "change", "signer", "status", "code"),
    [
        (RECIPE, None, "other.pub", "untrusted", "attest.invalid"),
        (RECIPE, with_certificate, "release.pub", "wrong-identity", "attest.identity-mismatch"),
        (ELSEWHERE, None, "release.pub", "wrong-subject", "attest.wrong-subject"),
    ],
)
def test_every_refusal_has_its_code(
    home: Path,
    run: Run,
    recipe: Recipe,
    change: Callable[[Piece], Piece] | None,
    signer: str,
    status: str,
    code: str,
) -> None:
    publish(home / "out", recipe, change=change)
    words = ["oci:out", "--key", signer, "--type", "sbom"]
    got, out, _ = run(*words)
    assert got == Exit.EVIDENCE
    assert f"NOT verified: 3 of 3 required items do not count ({code})" in out
    got, out, _ = run(*words, "--json")
    assert got == Exit.EVIDENCE
    assert {check["status"] for check in json.loads(out)["checks"]} == {status}


def test_break_glass_is_shown(home: Path, run: Run) -> None:
    until = datetime(2999, 1, 1, tzinfo=UTC)
    publish(
        home / "out",
        Recipe(
            finished=RECIPE.finished, gate="fail", break_glass=BreakGlass("outage", "ada", until)
        ),
    )
    status, out, _ = run("oci:out", *KEY)
    assert status == Exit.OK
    assert "note: break-glass by ada until 2999-01-01T00:00:00Z: outage" in out
