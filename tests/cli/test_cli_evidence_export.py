"""`shipseal evidence export` and `shipseal verify --offline --from`: a verdict without a network, for real."""

import json
import os
import subprocess
import sys
import tarfile
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest

from shipseal.attest.trust_root_source import embedded_root
from shipseal.cli.main import main
from shipseal.config.load import load_policy
from shipseal.errors import Exit
from shipseal.evidence.artifact import Content
from shipseal.evidence.artifacts import put_artifact
from shipseal.evidence.folder_store import FolderStore
from shipseal.intoto.predicates import PROVENANCE_V1
from shipseal.oci import Image, digest_of
from shipseal.oci import media_types as mt
from shipseal.oci.load import image_blobs
from shipseal.registry.layout_target import LayoutTarget
from tests.support.evidence import Recipe, key, make_pieces, push_image, put_pieces, sample_image
from tests.support.schemas import check_shape
from tests.support.tools import need

RECIPE = Recipe(finished=datetime(2024, 1, 1, tzinfo=UTC))
KEY = ("--key", "release.pub")
OFFLINE = ("verify", "--offline", "--from")

Run = Callable[..., tuple[int, str, str]]

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


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SHIPSEAL_CACHE", str(tmp_path / "cache"))
    (tmp_path / "release.pub").write_bytes(key().public.pem())
    (tmp_path / "other.pub").write_bytes(key(1).public.pem())

    def call(*words: str) -> tuple[int, str, str]:
        status = main(list(words))
        shown = capsys.readouterr()
        return status, shown.out, shown.err

    return call


@pytest.fixture
def image(tmp_path: Path, run: Run) -> Image:
    """A sealed image in a layout, with an SBOM document of each platform beside it."""
    sample, image = sample_image(tmp_path / "source")
    target = LayoutTarget(tmp_path / "in")
    push_image(target, sample, image, tag="1.2.3")
    put_pieces(target, make_pieces(image, key(), RECIPE))
    for one in image.platforms:
        document = Content.of_bytes(f'"SBOM of {one.platform}"'.encode(), mt.SPDX_JSON)
        put_artifact(target, one.manifest.source, document, artifact_type=mt.SPDX_JSON)
    return image


def test_an_export_verifies_by_tag_and_by_digest(image: Image, run: Run, tmp_path: Path) -> None:
    status, out, err = run("evidence", "export", "oci:in:1.2.3", "out", *KEY, "--json")
    assert status == Exit.OK, out + err
    told = json.loads(out)
    check_shape(told, "evidence-export")
    check_shape(json.loads((tmp_path / "out" / "export.json").read_text()), "evidence-export")
    assert (told["digest"], told["tag"], len(told["documents"])) == (image.digest, "1.2.3", 2)
    _, out, _ = run("evidence", "export", "oci:in:1.2.3", "out", *KEY, "--force")
    last = f"  shipseal verify --offline --from out oci:in@{image.digest} --policy POLICY.yaml"
    assert out.splitlines()[-1] == last
    status, out, err = run(*OFFLINE, "out", "oci:in:1.2.3", *KEY)
    assert status == Exit.OK, out + err
    assert f"oci:in:1.2.3 named {image.digest} by the word of the export" in out
    assert "verified: all 12 required items" in out
    status, out, _ = run(*OFFLINE, "out", f"mirror.test/app@{image.digest}", *KEY, "--json")
    answer = json.loads(out)
    check_shape(answer, "verification")
    assert (status, answer["export"]["digestFrom"]) == (Exit.OK, "reference")


def test_it_holds_no_layers_and_is_the_same_each_time(
    image: Image, run: Run, tmp_path: Path
) -> None:
    for name in ("one.tar", "two.tar", "three"):
        assert run("evidence", "export", "oci:in:1.2.3", name, *KEY)[0] == Exit.OK
    assert (tmp_path / "one.tar").read_bytes() == (tmp_path / "two.tar").read_bytes()
    configs = {one.manifest.config.digest for one in image.platforms}
    layers = {blob.digest for blob in image_blobs(image)} - configs
    assert layers
    blobs = {f"sha256:{path.name}" for path in (tmp_path / "three" / "blobs" / "sha256").iterdir()}
    assert configs <= blobs
    assert not layers & blobs
    assert {digest_of(p.read_bytes()) for p in (tmp_path / "three/blobs/sha256").iterdir()} == blobs
    with tarfile.open(tmp_path / "one.tar") as archive:
        members = archive.getmembers()
    assert [one.name for one in members] == sorted(one.name for one in members)
    assert {one.name for one in members} == {
        str(path.relative_to(tmp_path / "three"))
        for path in (tmp_path / "three").rglob("*")
        if path.is_file()
    }
    assert not any(".lock" in one.name for one in members)
    assert run(*OFFLINE, "one.tar", "oci:in:1.2.3", *KEY)[0] == Exit.OK


