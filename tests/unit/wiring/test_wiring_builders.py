"""What ``build:`` says reaches the builder that it names, to the last key."""

from pathlib import Path

import msgspec
import pytest

from shipseal._internal.clock import SystemClock
from shipseal.build.buildah import BuildahBuilder, BuildahOptions
from shipseal.build.buildx import BuildxBuilder
from shipseal.build.buildx_command import BuildxOptions
from shipseal.build.interface import Builder
from shipseal.build.layers import LayersBuilder
from shipseal.build.prebuilt import PrebuiltBuilder
from shipseal.build.recipe import Recipe
from shipseal.build.secrets import BuildSecret
from shipseal.config.load import load
from shipseal.errors import ConfigError
from shipseal.oci.compression import decompressed
from shipseal.oci.tar_stream import read_tar
from shipseal.testing.images import build_layout
from shipseal.wiring.builders import builder_for
from shipseal.wiring.targets import Connections
from tests.support.build_requests import build_request


def wired(folder: Path, build: str) -> Builder:
    """Return the builder for a ``build:`` section in ``folder``."""
    file = folder / "shipseal.yaml"
    file.write_text(f"image: app\ntargets: ['oci:out']\nbuild: {build}\n", encoding="utf-8")
    config = load(file, env={}, overrides={}).config
    return builder_for(config.build, Connections(config, folder, SystemClock()))


def test_every_key_of_the_layers_builder_reaches_the_image(tmp_path: Path) -> None:
    (tmp_path / "app").write_bytes(b"#!/bin/sh\n")
    (tmp_path / "only-arm").write_bytes(b"arm")
    builder = wired(
        tmp_path,
        """
  builder: layers
  layers:
    - files: [{from: app, to: /opt/app, mode: "0755", owner: "1000:2000"}]
    - {files: {only-arm: /opt/extra}, platform: linux/arm64}
  entrypoint: [/opt/app]
  cmd: [--serve]
  env: {MODE: production}
  labels: {team: payments}
  user: "1000"
  workdir: /opt
  ports: ["8080"]
""",
    )
    built = builder.build(build_request(tmp_path))
    amd, arm = built.image.platforms
    assert (len(amd.manifest.layers), len(arm.manifest.layers)) == (1, 2)
    settings = msgspec.json.decode(built.layout.read_config(amd.manifest.config))["config"]
    assert settings == {
        "Entrypoint": ["/opt/app"],
        "Cmd": ["--serve"],
        "Env": settings["Env"],
        "Labels": settings["Labels"],
        "User": "1000",
        "WorkingDir": "/opt",
        "ExposedPorts": {"8080/tcp": {}},
    }
    assert "MODE=production" in settings["Env"]
    assert settings["Labels"]["team"] == "payments"
    layer = decompressed(built.layout.open_blob(amd.manifest.layers[0]), what="layer")
    (entry,) = (entry for entry in read_tar(layer, what="layer") if entry.path == "opt/app")
    assert (entry.mode, entry.uid, entry.gid) == (0o755, 1000, 2000)


def test_an_owner_without_a_group_has_his_own(tmp_path: Path) -> None:
    (tmp_path / "app").write_bytes(b"x")
    entry = '{files: [{from: app, to: /app, owner: "7"}]}'
    builder = wired(tmp_path, f"{{builder: layers, layers: [{entry}]}}")
    assert isinstance(builder, LayersBuilder)
    (file,) = builder._options.layers[0].files
    assert (file.uid, file.gid, file.mode) == (7, 7, None)


def test_a_prebuilt_layout_is_found_under_its_name(tmp_path: Path) -> None:
    wanted = build_layout(tmp_path / "image", ref="wanted")
    build_layout(tmp_path / "image", ref="other", config={"Entrypoint": ["/other"]})
    builder = wired(tmp_path, "{builder: prebuilt, layout: ./image, ref: wanted}")
    assert isinstance(builder, PrebuiltBuilder)
    assert builder.build(build_request(tmp_path)).image.digest == wanted.digest


def test_the_base_of_a_prebuilt_image_is_named_by_digest(tmp_path: Path) -> None:
    base = f"ghcr.io/org/base@sha256:{'1' * 64}"
    builder = wired(tmp_path, f"{{builder: prebuilt, layout: ./image, base: '{base}'}}")
    assert isinstance(builder, PrebuiltBuilder)
    assert builder._options.base == base
    with pytest.raises(ConfigError, match=r"base: .*by digest"):
        wired(tmp_path, "{builder: prebuilt, layout: ./image, base: 'ghcr.io/org/base:1'}")


_RECIPE = """
  context: ./src
  file: ./src/Special
  target: release
  args: {A: 1}
  secrets: {npm: {env: NPM_TOKEN}, netrc: {file: ./netrc}}
"""


def recipe_of(folder: Path) -> Recipe:
    return Recipe(
        context=folder / "src",
        file=folder / "src/Special",
        target="release",
        build_args={"A": "1"},
        secrets=(BuildSecret("npm", env="NPM_TOKEN"), BuildSecret("netrc", file=folder / "netrc")),
    )


def test_every_key_of_a_dockerfile_reaches_buildah(tmp_path: Path) -> None:
    builder = wired(tmp_path, f"\n  builder: buildah{_RECIPE}")
    assert isinstance(builder, BuildahBuilder)
    assert builder._options == BuildahOptions(recipe=recipe_of(tmp_path))


def test_every_key_of_buildah_alone_reaches_it(tmp_path: Path) -> None:
    builder = wired(tmp_path, "{builder: buildah, format: docker, tls_verify: false}")
    assert isinstance(builder, BuildahBuilder)
    assert (builder._options.format, builder._options.tls_verify) == ("docker", False)


def test_every_key_of_a_dockerfile_reaches_buildx(tmp_path: Path) -> None:
    more = "  builder_name: fast\n  cache: {from: [type=gha], to: ['type=gha,mode=max']}\n"
    builder = wired(tmp_path, f"\n  builder: buildx{_RECIPE}{more}")
    assert isinstance(builder, BuildxBuilder)
    assert builder._options == BuildxOptions(
        recipe=recipe_of(tmp_path),
        builder="fast",
        cache_from=("type=gha",),
        cache_to=("type=gha,mode=max",),
    )


def test_what_buildah_cannot_use_is_no_key_of_it(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"cache: unknown key|build\.cache"):
        wired(tmp_path, "{builder: buildah, cache: {from: [type=gha]}}")
