"""The same kinds of failure in the words of tools that stand beside an image's own: git, npm, timeout, Vault."""

from scripts.record.case import Style, rules
from scripts.record.certificates import secured
from scripts.record.github import refusing
from scripts.record.network import answering, closed
from scripts.record.scene import Scene
from scripts.record.signatures import attested, gh_check, stack

MISSING = "tool.missing"


@rules(MISSING, "timeout", style=Style.ACTIONS)
def timeout_no_such_program(scene: Scene) -> None:
    """Run under `timeout` a tool that is not installed."""
    scene.step("timeout 5m oras push registry.example.org/org/app:sbom sbom.json")


@rules(MISSING, "git")
def git_no_such_command(scene: Scene) -> None:
    """Use a command of git that is a program of its own and not installed."""
    scene.setup("git init -q .")
    scene.step("git cliff --latest")


@rules(MISSING, "xargs", style=Style.TRACED)
def xargs_no_such_program(scene: Scene) -> None:
    """Run from xargs a tool that is not installed."""
    scene.step("echo app:1.4.2 | xargs trivy image")


@rules("tls.untrusted", "npm", style=Style.ACTIONS)
def npm_own_authority(scene: Scene) -> None:
    """Ask with npm a registry with a certificate of the company's own authority."""
    scene.step(f"npm ping --fetch-retries=0 --registry=https://{secured(scene)}/")


@rules("network.unreachable", "node")
def node_refused(scene: Scene) -> None:
    """Fetch with Node from a server that does not run."""
    scene.file("hook.mjs", f"await fetch('http://{closed()}/hook');\n")
    scene.step("node hook.mjs")


@rules("tool.crashed", "crane", style=Style.ACTIONS)
def crane_told_to_dump(scene: Scene) -> None:
    """Send crane the signal that makes it show what it does and end."""
    scene.step(
        "crane registry serve --address 127.0.0.1:0 > crane.log 2>&1 &\n"
        "sleep 0.4; kill -QUIT $!\nwait $! || { status=$?; head -n 20 crane.log; exit $status; }"
    )


@rules("auth.key-denied", "cosign")
def cosign_vault_denied(scene: Scene) -> None:
    """Sign with cosign and a key of Vault that this token may not use."""
    stack(scene)
    host = answering(scene, 403, b'{"errors":["1 error occurred:\\n\\t* permission denied\\n\\n"]}')
    scene.file("app.tar", "the released bytes\n")
    scene.step(
        "cosign sign-blob --key hashivault://release --bundle b.json "
        '--signing-config "$SIGNING" --trusted-root "$ROOT" app.tar',
        VAULT_ADDR=f"http://{host}",
        VAULT_TOKEN="x",  # noqa: S106 - any text will do
    )


@rules("attest.missing", "gh", also=("attest.invalid",))
def gh_other_type(scene: Scene) -> None:
    """Verify with gh an SBOM in a bundle that holds provenance."""
    attested(scene)
    scene.step(f"{gh_check('octo-org/demo')} --predicate-type https://spdx.dev/Document/v2.3")


@rules("github.refused", "gh", style=Style.ACTIONS)
def gh_issues_disabled(scene: Scene) -> None:
    """Open an issue with gh in a repository that has none."""
    refusing(scene, 410, "Issues has been disabled in this repository.")
    scene.step("gh api repos/octo-org/app/issues -f title='Ignore ends'")
