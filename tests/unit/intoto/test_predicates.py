"""What a release says: provenance, scan, seal, reference, each built and read back."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from shipseal.errors import AttestError, Code, ConfigError
from shipseal.intoto.predicates import (
    PREDICATE_TYPES,
    SPDX_FAMILY,
    Family,
    family_of,
    read_as,
)
from shipseal.intoto.provenance import (
    BUILD_TYPE,
    LOCAL_BUILDER,
    ProvenanceFacts,
    SourceFacts,
    github_provenance_predicate,
    parse_provenance,
    provenance_predicate,
)
from shipseal.intoto.reference import Referenced, parse_reference, reference_predicate
from shipseal.intoto.resource import Resource, digest_set
from shipseal.intoto.summary import (
    BreakGlass,
    SealedInput,
    SealFacts,
    parse_summary,
    summary_predicate,
)
from shipseal.intoto.vuln import (
    FindingFacts,
    GateFacts,
    IgnoreFacts,
    ScanFacts,
    ScannedSbom,
    parse_scan,
    vuln_predicate,
)
from shipseal.oci import digest_of

T0 = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
T1 = datetime(2026, 1, 2, 3, 14, 5, tzinfo=UTC)
CONFIG, SBOM, POLICY = digest_of(b"config"), digest_of(b"sbom"), digest_of(b"policy")

FACTS = ProvenanceFacts(
    image="app",
    version="1.2.3",
    platforms=("linux/amd64",),
    builder="layers",
    config_digest=CONFIG,
    started=T0,
    finished=T1,
    shipseal_version="1.0.0",
)


def encoded(value: object) -> bytes:
    return json.dumps(value).encode()


def test_spdx_types_are_one_family() -> None:
    assert {family_of(one) for one in SPDX_FAMILY} == {Family.SBOM}
    assert family_of("https://spdx.dev/Document/v3.0") is None
    assert family_of("https://slsa.dev/provenance/v0.2") is None


def test_what_counts_for_a_family_is_read_as_it() -> None:
    for family in Family:
        assert {family_of(name) for name in read_as(family)} == {family}
        assert PREDICATE_TYPES[family] in read_as(family)


def test_our_provenance_says_what_went_in() -> None:
    facts = replace(
        FACTS,
        source=SourceFacts("c" * 40, True, "refs/heads/main", "https://git.test/app"),
        dependencies=(Resource("pkg:docker/debian@12", {"sha256": "d" * 64}, "base image"),),
        builder_versions={"buildah": "1.28"},
        invocation_id="r1",
        byproducts=(Resource(digest=digest_set(SBOM), name="SBOM"),),
    )
    predicate = provenance_predicate(facts)
    definition, run = predicate["buildDefinition"], predicate["runDetails"]
    assert definition["buildType"] == BUILD_TYPE
    assert definition["externalParameters"]["config"] == digest_set(CONFIG)
    assert [one["name"] for one in definition["resolvedDependencies"]] == [
        "configuration",
        "source",
        "base image",
    ]
    source = definition["resolvedDependencies"][1]
    assert source["uri"] == "git+https://git.test/app@refs/heads/main"
    assert source["digest"] == {"gitCommit": "c" * 40}
    assert source["annotations"] == {"dirty": True}
    assert run["builder"] == {
        "id": LOCAL_BUILDER,
        "version": {"shipseal": "1.0.0", "buildah": "1.28"},
    }
    assert run["metadata"] == {
        "startedOn": "2026-01-02T03:04:05Z",
        "finishedOn": "2026-01-02T03:14:05Z",
        "invocationId": "r1",
    }
    assert run["byproducts"] == [{"name": "SBOM", "digest": digest_set(SBOM)}]
    assert parse_provenance(encoded(predicate)).builder == LOCAL_BUILDER


def test_a_clean_tree_is_said_to_be_clean() -> None:
    """An absent annotation would leave it open."""
    predicate = provenance_predicate(replace(FACTS, source=SourceFacts("c" * 40, False)))
    source = predicate["buildDefinition"]["resolvedDependencies"][1]
    assert source["annotations"] == {"dirty": False}


@pytest.mark.parametrize("count", [0, 3])
def test_files_that_no_commit_has_are_counted(count: int) -> None:
    source = SourceFacts("c" * 40, False, untracked=count).resource()
    assert source.to_json()["annotations"] == {"dirty": False, "untracked": count}


GITHUB = {
    "GITHUB_SERVER_URL": "https://github.com",
    "GITHUB_REPOSITORY": "octo/app",
    "GITHUB_WORKFLOW_REF": "octo/app/.github/workflows/release.yml@refs/tags/app@1.2.3",
    "GITHUB_REF": "refs/tags/app@1.2.3",
    "GITHUB_SHA": "c" * 40,
    "GITHUB_EVENT_NAME": "push",
    "GITHUB_REPOSITORY_ID": "11",
    "GITHUB_REPOSITORY_OWNER_ID": "22",
    "RUNNER_ENVIRONMENT": "github-hosted",
    "GITHUB_RUN_ID": "33",
    "GITHUB_RUN_ATTEMPT": "2",
}


def test_githubs_provenance_has_its_fields_and_no_other() -> None:
    assert github_provenance_predicate(GITHUB) == {
        "buildDefinition": {
            "buildType": "https://actions.github.io/buildtypes/workflow/v1",
            "externalParameters": {
                "workflow": {
                    "ref": "refs/tags/app@1.2.3",
                    "repository": "https://github.com/octo/app",
                    "path": ".github/workflows/release.yml",
                }
            },
            "internalParameters": {
                "github": {
                    "event_name": "push",
                    "repository_id": "11",
                    "repository_owner_id": "22",
                    "runner_environment": "github-hosted",
                }
            },
            "resolvedDependencies": [
                {
                    "uri": "git+https://github.com/octo/app@refs/tags/app@1.2.3",
                    "digest": {"gitCommit": "c" * 40},
                }
            ],
        },
        "runDetails": {
            "builder": {
                "id": "https://github.com/octo/app/.github/workflows/release.yml@refs/tags/app@1.2.3"
            },
            "metadata": {"invocationId": "https://github.com/octo/app/actions/runs/33/attempts/2"},
        },
    }


def test_a_reusable_workflow_is_the_builder() -> None:
    called = "octo/ci/.github/workflows/publish.yml@refs/heads/main"
    predicate = github_provenance_predicate(GITHUB, job_workflow_ref=called)
    assert predicate["runDetails"]["builder"]["id"] == f"https://github.com/{called}"


@pytest.mark.parametrize("name", GITHUB)
def test_a_missing_variable_is_named(name: str) -> None:
    with pytest.raises(ConfigError, match=name):
        github_provenance_predicate(GITHUB | {name: ""})


@pytest.mark.parametrize(
    "predicate",
    [
        {},
        {"buildDefinition": {"buildType": "x"}, "runDetails": {}},
        {"buildDefinition": {"buildType": ""}, "runDetails": {"builder": {"id": "x"}}},
        {"buildDefinition": {"buildType": 1}, "runDetails": {"builder": {"id": "x"}}},
        {"buildDefinition": [], "runDetails": {"builder": {"id": "x"}}},
    ],
)
def test_provenance_without_origin_is_none(predicate: object) -> None:
    with pytest.raises(AttestError, match=r"buildType or builder\.id") as caught:
        parse_provenance(encoded(predicate))
    assert caught.value.code is Code.ATTEST_INVALID


SCAN = ScanFacts(
    scanner_uri="pkg:golang/github.com/anchore/grype",
    scanner="grype",
    scanner_version="0.121.2",
    db_uri="https://db.test/v6",
    db_version="6",
    started=T0,
    finished=T1,
    sboms=(ScannedSbom("linux/amd64", SBOM, digest_of(b"results")),),
    gate=GateFacts("pass", "critical"),
    db_built=T0,
    counts={"high": 1},
    findings=(FindingFacts("CVE-1", "high", "openssl", "3.0", fix=("3.1",), ignored=True),),
    ignores=(IgnoreFacts("CVE-1", "not reachable", "ada", T1, "https://issues.test/1"),),
)


def test_a_scan_is_in_cosigns_form_and_says_what_ours_says() -> None:
    predicate = vuln_predicate(SCAN)
    assert set(predicate) == {"invocation", "scanner", "metadata"}
    assert set(predicate["invocation"]) == {"parameters", "uri", "event_id", "builder.id"}
    result = predicate["scanner"]["result"]
    assert result["findings"] == [
        {
            "id": "CVE-1",
            "severity": "high",
            "package": "openssl",
            "version": "3.0",
            "fix": ["3.1"],
            "ignored": True,
        }
    ]
    assert result["ignores"][0]["until"] == "2026-01-02T03:14:05Z"
    summary = parse_scan(encoded(predicate))
    assert summary.finished == T1
    assert summary.sboms == (SBOM,)
    assert (summary.gate, summary.fail_on) == ("pass", "critical")


def test_another_tools_scan_is_read_and_claims_nothing() -> None:
    """Trivy's result has a gate of nobody's and an SBOM of nobody's, whatever it calls its members."""
    predicate = vuln_predicate(SCAN)
    predicate["scanner"]["result"] = {"Results": [], "gate": {"outcome": "pass"}, "sboms": []}
    summary = parse_scan(encoded(predicate))
    assert summary.gate == ""
    assert summary.sboms == ()


