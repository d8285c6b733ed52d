"""A layout as a target: what the contract does not say."""

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from shipseal.errors import Code, ConfigError, ImageError, ShipsealError
from shipseal.oci import Digest
from shipseal.oci import media_types as mt
from shipseal.oci.blob_store import BlobStore
from shipseal.oci.layout import OciLayout
from shipseal.oci.manifest import parse_index, parse_manifest
from shipseal.registry.interface import Uploaded
from shipseal.registry.layout_target import LayoutTarget
from tests.support.missing import UNAVOIDABLE
from tests.support.target_content import Content, image, put, referrer, staged


@pytest.fixture
def target(tmp_path: Path) -> LayoutTarget:
    return LayoutTarget(tmp_path / "out")


def _index(target: LayoutTarget) -> list[dict[str, object]]:
    document = json.loads((Path(target.repository) / "index.json").read_bytes())
    entries: list[dict[str, object]] = document["manifests"]
    return entries


def test_nothing_is_made_before_something_is_stored(target: LayoutTarget) -> None:
    assert target.list_tags() == ()
    assert target.resolve("v1") is None
    target.delete_tag("v1")
    target.check_push()
    assert not Path(target.repository).exists()


def test_a_staged_manifest_is_a_blob_that_no_entry_names(target: LayoutTarget) -> None:
    root = staged(target, "staged")
    assert _index(target) == []
    assert target.resolve(root.digest) == root.descriptor()


def test_a_tag_is_an_entry_with_a_name(target: LayoutTarget) -> None:
    root = staged(target, "tagged")
    target.put_tag("v1", root)
    assert _index(target) == [
        {
            "mediaType": mt.OCI_INDEX,
            "digest": root.digest,
            "size": len(root.raw),
            "annotations": {mt.REF_NAME: "v1"},
        }
    ]


def test_a_referrer_is_an_entry_without_a_name(target: LayoutTarget) -> None:
    root = staged(target, "subject")
    target.put_tag("v1", root)
    evidence = referrer(target, root, "evidence")
    target.put_referrer(evidence)
    (_, entry) = _index(target)
    assert entry["digest"] == evidence.digest
    assert mt.REF_NAME not in str(entry)
    assert target.list_tags() == ("v1",)


def test_what_other_tools_wrote_is_kept_and_read(target: LayoutTarget) -> None:
    root = staged(target, "foreign")
    evidence = referrer(target, root, "foreign evidence")
    target.put_manifest(evidence)
    layout = OciLayout(Path(target.repository))
    whole_name = replace(
        root.descriptor(), annotations={mt.REF_NAME: "docker.io/library/app:latest"}
    )
    named_evidence = replace(evidence.descriptor(), annotations={mt.REF_NAME: "evidence"})
    with layout.updating() as entries:
        entries += [whole_name, named_evidence]
    assert target.list_tags() == ("evidence",)
    assert [one.digest for one in target.referrers(root.digest)] == [evidence.digest]
    target.put_tag("v1", root)
    assert layout.entries()[:2] == (whole_name, named_evidence)


def test_a_name_that_stands_for_two_manifests_is_not_guessed(target: LayoutTarget) -> None:
    one, two = staged(target, "one"), staged(target, "two")
    target.put_tag("v1", one)
    with OciLayout(Path(target.repository)).updating() as entries:
        entries.append(replace(two.descriptor(), annotations={mt.REF_NAME: "v1"}))
    with pytest.raises(ImageError, match="names 2 manifests") as caught:
        target.resolve("v1")
    assert caught.value.code is Code.FORMAT_UNSUPPORTED
    target.put_tag("v1", two)
    assert target.resolve("v1") == two.descriptor()


def test_a_manifest_that_was_changed_on_disk_is_refused(target: LayoutTarget) -> None:
    root = staged(target, "changed")
    target.put_tag("v1", root)
    path = Path(target.repository) / "blobs" / root.digest.replace(":", "/")
    path.write_bytes(root.raw.replace(b"index", b"undex", 1))
    for call in (lambda: target.resolve("v1"), lambda: target.read_manifest(root.digest)):
        with pytest.raises(ImageError, match="expected") as caught:
            call()
        assert caught.value.code is Code.DIGEST_MISMATCH


def _blob(target: LayoutTarget, digest: str) -> Path:
    return Path(target.repository) / "blobs" / digest.replace(":", "/")


