"""shipseal itself fails: on a terminal's width, in a pipe, in CI."""

import json
from collections.abc import Mapping
from typing import Any

from scripts.record.case import Style, held, rules
from scripts.record.scene import Scene
from scripts.record.servers import with_password
from tests.support.registries import BASIC_USER
from tests.support.release_project import PASSWORD, Project

_JOB = {
    "GITHUB_SERVER_URL": "https://github.com",
    "GITHUB_REPOSITORY": "octo-org/app",
    "GITHUB_WORKFLOW_REF": "octo-org/app/.github/workflows/release.yml@refs/heads/main",
    "GITHUB_REF": "refs/heads/main",
    "GITHUB_SHA": "a" * 40,
    "GITHUB_REPOSITORY_ID": "2002",
    "GITHUB_REPOSITORY_OWNER_ID": "1001",
    "RUNNER_ENVIRONMENT": "github-hosted",
    "GITHUB_RUN_ID": "4242",
    "GITHUB_RUN_ATTEMPT": "1",
}


def project(scene: Scene, *, packages: Mapping[str, str] | None = None, **extra: Any) -> Project:
    """Make a project that can be released in the work folder."""
    made = Project(scene.work, extra=extra)
    made.build(packages)
    scene.environment |= {
        "SHIPSEAL_KEY_PASSWORD": PASSWORD,
        "SHIPSEAL_CACHE": str(scene.folder / "cache"),
    }
    return made


@rules("scan.gate-failed", "shipseal", live=True)
def shipseal_release_gate_failed(scene: Scene) -> None:
    """Release an image with a package that has a critical vulnerability."""
    project(scene, packages={"planted": "1.0"})
    scene.step("shipseal release --version 1.4.2")


@held("scan.gate-failed", "shipseal", style=Style.ACTIONS)
def shipseal_scan_fail_on(scene: Scene) -> None:
    """Scan an image with a critical vulnerability and a gate."""
    project(scene, packages={"planted": "1.0", "sample": "1.0"})
    scene.step(
        "shipseal scan oci:image --engine builtin --db advisories --fail-on high --max-age any"
    )


@rules("scan.undecided", "shipseal", also=("scan.db-stale",), live=True)
def shipseal_release_unrated(scene: Scene) -> None:
    """Release an image with a finding that nobody rates, under a policy that will not decide on such."""
    made = project(
        scene, packages={"planted": "1.0"}, gate={"fail_on": "critical", "unknown": "undecided"}
    )
    path = made.folder / "advisories" / "planted.json"
    advisory = json.loads(path.read_text())
    del advisory["severity"]
    path.write_text(json.dumps(advisory))
    scene.step("shipseal release --version 1.4.2")


@rules("config.invalid", "shipseal", live=True)
def shipseal_config_unknown_key(scene: Scene) -> None:
    """Release with a key in shipseal.yaml that does not exist."""
    project(scene)
    scene.file("shipseal.yaml", "image: app\ntarget: ghcr.io/org/app\nplatforms: [linux/amd64]\n")
    scene.step("shipseal release --version 1.4.2")


@held("config.invalid", "shipseal", style=Style.ACTIONS)
def shipseal_config_broken_yaml(scene: Scene) -> None:
    """Release with a shipseal.yaml that is no YAML."""
    scene.file("shipseal.yaml", "image: app\n  targets:\n- oci:./a\n\tplatforms: [linux/amd64\n")
    scene.step("shipseal release --version 1.4.2")


@held("config.invalid", "shipseal")
def shipseal_config_secret(scene: Scene) -> None:
    """Check a configuration whose duration is no duration."""
    project(scene, timeouts={"network": "soon"})
    scene.step("shipseal config check")


@rules("policy.empty", "shipseal", live=True)
def shipseal_verify_empty_policy(scene: Scene) -> None:
    """Verify an image without saying whom to trust."""
    project(scene)
    scene.step("shipseal verify oci:image")


@held("policy.empty", "shipseal", style=Style.ACTIONS)
def shipseal_release_nobody_trusted(scene: Scene) -> None:
    """Verify with a policy that trusts nobody."""
    project(scene)
    scene.file("policy.yaml", "require: [provenance]\n")
    scene.step("shipseal verify oci:image --policy policy.yaml --json")


@rules("release.locked", "shipseal", live=True)
def shipseal_release_twice(scene: Scene) -> None:
    """Release a version that another run is releasing."""
    _locked(scene)
    scene.step("shipseal release --version 1.4.2")


def _locked(scene: Scene) -> None:
    from scripts.record.catalogues import stand_in  # noqa: PLC0415 - it imports this module

    stand_in(scene, 'sleep 20; exec syft "$@"')
    project(scene, sbom={"syft": "./syft"})
    other = scene.start(["shipseal", "release", "--version", "1.4.2"])
    scene.wait_for(lambda: any(scene.work.glob(".shipseal/releases/*/journal.jsonl")), other)


