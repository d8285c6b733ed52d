"""The machine has no more room: disks that are full, memory that is used up."""

from scripts.record.case import Style, held, rules
from scripts.record.releases import project
from scripts.record.scans import sbom
from scripts.record.scene import Scene
from scripts.record.servers import builder, containers, plain, sample
from shipseal._internal.limits import MIB
from tests.support.real_image import real_image

FULL, MEMORY = "resource.disk-full", "resource.out-of-memory"
_SMALL = "size=256k"


def _large(scene: Scene) -> str:
    """Run a registry with an image of a megabyte or so that cannot be packed small, and return its host."""
    import random  # noqa: PLC0415 - noise, no secrets

    noise = random.Random(8).randbytes(MIB)
    from shipseal.testing.contents import plain as file_of  # noqa: PLC0415

    sample(
        scene, layers=lambda platform: [{"opt/data": file_of(noise)}], platforms=("linux/amd64",)
    )
    return plain(scene).host


@rules(FULL, "crane", live=True)
def crane_disk_full(scene: Scene) -> None:
    """Pull with crane to a disk that is too small."""
    host = _large(scene)
    scene.step(f"crane pull {host}/org/app:1.4.2 disk/app.tar", disk=_SMALL)


@rules(FULL, "tar", style=Style.ACTIONS)
def tar_disk_full(scene: Scene) -> None:
    """Unpack an archive to a disk that is too small."""
    scene.setup(
        "mkdir data; for n in 1 2 3 4 5 6; do head -c 90000 /dev/urandom > data/$n; done; tar -cf data.tar data"
    )
    scene.step("tar -xf data.tar -C disk", disk=_SMALL)


@held(FULL, "skopeo")
def skopeo_disk_full(scene: Scene) -> None:
    """Copy with skopeo to a disk that is too small."""
    host = _large(scene)
    scene.step(
        f"skopeo copy --src-tls-verify=false docker://{host}/org/app:1.4.2 oci:disk/out:1",
        disk=_SMALL,
    )


@held(FULL, "buildah", style=Style.ACTIONS)
def buildah_disk_full(scene: Scene) -> None:
    """Pull with buildah to a storage that is too small."""
    host = _large(scene)
    containers(scene)
    storage = scene.folder / "containers" / "storage.conf"
    storage.write_text(
        storage.read_text().replace(
            str(scene.folder / "containers" / "graph"), str(scene.work / "disk" / "graph")
        )
    )
    scene.step(f"buildah pull --tls-verify=false {host}/org/app:1.4.2", disk="size=700k")


@held(FULL, "syft", style=Style.ACTIONS)
def syft_disk_full(scene: Scene) -> None:
    """Catalogue with Syft with too little room for temporary files."""
    host = _large(scene)
    scene.step(
        f"syft scan registry:{host}/org/app:1.4.2 -o spdx-json=sbom.json",
        disk=_SMALL,
        TMPDIR=str(scene.work / "disk"),
    )


@rules(FULL, "syft")
def syft_sbom_disk_full(scene: Scene) -> None:
    """Catalogue with Syft and write the SBOM to a disk that is full."""
    sbom(scene)
    scene.step(
        "head -c 300000 /dev/zero > disk/cache 2>/dev/null || true\n"
        "syft scan oci-dir:image -o spdx-json=disk/sbom.json",
        disk=_SMALL,
    )


@held(FULL, "python")
def python_disk_full(scene: Scene) -> None:
    """Write with Python to a disk that is full."""
    scene.file(
        "dump.py",
        "from pathlib import Path\n\nPath('disk/report.json').write_text('[0]' * 400_000)\n",
    )
    scene.step("python dump.py", disk=_SMALL)


@held(FULL, "gcc", style=Style.ACTIONS)
def gcc_disk_full(scene: Scene) -> None:
    """Compile to a disk that is full."""
    scene.file("big.c", "static char blob[900000] = {1};\nint main(void) { return blob[9]; }\n")
    scene.step("gcc -c big.c -o disk/big.o", disk=_SMALL)


@held(FULL, "git")
def git_disk_full(scene: Scene) -> None:
    """Clone with git to a disk that is too small."""
    scene.setup(
        "git init -q up; cd up; head -c 900000 /dev/urandom > blob;"
        " git add .; git -c user.name=a -c user.email=a@example.org commit -qm x"
    )
    scene.step("git clone file://$PWD/up disk/app", disk=_SMALL)


@rules(FULL, "shipseal")
def shipseal_release_disk_full(scene: Scene) -> None:
    """Release with a state folder on a disk that is too small."""
    project(scene)
    scene.step(
        "shipseal release --version 1.4.2", disk="size=16k", SHIPSEAL_STATE=str(scene.work / "disk")
    )


@rules(MEMORY, "syft", style=Style.ACTIONS, live=True)
def syft_killed_for_memory(scene: Scene) -> None:
    """Catalogue the real image with Syft in a control group with little memory."""
    scene.environment["IMAGE"] = str(real_image())
    scene.step(
        'syft scan "oci-dir:$IMAGE" -o spdx-json=sbom.spdx.json\ntest -s sbom.spdx.json',
        memory=24 * MIB,
    )


@rules(MEMORY, "java")
def java_heap(scene: Scene) -> None:
    """Run a Java program that needs more heap than it may have."""
    scene.file(
        "Big.java",
        "public class Big { public static void main(String[] a) {"
        " long[] x = new long[400_000_000]; System.out.println(x.length); } }\n",
    )
    scene.step("java -Xmx64m Big.java")


@held(MEMORY, "syft", style=Style.ACTIONS)
def go_tool_out_of_memory(scene: Scene) -> None:
    """Run Syft with an address space that is too small, as `ulimit -v` does."""
    scene.environment["IMAGE"] = str(real_image())
    scene.step(
        'ulimit -v 500000\nsyft scan "oci-dir:$IMAGE" -o spdx-json=sbom.json 2>&1 | head -n 40'
        '\nexit "${PIPESTATUS[0]}"',
        GOTRACEBACK="single",
    )


@held(MEMORY, "node")
def node_heap(scene: Scene) -> None:
    """Run a Node program that needs more heap than it may have."""
    scene.file("build.js", "const all = [];\nfor (;;) all.push(new Array(1e5).fill({ a: 1 }));\n")
    scene.step("node --max-old-space-size=40 build.js")


@held(MEMORY, "python", style=Style.ACTIONS)
def python_memory(scene: Scene) -> None:
    """Run a Python program that needs more memory than it may have."""
    scene.file("merge.py", "rows = [0] * (1 << 30)\nprint(len(rows))\n")
    scene.step("ulimit -v 900000\npython merge.py")


@held(MEMORY, "buildx", also=("tool.crashed",), style=Style.ACTIONS)
def buildx_run_killed(scene: Scene) -> None:
    """Build with BuildKit where a RUN step is killed, as by the kernel."""
    builder(scene)
    scene.setup(f"cp -r {real_image()} base")
    scene.file("Dockerfile", "FROM base\nRUN echo compiling; sh -c 'kill -KILL $$'\n")
    scene.step(
        "buildx build --build-context base=oci-layout://base --progress=plain -o type=oci,dest=out.tar ."
    )
