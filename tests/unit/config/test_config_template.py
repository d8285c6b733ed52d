"""What `shipseal init` would write fits what is there, and loads."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shipseal.config.build_model import LayersBuild
from shipseal.config.load import LoadedConfig, load
from shipseal.config.repository import Repository, look
from shipseal.config.template import configuration


def written(folder: Path, remote: str = "", builder: str = "buildx") -> LoadedConfig:
    text = configuration(look(folder, remote=remote), dockerfile_builder=builder)
    path = folder / "shipseal.yaml"
    path.write_text(text, encoding="utf-8")
    return load(path, env={}, overrides={}, cwd=folder)


def layout(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
    (folder / "index.json").write_text('{"schemaVersion": 2, "manifests": []}')


def build_of(loaded: LoadedConfig) -> dict[str, object]:
    return dict(loaded.config.build)


def sources(loaded: LoadedConfig) -> list[Path]:
    build = loaded.config.build
    assert isinstance(build, LayersBuild)
    return [entry.from_ for layer in build.layers for entry in layer.files]


@pytest.mark.parametrize("name", ["Dockerfile", "Containerfile"])
@pytest.mark.parametrize("builder", ["buildx", "buildah"])
def test_a_dockerfile_is_built(tmp_path: Path, name: str, builder: str) -> None:
    (tmp_path / name).touch()
    loaded = written(tmp_path, builder=builder)
    build = build_of(loaded)
    assert (build["builder"], build["context"], build["file"]) == (
        builder,
        tmp_path,
        tmp_path / name,
    )
    assert loaded.config.platforms == ("linux/amd64", "linux/arm64")


def test_a_dockerfile_below_is_found(tmp_path: Path) -> None:
    (tmp_path / "services/api").mkdir(parents=True)
    (tmp_path / "services/api/Dockerfile").touch()
    (tmp_path / "node_modules/x").mkdir(parents=True)
    (tmp_path / "node_modules/x/Dockerfile").touch()
    assert build_of(written(tmp_path))["context"] == tmp_path / "services/api"


def test_a_layout_is_taken(tmp_path: Path) -> None:
    layout(tmp_path / "build/image")
    loaded = written(tmp_path)
    assert build_of(loaded)["builder"] == "prebuilt"
    assert build_of(loaded)["layout"] == tmp_path / "build/image"
    assert loaded.config.platforms == ()


def test_a_folder_that_is_a_layout_is_taken(tmp_path: Path) -> None:
    layout(tmp_path)
    assert build_of(written(tmp_path))["layout"] == tmp_path


def test_a_dockerfile_comes_before_a_layout(tmp_path: Path) -> None:
    layout(tmp_path / "image")
    (tmp_path / "Dockerfile").touch()
    assert build_of(written(tmp_path))["builder"] == "buildx"


def test_an_empty_folder_becomes_layers(tmp_path: Path) -> None:
    loaded = written(tmp_path)
    assert sources(loaded) == [tmp_path / "dist"]
    assert loaded.config.targets == (f"oci:{tmp_path}/build/images",)


def test_what_was_built_becomes_a_layer(tmp_path: Path) -> None:
    (tmp_path / "target/release").mkdir(parents=True)
    assert sources(written(tmp_path)) == [tmp_path / "target/release"]


@pytest.mark.parametrize(
    ("remote", "image", "target"),
    [
        ("https://github.com/Org/My.App", "my.app", "ghcr.io/org/my.app"),
        ("https://gitlab.com/group/sub/app", "app", "registry.gitlab.com/group/sub/app"),
        ("https://git.example.org/org/app", "app", "oci:"),
        ("https://github.com/org/___", "app", "oci:"),
    ],
)
def test_the_remote_names_image_source_and_target(
    tmp_path: Path, remote: str, image: str, target: str
) -> None:
    config = written(tmp_path, remote).config
    assert config.image == image
    assert config.source == remote
    assert config.targets[0].startswith(target)


def test_a_key_that_is_there_is_used(tmp_path: Path) -> None:
    (tmp_path / "cosign.key").touch()
    assert written(tmp_path).config.sign.key == tmp_path / "cosign.key"


def test_a_large_tree_is_not_walked_to_its_end(tmp_path: Path) -> None:
    for number in range(600):
        (tmp_path / f"d{number:03}").mkdir()
    (tmp_path / "d599/Dockerfile").touch()
    assert look(tmp_path, remote="").dockerfile == ""


@given(
    name=st.text(st.characters(exclude_categories=("Cc", "Cs")), max_size=30),
    path=st.text(
        st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp")), min_size=1, max_size=30
    ),
)
def test_no_name_of_a_folder_breaks_the_file(
    name: str, path: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.getbasetemp()
    image = look(folder / name.replace("/", "-").strip(".") / "x", remote=f"https://h/{name}").name
    found = Repository(image, "", "", f"./{path}", "", "", "")
    text = configuration(found, dockerfile_builder="buildah")
    (folder / "shipseal.yaml").write_text(text, encoding="utf-8")
    loaded = load(folder / "shipseal.yaml", env={}, overrides={}, cwd=folder)
    assert loaded.config.image == image
