"""VEX in releases: what others say takes findings out, and a release says what it ignores."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from shipseal.attest.key_signer import KeySigner
from shipseal.attest.keys import LocalKey
from shipseal.cli.main import main
from shipseal.ignores.vex.read import read_vex
from shipseal.intoto.predicates import OPENVEX
from shipseal.intoto.statement import Subject, encode_statement
from shipseal.oci import digest_of
from shipseal.oci.layout import OciLayout
from tests.support.openvex_rules import valid_openvex
from tests.support.registries import distribution
from tests.support.release_project import PASSWORD, Project
from tests.support.tools import need

CVE = "CVE-2099-0001"
PURL = "pkg:pypi/planted@1.0"
VENDOR, STRANGER = LocalKey.generate(), LocalKey.generate()
IGNORED = f"""\
ignore:
  # {CVE}: made for a test
  # Impact assessment: vulnerable_code_not_in_execute_path, nothing calls it
  # Affected component: planted
  # Tracking: https://example.org/planted/7
  # TODO: Remove when planted is replaced
  # Issue: https://example.org/own/1
  - vulnerability: {CVE}
    owner: anna
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sbom_cache: Path) -> Project:
    monkeypatch.setenv("SHIPSEAL_KEY_PASSWORD", PASSWORD)
    monkeypatch.setenv("SHIPSEAL_CACHE", str(sbom_cache))
    need("syft")
    made = Project(tmp_path / "app")
    made.build({"planted": "1.0"})
    (made.folder / "vendor.pub").write_bytes(VENDOR.public.pem())
    return made


def says(
    project: Project,
    *,
    key: LocalKey = VENDOR,
    status: str = "not_affected",
    product: str = PURL,
    about: str = "",
) -> None:
    """Write the vendor's bundle."""
    document = {
        "@context": "https://openvex.dev/ns/v0.2.0",
        "@id": "https://example.org/vex/1",
        "author": "Vendor",
        "timestamp": "2026-01-01T00:00:00Z",
        "version": 1,
        "statements": [
            {
                "vulnerability": {"name": CVE},
                "products": [{"@id": product}],
                "status": status,
                "justification": "vulnerable_code_not_present",
                "impact_statement": "planted is built without the parser",
            }
        ],
    }
    subject = Subject("vex", about or digest_of(b"the document"))  # type: ignore[arg-type]
    raw = encode_statement([subject], OPENVEX, json.dumps(document).encode())
    (project.folder / "vendor.sigstore.json").write_bytes(KeySigner(key).sign(raw).raw)


def configured(project: Project, **vex: Any) -> None:
    project.configure(vex={"documents": ["./vendor.sigstore.json"], **vex})


def statements(project: Project, predicate_type: str) -> list[dict[str, Any]]:
    """Return the signed statements of a type at the first target."""
    import base64  # noqa: PLC0415

    layout = OciLayout(project.folder / "a")
    found = []
    for path in sorted((layout.folder / "blobs" / "sha256").iterdir()):
        data = path.read_bytes()
        if b"dsseEnvelope" not in data:
            continue
        payload = json.loads(base64.b64decode(json.loads(data)["dsseEnvelope"]["payload"]))
        found += [payload] if payload["predicateType"] == predicate_type else []
    return found


