"""Who may do what at a registry: wrong passwords, none at all, rights that are missing, limits of how often."""

from scripts.record.case import Produce, Split, Style, add, held, rules
from scripts.record.scene import Scene
from scripts.record.servers import (
    builder,
    containers,
    failing,
    plain,
    sample,
    with_password,
    with_tokens,
)
from shipseal.testing.fault_kinds import refuse
from tests.support.registries import BASIC_USER

UNAUTHORIZED, DENIED = "auth.registry-unauthorized", "auth.registry-denied"
LIMITED = "service.rate-limited"
HUB_LIMIT = "You have reached your unauthenticated pull rate limit. https://www.docker.com/increase-rate-limit"


@rules(UNAUTHORIZED, "crane", live=True)
def crane_push_wrong_password(scene: Scene) -> None:
    """Push with crane to distribution 3 with a wrong password."""
    host = with_password(scene).host
    scene.login(host, BASIC_USER, "wrong")
    scene.step(f"crane push image {host}/org/app:1.4.2")


@rules(UNAUTHORIZED, "skopeo", style=Style.ACTIONS)
def skopeo_copy_without_login(scene: Scene) -> None:
    """Copy with skopeo from a registry that asks for a password, with none."""
    host = with_password(scene).host
    scene.step(f"skopeo copy --src-tls-verify=false docker://{host}/org/app:1.4.2 oci:copy:1")


@held(UNAUTHORIZED, "buildah", style=Style.ACTIONS)
def buildah_push_wrong_password(scene: Scene) -> None:
    """Push with buildah to distribution 2.8 with a wrong password."""
    host = with_password(scene, old=True).host
    containers(scene)
    scene.setup("buildah pull oci:image")
    scene.login(host, BASIC_USER, "wrong")
    image = scene.setup("buildah images -q").split()[0]
    scene.step(f"buildah push --tls-verify=false {image} {host}/org/app:1.4.2")


@held(UNAUTHORIZED, "podman")
def podman_login_wrong_password(scene: Scene) -> None:
    """Log in with podman to distribution 3 with a wrong password."""
    host = with_password(scene).host
    containers(scene)
    scene.step(
        f"echo wrong | podman login --tls-verify=false -u {BASIC_USER} --password-stdin {host}"
    )


@held(UNAUTHORIZED, "syft")
def syft_private_image(scene: Scene) -> None:
    """Catalogue an image of a registry that asks for a password, with none."""
    host = with_password(scene, old=True).host
    scene.step(f"syft scan registry:{host}/org/app:1.4.2 -o spdx-json=sbom.json")


@held(UNAUTHORIZED, "buildx", style=Style.ACTIONS)
def buildx_push_wrong_password(scene: Scene) -> None:
    """Build and push with buildx and BuildKit to distribution 3 with a wrong password."""
    host = with_password(scene).host
    builder(scene)
    scene.environment["DOCKER_CONFIG"] = str(scene.home / ".docker")
    scene.login(host, BASIC_USER, "wrong")
    scene.file("Dockerfile", "FROM scratch\nCOPY notes.txt /\n")
    scene.file("notes.txt", "1.4.2\n")
    scene.step(f"buildx build --push -t {host}/org/app:1.4.2 .")


@held(UNAUTHORIZED, "cosign")
def cosign_attach_without_login(scene: Scene) -> None:
    """Verify with cosign at a registry that asks for a password, with none."""
    host = with_password(scene).host
    scene.setup("cosign generate-key-pair", COSIGN_PASSWORD="")
    scene.step(f"cosign verify --key cosign.pub --insecure-ignore-tlog {host}/org/app:1.4.2")


@rules(UNAUTHORIZED, "curl", style=Style.TRACED)
def curl_tags_without_login(scene: Scene) -> None:
    """Ask distribution 3 for its tags with curl, with no password."""
    host = with_password(scene).host
    scene.step(f"curl -fsS http://{host}/v2/org/app/tags/list")


@rules(UNAUTHORIZED, "crane", also=(DENIED,))
def crane_push_scope_denied(scene: Scene) -> None:
    """Push with crane as an account that may only pull; the token server answers 403 as GHCR's does."""
    host = with_tokens(scene).host
    scene.step(f"crane push image {host}/org/app:1.4.2")


@held(DENIED, "buildah", also=(UNAUTHORIZED,))
def buildah_push_scope_denied(scene: Scene) -> None:
    """Push with buildah as an account that may only pull; the token server answers 403 as GHCR's does."""
    host = with_tokens(scene).host
    containers(scene)
    scene.setup("buildah pull oci:image")
    image = scene.setup("buildah images -q").split()[0]
    scene.step(f"buildah push {image} docker://{host}/org/app:1.4.2")


