"""Images from the real buildah."""

import re
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path

import pytest

from shipseal.build.buildah import BuildahBuilder, BuildahOptions
from shipseal.build.recipe import Recipe
from shipseal.build.secrets import BuildSecret
from shipseal.build.values import BuildRequest, BuiltImage
from shipseal.errors import Code, ShipsealError
from shipseal.oci import media_types as mt
from shipseal.oci.rootfs import RootFs
from shipseal.testing.images import build_layout
from tests.support import registries
from tests.support.build_requests import build_request
from tests.support.push import push_sample
from tests.support.registries import Registry
from tests.support.static_shell import shell
from tests.support.targets import open_repository
from tests.support.tools import need

pytestmark = pytest.mark.tools
DOCKER, PLAIN_HTTP = BuildahOptions(format="docker"), BuildahOptions(tls_verify=False)
COPY_ONLY = "FROM scratch\nARG WHO=nobody\nCOPY hello /hello\nLABEL who=$WHO\n"


@pytest.fixture(autouse=True)
def buildah() -> str:
    """Return the program, or skip."""
    return str(need("buildah"))


def context(folder: Path, containerfile: str, files: Mapping[str, bytes] | None = None) -> Path:
    for name, content in {"hello": b"hello\n", **(files or {})}.items():
        (folder / name).write_bytes(content)
        (folder / name).chmod(0o755)
    (folder / "Containerfile").write_text(containerfile)
    return folder


def build(
    folder: Path, request: BuildRequest | None = None, options: BuildahOptions | None = None
) -> BuiltImage:
    builder = BuildahBuilder(options or BuildahOptions())
    return builder.build(request or build_request(folder))


def failure(
    folder: Path, request: BuildRequest | None = None, options: BuildahOptions | None = None
) -> ShipsealError:
    with pytest.raises(ShipsealError) as caught:
        build(folder, request, options)
    return caught.value


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    """Return a real registry."""
    with registries.distribution(tmp_path / "registry") as running:
        yield running


def test_a_build_for_two_platforms(tmp_path: Path) -> None:
    context(tmp_path, COPY_ONLY)
    recipe = Recipe(build_args={"WHO": "me"}, labels={"added": "yes"})
    built = build(tmp_path, options=BuildahOptions(recipe))
    assert built.image.root.media_type == mt.OCI_INDEX
    assert [str(one.platform) for one in built.image.platforms] == ["linux/amd64", "linux/arm64"]
    for one in built.image.platforms:
        labels = one.config.labels
        assert (labels["who"], labels["added"]) == ("me", "yes")
        assert one.manifest.layers[0].media_type == mt.OCI_LAYER_GZIP
        assert RootFs(built.layout, one.manifest).find("/hello") is not None
    assert re.fullmatch(r"buildah \d+\.\d+\S*", built.builder)
    (tool,) = built.materials
    assert (tool.name, set(tool.digest)) == ("builder", {"sha256"})


def test_the_same_build_gives_the_same_digest(tmp_path: Path) -> None:
    digests = set()
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        digests.add(build(context(tmp_path / name, COPY_ONLY)).image.digest)
    assert len(digests) == 1


def test_one_platform_is_a_bare_manifest_and_dockers_format_keeps_a_health_check(
    tmp_path: Path,
) -> None:
    context(tmp_path, 'FROM scratch\nCOPY hello /hello\nHEALTHCHECK CMD ["/hello"]\n')
    one = build(tmp_path, build_request(tmp_path, platforms=("linux/arm64",)), DOCKER)
    assert one.image.root.media_type == mt.DOCKER_MANIFEST
    assert b"Healthcheck" in one.image.platforms[0].config.raw
    both = build(tmp_path, options=DOCKER)
    assert both.image.root.media_type == mt.DOCKER_LIST
    layers = [layer for one in both.image.platforms for layer in one.manifest.layers]
    assert {layer.media_type for layer in layers} == {mt.DOCKER_LAYER_GZIP}


