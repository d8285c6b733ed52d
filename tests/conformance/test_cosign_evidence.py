"""cosign accepts what is signed here, at every kind of registry, and what cosign signs is accepted here."""

import contextlib
import json
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from shipseal.attest.key_files import load_private_key, load_public_key, write_key_pair
from shipseal.attest.keys import LocalKey, Private
from shipseal.attest.verify_bundle import KeyTrust
from shipseal.cli.main import main
from shipseal.errors import Exit
from shipseal.evidence.collect import collect
from shipseal.intoto.predicates import Family
from shipseal.oci import Image, digest_of
from shipseal.registry.interface import Target
from shipseal.verify.decide import decide
from shipseal.verify.equivalent import cosign_commands
from shipseal.verify.policy import VerifyPolicy
from shipseal.verify.verdict import Standing
from tests.support.evidence import (
    NOW,
    PASSWORD,
    Piece,
    Recipe,
    key,
    make_pieces,
    push_image,
    put_pieces,
    sample_image,
)
from tests.support.registries import referrers_registry
from tests.support.targets import KINDS, Kind, Opener, open_repository
from tests.support.tools import need

pytestmark = pytest.mark.tools


@contextlib.contextmanager
def _in_one_page(folder: Path) -> Iterator[Opener]:
    """The referrers API without pages: cosign 3.1 reads the first page only."""
    with referrers_registry(folder) as registry:
        yield lambda name: open_repository(registry, name)


PLAIN = [
    *(kind for kind in KINDS if kind.name in {"distribution-3", "debian-2.8", "crane-serve"}),
    Kind("referrers-api", _in_one_page),
]
PREDICATE = {
    "buildDefinition": {"buildType": "https://example.test/build", "externalParameters": {}},
    "runDetails": {"builder": {"id": "https://example.test/builder"}},
}


def cosign(*words: str, folder: Path, ok: bool = True) -> str:
    """Run cosign without any network but loopback and return what it prints."""
    done = subprocess.run(
        [str(need("cosign")), *words],
        cwd=folder,
        env={"PATH": "/usr/bin:/bin", "HOME": str(folder), "COSIGN_PASSWORD": PASSWORD},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode == 0) is ok, done.stderr
    return done.stdout + done.stderr


@dataclass(frozen=True, slots=True)
class Sealed:
    """A sealed image at a registry."""

    target: Target
    image: Image
    pieces: tuple[Piece, ...]
    folder: Path


@pytest.fixture(scope="module", params=PLAIN, ids=lambda kind: kind.name)
def sealed(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Sealed]:
    kind: Kind = request.param
    folder = tmp_path_factory.mktemp("cosign")
    sample, image = sample_image(folder / "image")
    pieces = make_pieces(image, key(), Recipe(finished=datetime(2024, 1, 1, tzinfo=UTC)))
    (folder / "release.pub").write_bytes(key().public.pem())
    (folder / "other.pub").write_bytes(key(1).public.pem())
    with kind.serve(folder / "registry") as opener:
        target = opener("org/app")
        push_image(target, sample, image, tag="1.2.3")
        put_pieces(target, pieces)
        yield Sealed(target, image, pieces, folder)
        target.close()


def test_cosign_accepts_every_item_by_the_commands_that_are_printed(sealed: Sealed) -> None:
    found = collect(sealed.target, sealed.image.digest)
    verdict = decide(VerifyPolicy(), [found], KeyTrust([key().public]), now=NOW)
    assert verdict.passed
    commands = cosign_commands(sealed.target.name, ["release.pub"], verdict)
    assert len(commands) == 12
    for command in commands:
        printed = cosign(*command.split()[1:], folder=sealed.folder)
        assert "The signatures were verified against the specified public key" in printed
    assert {command.split()[6] for command in commands} == {
        "slsaprovenance1",
        "https://spdx.dev/Document/v2.3",
        "vuln",
        "https://slsa.dev/verification_summary/v1",
    }


