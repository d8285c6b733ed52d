"""What is at a registry: what is missing, bytes that are others, tags that stay where they are."""

import json

from scripts.record.case import Style, held, rules
from scripts.record.scene import Scene
from scripts.record.servers import (
    builder,
    containers,
    failing,
    plain,
    sample,
    with_referrers,
)
from shipseal.testing.fault_kinds import corrupt, refuse
from shipseal.testing.http_server import Exchange

NOT_FOUND, PLATFORM = "image.not-found", "image.platform-missing"
FORMAT, DIGEST, TAG = "image.format-unsupported", "image.digest-mismatch", "image.tag-exists"


@rules(NOT_FOUND, "crane", live=True)
def crane_missing_tag(scene: Scene) -> None:
    """Ask with crane for the digest of a tag that is not there."""
    host = plain(scene).host
    scene.step(f"crane manifest {host}/org/app:1.5.0")


@rules(NOT_FOUND, "skopeo", style=Style.ACTIONS)
def skopeo_missing_image(scene: Scene) -> None:
    """Look with skopeo at an image that is not there."""
    host = plain(scene).host
    scene.step(f"skopeo inspect --tls-verify=false docker://{host}/org/web:1.4.2")


@rules(NOT_FOUND, "buildx")
def buildx_missing_base(scene: Scene) -> None:
    """Build with BuildKit from a base image that is not there."""
    host = plain(scene).host
    builder(scene)
    scene.file("Dockerfile", f"FROM {host}/org/base:bookworm\nRUN apt-get update\n")
    scene.step(f"buildx build --progress=plain -t {host}/org/app:1.4.2 --push .")


@held(NOT_FOUND, "buildah")
def buildah_missing_tag(scene: Scene) -> None:
    """Start with buildah from a tag that distribution 2.8 does not have."""
    host = plain(scene, old=True).host
    containers(scene)
    scene.step(f"buildah from --tls-verify=false {host}/org/app:1.5.0")


@held(NOT_FOUND, "syft", style=Style.ACTIONS)
def syft_missing_image(scene: Scene) -> None:
    """Catalogue an image that is not there."""
    host = plain(scene).host
    scene.step(
        f"syft scan registry:{host}/org/web:1.4.2 -o spdx-json=sbom.spdx.json",
        title="Make the SBOM",
    )


@held(NOT_FOUND, "cosign")
def cosign_missing_image(scene: Scene) -> None:
    """Verify with cosign an image that is not there."""
    host = with_referrers(scene).host
    scene.setup("cosign generate-key-pair", COSIGN_PASSWORD="")
    scene.step(f"cosign verify --key cosign.pub --insecure-ignore-tlog {host}/org/app:1.5.0")


@held(NOT_FOUND, "podman", style=Style.TRACED)
def podman_missing_digest(scene: Scene) -> None:
    """Pull with podman a digest that is not there."""
    host = plain(scene).host
    containers(scene)
    scene.step(f"podman pull --tls-verify=false {host}/org/app@sha256:{'0123456789abcdef' * 4}")


@rules(PLATFORM, "crane", live=True)
def crane_missing_platform(scene: Scene) -> None:
    """Pull with crane for a platform that the index does not have."""
    host = plain(scene).host
    scene.step(f"crane pull --platform linux/s390x {host}/org/app:1.4.2 app.tar")


@rules(PLATFORM, "skopeo", style=Style.ACTIONS)
def skopeo_missing_platform(scene: Scene) -> None:
    """Copy with skopeo for an architecture that the index does not have."""
    host = plain(scene).host
    scene.step(
        f"skopeo --override-arch riscv64 copy --src-tls-verify=false docker://{host}/org/app:1.4.2 oci:out:1"
    )


@held(PLATFORM, "buildx")
def buildx_missing_platform(scene: Scene) -> None:
    """Build with BuildKit for a platform that the base image does not have."""
    host = plain(scene).host
    builder(scene)
    scene.file("Dockerfile", f"FROM {host}/org/app:1.4.2\nCOPY Dockerfile /\n")
    scene.step("buildx build --platform linux/ppc64le --progress=plain .")


@held(PLATFORM, "syft", style=Style.ACTIONS)
def syft_missing_platform(scene: Scene) -> None:
    """Catalogue an image for a platform that the index does not have."""
    host = plain(scene).host
    scene.step(f"syft scan --platform linux/arm/v6 registry:{host}/org/app:1.4.2 -o spdx-json")


@held(PLATFORM, "buildah")
def buildah_missing_platform(scene: Scene) -> None:
    """Pull with buildah for an architecture that the index does not have."""
    host = plain(scene).host
    containers(scene)
    scene.step(f"buildah pull --tls-verify=false --arch s390x {host}/org/app:1.4.2")


@rules(FORMAT, "skopeo", live=True)
def skopeo_not_an_archive(scene: Scene) -> None:
    """Copy with skopeo from an archive that is a page of HTML."""
    scene.file("app.tar", "<html><body>moved</body></html>\n" * 40)
    scene.step("skopeo copy docker-archive:app.tar oci:out:1")


@rules(FORMAT, "crane", style=Style.ACTIONS)
def crane_push_not_an_archive(scene: Scene) -> None:
    """Push with crane a file that is no image."""
    host = plain(scene).host
    scene.file("app.tar", "not a tar archive at all\n" * 100)
    scene.step(f"crane push app.tar {host}/org/app:1.5.0")


