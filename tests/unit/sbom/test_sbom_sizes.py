"""Limits of stores, what makes an SBOM large, and files that people name."""

import gzip
import json
from pathlib import Path

import pytest

from shipseal.errors import Code, ConfigError, Exit
from shipseal.sbom.files import read_sbom_file
from shipseal.sbom.native import read_native
from shipseal.sbom.size import SizeReport, size_report
from shipseal.sbom.store_limits import (
    STORE_LIMITS,
    Counts,
    fit_limit,
    limits_for,
    stores,
    tightest,
)
from shipseal.spdx import read_document
from tests.support import spdx as samples

DOCUMENT = samples.document(
    [
        samples.analysed("root"),
        samples.analysed("Package-deb-big-aaaa", name="big"),
        samples.package("Package-npm-small-bbbb", name="small"),
    ],
    [
        samples.relation("DOCUMENT", "DESCRIBES", "root"),
        samples.relation("root", "CONTAINS", "Package-deb-big-aaaa"),
        samples.relation("root", "CONTAINS", "Package-npm-small-bbbb"),
        *(
            samples.relation("Package-deb-big-aaaa", "CONTAINS", f"file-{number}")
            for number in range(5)
        ),
        samples.relation("root", "CONTAINS", "file-9"),
    ],
    files=[samples.file(f"file-{number}") for number in (*range(5), 9)],
    indent=1,
)
NATIVE = json.dumps(
    {
        "artifacts": [
            {"id": "aaaa", "locations": [{"path": "/a", "layerID": "sha256:low"}]},
            {"id": "bbbb", "locations": [{"path": "/b"}, {"path": "/b", "layerID": "sha256:top"}]},
        ],
        "source": {"metadata": {"layers": [{"digest": "sha256:low"}, {"digest": "sha256:top"}]}},
    }
).encode()


def report() -> SizeReport:
    return size_report(read_document(DOCUMENT, what="x"), read_native(NATIVE, what="y"))


def test_githubs_limit_is_what_its_action_says() -> None:
    (limit,) = limits_for(["github"])
    assert (limit.size, limit.counts, limit.predicate) == (16_777_216, Counts.PREDICATE, 16_777_216)


def test_every_limit_has_a_source_and_a_date() -> None:
    for limit in STORE_LIMITS:
        assert limit.source.startswith("https://")
        assert limit.read.year >= 2026
        assert limit.size > 0


def test_a_limit_on_the_signed_form_leaves_room_for_base64() -> None:
    bundle = next(limit for limit in limits_for(["oci"]) if limit.counts is Counts.BUNDLE)
    assert bundle.predicate is not None
    assert bundle.predicate * 4 / 3 < bundle.size
    manifest = next(limit for limit in limits_for(["oci"]) if limit.counts is Counts.MANIFEST)
    assert manifest.predicate is None


def test_what_is_not_stated_by_the_store_says_so() -> None:
    (rekor,) = limits_for(["rekor"])
    assert not rekor.verified
    assert rekor.note


def test_the_tightest_of_several_stores() -> None:
    found = tightest(["github", "oci"])
    assert found is not None
    assert found.store == "github"
    assert tightest([]) is None


def test_what_fits_everywhere_counts_what_stores_state() -> None:
    stated = [limit.predicate for limit in STORE_LIMITS if limit.predicate and limit.verified]
    assert fit_limit("portable") == min(stated)
    assert fit_limit("github") == 16_777_216
    assert fit_limit("rekor") == limits_for(["rekor"])[0].predicate
    assert fit_limit(1234) == 1234


def test_an_unknown_store_names_the_known_ones() -> None:
    with pytest.raises(ConfigError, match="unknown evidence store 'gihub'") as caught:
        limits_for(["gihub"])
    assert all(store in caught.value.hint for store in stores())


def test_sections_add_up_to_the_document() -> None:
    assert sum(section.size for section in report().sections) == len(DOCUMENT)


def test_the_package_with_the_files_costs_most() -> None:
    big = report().packages[0]
    assert (big.name, big.files) == ("big", 5)
    rest = sum(cost.size for cost in report().packages[1:])
    assert big.size > rest
    assert sum(cost.size for cost in report().packages) < len(DOCUMENT)


def test_layers_are_counted_from_the_lowest() -> None:
    layers = report().layers
    assert [(cost.number, cost.digest, cost.packages) for cost in layers] == [
        (1, "sha256:low", 1),
        (2, "sha256:top", 1),
    ]
    assert layers[0].size == report().packages[0].size


def test_a_document_without_the_catalogue_of_its_run_has_no_layers() -> None:
    assert size_report(read_document(DOCUMENT, what="x")).layers == ()


def test_stores_say_what_must_go() -> None:
    fits = {fit.limit.store: fit for fit in report().stores}
    assert all(fit.fits and not fit.dropped for fit in fits.values())


@pytest.mark.shared
def test_a_real_large_one() -> None:
    raw = samples.real("debian12")
    found = size_report(read_document(raw, what="debian12"))
    assert [section.name for section in found.sections[:3]] == [
        "files",
        "relationships",
        "packages",
    ]
    github = next(fit for fit in found.stores if fit.limit.store == "github")
    assert (github.fits, github.dropped) == (True, ("compact", "files"))
    assert sum(cost.files for cost in found.packages) <= 51_611
    assert found.packages[0].size > 1_000_000


def test_a_plain_and_a_gzip_file_are_read_alike(tmp_path: Path) -> None:
    (tmp_path / "plain").write_bytes(DOCUMENT)
    (tmp_path / "packed").write_bytes(gzip.compress(DOCUMENT, mtime=0))
    assert read_sbom_file(tmp_path / "plain") == read_sbom_file(tmp_path / "packed") == DOCUMENT


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (None, "No such file"),
        (b"", "the file is empty"),
        (b" \n", "the file is empty"),
        (gzip.compress(DOCUMENT, mtime=0)[:-20], "damaged gzip"),
        (gzip.compress(DOCUMENT, mtime=0)[:30] + b"x" * 100, "damaged gzip"),
        (b"\x1f\x8bnot gzip", "damaged gzip"),
        (gzip.compress(b"", mtime=0), "the file is empty"),
    ],
)
def test_a_file_that_cannot_be_read(tmp_path: Path, content: bytes | None, problem: str) -> None:
    path = tmp_path / "app.spdx.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigError, match=problem) as caught:
        read_sbom_file(path)
    assert str(path) in caught.value.message
    assert (caught.value.code, caught.value.exit) == (Code.CONFIG_INVALID, Exit.USAGE)


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="Is a directory"):
        read_sbom_file(tmp_path)
