"""Workflows for tests: a job in few lines, and what a check says of it."""

from collections.abc import Mapping, Sequence
from textwrap import dedent, indent

from shipseal.workflows.check import WorkflowReport, check_workflows
from shipseal.workflows.model import Finding, Source
from shipseal.workflows.rule_input import CheckOptions

SHA = "0123456789abcdef0123456789abcdef01234567"
RIGHTS = "{contents: read, packages: write, id-token: write, attestations: write}"
GUARD = "github.event.pull_request.head.repo.full_name == github.repository"
PATH = ".github/workflows/publish.yml"

CHECKOUT = f"- uses: actions/checkout@{SHA}\n"
LOGIN = f"""\
- uses: docker/login-action@{SHA}
  with:
    registry: ghcr.io
    username: ${{{{ github.actor }}}}
    password: ${{{{ secrets.GITHUB_TOKEN }}}}
"""
BUILDX = f"- uses: docker/setup-buildx-action@{SHA}\n"
DIGEST = "ghcr.io/org/app@${{ steps.build.outputs.digest }}"
TRIVY = f"- uses: aquasecurity/trivy-action@{SHA}\n  with:\n    image-ref: {DIGEST}\n"


def push(tags: str = "ghcr.io/org/app:1.2.0", *, when: str = "true", name: str = "build") -> str:
    """Return a step that builds and pushes."""
    return f"""\
- id: {name}
  uses: docker/build-push-action@{SHA}
  with:
    context: .
    push: {when}
    tags: {tags}
"""


def stage() -> str:
    """Return a step that builds and pushes by digest, with no tag."""
    return f"""\
- id: build
  uses: docker/build-push-action@{SHA}
  with:
    outputs: type=image,name=ghcr.io/org/app,push-by-digest=true,name-canonical=true,push=true
"""


def scan(image: str = DIGEST, more: str = "fail-build: true") -> str:
    """Return a step of anchore/scan-action."""
    return f"""\
- uses: anchore/scan-action@{SHA}
  with:
    image: {image}
    {more}
"""


def attest(more: str = "") -> str:
    """Return a step that attests what was built."""
    return f"""\
- uses: actions/attest-build-provenance@{SHA}
{indent(more, "  ")}  with:
    subject-name: ghcr.io/org/app
    subject-digest: ${{{{ steps.build.outputs.digest }}}}
    push-to-registry: true
"""


PROMOTE = f"- run: docker buildx imagetools create -t ghcr.io/org/app:1.2.0 {DIGEST}\n"


def job(steps: str, head: str = f"permissions: {RIGHTS}", name: str = "publish") -> str:
    """Return a job, indented as it stands under ``jobs``."""
    text = f"{name}:\n  runs-on: ubuntu-latest\n" + (indent(head, "  ") + "\n" if head else "")
    return indent(f"{text}  steps:\n{indent(steps, '    ')}", "  ")


def workflow(*jobs: str, on: str = "{push: {tags: ['v*']}}", top: str = "permissions: {}") -> str:
    """Return a workflow."""
    return f"name: publish\non: {on}\n{dedent(top)}\njobs:\n{''.join(jobs)}"


def gate(steps: str) -> str:
    """Return a workflow that stages, does ``steps``, and promotes."""
    return workflow(job(f"{LOGIN}{stage()}{steps}{PROMOTE}"))


def check(
    text: str | Mapping[str, str],
    *,
    actions: Mapping[str, str] | None = None,
    secrets: Sequence[str] | None = None,
) -> WorkflowReport:
    """Return what is said of one workflow, or of several by path."""
    texts = {PATH: text} if isinstance(text, str) else text
    sources = [Source(path, item.encode()) for path, item in texts.items()]
    known = {
        folder: Source(f"{folder}/action.yml", item.encode())
        for folder, item in (actions or {}).items()
    }
    options = CheckOptions(None if secrets is None else frozenset(secrets))
    return check_workflows(sources, known, options)


def told(report: WorkflowReport) -> list[str]:
    """Return the codes without their common beginning, in the order of their lines."""
    return [str(item.code).removeprefix("workflow.") for item in report.findings]


def at(report: WorkflowReport, text: str) -> list[tuple[str, str]]:
    """Return code and line of text of each finding."""
    lines = text.split("\n")
    return [
        (str(item.code).removeprefix("workflow."), lines[item.line - 1].strip())
        for item in report.findings
    ]


def only(report: WorkflowReport) -> Finding:
    """Return the one finding there is."""
    (finding,) = report.findings
    return finding