def test_the_command_line_verifies_a_registry_and_prints_what_to_ask_of_cosign(
    sealed: Sealed, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(sealed.folder)
    reference = f"{sealed.target.name}:1.2.3"
    assert main(["verify", reference, "--key", "release.pub"]) == Exit.OK
    printed = capsys.readouterr().out
    assert f"digest {sealed.image.digest}" in printed
    commands = [line.strip() for line in printed.splitlines() if line.startswith("  cosign ")]
    assert len(commands) == 4, "of what was named"
    assert f"{sealed.target.name}@{sealed.image.digest}" in commands[-1]
    assert main(["verify", reference, "--key", "release.pub", "--explain"]) == Exit.OK
    assert capsys.readouterr().out.count("\n  cosign verify-attestation ") == 12
    assert main(["verify", reference, "--key", "other.pub"]) == Exit.EVIDENCE
    assert main(["verify", f"{sealed.target.name}:2", "--key", "release.pub"]) == Exit.OUTSIDE
    assert "there is no tag '2'" in capsys.readouterr().err


def test_cosign_refuses_another_key_and_what_is_not_there(sealed: Sealed) -> None:
    name = f"{sealed.target.name}@{sealed.image.digest}"
    common = ("verify-attestation", "--private-infrastructure=true")
    provenance = ("--type", "slsaprovenance1", name)
    refused = cosign(*common, "--key", "other.pub", *provenance, folder=sealed.folder, ok=False)
    assert "no matching attestations" in refused or "accepted signatures do not match" in refused
    absent = (*common, "--key", "release.pub", "--type", "cyclonedx", name)
    assert "predicate type" in cosign(*absent, folder=sealed.folder, ok=False)


def test_what_cosign_attests_is_accepted_here(sealed: Sealed) -> None:
    """Its key, its bundle, its manifest, at the platform's own digest."""
    folder, subject = sealed.folder, sealed.image.platforms[0].digest
    cosign("generate-key-pair", "--output-key-prefix", "theirs", folder=folder)
    (folder / "predicate.json").write_text(json.dumps(PREDICATE))
    cosign(
        "attest", "--key", "theirs.key", "--use-signing-config=false", "--tlog-upload=false",
        "--type", "slsaprovenance1", "--predicate", "predicate.json", "-y",
        f"{sealed.target.name}@{subject}", folder=folder,
    )  # fmt: skip
    theirs = KeyTrust([load_public_key((folder / "theirs.pub").read_bytes(), what="theirs.pub")])
    policy = VerifyPolicy(require=(Family.PROVENANCE,))
    verdict = decide(policy, [collect(sealed.target, sealed.image.digest)], theirs, now=NOW)
    standings = {check.subject: check.standing for check in verdict.checks}
    assert standings.pop(subject) is Standing.PRESENT
    assert set(standings.values()) == {Standing.UNTRUSTED}


def test_putting_evidence_again_beside_cosigns_stores_nothing(sealed: Sealed) -> None:
    before = {
        subject.digest: len(sealed.target.referrers(subject.digest))
        for subject in sealed.image.subjects()
    }
    put_pieces(sealed.target, sealed.pieces)
    for digest, count in before.items():
        assert len(sealed.target.referrers(digest)) == count


@pytest.mark.parametrize("kind", ["ours", "p384", "p521", "ed25519", "rsa"])
def test_keys_and_bundles_of_both_are_read_by_both(tmp_path: Path, kind: str) -> None:
    """A key that cosign imported signs here and there; each side accepts the other's bundle."""
    sample, image = sample_image(tmp_path / "image", platforms=("linux/amd64",))
    if kind == "ours":
        write_key_pair(LocalKey.generate(), tmp_path / "k", PASSWORD)
    else:
        _imported(kind, tmp_path)
    mine = load_private_key((tmp_path / "k.key").read_bytes(), what="k", password=lambda: PASSWORD)
    pem = cosign("public-key", "--key", "k.key", folder=tmp_path)
    assert load_public_key(pem.encode(), what="k.pub") == mine.public

    (tmp_path / "manifest.json").write_bytes(image.root.raw)
    piece = make_pieces(image, mine)[0]
    (tmp_path / "ours.json").write_bytes(piece.bundle)
    verify = (
        "verify-blob-attestation", "--key", "k.pub", "--private-infrastructure=true",
        "--type", "slsaprovenance1", "manifest.json", "--bundle",
    )  # fmt: skip
    assert "Verified OK" in cosign(*verify, "ours.json", folder=tmp_path)

    (tmp_path / "predicate.json").write_text(json.dumps(PREDICATE))
    cosign(
        "attest-blob", "--key", "k.key", "--use-signing-config=false", "--tlog-upload=false",
        "--type", "slsaprovenance1", "--predicate", "predicate.json", "--bundle", "theirs.json",
        "-y", "manifest.json", folder=tmp_path,
    )  # fmt: skip
    theirs = KeyTrust([mine.public]).verify((tmp_path / "theirs.json").read_bytes())
    assert theirs.statement.covers(digest_of(image.root.raw))
    assert sample.digest == image.digest


def _imported(kind: str, folder: Path) -> None:
    makers: dict[str, Callable[[], Private]] = {
        "p384": lambda: ec.generate_private_key(ec.SECP384R1()),
        "p521": lambda: ec.generate_private_key(ec.SECP521R1()),
        "ed25519": ed25519.Ed25519PrivateKey.generate,
        "rsa": lambda: rsa.generate_private_key(65537, 2048),
    }
    plain = makers[kind]().private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    (folder / "plain.pem").write_bytes(plain)
    cosign("import-key-pair", "--key", "plain.pem", "--output-key-prefix", "k", folder=folder)
