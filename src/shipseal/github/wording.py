"""What GitHub's refusals mean for what was asked: the same status has other causes for a bundle than for an issue."""

from dataclasses import dataclass

from shipseal.errors import AttestError, Code, GitHubError, ShipsealError


@dataclass(frozen=True, slots=True)
class Meaning:
    """One meaning.

    Attributes:
        code: the failure's code.
        hint: what to do.
    """

    code: Code
    hint: str


@dataclass(frozen=True, slots=True)
class Wording:
    """What refusals mean.

    Attributes:
        error: what is raised.
        denied: 401 and 403.
        hidden: 404.
        conflict: 409, and 422 where something is there already.
        invalid: 400, 410 and 422.
        too_large: 413.
    """

    error: type[ShipsealError]
    denied: Meaning
    hidden: Meaning
    conflict: Meaning
    invalid: Meaning
    too_large: Meaning


_NAME = "is its name right? A repository that is not public is hidden from whoever may not read it"

EVIDENCE = Wording(
    error=AttestError,
    denied=Meaning(
        Code.ATTESTATIONS_PERMISSION,
        "give the job `permissions: attestations: write` (reading: `read`), or a token that may use this repository "
        "in GH_TOKEN",
    ),
    hidden=Meaning(Code.ATTESTATIONS_PERMISSION, f"{_NAME}: set GH_TOKEN"),
    conflict=Meaning(Code.ATTEST_CONFLICT, "the same evidence may be stored there already"),
    invalid=Meaning(
        Code.ATTEST_INVALID,
        "GitHub takes bundles that an instance of Sigstore vouches for which it knows: sign keyless",
    ),
    too_large=Meaning(
        Code.SBOM_TOO_LARGE, "let the SBOM be trimmed to what GitHub takes: sbom.fit: github"
    ),
)
"""For bundles."""

CHANGES = Wording(
    error=GitHubError,
    denied=Meaning(
        Code.GITHUB_DENIED,
        "the token in GH_TOKEN needs `contents: write`, `issues: write` and `pull-requests: write` here; in Actions "
        "the repository's settings must allow workflows to open pull requests",
    ),
    hidden=Meaning(Code.GITHUB_DENIED, f"{_NAME}: set GH_TOKEN, or name another with --repo"),
    conflict=Meaning(
        Code.GITHUB_REFUSED,
        "it exists already, was changed meanwhile, or a rule protects the branch: run the command again, or name "
        "another branch with --branch",
    ),
    invalid=Meaning(
        Code.GITHUB_REFUSED,
        "GitHub's words say why; another repository for the issue is named with --issue URL",
    ),
    too_large=Meaning(Code.GITHUB_REFUSED, "the file of ignores is too large for GitHub's API"),
)
"""For issues, branches, files and pull requests."""

RUNS = Wording(
    error=GitHubError,
    denied=Meaning(
        Code.GITHUB_DENIED,
        "the token in GH_TOKEN needs `actions: read` and `checks: read` on this repository; logs need a token even "
        "where everybody may see the runs",
    ),
    hidden=Meaning(Code.GITHUB_DENIED, f"{_NAME}: set GH_TOKEN, or name another with --repo"),
    conflict=Meaning(Code.GITHUB_REFUSED, "GitHub's words say why"),
    invalid=Meaning(
        Code.GITHUB_REFUSED,
        "logs are kept as long as the repository's settings say, 90 days at first: what is older is gone",
    ),
    too_large=Meaning(Code.GITHUB_REFUSED, "GitHub's words say why"),
)
"""For runs of workflows, their jobs and their logs."""
