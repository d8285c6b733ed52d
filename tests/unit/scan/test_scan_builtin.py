"""The built-in matcher on documents of a few packages."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from shipseal.advisories.compiled import CompiledDatabase
from shipseal.errors import Code, SbomError, ScanError
from shipseal.scan.builtin import BuiltinScanner
from shipseal.scan.interface import DatabasePolicy, Finding, ScanReport, Severity
from tests.support.clocks import StoppedClock
from tests.support.scanning import (
    CRITICAL_VECTOR,
    NOW,
    advisory,
    database,
    request,
    spdx_document,
    spdx_package,
)

ALL = [("introduced", "0")]


def scan(
    folder: Path, document: bytes, base: CompiledDatabase, native: bytes | None = None
) -> ScanReport:
    return BuiltinScanner(base, StoppedClock(NOW)).scan(request(folder, document, native))


def found(report: ScanReport) -> list[tuple[str, str]]:
    return [(finding.id, finding.package.name) for finding in report.findings]


@pytest.mark.parametrize(
    ("purl", "ecosystem", "name", "type", "language"),
    [
        ("pkg:pypi/zope.interface@5.0", "PyPI", "zope-interface", "python", "python"),
        ("pkg:npm/%40babel/core@7.0.0", "npm", "@babel/core", "npm", "javascript"),
        ("pkg:npm/lodash@4.17.0", "npm", "lodash", "npm", "javascript"),
        ("pkg:cargo/time@0.1.42", "crates.io", "time", "rust-crate", "rust"),
        ("pkg:golang/golang.org/x/net@v0.1.0", "Go", "golang.org/x/net", "go-module", "go"),
        ("pkg:golang/stdlib@1.22.3", "Go", "stdlib", "go-module", "go"),
        ("pkg:gem/rack@2.0.1", "RubyGems", "rack", "gem", "ruby"),
        (
            "pkg:composer/symfony/http-kernel@4.0.0",
            "Packagist",
            "symfony/http-kernel",
            "php-composer",
            "php",
        ),
        (
            "pkg:maven/org.apache.commons/commons-text@1.9",
            "Maven",
            "org.apache.commons:commons-text",
            "java-archive",
            "java",
        ),
        ("pkg:deb/debian/tar@1.34-1?distro=debian-12.5", "Debian:12", "tar", "deb", ""),
        ("pkg:deb/ubuntu/tar@1.34-1?distro=ubuntu-22.04", "Ubuntu:22.04", "tar", "deb", ""),
        ("pkg:apk/alpine/zlib@1.3-r0?distro=alpine-3.19.1", "Alpine:v3.19", "zlib", "apk", ""),
        ("pkg:apk/wolfi/zlib@1.3-r0?distro=wolfi-20230201", "Wolfi", "zlib", "apk", ""),
        ("pkg:bitnami/redis@7.0.0", "Bitnami", "redis", "bitnami", ""),
        ("pkg:rpm/almalinux/bash@5-1?distro=almalinux-9.4", "AlmaLinux:9", "bash", "rpm", ""),
        ("pkg:deb/debian/tar@1-1?distro=debian-3.1", "Debian:3.1", "tar", "deb", ""),
        ("pkg:deb/debian/tar@1-1?os_name=debian&os_version=12", "Debian:12", "tar", "deb", ""),
    ],
)
def test_each_kind_of_package_is_found_in_its_ecosystem(
    tmp_path: Path, purl: str, ecosystem: str, *, name: str, type: str, language: str
) -> None:
    report = scan(
        tmp_path,
        spdx_document([spdx_package(purl)]),
        database(advisory("X-1", ecosystem, name, ALL)),
    )
    (finding,) = report.findings
    assert (finding.package.type, finding.package.language) == (type, language)
    assert finding.namespace == f"osv:{ecosystem}"
    assert finding.match_type == "exact-direct-match"
    assert (report.gaps, report.notes) == ((), ())


def test_findings_carry_what_the_advisory_says(tmp_path: Path) -> None:
    record = advisory(
        "GHSA-1", "PyPI", "paramiko", [("introduced", "0"), ("fixed", "2.4.1")],
        aliases=["CVE-2018-7750"], summary="Answers  before\nlogin",
        severity=[{"type": "CVSS_V3", "score": CRITICAL_VECTOR}],
        references=[{"type": "WEB", "url": "https://a"}, {"type": "ADVISORY", "url": "https://b"}],
    )  # fmt: skip
    report = scan(
        tmp_path, spdx_document([spdx_package("pkg:pypi/paramiko@2.4.0")]), database(record)
    )
    (finding,) = report.findings
    assert isinstance(finding, Finding)
    assert finding.severity is Severity.CRITICAL
    assert finding.aliases == ("CVE-2018-7750",)
    assert finding.fix_versions == ("2.4.1",)
    assert finding.description == "Answers before login"
    assert finding.url == "https://b"
    assert json.loads(report.raw)["findings"][0]["package"] == "pkg:pypi/paramiko@2.4.0"


def test_locations_and_layers_come_from_the_native_catalogue(tmp_path: Path) -> None:
    package = spdx_package("pkg:pypi/paramiko@2.4.0", key="00000000000000aa")
    native = {
        "artifacts": [
            {
                "id": "00000000000000aa",
                "name": "other",
                "locations": [{"path": "/a", "layerID": "sha256:1"}],
            },
        ]
    }
    base = database(advisory("X-1", "PyPI", "paramiko", ALL))
    report = scan(tmp_path, spdx_document([package]), base, json.dumps(native).encode())
    assert report.findings[0].package.locations == ("/a",)
    assert report.findings[0].package.layer == "sha256:1"


@pytest.mark.parametrize(("copies", "locations"), [(1, ("/a",)), (2, ())])
def test_without_a_common_id_only_an_unambiguous_package_is_joined(
    tmp_path: Path, copies: int, locations: tuple[str, ...]
) -> None:
    purl = "pkg:pypi/paramiko@2.4.0"
    artifact = {"name": "paramiko", "version": "2.4.0", "purl": purl, "locations": [{"path": "/a"}]}
    native = {"artifacts": [artifact | {"id": str(number)} for number in range(copies)]}
    base = database(advisory("X-1", "PyPI", "paramiko", ALL))
    report = scan(tmp_path, spdx_document([spdx_package(purl)]), base, json.dumps(native).encode())
    assert report.findings[0].package.locations == locations


LIBSSL = "pkg:deb/debian/libssl3@3.0.0-1?distro=debian-12.5&upstream=openssl"


def test_a_package_is_found_through_its_source_package(tmp_path: Path) -> None:
    base = database(
        advisory("D-1", "Debian:12", "openssl", [("introduced", "0"), ("fixed", "3.0.1-1")])
    )
    report = scan(tmp_path, spdx_document([spdx_package(LIBSSL)]), base)
    (finding,) = report.findings
    assert finding.package.name == "libssl3"
    assert finding.match_type == "exact-indirect-match"


@pytest.mark.parametrize(("fixed", "count"), [("1.5-1", 0), ("2.5-1", 1)])
def test_a_source_package_may_have_a_version_of_its_own(
    tmp_path: Path, fixed: str, count: int
) -> None:
    purl = "pkg:deb/debian/libx@9.9-1?distro=debian-12.5&upstream=x%402.0-1"
    base = database(advisory("D-1", "Debian:12", "x", [("introduced", "0"), ("fixed", fixed)]))
    assert len(scan(tmp_path, spdx_document([spdx_package(purl)]), base).findings) == count


def test_an_rpm_is_known_by_its_own_name_and_epoch(tmp_path: Path) -> None:
    base = database(
        advisory("ALSA-1", "AlmaLinux:8", "perl", [("introduced", "0"), ("fixed", "4:5.26-2")]),
        advisory("ALSA-2", "AlmaLinux:8", "perl-Errno", [("introduced", "0"), ("fixed", "1.30-2")]),
    )
    source = "upstream=perl-5.26-1.el8.src.rpm&distro=almalinux-8.9"
    new = spdx_package(f"pkg:rpm/almalinux/perl-Errno@1.30-2?{source}")
    old = spdx_package(f"pkg:rpm/almalinux/perl@5.27-1?{source}")
    epoch = spdx_package(f"pkg:rpm/almalinux/perl@5.26-2?epoch=4&{source}")
    epoch["versionInfo"] = ""
    report = scan(tmp_path, spdx_document([new, old, epoch]), base)
    assert found(report) == [("ALSA-1", "perl")]
    assert report.findings[0].package.version == "5.27-1"


def test_notices_that_are_about_no_vulnerability_are_left_out_and_told(tmp_path: Path) -> None:
    package = spdx_package("pkg:rpm/almalinux/bash@5-1?distro=almalinux-9.4")
    base = database(
        advisory("ALBA-1", "AlmaLinux:9", "bash", ALL),
        advisory("ALEA-1", "AlmaLinux:9", "bash", ALL),
        advisory("ALBA-2", "AlmaLinux:9", "bash", ALL, related=["CVE-2026-7"]),
    )
    report = scan(tmp_path, spdx_document([package]), base)
    assert found(report) == [("CVE-2026-7", "bash")]
    assert report.notes == (
        "2 match(es) with bug-fix or enhancement notices left out: they name no vulnerability",
    )


def test_a_vulnerability_found_twice_is_told_once_as_direct(tmp_path: Path) -> None:
    record = advisory("D-1", "Debian:12", "openssl", ALL)
    record["affected"] += advisory("", "Debian:12", "libssl3", ALL)["affected"]
    report = scan(tmp_path, spdx_document([spdx_package(LIBSSL)]), database(record))
    assert [finding.match_type for finding in report.findings] == ["exact-direct-match"]


def test_kernel_headers_found_through_the_kernel_are_left_out_and_told(tmp_path: Path) -> None:
    purl = "pkg:deb/debian/linux-libc-dev@6.1-1?distro=debian-12.5&upstream=linux"
    base = database(advisory("D-1", "Debian:12", "linux", ALL))
    report = scan(tmp_path, spdx_document([spdx_package(purl)]), base)
    assert report.findings == ()
    assert report.notes == ("1 match(es) in kernel headers left out: they hold no code that runs",)


def test_the_distribution_of_the_document_serves_packages_that_name_none(tmp_path: Path) -> None:
    packages = [
        spdx_package("pkg:apk/alpine/musl@1.2-r0?distro=alpine-3.19.1"),
        spdx_package("pkg:apk/alpine/zlib@1.3-r0"),
    ]
    base = database(advisory("A-1", "Alpine:v3.19", "zlib", ALL))
    assert found(scan(tmp_path, spdx_document(packages), base)) == [("A-1", "zlib")]
    system: dict[str, Any] = spdx_package("pkg:generic/x@1") | {
        "SPDXID": "SPDXRef-OS", "name": "alpine", "versionInfo": "3.19.1",
        "primaryPackagePurpose": "OPERATING-SYSTEM", "externalRefs": [],
    }  # fmt: skip
    assert found(scan(tmp_path, spdx_document([packages[1], system]), base)) == [("A-1", "zlib")]


RAILS_DEB = spdx_package("pkg:deb/debian/ruby-rack@2.2.7-1?distro=debian-12.5")
RACK_GEM = spdx_package("pkg:gem/rack@2.2.7")
OLD_GEM = spdx_package("pkg:gem/rack@1.6.0")


def test_what_a_distribution_package_owns_at_the_same_version_is_left_to_it(tmp_path: Path) -> None:
    base = database(
        advisory("G-1", "RubyGems", "rack", ALL),
        advisory("D-1", "Debian:12", "ruby-rack", [("introduced", "9")]),
    )
    owned = spdx_document([RAILS_DEB, RACK_GEM], owned=[(RAILS_DEB["SPDXID"], RACK_GEM["SPDXID"])])
    report = scan(tmp_path, owned, base)
    assert report.findings == ()
    assert "1 package(s) belong to packages of the distribution" in report.notes[0]
    assert found(scan(tmp_path, spdx_document([RAILS_DEB, RACK_GEM]), base)) == [("G-1", "rack")]


def test_at_another_version_only_what_the_distribution_fixed_is_left_out(tmp_path: Path) -> None:
    gem = [
        advisory("G-1", "RubyGems", "rack", ALL, aliases=["CVE-2026-1"]),
        advisory("G-2", "RubyGems", "rack", ALL, aliases=["CVE-2026-2"]),
    ]
    fixed = advisory(
        "DSA-1",
        "Debian:12",
        "ruby-rack",
        [("introduced", "0"), ("fixed", "2.2.6")],
        upstream=["CVE-2026-1"],
    )
    owned = spdx_document([RAILS_DEB, OLD_GEM], owned=[(RAILS_DEB["SPDXID"], OLD_GEM["SPDXID"])])
    report = scan(tmp_path, owned, database(*gem, fixed))
    assert found(report) == [("G-2", "rack")]
    assert "the owning distribution package has the fix" in report.notes[0]


def test_alpine_does_not_speak_for_what_its_packages_bring_along(tmp_path: Path) -> None:
    owner = spdx_package("pkg:apk/alpine/py3-x@1.0-r0?distro=alpine-3.19.1")
    child = spdx_package("pkg:pypi/x@1.0")
    base = database(
        advisory("P-1", "PyPI", "x", ALL), advisory("A-1", "Alpine:v3.19", "other", ALL)
    )
    document = spdx_document([owner, child], owned=[(owner["SPDXID"], child["SPDXID"])])
    assert found(scan(tmp_path, document, base)) == [("P-1", "x")]


def test_an_ecosystem_that_the_data_lacks_is_a_gap(tmp_path: Path) -> None:
    packages = [spdx_package(LIBSSL), spdx_package("pkg:rpm/rhel/bash@5-1?distro=rhel-9")]
    base = database(advisory("P-1", "PyPI", "x", ALL))
    report = scan(tmp_path, spdx_document(packages), base)
    assert report.findings == ()
    assert report.gaps == (
        "1 package(s) of Debian:12 were not looked up: the advisory database has nothing for it (libssl3)",
        "1 package(s) of rpm were not looked up: the advisory database has nothing for it (bash)",
    )


def test_what_nobody_has_advisories_for_is_only_told(tmp_path: Path) -> None:
    plain = spdx_package("pkg:generic/thing@1") | {"externalRefs": []}
    packages = [plain, spdx_package("pkg:github/actions/checkout@v4")]
    report = scan(tmp_path, spdx_document(packages), database(advisory("P-1", "PyPI", "x", ALL)))
    assert report.gaps == ()
    assert report.notes == (
        "1 package(s) of type github are in no advisory ecosystem (checkout)",
        "1 package(s) have no package URL and were not looked up",
    )


def test_a_package_url_that_does_not_parse_is_a_gap(tmp_path: Path) -> None:
    broken = spdx_package("pkg:pypi/x@1")
    broken["externalRefs"][0]["referenceLocator"] = "no-purl"
    base = database(advisory("P-1", "PyPI", "x", ALL))
    assert scan(tmp_path, spdx_document([broken]), base).gaps == (
        "1 package URL(s) do not parse, so that nothing was looked up for them: 'no-purl'",
    )


@pytest.mark.parametrize("version", ["one", "1.x", "not a version!", "UNKNOWN"])
def test_a_version_that_cannot_be_ordered_is_a_gap_where_there_are_advisories(
    tmp_path: Path, version: str
) -> None:
    packages = [
        spdx_package(f"pkg:pypi/{name}@{quote(version)}", version=version) for name in ("x", "z")
    ]
    base = database(advisory("P-1", "PyPI", "x", [("introduced", "0"), ("fixed", "2")]))
    report = scan(tmp_path, spdx_document(packages), base)
    assert report.findings == ()
    assert report.gaps == (
        f"PyPI x: {version!r} is not a version that can be ordered, so the ranges of 1 advisories were not compared",
    )
    assert report.notes == ()


def test_a_package_without_version_is_a_gap_in_every_order(tmp_path: Path) -> None:
    for purl, ecosystem in (
        ("pkg:deb/debian/tar?distro=debian-12.5", "Debian:12"),
        ("pkg:apk/alpine/tar?distro=alpine-3.19.1", "Alpine:v3.19"),
        ("pkg:npm/tar", "npm"),
        ("pkg:golang/tar", "Go"),
        ("pkg:maven/tar/tar", "Maven"),
    ):
        name = "tar:tar" if ecosystem == "Maven" else "tar"
        base = database(advisory("P-1", ecosystem, name, [("introduced", "0"), ("fixed", "9")]))
        for version in ("", "UNKNOWN", "unknown"):
            package = spdx_package(purl, name="tar") | {"versionInfo": version}
            report = scan(tmp_path, spdx_document([package]), base)
            assert report.findings == ()
            assert len(report.gaps) == 1, (purl, version)


def test_many_gaps_of_one_kind_are_summed_up(tmp_path: Path) -> None:
    packages = [spdx_package(f"pkg:pypi/x@one{number}") for number in range(25)]
    base = database(advisory("P-1", "PyPI", "x", ALL))
    gaps = scan(tmp_path, spdx_document(packages), base).gaps
    assert (len(gaps), gaps[-1]) == (21, "5 more problems of this kind")


def test_the_image_itself_is_no_package(tmp_path: Path) -> None:
    root = spdx_package("pkg:oci/app@sha256%3Aabc?arch=amd64")
    report = scan(tmp_path, spdx_document([root]), database(advisory("P-1", "PyPI", "x", ALL)))
    assert (report.notes, report.gaps) == ((), ())


def test_the_age_of_the_data_is_that_of_its_newest_record(tmp_path: Path) -> None:
    base = database(advisory("P-1", "PyPI", "x", ALL))
    document = spdx_document([spdx_package("pkg:pypi/x@1")])
    late = StoppedClock(NOW + timedelta(days=30))
    with pytest.raises(ScanError, match="at most 5 days is allowed") as caught:
        BuiltinScanner(base, late).scan(request(tmp_path, document))
    assert caught.value.code is Code.DB_STALE
    assert (
        BuiltinScanner(base, late, DatabasePolicy(None)).scan(request(tmp_path, document)).findings
    )


@pytest.mark.parametrize(
    ("document", "words"),
    [
        (b"{}", "it is JSON, but no SBOM"),
        (b"not json", "cannot be read"),
        (b'{"spdxVersion": "SPDX-3.0", "packages": []}', "its version is 'SPDX-3.0'"),
        (spdx_document([spdx_package("pkg:pypi/x@1")])[:200], "it is cut off after 200 bytes"),
    ],
)
def test_a_document_that_is_no_sbom_is_told(tmp_path: Path, document: bytes, words: str) -> None:
    with pytest.raises(SbomError) as caught:
        scan(tmp_path, document, database(advisory("P-1", "PyPI", "x", ALL)))
    assert caught.value.code is Code.CONFIG_INVALID
    assert words in caught.value.message


def test_the_order_of_packages_changes_nothing(tmp_path: Path) -> None:
    packages = [spdx_package(f"pkg:pypi/{name}@1.0") for name in ("b", "a", "c")]
    base = database(*(advisory(f"P-{name}", "PyPI", name, ALL) for name in "abc"))
    first = scan(tmp_path, spdx_document(packages), base)
    second = scan(tmp_path, spdx_document(reversed(packages)), base)
    assert first.findings == second.findings
    assert found(first) == [("P-a", "a"), ("P-b", "b"), ("P-c", "c")]
