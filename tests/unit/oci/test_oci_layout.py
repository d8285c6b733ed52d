"""Layouts and blob stores: whole or not there, for one process and for two."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from shipseal._internal.limits import CONFIG, MANIFEST
from shipseal.errors import Code, ImageError, ShipsealError
from shipseal.oci import Descriptor, Digest, digest_of, parse_digest
from shipseal.oci import media_types as mt
from shipseal.oci.blob_store import BlobStore
from shipseal.oci.layout import OciLayout
from shipseal.testing.damage import corrupt_blob, truncate_blob
from shipseal.testing.images import build_layout

NOTHING = Digest(f"sha256:{'0' * 64}")


def files_in(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


# Blobs


def test_a_blob_lies_under_its_digest(tmp_path: Path) -> None:
    blobs = BlobStore(tmp_path / "blobs")
    digest = blobs.put(b"data")
    assert digest == digest_of(b"data")
    assert blobs.path(digest).read_bytes() == blobs.read(digest) == b"data"
    assert blobs.has(digest)
    assert blobs.has(digest, 4)
    assert not blobs.has(digest, 5)
    assert not blobs.has(NOTHING)


def test_what_is_there_is_not_written_again(tmp_path: Path) -> None:
    blobs = BlobStore(tmp_path)
    digest = blobs.put(b"data")
    before = blobs.path(digest).stat().st_mtime_ns

    def unread() -> Iterator[bytes]:
        raise AssertionError("the content must not be asked for")
        yield b""

    blobs.put(b"data")
    blobs.put_stream(unread(), digest, 4, what="blob")
    assert blobs.path(digest).stat().st_mtime_ns == before


@pytest.mark.parametrize("chunks", [[b"dat"], [b"data", b"!"], [b"date"], []])
def test_content_that_is_not_what_was_promised_does_not_appear(
    tmp_path: Path, chunks: list[bytes]
) -> None:
    blobs = BlobStore(tmp_path)
    with pytest.raises(ImageError, match="the blob: expected") as caught:
        blobs.put_stream(chunks, digest_of(b"data"), 4, what="the blob")
    assert caught.value.code is Code.DIGEST_MISMATCH
    assert files_in(tmp_path) == []


def test_a_source_that_breaks_off_leaves_nothing(tmp_path: Path) -> None:
    def torn() -> Iterator[bytes]:
        yield b"half"
        raise ShipsealError(Code.NETWORK_UNREACHABLE, "gone")

    blobs = BlobStore(tmp_path)
    with pytest.raises(ShipsealError, match="gone"):
        blobs.put_stream(torn(), NOTHING, None, what="blob")
    with pytest.raises(ShipsealError, match="gone"):
        blobs.put_new(torn())
    assert files_in(tmp_path) == []


def test_new_content_is_stored_under_the_digest_that_comes_out(tmp_path: Path) -> None:
    blobs = BlobStore(tmp_path)
    assert blobs.put_new([b"da", b"", b"ta"]) == (digest_of(b"data"), 4)
    assert blobs.put_new([b"data"]) == (digest_of(b"data"), 4)
    assert files_in(tmp_path) == [f"sha256/{digest_of(b'data').partition(':')[2]}"]
    assert blobs.path(digest_of(b"data")).stat().st_mode & 0o777 == 0o644


def test_a_process_that_is_killed_while_writing_leaves_no_blob(tmp_path: Path) -> None:
    script = """
import os, sys
from pathlib import Path
from shipseal.oci.blob_store import BlobStore
from shipseal.oci.digest import digest_of
def chunks():
    yield b"half of it"
    os.kill(os.getpid(), 9)
