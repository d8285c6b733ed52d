"""`shipseal copy`: the same bytes with all that is said of them, and a tag only when they were verified there."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from shipseal.cli.copying import is_whole_version
from shipseal.cli.main import main
from shipseal.errors import Exit
from shipseal.evidence.artifact import Content
from shipseal.evidence.artifacts import find_artifacts, put_artifact
from shipseal.evidence.referrers_store import ReferrersStore
from shipseal.oci import Image
from shipseal.oci import media_types as mt
from shipseal.oci.manifest import build_manifest
from shipseal.oci.reference import Reference
from shipseal.registry.interface import BlobUpload, Target
from shipseal.registry.layout_target import LayoutTarget
from shipseal.registry.repository import RegistryOptions, RepositoryTarget
from shipseal.testing.http_server import Exchange
from shipseal.testing.registry_simulator import RegistrySimulator, TagDeletion
from tests.support.evidence import Recipe, key, make_pieces, push_image, put_pieces, sample_image
from tests.support.schemas import check_shape
from tests.support.targets import QUICK

RECIPE = Recipe(finished=datetime(2024, 1, 1, tzinfo=UTC))
KEY = ("--key", "release.pub")
RECORD = "application/vnd.example.record+json"

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "release.pub").write_bytes(key().public.pem())
    (tmp_path / "other.pub").write_bytes(key(1).public.pem())

    def call(*words: str) -> tuple[int, str, str]:
        status = main(list(words))
        shown = capsys.readouterr()
        return status, shown.out, shown.err

    return call


_OPENED: list[Target] = []


@pytest.fixture
def registry() -> Iterator[RegistrySimulator]:
    with RegistrySimulator() as simulator:
        yield simulator
        while _OPENED:
            _OPENED.pop().close()


def repository(registry: RegistrySimulator, name: str) -> RepositoryTarget:
    """Open a repository, until the registry ends."""
    reference = Reference.parse(f"{registry.host}/{name}")
    _OPENED.append(target := RepositoryTarget(reference, RegistryOptions(policy=QUICK)))
    return target


def publish(target: Target, folder: Path) -> Image:
    """Put a sealed image at a target, with an SBOM document, something that is said of that, and a cosign tag."""
    sample, image = sample_image(folder)
    push_image(target, sample, image, tag="1.2.3")
    put_pieces(target, make_pieces(image, key(), RECIPE))
    document = put_artifact(
        target, image.root, Content.of_bytes(b'{"an": "SBOM"}', mt.SPDX_JSON),
        artifact_type=mt.SPDX_JSON,
    )  # fmt: skip
    put_artifact(
        target, target.read_manifest(document.manifest), Content.of_bytes(b"{}\n", RECORD),
        artifact_type=RECORD,
    )  # fmt: skip
    signature = Content.of_bytes(b'{"simple": "signing"}', "application/vnd.dev.cosign.simple")
    config = Content.of_bytes(b'{"a":1}', mt.OCI_CONFIG)
    for content in (signature, config):
        target.put_blob(BlobUpload(content.blob, content.open))
    old = build_manifest(
        {
            "schemaVersion": 2,
            "mediaType": mt.OCI_MANIFEST,
            "config": config.blob.to_json(),
            "layers": [signature.blob.to_json()],
        }
    )
    target.put_manifest(old)
    target.put_tag(f"{str(image.digest).replace(':', '-')}.sig", old)
    return image


def assert_same(source: Target, destination: Target, image: Image) -> None:
    for subject in image.subjects():
        digest = subject.digest
        assert destination.read_manifest(digest).raw == subject.raw
        there = {one.digest for one in destination.referrers(digest)}
        assert there == {one.digest for one in source.referrers(digest)}
        bundles = {one.raw for one in ReferrersStore(destination).find(digest)}
        assert bundles == {one.raw for one in ReferrersStore(source).find(digest)}
        assert len(bundles) >= 4
    for one in image.platforms:
        for layer in one.manifest.layers:
            assert b"".join(destination.open_blob(layer)) == b"".join(source.open_blob(layer))
    tag = f"{str(image.digest).replace(':', '-')}.sig"
    assert destination.resolve(tag) == source.resolve(tag) is not None
    (document,) = find_artifacts(destination, image.digest, mt.SPDX_JSON)
    assert [one.artifact_type for one in destination.referrers(document.manifest)] == [RECORD]


@pytest.mark.parametrize("api", [True, False], ids=["referrers API", "fallback tags"])
@pytest.mark.parametrize(
    "way", ["layout to registry", "registry to layout", "registry to registry"]
)
def test_everything_arrives_with_the_same_digests(
    tmp_path: Path, run: Run, registry: RegistrySimulator, way: str, *, api: bool
) -> None:
    registry.quirks.referrers_api = api
    places: dict[str, Target] = {
        "layout": LayoutTarget(tmp_path / "in"),
        "registry": repository(registry, "from"),
    }
    names = {"layout": "oci:in", "registry": f"{registry.host}/from"}
    begin, end = way.split(" to ")
    image = publish(places[begin], tmp_path / "image")
    goals: dict[str, tuple[str, Target]] = {
        "layout": ("oci:out", LayoutTarget(tmp_path / "out")),
        "registry": (f"{registry.host}/to", repository(registry, "to")),
    }
    name, destination = goals[end]
    status, out, err = run("copy", f"{names[begin]}:1.2.3", name, *KEY, "--tag", "latest", "--json")
    assert status == Exit.OK, out + err
    answer = json.loads(out)
    check_shape(answer, "copy")
    assert (answer["verified"], answer["tagged"], answer["digest"]) == (True, True, image.digest)
    assert_same(places[begin], destination, image)
    found = destination.resolve("latest")
    assert found is not None
    assert found.digest == image.digest
    assert run("verify", f"{name}:latest", *KEY)[0] == Exit.OK
    assert bool(answer["blobs"]["mounted"]) is (way == "registry to registry")


def test_a_second_copy_sends_nothing(tmp_path: Path, run: Run, registry: RegistrySimulator) -> None:
    publish(LayoutTarget(tmp_path / "in"), tmp_path / "image")
    words = ("copy", "oci:in:1.2.3", f"{registry.host}/to", *KEY, "--json")
    first = json.loads(run(*words)[1])
    second = json.loads(run(*words)[1])
    assert first["blobs"]["sent"] > 0
    assert second["blobs"]["sent"] == 0
    assert second["tags"][0]["action"] == "kept"


def test_a_copy_that_was_cut_short_goes_on(
    tmp_path: Path, run: Run, registry: RegistrySimulator
) -> None:
    publish(LayoutTarget(tmp_path / "in"), tmp_path / "image")
    puts: list[str] = []

    def refuse(exchange: Exchange) -> bool:
        if exchange.method != "PUT" or "/manifests/" not in exchange.target:
            return False
        puts.append(exchange.target)
        if len(puts) < 4:
            return False
        exchange.reply(403, b'{"errors":[{"code":"DENIED","message":"no"}]}')
        return True

    registry.before = refuse
    words = ("copy", "oci:in:1.2.3", f"{registry.host}/to", *KEY, "--json")
    status, out, _ = run(*words)
    assert (status, json.loads(out)["error"]["code"]) == (
        Exit.AUTH,
        "auth.registry-denied",
    )
    assert repository(registry, "to").resolve("1.2.3") is None
    registry.before = lambda exchange: False
    status, out, _ = run(*words)
    assert status == Exit.OK
    assert json.loads(out)["blobs"]["existed"] > 0


def test_what_does_not_verify_there_gets_no_tag(
    tmp_path: Path, run: Run, registry: RegistrySimulator
) -> None:
    image = publish(LayoutTarget(tmp_path / "in"), tmp_path / "image")
    words = ("copy", "oci:in:1.2.3", f"{registry.host}/to", "--key", "other.pub")
    status, out, _ = run(*words)
    assert status == Exit.EVIDENCE
    assert "NOT verified there (attest." in out
    target = repository(registry, "to")
    assert target.resolve("1.2.3") is None
    assert target.resolve(image.digest) is not None
    answer = json.loads(run(*words, "--json")[1])
    check_shape(answer, "copy")
    assert (answer["verified"], answer["tagged"]) == (False, False)


def test_evidence_that_a_registry_loses_is_missed_before_the_tag_moves(
    tmp_path: Path, run: Run, registry: RegistrySimulator
) -> None:
    publish(LayoutTarget(tmp_path / "in"), tmp_path / "image")

    def no_referrers(exchange: Exchange) -> bool:
        if exchange.method == "GET" and "/referrers/" in exchange.target:
            exchange.reply(
                200, b'{"schemaVersion":2,"manifests":[]}', {"Content-Type": mt.OCI_INDEX}
            )
            return True
        if exchange.method == "GET" and "/manifests/sha256-" in exchange.target:
            exchange.reply(404, b"")
            return True
        return False

    registry.before = no_referrers
    status, _, _ = run("copy", "oci:in:1.2.3", f"{registry.host}/to", *KEY, "--json")
    assert status in (Exit.EVIDENCE, Exit.OUTSIDE)
    registry.before = lambda exchange: False
    assert repository(registry, "to").resolve("1.2.3") is None


def test_nobody_trusted_is_wrong_usage_unless_said_in_so_many_words(
    tmp_path: Path, run: Run
) -> None:
    publish(LayoutTarget(tmp_path / "in"), tmp_path / "image")
    assert run("copy", "oci:in:1.2.3", "oci:out")[0] == Exit.USAGE
    assert not (tmp_path / "out").exists()
    status, out, _ = run("copy", "oci:in:1.2.3", "oci:out", "--without-verification")
    assert status == Exit.OK
    assert "nobody verified the copy" in out
    both = ("copy", "oci:in:1.2.3", "oci:out", "--without-verification", *KEY)
    assert run(*both)[0] == Exit.USAGE


def test_a_published_version_is_never_replaced(
    tmp_path: Path, run: Run, registry: RegistrySimulator
) -> None:
    publish(LayoutTarget(tmp_path / "in"), tmp_path / "image")
    sample, other = sample_image(tmp_path / "other", platforms=("linux/arm64",))
    target = repository(registry, "to")
    push_image(target, sample, other, tag="1.2.3")
    target.put_tag("stable", other.root)
    name = f"{registry.host}/to"
    before = len(registry.requests)
    for words in (("--move-tags",), ()):
        status, out, _ = run("copy", "oci:in:1.2.3", name, *KEY, *words, "--json")
        assert json.loads(out)["error"]["code"] == "image.tag-exists"
        assert status != Exit.OK
    assert run("copy", "oci:in:1.2.3", f"{name}:stable", *KEY, "--json")[0] != Exit.OK
    assert not any(line.startswith(("POST", "PUT")) for line in registry.requests[before:])
    assert run("copy", "oci:in:1.2.3", f"{name}:stable", *KEY, "--move-tags")[0] == Exit.OK
    found = target.resolve("stable")
    assert found is not None
    assert found.digest != other.digest


def test_a_tag_that_somebody_moves_meanwhile_is_left_to_them(
    tmp_path: Path, run: Run, registry: RegistrySimulator
) -> None:
    publish(LayoutTarget(tmp_path / "in"), tmp_path / "image")
    sample, other = sample_image(tmp_path / "other", platforms=("linux/arm64",))
    target = repository(registry, "to")
    push_image(target, sample, other)
    looks: list[str] = []

    def meddle(exchange: Exchange) -> bool:
        if exchange.target.endswith("/manifests/two") and exchange.method in ("HEAD", "GET"):
            looks.append(exchange.method)
            if len(looks) == 2:
                registry.repository("to").tags["two"] = other.digest
        return False

    registry.before = meddle
    words = ("copy", "oci:in:1.2.3", f"{registry.host}/to:one", "--tag", "two", *KEY, "--json")
    status, out, _ = run(*words)
    error = json.loads(out)["error"]
    assert status != Exit.OK
    assert error["code"] == "image.digest-mismatch"
    assert "moved by somebody else" in error["message"]
    assert registry.repository("to").tags["two"] == other.digest
    assert "one" not in registry.repository("to").tags


def test_one_platform_is_copied_and_verified_with_the_seal_of_the_whole(
    tmp_path: Path, run: Run
) -> None:
    image = publish(LayoutTarget(tmp_path / "in"), tmp_path / "image")
    words = ("copy", "oci:in:1.2.3", "oci:out", "--platform", "linux/arm64", *KEY)
    status, out, err = run(*words, "--json")
    assert status == Exit.OK, out + err
    answer = json.loads(out)
    check_shape(answer, "copy")
    arm = next(one for one in image.platforms if str(one.platform) == "linux/arm64")
    assert (answer["digest"], answer["platform"]) == (arm.digest, "linux/arm64")
    target = LayoutTarget(tmp_path / "out")
    assert target.resolve(image.digest) is None
    assert run(*words[:4], "linux/s390x", *KEY)[0] != Exit.OK
    assert run(*words[:4], "arm64", *KEY)[0] == Exit.USAGE


def test_evidence_without_its_subject_gets_it_back(
    tmp_path: Path, run: Run, registry: RegistrySimulator
) -> None:
    """As GitHub's action leaves it at Docker Hub: listed under the fallback tag alone."""
    registry.quirks.referrers_api = False
    sample, image = sample_image(tmp_path / "image")
    source = repository(registry, "from")
    push_image(source, sample, image, tag="1.2.3")
    pieces = make_pieces(image, key(), RECIPE)
    put_pieces(source, pieces)
    raw = registry.repository("from")
    for subject in image.subjects():
        tag = str(subject.digest).replace(":", "-")
        entries = []
        for entry in source.referrers(subject.digest):
            document = json.loads(source.read_manifest(entry.digest).raw)
            del document["subject"]
            bare = build_manifest(document)
            source.put_manifest(bare)
            entries.append(bare.descriptor().to_json())
        index = build_manifest(
            {"schemaVersion": 2, "mediaType": mt.OCI_INDEX, "manifests": entries}
        )
        raw.manifests[index.digest] = index
        raw.tags[tag] = index.digest
    status, out, err = run("copy", f"{registry.host}/from:1.2.3", "oci:out", *KEY)
    assert status == Exit.OK, out + err
    assert "had no subject at the source" in out


