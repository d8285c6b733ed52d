"""Keyless evidence of a real instance, copied between real registries and carried away: what it says stays the same."""

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest

from scripts.sigstack.stack import SigstoreStack
from shipseal._internal.clock import SystemClock
from shipseal.attest.keyless_signer import KeylessSigner
from shipseal.attest.oidc_sources import FixedTokens
from shipseal.attest.sigstore_instance import instance_from_files
from shipseal.attest.web import Patience, Web
from shipseal.cli.main import main
from shipseal.errors import Exit
from shipseal.evidence.referrers_store import ReferrersStore
from shipseal.intoto.predicates import PROVENANCE_V1
from shipseal.oci import Image
from shipseal.registry.interface import Target
from tests.support import registries
from tests.support.evidence import (
    Piece,
    Recipe,
    make_pieces,
    push_image,
    put_pieces,
    sample_image,
)
from tests.support.registries import Registry
from tests.support.targets import open_repository
from tests.support.tools import need

pytestmark = pytest.mark.tools

RECIPE = Recipe(finished=datetime(2024, 1, 1, tzinfo=UTC))
Run = Callable[..., tuple[int, str]]

# Runs the words after it as shipseal does, and ends with 99 at the first event of a socket, whoever causes it.
GUARDED = """
import os, sys
def hook(event, args):
    if event.startswith("socket."):
        os.write(2, f"SOCKET: {event} {args}\\n".encode())
        os._exit(99)
sys.addaudithook(hook)
from shipseal.cli.main import main
sys.exit(main(sys.argv[1:]))
"""


@dataclass(frozen=True)
class Published:
    """A sealed image at a real registry.

    Attributes:
        name: of its repository.
        image: it.
        pieces: its evidence.
        trust: options that name instance and signer.
        target: the repository.
    """

    name: str
    image: Image
    pieces: tuple[Piece, ...]
    trust: tuple[str, ...]
    target: Target


def signed_at(stack: SigstoreStack, image: Image) -> tuple[Piece, ...]:
    """Sign all evidence of an image at an instance."""
    clock = SystemClock()
    web = Web(clock, Patience(answer=5.0, deadline=10.0))
    tokens = FixedTokens(stack.issuer.job_token(), "test", clock)
    instance = instance_from_files(stack.files.client_config, None, now=clock.now())
    try:
        return make_pieces(image, KeylessSigner(instance, tokens, web, clock), RECIPE)
    finally:
        web.close()


@pytest.fixture
def published(sigstack: SigstoreStack, tmp_path: Path) -> Iterator[Published]:
    sample, image = sample_image(tmp_path / "source", platforms=("linux/amd64",), shape="bare")
    pieces = signed_at(sigstack, image)
    trust = (
        "--trusted-root", str(sigstack.files.trusted_root),
        "--cert-oidc-issuer", sigstack.issuer.url,
        "--repo", sigstack.issuer.job.repository,
    )  # fmt: skip
    with registries.distribution(tmp_path / "registry") as registry:
        target = open_repository(registry, "org/app")
        push_image(target, sample, image, tag="1.2.3")
        put_pieces(target, pieces)
        yield Published(f"{registry.host}/org/app", image, pieces, trust, target)
        target.close()


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SHIPSEAL_CACHE", str(tmp_path / "cache"))

    def call(*words: str) -> tuple[int, str]:
        status = main(list(words))
        shown = capsys.readouterr()
        return status, shown.out + shown.err

    return call


DESTINATIONS: dict[str, Callable[[Path], contextlib.AbstractContextManager[Registry]]] = {
    "distribution 3": registries.distribution,
    "distribution 3, nothing is deleted": partial(registries.distribution, delete=False),
    "Debian's distribution 2.8": registries.debian_registry,
    "referrers API, two a page": partial(registries.referrers_registry, page_size=2),
    "crane": registries.crane_registry,
}