def test_a_run_step_with_a_secret_and_a_target(tmp_path: Path) -> None:
    steps = "FROM scratch AS wanted\nCOPY sh /bin/sh\nRUN --mount=type=secret,id=token true\n"
    context(tmp_path, f"{steps}FROM scratch\nCOPY hello /other\n", {"sh": shell()})
    (tmp_path / "token").write_text("secret")
    recipe = Recipe(target="wanted", secrets=(BuildSecret("token", file=Path("token")),))
    request = build_request(tmp_path, platforms=("linux/amd64",))
    built = build(tmp_path, request, BuildahOptions(recipe))
    files = RootFs(built.layout, built.image.platforms[0].manifest)
    assert files.find("/bin/sh") is not None
    assert files.find("/other") is None


def test_a_base_from_a_registry_is_a_material_and_its_labels_are_inherited(
    tmp_path: Path, registry: Registry
) -> None:
    base = build_layout(tmp_path / "base", config={"Labels": {mt.VERSION: "24.04", "own": "1"}})
    with closing(open_repository(registry, "library/base")) as target:
        push_sample(target, base, "12")
    name = f"{registry.host}/library/base"
    for number, reference in enumerate((f"{name}:12", f"{name}@{base.digest}")):
        folder = tmp_path / str(number)
        folder.mkdir()
        context(folder, f"FROM {reference}\nCOPY hello /hello\n")
        request = build_request(folder, annotations="refuse")
        built = build(folder, request, PLAIN_HTTP)
        (material,) = [one for one in built.materials if one.name == "base image"]
        assert material.uri.startswith("pkg:oci/base@sha256")
        assert material.digest == {"sha256": base.digest.removeprefix("sha256:")}
        assert ["inherited" in one for one in built.warnings] == [True]
        for one in built.image.platforms:
            # buildah compresses a base's layers anew, so that only their content stays the same.
            lowest = base.layers[str(one.platform)][0]
            assert one.config.diff_ids[0] == lowest.diff_id
            assert RootFs(built.layout, one.manifest).find("/hello") is not None


def test_an_image_that_is_not_there(tmp_path: Path, registry: Registry) -> None:
    context(tmp_path, f"FROM {registry.host}/library/none:1\n")
    error = failure(tmp_path, options=PLAIN_HTTP)
    assert error.code is Code.IMAGE_NOT_FOUND
    assert "library/none:1" in error.message


def test_a_registry_that_is_not_there(tmp_path: Path) -> None:
    context(tmp_path, "FROM 127.0.0.1:1/library/none:1\n")
    request = build_request(tmp_path, platforms=("linux/amd64",))
    assert failure(tmp_path, request, PLAIN_HTTP).code is Code.NETWORK_UNREACHABLE


def test_a_failing_run_step_shows_its_last_lines(tmp_path: Path) -> None:
    context(tmp_path, "FROM scratch\nCOPY sh /bin/sh\nRUN break things\n", {"sh": shell(3)})
    error = failure(tmp_path, build_request(tmp_path, platforms=("linux/amd64",)))
    assert error.code is Code.TOOL_CRASHED
    assert 'STEP "RUN break things"' in error.message
    assert "exit status 3" in error.message


@pytest.mark.parametrize("steps", ["FROM scratch\nCOPY none /none\n", "FROM scratch\nCOPI x /\n"])
def test_a_containerfile_that_cannot_work(tmp_path: Path, steps: str) -> None:
    context(tmp_path, steps)
    error = failure(tmp_path)
    assert error.code is Code.TOOL_CRASHED
    assert "none" in error.message or "COPI" in error.message.upper()


def test_a_build_that_takes_too_long_is_ended(tmp_path: Path) -> None:
    context(tmp_path, COPY_ONLY)
    error = failure(tmp_path, build_request(tmp_path, timeout=0.001))
    assert error.code is Code.TOOL_CRASHED
    assert error.retryable
    # One program is ended, or on a slow machine the next one is not begun.
    assert re.search("did not end within|time is used up", error.message)


def test_a_missing_buildah_is_said_with_the_way_to_get_it(tmp_path: Path) -> None:
    context(tmp_path, COPY_ONLY)
    error = failure(tmp_path, options=BuildahOptions(program="no-such-buildah"))
    assert error.code is Code.TOOL_MISSING
    assert "install buildah" in error.hint


def test_an_unknown_format_is_a_matter_of_configuration(tmp_path: Path) -> None:
    assert (
        failure(context(tmp_path, COPY_ONLY), options=BuildahOptions(format="tar")).code
        is Code.CONFIG_INVALID
    )
