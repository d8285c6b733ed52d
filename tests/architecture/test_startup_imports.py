"""`shipseal --help` is asked for at every keystroke of a completion: it imports no model, client or table."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from shipseal.attest.key_signer import KeySigner
from shipseal.intoto.statement import Subject, encode_statement
from shipseal.oci import digest_of
from tests.support.evidence import key
from tests.support.scanning import advisory, spdx_document, spdx_package

# What costs more than everything that the help needs.
HEAVY = (
    "asyncio",
    "cryptography",
    "httpx",
    "importlib.metadata",
    "jsonschema",
    "nacl",
    "requests",
    "rfc3161_client",
    "sigstore",
    "tuf",
    "msgspec",
    "packageurl",
    "pydantic",
    "rich.progress",
    "ruamel",
    "shipseal.config",
    "shipseal.registry",
    "shipseal.release",
    "shipseal.wiring",
    "tenacity",
    "zstandard",
)

_PROBE = """
import sys
sys.argv = ["shipseal", *sys.argv[1:]]
{before}
try:
    from shipseal.cli.main import run
    run()
finally:
    print("\\n".join(sys.modules), file=sys.stderr)
"""


def imported(*arguments: str, before: str = "") -> set[str]:
    """Return those heavy modules that one command line imports, in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", _PROBE.format(before=before), *arguments],
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    assert done.stdout.strip()
    loaded = set(done.stderr.splitlines())
    return {name for name in HEAVY if name in loaded}


@pytest.mark.parametrize("argument", ["--help", "--version"])
def test_the_first_answer_imports_nothing_heavy(argument: str) -> None:
    assert imported(argument) == set()


def test_this_test_can_fail() -> None:
    assert imported("--help", before="import pydantic") >= {"pydantic"}


def test_a_bundle_is_verified_with_a_key_without_models_and_clients(tmp_path: Path) -> None:
    """One bundle takes a tenth of a second; each of these would take as long again."""
    statement = encode_statement([Subject("a", digest_of(b"a"))], "https://example.test/p", {})
    (tmp_path / "key.json").write_bytes(KeySigner(key()).sign(statement).raw)
    (tmp_path / "key.pub").write_bytes(key().public.pem())
    words = ("verify", "bundle", str(tmp_path / "key.json"), "--digest", digest_of(b"a"))
    loaded = imported(*words, "--key", str(tmp_path / "key.pub"))
    assert loaded == {"cryptography", "msgspec", "shipseal.wiring"}


def test_an_sbom_is_scanned_without_models_clients_and_tables(tmp_path: Path) -> None:
    """A small SBOM takes a tenth of a second, Python included; what it does not need would take longer than that."""
    package = spdx_package("pkg:pypi/x@1")
    (tmp_path / "sbom.json").write_bytes(spdx_document([package]))
    record = advisory("P-1", "PyPI", "x", [("introduced", "0")])
    (tmp_path / "osv.json").write_text(json.dumps([record]))
    words = ("scan", f"sbom:{tmp_path / 'sbom.json'}", "--db", str(tmp_path / "osv.json"))
    for format_name in ("json", "table"):
        loaded = imported(*words, "-o", format_name)
        assert loaded == {"msgspec", "shipseal.wiring"}, format_name
