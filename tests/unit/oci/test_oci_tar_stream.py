"""Tars are read as a stream of entries, and every damage has the same name."""

import contextlib
import io
import tarfile
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shipseal.errors import Code, ImageError
from shipseal.oci.layer import Kind, LayerEntry, layer_tar
from shipseal.oci.tar_stream import ForwardReader, clean_path, read_tar
from shipseal.testing.contents import plain

FORMATS = [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT, tarfile.USTAR_FORMAT]


def tar_of(fill: Callable[[tarfile.TarFile], None], kind: int = tarfile.PAX_FORMAT) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=kind) as archive:
        fill(archive)
    return stream.getvalue()


def add(archive: tarfile.TarFile, path: str, content: bytes = b"", **fields: object) -> None:
    info = tarfile.TarInfo(path)
    info.size = len(content)
    for key, value in fields.items():
        setattr(info, key, value)
    archive.addfile(info, io.BytesIO(content))


def cut(data: bytes, size: int) -> list[bytes]:
    return [data[start : start + size] for start in range(0, len(data), size)]


def read(data: bytes, size: int = 1000) -> dict[str, bytes]:
    return {
        entry.path: b"".join(entry.open()) for entry in read_tar(cut(data, size), what="layer.tar")
    }


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("size", [1, 511, 512, 70_000])
def test_entries_and_content_come_out_of_every_format(kind: int, size: int) -> None:
    long = "d/" * 30 + "f" * 60

    def fill(archive: tarfile.TarFile) -> None:
        add(archive, "./a", b"A" * 600)
        add(archive, long, b"L")
        add(archive, "empty")

    assert read(tar_of(fill, kind), size) == {"a": b"A" * 600, long: b"L", "empty": b""}


def test_content_may_be_left_unread() -> None:
    def fill(archive: tarfile.TarFile) -> None:
        add(archive, "a", b"A" * 100_000)
        add(archive, "b", b"B", mode=0o4755, uid=7, gid=8, mtime=9)

    first, second = read_tar(cut(tar_of(fill), 999), what="layer.tar")
    assert (first.path, first.size) == ("a", 100_000)
    assert (second.mode, second.uid, second.gid, second.mtime) == (0o4755, 7, 8, 9)


def test_every_kind_of_entry_is_told_apart() -> None:
    def fill(archive: tarfile.TarFile) -> None:
        add(archive, "d/", type=tarfile.DIRTYPE)
        add(archive, "s", type=tarfile.SYMTYPE, linkname="../d")
        add(archive, "h", type=tarfile.LNKTYPE, linkname="d/f")
        add(archive, "p", type=tarfile.FIFOTYPE)
        add(archive, "c", type=tarfile.CHRTYPE)

    entries = list(read_tar([tar_of(fill)], what="layer.tar"))
    assert [(entry.path, entry.kind, entry.link) for entry in entries] == [
        ("d", Kind.FOLDER, ""),
        ("s", Kind.SYMLINK, "../d"),
        ("h", Kind.HARDLINK, "d/f"),
        ("p", Kind.OTHER, ""),
        ("c", Kind.OTHER, ""),
    ]


@pytest.mark.parametrize("data", [b"", bytes(512), bytes(1024), bytes(10_240)])
def test_an_empty_layer_has_no_entries(data: bytes) -> None:
    assert read(data) == {}


def test_a_missing_end_mark_is_forgiven() -> None:
    data = tar_of(lambda archive: add(archive, "a", b"A"))
    assert read(data[:1024]) == {"a": b"A"}


@pytest.mark.parametrize(
    ("damage", "problem"),
    [
        (lambda data: data[:800], "unexpected end of data"),
        (lambda data: data[:700] + b"x", "unexpected end of data"),
        (lambda data: data[:1024] + b"x" * 512, "no entry at byte 1536"),
        (lambda data: data[:1024] + b"x" * 100, "no entry at byte"),
        (lambda data: b"x" * 512, "not a valid tar"),
        (lambda data: b"text", "not a valid tar"),
    ],
)
def test_damage_is_refused_wherever_it_is(damage: Callable[[bytes], bytes], problem: str) -> None:
    data = tar_of(lambda archive: add(archive, "a", b"A" * 500))
    with pytest.raises(ImageError, match=problem) as caught:
        read(damage(data))
    assert caught.value.code is Code.FORMAT_UNSUPPORTED
    assert "layer.tar" in caught.value.message


def test_a_header_of_gigabytes_is_not_read_into_memory() -> None:
    info = tarfile.TarInfo("././@PaxHeader")
    info.type, info.size = tarfile.XHDTYPE, 1 << 33
    with pytest.raises(ImageError, match="a header has 8589934592 bytes"):
        list(read_tar([info.tobuf(tarfile.GNU_FORMAT)], what="layer.tar"))


