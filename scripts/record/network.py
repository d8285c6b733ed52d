"""Nothing answers, or only errors: names that no resolver knows, ports that nobody listens on, servers that are ill."""

from scripts.record.case import Style, held, rules
from scripts.record.scene import Scene
from scripts.record.servers import builder, containers, failing, sample
from scripts.sigstack.parts import free_ports
from shipseal.testing.fault_kinds import drop, gateway_page, refuse
from shipseal.testing.http_server import Exchange, HttpServer

NETWORK, OUTAGE = "network.unreachable", "service.outage"


def closed() -> str:
    """Return an address that nobody listens at."""
    return f"127.0.0.1:{free_ports(1)[0]}"


def answering(scene: Scene, status: int, body: bytes, **headers: str) -> str:
    """Run a server with one answer to everything, and return its address."""

    def respond(exchange: Exchange) -> None:
        exchange.reply(status, body, headers)

    return scene.enter_context(HttpServer(respond)).netloc


@rules(NETWORK, "crane", live=True)
def crane_unknown_name(scene: Scene) -> None:
    """Pull with crane from a registry whose name no resolver knows."""
    scene.step("crane manifest registry.nowhere.invalid/org/app:1.4.2")


@rules(NETWORK, "skopeo", style=Style.ACTIONS)
def skopeo_refused(scene: Scene) -> None:
    """Look with skopeo at an image of a registry that does not run."""
    scene.step(f"skopeo inspect --tls-verify=false docker://{closed()}/org/app:1.4.2")


@rules(NETWORK, "git")
def git_unknown_name(scene: Scene) -> None:
    """Clone with git from a host whose name no resolver knows."""
    scene.step("git clone https://git.nowhere.invalid/org/app.git")


@held(NETWORK, "curl", style=Style.ACTIONS)
def curl_unknown_name(scene: Scene) -> None:
    """Fetch with curl from a host whose name no resolver knows."""
    scene.step(
        "curl -fsSL https://get.nowhere.invalid/install.sh | sh -s -- -b /usr/local/bin\nexit 1"
    )


@held(NETWORK, "buildah")
def buildah_refused(scene: Scene) -> None:
    """Pull with buildah from a registry that does not run."""
    containers(scene)
    scene.step(f"buildah pull --tls-verify=false {closed()}/org/app:1.4.2")


@held(NETWORK, "gh")
def gh_unknown_name(scene: Scene) -> None:
    """Ask with gh a GitHub behind a proxy whose name no resolver knows."""
    proxy = "http://proxy.nowhere.invalid:3128"
    scene.step("gh api repos/octo-org/app --jq .visibility", GH_TOKEN="x", HTTPS_PROXY=proxy)  # noqa: S106 - any text will do


@held(NETWORK, "buildx", style=Style.ACTIONS)
def buildx_base_unknown_name(scene: Scene) -> None:
    """Build with BuildKit from a base image at a registry whose name no resolver knows."""
    builder(scene)
    scene.file("Dockerfile", "FROM registry.nowhere.invalid/org/base:12\nRUN true\n")
    scene.step("buildx build --progress=plain .")


@rules(NETWORK, "python")
def python_refused(scene: Scene) -> None:
    """Ask with Python a server that does not run."""
    scene.file(
        "notify.py", f"import urllib.request\nurllib.request.urlopen('http://{closed()}/hook')\n"
    )
    scene.step("python notify.py")


@rules(NETWORK, "curl", style=Style.TRACED)
def curl_no_route(scene: Scene) -> None:
    """Fetch with curl where there is no network."""
    scene.step("curl -fsS http://192.0.2.9/v2/", offline=True)


@held(NETWORK, "crane", style=Style.ACTIONS)
def crane_no_route(scene: Scene) -> None:
    """Ask with crane where there is no network."""
    scene.step("crane digest 192.0.2.9:5000/org/app:1.4.2", offline=True)


@rules(OUTAGE, "crane")
def crane_503(scene: Scene) -> None:
    """Ask with crane a registry that answers 503."""
    host = failing(scene, refuse(503, "UNAVAILABLE", "service unavailable"), "", "/manifests/").host
    scene.step(f"crane digest {host}/org/app:1.4.2")


