"""Logins that cannot succeed: a name or password is missing, empty, or never handed over."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from shipseal.workflows.acts import Act, Kind, happens
from shipseal.workflows.expressions import rendered
from shipseal.workflows.model import Finding, Job, Step, WorkflowCode
from shipseal.workflows.permissions import Caller
from shipseal.workflows.rule_input import Scenery, Told
from shipseal.workflows.scope import ANY, Scene, Scope

if TYPE_CHECKING:
    from shipseal.workflows.expression_values import Value

_SECRET = re.compile(r"\bsecrets(?:\.([A-Za-z_][\w-]*)|\[\s*'([^']+)'\s*\])", re.IGNORECASE)
_KNOWN_REGISTRIES = {"ghcr.io": "GHCR", "docker.io": "Docker Hub"}
_LOGIN_LINES = {
    "ghcr.io": "registry: ghcr.io\nusername: ${{ github.actor }}\npassword: ${{ secrets.GITHUB_TOKEN }}",
    "docker.io": "username: ${{ secrets.DOCKERHUB_USERNAME }}\npassword: ${{ secrets.DOCKERHUB_TOKEN }}",
}
# Steps of these cannot log in anywhere.
_HARMLESS = (
    "actions/checkout", "actions/cache", "actions/upload-artifact", "actions/download-artifact", "actions/attest",
    "actions/attest-build-provenance", "actions/attest-sbom", "docker/setup-buildx-action", "docker/setup-qemu-action",
    "docker/metadata-action", "docker/build-push-action", "docker/login-action", "anchore/sbom-action",
    "anchore/scan-action", "aquasecurity/trivy-action", "sigstore/cosign-installer",
    "github/codeql-action/upload-sarif", "actions/setup-go", "actions/setup-node", "actions/setup-python",
)  # fmt: skip
_HOSTED = re.compile(r"(?:ubuntu|windows|macos)-[\w.-]+")


def secrets(scenery: Scenery, job: Job) -> Iterator[Told]:
    """Yield logins without what they need.

    Never accused: a secret whose existence the text cannot tell, unless ``--secret`` says which ones exist; a registry
    that may let the runner in by itself.
    """
    for act in scenery.acts[job.id]:
        if act.kind is Kind.LOGIN and not act.script:
            yield from _login(scenery, act)
    yield from _never_logs_in(scenery, job)
    yield from _not_handed_over(scenery, job)
    yield from _not_there(scenery, job)


def _login(scenery: Scenery, act: Act) -> Iterator[Finding]:
    name = _KNOWN_REGISTRIES.get(act.registry)
    if name is None:
        return
    for what, value in (("username", act.username), ("password", act.password)):
        missing = value is None or not value.strip()
        if missing:
            message = (
                f"the login to {name} has {'no' if value is None else 'an empty'} {what}, and fails"
            )
        elif what == "password" and value is not None and "$" not in value:
            message = f"the login to {name} has its password in the text, where everybody reads it; no secret holds it"
        else:
            continue
        yield scenery.found(
            WorkflowCode.SECRET_MISSING, (act.step, act.line), message, _LOGIN_LINES[act.registry]
        )


def _never_logs_in(scenery: Scenery, job: Job) -> Iterator[Finding]:
    acts = scenery.acts[job.id]
    runner = job.node.get("runs-on")
    hosted = runner is not None and runner.kind == "text" and _HOSTED.fullmatch(runner.text)
    if (
        not hosted
        or job.opaque
        or job.node.get("container")
        or any(_may_log_in(step) for step in job.steps)
    ):
        return
    logins = {act.registry for act in acts if act.kind is Kind.LOGIN}
    if any("$" in registry or not registry for registry in logins):
        return
    told: set[str] = set()
    for act in acts:
        pushes = act.kind is Kind.PUSH and happens(scenery.workflow, job, act) is not False
        for image in act.images if pushes else ():
            host = image.registry
            if (
                host in _KNOWN_REGISTRIES
                and image.certain
                and "$" not in host
                and host not in logins | told
            ):
                told.add(host)
                yield scenery.found(
                    WorkflowCode.SECRET_MISSING,
                    (act.step, act.line),
                    f"{act.step.label} pushes to {_KNOWN_REGISTRIES[host]}, and nothing in job {job.id} logs in there",
                    "- uses: docker/login-action@COMMIT\n  with:\n    "
                    + _LOGIN_LINES[host].replace("\n", "\n    "),
                )


def _may_log_in(step: Step) -> bool:
    if step.uses:
        return step.action not in _HARMLESS and not step.uses.startswith("./")
    script = step.node.string("run")
    env = step.node.get("env")
    words = (
        "login",
        "auth",
        "config.json",
        "make ",
        "./",
        ".sh",
        "DOCKER_CONFIG",
        "docker-credential",
        "npm run",
        "task ",
        "just ",
    )
    return any(word in script for word in words) or (
        env is not None and "DOCKER_CONFIG" in env.entries
    )


def _not_handed_over(scenery: Scenery, job: Job) -> Iterator[Finding]:
    """Yield secrets of a called workflow that a caller, which is known, does not hand over."""
    callers = scenery.callers.get(scenery.workflow.path, ())
    if set(scenery.workflow.events) != {"workflow_call"} or job.node.get("environment"):
        return
    for caller in callers:
        given = caller.job.node.get("secrets")
        if given is not None and given.kind != "map":
            continue
        handed = {key.lower() for key in given.entries} if given else set()
        for act in scenery.acts[job.id]:
            if act.kind is not Kind.LOGIN or not happens(
                scenery.workflow, job, act, _called_by(scenery, caller)
            ):
                continue
            names = _names(act.password)
            for name in names:
                if name.lower() not in handed | {"github_token"} and not _alternatives(
                    act.password
                ):
                    yield _handed(scenery, act, name, caller)


def _called_by(scenery: Scenery, caller: Caller) -> Scene:
    """Return the scene of a call: its inputs, as far as the text tells."""
    call = scenery.workflow.events.get("workflow_call")
    declared = call.get("inputs") if call else None
    given = caller.job.node.get("with")
    values: dict[str, Value] = dict(ANY.values)
    for entry in declared.entries.values() if declared else ():
        node = given.get(entry.key) if given else None
        text = node.text if node else entry.value.string("default")
        value = rendered(text, Scope(caller.workflow, caller.job))
        plain = {"true": True, "false": False}.get(text, value)
        values[f"inputs.{entry.key.lower()}"] = plain
    return Scene(values)


def _handed(scenery: Scenery, act: Act, name: str, caller: Caller) -> Finding:
    uses = caller.job.node.entries["uses"]
    return Finding(
        WorkflowCode.SECRET_MISSING,
        caller.workflow.path,
        uses.line,
        f"job {caller.job.id} calls {scenery.workflow.path}, where {act.step.label} (line {act.line}) logs in with the "
        f"secret {name}, and does not hand it over",
        "secrets:\n  " + f"{name}: " + "${{ secrets." + name + " }}",
    )


def _not_there(scenery: Scenery, job: Job) -> Iterator[Finding]:
    known = scenery.options.secrets
    if known is None:
        return
    there = {name.upper() for name in known} | {"GITHUB_TOKEN"}
    told: set[str] = set()
    for act in scenery.acts[job.id]:
        for text in (act.username, act.password) if act.kind is Kind.LOGIN else ():
            scope = Scope(scenery.workflow, job, act.step)
            for name in _names(text) or _names(scope.symbol(text or "").upper()):
                if name.upper() not in there | told:
                    told.add(name.upper())
                    yield scenery.found(
                        WorkflowCode.SECRET_MISSING,
                        (act.step, act.line),
                        f"{act.step.label} logs in with the secret {name}, which is not among those that exist: "
                        f"{', '.join(sorted(known)) or 'none'}",
                        f"gh secret set {name.upper()}",
                    )


def _names(text: str | None) -> tuple[str, ...]:
    return tuple(one or two for one, two in _SECRET.findall(text or ""))


def _alternatives(text: str | None) -> bool:
    return "||" in (text or "")