@pytest.mark.parametrize("part", ["name", "linkname"])
def test_a_path_that_no_system_has_is_refused(part: str) -> None:
    fields: dict[str, object] = {part: "a/" * 2100}
    data = tar_of(lambda archive: add(archive, "a", b"", **fields))
    with pytest.raises(ImageError, match="more than 4096 characters"):
        read(data)


@pytest.mark.parametrize("mtime", ["inf", "-inf", "nan", "1e300"])
def test_a_time_that_no_calendar_has_is_damage(mtime: str) -> None:
    data = tar_of(lambda archive: add(archive, "a", pax_headers={"mtime": mtime}))
    with pytest.raises(ImageError, match="not a valid tar") as caught:
        read(data)
    assert caught.value.code is Code.FORMAT_UNSUPPORTED


def with_holes(path: str, claimed: int) -> bytes:
    """Return an entry (old GNU sparse) of 512 bytes that claims to be a file of ``claimed`` bytes."""
    info = tarfile.TarInfo(path)
    info.size, info.type = 512, tarfile.GNUTYPE_SPARSE
    header = bytearray(info.tobuf(tarfile.GNU_FORMAT))
    header[386:410] = b"%011o\0%011o\0" % (0, 512)
    header[482:495] = b"\0%011o\0" % claimed
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    return bytes(header) + bytes(512)


def test_holes_are_refused_where_they_have_no_business() -> None:
    data = with_holes("a", 1 << 32) + bytes(1024)
    (entry,) = read_tar([data], what="layer")
    assert entry.size == 1 << 32
    with pytest.raises(ImageError, match="has holes"):
        list(read_tar([data], what="archive", holes=False))


def test_an_entry_cannot_lead_backwards() -> None:
    data = tar_of(lambda archive: add(archive, "a", b"A", pax_headers={"size": "-4096"}))
    with pytest.raises(ImageError, match="not a valid tar"):
        read(data)


def test_an_endless_list_of_entries_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shipseal.oci.tar_stream.MAX_ENTRIES", 2)
    assert len(read(tar_of(lambda archive: add(archive, "a")))) == 1

    def fill(archive: tarfile.TarFile) -> None:
        for name in "abc":
            add(archive, name)

    with pytest.raises(ImageError, match="more than 2 entries") as caught:
        read(tar_of(fill))
    assert caught.value.code is Code.FORMAT_UNSUPPORTED


def test_reading_only_goes_on() -> None:
    reader = ForwardReader([b"abc", b"", b"def"], what="tar")
    assert reader.read(2) == b"ab"
    assert reader.seek(4) == 4
    assert reader.read(9) == b"ef"
    assert reader.at_end()
    with pytest.raises(ImageError, match="negative size"):
        reader.seek(1)


@pytest.mark.parametrize(
    ("path", "cleaned"),
    [
        ("/a/./b//c/", "a/b/c"),
        ("../../etc/passwd", "etc/passwd"),
        ("a/../..", ""),
        (".", ""),
        ("a/../b", "b"),
    ],
)
def test_no_path_leaves_the_root(path: str, cleaned: str) -> None:
    assert clean_path(path) == cleaned


NAMES = st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1)
PATHS = st.lists(NAMES.filter(lambda name: name not in {".", ".."}), min_size=1, max_size=4)


@settings(max_examples=100, deadline=None)
@given(
    st.dictionaries(PATHS.map("/".join), st.binary(max_size=1200), max_size=5),
    st.integers(1, 2000),
)
def test_what_a_layer_is_written_from_is_what_is_read(files: dict[str, bytes], size: int) -> None:
    entries = [
        LayerEntry(path, size=len(data), open=plain(data).open) for path, data in files.items()
    ]
    assert read(b"".join(layer_tar(entries)), size) == files


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_any_damage_ends_in_entries_or_an_image_error(data: st.DataObject) -> None:
    whole = bytearray(tar_of(lambda archive: add(archive, "ä" * 80, b"A" * 700, uname="ü")))
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(whole) - 1))
        whole[at] = data.draw(st.integers(0, 255))
    end = data.draw(st.integers(0, len(whole)))
    with contextlib.suppress(ImageError):
        read(bytes(whole[:end]))


def test_paths_that_are_clean_stay_as_they_are() -> None:
    def slow(path: str) -> str:
        return clean_path(f"./{path}")

    for path in (
        "a",
        "a/b",
        "a.b/c",
        "usr/lib/..data/x",
        "",
        "ä/b",
        "a/",
        "a//b",
        ".",
        "..",
        "/a",
        "a/..b",
    ):
        assert clean_path(path) == slow(path), path
