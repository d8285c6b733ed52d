"""Reading advisories from files, and what a bad file comes to."""

import contextlib
import gzip
import hashlib
import json
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shipseal._internal.limits import Limit
from shipseal.advisories.building import open_temporary, read_folder
from shipseal.advisories.compiled import CompiledDatabase
from shipseal.advisories.gathered import Gathered
from shipseal.advisories.interface import PackageQuery
from shipseal.advisories.sources import gather
from shipseal.advisories.tables import SCALE, cve_key
from shipseal.errors import Code, Exit, ScanError, ShipsealError
from tests.support.scanning import advisory
from tests.support.tools import ROOT

RECORD = advisory("X-1", "PyPI", "sample", [("introduced", "0"), ("fixed", "2")])
OTHER = advisory(
    "X-2", "PyPI", "sample", [("introduced", "0")], modified="2026-02-01T10:00:00.123456789Z"
)
YAML = """\
id: X-3
modified: 2026-01-05T00:00:00Z
affected:
  - package: {ecosystem: PyPI, name: sample}
    ranges:
      - type: ECOSYSTEM
        events: [{introduced: '0'}, {fixed: 1.10.0}]
"""


def load_database(path: Path) -> CompiledDatabase:
    return open_temporary(read_folder(path), origin=path.as_posix())


def ids(path: Path) -> list[str]:
    hits = load_database(path).match(PackageQuery("PyPI", "sample", "1.0")).hits
    return [hit.id for hit in hits]


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("one.json", json.dumps(RECORD), ["X-1"]),
        ("list.json", json.dumps([RECORD, OTHER]), ["X-1", "X-2"]),
        ("lines.jsonl", f"{json.dumps(RECORD)}\n\n{json.dumps(OTHER)}\n", ["X-1", "X-2"]),
        ("one.yaml", YAML, ["X-3"]),
        ("one.yml", YAML, ["X-3"]),
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_every_form_is_read(
    tmp_path: Path, name: str, content: str, expected: list[str], packed: bool
) -> None:
    data = content.encode()
    path = tmp_path / (f"{name}.gz" if packed else name)
    path.write_bytes(gzip.compress(data, mtime=0) if packed else data)
    assert ids(path) == expected


def test_a_folder_is_read_with_all_that_is_in_it_and_the_rest_is_told(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "one.json").write_text(json.dumps(RECORD))
    (tmp_path / "two.yaml").write_text(YAML)
    (tmp_path / "MANIFEST.json").write_text('{"files": {}}')
    (tmp_path / "README.md").write_text("words")
    assert ids(tmp_path) == ["X-1", "X-3"]
    (note,) = load_database(tmp_path).notes
    assert (
        note
        == "1 file(s) of the advisory database hold nothing that is used and were left out: MANIFEST.json"
    )


def test_the_digest_of_a_source_is_what_sha256sum_prints(tmp_path: Path) -> None:
    (tmp_path / "b.json").write_text(json.dumps(OTHER))
    assert read_folder(tmp_path / "b.json").sources["b.json"].digest == "sha256:" + _sum(
        tmp_path / "b.json"
    )
    (tmp_path / "a.json").write_text(json.dumps(RECORD))
    lines = "".join(f"{_sum(tmp_path / name)}  {name}\n" for name in ("a.json", "b.json"))
    (source,) = read_folder(tmp_path).sources.values()
    assert source.digest == "sha256:" + hashlib.sha256(lines.encode()).hexdigest()