@rules(OUTAGE, "skopeo", live=True)
def skopeo_bad_gateway(scene: Scene) -> None:
    """Push with skopeo to a registry behind a gateway that answers 502 with a page."""
    host = failing(scene, gateway_page(502), "POST", "/uploads/").host
    sample(scene, "new", config={"Entrypoint": ["/new"]})
    scene.step(f"skopeo copy --all --dest-tls-verify=false oci:new docker://{host}/org/other:1")


@rules(OUTAGE, "curl", style=Style.ACTIONS)
def curl_503(scene: Scene) -> None:
    """Fetch with curl from a server that answers 503."""
    host = answering(scene, 503, b"upstream connect error or disconnect/reset before headers")
    scene.step(
        f"curl -fsSL --retry 1 --retry-delay 1 http://{host}/releases/latest/tool.tar.gz -o tool.tar.gz"
    )


@rules(OUTAGE, "git")
def git_500(scene: Scene) -> None:
    """Clone with git from a server that answers 500."""
    host = answering(scene, 500, b"internal error")
    scene.step(f"git clone http://{host}/org/app.git")


@held(OUTAGE, "buildah", style=Style.ACTIONS)
def buildah_503(scene: Scene) -> None:
    """Pull with buildah from a registry that answers 503."""
    host = failing(scene, gateway_page(503), "GET", "/blobs/").host
    containers(scene)
    scene.step(
        f"buildah pull --retry 0 --tls-verify=false {host}/org/app:1.4.2"
        f" || buildah pull --tls-verify=false {host}/org/app:1.4.2"
    )


@held(OUTAGE, "buildx")
def buildx_push_500(scene: Scene) -> None:
    """Push with buildx to a registry that answers 500."""
    host = failing(scene, refuse(500, "UNKNOWN", "unknown error"), "PUT", "/blobs/").host
    builder(scene)
    scene.file("Dockerfile", "FROM scratch\nCOPY Dockerfile /\n")
    scene.step(f"buildx build --progress=plain --push -t {host}/org/app:2 .")


@held(OUTAGE, "git", style=Style.ACTIONS)
def git_fetch_502(scene: Scene) -> None:
    """Fetch with git from a server behind a gateway that answers 502."""
    host = answering(scene, 502, b"<html><title>502</title></html>")
    scene.step(
        f"git init -q .\ngit remote add origin http://{host}/org/app\ngit fetch --depth=1 origin main"
    )


@held(OUTAGE, "crane")
def crane_gateway_timeout(scene: Scene) -> None:
    """Push with crane to a registry behind a gateway that answers 504."""
    host = failing(scene, gateway_page(504), "PATCH", "").host
    sample(scene, "new", config={"Entrypoint": ["/new"]})
    scene.step(f"crane push new {host}/org/app:1.5.0")


@held(OUTAGE, "skopeo", also=(NETWORK,))
def skopeo_cut_off(scene: Scene) -> None:
    """Copy with skopeo from a registry that drops each connection for a layer."""
    host = failing(scene, drop(), "GET", "/blobs/").host
    scene.step(f"skopeo copy --src-tls-verify=false docker://{host}/org/app:1.4.2 dir:out")


@held(OUTAGE, "gh", style=Style.ACTIONS)
def gh_503(scene: Scene) -> None:
    """Ask with gh a GitHub that answers 503."""
    from shipseal.testing.github_server import GitHubServer, Refusal  # noqa: PLC0415

    github = scene.enter_context(GitHubServer(repositories=["octo-org/app"], folder=scene.folder))
    github.quirks.refuse = [Refusal(503, "Service unavailable")] * 20
    folder = github.gh_folder(scene.folder / "gh")
    scene.step(
        "gh api repos/octo-org/app/actions/runs --jq '.workflow_runs[0].id'",
        GH_TOKEN="x",  # noqa: S106 - any text will do
        GH_CONFIG_DIR=str(folder),
    )
