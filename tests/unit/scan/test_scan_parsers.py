"""Nothing that a scanner reads makes it fail in an unknown way."""

import contextlib
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shipseal.errors import ShipsealError
from shipseal.scan.grype_json import decode_report, decode_status, findings_of
from shipseal.scan.native import NativeCatalogue
from shipseal.scan.overlap import find_overlap
from shipseal.scan.purl_packages import ecosystem_of, identify, queries
from shipseal.scan.read_inventory import read_inventory

_JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=8)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(
                ["packages", "SPDXID", "name", "versionInfo", "externalRefs", "referenceType", "referenceLocator",
                 "relationships", "spdxVersion", "artifacts", "id", "locations", "matches", "descriptor", "source",
                 "bomFormat", "components", "bom-ref", "purl", "properties", "value", "metadata", "distro", "schema"]
            ),
            inner,
            max_size=5,
        ),
    ),
    max_leaves=12,
)  # fmt: skip
_DATA = st.one_of(st.binary(max_size=80), _JSON.map(lambda value: json.dumps(value).encode()))


@given(data=_DATA)
@settings(max_examples=150)
def test_any_file_is_read_or_refused(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "fuzzed.json"
    path.write_bytes(data)
    with contextlib.suppress(ShipsealError):
        find_overlap(read_inventory(path).inventory)
    with contextlib.suppress(ShipsealError):
        NativeCatalogue.read(path)


@given(data=_DATA)
@settings(max_examples=150)
def test_any_output_is_a_report_or_none(data: bytes) -> None:
    report = decode_report(data)
    assert report is None or findings_of(report, NativeCatalogue()) is not None
    status = decode_status(data)
    assert status is None or isinstance(status.valid, bool)


@given(
    head=st.sampled_from(
        ["", "pkg:", "pkg:deb/debian/", "pkg:npm/%40", "pkg:maven/", "pkg:golang/", "PKG://pypi/"]
    ),
    text=st.text(max_size=40),
    distro=st.sampled_from(
        ["", "debian-12.5", "alpine-3", "alpine-3.19.1", "ubuntu-", "-", "wolfi", "a-b-c"]
    ),
)
@settings(max_examples=300)
def test_any_package_url_is_understood_or_none(head: str, text: str, distro: str) -> None:
    identity = identify(head + text)
    if identity is not None:
        ecosystem = ecosystem_of(identity, distro)
        assert all(query.ecosystem == ecosystem for query, _ in queries(identity, ecosystem, "1"))


@pytest.mark.parametrize(
    ("purl", "distro", "ecosystem"),
    [
        ("pkg:deb/debian/a@1", "debian-12.5", "Debian:12"),
        ("pkg:deb/debian/a@1?distro=debian-11", "debian-12.5", "Debian:11"),
        ("pkg:deb/debian/a@1", "", ""),
        ("pkg:deb/debian/a@1?distro=trixie", "", ""),
        ("pkg:apk/alpine/a@1?distro=alpine-3", "", ""),
        ("pkg:apk/alpine/a@1?distro=alpine-3.20.0_alpha1", "", "Alpine:v3.20"),
        ("pkg:rpm/fedora/a@1?distro=fedora-40", "", ""),
        ("pkg:pypi/a@1", "debian-12.5", "PyPI"),
        ("pkg:generic/a@1", "debian-12.5", ""),
    ],
)
def test_ecosystems_of_distributions(purl: str, distro: str, ecosystem: str) -> None:
    identity = identify(purl)
    assert identity is not None
    assert ecosystem_of(identity, distro) == ecosystem