@pytest.mark.parametrize(
    ("tag", "whole"),
    [
        ("1.2.3", True), ("v1.2.3", True), ("1.2.3-rc.1", True), ("1.2", False), ("1", False),
        ("latest", False), ("2024.01", False), ("stable-1.2.3", False),
    ],
)  # fmt: skip
def test_which_tags_never_move(tag: str, *, whole: bool) -> None:
    assert is_whole_version(tag) is whole


def test_tags_that_were_moved_go_back_when_a_later_one_fails(
    tmp_path: Path, run: Run, registry: RegistrySimulator
) -> None:
    publish(LayoutTarget(tmp_path / "in"), tmp_path / "image")
    sample, other = sample_image(tmp_path / "other", platforms=("linux/arm64",))
    push_image(repository(registry, "to"), sample, other, tag="stable")

    def refuse(exchange: Exchange) -> bool:
        if exchange.method == "PUT" and exchange.target.endswith("/manifests/third"):
            exchange.reply(403, b'{"errors":[{"code":"DENIED","message":"no"}]}')
            return True
        return False

    registry.before = refuse
    tags = ("--tag", "new", "--tag", "third", "--move-tags")
    words = ("copy", "oci:in:1.2.3", f"{registry.host}/to:stable", *tags, *KEY, "--json")
    status, out, _ = run(*words)
    assert (status, json.loads(out)["error"]["code"]) == (Exit.AUTH, "auth.registry-denied")
    there = registry.repository("to").tags
    assert there["stable"] == other.digest
    assert "new" not in there
    registry.quirks.tag_deletion = TagDeletion.REFUSE
    message = json.loads(run(*words)[1])["error"]["message"]
    assert "could not be put back: new" in message
    assert registry.repository("to").tags["stable"] == other.digest