@rules(DENIED, "skopeo", also=(UNAUTHORIZED,), style=Style.ACTIONS)
def skopeo_push_scope_not_granted(scene: Scene) -> None:
    """Push with skopeo as an account that may only pull; the token server grants less than was asked for."""
    host = with_tokens(scene, denies=False).host
    scene.step(f"skopeo copy --all oci:image docker://{host}/org/app:1.4.2")


@held(UNAUTHORIZED, "crane", also=(DENIED,))
def crane_push_scope_not_granted(scene: Scene) -> None:
    """Push with crane to 2.8 as an account that may only pull; the token server grants less than was asked for."""
    host = with_tokens(scene, denies=False, old=True).host
    scene.step(f"crane push image {host}/org/app:1.4.2")


def _write_package(scene: Scene) -> str:
    fault = refuse(403, "DENIED", "permission_denied: write_package")
    return failing(scene, fault, "POST", "/blobs/uploads/").host


@rules(DENIED, "skopeo", live=True)
def skopeo_push_write_package(scene: Scene) -> None:
    """Push with skopeo to a registry that answers in GHCR's words when a token may not write the package."""
    host = _write_package(scene)
    sample(scene, "new", config={"Entrypoint": ["/new"]})
    scene.step(f"skopeo copy --all --dest-tls-verify=false oci:new docker://{host}/org/other:1.4.2")


@held(DENIED, "buildx", style=Style.ACTIONS)
def buildx_push_write_package(scene: Scene) -> None:
    """Push with buildx to a registry that answers in GHCR's words when a token may not write the package."""
    host = _write_package(scene)
    builder(scene)
    scene.file("Dockerfile", "FROM scratch\nCOPY notes.txt /\n")
    scene.file("notes.txt", "1.4.2\n")
    scene.step(f"buildx build --push -t {host}/org/app:1.4.3 .")


@rules(DENIED, "podman")
def podman_push_access_denied(scene: Scene) -> None:
    """Push with podman to a registry that answers in Docker Hub's words to who may not write there."""
    fault = refuse(403, "DENIED", "requested access to the resource is denied")
    host = failing(scene, fault, "", "/blobs/").host
    containers(scene)
    scene.setup("podman pull oci:image")
    image = scene.setup("podman images -q").split()[0]
    scene.step(f"podman push --tls-verify=false {image} {host}/org/app:1.4.3")


@rules(DENIED, "crane", style=Style.ACTIONS)
def crane_copy_access_denied(scene: Scene) -> None:
    """Copy with crane into a registry that answers in Docker Hub's words to who may not write there."""
    host = plain(scene).host
    second = _denying(scene)
    scene.step(f"crane copy {host}/org/app:1.4.2 {second}/org/app:1.4.2", title="Copy the image")


def _denying(scene: Scene) -> str:
    from shipseal.testing.http_server import Exchange, HttpServer  # noqa: PLC0415

    fault = refuse(403, "DENIED", "requested access to the resource is denied")

    def respond(exchange: Exchange) -> None:
        if exchange.path == "/v2/" or not fault(exchange):
            exchange.reply(200, b"{}")

    return scene.enter_context(HttpServer(respond)).netloc


def _limited(pull: str) -> Produce:
    def produce(scene: Scene) -> None:
        # Those that heed Retry-After wait for it five times.
        fault = refuse(429, "TOOMANYREQUESTS", HUB_LIMIT, retry_after="1")
        host = failing(scene, fault, "", "/manifests/").host
        containers(scene)
        scene.step(pull.format(host=host))

    produce.__doc__ = (
        f"Ask (`{pull.split(maxsplit=1)[0]}`) a registry that answers 429 in Docker Hub's words."
    )
    return produce


for _split, _tool, _style, _live, _pull in (
    (Split.RULES, "crane", Style.PLAIN, True, "crane pull {host}/org/app:1.4.2 app.tar"),
    (Split.RULES, "syft", Style.ACTIONS, False, "syft scan registry:{host}/org/app:1.4.2 -o spdx-json"),
    (Split.HELD_OUT, "skopeo", Style.PLAIN, False, "skopeo inspect --tls-verify=false docker://{host}/org/app:1.4.2"),
    (Split.HELD_OUT, "buildah", Style.ACTIONS, False, "buildah from --tls-verify=false {host}/org/app:1.4.2"),
):  # fmt: skip
    add(
        _split,
        LIMITED,
        _tool,
        _limited(_pull),
        name=f"{_tool}-rate-limited",
        style=_style,
        live=_live,
    )


@rules(LIMITED, "buildx")
def buildx_base_rate_limited(scene: Scene) -> None:
    """Build with BuildKit from a base image at a registry that answers 429."""
    fault = refuse(429, "TOOMANYREQUESTS", HUB_LIMIT)
    host = failing(scene, fault, "", "/manifests/").host
    builder(scene)
    scene.file("Dockerfile", f"FROM {host}/org/app:1.4.2\nCOPY Dockerfile /\n")
    scene.step("buildx build --progress=plain .")
