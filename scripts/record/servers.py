"""Registries and images for cases."""

import os

from scripts.record.scene import Scene
from shipseal.testing.faults import Fault, Faults
from shipseal.testing.images import SampleImage, build_layout
from shipseal.testing.reverse_proxy import ReverseProxy
from shipseal.testing.token_server import PULL, Account
from tests.support.buildkit import BuildKit, buildkit
from tests.support.registries import (
    Registry,
    debian_registry,
    distribution,
    guarded_registry,
    referrers_registry,
)

USER, PASSWORD = "octo-bot", "not-a-secret"
_STORAGE = """[storage]
driver = "vfs"
graphroot = "{folder}/graph"
runroot = "{folder}/run"
"""


def sample(scene: Scene, name: str = "image", **knobs: object) -> SampleImage:
    """Make a small image as a layout in the work folder."""
    return build_layout(scene.work / name, **knobs)  # type: ignore[arg-type]


def plain(scene: Scene, *, old: bool = False, image: str = "org/app:1.4.2") -> Registry:
    """Run a registry that lets everybody in, and put the sample image there."""
    serve = debian_registry if old else distribution
    registry = scene.enter_context(serve(scene.folder / "registry"))
    put(scene, registry.host, image)
    return registry


def with_password(scene: Scene, *, old: bool = False) -> Registry:
    """Run a registry that asks for a password, with the sample image in the work folder."""
    serve = debian_registry if old else distribution
    sample(scene)
    return scene.enter_context(serve(scene.folder / "registry", basic=True))


def with_referrers(scene: Scene, *, image: str = "org/app:1.4.2") -> Registry:
    """Run a registry with the referrers API, with the sample image."""
    registry = scene.enter_context(referrers_registry(scene.folder / "registry"))
    put(scene, registry.host, image)
    return registry


def with_tokens(scene: Scene, *, denies: bool = True, old: bool = False) -> Registry:
    """Run a registry behind TLS and a token server, at which the bot may pull and not push, and log the bot in.

    Args:
        scene: where.
        denies: whether the token server says 403 to what may not be granted, as GHCR's; else it grants less, as
            Docker Hub's.
        old: the registry of 2.8.
    """
    accounts = {USER: Account(PASSWORD, {"*": PULL})}
    program = "docker-registry" if old else "registry"
    registry = scene.enter_context(
        guarded_registry(scene.folder / "registry", accounts=accounts, program=program)
    )
    if registry.tokens is not None:
        registry.tokens.denies = denies
    scene.environment["SSL_CERT_FILE"] = str(registry.ca)
    scene.login(registry.host, USER, PASSWORD)
    sample(scene)
    return registry


def put(scene: Scene, host: str, image: str) -> None:
    """Put the sample image into an open registry."""
    if not (scene.work / "image").exists():
        sample(scene)
    scene.setup(f"crane push image {host}/{image}")


def failing(
    scene: Scene, fault: Fault, method: str = "", target: str = "", *, skip: int = 0
) -> ReverseProxy:
    """Run a registry with the sample image, and a proxy before it that has a fault."""
    registry = plain(scene)
    proxy = scene.enter_context(ReverseProxy(registry.url))
    faults = Faults()
    faults.add(fault, method, target, skip=skip)
    proxy.before = faults
    return proxy


def containers(scene: Scene) -> None:
    """Let buildah and podman keep their images in the scene's folder."""
    folder = scene.folder / "containers"
    folder.mkdir()
    path = folder / "storage.conf"
    path.write_text(_STORAGE.format(folder=folder), "utf-8")
    scene.environment |= {
        "CONTAINERS_STORAGE_CONF": str(path),
        "BUILDAH_ISOLATION": "chroot",
        "STORAGE_DRIVER": "vfs",
    }


def builder(scene: Scene, **environment: str) -> BuildKit:
    """Run BuildKit; the script's buildx uses it by default."""
    saved = {name: os.environ.get(name) for name in environment}
    os.environ.update(environment)
    try:
        kit = scene.enter_context(buildkit())
    finally:
        for name, value in saved.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})
    scene.environment |= kit.environment | {"BUILDX_BUILDER": "shipseal-test"}
    return kit
