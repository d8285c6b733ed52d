"""The point of shipseal in a minute: a bad image refused, the mended one released and verified, a swapped one rejected.

Everything happens in ``build/demo``: two OCI layouts stand for two registries, a key made on the spot for the release
key. Each command is printed as it is run, so that it can be run again by hand; the exit status of each is checked.
"""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from demo.thief import swap_image

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
PLACE = ROOT / "build" / "demo"
SHIPSEAL = Path(sys.executable).with_name("shipseal")

PICTURE = """
  courier 1.0.0 with paramiko {old}          courier 1.0.0 with paramiko {fixed}
  ---------------------------------          ---------------------------------
  build   2 platforms                        build   2 platforms
  SBOM    Syft                               SBOM    Syft
  gate    CVE-2018-7750 critical   X         gate    nothing critical   ok
     |                                          |
     +--> exit {refused}: nothing signed,            sign    provenance, SBOMs, scans, seal
          no tag anywhere                    verify  read back from both places
                                                |
                         registry-a:1.0.0  <----+---->  registry-b:1.0.0
                         registry-a:1.0                 registry-b:1.0
                         registry-a:latest              registry-b:latest
                         {digest}

  a consumer asks                            shipseal verify registry-a:1.0.0   exit {verified}
  a consumer asks after a swap               shipseal verify registry-c:1.0.0   exit {rejected}
"""


class DemoError(Exception):
    """A step did not end as it should."""


@dataclass(frozen=True)
class Step:
    """One command, and what it must come to."""

    title: str
    words: Sequence[str]
    status: int


def main() -> int:
    """Run the demo and return 0 when every command ended as it should."""
    started = time.monotonic()
    fresh_folder()
    install("vulnerable")
    run(Step("A key for this demo, encrypted at rest", ["key", "generate", "--out", "cosign"], 0))
    refused = run(
        Step("Release an image with an old package", ["release", "--version", "1.0.0"], 2)
    )
    expect_untouched()
    install("fixed")
    run(Step("The same command, the package mended", ["release", "--version", "1.0.0"], 0))
    verified = run(Step("Is it genuine? As a consumer asks", verify("registry-a"), 0))
    shutil.copytree(PLACE / "registry-a", PLACE / "registry-c")
    swap_image(PLACE / "registry-c", "1.0.0")
    rejected = run(Step("Somebody swaps the image behind the tag", verify("registry-c"), 3))
    facts = {"refused": refused, "verified": verified, "rejected": rejected}
    print(
        PICTURE.format(
            old=version("vulnerable"), fixed=version("fixed"), digest=released_digest(), **facts
        )
    )
    print(f"{time.monotonic() - started:.0f} s. Everything is in {PLACE.relative_to(ROOT)}: try")
    print(f"  cd {PLACE.relative_to(ROOT)} && ../../.venv/bin/shipseal release show")
    return 0


def fresh_folder() -> None:
    """Make ``build/demo`` anew with the demo's configuration, application and advisories; wheels are kept."""
    for entry in PLACE.iterdir() if PLACE.exists() else ():
        if entry.name != "wheels":
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
    PLACE.mkdir(parents=True, exist_ok=True)
    shutil.copy(HERE / "shipseal.yaml", PLACE)
    shutil.copytree(HERE / "app", PLACE / "app")
    shutil.copytree(HERE / "advisories", PLACE / "advisories")


def install(name: str) -> None:
    """Put one version of the dependency into ``site-packages``; it is fetched once and checked by its hash."""
    wheels, target = PLACE / "wheels" / name, PLACE / "site-packages"
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    if not list(wheels.glob("*.whl")):
        fetch = [
            "--no-deps",
            "--require-hashes",
            "--only-binary",
            ":all:",
            "-r",
            str(HERE / f"{name}.txt"),
        ]
        subprocess.run([*pip, "download", "-d", str(wheels), *fetch], check=True)
    shutil.rmtree(target, ignore_errors=True)
    wheel = str(next(iter(wheels.glob("*.whl"))))
    options = ["--no-index", "--no-deps", "--no-compile", "--target", str(target)]
    subprocess.run([*pip, "install", *options, wheel], check=True)


def version(name: str) -> str:
    """Return the version of the dependency that ``NAME.txt`` pins."""
    pin = next(line for line in (HERE / f"{name}.txt").read_text().splitlines() if "==" in line)
    return pin.partition("==")[2].split()[0]


def run(step: Step) -> int:
    """Run one command of shipseal in ``build/demo`` and return its exit status, which must be the expected one."""
    print(f"\n\033[1m{step.title}\033[0m" if sys.stdout.isatty() else f"\n{step.title}")
    print(f"$ shipseal {' '.join(step.words)}", flush=True)
    env = {key: value for key, value in os.environ.items() if not key.startswith("SHIPSEAL_")}
    env |= {"SHIPSEAL_KEY_PASSWORD": "demo-only", "SHIPSEAL_CACHE": str(PLACE / "cache")}
    status = subprocess.run([SHIPSEAL, *step.words], cwd=PLACE, env=env, check=False).returncode
    print(f"(exit {status})", flush=True)
    if status != step.status:
        raise DemoError(f"{step.title}: expected exit {step.status}, got {status}")
    return status


def verify(registry: str) -> list[str]:
    """Return the command line of a consumer who trusts the demo's key."""
    return ["verify", f"oci:{registry}:1.0.0", "--key", "cosign.pub"]


def expect_untouched() -> None:
    """Check that the refused release left no tag."""
    for name in ("registry-a", "registry-b"):
        index = PLACE / name / "index.json"
        if index.exists() and "org.opencontainers.image.ref.name" in index.read_text():
            raise DemoError(f"{name}: a refused release moved a tag")


def released_digest() -> str:
    """Return the digest that the released tag names."""
    index = json.loads((PLACE / "registry-a" / "index.json").read_text())
    named = "org.opencontainers.image.ref.name"
    return next(
        str(entry["digest"])
        for entry in index["manifests"]
        if entry.get("annotations", {}).get(named) == "1.0.0"
    )


if __name__ == "__main__":
    try:
        raise SystemExit(main())
    except (DemoError, subprocess.CalledProcessError) as error:
        raise SystemExit(f"demo: {error}") from error
