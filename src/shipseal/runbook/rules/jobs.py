"""Rights that a job of GitHub Actions lacks, and what GitHub's API refuses."""

from shipseal.errors import Code
from shipseal.runbook.rule import CERTAIN, CLEAR, LIKELY, Rule
from shipseal.runbook.rules.places import ATTESTING, BROKEN

_OTHER = (
    r"issues?/comments|pull.?request|/releases|#create-a-release|create-(?:an?-)?(?:issue"
    r"|pull|release|commit|check|deployment|ref|label)"
    r"|rest/(?:issues|pulls|releases|git|checks|repos/(?:contents|releases|statuses)"
    r"|deployments|actions|reactions|commits)|label|comment"
    r"|upload-sarif|code.?scanning|codeql|gh-pages|github-script|check.?run|dependabot|git push|createcommitonbranch"
)

OIDC = (
    Rule(
        code=Code.OIDC_PERMISSION,
        needs=("is requesting",),
        pattern=r"is requesting '[^']*id-token: write[^']*', but is only allowed",
        cause="the workflow that calls this one does not pass `id-token: write` on",
        next=("permissions: {id-token: write}  # at the job that calls the reusable workflow",),
        weight=CERTAIN + 5,
    ),
    Rule(
        code=Code.ATTESTATIONS_PERMISSION,
        needs=("is requesting",),
        pattern=r"is requesting '[^']*attestations: write[^']*', but is only allowed",
        cause="the workflow that calls this one does not pass `attestations: write` on",
        next=("permissions: {attestations: write}  # at the job that calls the reusable workflow",),
        weight=CERTAIN,
    ),
    Rule(
        code=Code.OIDC_PERMISSION,
        needs=("actions_id_token_request",),
        pattern=r"(?:unable to get|get|missing|unset|not set|undefined|no|env(?:ironment)? var"
        r"|requires?).*actions_id_token_request_(?:url|token)"
        r"|actions_id_token_request_(?:url|token).*(?:missing|unset|not (?:set|found|defined)|undefined|was not|env)",
        cause="the job gets no identity token: `id-token: write` is missing from its permissions",
        weight=CERTAIN,
    ),
    Rule(
        code=Code.OIDC_PERMISSION,
        needs=("id-token",),
        pattern=r"(?:please|make sure|did you|must|need|requires?|missing|insufficient|grant"
        r"|forg[eo]t|without|add|ensure|check)[^.]*\bid-token\b"
        r"|id-token\W+write\W*.*(?:permission|required|missing)",
        cause="the job gets no identity token: `id-token: write` is missing from its permissions",
        weight=CLEAR,
        unless=r"^\s*#|\.ya?ml:\d+",
    ),
    Rule(
        code=Code.OIDC_PERMISSION,
        needs=("oidc", "identity token", "id token"),
        pattern=r"insufficient oidc token permissions|no ambient oidc|(?:fetching|getting|reading"
        r"|failed to (?:get|fetch|obtain)) (?:ambient )?(?:oidc|id|identity)[ -]?(?:token"
        r"|credentials?)"
        r"|no (?:oidc |identity |id )token (?:found|available|was|provided)|error obtaining token: expired_token"
        r"|must provide (?:an )?identity.token",
        unless=rf"\b50[0-4]\b|no such host|connection refused|timeout|{BROKEN}",
        cause="there is no identity token to sign with",
        weight=LIKELY + 10,
    ),
    Rule(
        code=Code.OIDC_PERMISSION,
        needs=("in your browser",),
        pattern=r"(?:go to|open|enter) the (?:following link|verification code).*(?:browser)",
        cause="signing asked for a login in a browser: the job has no identity token of its own",
        weight=LIKELY,
    ),
)

