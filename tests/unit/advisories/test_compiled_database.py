"""A compiled database: the same bytes for the same content, whole or refused, and all that a hit needs in it."""

import hashlib
import os
import random
import shutil
import threading
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, BinaryIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shipseal.advisories import file_check
from shipseal.advisories.building import build_into, open_temporary
from shipseal.advisories.compiled import CompiledDatabase, open_database
from shipseal.advisories.gathered import Gathered
from shipseal.advisories.interface import Hit, PackageQuery
from shipseal.advisories.loading import load
from shipseal.advisories.rating import named
from shipseal.advisories.severity import stated_rating
from shipseal.advisories.stored import FORMAT, StoredExploited
from shipseal.advisories.tables import SEAL_SIZE, cve_key
from shipseal.errors import Code, Exit, ScanError
from shipseal.scan.interface import Exploited, Likelihood, Severity
from tests.support.advisory_databases import as_format, built, gathered, record, sealed
from tests.support.scanning import CRITICAL_VECTOR, advisory, database

SAMPLE = PackageQuery("PyPI", "sample", "0.5")
HIGH_VECTOR = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N"


def ids(base: CompiledDatabase) -> list[str]:
    return [hit.id for hit in base.match(SAMPLE).hits]


def hit_of(found: Gathered, query: PackageQuery = SAMPLE) -> Hit:
    (hit,) = open_temporary(found, origin="sample").match(query).hits
    return hit