@pytest.mark.parametrize(
    ("place", "value", "match"),
    [
        ("metadata", {}, "Invalid isoformat"),
        ("metadata", {"scanFinishedOn": "2026-01-02T03:04:05"}, "no time zone"),
        ("metadata", None, "metadata is no object"),
        ("scanner", [], "scanner is no object"),
    ],
)
def test_a_scan_without_a_time_is_none(place: str, value: object, match: str) -> None:
    with pytest.raises(AttestError, match=match):
        parse_scan(encoded(vuln_predicate(SCAN) | {place: value}))


@pytest.mark.parametrize("sboms", [[{"digest": "sha256:x"}], [{}], "text", [1]])
def test_a_scan_of_a_malformed_sbom_is_none(sboms: object) -> None:
    predicate = vuln_predicate(SCAN)
    predicate["scanner"]["result"]["sboms"] = sboms
    with pytest.raises(AttestError, match="scan predicate"):
        parse_scan(encoded(predicate))


SEAL = SealFacts(
    verifier_version="1.0.0",
    verified=T1,
    resource_uri="registry.test/app",
    policy_uri="shipseal.yaml",
    policy_digest=POLICY,
    inputs=(SealedInput(digest_of(b"2"), "x"), SealedInput(digest_of(b"1"))),
    release={"id": "r1"},
)


