"""Headers are read quickly, and never otherwise than tarfile reads them."""

import contextlib
import io
import tarfile
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shipseal.oci.tar_header import HeaderInfo

FIELDS = ("name", "mode", "uid", "gid", "size", "mtime", "type", "linkname")
FORMATS = (tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT)
NAMES = st.text(
    st.characters(blacklist_categories=["Cs"], blacklist_characters="\0"), min_size=1, max_size=300
)


def headers(raw: bytes, kind: type[tarfile.TarInfo]) -> list[tuple[Any, ...]]:
    """Return what a reader finds, up to what it refuses."""
    found: list[tuple[Any, ...]] = []
    with contextlib.suppress(tarfile.TarError, ValueError, OverflowError, EOFError):
        archive = tarfile.TarFile(
            fileobj=io.BytesIO(raw), encoding="utf-8", errors="surrogateescape", tarinfo=kind
        )
        while (member := archive.next()) is not None and len(found) < 10:
            found.append(tuple(getattr(member, field) for field in FIELDS))
    return found


def archive_with(infos: list[tarfile.TarInfo], form: int) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=form) as archive:
        for info in infos:
            archive.addfile(info, io.BytesIO(b"x" * info.size))
    return stream.getvalue()


@st.composite
def members(draw: st.DrawFn) -> tarfile.TarInfo:
    info = tarfile.TarInfo(draw(NAMES))
    info.type = draw(st.sampled_from(
        [tarfile.REGTYPE, tarfile.AREGTYPE, tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE]
    ))  # fmt: skip
    if info.type in (tarfile.SYMTYPE, tarfile.LNKTYPE):
        info.linkname = draw(NAMES)
    info.size = draw(st.integers(0, 600)) if info.type == tarfile.REGTYPE else 0
    info.mode = draw(st.integers(0, 0o7777))
    info.uid, info.gid = draw(st.integers(0, 2**31)), draw(st.integers(0, 2**31))
    info.mtime = draw(st.integers(0, 2**36))
    info.uname = draw(st.sampled_from(["", "root", "ünï"]))
    return info


@settings(max_examples=200, deadline=None)
@given(st.lists(members(), min_size=1, max_size=4), st.sampled_from(FORMATS))
def test_every_format_reads_as_tarfile_reads_it(infos: list[tarfile.TarInfo], form: int) -> None:
    try:
        raw = archive_with(infos, form)
    except ValueError:  # ustar holds no long name, and no large number
        return
    assert headers(raw, HeaderInfo) == headers(raw, tarfile.TarInfo)


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_a_changed_header_reads_as_tarfile_reads_it(data: st.DataObject) -> None:
    raw = bytearray(archive_with([data.draw(members())], tarfile.GNU_FORMAT))
    for _ in range(data.draw(st.integers(1, 3))):
        raw[data.draw(st.integers(0, 511))] = data.draw(st.integers(0, 255))
    if data.draw(st.booleans()):
        mend(raw)
    assert headers(bytes(raw), HeaderInfo) == headers(bytes(raw), tarfile.TarInfo)


def mend(raw: bytearray) -> None:
    """Make the checksum right again, so that the change is all that is odd."""
    total = sum(raw[:148]) + 256 + sum(raw[156:512])
    raw[148:156] = b"%06o\0 " % total


@pytest.mark.parametrize("size", [0, 1, 511])
def test_a_cut_header_is_refused_as_tarfile_refuses_it(size: int) -> None:
    raw = archive_with([tarfile.TarInfo("a")], tarfile.USTAR_FORMAT)[:size]
    for kind in (tarfile.TarInfo, HeaderInfo):
        with pytest.raises(tarfile.HeaderError):
            kind.frombuf(raw, "utf-8", "strict")


def test_plain_headers_take_the_quick_way(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("the slow way")

    raw = archive_with(
        [tarfile.TarInfo("a/b"), tarfile.TarInfo("d" * 80 + "/" + "f" * 90)], tarfile.USTAR_FORMAT
    )
    monkeypatch.setattr(tarfile, "calc_chksums", refuse)
    assert headers(raw, HeaderInfo)[0][0] == "a/b"
