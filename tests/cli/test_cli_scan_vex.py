"""``shipseal scan --vex``: statements of others count when somebody who is trusted signed them, and say why not."""

import json
from pathlib import Path
from typing import Any

import pytest

from shipseal.attest.key_signer import KeySigner
from shipseal.attest.keys import LocalKey
from shipseal.cli.main import main
from shipseal.ignores.vex.openvex import PREDICATE_TYPE
from shipseal.intoto.statement import Subject, encode_statement
from shipseal.oci import digest_of
from tests.support.scanning import CRITICAL_VECTOR, advisory, spdx_document, spdx_package

PURL = "pkg:pypi/paramiko@2.4.0"
OURS, THEIRS = LocalKey.generate(), LocalKey.generate()


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SHIPSEAL_CACHE", str(tmp_path / "cache"))
    record = advisory(
        "CVE-2018-7750",
        "PyPI",
        "paramiko",
        [("introduced", "0"), ("fixed", "2.4.1")],
        severity=[{"type": "CVSS_V3", "score": CRITICAL_VECTOR}],
    )
    (tmp_path / "db.json").write_text(json.dumps(record))
    (tmp_path / "sbom.json").write_bytes(spdx_document([spdx_package(PURL)]))
    (tmp_path / "ours.pub").write_bytes(OURS.public.pem())
    return tmp_path


def document(*products: str) -> dict[str, Any]:
    return {
        "@context": "https://openvex.dev/ns/v0.2.0",
        "@id": "https://example.org/vex/1",
        "author": "Vendor",
        "timestamp": "2026-01-01T00:00:00Z",
        "version": 1,
        "statements": [
            {
                "vulnerability": {"name": "CVE-2018-7750"},
                "products": [{"@id": product} for product in products],
                "status": "not_affected",
                "justification": "vulnerable_code_not_present",
            }
        ],
    }


def signed(key: LocalKey, *products: str, type_: str = PREDICATE_TYPE) -> None:
    raw = json.dumps(document(*products)).encode()
    statement = encode_statement([Subject("app", digest_of(b"image"))], type_, raw)
    Path("vex.json").write_bytes(KeySigner(key).sign(statement).raw)


def scan(*words: str) -> int:
    known = ("--engine", "builtin", "--db", "db.json", "--max-age", "any", "--fail-on", "critical")
    return main(["scan", "sbom:sbom.json", *known, *words])


def test_a_statement_of_somebody_trusted_takes_the_finding_out(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert scan() == 2
    signed(OURS, PURL)
    assert scan("--vex", "vex.json", "--key", "ours.pub", "-o", "json=out.json") == 0
    (found,) = json.loads(Path("out.json").read_text())["matches"]
    assert found["status"] == "ignored"
    assert "not_affected (vulnerable_code_not_present)" in json.dumps(found)
    assert "VEX vex.json, signed by" in capsys.readouterr().err


def test_a_stranger_s_statement_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    signed(THEIRS, PURL)
    assert scan("--vex", "vex.json", "--key", "ours.pub") == 3
    capsys.readouterr()
    assert scan("--vex", "vex.json") == 3
    assert "nobody is trusted" in capsys.readouterr().err


def test_a_changed_statement_is_refused() -> None:
    signed(OURS, PURL)
    bundle = json.loads(Path("vex.json").read_text())
    payload = bundle["dsseEnvelope"]["payload"]
    bundle["dsseEnvelope"]["payload"] = payload[:-8] + "AAAA" + payload[-4:]
    Path("vex.json").write_text(json.dumps(bundle))
    assert scan("--vex", "vex.json", "--key", "ours.pub") == 3


def test_an_unsigned_file_counts_only_when_that_is_said(
    capsys: pytest.CaptureFixture[str],
) -> None:
    Path("vex.json").write_text(json.dumps(document(PURL)))
    assert scan("--vex", "vex.json") == 3
    assert "unsigned VEX can hide findings" in capsys.readouterr().err
    assert scan("--vex", "vex.json", "--accept-unsigned-vex") == 0
    assert "which nobody signed" in capsys.readouterr().err


def test_what_has_no_effect_is_listed_with_why(capsys: pytest.CaptureFixture[str]) -> None:
    signed(OURS, "pkg:pypi/paramiko@2.4.9")
    assert scan("--vex", "vex.json", "--key", "ours.pub") == 2
    said = " ".join(capsys.readouterr().out.split())
    assert "no effect" in said
    assert "the version 2.4.9 is not 2.4.0" in said
    assert scan("--vex", "vex.json", "--key", "ours.pub", "-o", "json=out.json") == 2
    (one,) = json.loads(Path("out.json").read_text())["gate"]["withoutEffect"]
    assert (one["kind"], one["cause"], one["owner"]) == ("vex", "other-version", "Vendor")
    assert one["signer"].startswith("key ")


def test_what_is_signed_and_no_vex_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    signed(OURS, PURL, type_="https://slsa.dev/provenance/v1")
    assert scan("--vex", "vex.json", "--key", "ours.pub") == 64
    assert "and no VEX" in capsys.readouterr().err


def test_without_a_gate_there_is_nothing_to_take_out() -> None:
    assert main(["scan", "sbom:sbom.json", "--vex", "vex.json"]) == 64
