"""Correct workflows in many shapes: none of them is accused of anything."""

# ruff: noqa: E501 - a workflow is read better when its lines stay whole

from collections.abc import Mapping
from textwrap import indent

import pytest

from tests.support.workflow_texts import (
    BUILDX,
    CHECKOUT,
    DIGEST,
    GUARD,
    LOGIN,
    PATH,
    PROMOTE,
    RIGHTS,
    SHA,
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

EVENTS = "[push, pull_request]"
NOT_FOR_PULL_REQUESTS = "${{ github.event_name != 'pull_request' }}"
ALL = LOGIN + stage() + scan() + attest() + PROMOTE
META = f"- id: meta\n  uses: docker/metadata-action@{SHA}\n  with:\n    images: ghcr.io/org/app\n"
OUTPUT = "outputs:\n  digest: ${{ steps.build.outputs.digest }}"
TRIVY = f"- uses: aquasecurity/trivy-action@{SHA}\n  with:\n    image-ref: {DIGEST}\n"
SARIF = f"- uses: github/codeql-action/upload-sarif@{SHA}\n  with: {{sarif_file: trivy.sarif}}\n"
HUB = f"- uses: docker/login-action@{SHA}\n  with: {{username: '${{{{ secrets.HUB_USER }}}}', password: '${{{{ secrets.HUB_TOKEN }}}}'}}\n"


def guarded(condition: str) -> str:
    return workflow(job(ALL, f"if: {condition}\npermissions: {RIGHTS}"), on=EVENTS)


GOOD: Mapping[str, str] = {
    "staged, scanned, attested, promoted": workflow(job(ALL)),
    "rights of the workflow": workflow(job(ALL, ""), top=f"permissions: {RIGHTS}"),
    "write-all": workflow(job(ALL, "permissions: write-all")),
    "rights are the repository's, and nothing signs": workflow(job(LOGIN + push(), ""), top=""),
    "guard by event": guarded("github.event_name != 'pull_request'"),
    "guard by another event": guarded("github.event_name == 'push'"),
    "guard by full name": guarded(GUARD),
    "guard by either": guarded(f"github.event_name == 'push' || {GUARD}"),
    "guard by fork": guarded("github.event.pull_request.head.repo.fork == false"),
    "guard by not fork": guarded("${{ !github.event.pull_request.head.repo.fork }}"),
    "guard by owner": guarded("github.event.pull_request.head.repo.owner.login == github.repository_owner"),
    "guard by tag": guarded("startsWith(github.ref, 'refs/tags/v')"),
    "guard by ref type": guarded("github.ref_type == 'tag'"),
    "guard by branch": guarded("github.ref == 'refs/heads/main'"),
    "guard by branch name": guarded("github.ref_name == github.event.repository.default_branch && github.event_name == 'push'"),
    "guard by what is not known": guarded("contains(github.event.pull_request.labels.*.name, 'publish')"),
    "guard by a variable": workflow(
        job(ALL, f"permissions: {RIGHTS}").replace("- uses", "- if: env.PUBLISH == 'true'\n        uses").replace(
            "- id: build", "- if: env.PUBLISH == 'true'\n        id: build"
        ).replace("- run", "- if: env.PUBLISH == 'true'\n        run"),
        on=EVENTS,
        top="permissions: {}\nenv:\n  PUBLISH: ${{ github.event_name != 'pull_request' }}",
    ),
    "guard by a secret": workflow(
        job(
            HUB.replace("- uses", "- if: env.HAS == 'true'\n  uses"),
            "env:\n  HAS: ${{ secrets.HUB_TOKEN != '' }}\npermissions: {}",
        ),
        on=EVENTS,
    ),
    "guard by a job before": workflow(
        job("- run: 'true'\n", f"if: {GUARD}", "allowed"),
        job(ALL, f"needs: allowed\npermissions: {RIGHTS}"),
        on="pull_request",
    ),
    "pushes only what is its own": workflow(
        job(
            CHECKOUT
            + LOGIN.replace("- uses", f"- if: {NOT_FOR_PULL_REQUESTS}\n  uses")
            + push("app:1.2.0", when=NOT_FOR_PULL_REQUESTS).replace("app:1.2.0", "ghcr.io/org/app:1.2.0")
        ),
        on=EVENTS,
    ),
    "exports only what is its own": workflow(
        job(
            CHECKOUT
            + LOGIN
            + stage().replace("push=true", "push=${{ github.event_name != 'pull_request' }}")
        ),
        on=EVENTS,
    ),
    "a fork's job may fail": workflow(job(HUB.replace("- uses", "- continue-on-error: true\n  uses")), on=EVENTS),
    "the log-in of a pull request uses the job's own token": workflow(job(CHECKOUT + LOGIN), on=EVENTS),
    "a registry on the runner": workflow(
        job(CHECKOUT + push("localhost:5000/app:latest") + scan("localhost:5000/app:latest")), on=EVENTS
    ).replace("latest", "${{ github.sha }}"),
    "jobs by digest": workflow(
        job(LOGIN + stage(), f"permissions: {{packages: write}}\n{OUTPUT}", "build"),
        job(scan("ghcr.io/org/app@${{ needs.build.outputs.digest }}"), "needs: build", "scan"),
        job(LOGIN + PROMOTE.replace("steps.build", "needs.build"), "needs: [build, scan]\npermissions: {packages: write}"),
    ),
    "waits through another job": workflow(
        job(f"- uses: actions/upload-artifact@{SHA}\n  with: {{name: sbom, path: a}}\n", "", "one"),
        job("- run: 'true'\n", "needs: one", "two"),
        job(f"- uses: actions/download-artifact@{SHA}\n  with: {{name: sbom}}\n", "needs: two", "three"),
    ),
    "an artifact of another run": workflow(
        job(f"- uses: actions/upload-artifact@{SHA}\n  with: {{name: sbom, path: a}}\n", "", "one"),
        job(f"- uses: actions/download-artifact@{SHA}\n  with: {{name: sbom, run-id: 1}}\n", "", "two"),
    ),
    "jobs of different events": workflow(
        job(LOGIN + push("ghcr.io/org/app:${{ github.sha }}"), "if: github.event_name == 'push'\npermissions: {packages: write}"),
        job(scan("ghcr.io/org/app:${{ github.sha }}"), "if: github.event_name == 'schedule'", "scan"),
        on="{push: {}, schedule: [{cron: '0 0 * * *'}]}",
    ),
    "a tag of the commit is scanned before the public one": workflow(
        job(
            LOGIN
            + push("ghcr.io/org/app:${{ github.sha }}")
            + scan("ghcr.io/org/app:${{ github.sha }}")
            + "- run: crane tag ghcr.io/org/app:${{ github.sha }} latest\n"
        )
    ),
    "built, scanned, and built from the cache to be pushed": workflow(
        job(
            CHECKOUT + BUILDX + LOGIN
            + f"- uses: docker/build-push-action@{SHA}\n  with: {{context: ., load: true, tags: app:test}}\n"
            + scan("app:test") + push()
        )
    ),
    "docker build, scan and push of one image": workflow(
        job(
            CHECKOUT + LOGIN
            + "- run: |\n    docker build -t ghcr.io/org/app:1.2.0 .\n    grype --fail-on critical ghcr.io/org/app:1.2.0\n"
            + "    docker push ghcr.io/org/app:1.2.0\n"
        )
    ),
    "Trivy with an exit code": gate(TRIVY + "    exit-code: '1'\n"),
    "Trivy by its environment": gate(TRIVY + "  env: {TRIVY_EXIT_CODE: 1}\n"),
    "Trivy for code scanning": workflow(
        job(LOGIN + stage() + TRIVY + "    format: sarif\n    output: trivy.sarif\n" + SARIF + PROMOTE)
    ),
    "a report beside the gate": gate(TRIVY + scan()),
    "a result that a script reads": workflow(
        job(LOGIN + stage() + f"- run: |\n    grype {DIGEST} -o json > found.json || true\n    jq -e '.matches == []' found.json\n" + PROMOTE)
    ),
    "an outcome that a step asks for": workflow(
        job(LOGIN + stage() + scan().replace("- uses", "- id: scan\n  continue-on-error: true\n  uses")
            + "- if: steps.scan.outcome == 'failure'\n  run: exit 1\n" + PROMOTE)
    ),
    "a list of packages is no scan": workflow(
        job(LOGIN + stage() + TRIVY + "    format: spdx-json\n    output: sbom.json\n" + PROMOTE)
    ),
    "a weekly report publishes nothing": workflow(job(TRIVY.replace(DIGEST, "ghcr.io/org/app:latest")), on="{schedule: [{cron: '0 0 * * 0'}]}"),
    "bash with pipefail": workflow(
        job(LOGIN + stage() + f"- shell: bash\n  run: grype --fail-on critical {DIGEST} | tee out.txt\n" + PROMOTE)
    ),
    "signed with a key": workflow(job(LOGIN + stage() + f"- run: cosign sign --key env://KEY {DIGEST}\n", "permissions: {packages: write}")),
    "the SLSA generator goes by tag": "on: push\njobs:\n  slsa:\n    permissions: {id-token: write, packages: write, actions: read}\n"
    "    uses: slsa-framework/slsa-github-generator/.github/workflows/generator_container_slsa3.yml@v2.0.0\n",
    "a push with a token of one's own": workflow(
        job(LOGIN.replace("GITHUB_TOKEN", "PACKAGES_TOKEN") + push(), "permissions: {contents: read}")
    ),
    "a runner that knows its registries": workflow(job(push("docker.io/org/app:1.2.0")).replace("ubuntu-latest", "self-hosted")),
    "anchors": f"on: push\njobs:\n  one: &job\n    runs-on: ubuntu-latest\n    steps:\n{indent(CHECKOUT, '      ')}  two: *job\n",
    "on as other tools write it": f"'on':\n  push:\npermissions: {{}}\njobs:\n{job(CHECKOUT, '')}",
    "a matrix": workflow(
        job(LOGIN + push("ghcr.io/org/app:${{ matrix.tag }}"), f"strategy: {{matrix: {{tag: [a, b]}}}}\npermissions: {RIGHTS}")
    ),
    "all tags of a metadata step": workflow(job(LOGIN + META + push("${{ steps.meta.outputs.tags }}"))),
}  # fmt: skip


@pytest.mark.parametrize("name", GOOD)
def test_a_correct_workflow_is_not_accused(name: str) -> None:
    assert told(check(GOOD[name])) == []


def test_a_called_workflow_has_what_its_caller_grants() -> None:
    called = workflow(job(ALL, ""), on="workflow_call", top="")
    caller = "on: push\njobs:\n  release:\n    permissions: RIGHTS\n    uses: ./.github/workflows/publish.yml\n"
    files = {PATH: called, ".github/workflows/main.yml": caller.replace("RIGHTS", RIGHTS)}
    assert told(check(files)) == []
    assert check(files).jobs[0].permissions["id-token"] == "write"
    assert told(check({PATH: called})) == []
    files[".github/workflows/main.yml"] = caller.replace("RIGHTS", "{packages: write}")
    report = check(files)
    assert told(report) == ["id-token-missing", "attestations-missing"]
    assert {item.file for item in report.findings} == {".github/workflows/main.yml"}
    assert [job.job for job in report.jobs if job.findings] == ["release"]


def test_secrets_are_handed_over_or_not() -> None:
    called = workflow(job(HUB, ""), on="{workflow_call: {secrets: {HUB_USER: {}, HUB_TOKEN: {}}}}")
    caller = "on: push\njobs:\n  login:\n    uses: ./.github/workflows/publish.yml\n"
    main = ".github/workflows/main.yml"
    assert told(check({PATH: called, main: caller})) == ["secret-missing"]
    for given in ("inherit", "{HUB_USER: x, HUB_TOKEN: '${{ secrets.T }}'}"):
        assert told(check({PATH: called, main: f"{caller}    secrets: {given}\n"})) == []


def test_the_steps_of_an_own_action_count() -> None:
    action = f"runs:\n  using: composite\n  steps:\n{indent(attest(), '    ')}"
    use = LOGIN + stage() + "- uses: ./.github/actions/attest\n"
    good = workflow(job(use))
    bad = workflow(job(use, "permissions: {packages: write}"))
    actions = {".github/actions/attest": action}
    assert told(check(good, actions=actions)) == []
    assert told(check(bad, actions=actions)) == ["id-token-missing", "attestations-missing"]
    assert {
        bad.split("\n")[item.line - 1].strip() for item in check(bad, actions=actions).findings
    } == {"- uses: ./.github/actions/attest"}


def test_what_a_setting_decides_is_a_note() -> None:
    report = check(workflow(job(LOGIN + stage(), ""), top=""))
    assert told(report) == []
    (note,) = report.jobs[0].notes
    assert "packages: write" in note.message
    assert report.jobs[0].permissions == {
        "attestations": "unknown",
        "contents": "unknown",
        "id-token": "none",
        "packages": "unknown",
    }