@held("release.locked", "shipseal", style=Style.ACTIONS)
def shipseal_resume_locked(scene: Scene) -> None:
    """Resume a release that another run is at."""
    _locked(scene)
    scene.step("shipseal release resume --version 1.4.2 --json")


@rules("image.tag-exists", "shipseal")
def shipseal_release_other_bytes(scene: Scene) -> None:
    """Release other bytes under a version that is public."""
    made = project(scene)
    scene.setup("shipseal release --version 1.4.2 2>&1")
    made.build({"sample": "1.1"})
    scene.step("rm -rf .shipseal\nshipseal release --version 1.4.2")


@held("auth.registry-unauthorized", "shipseal")
def shipseal_release_wrong_password(scene: Scene) -> None:
    """Release to a registry with a wrong password."""
    registry = with_password(scene)
    made = project(scene)
    made.targets = [f"{registry.host}/org/app", "oci:./b"]
    made.configure()
    scene.login(registry.host, BASIC_USER, "last-year")
    scene.step("shipseal release --version 1.4.2")


@rules("auth.oidc-permission", "shipseal", style=Style.ACTIONS, live=True)
def shipseal_release_no_token(scene: Scene) -> None:
    """Release keyless in a job of GitHub Actions that may not have an identity token."""
    _keyless(scene, {"repository": {"private": False}})
    scene.step("shipseal release --version 1.4.2", GITHUB_ACTIONS="true", GITHUB_EVENT_NAME="push")


def _keyless(scene: Scene, event: Mapping[str, Any]) -> None:
    identity = {
        "issuer": "https://token.actions.githubusercontent.com", "repository": "octo-org/app",
        "workflow": ".github/workflows/release.yml",
    }  # fmt: skip
    project(scene, sign={}, verify={"identities": [identity]})
    path = scene.file("event.json", json.dumps(event))
    scene.environment |= _JOB | {"GITHUB_EVENT_PATH": str(path)}


@rules("fork.no-permissions", "shipseal", style=Style.ACTIONS, live=True)
def shipseal_release_fork(scene: Scene) -> None:
    """Release in the run of a fork's pull request; a later line wants what was not attested."""
    head = {"repo": {"full_name": "octo-fan/app", "fork": True}}
    pull = {"number": 7, "head": head, "base": {"repo": {"full_name": "octo-org/app"}}}
    _keyless(
        scene, {"pull_request": pull, "repository": {"private": False, "full_name": "octo-org/app"}}
    )
    scene.step(
        "shipseal release --version 1.4.2\ntest -s attested-digest.txt",
        GITHUB_ACTIONS="true",
        GITHUB_EVENT_NAME="pull_request",
    )


@rules("network.unreachable", "shipseal")
def shipseal_release_refused(scene: Scene) -> None:
    """Release to a registry that does not run, as JSON."""
    from scripts.record.network import closed  # noqa: PLC0415

    made = project(scene, timeouts={"network": "2s", "retry_deadline": "1s"})
    made.targets = [f"{closed()}/org/app", "oci:./b"]
    made.configure()
    scene.step("shipseal release --version 1.4.2 --json")


@held("network.unreachable", "shipseal", style=Style.ACTIONS)
def shipseal_release_unknown_name(scene: Scene) -> None:
    """Release to a registry whose name no resolver knows."""
    made = project(scene, timeouts={"network": "2s", "retry_deadline": "1s"})
    made.targets = ["registry.nowhere.invalid/org/app", "oci:./b"]
    made.configure()
    scene.step("shipseal release --version 1.4.2")


@held("scan.db-unavailable", "shipseal")
def shipseal_release_no_database(scene: Scene) -> None:
    """Release without any advisories."""
    project(scene, scan={"engine": "builtin", "database": "./nowhere", "max_age": "5d"})
    scene.step("shipseal release --version 1.4.2")


@rules("attest.missing", "shipseal")
def shipseal_verify_unsigned(scene: Scene) -> None:
    """Verify an image that nobody attested."""
    project(scene)
    scene.step("shipseal verify oci:image --key cosign.pub")


@held("attest.invalid", "shipseal", also=("attest.identity-mismatch",), style=Style.ACTIONS)
def shipseal_verify_other_key(scene: Scene) -> None:
    """Verify a release with another key than the one that signed it."""
    project(scene)
    scene.setup(
        "shipseal release --version 1.4.2 2>&1; mkdir other; cd other; cosign generate-key-pair",
        COSIGN_PASSWORD="",
    )
    scene.step("shipseal verify oci:a:1.4.2 --key other/cosign.pub")
