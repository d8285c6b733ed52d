"""Bundles beside their image: one manifest each, found by content, damaged ones included."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from shipseal._internal.limits import Limit
from shipseal.errors import Code, RegistryError
from shipseal.evidence.artifact import Content, artifact_manifest, bundle_manifest
from shipseal.evidence.referrers_store import ReferrersStore, put_content
from shipseal.oci import Descriptor, Digest, RawManifest, digest_of
from shipseal.oci import media_types as mt
from shipseal.oci.manifest import build_manifest
from shipseal.registry.interface import BlobUpload
from shipseal.registry.layout_target import LayoutTarget
from tests.support.evidence import NOW, key, make_pieces, sample_image

BUNDLE = b'{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json"}'
TYPE = "https://slsa.dev/provenance/v1"


class Place:
    """A target with an image."""

    def __init__(self, folder: Path) -> None:
        self.sample, self.image = sample_image(folder)
        self.target = LayoutTarget(folder)
        self.root = self.image.root
        self.store = ReferrersStore(self.target, created=NOW)

    def put(self, manifest: RawManifest, *contents: Content) -> None:
        for content in contents:
            self.target.put_blob(BlobUpload(content.blob, content.open))
        self.target.put_referrer(manifest)

    def found(self, subject: Digest | None = None) -> list[bytes]:
        return [one.raw for one in self.store.find(subject or self.root.digest)]


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path / "image")


def test_a_bundle_is_found_for_its_subject_alone(place: Place) -> None:
    placed = place.store.put(place.root, BUNDLE, predicate_type=TYPE)
    assert placed.answer == "stored (layout-index)"
    (found,) = place.store.find(place.root.digest)
    assert (found.raw, found.digest, found.problem) == (BUNDLE, digest_of(BUNDLE), "")
    assert (found.where, found.store) == (placed.where, place.target.name)
    assert place.found(place.image.platforms[0].digest) == []


def test_the_manifest_has_cosigns_shape(place: Place) -> None:
    placed = place.store.put(place.root, BUNDLE, predicate_type=TYPE)
    raw = place.target.read_manifest(Digest(placed.where)).raw
    assert msgspec.json.decode(raw) == {
        "schemaVersion": 2,
        "mediaType": mt.OCI_MANIFEST,
        "artifactType": "application/vnd.dev.sigstore.bundle.v0.3+json",
        "config": {
            "mediaType": "application/vnd.oci.empty.v1+json",
            "digest": "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
            "size": 2,
        },
        "layers": [
            {
                "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
                "digest": digest_of(BUNDLE),
                "size": len(BUNDLE),
            }
        ],
        "subject": {
            "mediaType": place.root.media_type,
            "digest": place.root.digest,
            "size": len(place.root.raw),
        },
        "annotations": {
            "org.opencontainers.image.created": "2026-05-01T12:00:00Z",
            "dev.sigstore.bundle.content": "dsse-envelope",
            "dev.sigstore.bundle.predicateType": TYPE,
        },
    }


def test_the_same_bundle_is_stored_once_whoever_stores_it_again(place: Place) -> None:
    first = place.store.put(place.root, BUNDLE, predicate_type=TYPE)
    again = place.store.put(place.root, BUNDLE, predicate_type=TYPE)
    later = ReferrersStore(LayoutTarget(Path(place.target.repository)), created=NOW + timedelta(1))
    assert again.answer == "exists"
    assert later.put(place.root, BUNDLE, predicate_type="another").where == first.where
    assert len(place.target.referrers(place.root.digest)) == 1


def test_every_piece_of_a_release_comes_back(place: Place) -> None:
    pieces = make_pieces(place.image, key())
    for piece in pieces:
        for subject in piece.subjects:
            place.store.put(subject, piece.bundle, predicate_type=piece.predicate_type)
    for subject in place.image.subjects():
        expected = {piece.bundle for piece in pieces if subject in piece.subjects}
        assert set(place.found(subject.digest)) == expected
        assert len(place.found(subject.digest)) == len(expected)


OTHER_TYPE = "application/vnd.example+json"


@pytest.mark.parametrize(
    ("artifact_type", "layer_type"),
    [
        (mt.SIGSTORE_BUNDLE, mt.SIGSTORE_BUNDLE),
        (mt.SIGSTORE_BUNDLE, "application/octet-stream"),
        (OTHER_TYPE, mt.SIGSTORE_BUNDLE),
        (OTHER_TYPE, "application/vnd.dev.sigstore.bundle+json;version=0.2"),
        (OTHER_TYPE, "application/vnd.dev.sigstore.bundle+json"),
    ],
)
def test_one_type_that_says_bundle_suffices(
    place: Place, artifact_type: str, layer_type: str
) -> None:
    """Clients differ in which one they set; annotations count for nothing."""
    content = Content.of_bytes(BUNDLE, layer_type)
    manifest = artifact_manifest(
        place.root.descriptor(),
        content.blob,
        artifact_type=artifact_type,
        annotations={mt.BUNDLE_PREDICATE: "wrong"},
    )
    put_content(place.target, content, manifest)
    assert place.found() == [BUNDLE]


def test_other_artifacts_are_no_evidence(place: Place) -> None:
    content = Content.of_bytes(BUNDLE, OTHER_TYPE)
    manifest = artifact_manifest(
        place.root.descriptor(),
        content.blob,
        artifact_type=OTHER_TYPE,
        annotations={mt.BUNDLE_CONTENT: "dsse-envelope", mt.BUNDLE_PREDICATE: TYPE},
    )
    put_content(place.target, content, manifest)
    assert place.found() == []


def test_an_artifact_with_two_layers_is_no_bundle(place: Place) -> None:
    content = Content.of_bytes(BUNDLE, mt.SIGSTORE_BUNDLE)
    single = artifact_manifest(
        place.root.descriptor(), content.blob, artifact_type=mt.SIGSTORE_BUNDLE
    )
    document = msgspec.json.decode(single.raw)
    document["layers"] *= 2
    place.put(build_manifest(document), content, Content.of_bytes(b"{}", mt.OCI_EMPTY))
    assert place.found() == []


def test_what_is_listed_for_another_subject_is_left_out(place: Place) -> None:
    """A list of referrers may be a tag that anybody wrote."""
    other = place.image.platforms[0].manifest.source
    store, target = ReferrersStore(_Listing(place.target, other.digest)), place.target
    ReferrersStore(target, created=NOW).put(other, BUNDLE, predicate_type=TYPE)
    assert store.find(place.root.digest) == ()
    assert len(store.find(other.digest)) == 1


def test_an_artifact_without_a_subject_is_found_where_it_is_listed(tmp_path: Path) -> None:
    """GitHub's action drops the subject for Docker Hub; only the signed statement says what it is about."""
    place = Place(tmp_path / "image")
    content = Content.of_bytes(BUNDLE, mt.SIGSTORE_BUNDLE)
    document = msgspec.json.decode(
        bundle_manifest(place.root.descriptor(), content.blob, predicate_type=TYPE, created=NOW).raw
    )
    del document["subject"], document["artifactType"]
    manifest = build_manifest(document)
    for one in (content, Content.of_bytes(b"{}", mt.OCI_EMPTY)):
        place.target.put_blob(BlobUpload(one.blob, one.open))
    place.target.put_manifest(manifest)
    store = ReferrersStore(_Listing(place.target, place.root.digest, manifest.descriptor()))
    assert [one.raw for one in store.find(place.root.digest)] == [BUNDLE]


