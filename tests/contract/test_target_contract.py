"""What every target promises, on an OCI layout and on each real registry."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from shipseal.errors import Code, ImageError, ShipsealError
from shipseal.oci import Descriptor, RawManifest, digest_of
from shipseal.oci import media_types as mt
from shipseal.oci.manifest import build_manifest
from shipseal.registry.interface import (
    BlobUpload,
    TagDeletionUnsupportedError,
    Target,
    Uploaded,
)
from tests.support.target_content import ARTIFACT, Content, image, index, put, referrer, staged
from tests.support.targets import KINDS, Kind, Opener

pytestmark = pytest.mark.tools


@dataclass(frozen=True, slots=True)
class Place:
    """A kind of target that runs."""

    kind: Kind
    open: Opener
    folder: Path


@pytest.fixture(scope="module", params=KINDS, ids=lambda kind: kind.name)
def place(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Place]:
    kind: Kind = request.param
    folder = tmp_path_factory.mktemp("place")
    with kind.serve(folder) as opener:
        yield Place(kind, opener, folder)


@pytest.fixture
def target(place: Place, request: pytest.FixtureRequest) -> Iterator[Target]:
    name = request.node.name.partition("[")[0].removeprefix("test_").replace("_", "-")
    opened = place.open(f"org/{name}")
    yield opened
    opened.close()


def test_a_blob_is_sent_once_and_read_back_from_any_place(target: Target) -> None:
    content = Content(bytes(range(256)) * 20_000)
    assert not target.has_blob(content.descriptor)
    assert target.put_blob(content.upload()) is Uploaded.SENT
    assert target.put_blob(content.upload()) is Uploaded.EXISTED
    assert target.has_blob(content.descriptor)
    assert b"".join(target.open_blob(content.descriptor)) == content.data
    assert (
        b"".join(target.open_blob(content.descriptor, offset=4_999_999)) == content.data[4_999_999:]
    )


def test_a_blob_of_another_size_is_not_the_blob(target: Target) -> None:
    content = Content(b"some bytes")
    put(target, content)
    assert not target.has_blob(replace(content.descriptor, size=11))


def test_an_empty_blob_is_a_blob(target: Target) -> None:
    content = Content(b"")
    put(target, content)
    assert target.has_blob(content.descriptor)
    assert b"".join(target.open_blob(content.descriptor)) == b""


@pytest.mark.parametrize("got", [b"x" * 999_999, b"x" * 1_000_001, b"y" * 1_000_000])
def test_content_that_is_not_what_its_digest_says_is_refused(target: Target, got: bytes) -> None:
    promised = Content(b"x" * 1_000_000).descriptor
    with pytest.raises(ImageError, match="expected") as caught:
        target.put_blob(BlobUpload(promised, Content(got)))
    assert caught.value.code is Code.DIGEST_MISMATCH
    assert not target.has_blob(promised)


def test_a_blob_can_be_mounted_where_the_registry_knows_how(place: Place, target: Target) -> None:
    content = Content(b"shared between repositories")
    other = place.open("org/mount-source")
    put(other, content)
    other.close()
    how = target.put_blob(content.upload(mount_from=("org/nowhere", "org/mount-source")))
    assert how is place.kind.mounting
    assert b"".join(target.open_blob(content.descriptor)) == content.data


def test_what_is_missing_is_said_to_be_missing(target: Target) -> None:
    absent = Content(b"never stored").descriptor
    assert target.resolve("v1") is None
    assert target.resolve(absent.digest) is None
    assert target.list_tags() == ()
    assert target.referrers(absent.digest) == ()
    with pytest.raises(ShipsealError) as no_manifest:
        target.read_manifest(absent.digest)
    assert no_manifest.value.code is Code.IMAGE_NOT_FOUND
    with pytest.raises(ShipsealError) as no_blob:
        b"".join(target.open_blob(absent))
    assert no_blob.value.code is Code.IMAGE_NOT_FOUND


def test_what_is_staged_is_reachable_by_digest_and_by_no_tag(target: Target) -> None:
    root = staged(target, "staged")
    assert target.list_tags() == ()
    assert target.resolve(root.digest) == root.descriptor()
    assert target.read_manifest(root.digest) == root


def test_the_bytes_of_a_manifest_come_back_as_they_were(target: Target) -> None:
    tidy = image(target, "bytes")
    # Two spaces and a line end that no encoder would write.
    odd = RawManifest.of(tidy.raw.replace(b":", b" :  ", 1) + b"\n")
    target.put_tag("odd", odd)
    assert target.read_manifest(odd.digest).raw == odd.raw
    assert target.resolve("odd") == odd.descriptor()


def test_docker_manifests_keep_their_types(target: Target) -> None:
    layer, config = Content(b"l" * 50, mt.DOCKER_LAYER_GZIP), Content(b"{}", mt.DOCKER_CONFIG)
    put(target, layer, config)
    child = build_manifest(
        {
            "schemaVersion": 2,
            "mediaType": mt.DOCKER_MANIFEST,
            "config": config.descriptor.to_json(),
            "layers": [layer.descriptor.to_json()],
        }
    )
    target.put_manifest(child)
    entry = child.descriptor().to_json() | {"platform": {"os": "linux", "architecture": "amd64"}}
    root = build_manifest({"schemaVersion": 2, "mediaType": mt.DOCKER_LIST, "manifests": [entry]})
    target.put_tag("docker", root)
    assert target.resolve("docker") == root.descriptor()
    assert target.read_manifest(child.digest).media_type == mt.DOCKER_MANIFEST


def test_a_manifest_whose_blob_is_missing_is_refused(place: Place, target: Target) -> None:
    if not place.kind.checks_parts:
        pytest.skip("cannot run here: this registry takes such a manifest")
    absent = Descriptor(mt.OCI_CONFIG, digest_of(b"absent"), 6)
    manifest = build_manifest(
        {
            "schemaVersion": 2,
            "mediaType": mt.OCI_MANIFEST,
            "config": absent.to_json(),
            "layers": [],
        }
    )
    with pytest.raises(ShipsealError, match=absent.digest) as caught:
        target.put_manifest(manifest)
    assert caught.value.code is Code.IMAGE_NOT_FOUND
    assert target.resolve(manifest.digest) is None


def test_a_tag_moves_and_leaves_what_it_named(target: Target) -> None:
    old, new = staged(target, "old"), staged(target, "new")
    target.put_tag("latest", old)
    target.put_tag("v1", old)
    target.put_tag("latest", new)
    assert target.list_tags() == ("latest", "v1")
    assert target.resolve("latest") == new.descriptor()
    assert target.resolve("v1") == old.descriptor()
    assert target.resolve(old.digest) == old.descriptor()


def test_deleting_a_tag_takes_the_name_only_or_says_that_it_cannot(
    place: Place, target: Target
) -> None:
    root = staged(target, "deleted")
    target.put_tag("gone", root)
    target.put_tag("stays", root)
    if place.kind.deletes_tags:
        target.delete_tag("gone")
        assert target.list_tags() == ("stays",)
        target.delete_tag("gone")
    else:
        with pytest.raises(TagDeletionUnsupportedError, match="gone") as caught:
            target.delete_tag("gone")
        assert caught.value.code is Code.REGISTRY_DENIED
        assert target.list_tags() == ("gone", "stays")
    assert target.resolve("stays") == root.descriptor()
    assert target.read_manifest(root.digest) == root


@pytest.mark.parametrize("name", ["", "-first", "a/b", "a b", "x" * 129])
def test_what_is_no_tag_is_not_asked_for(target: Target, name: str) -> None:
    with pytest.raises(ShipsealError, match="not a tag") as caught:
        target.resolve(name)
    assert caught.value.code is Code.CONFIG_INVALID


def test_a_referrer_is_listed_once_with_type_and_annotations(place: Place, target: Target) -> None:
    root = staged(target, "subject")
    first = referrer(target, root, "first", annotations={"org.example.kind": "first"})
    assert target.put_referrer(first) is place.kind.mode
    assert target.put_referrer(first) is place.kind.mode
    (entry,) = target.referrers(root.digest)
    assert entry == replace(
        first.descriptor(), artifact_type=ARTIFACT, annotations={"org.example.kind": "first"}
    )


def test_referrers_are_filtered_by_type(target: Target) -> None:
    root = staged(target, "filtered")
    report = referrer(target, root, "report")
    plus = referrer(target, root, "plus", artifact_type="application/vnd.other+xml; a=b&c")
    for one in (report, plus):
        target.put_referrer(one)
    assert {one.digest for one in target.referrers(root.digest)} == {report.digest, plus.digest}
    found = target.referrers(root.digest, artifact_type="application/vnd.other+xml; a=b&c")
    assert [one.digest for one in found] == [plus.digest]
    assert target.referrers(root.digest, artifact_type="application/none") == ()


def test_each_subject_has_its_own_referrers(target: Target) -> None:
    child = image(target, "platform")
    target.put_manifest(child)
    root = index(child)
    target.put_manifest(root)
    of_root, of_child = referrer(target, root, "root"), referrer(target, child, "child")
    target.put_referrer(of_root)
    target.put_referrer(of_child)
    assert [one.digest for one in target.referrers(root.digest)] == [of_root.digest]
    assert [one.digest for one in target.referrers(child.digest)] == [of_child.digest]


def test_a_referrer_may_come_before_its_subject(target: Target) -> None:
    later = index(image(target, "later"))
    early = referrer(target, later, "early")
    target.put_referrer(early)
    assert [one.digest for one in target.referrers(later.digest)] == [early.digest]


def test_an_index_can_be_a_referrer(target: Target) -> None:
    root = staged(target, "with-index")
    child = image(target, "part")
    target.put_manifest(child)
    collection = build_manifest(
        {
            "schemaVersion": 2,
            "mediaType": mt.OCI_INDEX,
            "artifactType": "application/vnd.example.collection",
            "manifests": [child.descriptor().to_json()],
            "subject": root.descriptor().to_json(),
        }
    )
    target.put_referrer(collection)
    (entry,) = target.referrers(root.digest)
    assert (entry.digest, entry.artifact_type) == (
        collection.digest,
        "application/vnd.example.collection",
    )


def test_referrers_that_are_put_at_once_are_all_listed(target: Target) -> None:
    root = staged(target, "crowded")
    manifests = [referrer(target, root, f"number {number}") for number in range(6)]
    with ThreadPoolExecutor(6) as threads:
        list(threads.map(target.put_referrer, manifests))
    assert {one.digest for one in target.referrers(root.digest)} == {
        one.digest for one in manifests
    }


def test_a_manifest_without_a_subject_is_no_referrer(target: Target) -> None:
    root = staged(target, "plain")
    with pytest.raises(ImageError, match="has no subject") as caught:
        target.put_referrer(root)
    assert caught.value.code is Code.FORMAT_UNSUPPORTED


def test_referrers_and_staged_images_add_no_public_tag(target: Target) -> None:
    root = staged(target, "quiet")
    target.put_referrer(referrer(target, root, "evidence"))
    assert all(tag.startswith("sha256-") for tag in target.list_tags())


def test_check_push_proves_and_leaves_nothing(place: Place, target: Target) -> None:
    target.check_push()
    assert target.list_tags() == ()
    if place.kind.storage:
        own = f"{target.repository}/_uploads/*/*"
        left = (place.folder / "storage").glob(f"docker/registry/v2/repositories/{own}")
        assert [path for path in left if path.is_file()] == []


def test_many_threads_may_use_one_target(target: Target) -> None:
    contents = [Content(f"blob {number % 8}".encode() * 50_000) for number in range(24)]
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda content: target.put_blob(content.upload()), contents))
        read = threads.map(lambda content: b"".join(target.open_blob(content.descriptor)), contents)
        assert [digest_of(data) for data in read] == [one.descriptor.digest for one in contents]