@held(FORMAT, "buildah")
def buildah_not_an_archive(scene: Scene) -> None:
    """Pull with buildah an OCI archive that is a text file."""
    containers(scene)
    scene.file("app.oci.tar", "version=1\n" * 200)
    scene.step("buildah pull oci-archive:app.oci.tar")


@held(FORMAT, "crane")
def crane_schema_1(scene: Scene) -> None:
    """Pull with crane an image in Docker's first manifest format, which nobody reads any more."""
    old = {
        "schemaVersion": 1, "name": "org/old", "tag": "1", "architecture": "amd64",
        "fsLayers": [{"blobSum": "sha256:" + "a" * 64}], "history": [{"v1Compatibility": "{}"}],
    }  # fmt: skip
    host = _serving(
        scene, json.dumps(old).encode(), "application/vnd.docker.distribution.manifest.v1+json"
    )
    scene.step(f"crane pull {host}/org/old:1 old.tar")


@held(FORMAT, "skopeo", style=Style.ACTIONS)
def skopeo_unknown_manifest(scene: Scene) -> None:
    """Copy with skopeo a manifest whose type it does not know: that of a Helm-like artefact."""
    host = _serving(
        scene, b'{"schemaVersion": 3, "parts": []}', "application/vnd.example.bundle.v7+json"
    )
    scene.step(f"skopeo copy --src-tls-verify=false docker://{host}/org/chart:1 oci:out:1")


def _serving(scene: Scene, body: bytes, media_type: str) -> str:
    def fault(exchange: Exchange) -> bool:
        exchange.reply(200, body, {"Content-Type": media_type})
        return True

    return failing(scene, fault, "", "/manifests/").host


@rules(DIGEST, "crane", live=True)
def crane_changed_layer(scene: Scene) -> None:
    """Pull with crane an image one of whose layers arrives changed."""
    host = failing(scene, corrupt(), "GET", "/blobs/", skip=1).host
    scene.step(f"crane pull {host}/org/app:1.4.2 app.tar")


@rules(DIGEST, "skopeo")
def skopeo_changed_layer(scene: Scene) -> None:
    """Copy with skopeo an image one of whose layers arrives changed."""
    host = failing(scene, corrupt(), "GET", "/blobs/", skip=1).host
    scene.step(f"skopeo copy --src-tls-verify=false docker://{host}/org/app:1.4.2 dir:out")


@held(DIGEST, "buildah", style=Style.ACTIONS)
def buildah_changed_config(scene: Scene) -> None:
    """Pull with buildah an image whose configuration arrives changed."""
    host = failing(scene, corrupt(), "GET", "/blobs/").host
    containers(scene)
    scene.step(f"buildah pull --tls-verify=false {host}/org/app:1.4.2")


@held(DIGEST, "crane")
def crane_changed_manifest(scene: Scene) -> None:
    """Ask with crane for a manifest by digest that arrives changed."""
    registry = failing(scene, corrupt(), "GET", "/manifests/")
    digest = scene.setup(f"crane digest {registry.host}/org/app:1.4.2").strip()
    scene.step(f"crane validate --remote {registry.host}/org/app@{digest}")


@held(DIGEST, "buildx")
def buildx_changed_base(scene: Scene) -> None:
    """Build with BuildKit from a base image whose layers arrive changed."""
    host = failing(scene, corrupt(), "GET", "/blobs/").host
    builder(scene)
    scene.file("Dockerfile", f"FROM {host}/org/app:1.4.2\nCOPY Dockerfile /\n")
    scene.step("buildx build --progress=plain --output type=oci,dest=out.tar .")


@rules(TAG, "crane", live=True)
def crane_immutable_tag_ecr(scene: Scene) -> None:
    """Push with crane to a registry whose tags are immutable, in the words of Amazon's."""
    said = (
        "The image tag '1.4.2' already exists in the 'org/app' repository and cannot be overwritten "
        "because the repository is immutable."
    )
    host = failing(scene, refuse(400, "TAG_INVALID", said), "PUT", "/manifests/").host
    sample(scene, "new", config={"Entrypoint": ["/new"]})
    scene.step(f"crane push new {host}/org/app:1.4.2")


@held(TAG, "skopeo", style=Style.ACTIONS)
def skopeo_immutable_tag_harbor(scene: Scene) -> None:
    """Push with skopeo to a registry whose tags are immutable, in the words of Harbor's."""
    said = "Failed to process request due to 'app:1.4.2' configured as immutable."
    host = failing(scene, refuse(412, "PRECONDITION", said), "PUT", "/manifests/1").host
    sample(scene, "new", config={"Entrypoint": ["/new"]})
    scene.step(f"skopeo copy --all --dest-tls-verify=false oci:new docker://{host}/org/app:1.4.2")


@held(TAG, "buildx")
def buildx_immutable_tag_ecr(scene: Scene) -> None:
    """Push with buildx to a registry whose tags are immutable, in the words of Amazon's."""
    said = (
        "The image tag '2026.3' already exists in the 'team/web' repository and cannot be overwritten "
        "because the tag is immutable."
    )
    host = failing(scene, refuse(400, "TAG_INVALID", said), "PUT", "/manifests/2026").host
    builder(scene)
    scene.file("Dockerfile", "FROM scratch\nCOPY Dockerfile /\n")
    scene.step(f"buildx build --progress=plain --push -t {host}/team/web:2026.3 .")
