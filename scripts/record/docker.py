"""docker itself: with a real daemon of its own where one is installed, and with none."""

import shutil
import subprocess

from scripts.record.case import Style, held, rules
from scripts.record.registry_access import HUB_LIMIT
from scripts.record.scene import Scene
from scripts.record.servers import containers, failing, plain, with_password
from shipseal.testing.fault_kinds import refuse
from tests.support.registries import BASIC_USER


def daemon(scene: Scene) -> None:
    """Run a daemon without networks of its own; the script's docker asks it.

    Raises:
        RuntimeError: there is none on this machine.
    """
    program = shutil.which("dockerd")
    if program is None:
        raise RuntimeError("dockerd is not on this machine (Debian: docker.io)")
    folder = scene.folder / "docker"
    folder.mkdir()
    address = f"unix://{folder / 's'}"
    argv = [
        program, f"--host={address}", f"--data-root={folder / 'data'}", f"--exec-root={folder / 'exec'}",
        f"--pidfile={folder / 'pid'}", "--bridge=none", "--iptables=false", "--ip6tables=false",
        "--storage-driver=vfs",
    ]  # fmt: skip
    process = scene.start(argv)
    scene.environment["DOCKER_HOST"] = address

    def answers() -> bool:
        done = subprocess.run(
            ["docker", "-H", address, "version"], capture_output=True, check=False
        )
        return done.returncode == 0

    scene.wait_for(answers, process)


def loaded(scene: Scene, host: str) -> str:
    """Give the daemon the sample image under a name at ``host``, and return the name."""
    scene.setup(
        "skopeo copy -q --override-arch amd64 oci:image docker-archive:app.tar:org/app:1.4.2"
    )
    scene.setup(f"docker load -qi app.tar; docker tag org/app:1.4.2 {host}/org/app:1.4.2")
    return f"{host}/org/app:1.4.2"


@rules("image.not-found", "docker", style=Style.ACTIONS)
def docker_pull_missing_tag(scene: Scene) -> None:
    """Pull with docker a tag that is not there."""
    host = plain(scene).host
    daemon(scene)
    scene.step(f"docker pull {host}/org/app:1.5.0")


@held("image.not-found", "docker")
def docker_push_not_tagged(scene: Scene) -> None:
    """Push with docker an image that was never built under this name."""
    host = plain(scene).host
    daemon(scene)
    scene.step(f"docker push {host}/org/app:1.5.0")


@rules("auth.registry-unauthorized", "docker")
def docker_push_without_login(scene: Scene) -> None:
    """Push with docker to a registry that asks for a password, with none."""
    host = with_password(scene).host
    daemon(scene)
    scene.step(f"docker push {loaded(scene, host)}")


@held("auth.registry-unauthorized", "docker", style=Style.ACTIONS)
def docker_login_wrong_password(scene: Scene) -> None:
    """Log in with docker with a wrong password."""
    host = with_password(scene, old=True).host
    daemon(scene)
    scene.step(f"echo last-year | docker login -u {BASIC_USER} --password-stdin {host}")


@rules("auth.registry-denied", "docker", style=Style.ACTIONS)
def docker_push_denied(scene: Scene) -> None:
    """Push with docker to a registry that answers in Docker Hub's words to who may not write there."""
    fault = refuse(403, "DENIED", "requested access to the resource is denied")
    host = failing(scene, fault, "POST", "/blobs/uploads/").host
    daemon(scene)
    scene.setup("echo new > note; printf 'FROM org/app:1.4.2\\nCOPY note /\\n' > Dockerfile.new")
    name = loaded(scene, host).replace("org/app", "org/other")
    scene.setup(f"docker tag org/app:1.4.2 {name}")
    scene.step(f"docker push {name}")


@held("auth.registry-denied", "docker")
def docker_push_write_package(scene: Scene) -> None:
    """Push with docker to a registry that answers in GHCR's words when a token may not write the package."""
    host = failing(
        scene, refuse(403, "DENIED", "permission_denied: write_package"), "POST", "/blobs/uploads/"
    ).host
    daemon(scene)
    name = loaded(scene, host).replace("org/app", "octo-org/web")
    scene.setup(f"docker tag org/app:1.4.2 {name}")
    scene.step(f"docker push {name}")


@rules("service.rate-limited", "docker")
def docker_pull_rate_limited(scene: Scene) -> None:
    """Pull with docker from a registry that answers 429 in Docker Hub's words."""
    host = failing(scene, refuse(429, "TOOMANYREQUESTS", HUB_LIMIT), "", "/manifests/").host
    daemon(scene)
    scene.step(f"docker pull {host}/org/app:1.4.2")


@held("service.outage", "docker", style=Style.ACTIONS)
def docker_pull_503(scene: Scene) -> None:
    """Pull with docker from a registry that answers 503."""
    host = failing(scene, refuse(503, "UNAVAILABLE", "service unavailable"), "", "/manifests/").host
    daemon(scene)
    scene.step(f"docker pull {host}/org/app:1.4.2")


@held("network.unreachable", "docker", style=Style.ACTIONS)
def docker_pull_unknown_name(scene: Scene) -> None:
    """Pull with docker from a registry whose name no resolver knows."""
    daemon(scene)
    scene.step("docker pull registry.nowhere.invalid/org/app:1.4.2")


@held("image.platform-missing", "docker")
def docker_pull_missing_platform(scene: Scene) -> None:
    """Pull with docker for a platform that the index does not have."""
    host = plain(scene).host
    daemon(scene)
    scene.step(f"docker pull --platform linux/s390x {host}/org/app:1.4.2")


@rules("unknown", "docker", also=("tool.missing", "network.unreachable"))
def docker_no_daemon(scene: Scene) -> None:
    """Ask docker where no daemon runs."""
    scene.environment["DOCKER_HOST"] = f"unix://{scene.home}/docker.sock"
    scene.step("docker pull org/app:1.4.2")


@held("unknown", "podman")
def ordinary_podman_bad_name(scene: Scene) -> None:
    """Pull with podman an image whose name is none."""
    containers(scene)
    scene.step("podman pull 127.0.0.1:5000/Org/App:1.4.2")
