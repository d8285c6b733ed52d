"""Tools that are not there, and tools that end as no tool should."""

import json

from scripts.record.case import Style, held, rules
from scripts.record.catalogues import stand_in
from scripts.record.releases import project
from scripts.record.scene import Scene
from scripts.record.servers import sample, with_password
from tests.support.real_image import real_image

MISSING, CRASHED = "tool.missing", "tool.crashed"


@rules(MISSING, "bash", live=True)
def bash_command_not_found(scene: Scene) -> None:
    """Run a tool that is not installed."""
    scene.step("oras push registry.example.org/org/app:1.4.2 sbom.spdx.json")


@rules(MISSING, "shipseal", style=Style.ACTIONS)
def shipseal_syft_missing(scene: Scene) -> None:
    """Release with the path of a Syft that is not there."""
    project(scene, sbom={"syft": "./tools/syft"})
    scene.step("shipseal release --version 1.4.2")


@rules(MISSING, "env")
def env_no_such_program(scene: Scene) -> None:
    """Run a script whose interpreter is not installed."""
    scene.file("release.sh", "#!/usr/bin/env fish\necho released\n").chmod(0o755)
    scene.step("./release.sh")


@held(MISSING, "sh", style=Style.ACTIONS)
def sh_not_found(scene: Scene) -> None:
    """Run a tool that is not installed from dash."""
    scene.file("scan.sh", "set -e\ntrivy image --exit-code 1 org/app:1.4.2\n")
    scene.step("sh scan.sh")


@rules(MISSING, "python")
def python_program_missing(scene: Scene) -> None:
    """Run from Python a tool that is not installed."""
    scene.file(
        "sign.py",
        "import subprocess\n\nsubprocess.run(['notation', 'sign', 'org/app:1.4.2'], check=True)\n",
    )
    scene.step("python sign.py")


@held(MISSING, "make", style=Style.ACTIONS)
def make_program_missing(scene: Scene) -> None:
    """Run from make a tool that is not installed."""
    scene.file("Makefile", "lint:\n\thadolint Dockerfile\n")
    scene.step("make lint")


@held(MISSING, "crane", also=("auth.registry-unauthorized",))
def crane_helper_missing(scene: Scene) -> None:
    """Pull with crane with a credential helper that is not installed."""
    host = with_password(scene).host
    scene.login(host, "x", "x")
    scene.file("../../../.docker/config.json", json.dumps({"credHelpers": {host: "ecr-login"}}))
    scene.step(f"crane manifest {host}/org/app:1.4.2")


@held(MISSING, "docker")
def docker_no_such_plugin(scene: Scene) -> None:
    """Use a plugin of docker that is not installed."""
    scene.step("docker scout cves org/app:1.4.2")


@rules(CRASHED, "syft", style=Style.ACTIONS, live=True)
def syft_segfault(scene: Scene) -> None:
    """Send Syft the signal of a bad memory access while it works."""
    scene.environment["IMAGE"] = str(real_image())
    scene.step(
        'syft scan "oci-dir:$IMAGE" -o spdx-json=sbom.json > syft.log 2>&1 &\n'
        "sleep 0.3; kill -SEGV $!\nwait $! || { status=$?; head -n 24 syft.log; exit $status; }"
    )


@rules(CRASHED, "bash")
def bash_bus_error(scene: Scene) -> None:
    """Run a program that ends by the signal of a bus error."""
    scene.file("pack.sh", "kill -BUS $$\n")
    scene.step("bash pack.sh\necho packed")


@rules("sbom.catalog-failed", "shipseal", also=(CRASHED,))
def shipseal_syft_crashes(scene: Scene) -> None:
    """Let shipseal run a Syft that ends with a bad memory access."""
    sample(scene, platforms=("linux/amd64",))
    stand_in(scene, "kill -SEGV $$")
    scene.step("shipseal sbom generate oci:image --syft ./syft --out sboms")


@rules(CRASHED, "go")
def go_panic(scene: Scene) -> None:
    """Run a Go tool that panics on a nil map."""
    scene.file("go.mod", "module example.org/sbomcheck\n\ngo 1.22\n")
    scene.file(
        "main.go", 'package main\n\nfunc main() {\n\tvar m map[string]int\n\tm["packages"] = 1\n}\n'
    )
    scene.setup("go build -o sbomcheck .")
    scene.step("./sbomcheck --image org/app:1.4.2")


@held(CRASHED, "grype", style=Style.ACTIONS)
def grype_aborted(scene: Scene) -> None:
    """Send Grype the signal of an abort while it works."""
    scene.step(
        "mkfifo sbom.json\ngrype sbom:sbom.json > grype.log 2>&1 &\n"
        "sleep 0.5; kill -ABRT $!\nwait $! || { status=$?; head -n 30 grype.log; exit $status; }",
        GRYPE_DB_AUTO_UPDATE="false",
    )


@held(CRASHED, "bash")
def bash_segfault(scene: Scene) -> None:
    """Run a C program that reads where it must not."""
    scene.file("probe.c", "int main(void) { volatile int *p = 0; return *p; }\n")
    scene.setup("gcc -w probe.c -o image-probe")
    scene.step("./image-probe org/app:1.4.2\necho done")


@held("sbom.catalog-failed", "shipseal", also=(CRASHED,), style=Style.ACTIONS)
def shipseal_syft_panics(scene: Scene) -> None:
    """Let shipseal run a Syft that panics."""
    sample(scene, platforms=("linux/amd64",))
    panic = "panic: runtime error: index out of range [3] with length 3"
    stand_in(scene, f"printf '{panic}\\n\\ngoroutine 1 [running]:\\nmain.main()\\n' >&2; exit 2")
    scene.step("shipseal sbom generate oci:image --syft ./syft --out sboms")


@held(CRASHED, "gcc")
def gcc_internal_error(scene: Scene) -> None:
    """Compile with a compiler whose inner program is ended by a bad memory access."""
    scene.file("bin/cc1", "#!/bin/sh\nkill -SEGV $$\n").chmod(0o755)
    scene.file("main.c", "int main(void) { return 0; }\n")
    scene.step("gcc -B bin/ -c main.c")
