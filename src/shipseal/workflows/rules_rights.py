"""Rights that a job needs and does not have: id-token, attestations, packages."""

from collections.abc import Iterator
from dataclasses import dataclass

from shipseal.workflows.acts import Act, Kind, happens
from shipseal.workflows.changes import grant, merged
from shipseal.workflows.model import Finding, Job, Note, WorkflowCode
from shipseal.workflows.permissions import Caller, Grant, grants, stated
from shipseal.workflows.rule_input import Scenery, Told

_TOKEN = ("secrets.github_token", "github.token")
# What the two other rights are to what is known to need them, so that a block that is written is whole.
_HABITS = (
    (
        "contents",
        (
            "softprops/action-gh-release",
            "ncipollo/release-action",
            "goreleaser/goreleaser-action",
            "gh release create",
            "gh release upload",
            "git push",
            "gh release edit",
        ),
    ),
    ("security-events", ("github/codeql-action/upload-sarif",)),
    ("pull-requests", ("gh pr comment", "gh pr create", "peter-evans/create-pull-request")),
)
_SLSA = "slsa-framework/slsa-github-generator/.github/workflows/generator_container"


@dataclass(frozen=True, slots=True)
class _Need:
    code: WorkflowCode
    scope: str
    line: int
    who: str
    why: str


def rights(scenery: Scenery, job: Job) -> Iterator[Told]:
    """Yield the rights that are missing.

    Never accused: a job whose rights nobody states (the repository's setting decides; only an identity token is never
    given by a setting), a called workflow whose caller is not known, a push with a token of one's own.
    """
    needs = {need.scope: need for need in reversed([*_needs(scenery, job)])}
    for need in needs.values():
        for way in grants(scenery.workflow, job, scenery.callers):
            given = way.permissions.right(need.scope)
            if given == "unknown":
                yield _note(need)
            elif given != "write":
                yield _finding(scenery, job, need, way, dict.fromkeys(needs, "write"))
                break


def _needs(scenery: Scenery, job: Job) -> Iterator[_Need]:
    if job.calls.lower().startswith(_SLSA):
        uses = job.node.entries["uses"]
        yield _Need(
            WorkflowCode.ID_TOKEN_MISSING,
            "id-token",
            uses.line,
            "the SLSA generator",
            "signs as the workflow that it is",
        )
        return
    for act in scenery.acts[job.id]:
        # A condition that the text cannot answer may well be made so that the step runs only with the right.
        if _asks_for_rights(act) or happens(scenery.workflow, job, act) is False:
            continue
        line = act.line if not act.step.inherited else act.step.at
        who = act.step.label
        if act.keyless:
            yield _Need(
                WorkflowCode.ID_TOKEN_MISSING,
                "id-token",
                line,
                who,
                "asks for an identity token to sign with",
            )
        if act.kind is Kind.ATTEST:
            yield _Need(
                WorkflowCode.ATTESTATIONS_MISSING,
                "attestations",
                line,
                who,
                "stores an attestation at GitHub",
            )
        if act.kind in (Kind.PUSH, Kind.TAG) and _with_own_token(scenery, job, act):
            yield _Need(
                WorkflowCode.PACKAGES_MISSING,
                "packages",
                line,
                who,
                "writes to ghcr.io with the job's own token",
            )


def _asks_for_rights(act: Act) -> bool:
    """Return whether a step runs only if something about rights or tokens holds."""
    texts = [act.step.node.string("if"), *act.step.within]
    return any("ACTIONS_ID_TOKEN" in text or "inputs." in text for text in texts)


def _with_own_token(scenery: Scenery, job: Job, act: Act) -> bool:
    if not any(image.registry == "ghcr.io" for image in act.images):
        return False
    logins = [
        item
        for item in scenery.acts[job.id]
        if item.kind is Kind.LOGIN and item.registry in ("ghcr.io", "")
    ]
    return bool(logins) and all(is_own_token(item.password) for item in logins)


def is_own_token(password: str | None) -> bool:
    """Return whether a password is the token that GitHub makes for the job."""
    plain = (password or "").lower().replace(" ", "")
    return plain in {"${{" + name + "}}" for name in _TOKEN}


def _note(need: _Need) -> Note:
    return Note(
        need.line,
        f"{need.who} {need.why} and needs `{need.scope}: write`; no permissions are stated, "
        "so the setting of the repository decides",
    )


def _finding(
    scenery: Scenery, job: Job, need: _Need, way: Grant, wanted: dict[str, str]
) -> Finding:
    given = way.permissions.right(need.scope)
    caller = way.limited_by
    if caller is not None:
        return _at_caller(scenery, need, caller, wanted)
    own = stated(scenery.workflow, job)
    where = {"job": "the job", "workflow": "the workflow"}.get(own.origin, "nobody")
    has = f"{where} gives it {given}" if own.known else "nothing is stated, and no setting gives it"
    wanted = {**wanted, **({} if own.known else _habits(job))}
    rights_ = merged(own, wanted)
    fix = "permissions:\n" + "\n".join(f"  {scope}: {right}" for scope, right in rights_.items())
    return Finding(
        need.code,
        scenery.workflow.path,
        need.line,
        f"{need.who} {need.why}, which needs `{need.scope}: write`; {has}",
        fix,
        grant(job, own, wanted, scenery.source),
    )


def _at_caller(scenery: Scenery, need: _Need, caller: Caller, wanted: dict[str, str]) -> Finding:
    own = stated(caller.workflow, caller.job)
    rights_ = merged(own, wanted)
    fix = "permissions:\n" + "\n".join(f"  {scope}: {right}" for scope, right in rights_.items())
    uses = caller.job.node.entries.get("uses")
    return Finding(
        need.code,
        caller.workflow.path,
        uses.line if uses else caller.job.entry.line,
        f"job {caller.job.id} calls {scenery.workflow.path}, where {need.who} (line {need.line}) {need.why}; "
        f"a called workflow gets at most what its caller has, and this job does not have `{need.scope}: write`",
        fix,
        grant(caller.job, own, wanted, caller.workflow.source),
    )


def _habits(job: Job) -> dict[str, str]:
    """Return the rights that other well-known steps of a job need, because a stated block replaces every default."""
    text = "\n".join(f"{step.uses}\n{step.node.string('run')}" for step in job.steps)
    return {scope: "write" for scope, words in _HABITS if any(word in text for word in words)}
