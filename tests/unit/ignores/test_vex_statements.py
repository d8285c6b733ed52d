"""Ignores as VEX: honest about what they say, valid in both forms, and read back as the same."""

import json
from datetime import UTC, datetime
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shipseal.ignores.rules import IgnoreRule, PackageCondition
from shipseal.ignores.vex.cyclonedx import cyclonedx_vex
from shipseal.ignores.vex.document import ImageNames, VexStatement
from shipseal.ignores.vex.matching import apply_vex
from shipseal.ignores.vex.openvex import openvex_document
from shipseal.ignores.vex.read import read_vex
from shipseal.ignores.vex.statements import Left, statements_of
from tests.support.openvex_rules import valid_openvex
from tests.support.scanning import finding
from tests.support.standards import valid_cyclonedx

NOW = datetime(2026, 1, 12, tzinfo=UTC)
DIGEST = "sha256:" + "a" * 64
IMAGE = ImageNames(("ghcr.io/org/app",), (DIGEST,))
ACCEPTED = IgnoreRule(
    vulnerability="CVE-2026-0001",
    package=PackageCondition(name="paramiko"),
    impact="low: no SSH server runs",
    until=datetime(2026, 2, 1, tzinfo=UTC),
    remove_when="paramiko 2.4.1 is in",
    issue="https://github.com/org/app/issues/1",
)
UNREACHED = IgnoreRule(
    vulnerability="CVE-2026-0001",
    impact="vulnerable_code_not_in_execute_path: only the client is used",
)


def made(*rules: IgnoreRule) -> tuple[tuple[VexStatement, ...], tuple[Left, ...]]:
    return statements_of(rules, [finding(aliases=("GHSA-1",))], IMAGE, now=NOW)


def test_an_accepted_risk_is_affected_with_what_is_done_about_it() -> None:
    (one,), _ = made(ACCEPTED)
    assert one.status == "affected"
    assert "accepted until 2026-02-01T00:00:00Z" in one.action
    assert "ends when paramiko 2.4.1 is in" in one.action
    assert "issues/1" in one.action
    assert one.justification == ""


def test_a_justification_in_its_words_makes_it_not_affected() -> None:
    (one,), _ = made(UNREACHED)
    assert one.status == "not_affected"
    assert one.justification == "vulnerable_code_not_in_execute_path"
    assert one.ids == ("CVE-2026-0001", "GHSA-1")
    assert one.products[0].parts == ("pkg:pypi/paramiko@2.4.0",)
    assert one.products[0].names[0] == (
        f"pkg:oci/app@{DIGEST.replace(':', '%3A')}?repository_url=ghcr.io/org/app"
    )


def test_a_rule_that_takes_nothing_out_is_listed_with_why() -> None:
    ended = IgnoreRule(index=0, vulnerability="CVE-2026-0001", until=NOW)
    other = IgnoreRule(index=1, vulnerability="CVE-1999-1")
    nothing = IgnoreRule(index=2)
    second = IgnoreRule(index=3, vulnerability="CVE-2026-0001")
    statements, left = made(ended, other, nothing, UNREACHED, second)
    assert len(statements) == 1
    assert [one.why for one in left] == [
        "it ended 2026-01-12T00:00:00Z",
        "no finding of the image is taken out by it",
        "a rule without condition never applies",
        "rules before it speak for all that it takes out",
    ]


@pytest.mark.parametrize("form", ["openvex", "cyclonedx"])
def test_what_is_written_is_read_back_and_takes_the_finding_out(form: str) -> None:
    statements, _ = made(UNREACHED)
    document = (
        openvex_document(statements, author="Org", now=NOW, tooling="shipseal 1")
        if form == "openvex"
        else cyclonedx_vex(statements, author="Org", now=NOW, version="1")
    )
    read = read_vex(json.dumps(document).encode(), what="vex.json")
    assert read.author == "Org"
    assert read.statements[0].ids == ("CVE-2026-0001", "GHSA-1")
    assert apply_vex([read], [finding()], IMAGE).matches


