"""Each finding: a workflow that has it, the line where it is told, and the patch after which it is gone."""

# ruff: noqa: E501 - a workflow is read better when its lines stay whole

from collections.abc import Mapping

import pytest

from shipseal.workflows.check import check_workflows
from shipseal.workflows.model import Source
from shipseal.workflows.patch import patched
from shipseal.workflows.rule_input import CheckOptions
from tests.support.workflow_texts import (
    BUILDX,
    CHECKOUT,
    DIGEST,
    LOGIN,
    PATH,
    PROMOTE,
    SHA,
    TRIVY,
    at,
    attest,
    check,
    gate,
    job,
    push,
    scan,
    stage,
    told,
    workflow,
)

USES_ATTEST = f"- uses: actions/attest-build-provenance@{SHA}"
GRYPE = f"- run: |\n    set -u\n    grype {DIGEST}\n"
SHORT = "ghcr.io/org/app:1.2.0"

BAD: Mapping[str, tuple[str, list[tuple[str, str]]]] = {
    "attests without an identity token": (
        workflow(
            job(
                LOGIN + stage() + attest(),
                "permissions: {contents: read, packages: write, attestations: write}",
            )
        ),
        [("id-token-missing", USES_ATTEST)],
    ),
    "attests without the right to store": (
        workflow(
            job(
                LOGIN + stage() + attest(),
                "permissions:\n  contents: read\n  packages: write\n  id-token: write\n  attestations: read",
            )
        ),
        [("attestations-missing", USES_ATTEST)],
    ),
    "rights of the workflow are too few": (
        workflow(job(LOGIN + stage() + attest(), ""), top="permissions:\n  contents: read"),
        [
            ("packages-missing", "- id: build"),
            ("id-token-missing", USES_ATTEST),
            ("attestations-missing", USES_ATTEST),
        ],
    ),
    "read-all is no write": (
        workflow(job(LOGIN + stage() + PROMOTE, ""), top="permissions: read-all"),
        [("packages-missing", "- id: build")],
    ),
    "no rights are stated, and it signs": (
        workflow(job(LOGIN + stage() + f"- run: cosign sign --yes {DIGEST}\n", ""), top=""),
        [("id-token-missing", f"- run: cosign sign --yes {DIGEST}")],
    ),
    "attests for a fork": (
        workflow(
            job(LOGIN + stage() + attest("if: always()\n"), "permissions: write-all"), on="[push, pull_request]"
        ).replace(
            "push=true", "push=false"
        ),
        [("fork-unguarded", USES_ATTEST)],
    ),
    "pushes for a fork": (
        workflow(job(CHECKOUT + LOGIN + push()), on="[push, pull_request]"),
        [("fork-unguarded", "- id: build")],
    ),
    "pushes for every pull request": (
        workflow(job(LOGIN + push(when="${{ github.actor != '' || true }}")), on="pull_request"),
        [("fork-unguarded", "- id: build")],
    ),
    "logs in with a secret for a fork": (
        workflow(
            job(
                f"- uses: docker/login-action@{SHA}\n"
                "  with: {username: someone, password: '${{ secrets.DOCKERHUB_TOKEN }}'}\n"
            ),
            on="{pull_request: {branches: [main]}}",
        ),
        [("fork-unguarded", f"- uses: docker/login-action@{SHA}")],
    ),
    "signs a tag": (
        workflow(job(LOGIN + push() + f"- run: cosign sign --yes {SHORT}\n")),
        [("tag-resolved-again", f"- run: cosign sign --yes {SHORT}")],
    ),
    "catalogues a tag": (
        workflow(
            job(
                LOGIN
                + push("ghcr.io/org/app:${{ github.ref_name }}")
                + f"- uses: anchore/sbom-action@{SHA}\n  with:\n    image: ghcr.io/org/app:${{{{ github.ref_name }}}}\n"
            )
        ),
        [("tag-resolved-again", f"- uses: anchore/sbom-action@{SHA}")],
    ),
    "uses an output of a job that it does not need": (
        workflow(
            job(LOGIN + stage(), "permissions: {packages: write}\noutputs:\n  digest: ${{ steps.build.outputs.digest }}", "build"),
            job("- run: echo ${{ needs.build.outputs.digest }}\n", "", "show"),
        ),
        [("needs-missing", "- run: echo ${{ needs.build.outputs.digest }}")],
    ),
    "downloads what another job has not uploaded yet": (
        workflow(
            job(f"- uses: actions/upload-artifact@{SHA}\n  with: {{name: sbom, path: sbom.json}}\n", "", "make"),
            job(f"- uses: actions/download-artifact@{SHA}\n  with: {{name: sbom}}\n", "", "take"),
        ),
        [("needs-missing", f"- uses: actions/download-artifact@{SHA}")],
    ),
    "scans what another job has not pushed yet": (
        workflow(
            job(LOGIN + push("ghcr.io/org/app:${{ github.sha }}"), name="build"),
            job(scan("ghcr.io/org/app:${{ github.sha }}"), "", "scan"),
        ),
        [("needs-missing", f"- uses: anchore/scan-action@{SHA}")],
    ),
    "Trivy with its default": (
        gate(TRIVY),
        [("gate-never-fails", f"- uses: aquasecurity/trivy-action@{SHA}")],
    ),
    "a scan that may fail": (
        gate(scan().rstrip() + "\n  continue-on-error: true\n"),
        [("gate-never-fails", f"- uses: anchore/scan-action@{SHA}")],
    ),
    "fail-build is off": (
        gate(scan(more="fail-build: false")),
        [("gate-never-fails", f"- uses: anchore/scan-action@{SHA}")],
    ),
    "Grype without a threshold": (
        gate(GRYPE),
        [("gate-never-fails", f"grype {DIGEST}")],
    ),
    "a status that is thrown away": (
        gate(f"- run: |\n    grype --fail-on critical {DIGEST} || true\n"),
        [("gate-never-fails", f"grype --fail-on critical {DIGEST} || true")],
    ),
    "a status lost in a pipe": (
        gate(f"- name: scan\n  run: |\n    grype --fail-on critical {DIGEST} | tee out.txt\n"),
        [("gate-never-fails", f"grype --fail-on critical {DIGEST} | tee out.txt")],
    ),
    "Trivy on the command line": (
        gate(f"- run: |\n    trivy image --severity CRITICAL {DIGEST}\n"),
        [("gate-never-fails", f"trivy image --severity CRITICAL {DIGEST}")],
    ),
    "scans another tag": (
        workflow(job(LOGIN + push("ghcr.io/org/app:build-7") + scan("ghcr.io/org/app:1.1.0"))),
        [("scan-other-build", f"- uses: anchore/scan-action@{SHA}")],
    ),
    "an event that does not exist": (
        workflow(job(CHECKOUT), on="{pull_requests: {}}"),
        [("invalid", "on: {pull_requests: {}}")],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_what_is_wrong_is_told_at_its_line(name: str) -> None:
    text, expected = BAD[name]
    assert sorted(at(check(text), text)) == sorted(expected)


# What is decided by people, and has no patch.
_UNPATCHED = {"an event that does not exist"}


@pytest.mark.parametrize("name", [name for name in BAD if name not in _UNPATCHED])
def test_the_patch_takes_it_away(name: str) -> None:
    text, expected = BAD[name]
    report = check(text)
    source = Source(PATH, text.encode())
    new = patched(source, [edit for item in report.findings for edit in item.edits])
    assert new != source.data
    after = check_workflows([Source(PATH, new)], {}, CheckOptions())
    codes = {code for code, _ in expected}
    assert not codes & set(told(after)), new.decode()
    assert "invalid" not in told(after)


def test_public_before_it_is_scanned() -> None:
    text = workflow(job(LOGIN + push() + scan()))
    assert at(check(text), text) == [("gate-after-tag", "- id: build")]
    (finding,) = check(text).findings
    assert "ghcr.io/org/app:1.2.0 public before" in finding.message
    assert "push-by-digest=true" in finding.fix


def test_public_before_another_job_scans() -> None:
    text = workflow(
        job(LOGIN + push("ghcr.io/org/app:latest"), name="build"),
        job(scan("ghcr.io/org/app:latest"), "needs: build", "scan"),
    )
    assert "gate-after-tag" in told(check(text))


def test_metadata_tags_are_public_too() -> None:
    meta = (
        f"- id: meta\n  uses: docker/metadata-action@{SHA}\n  with:\n    images: ghcr.io/org/app\n"
    )
    text = workflow(job(LOGIN + meta + push("${{ steps.meta.outputs.tags }}") + scan()))
    assert told(check(text)) == ["gate-after-tag"]
    again = scan("${{ steps.meta.outputs.tags }}")
    text = workflow(job(LOGIN + meta + push("${{ steps.meta.outputs.tags }}") + again))
    assert told(check(text)) == ["gate-after-tag", "tag-resolved-again"]


def test_another_job_builds_again_what_was_scanned() -> None:
    text = workflow(
        job(
            CHECKOUT
            + "- run: docker build -t app:test .\n- run: grype --fail-on critical app:test\n",
            "",
            "scan",
        ),
        job(LOGIN + push(), "permissions: {packages: write}\nneeds: scan"),
    )
    assert told(check(text)) == ["scan-other-build"]


def test_the_same_job_builds_something_else() -> None:
    first = f"- uses: docker/build-push-action@{SHA}\n  with: {{context: test, load: true, tags: app:test}}\n"
    text = workflow(job(LOGIN + BUILDX + first + scan("app:test") + push()))
    assert told(check(text)) == ["scan-other-build"]


@pytest.mark.parametrize(
    ("uses", "reason"),
    [
        ("actions/checkout@v4", "names v4"),
        ("docker/setup-qemu-action@main", "names main"),
        ("org/ci/sub@0123456", "names 0123456"),
        ("docker://alpine:3.20", "without its digest"),
    ],
)
def test_an_action_that_can_be_moved(uses: str, reason: str) -> None:
    text = workflow(job(f"- uses: {uses}\n", ""))
    (finding,) = check(text).findings
    assert finding.code == "workflow.unpinned-action"
    assert reason in finding.message


def test_a_pin_that_the_repository_knows_is_the_patch() -> None:
    text = workflow(job(f"- uses: actions/checkout@{SHA} # v4\n- uses: actions/checkout@v4\n", ""))
    (finding,) = check(text).findings
    new = patched(Source(PATH, text.encode()), finding.edits).decode()
    assert new.count(f"actions/checkout@{SHA} # v4") == 2
    assert told(check(new)) == []


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("{username: someone}", "no password"),
        ("{username: someone, password: ''}", "an empty password"),
        ("{registry: ghcr.io, password: '${{ secrets.GITHUB_TOKEN }}'}", "no username"),
        ("{username: someone, password: hunter2hunter2}", "its password in the text"),
    ],
)
def test_a_login_that_cannot_succeed(given: str, message: str) -> None:
    text = workflow(job(f"- uses: docker/login-action@{SHA}\n  with: {given}\n"))
    (finding,) = check(text).findings
    assert finding.code == "workflow.secret-missing"
    assert message in finding.message
    assert "hunter2" not in finding.message + finding.fix


def test_nothing_logs_in_where_it_pushes() -> None:
    text = workflow(job(CHECKOUT + BUILDX + LOGIN + push("docker.io/org/app:1.2.0")))
    assert told(check(text)) == ["secret-missing"]


def test_a_secret_that_does_not_exist() -> None:
    step = f"- uses: docker/login-action@{SHA}\n  with: {{username: x, password: '${{{{ secrets.HUB }}}}'}}\n"
    text = workflow(job(step))
    assert told(check(text)) == []
    assert told(check(text, secrets=["HUB"])) == []
    assert told(check(text, secrets=["OTHER"])) == ["secret-missing"]


def test_strangers_code_beside_our_secrets() -> None:
    take = f"- uses: actions/checkout@{SHA}\n  with:\n    ref: ${{{{ github.event.pull_request.head.sha }}}}\n"
    text = workflow(job(take + LOGIN + push()), on="pull_request_target")
    assert at(check(text), text) == [("fork-unguarded", f"- uses: actions/checkout@{SHA}")]
