"""Words that GitHub knows in a workflow: keys, events, rights.

Source: GitHub's documentation, "Workflow syntax for GitHub Actions" and "Events that trigger workflows".
"""

TOP_KEYS = frozenset(
    {"name", "run-name", "on", "permissions", "env", "defaults", "concurrency", "jobs"}
)
JOB_KEYS = frozenset(
    {
        "name", "permissions", "needs", "if", "runs-on", "environment", "concurrency", "outputs", "env", "defaults",
        "steps", "timeout-minutes", "strategy", "continue-on-error", "container", "services", "uses", "with",
        "secrets", "snapshot",
    }
)  # fmt: skip
STEP_KEYS = frozenset(
    {
        "id", "if", "name", "uses", "run", "working-directory", "shell", "with", "env", "continue-on-error",
        "timeout-minutes",
    }
)  # fmt: skip
# Words of steps that run beside each other: newer, and not on every server.
NEW_STEP_KEYS = frozenset({"background", "parallel", "wait", "wait-all", "cancel"})
EVENTS = frozenset(
    {
        "branch_protection_rule", "check_run", "check_suite", "create", "delete", "deployment", "deployment_status",
        "discussion", "discussion_comment", "fork", "gollum", "image_version", "issue_comment", "issues", "label",
        "member", "merge_group", "milestone", "page_build", "project", "project_card", "project_column", "public",
        "pull_request", "pull_request_comment", "pull_request_review", "pull_request_review_comment",
        "pull_request_target", "push", "registry_package", "release", "repository_dispatch", "schedule", "star",
        "status", "watch", "workflow_call", "workflow_dispatch", "workflow_run",
    }
)  # fmt: skip
SCOPES = (
    "actions", "artifact-metadata", "attestations", "checks", "contents", "deployments", "discussions", "id-token",
    "issues", "models", "packages", "pages", "pull-requests", "repository-projects", "security-events", "statuses",
)  # fmt: skip
RIGHTS = ("none", "read", "write")


def nearest(word: str, known: "frozenset[str] | tuple[str, ...]") -> str:
    """Return the word of ``known`` that was probably meant; empty when none is near."""
    import difflib  # noqa: PLC0415 - only for what is wrong

    plain = word.lower().replace("_", "-")
    matches = difflib.get_close_matches(plain, sorted(known), n=1, cutoff=0.75)
    if matches:
        return matches[0]
    matches = difflib.get_close_matches(
        word.lower().replace("-", "_"), sorted(known), n=1, cutoff=0.75
    )
    return matches[0] if matches else ""