def test_both_forms_are_what_their_standards_say() -> None:
    statements, _ = made(ACCEPTED)
    valid_cyclonedx(cyclonedx_vex(statements, author="Org", now=NOW, version="1"))
    unreached, _ = made(UNREACHED)
    valid_cyclonedx(cyclonedx_vex(unreached, author="Org", now=NOW, version="1"))
    for said in (statements, unreached):
        valid_openvex(openvex_document(said, author="Org", now=NOW, tooling="shipseal 1"))
    valid_openvex(openvex_document(*about(IMAGE, ["docker.io/library/app"]), author="O", **AT))
    valid_openvex(openvex_document(*about(ImageNames(), []), author="O", **AT))


AT: Any = {"now": NOW, "tooling": "t"}


def about(image: ImageNames, names: list[str]) -> tuple[tuple[VexStatement, ...]]:
    image = ImageNames(tuple(names), image.digests)
    return (statements_of([ACCEPTED], [finding()], image, now=NOW)[0],)


@settings(max_examples=60, deadline=None)
@given(
    words=st.text(max_size=40),
    purls=st.lists(st.sampled_from(["pkg:pypi/a@1", "pkg:deb/debian/b@2?arch=x", ""]), max_size=4),
    digests=st.lists(st.sampled_from([DIGEST, "sha256:" + "b" * 64]), max_size=2, unique=True),
    names=st.lists(
        st.sampled_from(["docker.io/library/app", "ghcr.io/Org/App"]), max_size=2, unique=True
    ),
    justified=st.booleans(),
)
def test_whatever_is_ignored_both_forms_are_valid(
    words: str, purls: list[str], digests: list[str], names: list[str], justified: bool
) -> None:
    rule = UNREACHED if justified else IgnoreRule(vulnerability="CVE-2026-0001", impact=words)
    found = [finding(purl=purl, name=f"p{number}") for number, purl in enumerate(purls)]
    image = ImageNames(tuple(names), tuple(digests))
    said, left = statements_of([rule], found, image, now=NOW)
    assert len(said) + len(left) == 1
    valid_cyclonedx(cyclonedx_vex(said, author="Org", now=NOW, version="1"))
    if said:
        valid_openvex(openvex_document(said, author="Org", now=NOW, tooling="t"))


def test_nothing_is_said_of_a_package_without_a_name() -> None:
    said, (left,) = statements_of([UNREACHED], [finding(purl="")], IMAGE, now=NOW)
    assert said == ()
    assert "without a package URL" in left.why


@pytest.mark.parametrize(
    "change",
    [
        {"status": "affected"},
        {"status": "fine"},
        {"products": []},
        {"impact": "x"},
        {"vulnerability": {}},
        {"timestamp": "yesterday"},
        {"justification": "false_positive"},
    ],
)
def test_the_rules_of_openvex_refuse_what_breaks_them(change: dict[str, Any]) -> None:
    statements, _ = made(UNREACHED)
    document = openvex_document(statements, author="Org", now=NOW, tooling="t")
    document["statements"][0] |= change
    with pytest.raises(jsonschema.ValidationError):
        valid_openvex(document)


def test_the_same_statements_have_the_same_name() -> None:
    statements, _ = made(ACCEPTED)
    first = openvex_document(statements, author="Org", now=NOW, tooling="t")
    assert first == openvex_document(statements, author="Org", now=NOW, tooling="t")
    assert first["@id"] != openvex_document([], author="Org", now=NOW, tooling="t")["@id"]
    one = cyclonedx_vex(statements, author="Org", now=NOW, version="1")
    assert (
        one["serialNumber"] != cyclonedx_vex([], author="Org", now=NOW, version="1")["serialNumber"]
    )


def test_without_an_image_the_packages_are_the_products() -> None:
    statements, _ = statements_of([UNREACHED], [finding()], ImageNames(), now=NOW)
    assert [one.names for one in statements[0].products] == [("pkg:pypi/paramiko@2.4.0",)]