def test_another_tag_of_cosign_at_the_destination_stays(
    tmp_path: Path, run: Run, registry: RegistrySimulator
) -> None:
    image = publish(LayoutTarget(tmp_path / "in"), tmp_path / "image")
    sample, other = sample_image(tmp_path / "other", platforms=("linux/arm64",))
    tag = f"{str(image.digest).replace(':', '-')}.sig"
    push_image(repository(registry, "to"), sample, other, tag=tag)
    status, out, _ = run("copy", "oci:in:1.2.3", f"{registry.host}/to", *KEY)
    assert status == Exit.OK
    assert f"{tag} names {other.digest} there already, and stays" in out
    assert registry.repository("to").tags[tag] == other.digest


def test_evidence_that_is_listed_and_lost_is_named_and_holds_up_nothing_else(
    tmp_path: Path, run: Run, registry: RegistrySimulator
) -> None:
    image = publish(LayoutTarget(tmp_path / "in"), tmp_path / "image")
    (document,) = find_artifacts(LayoutTarget(tmp_path / "in"), image.digest, mt.SPDX_JSON)
    (tmp_path / "in" / "blobs" / "sha256" / document.content.digest[7:]).unlink()
    status, out, err = run("copy", "oci:in:1.2.3", f"{registry.host}/to", *KEY)
    assert status == Exit.OK, out + err
    assert f"not copied: {document.manifest}" in out
    assert find_artifacts(repository(registry, "to"), image.digest, mt.SPDX_JSON) == ()