@pytest.mark.parametrize("kind", list(DESTINATIONS))
def test_a_copy_is_the_same_to_everybody(
    published: Published, run: Run, sigstack: SigstoreStack, tmp_path: Path, kind: str
) -> None:
    with DESTINATIONS[kind](tmp_path / "there") as registry:
        name = f"{registry.host}/mirror/app"
        target = open_repository(registry, "mirror/app")
        words = ("copy", f"{published.name}:1.2.3", f"{name}:1.2.3", *published.trust)
        status, said = run(*words, "--source-ref", "refs/heads/other")
        assert status == Exit.EVIDENCE, said
        assert target.resolve("1.2.3") is None
        status, said = run(*words, "--json")
        assert status == Exit.OK, said
        # What was refused before is there already; only the tag is new.
        assert json.loads(said)["blobs"]["sent"] == 0
        found = target.resolve("1.2.3")
        assert found is not None
        assert found.digest == published.image.digest
        there = {one.raw for one in ReferrersStore(target).find(found.digest)}
        assert there == {one.bundle for one in published.pieces}
        assert run("verify", f"{name}:1.2.3", *published.trust)[0] == Exit.OK
        assert cosign_says(name, published, sigstack) == 0
        target.close()


def cosign_says(name: str, published: Published, stack: SigstoreStack) -> int:
    command = [
        str(need("cosign")), "verify-attestation", "--type", PROVENANCE_V1,
        "--trusted-root", str(stack.files.trusted_root),
        "--certificate-oidc-issuer", stack.issuer.url,
        "--certificate-identity-regexp", f"^https://github.com/{stack.issuer.job.repository}/",
        "--use-signed-timestamps", "--allow-http-registry",
        f"{name}@{published.image.digest}",
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    return done.returncode


def test_evidence_that_a_mirror_loses_is_missed_before_the_tag_moves(
    published: Published, run: Run, tmp_path: Path
) -> None:
    """The source's own registry has lost a blob of the seal: the copy is not tagged, and says why."""
    seal = published.pieces[-1]
    hexadecimal = str(seal.digest)[7:]
    blob = tmp_path / "registry/storage/docker/registry/v2/blobs/sha256" / hexadecimal[:2]
    (blob / hexadecimal / "data").unlink()
    with registries.distribution(tmp_path / "there") as registry:
        name = f"{registry.host}/mirror/app"
        status, said = run("copy", f"{published.name}:1.2.3", f"{name}:1.2.3", *published.trust)
        assert status == Exit.EVIDENCE, said
        assert "not copied" in said
        target = open_repository(registry, "mirror/app")
        assert target.resolve("1.2.3") is None
        target.close()


@pytest.mark.parametrize("place", ["out", "out.tar"])
def test_what_is_carried_away_verifies_without_a_network(
    published: Published, run: Run, sigstack: SigstoreStack, tmp_path: Path, place: str
) -> None:
    root = ("--trusted-root", str(sigstack.files.trusted_root))
    status, said = run("evidence", "export", f"{published.name}:1.2.3", place, *root)
    assert status == Exit.OK, said
    words = ("verify", "--offline", "--from", place, f"{published.name}:1.2.3")

    def offline(*more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", GUARDED, *words, *more],
            capture_output=True, text=True, timeout=60, check=False, env=dict(os.environ),
        )  # fmt: skip

    done = offline(*published.trust)
    assert done.returncode == Exit.OK, done.stdout + done.stderr
    assert "verified: all 4 required items" in done.stdout
    carried = offline("--trust-exported-root", *published.trust[2:])
    assert carried.returncode == Exit.OK, carried.stdout + carried.stderr
    # The public root, which is believed where none is named, lists nobody of this instance.
    assert offline(*published.trust[2:]).returncode == Exit.EVIDENCE
    other = (*published.trust[:-1], "org/other")
    assert offline(*other).returncode == Exit.EVIDENCE


def test_what_was_carried_away_and_copied_on_is_the_same(
    published: Published, run: Run, tmp_path: Path
) -> None:
    """Over a layout to a second registry: nothing of it depends on where it was."""
    status, said = run("copy", f"{published.name}:1.2.3", "oci:between", *published.trust)
    assert status == Exit.OK, said
    with registries.referrers_registry(tmp_path / "there", page_size=2) as registry:
        name = f"{registry.host}/far/app"
        status, said = run("copy", "oci:between:1.2.3", name, *published.trust)
        assert status == Exit.OK, said
        target = open_repository(registry, "far/app")
        found = {one.raw for one in ReferrersStore(target).find(published.image.digest)}
        assert found == {one.bundle for one in published.pieces}
        target.close()
