"""``shipseal scan attested:IMAGE``: an SBOM out of a registry counts only after it was verified."""

import json
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from shipseal.attest.key_signer import KeySigner
from shipseal.cli.main import main
from shipseal.errors import Exit
from shipseal.evidence.artifact import Content
from shipseal.evidence.artifacts import put_artifact
from shipseal.intoto.predicates import SPDX_23, Family
from shipseal.intoto.statement import Subject, encode_statement
from shipseal.oci import Digest, Image, digest_of
from shipseal.oci import media_types as mt
from shipseal.registry.layout_target import LayoutTarget
from shipseal.spdx import trim
from shipseal.spdx.purl import image_purl
from tests.support.evidence import Piece, key, make_pieces, push_image, put_pieces, sample_image
from tests.support.scanning import CRITICAL_VECTOR, advisory, spdx_package

FRESH = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
RECORD = advisory(
    "PYSEC-1",
    "PyPI",
    "paramiko",
    [("introduced", "0"), ("fixed", "2.4.1")],
    severity=[{"type": "CVSS_V3", "score": CRITICAL_VECTOR}],
    modified=FRESH,
)
KEY = ("--key", "release.pub")
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SHIPSEAL_CACHE", str(tmp_path / "cache"))
    (tmp_path / "db.json").write_text(json.dumps([RECORD]))
    (tmp_path / "release.pub").write_bytes(key().public.pem())
    (tmp_path / "other.pub").write_bytes(key(1).public.pem())
    return tmp_path


@pytest.fixture
def run(home: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    def call(*words: str, source: str = "attested:oci:out:1.2.3") -> tuple[int, str, str]:
        status = main(["scan", source, "--db", "db.json", *words])
        shown = capsys.readouterr()
        return status, shown.out, shown.err

    return call


def sbom(digest: Digest, platform: Any, *, version: str = "2.4.0") -> bytes:
    """Return an SPDX document of a platform's image that lists one vulnerable package."""
    root = spdx_package("pkg:oci/app@0", name="app")
    root["SPDXID"] = "SPDXRef-root"
    root["checksums"] = [{"algorithm": "SHA256", "checksumValue": digest.partition(":")[2]}]
    root["externalRefs"][0]["referenceLocator"] = image_purl("app", digest, platform)
    root["primaryPackagePurpose"] = "CONTAINER"
    return json.dumps(
        {
            "spdxVersion": "SPDX-2.3",
            "dataLicense": "CC0-1.0",
            "SPDXID": "SPDXRef-DOCUMENT",
            "name": "app",
            "documentNamespace": f"https://spdx.test/{platform}",
            "creationInfo": {"created": "2026-05-01T00:00:00Z", "creators": ["Tool: test-1"]},
            "packages": [root, spdx_package(f"pkg:pypi/paramiko@{version}")],
            "relationships": [
                {
                    "spdxElementId": "SPDXRef-DOCUMENT",
                    "relationshipType": "DESCRIBES",
                    "relatedSpdxElement": "SPDXRef-root",
                }
            ],
        }
    ).encode()


def signed(image: Image, documents: dict[str, bytes], by: int = 0) -> list[Piece]:
    """Return an attestation of each platform's document."""
    pieces = []
    for one in image.platforms:
        statement = encode_statement(
            [Subject("app", one.digest)], SPDX_23, documents[str(one.platform)]
        )
        bundle = KeySigner(key(by)).sign(statement).raw
        pieces.append(
            Piece(
                f"sbom {one.platform}",
                Family.SBOM,
                SPDX_23,
                (one.manifest.source,),
                statement,
                bundle,
            )
        )
    return pieces


def publish(home: Path, pieces: Callable[[Image], Iterable[Piece]]) -> tuple[LayoutTarget, Image]:
    sample, image = sample_image(home / "source")
    target = LayoutTarget(home / "out")
    push_image(target, sample, image, tag="1.2.3")
    put_pieces(target, pieces(image))
    return target, image


def documents(image: Image, **members: str) -> dict[str, bytes]:
    return {str(one.platform): sbom(one.digest, one.platform, **members) for one in image.platforms}


def found(run: Run, *words: str) -> Any:
    status, out, err = run("-o", "json", *words)
    assert status == Exit.OK, out + err
    return json.loads(out)


def test_what_was_signed_is_scanned(run: Run, home: Path) -> None:
    _, image = publish(home, lambda image: signed(image, documents(image)))
    document = found(run, *KEY)
    assert document["source"]["kind"] == "attested"
    assert document["source"]["digest"] == image.digest
    assert [item["platform"] for item in document["platforms"]] == ["linux/amd64", "linux/arm64"]
    (match,) = document["matches"]
    assert match["platforms"] == ["linux/amd64", "linux/arm64"]
    assert any("SBOM, signed by" in note for note in document["notes"])


def test_the_digest_of_what_was_scanned_is_that_of_the_document(run: Run, home: Path) -> None:
    _, image = publish(home, lambda image: signed(image, documents(image)))
    first = found(run, *KEY)["platforms"][0]
    assert first["sbom"] == digest_of(documents(image)["linux/amd64"])


def test_one_platform(run: Run, home: Path) -> None:
    publish(home, lambda image: signed(image, documents(image)))
    document = found(run, *KEY, "--platform", "linux/arm64")
    assert [item["platform"] for item in document["platforms"]] == ["linux/arm64"]
    status, _, err = run(*KEY, "--platform", "linux/s390x")
    assert status == Exit.EVIDENCE
    assert "linux/s390x" in err


def test_a_gate_decides_about_it(run: Run, home: Path) -> None:
    publish(home, lambda image: signed(image, documents(image)))
    assert run(*KEY, "--fail-on", "critical")[0] == Exit.REFUSED


def test_nobody_trusted_is_a_wrong_command_line(run: Run, home: Path) -> None:
    publish(home, lambda image: signed(image, documents(image)))
    status, _, err = run()
    assert status == Exit.USAGE
    assert "policy.empty" in err


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("--key", "other.pub"), "attest."),
        (("--key", "absent.pub"), "config.invalid"),
    ],
)
def test_another_key_believes_nothing(
    run: Run, home: Path, words: tuple[str, ...], code: str
) -> None:
    publish(home, lambda image: signed(image, documents(image)))
    status, out, err = run(*words)
    assert status in (Exit.EVIDENCE, Exit.USAGE)
    assert out == ""
    assert code in err


