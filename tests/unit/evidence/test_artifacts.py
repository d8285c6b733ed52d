"""Plain artifacts and collecting: what lies beside an image, and all of it at once."""

from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from shipseal.errors import Code, ImageError, RegistryError
from shipseal.evidence.artifact import Content
from shipseal.evidence.artifacts import find_artifacts, put_artifact
from shipseal.evidence.collect import collect
from shipseal.evidence.folder_store import FolderStore
from shipseal.evidence.referrers_store import ReferrersStore
from shipseal.oci import Digest, Image, digest_of
from shipseal.oci import media_types as mt
from shipseal.oci.blob_store import BlobStore
from shipseal.oci.closure import closure_of
from shipseal.registry.interface import BlobUpload
from shipseal.registry.layout_target import LayoutTarget
from shipseal.testing.registry_simulator import RegistrySimulator
from tests.support.evidence import NOW, key, make_pieces, placements, put_pieces, sample_image
from tests.support.simulated import close_all, target_at

SBOM = b'{"spdxVersion":"SPDX-2.3"}' * 1000


@pytest.fixture
def target(tmp_path: Path) -> LayoutTarget:
    sample_image(tmp_path / "image")
    return LayoutTarget(tmp_path / "image")


@pytest.fixture
def image(tmp_path: Path, target: LayoutTarget) -> Image:
    return sample_image(tmp_path / "image")[1]


def read(target: LayoutTarget, subject: Digest, artifact_type: str = mt.SPDX_JSON) -> list[bytes]:
    found = find_artifacts(target, subject, artifact_type)
    return [b"".join(target.open_blob(one.content)) for one in found]


def test_an_artifact_comes_back_for_its_subject_and_type(
    target: LayoutTarget, image: Image
) -> None:
    stored = put_artifact(
        target,
        image.root,
        Content.of_bytes(SBOM, mt.SPDX_JSON),
        artifact_type=mt.SPDX_JSON,
        annotations={"org.opencontainers.image.title": "sbom"},
    )
    assert find_artifacts(target, image.digest, mt.SPDX_JSON) == (stored,)
    assert read(target, image.digest) == [SBOM]
    assert read(target, image.digest, mt.IN_TOTO) == []
    assert read(target, image.platforms[0].digest) == []


def test_a_blob_of_the_evidence_folder_is_streamed(
    target: LayoutTarget, image: Image, tmp_path: Path
) -> None:
    blobs = BlobStore(tmp_path / "evidence")
    content = Content.of_blob(blobs, blobs.put(SBOM), len(SBOM), mt.SPDX_JSON)
    put_artifact(target, image.root, content, artifact_type=mt.SPDX_JSON)
    assert read(target, image.digest) == [SBOM]
    assert b"".join(content.open(offset=5)) == SBOM[5:]
    assert b"".join(Content.of_bytes(SBOM, mt.SPDX_JSON).open(offset=5)) == SBOM[5:]


def test_the_same_artifact_is_stored_once(target: LayoutTarget, image: Image) -> None:
    content = Content.of_bytes(SBOM, mt.SPDX_JSON)
    stored = [
        put_artifact(target, image.root, content, artifact_type=mt.SPDX_JSON) for _ in range(2)
    ]
    assert stored[0] == stored[1]
    assert len(target.referrers(image.digest)) == 1


def test_a_blob_that_is_not_what_its_digest_says_is_not_stored(
    target: LayoutTarget, image: Image, tmp_path: Path
) -> None:
    blobs = BlobStore(tmp_path / "evidence")
    digest = blobs.put(SBOM)
    blobs.path(digest).write_bytes(SBOM[:-1] + b"x")
    content = Content.of_blob(blobs, digest, len(SBOM), mt.SPDX_JSON)
    with pytest.raises(ImageError) as caught:
        put_artifact(target, image.root, content, artifact_type=mt.SPDX_JSON)
    assert caught.value.code is Code.DIGEST_MISMATCH
    assert find_artifacts(target, image.digest, mt.SPDX_JSON) == ()