BlobStore(Path(sys.argv[1])).put_stream(chunks(), digest_of(b"half of it and more"), None, what="blob")
"""
    done = subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=False, timeout=30)
    assert done.returncode == -9
    blobs = BlobStore(tmp_path)
    digest = digest_of(b"half of it and more")
    assert not blobs.has(digest)
    blobs.put_stream([b"half of it", b" and more"], digest, 19, what="blob")
    assert blobs.read(digest) == b"half of it and more"


def test_damage_on_disk_is_noticed_when_it_is_read(tmp_path: Path) -> None:
    blobs = BlobStore(tmp_path)
    digest = blobs.put(b"data")
    blobs.path(digest).write_bytes(b"date")
    with pytest.raises(ImageError) as caught:
        blobs.read(digest)
    assert caught.value.code is Code.DIGEST_MISMATCH
    with pytest.raises(ImageError) as caught:
        list(blobs.open(digest, 4))
    assert caught.value.code is Code.DIGEST_MISMATCH


def test_a_blob_is_read_on_from_any_byte(tmp_path: Path) -> None:
    blobs = BlobStore(tmp_path)
    digest = blobs.put(b"0123456789")
    assert b"".join(blobs.open(digest, 10)) == b"0123456789"
    assert b"".join(blobs.open(digest, 10, offset=7)) == b"789"
    assert b"".join(blobs.open(digest, 10, offset=10)) == b""


def test_a_stream_is_for_those_who_verify_themselves(tmp_path: Path) -> None:
    store = BlobStore(tmp_path)
    digest = store.put(b"0123456789")
    store.path(digest).write_bytes(b"damaged bytes")
    assert b"".join(store.stream(digest)) == b"damaged bytes"
    assert b"".join(store.stream(digest, offset=8)) == b"bytes"


def test_a_missing_blob_is_named(tmp_path: Path) -> None:
    blobs = BlobStore(tmp_path)
    (tmp_path / "sha256" / "1".ljust(64, "1")).mkdir(parents=True)
    for digest in (NOTHING, Digest(f"sha256:{'1' * 64}")):
        with pytest.raises(ImageError, match=digest.partition(":")[2]) as caught:
            blobs.read(digest)
        assert caught.value.code is Code.IMAGE_NOT_FOUND
        with pytest.raises(ImageError, match="cannot be read"):
            list(blobs.open(digest))


# Layouts


def test_a_new_layout_is_an_empty_one(tmp_path: Path) -> None:
    layout = OciLayout(tmp_path / "image")
    assert not layout.exists()
    layout.create()
    assert layout.exists()
    assert layout.entries() == ()
    assert json.loads((tmp_path / "image/oci-layout").read_bytes()) == {
        "imageLayoutVersion": "1.0.0"
    }
    document = json.loads((tmp_path / "image/index.json").read_bytes())
    assert document == {"schemaVersion": 2, "mediaType": mt.OCI_INDEX, "manifests": []}


def test_making_a_layout_again_changes_nothing(tmp_path: Path) -> None:
    sample = build_layout(tmp_path)
    before = sample.layout.raw_index()
    sample.layout.create()
    assert sample.layout.raw_index() == before


def test_entries_are_written_only_when_they_change_and_not_when_the_change_fails(
    tmp_path: Path,
) -> None:
    sample = build_layout(tmp_path)
    before = (tmp_path / "index.json").stat()
    with sample.layout.updating() as entries:
        assert len(entries) == 1
    with pytest.raises(ImageError), sample.layout.updating() as entries:
        entries.append(Descriptor(mt.OCI_MANIFEST, parse_digest("wrong"), 1))
    after = (tmp_path / "index.json").stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)


def test_two_processes_lose_none_of_each_others_entries(tmp_path: Path) -> None:
    script = """
import sys
from pathlib import Path
from shipseal.oci import Descriptor, digest_of
from shipseal.oci.layout import OciLayout
layout = OciLayout(Path(sys.argv[1]))
for number in range(25):
    data = f"{sys.argv[2]} {number}".encode()
    digest = layout.blobs.put(data)
    layout.blobs.put(f"shared {number}".encode() * 1000)
    with layout.updating() as entries:
        entries.append(Descriptor("text/plain", digest, len(data)))