class _Listing(LayoutTarget):
    """Lists what it is told to for every subject, as a fallback tag can."""

    def __init__(self, target: LayoutTarget, subject: Digest, *entries: Descriptor) -> None:
        super().__init__(Path(target.repository))
        self._subject, self._entries_told = subject, entries

    def referrers(self, subject: Digest, *, artifact_type: str = "") -> tuple[Descriptor, ...]:
        return self._entries_told or super().referrers(self._subject, artifact_type=artifact_type)


def _damage(place: Place, digest: str) -> None:
    path = Path(place.target.repository) / "blobs" / digest.replace(":", "/")
    path.write_bytes(path.read_bytes()[:-1] + b"x")


def _remove(place: Place, digest: str) -> None:
    (Path(place.target.repository) / "blobs" / digest.replace(":", "/")).unlink()


@pytest.mark.parametrize(("harm", "match"), [(_damage, "expected"), (_remove, "cannot be read")])
def test_a_damaged_bundle_is_kept_with_its_problem(place: Place, harm: object, match: str) -> None:
    assert callable(harm)
    place.store.put(place.root, BUNDLE, predicate_type=TYPE)
    second = b'{"other":"bundle"}'
    place.store.put(place.root, second, predicate_type=TYPE)
    harm(place, digest_of(BUNDLE))
    found = place.store.find(place.root.digest)
    assert {one.raw for one in found} == {b"", second}
    (broken,) = [one for one in found if one.problem]
    assert match in broken.problem
    assert broken.digest == digest_of(BUNDLE)