def test_an_unsigned_image_is_refused(run: Run, home: Path) -> None:
    publish(home, lambda image: [])
    status, out, err = run(*KEY)
    assert (status, out) == (Exit.EVIDENCE, "")
    assert "error attest.missing" in err
    assert "shipseal verify --type sbom" in err


def test_an_sbom_of_another_image_is_refused(run: Run, home: Path) -> None:
    def wrong(image: Image) -> list[Piece]:
        other = digest_of(b"another image")
        return signed(
            image, {str(one.platform): sbom(other, one.platform) for one in image.platforms}
        )

    publish(home, wrong)
    status, _, err = run(*KEY)
    assert status == Exit.EVIDENCE
    assert "attest.wrong-subject" in err


def test_one_platform_without_evidence_refuses_all(run: Run, home: Path) -> None:
    publish(home, lambda image: signed(image, documents(image))[:1])
    status, _, err = run(*KEY)
    assert status == Exit.EVIDENCE
    assert "linux/arm64" in err
    assert found(run, *KEY, "--platform", "linux/amd64")["matches"]


def test_a_strangers_sbom_beside_the_right_one_is_not_taken(run: Run, home: Path) -> None:
    def both(image: Image) -> list[Piece]:
        clean = signed(image, documents(image, version="9.9.9"), by=1)
        return [*clean, *signed(image, documents(image))]

    publish(home, both)
    assert len(found(run, *KEY)["matches"]) == 1


def test_the_full_document_beside_the_image_is_preferred_to_the_trimmed_one(
    run: Run, home: Path
) -> None:
    def trimmed(image: Image) -> list[Piece]:
        full = documents(image)
        return signed(image, {name: shorter(raw) for name, raw in full.items()})

    target, image = publish(home, trimmed)
    document = found(run, *KEY)
    assert all("trimmed SBOM" in note for note in document["notes"] if "signed by" in note)
    for one in image.platforms:
        raw = documents(image)[str(one.platform)]
        content = Content.of_bytes(raw, mt.SPDX_JSON)
        put_artifact(target, one.manifest.source, content, artifact_type=mt.SPDX_JSON)
    document = found(run, *KEY)
    assert all("full SBOM" in note for note in document["notes"] if "signed by" in note)
    assert document["platforms"][0]["sbom"] == digest_of(documents(image)["linux/amd64"])


def shorter(raw: bytes) -> bytes:
    """Return the document as it is attested where it had to be made smaller."""
    padded = json.loads(raw)
    padded["packages"][1]["description"] = "x" * 4000
    whole = json.dumps(padded).encode()
    made = trim(whole, len(whole) - 1000, full_digest=digest_of(raw), what="sbom").raw
    assert made != raw
    return made


def test_a_policy_of_verify_says_who_is_trusted(run: Run, home: Path) -> None:
    publish(home, lambda image: signed(image, documents(image)))
    (home / "who.yaml").write_text("keys: [release.pub]")
    assert found(run, "--trust", "who.yaml")["matches"]
    (home / "who.yaml").write_text("keys: [other.pub]")
    assert run("--trust", "who.yaml")[0] == Exit.EVIDENCE


def test_offline_opens_no_registry(run: Run, home: Path) -> None:
    status, _, err = run(*KEY, "--offline", source="attested:registry.example.org/app:1")
    assert status == Exit.USAGE
    assert "cannot be reached with --offline" in err
    publish(home, lambda image: signed(image, documents(image)))
    assert found(run, *KEY, "--offline")["matches"]


def test_all_that_a_release_makes_is_read_too(run: Run, home: Path) -> None:
    publish(home, lambda image: make_pieces(image, key()))
    document = found(run, *KEY)
    assert document["matches"] == []