"""
    command = [sys.executable, "-c", script, str(tmp_path / "image")]
    running = [subprocess.Popen([*command, name]) for name in ("one", "two")]
    assert [process.wait(timeout=50) for process in running] == [0, 0]
    layout = OciLayout(tmp_path / "image")
    entries = layout.entries()
    assert len({entry.digest for entry in entries}) == len(entries) == 50
    for entry in entries:
        assert layout.blobs.read(entry.digest)
    names = files_in(tmp_path / "image")
    assert len(names) == 50 + 25 + len(["oci-layout", "index.json", ".lock"])


def test_manifests_are_read_with_the_type_that_the_layout_gives_them(tmp_path: Path) -> None:
    sample = build_layout(tmp_path, docker=True)
    root = sample.layout.read_manifest(sample.digest)
    assert root == sample.root
    assert root.media_type == mt.DOCKER_LIST
    child = sample.layout.read_manifest(sample.manifests["linux/arm64"].digest)
    assert child.media_type == mt.DOCKER_MANIFEST


def test_a_layout_that_is_not_there_is_not_found(tmp_path: Path) -> None:
    layout = OciLayout(tmp_path / "nothing")
    for ask in (layout.raw_index, layout.entries, lambda: layout.read_manifest(NOTHING)):
        with pytest.raises(ImageError, match="no OCI layout there") as caught:
            ask()
        assert caught.value.code is Code.IMAGE_NOT_FOUND
    assert not (tmp_path / "nothing").exists()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"{}",
        b'{"manifests": {}}',
        b'{"manifests": [1]}',
        b'{"manifests": [], "Manifests": []}',
        b"\xff",
        b"[" * 100_000,
    ],
)
def test_an_index_that_is_damaged_is_refused_by_name(tmp_path: Path, content: bytes) -> None:
    layout = OciLayout(tmp_path)
    layout.create()
    (tmp_path / "index.json").write_bytes(content)
    with pytest.raises(ImageError, match=r"index\.json") as caught:
        layout.entries()
    assert caught.value.code is Code.FORMAT_UNSUPPORTED
    with pytest.raises(ImageError), layout.updating():
        raise AssertionError("a damaged index must not be changed")
    assert (tmp_path / "index.json").read_bytes() == content


def test_documents_have_limits(tmp_path: Path) -> None:
    layout = OciLayout(tmp_path)
    layout.create()
    large = layout.blobs.put(b" " * (MANIFEST.size + 1))
    with pytest.raises(ShipsealError, match=str(MANIFEST.size)) as caught:
        layout.read_manifest(large)
    assert caught.value.code is Code.FORMAT_UNSUPPORTED
    config = layout.blobs.put(b" " * (CONFIG.size + 1))
    with pytest.raises(ShipsealError, match=str(CONFIG.size)):
        layout.read_config(Descriptor(mt.OCI_CONFIG, config, CONFIG.size + 1))
    (tmp_path / "index.json").write_bytes(b" " * (MANIFEST.size + 1))
    with pytest.raises(ShipsealError, match="the limit for a manifest"):
        layout.entries()


def test_blobs_and_configurations_of_a_layout_are_verified(tmp_path: Path) -> None:
    sample = build_layout(tmp_path, platforms=["linux/amd64"])
    config = sample.configs["linux/amd64"]
    assert sample.layout.read_config(config) == sample.layout.blobs.read(config.digest)
    layer = sample.layers["linux/amd64"][0].descriptor
    corrupt_blob(sample, config.digest)
    truncate_blob(sample, layer.digest)
    with pytest.raises(ImageError) as caught:
        sample.layout.read_config(config)
    assert caught.value.code is Code.DIGEST_MISMATCH
    with pytest.raises(ImageError, match=f"expected {layer.size} bytes") as caught:
        list(sample.layout.open_blob(layer))
    assert caught.value.code is Code.DIGEST_MISMATCH
