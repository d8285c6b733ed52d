"""VEX of others: which findings a statement takes out, and why one takes out none."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shipseal.errors import ConfigError
from shipseal.ignores.matching import RuleMatcher
from shipseal.ignores.rules import IgnoreRule
from shipseal.ignores.vex.document import ImageNames, VexDocument
from shipseal.ignores.vex.matching import VexResult, apply_vex
from shipseal.ignores.vex.names import image_names
from shipseal.ignores.vex.read import read_vex
from shipseal.scan.interface import Finding
from tests.support.scanning import finding

DIGEST = "sha256:" + "a" * 64
IMAGE = ImageNames(("docker.io/library/app", "ghcr.io/org/app"), (DIGEST, "sha256:" + "b" * 64))
PURL = "pkg:pypi/paramiko@2.4.0"
OCI = f"pkg:oci/app@{DIGEST.replace(':', '%3A')}"


def openvex(*statements: dict[str, Any], **members: Any) -> bytes:
    document = {
        "@context": "https://openvex.dev/ns/v0.2.0",
        "@id": "https://example.org/vex/1",
        "author": "Example",
        "timestamp": "2026-01-01T00:00:00Z",
        "version": 1,
        "statements": list(statements),
    }
    return json.dumps(document | members).encode()


def statement(*products: Any, status: str = "not_affected", **members: Any) -> dict[str, Any]:
    return {
        "vulnerability": {"name": "CVE-2026-0001"},
        "products": list(products),
        "status": status,
        "justification": "vulnerable_code_not_present",
        **members,
    }


def product(name: str, *parts: str, **members: Any) -> dict[str, Any]:
    return {"@id": name, "subcomponents": [{"@id": part} for part in parts], **members}


def applied(
    *statements: dict[str, Any], found: Finding | None = None, rules: tuple[IgnoreRule, ...] = ()
) -> VexResult:
    document = read_vex(openvex(*statements), what="vex.json")
    return apply_vex([document], [found or finding(aliases=("GHSA-1",))], IMAGE, rules)


@pytest.mark.parametrize(
    "name",
    [
        OCI,
        "pkg:oci/app@" + DIGEST,
        f"{OCI}?repository_url=ghcr.io/org/app",
        f"{OCI}?repository_url=ghcr.io%2Forg%2Fapp&tag=1.0",
        "pkg:oci/app?repository_url=ghcr.io/org",
        "pkg:oci/app?repository_url=index.docker.io/library/app",
        "pkg:oci/app?repository_url=registry-1.docker.io/library/app",
        "pkg:oci/app?repository_url=docker.io/app",
        "pkg:docker/app@1.0",
        "pkg:docker/library/app",
        "pkg:oci/app",
        DIGEST,
        "app",
        "docker.io/library/app:1.0",
        "index.docker.io/app",
        f"ghcr.io/org/app@{DIGEST}",
    ],
)
def test_an_image_has_many_names(name: str) -> None:
    result = applied(statement(product(name, PURL)))
    assert [one.finding.id for one in result.matches] == ["CVE-2026-0001"]
    assert not result.unmatched


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("pkg:oci/other", "the name other is not the image's: app"),
        ("pkg:oci/app@sha256%3A" + "c" * 64, "the digest is not the image's"),
        ("sha256:" + "c" * 64, "the digest is not the image's"),
        ("pkg:oci/app?repository_url=quay.io/org/app", "is not where the image is"),
        ("ghcr.io/org/other:1", "neither the image"),
        ("pkg:npm/app", "it is a package, and no image"),
        (f"ghcr.io/org/app@sha256:{'c' * 64}", "the digest is not the image's"),
    ],
)
def test_another_image_is_told(name: str, why: str) -> None:
    result = applied(statement(product(name, PURL)))
    assert not result.matches
    assert why in result.unmatched[0].why


@pytest.mark.parametrize(
    ("name", "same"),
    [
        ("ghcr.io/org/app:1.0", False),
        ("ghcr.io/org/app:2.0", True),
        ("ghcr.io/org/app", True),
        ("pkg:oci/app?repository_url=ghcr.io/org/app&tag=1.0", False),
        ("pkg:oci/app?repository_url=ghcr.io/org/app&tag=2.0", True),
        ("pkg:oci/app@1.0", False),
        (f"{OCI}?tag=1.0", True),
        (f"ghcr.io/org/app:1.0@{DIGEST}", True),
    ],
)
def test_another_tag_is_another_image_unless_the_digest_is_named(name: str, same: bool) -> None:
    image = image_names(["ghcr.io/org/app:2.0"], [DIGEST])
    document = read_vex(openvex(statement(product(name, PURL))), what="vex.json")
    result = apply_vex([document], [finding()], image)
    assert bool(result.matches) is same
    if not same:
        (told,) = result.unmatched
        assert (told.cause, "the tag 1.0 is not the image's: 2.0" in told.why) == (
            "other-version",
            True,
        )


@pytest.mark.parametrize(
    ("stated", "there"),
    [
        ("pkg:pypi/Paramiko@2.4.0", PURL),
        ("pkg:pypi/paramiko", PURL),
        ("pkg:npm/%40scope/name@1", "pkg:npm/@scope/name@1"),
        ("pkg:deb/debian/libc6@2.36-9%2Bdeb12u4", "pkg:deb/debian/libc6@2.36-9+deb12u4?arch=amd64"),
        ("pkg:deb/debian/a@1?arch=amd64&distro=debian-12", "pkg:deb/debian/a@1?arch=amd64"),
    ],
)
def test_a_package_url_is_compared_by_what_it_says(stated: str, there: str) -> None:
    found = finding(purl=there)
    assert applied(statement(product(OCI, stated)), found=found).matches
    assert applied(statement(stated), found=found).matches  # the package itself as product


@pytest.mark.parametrize(
    ("stated", "why"),
    [
        ("pkg:pypi/paramiko@2.5", "the version 2.5 is not 2.4.0"),
        ("pkg:npm/paramiko@2.4.0", "the type npm is not pypi"),
        ("pkg:pypi/other@2.4.0", "the name other is not paramiko"),
        ("pkg:pypi/org/paramiko@2.4.0", "the namespace org is not none"),
        ("paramiko", "it is no package URL"),
    ],
)
def test_another_package_is_told(stated: str, why: str) -> None:
    result = applied(statement(product(OCI, stated)))
    assert not result.matches
    assert why in result.unmatched[0].why
    assert f"the finding is in {PURL}" in result.unmatched[0].why


def test_a_qualifier_that_differs_is_told() -> None:
    found = finding(purl="pkg:deb/debian/a@1?arch=amd64")
    result = applied(statement("pkg:deb/debian/a@1?arch=arm64"), found=found)
    assert "the qualifier arch=arm64 is not amd64" in result.unmatched[0].why


@pytest.mark.parametrize(
    "about",
    [
        {"name": "GHSA-1"},
        {"name": "PYSEC-1", "aliases": ["cve-2026-0001"]},
        {"@id": "https://nvd.nist.gov/vuln/detail/CVE-2026-0001"},
        "CVE-2026-0001",
    ],
)
def test_a_vulnerability_is_known_by_any_of_its_ids(about: Any) -> None:
    assert applied(statement(OCI, vulnerability=about)).matches


def test_what_is_not_found_or_does_not_act_says_why() -> None:
    other = statement(OCI, vulnerability={"name": "CVE-1999-1"})
    assert applied(other).unmatched[0].why == "no finding is CVE-1999-1, by any of its ids"
    assert applied(statement()).unmatched[0].why == "it names no product"
    for status in ("affected", "under_investigation"):
        why = applied(statement(OCI, status=status)).unmatched[0].why
        assert why == f"{status} takes nothing out; not_affected and fixed do"


def test_the_later_statement_counts() -> None:
    early = statement(OCI, timestamp="2026-01-02T00:00:00Z")
    late = statement(OCI, status="affected", timestamp="2026-02-01T00:00:00Z")
    for order in ((early, late), (late, early)):
        result = applied(*order)
        assert not result.matches
        whys = {str(one.statement.status): one.why for one in result.unmatched}
        assert whys["not_affected"] == "a later statement speaks of the same"
    assert applied(late | {"timestamp": "2026-01-01T00:00:00Z"}, early).matches


def test_rules_with_a_vex_status_are_asked_as_grype_asks_them() -> None:
    asks = IgnoreRule(vex_status="not_affected", vex_justification="vulnerable_code_not_present")
    assert applied(statement(OCI), rules=(asks,)).matches
    other = IgnoreRule(vex_status="not_affected", vex_justification="component_not_present")
    assert "no rule with vex-status" in applied(statement(OCI), rules=(other,)).unmatched[0].why
    affected = IgnoreRule(vex_status="affected", vulnerability="CVE-2026-0001")
    assert applied(statement(OCI, status="affected"), rules=(affected,)).matches
    elsewhere = IgnoreRule(vex_status="affected", vulnerability="CVE-2026-9999")
    assert not applied(statement(OCI, status="affected"), rules=(elsewhere,)).matches


@pytest.mark.parametrize("name", ["paramiko", "libstdc++6", "a.b", "g++-12"])
def test_a_match_becomes_a_rule_for_that_package_alone(name: str) -> None:
    found = finding(name=name, aliases=("GHSA-1",))
    (rule,) = applied(statement(OCI), found=found).rules()
    assert RuleMatcher(rule).holds(found)
    assert not RuleMatcher(rule).holds(finding(name=f"{name}x"))
    assert not RuleMatcher(rule).holds(finding(name=name, version="9"))
    assert "not_affected (vulnerable_code_not_present)" in rule.label


def test_a_signed_document_names_its_signer_in_the_rule() -> None:
    read = read_vex(openvex(statement(OCI)), what="v")
    signed = VexDocument(read.id, read.author, read.made, read.statements, "v", "key sha256:1")
    (rule,) = apply_vex([signed], [finding()], IMAGE).rules()
    assert "VEX of key sha256:1" in rule.label


def test_the_old_form_of_openvex_is_read() -> None:
    old = {"vulnerability": "CVE-2026-0001", "products": [OCI], "status": "fixed"}
    context = {"@context": "https://openvex.dev/ns"}
    document = read_vex(openvex(old, **context), what="v")
    assert document.statements[0].products[0].names == (OCI,)
    assert apply_vex([document], [finding()], IMAGE).matches


def test_identifiers_and_hashes_are_names_too() -> None:
    by_hash = product("urn:some:thing", PURL, hashes={"sha-256": "a" * 64})
    assert applied(statement(by_hash)).matches
    by_purl = product("urn:some:thing", PURL, identifiers={"purl": OCI})
    assert applied(statement(by_purl)).matches


def cyclonedx(**analysis: str) -> bytes:
    document = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": "urn:uuid:1",
        "metadata": {"timestamp": "2026-01-01T00:00:00Z", "authors": [{"name": "Example"}]},
        "components": [{"type": "library", "bom-ref": "1", "name": "paramiko", "purl": PURL}],
        "vulnerabilities": [
            {
                "id": "GHSA-1",
                "references": [{"id": "CVE-2026-0001", "source": {"name": "NVD"}}],
                "analysis": {"state": "not_affected", **analysis},
                "affects": [{"ref": "1"}],
            },
            {"id": "CVE-2026-0002", "affects": [{"ref": "1"}]},
        ],
    }
    return json.dumps(document).encode()


def test_cyclonedx_is_read() -> None:
    document = read_vex(cyclonedx(justification="code_not_reachable", detail="d"), what="v")
    (one,) = document.statements
    assert (one.justification, one.impact) == ("vulnerable_code_not_in_execute_path", "d")
    assert document.author == "Example"
    assert apply_vex([document], [finding()], IMAGE).matches


def test_a_bom_link_is_followed_to_its_component() -> None:
    linked = cyclonedx().replace(
        b'"ref": "1"', b'"ref": "urn:cdx:11/1#pkg%3Apypi%2Fparamiko%402.4.0"'
    )
    assert apply_vex([read_vex(linked, what="v")], [finding()], IMAGE).matches


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "no VEX document"),
        (b"[]", "neither OpenVEX nor CycloneDX"),
        (b'{"a": 1, "a": 2}', "stands twice"),
        (b'{"@context": "https://openvex.dev/ns"}', "it has no statements"),
        (openvex({"vulnerability": "CVE-1", "status": "fine"}), r"statements\[0\]: status 'fine'"),
        (openvex({"status": "fixed"}), "names no vulnerability"),
        (openvex({"status": "fixed", "vulnerability": {}}), "names no vulnerability"),
        (b'{"bomFormat": "CycloneDX"}', "it has no vulnerabilities"),
        (cyclonedx(state="odd"), "state 'odd'"),
    ],
)
def test_what_is_no_vex_is_refused(data: bytes, why: str) -> None:
    with pytest.raises(ConfigError, match=why):
        read_vex(data, what="vex.json")


_JSON = st.recursive(
    st.none() | st.booleans() | st.text(max_size=8) | st.integers(),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)


@settings(max_examples=150, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["vulnerability", "status", "products", "timestamp", "justification"]),
        _JSON,
    )
)
def test_reading_ends_in_a_document_or_a_configuration_error(member: dict[str, Any]) -> None:
    try:
        document = read_vex(openvex({"status": "fixed", **member}), what="v")
    except ConfigError:
        return
    result = apply_vex([document], [finding()], IMAGE)
    assert len(result.matches) + len(result.unmatched) >= 1


def test_times_without_a_zone_do_not_count() -> None:
    document = read_vex(openvex(statement(OCI), timestamp="2026-01-01T00:00:00"), what="v")
    assert document.made is None
    assert read_vex(openvex(), what="v").made == datetime(2026, 1, 1, tzinfo=UTC)
