"""Mistakes as people really make them, each with the line that is accused; and spellings that are right and look odd."""

# ruff: noqa: E501 - a workflow is read better when its lines stay whole

import pytest

from shipseal.workflows.model import Source
from shipseal.workflows.patch import patched
from tests.support.workflow_texts import (
    BUILDX,
    CHECKOUT,
    DIGEST,
    LOGIN,
    PATH,
    PROMOTE,
    RIGHTS,
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

MAIN = ".github/workflows/main.yml"
READ = "permissions: {contents: read}"
STAGED = LOGIN + stage()
SCOUT = f"- uses: docker/scout-action@{SHA}\n  with:\n    command: cves\n    image: {DIGEST}\n"
LOAD = f"- uses: docker/build-push-action@{SHA}\n  with:\n    context: .\n    load: true\n    tags: app:test\n"
META = f"- id: meta\n  uses: docker/metadata-action@{SHA}\n  with:\n    images: ghcr.io/org/app\n"
ALL_TAGS = LOGIN + META + push("${{ steps.meta.outputs.tags }}")
TAGS_ENV = "- env:\n    TAGS: ${{ steps.meta.outputs.tags }}\n    DIGEST: ${{ steps.build.outputs.digest }}\n"
OUTPUT = f'permissions: {RIGHTS}\noutputs: {{digest: "${{{{ steps.build.outputs.digest }}}}"}}'
FROM_JOB = "ghcr.io/org/app@${{ needs.publish.outputs.digest }}"
BUILT = job(STAGED, OUTPUT)
UP = f"- uses: actions/upload-artifact@{SHA}\n  with: {{name: 'digests-${{{{ matrix.n }}}}', path: d}}\n"
DOWN = f"- uses: actions/download-artifact@{SHA}\n  with: {{pattern: 'digests-*', path: d}}\n"


def promote_job(condition: str) -> str:
    """Return a job that moves the tag after a scan in another job."""
    steps = LOGIN + PROMOTE.replace("steps.build", "needs.publish")
    head = f"needs: [publish, scan]\nif: {condition}\npermissions: {RIGHTS}"
    return BUILT + job(scan(FROM_JOB), "needs: publish", "scan") + job(steps, head, "promote")


BESIDE = promote_job("").replace("[publish, scan]\n    if: ", "[publish]")


def several(line: str) -> str:
    """Return a push of two platforms after a scan of the one that was loaded."""
    return push().replace("    push:", f"    {line}\n    push:")


BAD: dict[str, tuple[str, list[tuple[str, str]]]] = {
    "one stated right takes the others away": (
        workflow(job(LOGIN + push() + attest(), "permissions: {id-token: write, attestations: write}"), top=""),
        [("packages-missing", "- id: build")],
    ),
    "a job narrows what the workflow gives": (
        workflow(job(STAGED + attest(), "permissions: {packages: write}"), top=f"permissions: {RIGHTS}"),
        [("id-token-missing", f"- uses: actions/attest-build-provenance@{SHA}"), ("attestations-missing", f"- uses: actions/attest-build-provenance@{SHA}")],
    ),
    "a chart is pushed": (
        workflow(job("- run: |\n    echo ${{ secrets.GITHUB_TOKEN }} | helm registry login ghcr.io -u x --password-stdin\n    helm push app.tgz oci://ghcr.io/org/charts\n", READ)),
        [("packages-missing", "helm push app.tgz oci://ghcr.io/org/charts")],
    ),
    "ORAS pushes": (
        workflow(job(LOGIN + "- run: oras push ghcr.io/org/app:1 file.txt\n", READ)),
        [("packages-missing", "- run: oras push ghcr.io/org/app:1 file.txt")],
    ),
    "ORAS attaches": (
        workflow(job(LOGIN + "- run: oras attach --artifact-type a/b ghcr.io/org/app:1 file.txt\n", READ)),
        [("packages-missing", "- run: oras attach --artifact-type a/b ghcr.io/org/app:1 file.txt")],
    ),
    "exit 0 behind a scan": (
        gate(f"- run: grype --fail-on high {DIGEST} || exit 0\n"),
        [("gate-never-fails", f"- run: grype --fail-on high {DIGEST} || exit 0")],
    ),
    "set +e, and the end is an echo": (
        gate(f"- run: |\n    set +e\n    grype --fail-on high {DIGEST}\n    echo done\n"),
        [("gate-never-fails", f"grype --fail-on high {DIGEST}")],
    ),
    "continue-on-error of the job": (
        workflow(BUILT, job(scan(FROM_JOB), "needs: publish\ncontinue-on-error: true", "scan"), job(LOGIN + PROMOTE, f"needs: [publish, scan]\npermissions: {RIGHTS}", "promote")),
        [("gate-never-fails", f"- uses: anchore/scan-action@{SHA}")],
    ),
    "Docker Scout without an exit code": (gate(SCOUT), [("gate-never-fails", f"- uses: docker/scout-action@{SHA}")]),
    "Docker Scout as a command": (
        gate(f"- run: docker scout cves --only-severity critical {DIGEST}\n"),
        [("gate-never-fails", f"- run: docker scout cves --only-severity critical {DIGEST}")],
    ),
    "Docker Scout after the tag": (
        workflow(job(LOGIN + push() + SCOUT + "    exit-code: true\n")),
        [("gate-after-tag", "- id: build")],
    ),
    "Snyk as a command": (
        gate(f"- run: snyk container test {DIGEST} || true\n"),
        [("gate-never-fails", f"- run: snyk container test {DIGEST} || true")],
    ),
    "a release whose gate stops nothing": (
        workflow(job(STAGED + "- run: shipseal release ghcr.io/org/app:1.2.0 || true\n")),
        [("gate-never-fails", "- run: shipseal release ghcr.io/org/app:1.2.0 || true")],
    ),
    "a step that moves the tag always": (
        gate(scan()).replace("- run: docker", "- if: always()\n        run: docker"),
        [("gate-never-fails", "- if: always()")],
    ),
    "a step that moves the tag unless cancelled": (
        gate(scan()).replace("- run: docker", "- if: ${{ !cancelled() }}\n        run: docker"),
        [("gate-never-fails", "- if: ${{ !cancelled() }}")],
    ),
    "a job that moves the tag always": (
        workflow(promote_job("always()")),
        [("gate-never-fails", "if: always()")],
    ),
    "a job that does not wait for the scan beside it": (
        workflow(BESIDE),
        [("gate-after-tag", PROMOTE.replace("steps.build", "needs.publish").strip())],
    ),
    "two platforms are pushed, one is scanned": (
        workflow(job(CHECKOUT + BUILDX + LOGIN + LOAD + scan("app:test") + several("platforms: linux/amd64,linux/arm64"))),
        [("scan-other-build", f"- uses: anchore/scan-action@{SHA}")],
    ),
    "latest is scanned, a digest was pushed": (
        gate(scan("ghcr.io/org/app:latest")),
        [("scan-other-build", f"- uses: anchore/scan-action@{SHA}")],
    ),
    "every tag of a loop is signed": (
        workflow(job(ALL_TAGS + TAGS_ENV + '  run: |\n    for tag in $TAGS; do\n      cosign sign --yes "$tag"\n    done\n')),
        [("tag-resolved-again", 'cosign sign --yes "$tag"')],
    ),
    "every tag by xargs is signed": (
        workflow(job(ALL_TAGS + TAGS_ENV + '  run: echo "${TAGS}" | xargs -I {} cosign sign --yes {}\n')),
        [("tag-resolved-again", 'run: echo "${TAGS}" | xargs -I {} cosign sign --yes {}')],
    ),
    "the digests of a matrix, and no job is waited for": (
        workflow(job(LOGIN + UP), job(LOGIN + DOWN, "", "merge")),
        [("needs-missing", f"- uses: actions/download-artifact@{SHA}")],
    ),
    "a guard that is a text, and so always true": (
        workflow(job(LOGIN + push(), f"if: ${{{{ github.event_name }}}} != 'pull_request'\npermissions: {RIGHTS}"), on="[push, pull_request]"),
        [("fork-unguarded", "- id: build")],
    ),
    "gh pr checkout in pull_request_target": (
        workflow(job(CHECKOUT + "- run: gh pr checkout ${{ github.event.number }}\n" + LOGIN + push()), on="pull_request_target"),
        [("fork-unguarded", "- run: gh pr checkout ${{ github.event.number }}")],
    ),
    "seven letters of a commit": (workflow(job("- uses: actions/checkout@0123456\n", "")), [("unpinned-action", "- uses: actions/checkout@0123456")]),
    "an image as an action": (workflow(job("- uses: docker://aquasec/trivy:latest\n", "")), [("unpinned-action", "- uses: docker://aquasec/trivy:latest")]),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_a_mistake_is_found_at_its_line(name: str) -> None:
    text, expected = BAD[name]
    assert at(check(text), text) == expected


@pytest.mark.parametrize("name", BAD)
def test_a_patch_takes_the_finding_away_and_makes_no_other(name: str) -> None:
    text, _ = BAD[name]
    report = check(text)
    left = [item.code for item in report.findings if not item.edits]
    edits = [edit for item in report.findings for edit in item.edits]
    after = check(patched(Source(PATH, text.encode()), edits).decode())
    assert [item.code for item in after.findings] == left


PATCHED = (
    "a job that does not wait for the scan beside it",
    "continue-on-error of the job", "Docker Scout without an exit code", "Docker Scout as a command",
    "exit 0 behind a scan", "Snyk as a command", "a step that moves the tag always", "a job that moves the tag always",
    "a step that moves the tag unless cancelled", "the digests of a matrix, and no job is waited for",
)  # fmt: skip


@pytest.mark.parametrize("name", PATCHED)
def test_these_mistakes_have_a_patch(name: str) -> None:
    assert all(item.edits for item in check(BAD[name][0]).findings)


def test_a_scan_in_a_workflow_that_runs_afterwards_is_too_late() -> None:
    publish = workflow(job(LOGIN + push("ghcr.io/org/app:latest")))
    start = "{workflow_run: {workflows: [publish], types: [completed]}}"
    later = workflow(job(scan("ghcr.io/org/app:latest"), "", "scan"), on=start)
    report = check({PATH: publish, MAIN: later})
    assert [(item.code, item.file, item.line) for item in report.findings] == [
        ("workflow.gate-after-tag", PATH, publish.split("\n").index("      - id: build") + 1)
    ]
    assert MAIN in report.findings[0].message
    assert told(check({PATH: publish, MAIN: later.replace("[publish]", "[other]")})) == []
    assert told(check({PATH: publish, MAIN: later.replace("org/app", "org/else")})) == []


def test_another_tag_is_replaced_by_the_digest_that_is_at_hand() -> None:
    text = workflow(job(LOGIN + push("ghcr.io/org/app:1.2.0") + scan("ghcr.io/org/app:latest")))
    report = check(text)
    assert told(report) == ["gate-after-tag", "scan-other-build"]
    edits = [edit for item in report.findings for edit in item.edits]
    new = patched(Source(PATH, text.encode()), edits).decode()
    assert told(check(new)) == ["gate-after-tag"]
    assert f"image: {DIGEST}" in new


GUARDS = (
    "github.event.pull_request.head.repo.fork == false", "${{ !github.event.pull_request.head.repo.fork }}",
    "startsWith(github.ref, 'refs/heads/')", "contains(fromJSON('[\"push\"]'), github.event_name)", "github.head_ref == ''",
    "'!github.base_ref'", "'!github.event.pull_request'", "github.event.pull_request.head.repo.full_name == 'org/app'",
    "startsWith(github.event.pull_request.head.label, 'org:')", "github.actor == 'me'",
    "github.event.pull_request.head.repo.owner.login == github.repository_owner",
)  # fmt: skip


@pytest.mark.parametrize("guard", GUARDS)
def test_no_spelling_of_a_guard_is_accused(guard: str) -> None:
    text = workflow(
        job(LOGIN + push(), f"if: {guard}\npermissions: {RIGHTS}"), on="[push, pull_request]"
    )
    assert told(check(text)) == []


GOOD = {
    "every tag with its digest is signed": workflow(job(ALL_TAGS + TAGS_ENV + '  run: echo "${TAGS}" | xargs -I {} cosign sign --yes {}@${DIGEST}\n')),
    "a loop with the digest": workflow(job(ALL_TAGS + TAGS_ENV + '  run: |\n    for tag in $TAGS; do cosign sign --yes "${tag}@${DIGEST}"; done\n')),
    "a job that waits for the scan": workflow(promote_job("success()")),
    "a job that never runs beside the scan": workflow(BESIDE.replace("needs: [publish]", "needs: [publish]\n    if: github.event_name == 'release'")),
    "a job that asks for the scan's result": workflow(promote_job("always() && needs.scan.result == 'success'")),
    "a job that asks whether anything failed": workflow(promote_job("'!cancelled() && !failure()'")),
    "a report that is written always": gate(scan()).replace(PROMOTE.strip(), "- if: always()\n        run: echo done"),
    "a script that asks for the status": gate(f"- run: |\n    set +e\n    grype --fail-on high {DIGEST}\n    status=$?\n    [ $status -eq 0 ] || false\n    echo done\n"),
    "Docker Scout with an exit code": gate(SCOUT + "    exit-code: true\n"),
    "Docker Scout for code scanning": gate(SCOUT + f"    sarif-file: scout.sarif\n- uses: github/codeql-action/upload-sarif@{SHA}\n  with: {{sarif_file: scout.sarif}}\n"),
    "Docker Scout compares": gate(SCOUT.replace("cves", "quickview")),
    "shipseal releases, Trivy reports": workflow(job(STAGED + TRIVY + "- run: shipseal release\n")),
    "shipseal's action releases, Trivy reports": workflow(job(STAGED + TRIVY + f"- uses: org/shipseal@{SHA}\n")),
    "shipseal's gate before the tag moves": gate("- run: shipseal gate\n"),
    "Snyk stops": gate(f"- run: snyk container test {DIGEST} --severity-threshold=high\n"),
    "one platform is scanned and pushed": workflow(job(CHECKOUT + BUILDX + LOGIN + LOAD + scan("app:test") + several("platforms: linux/amd64"))),
    "platforms that the text does not tell": workflow(job(CHECKOUT + BUILDX + LOGIN + LOAD + scan("app:test") + several("platforms: ${{ vars.PLATFORMS }}"))),
    "latest was made before it is scanned": workflow(job(STAGED + f"- run: docker buildx imagetools create -t ghcr.io/org/app:test {DIGEST}\n" + scan("ghcr.io/org/app:test") + PROMOTE)),
    "all digests of a matrix, waited for": workflow(job(LOGIN + UP), job(LOGIN + DOWN, "needs: publish", "merge")),
    "a commit in capitals": workflow(job(f"- uses: actions/checkout@{'A' * 40}\n", "")),
    "a chart on the runner's registry": workflow(job("- run: helm push app.tgz oci://localhost:5000/charts\n", READ)),
    "git fetch of a branch in pull_request_target": workflow(job(CHECKOUT + "- run: git fetch origin main\n" + LOGIN + push()), on="pull_request_target"),
}  # fmt: skip


@pytest.mark.parametrize("name", GOOD)
def test_what_looks_odd_and_is_right_is_not_accused(name: str) -> None:
    assert told(check(GOOD[name])) == []


def test_a_called_workflow_lacks_what_its_caller_lacks() -> None:
    caller = f"on: push\n{READ}\njobs:\n  r:\n    uses: ./.github/workflows/publish.yml\n    secrets: inherit\n"
    for head, top in (("", ""), (f"permissions: {RIGHTS}", "permissions: {}")):
        called = workflow(job(LOGIN + push(), head), on="workflow_call", top=top)
        (found,) = check({PATH: called, MAIN: caller}).findings
        assert (found.code, found.file, found.line) == ("workflow.packages-missing", MAIN, 5)
        new = patched(Source(MAIN, caller.encode()), found.edits).decode()
        assert told(check({PATH: called, MAIN: new})) == []