def test_a_blob_of_the_right_size_and_wrong_content_is_written_again(target: LayoutTarget) -> None:
    content = Content(b"what the layer really holds")
    assert target.put_blob(content.upload()) is Uploaded.SENT
    path = _blob(target, content.descriptor.digest)
    path.write_bytes(bytes(content.descriptor.size))
    assert target.put_blob(content.upload()) is Uploaded.SENT
    assert path.read_bytes() == b"what the layer really holds"
    assert LayoutTarget(Path(target.repository)).put_blob(content.upload()) is Uploaded.EXISTED


def test_a_blob_is_read_once_before_it_counts(
    target: LayoutTarget, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = Content(b"large")
    put(target, content)
    again = LayoutTarget(Path(target.repository))
    opened: list[str] = []
    whole = BlobStore.open

    def watched(store: BlobStore, digest: Digest, size: int | None = None) -> Iterator[bytes]:
        opened.append(digest)
        return whole(store, digest, size)

    monkeypatch.setattr(BlobStore, "open", watched)
    assert [again.put_blob(content.upload()) for _ in range(3)] == [Uploaded.EXISTED] * 3
    assert opened == [content.descriptor.digest]


def test_a_manifest_is_not_named_over_a_damaged_part(target: LayoutTarget) -> None:
    root = staged(target, "damaged part")
    child = parse_index(root, what="root").manifests[0]
    part = parse_manifest(target.read_manifest(child.digest), what="child").config
    _blob(target, part.digest).write_bytes(bytes(part.size))
    with pytest.raises(ShipsealError, match=f"{part.digest}.* or not whole"):
        target.put_manifest(target.read_manifest(child.digest))


def test_a_pipe_in_the_place_of_a_blob_or_the_index_is_not_waited_for(target: LayoutTarget) -> None:
    content = Content(b"piped")
    put(target, content)
    for path in (_blob(target, content.descriptor.digest), Path(target.repository) / "index.json"):
        path.unlink()
        os.mkfifo(path)
    assert not target.has_blob(content.descriptor)
    layout = OciLayout(Path(target.repository))
    calls: tuple[Callable[[], bytes], ...] = (
        lambda: b"".join(target.open_blob(content.descriptor)),
        lambda: layout.blobs.read(content.descriptor.digest),
        layout.raw_index,
    )
    for call in calls:
        with pytest.raises(ImageError, match="not a regular file") as caught:
            call()
        assert caught.value.code is Code.FORMAT_UNSUPPORTED


def test_a_manifest_whose_child_is_missing_is_refused(target: LayoutTarget) -> None:
    child = image(target, "child")
    target.put_manifest(child)
    root = staged(target, "whole")
    target.put_tag("v1", root)
    (Path(target.repository) / "blobs" / root.digest.replace(":", "/")).unlink()
    with pytest.raises(ShipsealError, match="No such file") as caught:
        target.read_manifest(root.digest)
    assert caught.value.code is Code.IMAGE_NOT_FOUND


def test_a_damaged_index_is_named(target: LayoutTarget) -> None:
    put(target, Content(b"x"))
    (Path(target.repository) / "index.json").write_text("{", "utf-8")
    with pytest.raises(ImageError, match=r"index\.json: .*not JSON") as caught:
        target.list_tags()
    assert caught.value.code is Code.FORMAT_UNSUPPORTED


def test_check_push_refuses_a_file_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", "utf-8")
    for folder in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(ConfigError, match="is a file") as caught:
            LayoutTarget(folder).check_push()
        assert caught.value.code is Code.CONFIG_INVALID


def test_check_push_needs_a_folder_that_can_be_written(tmp_path: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip(f"{UNAVOIDABLE}root may write anywhere")
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(ShipsealError, match="cannot be written") as caught:
            LayoutTarget(tmp_path / "out").check_push()
    finally:
        tmp_path.chmod(0o700)
    assert caught.value.code is Code.CONFIG_INVALID


def test_check_push_leaves_nothing(tmp_path: Path) -> None:
    LayoutTarget(tmp_path).check_push()
    assert list(tmp_path.iterdir()) == []


def test_the_name_is_what_was_written(tmp_path: Path) -> None:
    assert LayoutTarget(tmp_path, name="oci:./out").name == "oci:./out"
    assert LayoutTarget(tmp_path).name == f"oci:{tmp_path}"