def test_a_bundle_beyond_the_limit_is_not_read(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.store.put(place.root, BUNDLE, predicate_type=TYPE)
    small = Limit("bundle", 10, "a test")
    monkeypatch.setattr("shipseal.evidence.referrers_store.BUNDLE", small)
    (found,) = place.store.find(place.root.digest)
    assert (found.raw, found.problem) == (
        b"",
        f"{place.target.name}, bundle {found.where}: more than 10 bytes, the limit for a bundle",
    )


def test_junk_does_not_fill_memory_and_keeps_nothing_small_out(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    for raw in (BUNDLE, b"x" * 3000, b"y" * 2000):
        place.store.put(place.root, raw, predicate_type=TYPE)
    size = len(BUNDLE) + 2000
    monkeypatch.setattr(
        "shipseal.evidence.referrers_store._TOTAL", Limit("all", size, "it is a test")
    )
    found = {len(one.raw): one.problem for one in place.store.find(place.root.digest)}
    assert found == {
        len(BUNDLE): "",
        2000: "",
        0: f"more than {size} bytes with the smaller ones: it is a test",
    }


class _Unreachable(LayoutTarget):
    """Lists referrers, and then its network fails."""

    def open_blob(self, blob: Descriptor, *, offset: int = 0) -> Iterator[bytes]:
        raise RegistryError(Code.SERVICE_OUTAGE, "registry answers 503", retryable=True)


class _BrokenManifest(LayoutTarget):
    """Lists a referrer whose manifest is another one than its digest says."""

    def read_manifest(self, digest: Digest) -> RawManifest:
        found = super().read_manifest(digest)
        if found.media_type == mt.OCI_MANIFEST and b'"subject"' in found.raw:
            raise RegistryError(Code.IMAGE_NOT_FOUND, f"{digest}: 404")
        return found


def test_could_not_look_is_not_nothing_found(place: Place) -> None:
    place.store.put(place.root, BUNDLE, predicate_type=TYPE)
    store = ReferrersStore(_Unreachable(Path(place.target.repository)))
    with pytest.raises(RegistryError, match="503") as caught:
        store.find(place.root.digest)
    assert caught.value.code is Code.SERVICE_OUTAGE


def test_a_listed_manifest_that_is_not_there_is_kept_with_its_problem(place: Place) -> None:
    placed = place.store.put(place.root, BUNDLE, predicate_type=TYPE)
    store = ReferrersStore(_BrokenManifest(Path(place.target.repository)))
    (found,) = store.find(place.root.digest)
    assert (found.where, found.problem) == (placed.where, f"{placed.where}: 404")


def test_a_manifest_is_read_once(place: Place) -> None:
    class Counting(LayoutTarget):
        reads = 0

        def read_manifest(self, digest: Digest) -> RawManifest:
            type(self).reads += 1
            return super().read_manifest(digest)

    target = Counting(Path(place.target.repository))
    store = ReferrersStore(target, created=NOW)
    for number in range(4):
        store.put(place.root, BUNDLE + b" " * number, predicate_type=TYPE)
    store.find(place.root.digest)
    before = Counting.reads
    store.find(place.root.digest)
    assert Counting.reads == before


def test_order_is_stable(place: Place) -> None:
    bundles = [replace_space(BUNDLE, number) for number in range(6)]
    for bundle in bundles:
        place.store.put(place.root, bundle, predicate_type=TYPE)
    wheres = [one.where for one in place.store.find(place.root.digest)]
    assert wheres == sorted(wheres)
    assert len(wheres) == 6


def replace_space(bundle: bytes, number: int) -> bytes:
    return bundle + b" " * number


def test_an_index_that_refers_is_no_evidence(place: Place) -> None:
    listed = replace(place.root.descriptor(), artifact_type=mt.SIGSTORE_BUNDLE)
    store = ReferrersStore(_Listing(place.target, place.root.digest, listed))
    assert store.find(place.root.digest) == ()