ATTESTATIONS = (
    Rule(
        code=Code.ATTESTATIONS_PERMISSION,
        needs=("failed to persist attestation", "failed to store attestation"),
        pattern=r"failed to (?:persist|store) attestation: (?P<why>.*)",
        unless=r"\b50[0-4]\b|bad gateway|unavailable|internal server error|timed? ?out|econn"
        r"|enotfound|eai_again|fetch failed|socket|rate limit|gateway|unicorn|server error"
        r"|invalid argument|validation failed",
        cause="GitHub does not let this job store attestations: {why|refused}",
        weight=CERTAIN,
    ),
    Rule(
        code=Code.ATTESTATIONS_PERMISSION,
        needs=("resource not accessible by",),
        pattern=r"resource not accessible by (?:integration|personal access token)",
        step=ATTESTING,
        named=True,
        cause="GitHub does not let this job store attestations: `attestations: write` is missing",
        weight=CLEAR + 5,
    ),
    Rule(
        code=Code.ATTESTATIONS_PERMISSION,
        needs=("resource not accessible by",),
        pattern=r"attest.*resource not accessible by|resource not accessible by.*attestations?\b",
        unless=rf"{_OTHER}|gh: ",
        cause="GitHub does not let this job store attestations: `attestations: write` is missing",
        weight=CLEAR,
    ),
    Rule(
        code=Code.ATTESTATIONS_PERMISSION,
        needs=("resource not accessible by",),
        pattern=r"resource not accessible by (?:integration|personal access token)",
        step=ATTESTING,
        after=r"attestation|actions/attest|rekor|fulcio|sigstore",
        unless=rf"{_OTHER}|gh: |denied: ",
        cause="GitHub does not let this job store attestations: `attestations: write` is missing",
        weight=CLEAR,
    ),
    Rule(
        code=Code.ATTESTATIONS_PERMISSION,
        needs=("error: unauthorized", "##[error]unauthorized"),
        pattern=r"^(?:error: )?unauthorized\.?\s*$",
        step=ATTESTING,
        named=True,
        cause="GitHub does not take the token of the step that attests: `attestations: write` is missing, or GH_TOKEN",
        weight=CLEAR - 5,
    ),
    Rule(
        code=Code.ATTESTATIONS_PERMISSION,
        needs=(
            "/attestations",
            "attestations: write",
            "attestations:write",
            "feature not available",
        ),
        pattern=r"(?:http|status)[ :]*(?:401|403)\b.*/attestations\b|/attestations\b.*\b(?:401"
        r"|403)\b|attestations:? ?write.*(?:missing|required|permission)"
        r"|feature not available.*attestations",
        cause="GitHub does not let this job store or read attestations",
        weight=CLEAR,
    ),
)

API = (
    Rule(
        code=Code.GITHUB_DENIED,
        needs=("resource not accessible by",),
        pattern=r"resource not accessible by (?P<who>integration|personal access token)",
        cause="the job's token lacks a right for what this step does at GitHub",
        unless=r"persist attestation|/attestations|denied: ",
        weight=LIKELY + 10,
    ),
    Rule(
        code=Code.GITHUB_DENIED,
        needs=("bad credentials",),
        pattern=r"bad credentials",
        cause="GitHub does not know the token: it is wrong, expired or revoked",
        next=("gh auth status", "put a valid token into GH_TOKEN"),
        unless="bad credentials (?:exception|test)",
        weight=LIKELY + 10,
    ),
    Rule(
        code=Code.GITHUB_DENIED,
        needs=(
            "denied to ",
            "refusing to allow",
            "not permitted to create or approve",
            "gh_token environment variable",
        ),
        pattern=r"permission to (?P<repo>[\w./-]+) denied to (?P<who>[\w\[\]-]+)|refusing to allow an? .*(?:workflow"
        r"|oauth)"
        r"|not permitted to create or approve pull requests|set the gh_token environment variable",
        cause="GitHub does not let {who|this token} do that in {repo|the repository}",
        weight=CERTAIN,
    ),
    Rule(
        code=Code.GITHUB_REFUSED,
        needs=("has been disabled",),
        pattern=r"(?P<what>issues|discussions|projects) has been disabled in this repository",
        cause="{what|that} are disabled in this repository",
        weight=CERTAIN,
    ),
    Rule(
        code=Code.GITHUB_REFUSED,
        needs=("error: gh006", "error: gh013", "reference already exists", "validation failed"),
        pattern=r"\bgh0(?:06|13)\b[: ].*|(?:http 422|httperror|status 422|\(422\)).*(?:validation failed"
        r"|reference already exists)"
        r"|(?:validation failed|reference already exists).*(?:http 422|api\.github\.com|docs\.github\.com)",
        cause="GitHub understood and refuses: a rule protects the branch, or the name exists already",
        weight=CLEAR,
    ),
)

RULES = (*OIDC, *ATTESTATIONS, *API)
