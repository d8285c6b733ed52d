"""Evidence as files: bytes as they are, one line each where that can be."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shipseal._internal.limits import Limit
from shipseal.errors import AttestError, Code, ShipsealError
from shipseal.evidence.folder_store import FolderStore
from shipseal.evidence.interface import Bound, Origin
from shipseal.oci import RawManifest, digest_of
from shipseal.oci import media_types as mt

SUBJECT = RawManifest.of(b'{"schemaVersion":2}', mt.OCI_MANIFEST)
OTHER = RawManifest.of(b'{"schemaVersion":2,"layers":[]}', mt.OCI_MANIFEST)
STEM = SUBJECT.digest.replace(":", "-")
TYPE = "https://slsa.dev/provenance/v1"


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path / "evidence")


def put(store: FolderStore, bundle: bytes) -> str:
    return store.put(SUBJECT, bundle, predicate_type=TYPE).answer


def raws(store: FolderStore) -> list[bytes]:
    return [one.raw for one in store.find(SUBJECT.digest)]


def test_bundles_are_lines_of_one_file(store: FolderStore, tmp_path: Path) -> None:
    assert [put(store, b'{"a":1}'), put(store, b'{"b":2}')] == ["stored (file)"] * 2
    assert (tmp_path / "evidence" / f"{STEM}.jsonl").read_bytes() == b'{"a":1}\n{"b":2}\n'
    found = store.find(SUBJECT.digest)
    assert [one.where for one in found] == [f"{STEM}.jsonl:1", f"{STEM}.jsonl:2"]
    assert [one.digest for one in found] == [digest_of(b'{"a":1}'), digest_of(b'{"b":2}')]
    assert store.find(OTHER.digest) == ()


def test_the_same_bundle_is_stored_once(store: FolderStore) -> None:
    put(store, b'{"a":1}')
    assert put(store, b'{"a":1}') == "exists"
    assert raws(store) == [b'{"a":1}']


@pytest.mark.parametrize("bundle", [b'{\n  "a": 1\n}', b'{"a":1}\n', b' {"a":1}', b'{"a":1}\r'])
def test_a_bundle_that_is_no_line_keeps_its_bytes(
    store: FolderStore, tmp_path: Path, bundle: bytes
) -> None:
    """Its digest is its name: a seal over it would be broken by one byte less."""
    put(store, b'{"b":2}')
    put(store, bundle)
    assert put(store, bundle) == "exists"
    assert raws(store) == [b'{"b":2}', bundle]
    assert (tmp_path / "evidence" / f"{STEM}.{digest_of(bundle)[7:]}.json").read_bytes() == bundle


def test_files_of_other_tools_are_read(store: FolderStore, tmp_path: Path) -> None:
    """Without an end of line, with empty lines."""
    (tmp_path / "evidence").mkdir()
    path = tmp_path / "evidence" / f"{STEM}.jsonl"
    path.write_bytes(b'{"a":1}\n\n{"b":2}')
    assert raws(store) == [b'{"a":1}', b'{"b":2}']
    put(store, b'{"c":3}')
    assert raws(store) == [b'{"a":1}', b'{"b":2}', b'{"c":3}']


def test_a_pipe_is_not_waited_for(store: FolderStore, tmp_path: Path) -> None:
    put(store, b'{"a":1}')
    os.mkfifo(tmp_path / "evidence" / f"{STEM}.x.json")
    assert raws(store) == [b'{"a":1}']


def test_lines_without_end_are_refused(
    store: FolderStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(store, b'{"a":1}')
    path = tmp_path / "evidence" / f"{STEM}.jsonl"
    path.write_bytes(b"\n \r\n" * 50_000 + b'{"b":2}')
    (found,) = store.find(SUBJECT.digest)
    assert (found.raw, found.where) == (b'{"b":2}', f"{STEM}.jsonl:100001")
    monkeypatch.setattr("shipseal.evidence.folder_store.MOST_LINES", 10)
    path.write_bytes(b"{}\n" * 11)
    with pytest.raises(ShipsealError, match="more than 10 bundles"):
        store.find(SUBJECT.digest)


def test_an_empty_bundle_is_refused(store: FolderStore) -> None:
    with pytest.raises(AttestError, match="empty bundle") as caught:
        put(store, b" \n")
    assert caught.value.code is Code.ATTEST_INVALID


def test_a_file_beyond_its_limit_is_kept_with_its_problem(
    store: FolderStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(store, b'{\n"a":1}')
    small = Limit("bundle", 5, "a test")
    monkeypatch.setattr("shipseal.evidence.folder_store.BUNDLE", small)
    (found,) = store.find(SUBJECT.digest)
    assert found.raw == b""
    assert "more than 5 bytes" in found.problem


def test_a_folder_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ShipsealError, match=r"file/\.lock: cannot be written") as caught:
        put(FolderStore(tmp_path / "file"), b"{}")
    assert caught.value.code is Code.CONFIG_INVALID


def test_writers_at_once_lose_nothing(store: FolderStore, tmp_path: Path) -> None:
    bundles = [b'{"n":%d}' % number for number in range(24)]
    stores = [store, FolderStore(tmp_path / "evidence")]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda pair: put(stores[pair[0] % 2], pair[1]), enumerate(bundles)))
    assert sorted(raws(store)) == sorted(bundles)


@given(st.lists(st.binary(min_size=1, max_size=30).filter(bytes.strip), max_size=6))
@settings(max_examples=60)
def test_every_bundle_comes_back_byte_for_byte(
    tmp_path_factory: pytest.TempPathFactory, bundles: list[bytes]
) -> None:
    store = FolderStore(tmp_path_factory.mktemp("evidence"))
    for bundle in bundles:
        put(store, bundle)
    assert sorted(raws(store)) == sorted(set(bundles))


def test_what_gh_downloads_is_read_under_its_name(store: FolderStore, tmp_path: Path) -> None:
    put(store, b'{"a":1}')
    theirs = tmp_path / "evidence" / f"{SUBJECT.digest}.jsonl"
    theirs.write_bytes(b'{"b":2}\n\n{"c":3}')
    assert raws(store) == [b'{"a":1}', b'{"b":2}', b'{"c":3}']
    assert put(store, b'{"c":3}') == "exists"
    assert [one.origin for one in store.find(SUBJECT.digest)] == [Origin.FILE] * 3


@settings(max_examples=100, deadline=None)
@given(st.lists(st.binary(max_size=40).filter(lambda line: b"\n" not in line), max_size=6))
def test_any_file_of_lines_gives_its_lines_that_are_not_blank(
    tmp_path_factory: pytest.TempPathFactory, lines: list[bytes]
) -> None:
    folder = tmp_path_factory.mktemp("lines")
    (folder / f"{SUBJECT.digest}.jsonl").write_bytes(b"\n".join(lines))
    assert raws(FolderStore(folder)) == [line for line in lines if line.strip()]


def test_what_is_beyond_the_bound_is_not_stored(tmp_path: Path) -> None:
    store = FolderStore(tmp_path / "evidence", bounds=(Bound("test", 8, "bundle", "a page"),))
    put(store, b'{"a":1}')
    with pytest.raises(
        AttestError, match="a bundle of 9 bytes, more than the 8 of: test"
    ) as caught:
        put(store, b'{"a":100}')
    assert caught.value.code is Code.SBOM_TOO_LARGE
    assert raws(store) == [b'{"a":1}']
