"""Layers are written reproducibly, and only from entries that make sense."""

import io
import tarfile
from pathlib import Path

import pytest

from shipseal.errors import Code, ImageError
from shipseal.oci import digest_of
from shipseal.oci import media_types as mt
from shipseal.oci.blob_store import BlobStore
from shipseal.oci.compression import Compression, decompressed
from shipseal.oci.layer import Kind, LayerEntry, layer_tar, store_layer, with_folders
from shipseal.testing.contents import (
    Files,
    as_entries,
    empty_folder,
    executable,
    hardlink,
    plain,
    symlink,
)

FILES: Files = {
    "b": b"B",
    "a": empty_folder(),
    "a/f": executable(b"F" * 1000),
    "a-b": b"",
    "a/0": hardlink("a/f"),
    "a/l": symlink("../b"),
}


def members(files: Files) -> list[tarfile.TarInfo]:
    with tarfile.open(fileobj=io.BytesIO(b"".join(layer_tar(as_entries(files))))) as archive:
        return archive.getmembers()


def test_entries_are_sorted_with_folders_first_and_hardlinks_last() -> None:
    assert [member.name for member in members(FILES)] == ["a", "a/f", "a/l", "a-b", "b", "a/0"]


def test_the_order_in_which_entries_come_does_not_matter() -> None:
    tars = [
        b"".join(layer_tar(entries)) for entries in (as_entries(FILES), as_entries(FILES)[::-1])
    ]
    assert tars[0] == tars[1]
    assert len(tars[0]) % 512 == 0
    assert tars[0].endswith(bytes(1024))


def test_no_names_of_owners_and_no_records_that_are_not_needed() -> None:
    for member in members(FILES):
        assert (member.uname, member.gname, member.pax_headers) == ("", "", {})
        assert (member.uid, member.gid, member.mtime) == (0, 0, 0)


@pytest.mark.parametrize(
    ("entry", "key"),
    [
        (LayerEntry("x" * 101), "path"),
        (LayerEntry("ü"), "path"),
        (LayerEntry("l", Kind.SYMLINK, link="y" * 101), "linkpath"),
        (LayerEntry("f", uid=1 << 22), "uid"),
    ],
)
def test_records_stand_there_where_the_plain_header_is_too_small(
    entry: LayerEntry, key: str
) -> None:
    with tarfile.open(fileobj=io.BytesIO(b"".join(layer_tar([entry])))) as archive:
        (member,) = archive.getmembers()
    assert list(member.pax_headers) == [key]
    assert (member.name, member.linkname, member.uid) == (entry.path, entry.link, entry.uid)


@pytest.mark.parametrize("path", ["", "/a", "a/", "a//b", "./a", "a/../b", ".."])
def test_paths_must_be_plain(path: str) -> None:
    with pytest.raises(ImageError, match="not a plain one below the root") as caught:
        list(layer_tar([LayerEntry(path)]))
    assert caught.value.code is Code.FORMAT_UNSUPPORTED


def test_a_path_may_occur_once() -> None:
    with pytest.raises(ImageError, match="occurs twice"):
        list(layer_tar([LayerEntry("a"), LayerEntry("a", Kind.FOLDER)]))


@pytest.mark.parametrize("size", [0, 3, 5])
def test_content_must_have_the_size_that_was_listed(size: int) -> None:
    entry = LayerEntry("a", size=size, open=plain(b"1234").open)
    with pytest.raises(ImageError, match=f"had {size} bytes when it was listed and has"):
        list(layer_tar([entry]))


def test_missing_folders_are_added_and_given_ones_kept() -> None:
    entries = as_entries({"a": empty_folder(0o700), "a/b/c/d": b""})
    added = {entry.path: entry for entry in with_folders(entries, mtime=7)}
    assert set(added) == {"a", "a/b", "a/b/c", "a/b/c/d"}
    assert (added["a"].mode, added["a/b"].mode, added["a/b"].mtime) == (0o700, 0o755, 7)


@pytest.mark.parametrize("how", list(Compression))
def test_a_stored_layer_has_both_its_digests(tmp_path: Path, how: Compression) -> None:
    blobs = BlobStore(tmp_path)
    layer = store_layer(blobs, as_entries(FILES), how)
    raw = blobs.read(layer.descriptor.digest)
    assert len(raw) == layer.descriptor.size
    assert digest_of(b"".join(decompressed([raw], what="layer"))) == layer.diff_id
    assert (layer.diff_id == layer.descriptor.digest) == (how is Compression.NONE)
    assert store_layer(blobs, as_entries(FILES), how) == layer


def test_docker_layers_have_dockers_type(tmp_path: Path) -> None:
    layer = store_layer(BlobStore(tmp_path), as_entries(FILES), docker=True)
    assert layer.descriptor.media_type == mt.DOCKER_LAYER_GZIP


def test_a_layer_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(ImageError):
        store_layer(BlobStore(tmp_path / "blobs"), [LayerEntry("a", size=9)])
    assert not [path for path in (tmp_path / "blobs").rglob("*") if path.is_file()]