def test_everything_about_an_image_is_collected(target: LayoutTarget, image: Image) -> None:
    pieces = make_pieces(image, key())
    put_pieces(target, pieces)
    amd64 = image.platforms[0].manifest.source
    put_artifact(target, amd64, Content.of_bytes(SBOM, mt.SPDX_JSON), artifact_type=mt.SPDX_JSON)
    found = collect(target, image.digest)
    assert found.target == target.name
    assert found.image == image
    assert list(found.evidence) == [subject.digest for subject in image.subjects()]
    listed = [(subject, one.raw) for subject, several in found.evidence.items() for one in several]
    by_name = {piece.name: piece.bundle for piece in pieces}
    expected = {(subject, by_name[name]) for name, subject in placements(pieces)}
    assert set(listed) == expected
    assert len(listed) == len(expected)
    assert found.documents[amd64.digest] == {digest_of(SBOM)}
    assert found.documents[image.digest] == frozenset()


def test_a_document_whose_bytes_are_gone_is_not_counted(target: LayoutTarget, image: Image) -> None:
    put_artifact(
        target, image.root, Content.of_bytes(SBOM, mt.SPDX_JSON), artifact_type=mt.SPDX_JSON
    )
    assert collect(target, image.digest).documents[image.digest]
    (Path(target.repository) / "blobs" / digest_of(SBOM).replace(":", "/")).unlink()
    assert not collect(target, image.digest).documents[image.digest]


def test_several_stores_are_searched_and_what_is_in_both_counts_once(
    target: LayoutTarget, image: Image, tmp_path: Path
) -> None:
    pieces = make_pieces(image, key())
    folder = FolderStore(tmp_path / "folder")
    referrers = ReferrersStore(target, created=NOW)
    for piece in pieces:
        for subject in piece.subjects:
            folder.put(subject, piece.bundle, predicate_type=piece.predicate_type)
    put_pieces(target, pieces[:2])
    found = collect(target, image.digest, stores=(referrers, folder))
    bundles = [one.raw for one in found.evidence[image.digest]]
    assert len(bundles) == len(set(bundles)) == 4
    assert {one.store for one in found.evidence[image.digest]} == {target.name, folder.name}
    nothing = collect(target, image.digest, stores=())
    assert not any(nothing.evidence.values())


def test_an_image_that_is_not_there_is_an_error_and_no_verdict(target: LayoutTarget) -> None:
    with pytest.raises((ImageError, RegistryError)) as caught:
        collect(target, digest_of(b"nothing"))
    assert caught.value.code is Code.IMAGE_NOT_FOUND


def test_a_release_that_is_resumed_stores_nothing_twice(target: LayoutTarget, image: Image) -> None:
    pieces = make_pieces(image, key())
    put_pieces(target, pieces)
    put_pieces(target, make_pieces(image, key()), created=NOW + timedelta(days=1))
    for subject in image.subjects():
        here = [piece for piece in pieces if subject in piece.subjects]
        assert len(target.referrers(subject.digest)) == len(here)


def test_an_artifact_is_found_where_the_registry_lists_it_under_a_wrong_type(
    target: LayoutTarget, image: Image
) -> None:
    """Also when it filters by that wrong type, or says that it has filtered and has not."""
    with RegistrySimulator() as registry:
        place = target_at(registry.host)
        for raw in (*(one.manifest.source for one in image.platforms), image.root):
            for blob in closure_of(target, raw, what="image").blobs:
                place.put_blob(BlobUpload(blob, partial(target.open_blob, blob)))
            place.put_manifest(raw)
        content = Content.of_bytes(SBOM, mt.SPDX_JSON)
        put_artifact(place, image.root, content, artifact_type=mt.SPDX_JSON)
        put_artifact(
            place,
            image.root,
            Content.of_bytes(b"{}", mt.RELEASE_RECORD),
            artifact_type=mt.RELEASE_RECORD,
        )
        for listed in (mt.OCI_EMPTY, mt.RELEASE_RECORD):
            registry.quirks.listed_type = listed
            for registry.quirks.filters in (False, True):
                registry.quirks.claims_filter = True
                (found,) = find_artifacts(place, image.digest, mt.SPDX_JSON)
                assert found.content.digest == digest_of(SBOM)
        close_all()