def test_a_vendor_s_word_lets_a_release_pass_and_is_signed_with_the_scan(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    assert project.release() == 2
    says(project)
    configured(project, keys=["./vendor.pub"])
    assert project.release() == 0
    assert "VEX vendor.sigstore.json, signed by key " in capsys.readouterr().err
    scans = statements(project, "https://cosign.sigstore.dev/attestation/vuln/v1")
    assert len(scans) == 3
    for scan in scans:
        (said,) = scan["predicate"]["scanner"]["result"]["ignores"]
        assert said["vex"]["author"] == said["owner"] == "Vendor"
        assert said["vex"]["signer"].startswith("key ")
        assert said["reason"] == "planted is built without the parser"
    config = ("--config", str(project.folder / "shipseal.yaml"))
    assert main(["gate", "explain", "1.0.0", "--json", *config]) == 0
    kept = json.loads(capsys.readouterr().out)
    assert main(["gate", "explain", "1.0.0", "--json", "--again", *config]) == 0
    again = json.loads(capsys.readouterr().out)
    for document in (kept, again):
        assert {item["status"] for item in document["findings"]} == {"ignored"}
        assert document["vex"][0]["source"] == "vendor.sigstore.json"
        assert document["findings"][0]["ignoredBy"][0]["vex"]["status"] == "not_affected"


def test_assess_and_scan_say_the_same(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    says(project)
    configured(project, keys=["./vendor.pub"])
    assert project.release() == 0
    capsys.readouterr()
    config = ("--config", str(project.folder / "shipseal.yaml"))
    assert main(["ignore", "assess", CVE, "1.0.0", "--json", *config]) == 0
    (one,) = json.loads(capsys.readouterr().out)["ignores"]
    assert one["rule"].startswith("VEX of key ")
    assert one["state"] == "in force"
    image = f"oci:{project.folder / 'a'}"
    assert main(["scan", image, "-o", "json", *config]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [item["status"] for item in found["matches"]] == ["ignored"]


def test_what_nobody_trusted_signed_stops_a_release(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    says(project, key=STRANGER)
    configured(project, keys=["./vendor.pub"])
    assert project.release() == 3
    (project.folder / "vendor.sigstore.json").write_text(
        json.dumps({"@context": "https://openvex.dev/ns/v0.2.0", "statements": []})
    )
    capsys.readouterr()
    assert project.release() == 3
    assert "nobody signed this VEX document" in " ".join(capsys.readouterr().err.split())
    (project.folder / "vendor.sigstore.json").unlink()
    assert project.release() == 64


def test_a_vendor_s_key_signs_no_evidence_of_ours(project: Project) -> None:
    """Only ``vex:`` trusts it; and where it names nobody, the release's own key is asked for."""
    says(project)
    configured(project)
    assert project.release() == 3
    configured(project, keys=["./vendor.pub"])
    assert project.release() == 0
    reference = f"oci:{project.folder / 'a'}:1.0.0"
    assert main(["verify", reference, "--key", str(project.folder / "cosign.pub")]) == 0
    assert main(["verify", reference, "--key", str(project.folder / "vendor.pub")]) == 3


def test_a_changed_document_is_another_policy(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    says(project)
    configured(project, keys=["./vendor.pub"])
    assert project.release() == 0
    says(project, status="affected")
    assert project.release() == 2  # the same version, and it is asked again
    assert project.release("1.0.1") == 2
    assert "affected takes nothing out" in explained(project, capsys, "1.0.1")
    says(project, product="pkg:pypi/planted@9")
    assert project.release("1.0.1") == 2
    told = explained(project, capsys, "1.0.1")
    assert "the version 9 is not 1.0" in told


def explained(project: Project, capsys: pytest.CaptureFixture[str], version: str = "1.0.0") -> str:
    capsys.readouterr()
    config = ("--config", str(project.folder / "shipseal.yaml"))
    assert main(["gate", "explain", version, *config]) == 0
    return " ".join(capsys.readouterr().out.split())


def test_a_signature_about_another_image_may_be_refused(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    says(project)
    configured(project, keys=["./vendor.pub"], this_image_only=True)
    assert project.release() == 2
    assert "it is signed for" in explained(project, capsys)
    image = project.build({"planted": "1.0"})
    says(project, about=image.digest)
    assert project.release() == 0


def test_a_release_attests_its_ignores_and_verifies(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    (project.folder / ".grype.yaml").write_text(IGNORED)
    project.configure(vex={"attest": True, "author": "Example Inc."})
    assert project.release() == 0
    (statement,) = statements(project, OPENVEX)
    assert len(statement["subject"]) == 3
    document = statement["predicate"]
    valid_openvex(document)
    read = read_vex(json.dumps(document).encode(), what="vex")
    assert (read.author, len(read.statements)) == ("Example Inc.", 1)
    assert read.statements[0].justification == "vulnerable_code_not_in_execute_path"
    reference = f"oci:{project.folder / 'a'}:1.0.0"
    key = ("--key", str(project.folder / "cosign.pub"))
    assert main(["verify", reference, *key]) == 0
    assert main(["verify", reference, *key, "--type", "openvex", "--type", "scan"]) == 0
    # Again, and nothing is signed twice.
    assert project.release() == 0
    assert len(statements(project, OPENVEX)) == 1
    # What was attested can be read back, as anybody else's.
    capsys.readouterr()
    words = (
        "--fail-on",
        "critical",
        "--vex",
        "attested",
        "--db",
        str(project.folder / "advisories"),
    )
    scanned = (
        "scan",
        f"oci:{project.folder / 'a'}:1.0.0",
        "--max-age",
        "any",
        "--engine",
        "builtin",
    )
    assert main([*scanned, *words, *key, "-o", "json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)["matches"]
    assert found["status"] == "ignored"


def test_another_runner_takes_over_what_was_attested(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project.folder / ".grype.yaml").write_text(IGNORED)
    project.configure(vex={"attest": True})
    assert project.release() == 0
    before = sorted(path.name for path in (project.folder / "a" / "blobs" / "sha256").iterdir())
    monkeypatch.setenv("SHIPSEAL_STATE", str(tmp_path / "another"))
    assert project.release() == 0
    assert len(statements(project, OPENVEX)) == 1
    assert len(statements(project, "https://slsa.dev/verification_summary/v1")) == 1
    after = sorted(path.name for path in (project.folder / "a" / "blobs" / "sha256").iterdir())
    assert set(before) <= set(after)


def test_without_ignores_there_is_nothing_to_attest(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    project.build({"sample": "1.0"})
    project.configure(vex={"attest": True})
    assert project.release() == 0
    assert statements(project, OPENVEX) == []
    assert "there is no VEX to attest" in capsys.readouterr().err


@pytest.mark.tools
def test_cosign_reads_what_a_release_attests(project: Project, tmp_path: Path) -> None:
    (project.folder / ".grype.yaml").write_text(IGNORED)
    with distribution(tmp_path / "registry") as registry:
        host = registry.host
        project.targets = (f"{host}/org/app",)
        project.configure(vex={"attest": True}, registries={host: {"plain_http": True}})
        assert project.release() == 0
        done = subprocess.run(
            [
                *(str(need("cosign")), "verify-attestation", "--private-infrastructure=true"),
                *("--key", str(project.folder / "cosign.pub"), "--type", "openvex"),
                f"{host}/org/app:1.0.0",
            ],
            env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path)},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    assert "verified against the specified public key" in done.stderr
