"""The cache: whole entries or none, one holder per key, room for new ones."""

import os
import threading
import time
from pathlib import Path

import pytest

from shipseal.oci.digest import digest_of
from shipseal.sbom.cache import CachedRun, CacheKey, SbomCache, cache_folder
from shipseal.sbom.facts import FactFolder

KEY = CacheKey((digest_of(b"layer"),), "1.57.0", "options")
RUN = CachedRun(b'{"spdxVersion":"SPDX-2.3"}' * 1000, b'{"artifacts":[]}' * 1000)


def entries(cache: SbomCache) -> list[Path]:
    return sorted((cache.folder / "runs").iterdir())


def test_what_was_put_comes_back(tmp_path: Path) -> None:
    cache = SbomCache(tmp_path)
    assert cache.get(KEY) is None
    cache.put(KEY, RUN)
    assert cache.get(KEY) == RUN
    assert entries(cache)[0].stat().st_size < len(RUN.spdx)


@pytest.mark.parametrize(
    "other",
    [
        CacheKey((digest_of(b"layer"), digest_of(b"layer")), "1.57.0", "options"),
        CacheKey((digest_of(b"other"),), "1.57.0", "options"),
        CacheKey((digest_of(b"layer"),), "1.18.1", "options"),
        CacheKey((digest_of(b"layer"),), "1.57.0", "other options"),
    ],
)
def test_another_file_system_tool_or_option_is_another_entry(
    tmp_path: Path, other: CacheKey
) -> None:
    cache = SbomCache(tmp_path)
    cache.put(KEY, RUN)
    assert cache.get(other) is None


@pytest.mark.parametrize("damage", ["cut", "changed", "empty", "foreign"])
def test_a_damaged_entry_is_a_miss_and_goes(tmp_path: Path, damage: str) -> None:
    cache = SbomCache(tmp_path)
    cache.put(KEY, RUN)
    (path,) = entries(cache)
    raw = path.read_bytes()
    changed = raw[:-30] + bytes([raw[-30] ^ 1]) + raw[-29:]
    path.write_bytes({"cut": raw[:-1], "changed": changed, "empty": b"", "foreign": b"{}"}[damage])
    assert cache.get(KEY) is None
    assert entries(cache) == []


def test_an_entry_under_another_name_is_not_believed(tmp_path: Path) -> None:
    cache = SbomCache(tmp_path)
    cache.put(KEY, RUN)
    other = CacheKey((digest_of(b"other"),), "1.57.0", "options")
    entries(cache)[0].rename(tmp_path / "runs" / f"{other.name}.sbom")
    assert cache.get(other) is None


def test_the_entries_used_longest_ago_make_room(tmp_path: Path) -> None:
    cache = SbomCache(tmp_path, limit=10**9)
    keys = [CacheKey((digest_of(bytes([number])),), "1", "") for number in range(4)]
    for age, key in enumerate(keys[:3]):
        cache.put(key, RUN)
        os.utime(tmp_path / "runs" / f"{key.name}.sbom", (1000 + age, 1000 + age))
    assert cache.get(keys[0]) == RUN  # used now, so it is not the oldest any more
    size = entries(cache)[0].stat().st_size
    SbomCache(tmp_path, limit=3 * size).put(keys[3], RUN)
    assert [cache.get(key) is not None for key in keys] == [True, False, True, True]


def test_the_newest_entry_stays_even_when_it_is_too_large(tmp_path: Path) -> None:
    cache = SbomCache(tmp_path, limit=1)
    cache.put(KEY, RUN)
    assert cache.get(KEY) == RUN


def test_one_holder_per_key_at_a_time(tmp_path: Path) -> None:
    cache, inside, most = SbomCache(tmp_path), 0, 0

    def hold() -> None:
        nonlocal inside, most
        with cache.locked(KEY.name):
            inside += 1
            most = max(most, inside)
            time.sleep(0.02)
            inside -= 1

    threads = [threading.Thread(target=hold) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 1


def test_different_keys_do_not_wait_for_each_other(tmp_path: Path) -> None:
    cache, other = SbomCache(tmp_path), CacheKey((), "1", "")
    with cache.locked(KEY.name), cache.locked(other.name):
        pass


def test_what_a_layer_decompresses_to_is_remembered(tmp_path: Path) -> None:
    cache, layer, plain = SbomCache(tmp_path), digest_of(b"packed"), digest_of(b"plain")
    assert cache.diff_id(layer) is None
    cache.remember_diff_id(layer, plain)
    assert cache.diff_id(layer) == plain
    next((tmp_path / "layers").iterdir()).write_text(f"{digest_of(b'')}\nnonsense")
    assert cache.diff_id(layer) is None


def test_why_a_catalogue_is_incomplete_is_remembered_for_each_way_to_start(tmp_path: Path) -> None:
    cache = SbomCache(tmp_path)
    assert cache.reasons(KEY, b"a") is None
    cache.remember_reasons(KEY, b"a", ("/app: unowned",))
    cache.remember_reasons(KEY, b"b", ())
    assert cache.reasons(KEY, b"a") == ("/app: unowned",)
    assert cache.reasons(KEY, b"b") == ()
    assert cache.reasons(CacheKey((), "1", ""), b"a") is None


def test_facts_do_not_pile_up_without_end(tmp_path: Path) -> None:
    facts = FactFolder(tmp_path, most=10)
    for number in range(25):
        facts.put(str(number), b"x")
        os.utime(tmp_path / str(number), (number, number))
    kept = sorted(int(path.name) for path in tmp_path.iterdir())
    assert kept == list(range(25 - len(kept), 25))
    assert 9 <= len(kept) <= 10


def test_a_cache_that_cannot_be_written_still_gives_its_lock(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    cache = SbomCache(tmp_path / "file" / "cache")
    with cache.locked(KEY.name):
        assert cache.get(KEY) is None
        cache.remember_diff_id(digest_of(b"a"), digest_of(b"b"))


def test_the_folder_follows_the_environment(tmp_path: Path) -> None:
    assert cache_folder({"SHIPSEAL_CACHE": str(tmp_path)}) == tmp_path / "sbom"
    assert cache_folder({}).parts[-2:] == ("shipseal", "sbom")