def test_nothing_is_written_over_but_an_earlier_export(
    image: Image, run: Run, tmp_path: Path
) -> None:
    words = ("evidence", "export", "oci:in:1.2.3")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    (tmp_path / "mine.tar").write_text("no tar")
    (tmp_path / "empty").mkdir()
    assert run(*words, "empty", *KEY)[0] == Exit.OK
    for place in ("mine", "mine.tar", "in", "new.tar.gz"):
        assert run(*words, place, *KEY, "--force")[0] == Exit.USAGE, place
    assert (tmp_path / "mine" / "thesis.txt").read_text() == "years of work"
    for place in ("out", "out.tar"):
        assert run(*words, place, *KEY)[0] == Exit.OK
        assert run(*words, place, *KEY)[0] == Exit.USAGE
        assert run(*words, place, *KEY, "--force")[0] == Exit.OK
    assert not [path for path in tmp_path.iterdir() if path.name.startswith("shipseal-")]


def test_an_export_that_fails_leaves_nothing(image: Image, run: Run, tmp_path: Path) -> None:
    (tmp_path / "in" / "blobs" / "sha256" / str(image.platforms[0].digest)[7:]).unlink()
    status, _, _ = run("evidence", "export", "oci:in:1.2.3", "out", *KEY)
    assert status != Exit.OK
    assert not (tmp_path / "out").exists()
    assert not [path for path in tmp_path.iterdir() if path.name.startswith("shipseal-")]


def test_bundles_of_other_stores_go_along(run: Run, tmp_path: Path) -> None:
    sample, image = sample_image(tmp_path / "source")
    push_image(LayoutTarget(tmp_path / "in"), sample, image, tag="1.2.3")
    store = FolderStore(tmp_path / "store")
    for piece in make_pieces(image, key(), RECIPE):
        for subject in piece.subjects:
            store.put(subject, piece.bundle, predicate_type=piece.predicate_type)
    words = ("evidence", "export", "oci:in:1.2.3", "out", "--store", "store", *KEY)
    assert run(*words)[0] == Exit.OK
    assert run(*OFFLINE, "out", "oci:in:1.2.3", *KEY)[0] == Exit.OK
    record = json.loads((tmp_path / "out" / "export.json").read_text())
    assert {one["store"] for one in record["evidence"]} == {"store"}


def test_the_exported_policy_is_used_only_when_it_is_named(
    image: Image, run: Run, tmp_path: Path
) -> None:
    (tmp_path / "policy.yaml").write_text(
        "keys: [release.pub]\nrequire: [provenance, sbom, scan, seal]\nscan_max_age: 9000d\n"
    )
    words = ("evidence", "export", "oci:in:1.2.3", "out", "--policy", "policy.yaml")
    assert run(*words)[0] == Exit.OK
    before = load_policy(tmp_path / "policy.yaml").policy
    after = load_policy(tmp_path / "out" / "policy.yaml").policy
    assert after.model_dump(exclude={"keys"}) == before.model_dump(exclude={"keys"})
    assert [path.read_bytes() for path in after.keys] == [key().public.pem()]
    assert run(*OFFLINE, "out", "oci:in:1.2.3")[0] == Exit.USAGE
    policy = ("--policy", "out/policy.yaml")
    assert run(*OFFLINE, "out", "oci:in:1.2.3", *policy)[0] == Exit.OK
    assert run(*OFFLINE, "out", "oci:in:1.2.3", "--key", "other.pub")[0] == Exit.EVIDENCE


def test_identities_survive_the_exported_policy(image: Image, run: Run, tmp_path: Path) -> None:
    (tmp_path / "policy.yaml").write_text(
        "identities:\n"
        "  - {issuer: 'https://accounts.example.org', subject: release@example.org}\n"
        "platforms: [linux/amd64]\n"
    )
    root = embedded_root(datetime(2026, 1, 1, tzinfo=UTC))
    (tmp_path / "root.json").write_bytes(root.raw)
    words = ("evidence", "export", "oci:in:1.2.3", "out", "--policy", "policy.yaml")
    assert run(*words, "--trusted-root", "root.json")[0] == Exit.OK
    before = load_policy(tmp_path / "policy.yaml").policy
    assert load_policy(tmp_path / "out" / "policy.yaml").policy == before


