"""GitHub does not let a job do what it asks for: gh against the server that stands for GitHub."""

from collections.abc import Mapping

from scripts.record.case import Style, held, rules
from scripts.record.scene import Scene
from scripts.record.signatures import stack
from shipseal.testing.github_server import GitHubServer, Refusal

ATTESTATIONS, DENIED = "auth.attestations-permission", "auth.github-denied"
LIMITED, REFUSED = "service.rate-limited", "github.refused"
_INTEGRATION = "Resource not accessible by integration"


def refusing(
    scene: Scene, status: int, message: str, headers: Mapping[str, str] | None = None
) -> None:
    """Run a server that refuses everything in GitHub's words; the script's gh asks it."""
    github = scene.enter_context(GitHubServer(repositories=["octo-org/app"], folder=scene.folder))
    github.quirks.refuse = [Refusal(status, message, headers or {})] * 20
    scene.environment |= {
        "GH_CONFIG_DIR": str(github.gh_folder(scene.folder / "gh")),
        "GH_TOKEN": "x",
    }


@rules(ATTESTATIONS, "gh", style=Style.ACTIONS, live=True)
def gh_attestation_not_accessible(scene: Scene) -> None:
    """Store an attestation with gh with a token that lacks `attestations: write`."""
    refusing(scene, 403, _INTEGRATION)
    scene.file("bundle.json", '{"bundle": {}}')
    scene.step(
        "gh api --method POST repos/octo-org/app/attestations --input bundle.json",
        title="Store the attestation",
    )


@held(ATTESTATIONS, "gh")
def gh_attestation_unauthorized(scene: Scene) -> None:
    """Verify with gh an attestation that the token may not read."""
    stack(scene)
    refusing(scene, 403, _INTEGRATION)
    scene.file("app.tar", "the released bytes\n")
    trust = '--custom-trusted-root "$ROOT_LINES" --cert-oidc-issuer "$ISSUER"'
    scene.step(f"gh attestation verify app.tar --repo octo-org/app {trust}")


@rules(DENIED, "gh", also=(ATTESTATIONS,), live=True)
def gh_issue_not_accessible(scene: Scene) -> None:
    """Open an issue with gh's API with a token that may not."""
    refusing(scene, 403, _INTEGRATION)
    scene.step("gh api repos/octo-org/app/issues -f title='Ignore ends'")


@held(DENIED, "gh", style=Style.ACTIONS)
def gh_bad_credentials(scene: Scene) -> None:
    """Ask with gh with a token that has expired."""
    refusing(scene, 401, "Bad credentials")
    scene.step("gh api repos/octo-org/app/pulls -f title=Update -f head=update -f base=main")


@rules(LIMITED, "gh")
def gh_rate_limited(scene: Scene) -> None:
    """Ask with gh a GitHub whose limit is used up."""
    refusing(
        scene,
        403,
        "API rate limit exceeded for installation ID 12345.",
        {"X-RateLimit-Remaining": "0"},
    )
    scene.step("gh api repos/octo-org/app/releases/latest --jq .tag_name")


@held(LIMITED, "gh", style=Style.ACTIONS)
def gh_secondary_limit(scene: Scene) -> None:
    """Ask with gh a GitHub that sees too many requests at once."""
    said = (
        "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."
    )
    refusing(scene, 403, said, {"Retry-After": "60"})
    scene.step("gh api repos/octo-org/app/issues -f title=x")


@rules(REFUSED, "gh", live=True)
def gh_reference_exists(scene: Scene) -> None:
    """Make a branch with gh that exists already."""
    refusing(scene, 422, "Reference already exists")
    scene.step("gh api repos/octo-org/app/git/refs -f ref=refs/heads/ignore -f sha=" + "a" * 40)


@held(REFUSED, "gh", also=("auth.github-denied",), style=Style.ACTIONS)
def gh_protected_branch(scene: Scene) -> None:
    """Change a file with gh on a branch that a rule protects."""
    refusing(
        scene, 409, "Repository rule violations found: Changes must be made through a pull request."
    )
    scene.step(
        "gh api --method PUT repos/octo-org/app/contents/.grype.yaml -f message=x -f content=eA=="
    )