def _sum(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_the_age_is_that_of_the_newest_record_withdrawn_ones_included(tmp_path: Path) -> None:
    path = tmp_path / "lines.jsonl"
    withdrawn = OTHER | {"withdrawn": "2026-02-01T10:00:00Z"}
    path.write_text(f"{json.dumps(RECORD)}\n{json.dumps(withdrawn)}\n")
    base = load_database(path)
    assert base.newest == datetime(2026, 2, 1, 10, 0, 0, 123456, tzinfo=UTC)
    assert base.records == 2
    assert ids(path) == ["X-1"]


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("cut.json", b'{"id": "X-1", "modi', "is not JSON"),
        (
            "form.json",
            b'{"id": 7, "modified": "2026-01-01T00:00:00Z"}',
            "record 1 is not in OSV form",
        ),
        ("empty.json", b"[]", "holds no advisory"),
        (
            "lines.jsonl",
            b'{"id":"X-1","modified":"2026-01-01T00:00:00Z"}\n{"id":',
            "line 2 is not in OSV form",
        ),
        ("cut.json.gz", gzip.compress(b"{}" * 500, mtime=0)[:-20], "cannot be read"),
        ("plain.json.gz", b"{}", "cannot be read"),
        ("tab.yaml", b"id:\n\t- x", "is not YAML"),
        ("bytes.yaml", b"\xff\xfe\x00", "is not YAML"),
        ("date.json", b'{"id": "X-1", "modified": "soon"}', "modified is not a date: 'soon'"),
    ],
)
def test_a_bad_file_is_no_database(tmp_path: Path, name: str, content: bytes, words: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(ScanError) as caught:
        load_database(path)
    assert caught.value.code is Code.DB_UNAVAILABLE
    assert caught.value.exit is Exit.UNDECIDED
    assert words in caught.value.message
    assert name in caught.value.message


@pytest.mark.parametrize("name", ["nowhere", "empty"])
def test_nothing_there_is_no_database(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(ScanError, match=name) as caught:
        load_database(tmp_path / name)
    assert caught.value.code is Code.DB_UNAVAILABLE


@given(
    data=st.one_of(st.binary(max_size=60), st.text(max_size=60).map(str.encode)),
    kind=st.sampled_from([".json", ".jsonl", ".yaml", ".csv", ".zip", ".json.gz", ".csv.gz"]),
)
@settings(max_examples=120)
def test_no_content_raises_anything_else(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, kind: str
) -> None:
    path = tmp_path_factory.mktemp("fuzz", numbered=True) / f"x{kind}"
    path.write_bytes(data)
    with pytest.raises(ScanError) as caught:  # no text this short holds an advisory
        load_database(path)
    assert caught.value.code is Code.DB_UNAVAILABLE


def test_the_demos_advisories_say_what_the_demo_needs() -> None:
    base = load_database(ROOT / "demo" / "advisories")
    assert base.notes == ()

    def found(version: str) -> dict[str, tuple[str, tuple[str, ...]]]:
        hits = base.match(PackageQuery("PyPI", "paramiko", version)).hits
        return {hit.id: (str(hit.severity), hit.fix_versions) for hit in hits}

    assert found("2.4.0") == {
        "CVE-2018-7750": ("critical", ("2.4.1",)),
        "CVE-2018-1000805": ("high", ("2.4.2",)),
    }
    assert found("3.3.1") == {"CVE-2023-48795": ("medium", ("3.4.0",))}
    assert found("3.5.1") == {}


_NAMES = st.sampled_from(
    [
        "id",
        "modified",
        "affected",
        "vulnerabilities",
        "cveID",
        "dateAdded",
        "vectors",
        "rating",
        "ranges",
        "events",
        "x",
    ]
)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_NAMES, inner, max_size=4),
    max_leaves=12,
)


@given(value=_JSON)
@settings(max_examples=150)
def test_no_json_raises_anything_else(
    tmp_path_factory: pytest.TempPathFactory, value: object
) -> None:
    path = tmp_path_factory.mktemp("fuzz", numbered=True) / "x.json"
    path.write_text(json.dumps(value))
    with contextlib.suppress(ScanError):
        read_folder(path)


@given(
    rows=st.lists(
        st.tuples(
            st.integers(1999, 2030), st.integers(1, 9_999_999), st.floats(0, 1), st.floats(0, 1)
        )
    )
)
@settings(max_examples=40)
def test_scores_come_back_as_they_were_written(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[int, int, float, float]]
) -> None:
    path = tmp_path_factory.mktemp("epss", numbered=True) / "x.csv"
    lines = [f"CVE-{year}-{number:04},{p:.9f},{q:.9f}" for year, number, p, q in rows]
    path.write_text("\n".join(["#score_date:2026-01-10T00:00:00Z", "cve,epss,percentile", *lines]))
    found = Gathered()
    gather(path, found)
    expected = {
        cve_key(f"CVE-{year}-{number}"): (round(p, 9), round(q, 9)) for year, number, p, q in rows
    }
    assert {key: (p / SCALE, q / SCALE) for key, (p, q) in found.scores.items()} == expected


def test_an_archive_that_unpacks_without_end_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "all.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("X-1.json", b" " * 200_000 + json.dumps(RECORD).encode())
    monkeypatch.setattr(
        "shipseal.advisories.sources._MEMBER", Limit("record", 100_000, "of a test")
    )
    with pytest.raises(ShipsealError, match=r"X-1\.json: more than 100000 bytes"):
        read_folder(path)
    monkeypatch.setattr(
        "shipseal.advisories.sources._ARCHIVE", Limit("archive", 150_000, "of a test")
    )
    with pytest.raises(ScanError, match="unpacks to more than 150000 bytes"):
        read_folder(path)