@given(order=st.permutations(range(1, 7)))
@settings(max_examples=15)
def test_the_same_content_in_any_order_is_the_same_file(
    order: list[int], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("order")
    first = built(folder, *(record(number) for number in range(1, 7)))
    assert built(folder, *(record(number) for number in order)).name == first.name


def test_a_database_taken_apart_and_written_again_is_the_same_file(tmp_path: Path) -> None:
    found = gathered(
        record(1, severity=[{"type": "CVSS_V3", "score": CRITICAL_VECTOR}]),
        record(2, withdrawn="2026-01-11T00:00:00Z"),
        advisory("DSA-1", "Debian:12", "tar", [("introduced", "0")], upstream=["CVE-2026-0009"]),
    )
    found.exploited = {"CVE-2026-0001": StoredExploited(739000)}
    found.exploited_day = date(2026, 1, 11)
    found.scores, found.scores_day = {cve_key("CVE-2026-0001") or 0: (1, 2)}, date(2026, 1, 10)
    found.rate([("CVE-2026-0009", named(stated_rating({"rating": "high"}, "x"), "CVE-2026-0009"))])
    first = build_into(found, tmp_path)
    assert build_into(load(open_database(first)), tmp_path).name == first.name


def test_the_name_of_the_file_is_its_digest_and_so_is_the_databases(tmp_path: Path) -> None:
    path = built(tmp_path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    assert path.name == f"sha256-{digest}.advisories"
    assert open_database(path).digest == f"sha256:{digest}"


def damage(path: Path, position: int, *, change: int = 1) -> None:
    data = bytearray(path.read_bytes())
    data[position % len(data)] ^= change
    path.write_bytes(bytes(data))


@given(position=st.integers(0, 1 << 20), change=st.integers(1, 255))
@settings(max_examples=60)
def test_no_changed_byte_goes_unseen(
    position: int, change: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = built(tmp_path_factory.mktemp("flip"))
    damage(path, position, change=change)
    with pytest.raises(ScanError) as caught:
        open_database(path)
    assert caught.value.code is Code.DB_UNAVAILABLE


@given(size=st.integers(0, 20_000))
@settings(max_examples=40)
def test_no_shortened_file_is_taken_for_a_whole_one(
    size: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = built(tmp_path_factory.mktemp("cut"))
    os.truncate(path, min(size, path.stat().st_size - 1))
    with pytest.raises(ScanError) as caught:
        open_database(path)
    assert caught.value.code is Code.DB_UNAVAILABLE


@pytest.mark.parametrize(
    ("spoil", "words", "hint"),
    [
        (lambda path: as_format(path, FORMAT + 1), "has format 2; this shipseal reads", "newer"),
        (lambda path: as_format(path, 0), "has format 0", "shipseal db"),
        (lambda path: path.write_bytes(b"{}"), "is no compiled advisory database", "shipseal db"),
        (lambda path: os.truncate(path, 8000), "is cut off", "shipseal db update"),
        (lambda path: path.write_bytes(path.read_bytes() + b"x"), "is cut off", "shipseal db"),
        (lambda path: damage(path, 5000), "is not what its seal says", "shipseal db update"),
        (lambda path: path.unlink(), "cannot be read: No such file", "shipseal db update"),
    ],
)
def test_what_is_no_whole_database_of_this_format_is_refused(
    tmp_path: Path, spoil: Any, words: str, hint: str
) -> None:
    path = built(tmp_path)
    spoil(path)
    with pytest.raises(ScanError, match=words) as caught:
        open_database(path)
    error = caught.value
    assert (error.code, error.exit) == (Code.DB_UNAVAILABLE, Exit.UNDECIDED)
    assert hint in error.hint
    assert path.name in error.message


def test_a_file_with_a_seal_and_nonsense_in_it_is_damaged(tmp_path: Path) -> None:
    path = built(tmp_path)
    body = path.read_bytes()[:-SEAL_SIZE]
    path.write_bytes(sealed(body[:100] + b"\xff" * (len(body) - 100)))
    with pytest.raises(ScanError, match="is damaged") as caught:
        open_database(path).match(SAMPLE)
    assert caught.value.code is Code.DB_UNAVAILABLE


def test_an_unchanged_file_is_read_once_and_a_changed_one_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, stamps = built(tmp_path / "db"), tmp_path / "stamps"
    whole: list[Path] = []
    check = file_check._check_seal

    def counted(path: Path, stream: BinaryIO, size: int) -> str:
        whole.append(path)
        return check(path, stream, size)

    monkeypatch.setattr(file_check, "_check_seal", counted)
    digest = open_database(path, stamps=stamps).digest
    open_database(path, stamps=stamps)
    assert len(whole) == 2, "a file of this moment could change again without its times showing it"
    monkeypatch.setattr(file_check, "SETTLED_NS", -1)
    assert [open_database(path, stamps=stamps).digest for _ in range(3)] == [digest] * 3
    assert len(whole) == 2
    times = path.stat()
    damage(path, 5000)
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    with pytest.raises(ScanError, match="is damaged"):
        open_database(path, stamps=stamps)


@pytest.mark.parametrize("content", [b"", b"{", b'[[1],"sha256:0",1]', b"[[]]", b"\xff"])
def test_a_stamp_that_cannot_be_read_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes
) -> None:
    path, stamps = built(tmp_path / "db"), tmp_path / "stamps"
    monkeypatch.setattr(file_check, "SETTLED_NS", -1)
    digest = open_database(path, stamps=stamps).digest
    (stamp,) = stamps.iterdir()
    stamp.write_bytes(content)
    assert open_database(path, stamps=stamps).digest == digest


def test_who_has_a_database_open_goes_on_with_it_when_another_takes_its_name(
    tmp_path: Path,
) -> None:
    first, second = built(tmp_path / "a", record(1)), built(tmp_path / "b", record(2))
    path = tmp_path / "name"
    shutil.copy(first, path)
    opened = open_database(path)
    shutil.copy(second, tmp_path / "part")
    (tmp_path / "part").replace(path)
    assert ids(opened) == ["X-1"]
    assert ids(open_database(path)) == ["X-2"]


def test_many_threads_get_the_same_answers(tmp_path: Path) -> None:
    records = [
        advisory(f"X-{n}", "PyPI", f"p{n % 40}", [("introduced", "0"), ("fixed", f"{n}.0")])
        for n in range(400)
    ]
    base = database(*records)
    queries = [PackageQuery("PyPI", f"p{n % 50}", f"{n % 300}.5") for n in range(600)]
    expected = [base.match(query) for query in queries]
    wrong: list[PackageQuery] = []

    def work(seed: int) -> None:
        order = list(range(len(queries)))
        random.Random(seed).shuffle(order)
        wrong.extend(queries[n] for n in order if base._answer(queries[n]) != expected[n])

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_a_newer_record_replaces_an_older_one_whichever_comes_first() -> None:
    old, new = record(1), record(1, modified="2026-01-20T00:00:00Z", aliases=["CVE-2026-7777"])
    for order in ((old, new), (new, old)):
        assert hit_of(gathered(*order)).aliases == ("CVE-2026-7777",)


def test_what_was_withdrawn_does_not_come_back_with_an_older_copy() -> None:
    withdrawn = record(
        1, modified="2026-01-20T00:00:00Z", withdrawn="2026-01-20T00:00:00Z", affected=[]
    )
    for order in ((record(1), withdrawn), (withdrawn, record(1))):
        assert ids(open_temporary(gathered(*order), origin="x")) == []


def test_records_of_one_id_about_different_ecosystems_stay_beside_one_another() -> None:
    old = record(1, "npm", modified="2020-01-01T00:00:00Z")
    base = database(record(1), old)
    assert ids(base) == ["X-1"]
    assert base.match(PackageQuery("npm", "sample", "0.5.0")).hits


def test_exploitation_and_likelihood_are_found_by_any_id_of_the_vulnerability() -> None:
    found = gathered(record(1))
    found.exploited["CVE-2026-0001"] = StoredExploited(
        date(2026, 1, 9).toordinal(), date(2026, 1, 30).toordinal(), ransomware=True
    )
    found.scores = {cve_key("CVE-2026-0001") or 0: (943_210_000, 999_120_000)}
    found.scores_day = date(2026, 1, 10)
    hit = hit_of(found)
    assert hit.kev == Exploited(date(2026, 1, 9), date(2026, 1, 30), ransomware=True)
    assert hit.epss == Likelihood(0.94321, 0.99912, date(2026, 1, 10))
    other = hit_of(gathered(record(1)))
    assert (other.kev, other.epss) == (None, None)


def test_a_distributions_finding_has_what_is_known_of_that_vulnerability_alone() -> None:
    found = gathered(
        advisory(
            "DSA-1", "Debian:12", "tar", [("introduced", "0")], upstream=["CVE-1-1", "CVE-1-2"]
        )
    )
    found.exploited["CVE-1-2"] = StoredExploited(739000)
    base = open_temporary(found, origin="sample")
    hits = base.match(PackageQuery("Debian:12", "tar", "1.0-1")).hits
    assert [(hit.id, hit.kev is not None) for hit in hits] == [
        ("CVE-1-1", False),
        ("CVE-1-2", True),
    ]


def test_a_distribution_may_name_its_vulnerabilities_as_related() -> None:
    members = {"related": ["CVE-2026-0001", "ALSA-2"], "published": "2026-01-05T10:00:00Z"}
    alma = advisory("ALSA-1", "AlmaLinux:9", "curl", [("introduced", "0")], **members)
    (hit,) = database(alma).match(PackageQuery("Debian:12", "curl", "1")).hits or (None,)
    assert hit is None
    base = database(advisory("X-1", "Debian:12", "curl", [("introduced", "0")], **members))
    (hit,) = base.match(PackageQuery("Debian:12", "curl", "1-1")).hits
    assert (hit.id, hit.aliases) == ("CVE-2026-0001", ("X-1",))
    assert hit.published == datetime(2026, 1, 5, 10, tzinfo=UTC)


def test_elsewhere_related_only_means_see_also() -> None:
    assert hit_of(gathered(record(1, aliases=[], related=["CVE-2026-0001"]))).id == "X-1"


@pytest.mark.parametrize(
    ("joined", "severity", "source"),
    [
        ({"from": "Bitnami", "rating": "HIGH", "score": CRITICAL_VECTOR}, Severity.CRITICAL,
         "X-1: joined_severity from Bitnami: CVSS:3.1 9.8"),
        ({"from": "AlmaLinux", "rating": "MODERATE"}, Severity.MEDIUM,
         "X-1: joined_severity from AlmaLinux"),
        ({"rating": "low"}, Severity.LOW, "X-1: joined_severity"),
        ({"from": "x", "rating": "spicy"}, Severity.UNKNOWN, ""),
        ("HIGH", Severity.UNKNOWN, ""),
    ],
)  # fmt: skip
def test_a_joined_severity_counts_with_its_source(
    joined: object, severity: Severity, source: str
) -> None:
    hit = hit_of(gathered(record(1, database_specific={"joined_severity": joined})))
    assert (hit.severity, hit.severity_source) == (severity, source)


def test_what_the_record_says_itself_comes_before_what_was_joined_and_all_vectors_are_there() -> (
    None
):
    own = [{"type": "CVSS_V3", "score": HIGH_VECTOR}]
    joined = {"joined_severity": {"from": "Bitnami", "score": CRITICAL_VECTOR}}
    hit = hit_of(gathered(record(1, severity=own, database_specific=joined)))
    assert (hit.severity, hit.severity_source) == (Severity.HIGH, "X-1: CVSS:3.1 7.5")
    assert [(one.vector, one.score, one.source) for one in hit.cvss] == [
        (HIGH_VECTOR, 7.5, "X-1"),
        (CRITICAL_VECTOR, 9.8, "X-1"),
    ]


def test_a_table_of_severities_is_asked_last() -> None:
    table = named(
        stated_rating({"from": "npm", "vectors": [CRITICAL_VECTOR]}, "table"), "CVE-2026-0001"
    )
    found = gathered(record(1))
    found.rate([("CVE-2026-0001", table)])
    hit = hit_of(found)
    assert hit.severity is Severity.CRITICAL
    assert hit.severity_source == "CVE-2026-0001: table from npm: CVSS:3.1 9.8"
    other = advisory(
        "GHSA-1", "npm", "x", [], aliases=["CVE-2026-0001"], database_specific={"severity": "LOW"}
    )
    found = gathered(record(1), other)
    found.rate([("CVE-2026-0001", table)])
    assert hit_of(found).severity is Severity.LOW


def test_what_the_age_is_counted_from_is_the_newest_record_where_all_are_files() -> None:
    base = database(record(1), record(2, modified="2026-02-01T10:00:00.123456789Z"))
    assert base.newest == datetime(2026, 2, 1, 10, 0, 0, 123456, tzinfo=UTC)
    assert open_temporary(Gathered(ratings={}), origin="x").newest is None


@given(year=st.integers(1000, 9999), number=st.integers(1, 99_999_999))
def test_every_cve_has_a_number_of_its_own(year: int, number: int) -> None:
    assert divmod(cve_key(f"CVE-{year}-{number:04}") or 0, 10**8) == (year, number)


@pytest.mark.parametrize(
    "text", ["", "CVE", "CVE-2026", "GHSA-2026-1", "CVE-26-1", "CVE-2026-x", "CVE-2026-²"]
)
def test_what_is_no_cve_has_no_number(text: str) -> None:
    assert cve_key(text) is None


def test_a_name_that_is_no_text_is_in_no_advisory() -> None:
    query = PackageQuery("PyPI", "sam\ud800ple", "1.0\udcff")
    assert database(record()).match(query).hits == ()