def test_a_seal_is_a_verification_summary() -> None:
    predicate = summary_predicate(SEAL)
    assert predicate["verifier"]["id"] == "pkg:pypi/shipseal"
    assert predicate["verificationResult"] == "PASSED"
    assert predicate["verifiedLevels"] == ["SLSA_BUILD_LEVEL_1"]
    assert all(":" in name for name in predicate if name.lower().startswith("pkg"))
    summary = parse_summary(encoded(predicate))
    assert summary.verifier == "pkg:pypi/shipseal"
    assert summary.policy_digests == (POLICY,)
    assert set(summary.inputs) == {digest_of(b"1"), digest_of(b"2")}
    assert summary.break_glass is None


def test_the_order_of_inputs_changes_nothing() -> None:
    turned = replace(SEAL, inputs=(*reversed(SEAL.inputs), SEAL.inputs[0]))
    assert summary_predicate(turned) == summary_predicate(SEAL)


def test_break_glass_comes_back() -> None:
    record = BreakGlass("outage", "ada", T1)
    predicate = summary_predicate(replace(SEAL, break_glass=record))
    assert parse_summary(encoded(predicate)).break_glass == record


def test_a_seal_over_nothing_is_not_made() -> None:
    with pytest.raises(AttestError, match="no attestation"):
        summary_predicate(replace(SEAL, inputs=()))


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("verifier", {}),
        ("verifier", {"id": 1}),
        ("timeVerified", "yesterday"),
        ("policy", []),
        ("verificationResult", None),
        ("inputAttestations", [{"uri": "x"}]),
        ("inputAttestations", [{"digest": {"md5": "x"}}]),
        ("inputAttestations", [{"digest": {"sha512": "0" * 128}}]),
        ("inputAttestations", ["x"]),
        ("pkg:pypi/shipseal#seal/break-glass/v1", "yes"),
        ("pkg:pypi/shipseal#seal/break-glass/v1", {"reason": "x"}),
    ],
)
def test_a_malformed_seal_is_none(member: str, value: object) -> None:
    with pytest.raises(AttestError, match=r"^seal: ") as caught:
        parse_summary(encoded(summary_predicate(SEAL) | {member: value}))
    assert caught.value.code is Code.ATTEST_INVALID


@pytest.mark.parametrize(
    "member", ["verifier", "timeVerified", "resourceUri", "policy", "verificationResult"]
)
def test_a_seal_must_have_what_the_specification_requires(member: str) -> None:
    predicate = summary_predicate(SEAL)
    del predicate[member]
    with pytest.raises(AttestError, match=member):
        parse_summary(encoded(predicate))


def test_a_reference_names_a_document() -> None:
    document = Resource(
        digest=digest_set(SBOM),
        media_type="application/spdx+json",
        download_location="https://registry.test/app@sha256:1",
    )
    predicate = reference_predicate([document])
    assert predicate["attester"] == {"id": "pkg:pypi/shipseal"}
    assert parse_reference(encoded(predicate)) == (
        Referenced(SBOM, "application/spdx+json", "https://registry.test/app@sha256:1"),
    )


@pytest.mark.parametrize(
    "document",
    [
        Resource(digest=digest_set(SBOM), media_type="x"),
        Resource(digest=digest_set(SBOM), download_location="x"),
        Resource(media_type="x", download_location="x"),
    ],
)
def test_a_reference_must_be_complete(document: Resource) -> None:
    with pytest.raises(AttestError, match="digest, media type and location"):
        reference_predicate([document])


def test_a_reference_to_nothing_is_not_made() -> None:
    with pytest.raises(AttestError, match="no document"):
        reference_predicate([])


@pytest.mark.parametrize(
    "predicate",
    [
        {},
        {"references": 1},
        {"references": [1]},
        {"references": [{"digest": {"sha256": "x"}, "mediaType": "", "downloadLocation": ""}]},
        {"references": [{"digest": {"sha256": SBOM[7:]}}]},
    ],
)
def test_a_malformed_reference_is_none(predicate: object) -> None:
    with pytest.raises(AttestError, match="reference predicate"):
        parse_reference(encoded(predicate))


def test_a_reference_by_another_algorithm_proves_nothing() -> None:
    found = {"references": [{"digest": {"md5": "x"}, "mediaType": "x", "downloadLocation": "x"}]}
    assert parse_reference(encoded(found)) == ()