def test_the_exported_root_is_used_only_when_it_is_asked_for(
    image: Image, run: Run, tmp_path: Path
) -> None:
    root = json.loads(embedded_root(datetime(2026, 1, 1, tzinfo=UTC)).raw)
    (tmp_path / "root.json").write_text(json.dumps(root, indent=1))
    written = datetime(2026, 2, 3, tzinfo=UTC).timestamp()
    os.utime(tmp_path / "root.json", (written, written))
    digest = digest_of((tmp_path / "root.json").read_bytes())
    words = ("evidence", "export", "oci:in:1.2.3", "--trusted-root", "root.json")
    who = (
        "--certificate-identity", "release@example.org",
        "--certificate-oidc-issuer", "https://accounts.example.org",
    )  # fmt: skip
    for place in ("out", "out.tar"):
        assert run(*words[:3], place, *words[3:])[0] == Exit.OK
        verify = (*OFFLINE, place, "oci:in:1.2.3", *who)
        out = run(*verify)[1]
        assert "trusted root: embedded" in out
        assert f"another trusted root ({digest}, as of 2026-02-03), which is not used" in out
        answer = json.loads(run(*verify, "--trust-exported-root", "--json")[1])
        check_shape(answer, "verification")
        assert answer["trustRoot"]["digest"] == digest
        days = (datetime.now(UTC) - datetime(2026, 2, 3, tzinfo=UTC)).days
        assert answer["trustRoot"]["ageDays"] == days
        both = (*verify, "--trust-exported-root", "--trusted-root", "root.json")
        assert run(*both)[0] == Exit.USAGE
    (tmp_path / "out" / "trusted_root.json").write_text("{}")
    assert run(*OFFLINE, "out", "oci:in:1.2.3", *KEY)[0] != Exit.OK


def test_what_is_not_in_the_export_is_not_verified(image: Image, run: Run, tmp_path: Path) -> None:
    assert run("evidence", "export", "oci:in:1.2.3", "out", *KEY)[0] == Exit.OK
    for name in ("oci:in:1.2.4", "oci:other:1.2.3", f"oci:in@{digest_of(b'another')}"):
        status, out, err = run(*OFFLINE, "out", name, *KEY)
        assert status not in (Exit.OK, Exit.DEFECT)
        assert "is not in what --from names" in out + err
    assert run(*OFFLINE, "in", "oci:in:1.2.3", *KEY)[0] == Exit.USAGE
    assert run(*OFFLINE, "nowhere", "oci:in:1.2.3", *KEY)[0] == Exit.USAGE


def test_an_archive_never_holds_more_than_it_is_long(
    image: Image, run: Run, tmp_path: Path
) -> None:
    assert run("evidence", "export", "oci:in:1.2.3", "out.tar", *KEY)[0] == Exit.OK
    subprocess.run(["gzip", "-k", "out.tar"], cwd=tmp_path, check=True)
    (tmp_path / "out.tar.gz").replace(tmp_path / "packed.tar")
    status, out, err = run(*OFFLINE, "packed.tar", "oci:in:1.2.3", *KEY)
    assert (status, "no plain tar" in out + err) == (Exit.USAGE, True)

    (tmp_path / "cut.tar").write_bytes((tmp_path / "out.tar").read_bytes()[:20_000])
    status, out, err = run(*OFFLINE, "cut.tar", "oci:in:1.2.3", *KEY)
    assert (status, "cut.tar: no whole export of evidence: " in out + err) == (Exit.REFUSED, True)
    assert "export the evidence, again" in out + err
    assert "docker save" not in out + err

    bomb = tarfile.TarInfo("blobs/sha256/" + digest_of(b"")[7:])
    bomb.type, bomb.size = tarfile.GNUTYPE_SPARSE, 512
    header = bytearray(bomb.tobuf(tarfile.GNU_FORMAT))
    header[386:410] = b"%011o\0%011o\0" % (0, 512)
    header[482:495] = b"\0%011o\0" % (1 << 32)
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    (tmp_path / "bomb.tar").write_bytes(
        bytes(header) + bytes(512) + (tmp_path / "out.tar").read_bytes()
    )
    status, out, err = run(*OFFLINE, "bomb.tar", "oci:in:1.2.3", *KEY)
    assert status not in (Exit.OK, Exit.DEFECT)
    assert "has holes" in out + err


@pytest.mark.parametrize("name", ["export.json", "trusted_root.json"])
@pytest.mark.parametrize("mtime", ["1e18", "-5"])
def test_a_time_that_no_calendar_has_is_told(
    image: Image, run: Run, tmp_path: Path, name: str, mtime: str
) -> None:
    assert run("evidence", "export", "oci:in:1.2.3", "out.tar", *KEY)[0] == Exit.OK
    with (
        tarfile.open(tmp_path / "out.tar") as good,
        tarfile.open(tmp_path / "bad.tar", "w", format=tarfile.PAX_FORMAT) as bad,
    ):
        for member in good:
            if member.name == name:
                member.pax_headers = {"mtime": mtime}
            bad.addfile(member, good.extractfile(member))
    status, out, err = run(*OFFLINE, "bad.tar", "oci:in:1.2.3", *KEY)
    assert (status, "no time that a calendar has" in out + err) == (Exit.USAGE, True)


