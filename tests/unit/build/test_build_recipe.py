"""What both outside builders are told: the files, and secrets by name only."""

from pathlib import Path

import pytest

from shipseal._internal.redact import redact
from shipseal.build.recipe import Recipe
from shipseal.build.secrets import BuildSecret, secret_flags
from shipseal.errors import Code, ConfigError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with a context that holds a Dockerfile."""
    (tmp_path / "image").mkdir()
    (tmp_path / "image" / "Dockerfile").write_text("FROM scratch\n")
    return tmp_path


def test_flags_are_sorted_and_the_context_is_last(folder: Path) -> None:
    recipe = Recipe(
        context=Path("image"),
        target="final",
        build_args={"B": "2", "A": "1"},
        labels={"l": "x"},
        annotations={"a": "y"},
    )
    words, handed = recipe.arguments(folder)
    assert words == [
        f"--file={folder}/image/Dockerfile", "--target=final", "--build-arg=A=1", "--build-arg=B=2",
        "--label=l=x", "--annotation=a=y", f"{folder}/image",
    ]  # fmt: skip
    assert handed == {}


def test_a_containerfile_comes_before_a_dockerfile_and_a_named_one_before_both(
    folder: Path,
) -> None:
    (folder / "image" / "Containerfile").write_text("FROM scratch\n")
    (folder / "other").write_text("FROM scratch\n")
    assert Recipe(Path("image")).arguments(folder)[0][0].endswith("/image/Containerfile")
    assert Recipe(Path("image"), Path("other")).arguments(folder)[0][0].endswith("/other")


@pytest.mark.parametrize(
    "recipe", [Recipe(Path("none")), Recipe(Path()), Recipe(Path("image"), Path("none"))]
)
def test_missing_files_are_a_matter_of_configuration(folder: Path, recipe: Recipe) -> None:
    with pytest.raises(ConfigError, match="no") as caught:
        recipe.arguments(folder)
    assert caught.value.code is Code.CONFIG_INVALID


def test_a_secret_is_handed_over_by_name_and_never_stands_in_an_argument(folder: Path) -> None:
    (folder / "token").write_text("file-secret")
    secrets = (BuildSecret("npm", env="NPM_TOKEN"), BuildSecret("pip", file=Path("token")))
    words, handed = secret_flags(secrets, folder, {"NPM_TOKEN": "hunter22-in-env"})
    assert words == ["--secret", "id=npm,env=NPM_TOKEN", "--secret", f"id=pip,src={folder}/token"]
    assert handed == {"NPM_TOKEN": "hunter22-in-env"}
    assert "hunter22-in-env" not in redact("the tool said hunter22-in-env")


@pytest.mark.parametrize(
    ("secret", "match"),
    [
        (BuildSecret("a", env="NOT_SET"), "NOT_SET is not set"),
        (BuildSecret("a", file=Path("none")), "no file"),
        (BuildSecret("a"), "either env or file"),
        (BuildSecret("a", env="E", file=Path("token")), "either env or file"),
    ],
)
def test_a_secret_that_is_not_there_is_said_before_the_build(
    folder: Path, secret: BuildSecret, match: str
) -> None:
    with pytest.raises(ConfigError, match=match):
        secret_flags([secret], folder, {})
