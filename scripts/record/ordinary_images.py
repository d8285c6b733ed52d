"""Images that do not build because their own Dockerfile says so: no cause of this runbook."""

from scripts.record.case import Style, held, rules
from scripts.record.scene import Scene
from scripts.record.servers import builder, containers
from tests.support.real_image import real_image

UNKNOWN = "unknown"
_BUILD = "buildx build --build-context base=oci-layout://base --progress=plain -o type=oci,dest=out.tar ."


def _base(scene: Scene) -> None:
    builder(scene)
    scene.setup(f"cp -r {real_image()} base")


@rules(UNKNOWN, "buildx")
def ordinary_copy_missing(scene: Scene) -> None:
    """A Dockerfile copies a file that is not in the context."""
    builder(scene)
    scene.file("Dockerfile", "FROM scratch\nCOPY dist/app /app\n")
    scene.step("buildx build --progress=plain -o type=oci,dest=out.tar .")


@held(UNKNOWN, "buildah", style=Style.ACTIONS)
def ordinary_copy_missing_buildah(scene: Scene) -> None:
    """A Dockerfile adds a file that is not in the context, with buildah."""
    containers(scene)
    scene.file("Containerfile", "FROM scratch\nADD target/release/app /app\n")
    scene.step("buildah build .")


@rules(UNKNOWN, "buildx", style=Style.ACTIONS)
def ordinary_dockerfile_syntax(scene: Scene) -> None:
    """A Dockerfile has an instruction that does not exist."""
    builder(scene)
    scene.file("Dockerfile", "FROM scratch\nCOPPY . /app\n")
    scene.step("buildx build --progress=plain -o type=oci,dest=out.tar .")


@held(UNKNOWN, "buildah")
def ordinary_dockerfile_syntax_buildah(scene: Scene) -> None:
    """A Dockerfile has an instruction that does not exist, with buildah."""
    containers(scene)
    scene.file("Dockerfile", 'FROM scratch\nENTRYPIONT ["/app"]\n')
    scene.step("buildah build -f Dockerfile .")


@rules(UNKNOWN, "buildx")
def ordinary_run_fails(scene: Scene) -> None:
    """A step of a Dockerfile fails: its own check."""
    _base(scene)
    scene.file(
        "Dockerfile",
        "FROM base\nRUN test -f /etc/app.conf || { echo 'app.conf is not there'; exit 3; }\n",
    )
    scene.step(_BUILD)


@held(UNKNOWN, "buildx", style=Style.ACTIONS)
def ordinary_run_permission(scene: Scene) -> None:
    """A step of a Dockerfile runs a script that is not executable: `permission denied`, and no registry."""
    _base(scene)
    scene.file("install.sh", "#!/bin/sh\necho installed\n").chmod(0o644)
    scene.file("Dockerfile", "FROM base\nCOPY install.sh /install.sh\nRUN /install.sh\n")
    scene.step(_BUILD)


@held(UNKNOWN, "buildx")
def ordinary_unknown_stage(scene: Scene) -> None:
    """A build names a stage that the Dockerfile does not have."""
    builder(scene)
    scene.file("Dockerfile", "FROM scratch AS build\nCOPY Dockerfile /\n")
    scene.step("buildx build --target release --progress=plain -o type=oci,dest=out.tar .")
