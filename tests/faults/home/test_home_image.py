"""Images and base images that vanish: before a build, in the middle of it, and in the middle of a release."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from shipseal._internal.retry import RetryPolicy
from shipseal.build.interface import BuiltImage
from shipseal.errors import Exit
from shipseal.oci import Digest
from shipseal.oci.reference import Reference
from shipseal.registry.docker_config import DockerCredentials
from shipseal.registry.factory import open_target
from shipseal.release import runner
from shipseal.release.context import Context
from shipseal.release.steps.build import build
from shipseal.testing.damage import remove_blob
from shipseal.testing.images import SampleImage, build_layout
from shipseal.testing.registry_simulator import RegistrySimulator
from tests.faults.home_rows import IMAGE
from tests.support.clocks import StoppedClock
from tests.support.home_project import HomeProject, check_row, settle
from tests.support.push import push_sample


@pytest.fixture
def registry() -> Iterator[RegistrySimulator]:
    with RegistrySimulator() as simulator:
        yield simulator


def base_in(registry: RegistrySimulator, folder: Path) -> tuple[SampleImage, str]:
    """Put a base image into the registry, and return it with its reference."""
    sample = build_layout(folder / "base", platforms=("linux/amd64", "linux/arm64"))
    name = f"{registry.host}/base"
    target = open_target(
        name,
        base=folder,
        hosts={},
        credentials=DockerCredentials({}),
        clock=StoppedClock(),
        policy=RetryPolicy(tries=1),
    )
    try:
        push_sample(target, sample)
    finally:
        target.close()
    return sample, str(Reference.parse(f"{name}@{sample.digest}"))


@pytest.mark.parametrize(
    "key", [pytest.param("base-gone", marks=pytest.mark.faults), "base-layer-gone"]
)
def test_a_base_image_that_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, registry: RegistrySimulator, key: str
) -> None:
    settle(monkeypatch, tmp_path / "cache")
    sample, reference = base_in(registry, tmp_path)
    app = [{"files": {"./tools/spdx.json": "/app/data"}}]
    project = HomeProject(
        tmp_path / "project", build={"builder": "layers", "base": reference, "layers": app}
    )
    undisturbed = project.undisturbed()
    kept = registry.repository("base")
    gone: dict[str, Any] = kept.manifests if key == "base-gone" else kept.blobs
    digest = sample.digest if key == "base-gone" else layer_of(sample)
    saved = gone.pop(digest)
    check_row(IMAGE[key], project.ship(), (digest, registry.host))
    assert project.public() == {} or project.tags("a") == {}
    gone[digest] = saved
    again = project.ship()
    assert again.exit == Exit.OK, again
    assert project.public() == undisturbed


def layer_of(sample: SampleImage) -> Digest:
    return sample.layers["linux/amd64"][0].descriptor.digest


def test_a_blob_that_vanishes_before_it_is_uploaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settle(monkeypatch, tmp_path / "cache")
    project = HomeProject(tmp_path / "project")
    undisturbed = project.undisturbed()
    sample = project.build()

    def build_and_lose(ctx: Context) -> BuiltImage:
        built = build(ctx)
        remove_blob(sample, layer_of(sample))
        return built

    with monkeypatch.context() as fault:
        fault.setattr(runner, "build", build_and_lose)
        told = project.ship()
    check_row(IMAGE["blob-gone"], told, (layer_of(sample).partition(":")[2], "build or copy"))
    assert project.tags("a") == project.tags("b") == {}
    project.build()
    again = project.ship()
    assert again.exit == Exit.OK, again
    assert project.public() == undisturbed


@pytest.mark.faults
def test_a_blob_that_vanishes_before_a_resume(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settle(monkeypatch, tmp_path / "cache")
    project = HomeProject(tmp_path / "project")
    undisturbed = project.undisturbed()
    sample = project.build()
    project.fault("syft-fault", "exit 1")
    monkeypatch.setenv("SHIPSEAL_CACHE", str(tmp_path / "cold"))
    assert project.ship().exit == Exit.OUTSIDE
    project.mend()
    remove_blob(sample, layer_of(sample))
    told = project.resume()
    check_row(IMAGE["blob-gone-later"], told, (layer_of(sample), "build or copy"))
    assert re.search("the image of the last run is not here any more", told.err)
    assert project.tags("a") == project.tags("b") == {}
    project.build()
    again = project.resume()
    assert again.exit == Exit.OK, again
    assert project.public() == undisturbed


def test_every_row_has_its_test() -> None:
    source = Path(__file__).read_text(encoding="utf-8")
    assert [key for key in IMAGE if f'"{key}"' not in source] == []
