"""Which right a step lacks at GitHub, by what it does; and the scopes that registries ask a token for."""

from collections.abc import Iterator

from shipseal.errors import Code
from shipseal.runbook.rule import CERTAIN, CLEAR, LIKELY, Rule

_REFUSED = r"resource not accessible by (?:integration|personal access token)"
_RIGHTS = (
    ("security-events", r"upload-sarif|code.?scanning|codeql|sarif|dependabot.?alerts"),
    ("packages", r"/packages/|\bpackages? version|delete-package|ghcr\.io"),
    ("pages", r"deploy-pages|configure-pages|rest/pages|/pages\b"),
    ("deployments", r"rest/deployments|/deployments\b|create-deployment"),
    ("checks", r"rest/checks|/check-(?:runs|suites)|check.?run|test.?report"),
    ("statuses", r"/statuses/|commit.?status"),
    ("actions", r"/actions/(?:runs|workflows|caches|artifacts)|workflow.?dispatch|rest/actions"),
    ("contents", r"/releases|release|rest/git|/git/(?:refs|tags)|gh-pages|/contents/|createcommitonbranch"),
    ("pull-requests", r"/pulls/|rest/pulls|pull.?request|auto.?merge|reviewers"),
    ("issues", r"/issues/|rest/issues|comment|labeler|\blabels?\b|stale"),
)  # fmt: skip
"""Rights with what is done with them; the more special ones first."""


def _by_right() -> Iterator[Rule]:
    for number, (right, words) in enumerate(_RIGHTS):
        for pattern, step, after in (
            (rf"(?:{words}).*{_REFUSED}|{_REFUSED}.*(?:{words})", "", ""),
            (_REFUSED, words, ""),
            (_REFUSED, "", words),
        ):
            yield Rule(
                code=Code.GITHUB_DENIED,
                needs=("resource not accessible by",),
                pattern=pattern,
                step=step,
                named=bool(step),
                after=after,
                unless=r"persist attestation|/attestations|denied: ",
                cause=f"the job's token lacks a right for what this step does at GitHub: `{right}: write`",
                next=(f"permissions: {{{right}: write}}  # at the job, and at the job that calls a reusable workflow",),
                weight=LIKELY + (15 if not (step or after) else 14 if step else 12) - number // 9,
            )  # fmt: skip


SCOPES = (
    Rule(
        code=Code.REGISTRY_DENIED,
        needs=("denied: resource not accessible",),
        pattern=r"\bdenied: resource not accessible by",
        cause="the job's token may not write packages: `packages: write` is missing",
        weight=CERTAIN,
    ),
    Rule(
        code=Code.REGISTRY_DENIED,
        needs=("insufficient_scope", "insufficient scope"),
        pattern=r"insufficient.scope: authorization failed|\binsufficient_scope\b",
        unless=r"pull access denied|graph|oauth2 app|access_token|api\.github\.com",
        cause="the token is valid and lacks the scope for this (insufficient_scope)",
        weight=CLEAR - 5,
    ),
    Rule(
        code=Code.REGISTRY_DENIED,
        needs=("scope", "required", "denied"),
        pattern=r"(?:needs?|requires?|lacks?|missing|without|must have|does not have|not granted)[^.]{0,40}"
        r"\b(?:write|read|delete):packages\b"
        r"|\b(?:write|read|delete):packages\b.{0,40}(?:scope|permission|required|missing)",
        unless=r"^\s*#|^permissions",
        cause="the token lacks the scope for packages",
        next=("use a token with write:packages, or the job's own with permissions: {packages: write}",),
        weight=CLEAR,
    ),
    Rule(
        code=Code.REGISTRY_DENIED,
        needs=("unauthorized to access", "not authorized to", "cannot perform "),
        pattern=r"unauthorized to access (?:repository|project|image)\b.*\b(?:push|delete|write)"
        r"|not authorized to (?:push|upload|write)\b.*(?:image|repositor|registry|package)"
        r"|cannot perform (?:push|upload|write)\b.*(?:image|repositor|registry|package)",
        cause="the account may not write to that repository",
        weight=CLEAR,
    ),
    Rule(
        code=Code.REGISTRY_DENIED,
        needs=("denied: unauthenticated request",),
        pattern=r"denied: unauthenticated request\. unauthenticated requests do not have permission"
        r" \"?(?P<what>[\w.]+)",
        cause="nobody has logged in to the registry, or the account lacks {what|the right}",
        weight=CLEAR,
    ),
)  # fmt: skip

RULES = (*SCOPES, *_by_right())