@pytest.mark.parametrize("place", ["out", "out.tar"])
def test_a_bundle_that_was_changed_in_the_export_is_no_evidence(
    image: Image, run: Run, tmp_path: Path, place: str
) -> None:
    """Each of them is needed, so each change makes the answer no."""
    assert run("evidence", "export", "oci:in:1.2.3", "out", *KEY)[0] == Exit.OK
    bundles = [
        path
        for path in (tmp_path / "out" / "blobs" / "sha256").iterdir()
        if b"dsseEnvelope" in path.read_bytes()
    ]
    assert len(bundles) == 8
    for path in bundles:
        raw = path.read_bytes()
        path.write_bytes(raw.replace(b'"payload":"', b'"payload":"A', 1))
        if place == "out.tar":
            subprocess.run(["tar", "-cf", place, "-C", "out", "."], cwd=tmp_path, check=True)
        status, _, _ = run(*OFFLINE, place, f"oci:in@{image.digest}", *KEY)
        assert status == Exit.EVIDENCE
        path.write_bytes(raw)


def test_documents_of_other_platforms_can_stay(image: Image, run: Run, tmp_path: Path) -> None:
    words = ("evidence", "export", "oci:in:1.2.3", "out", "--platform", "linux/arm64", *KEY)
    told = json.loads(run(*words, "--json")[1])
    check_shape(told, "evidence-export")
    assert len(told["documents"]) == 1
    assert "not asked for" in told["leftOut"][0]["problem"]
    assert run(*OFFLINE, "out", "oci:in:1.2.3", *KEY)[0] == Exit.OK
    assert run(*words[:5], "linux/s390x", *KEY, "--force")[0] != Exit.OK


@pytest.mark.parametrize("place", ["out", "out.tar"])
@pytest.mark.parametrize("who", ["key", "identity"])
def test_no_socket_is_opened(image: Image, run: Run, tmp_path: Path, place: str, who: str) -> None:
    """In a network namespace without any interface, with a hook that ends the process at the first socket."""
    assert run("evidence", "export", "oci:in:1.2.3", place, *KEY)[0] == Exit.OK
    named = KEY if who == "key" else (
        "--certificate-identity", "release@example.org",
        "--certificate-oidc-issuer", "https://accounts.example.org",
    )  # fmt: skip
    guarded = partial(
        subprocess.run,
        cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False,
        env={**os.environ, "SHIPSEAL_CACHE": str(tmp_path / "cache")},
    )  # fmt: skip
    python = [*_without_network(), sys.executable, "-c", GUARDED]
    done = guarded([*python, *OFFLINE, place, "oci:in:1.2.3", *named])
    assert "SOCKET" not in done.stderr, done.stderr
    expected = Exit.OK if who == "key" else Exit.EVIDENCE
    assert done.returncode == expected, done.stdout + done.stderr
    # The guard holds: what needs a network is caught by it.
    caught = guarded([*python, "verify", "127.0.0.1:1/app:1", *KEY])
    assert (caught.returncode, "SOCKET" in caught.stderr) == (99, True)


def _without_network() -> list[str]:
    """Return the words that run a program without any network; skip where that is not allowed."""
    words = ["unshare", "--map-root-user", "--net", "--"]
    try:
        done = subprocess.run([*words, "true"], capture_output=True, check=False)
    except OSError:
        done = None
    if done is None or done.returncode:
        pytest.skip("no network namespace can be made here")
    return words


@pytest.mark.tools
def test_other_tools_read_the_layout(image: Image, run: Run, tmp_path: Path) -> None:
    """cosign verifies a bundle that the layout's index.json lists, against the manifest that lies there."""
    assert run("evidence", "export", "oci:in:1.2.3", "out", *KEY)[0] == Exit.OK
    layout = LayoutTarget(tmp_path / "out")
    blobs = tmp_path / "out" / "blobs" / "sha256"
    listed = [
        one
        for one in layout.referrers(image.digest, artifact_type=mt.SIGSTORE_BUNDLE)
        if one.annotations[mt.BUNDLE_PREDICATE] == PROVENANCE_V1
    ]
    bundle = json.loads(layout.read_manifest(listed[0].digest).raw)["layers"][0]["digest"]
    words = [
        str(need("cosign")), "verify-blob-attestation", "--key", "out/keys/release.pub",
        "--bundle", str(blobs / bundle[7:]), "--insecure-ignore-tlog=true",
        "--type", "slsaprovenance1",
    ]  # fmt: skip
    for digest, genuine in (
        (image.digest, True),
        (image.platforms[0].manifest.config.digest, False),
    ):
        done = subprocess.run(
            [*words, str(blobs / digest[7:])],
            cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False,
            env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path)},
        )  # fmt: skip
        assert (done.returncode == 0) is genuine, done.stderr
