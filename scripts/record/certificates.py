"""TLS that nobody trusts: authorities of their own, other names, certificates that have ended."""

import ssl

from scripts.record.case import Style, held, rules
from scripts.record.scene import Scene
from scripts.record.servers import containers
from shipseal.testing.certificates import CertificateAuthority
from shipseal.testing.http_server import Exchange, HttpServer

TLS = "tls.untrusted"


def secured(scene: Scene, name: str = "") -> str:
    """Run a server behind TLS of an authority that nobody knows, and return its address.

    Args:
        scene: where.
        name: that the certificate is for; empty for this machine's. The authority is trusted then.
    """
    authority = CertificateAuthority(scene.folder / "tls", "Example Org Internal CA")
    pair = authority.issue("server", *([name] if name else []))
    if name:
        scene.environment["SSL_CERT_FILE"] = str(authority.certificate)
    return _serve(scene, pair.server_context())


def _serve(scene: Scene, context: ssl.SSLContext) -> str:
    def respond(exchange: Exchange) -> None:
        exchange.reply(200, b"{}", {"Content-Type": "application/json"})

    server = scene.enter_context(HttpServer(respond, tls=context))
    return f"localhost:{server.port}"


@rules(TLS, "skopeo", live=True)
def skopeo_own_authority(scene: Scene) -> None:
    """Look with skopeo at an image of a registry with a certificate of the company's own authority."""
    scene.step(f"skopeo inspect docker://{secured(scene)}/org/app:1.4.2")


@rules(TLS, "git", style=Style.ACTIONS)
def git_own_authority(scene: Scene) -> None:
    """Clone with git from a server with a certificate of the company's own authority."""
    scene.step(f"git clone https://{secured(scene)}/org/app.git")


@rules(TLS, "curl")
def curl_wrong_name(scene: Scene) -> None:
    """Fetch with curl from a server whose certificate is for another name."""
    host = secured(scene, "registry.example.org")
    scene.step(f"curl -fsS https://{host}/v2/")


@held(TLS, "buildah")
def buildah_own_authority(scene: Scene) -> None:
    """Pull with buildah from a registry with a certificate of the company's own authority."""
    containers(scene)
    scene.step(f"buildah pull {secured(scene)}/org/app:1.4.2")


@held(TLS, "crane", style=Style.ACTIONS)
def crane_wrong_name(scene: Scene) -> None:
    """Ask with crane a registry whose certificate is for another name."""
    port = secured(scene, "registry.example.org").partition(":")[2]
    scene.step(
        f"crane manifest mirror.example.net:{port}/org/app:1.4.2",
        hosts="127.0.0.1 mirror.example.net",
    )


@held(TLS, "curl", style=Style.TRACED)
def curl_own_authority(scene: Scene) -> None:
    """Fetch with curl from a server with a certificate of the company's own authority."""
    scene.step(f"curl -fsSLO https://{secured(scene)}/tool.tar.gz")


@held(TLS, "syft", style=Style.ACTIONS)
def syft_own_authority(scene: Scene) -> None:
    """Catalogue an image of a registry with a certificate of the company's own authority."""
    port = secured(scene).partition(":")[2]
    image = f"registry.example.org:{port}/org/app:1.4.2"
    scene.step(
        f"syft scan registry:{image} -o json=sbom.json", hosts="127.0.0.1 registry.example.org"
    )


@held(TLS, "python")
def python_own_authority(scene: Scene) -> None:
    """Ask with httpx a server with a certificate of the company's own authority."""
    script = f"import httpx\n\nprint(httpx.get('https://{secured(scene)}/v2/').status_code)\n"
    scene.file("ping.py", script)
    scene.step("python ping.py")


@held(TLS, "node")
def node_own_authority(scene: Scene) -> None:
    """Fetch with Node from a server with a certificate of the company's own authority."""
    scene.file(
        "check.mjs",
        f"const r = await fetch('https://{secured(scene)}/');\nconsole.log(r.status);\n",
    )
    scene.step("node check.mjs")
