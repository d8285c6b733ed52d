"""Images from buildx: what it is told, what it says, and the real one with a real BuildKit."""

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shipseal.build.buildx import BuildxBuilder
from shipseal.build.buildx_command import BuildxOptions, build_command, read_metadata
from shipseal.build.recipe import Recipe
from shipseal.build.secrets import BuildSecret
from shipseal.build.values import BuildRequest, BuiltImage
from shipseal.errors import Code, ShipsealError, ToolError
from shipseal.oci import media_types as mt
from shipseal.oci.rootfs import RootFs
from shipseal.testing.images import build_layout
from tests.support import registries
from tests.support.build_requests import COMMITTED, build_request
from tests.support.buildkit import BUILDER, BuildKit, as_plugin, buildkit
from tests.support.push import push_sample
from tests.support.static_shell import shell
from tests.support.targets import open_repository

DIGEST = f"sha256:{'d' * 64}"


def context(folder: Path, dockerfile: str, files: Mapping[str, bytes] | None = None) -> Path:
    folder.mkdir(exist_ok=True)
    for name, content in {"hello": b"hello\n", **(files or {})}.items():
        (folder / name).write_bytes(content)
        (folder / name).chmod(0o755)
    (folder / "Dockerfile").write_text(dockerfile)
    return folder


class TestCommand:
    """What buildx is told and what its metadata file says."""

    def test_a_plain_build(self, tmp_path: Path) -> None:
        context(tmp_path, "FROM scratch\n")
        words, env = build_command(
            BuildxOptions(), build_request(tmp_path), tmp_path / "out", tmp_path / "m.json"
        )
        assert words == [
            "build", f"--output=type=oci,dest={tmp_path}/out,tar=false,rewrite-timestamp=true",
            f"--metadata-file={tmp_path}/m.json", "--progress=plain", "--provenance=false", "--sbom=false",
            "--platform=linux/amd64,linux/arm64", f"--file={tmp_path}/Dockerfile", str(tmp_path),
        ]  # fmt: skip
        assert env == {
            "SOURCE_DATE_EPOCH": str(COMMITTED),
            "BUILDX_METADATA_PROVENANCE": "min",
        }

    def test_everything_that_can_be_said(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        context(tmp_path, "FROM scratch\n")
        monkeypatch.setenv("NPM_TOKEN", "hunter22-token")
        recipe = Recipe(
            target="final", build_args={"A": "1"}, secrets=(BuildSecret("npm", env="NPM_TOKEN"),)
        )
        options = BuildxOptions(
            recipe, builder="b", cache_from=("type=gha",), cache_to=("type=gha,mode=max",),
        )  # fmt: skip
        request = build_request(tmp_path, platforms=())
        words, env = build_command(options, request, tmp_path / "out", tmp_path / "m.json")
        for word in (
            "--builder=b", "--cache-from=type=gha",
            "--cache-to=type=gha,mode=max", "--target=final", "--build-arg=A=1", "id=npm,env=NPM_TOKEN",
        ):  # fmt: skip
            assert word in words
        assert not any("--platform" in word or "hunter22" in word for word in words)
        assert env["NPM_TOKEN"] == "hunter22-token"

    def test_materials_of_all_platforms_are_one_list_without_their_platform(
        self, tmp_path: Path
    ) -> None:
        base = {
            "uri": "pkg:docker/r.example/base@12?platform=linux%2F{}",
            "digest": {"sha256": "1" * 64},
        }
        remote = {"uri": "https://files.example/x.tgz", "digest": {"sha256": "2" * 64}}
        document = {
            f"buildx.build.provenance/linux/{arch}": {
                "materials": [{**base, "uri": str(base["uri"]).format(arch)}, remote]
            }
            for arch in ("amd64", "arm64")
        }
        path = tmp_path / "m.json"
        path.write_bytes(msgspec.json.encode(document | {"containerimage.digest": DIGEST}))
        told = read_metadata(path)
        assert told.digest == DIGEST
        assert told.materials is not None
        assert [(one.uri, one.name) for one in told.materials] == [
            ("https://files.example/x.tgz", "source"),
            ("pkg:docker/r.example/base@12", "base image"),
        ]

    def test_a_file_without_provenance_says_nothing_about_materials(self, tmp_path: Path) -> None:
        path = tmp_path / "m.json"
        path.write_bytes(msgspec.json.encode({"containerimage.digest": DIGEST}))
        assert read_metadata(path).materials is None

    @pytest.mark.parametrize("content", [None, b"", b"{", b"[]", b'{"containerimage.digest": 1}'])
    def test_a_file_that_cannot_be_used_is_the_tools_fault(
        self, tmp_path: Path, content: bytes | None
    ) -> None:
        path = tmp_path / "m.json"
        if content is not None:
            path.write_bytes(content)
        with pytest.raises(ToolError, match="metadata file") as caught:
            read_metadata(path)
        assert caught.value.code is Code.TOOL_CRASHED

    @given(
        value=st.recursive(
            st.none() | st.text(max_size=5) | st.integers(),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(
                    st.sampled_from(["materials", "uri", "digest", "x"]), inner, max_size=3
                )
            ),
            max_leaves=8,
        )
    )
    def test_no_provenance_breaks_the_reader(
        self, tmp_path_factory: pytest.TempPathFactory, value: object
    ) -> None:
        path = tmp_path_factory.mktemp("meta") / "m.json"
        document = {"containerimage.digest": DIGEST, "buildx.build.provenance": value}
        path.write_bytes(msgspec.json.encode(document))
        told = read_metadata(path)
        assert (told.materials is None) is not isinstance(value, dict)


def fake(folder: Path, name: str, script: str) -> Path:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


class TestProgram:
    """Which program is started."""

    def build(self, folder: Path) -> ShipsealError:
        with pytest.raises(ShipsealError) as caught:
            BuildxBuilder(BuildxOptions(), {}).build(
                build_request(context(folder, "FROM scratch\n"))
            )
        return caught.value

    def test_none_at_all_is_missing(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PATH", str(tmp_path))
        error = self.build(tmp_path / "sources")
        assert error.code is Code.TOOL_MISSING
        assert "docker: no such program" in error.message
        assert "install" in error.hint

    def test_docker_without_the_plugin_is_said(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("PATH", str(tmp_path))
        fake(tmp_path, "docker", "exit 1")
        error = self.build(tmp_path / "sources")
        assert error.code is Code.TOOL_MISSING
        assert "no buildx plugin" in error.message

    def test_a_lone_binary_is_used_where_docker_has_no_plugin(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("PATH", str(tmp_path))
        fake(tmp_path, "docker", "exit 1")
        fake(
            tmp_path,
            "buildx",
            'case $1 in version) echo "buildx v0.38.2 x";; *) echo "ERROR: alone" >&2; exit 1;; esac',
        )
        error = self.build(tmp_path / "sources")
        assert error.code is Code.TOOL_CRASHED
        assert "ERROR: alone" in error.message
        assert "docker-container" in error.hint


@pytest.fixture(scope="module")
def kit() -> Iterator[BuildKit]:
    """Return a real BuildKit."""
    with buildkit() as running:
        yield running


@pytest.mark.tools
class TestRealBuildKit:
    """Builds with the real programs."""

    def build(
        self, kit: BuildKit, request: BuildRequest, options: BuildxOptions | None = None
    ) -> BuiltImage:
        chosen = options or BuildxOptions(builder=BUILDER, program=str(kit.buildx))
        return BuildxBuilder(chosen, kit.environment).build(request)

    def failure(self, kit: BuildKit, folder: Path, builder: str = BUILDER) -> ShipsealError:
        options = BuildxOptions(builder=builder, program=str(kit.buildx))
        with pytest.raises(ShipsealError) as caught:
            self.build(kit, build_request(folder, platforms=("linux/amd64",)), options)
        return caught.value

    def test_two_platforms_twice_with_the_same_digest(self, kit: BuildKit, tmp_path: Path) -> None:
        builds = []
        for name in ("one", "two"):
            folder = context(tmp_path / name, "FROM scratch\nCOPY hello /hello\n")
            os.utime(folder / "hello", (1, 1 if name == "one" else 2_000_000_000))
            builds.append(self.build(kit, build_request(folder)))
        for built in builds:
            assert [str(one.platform) for one in built.image.platforms] == [
                "linux/amd64",
                "linux/arm64",
            ]
            assert not built.image.extras
            assert re.fullmatch(r"buildx \d+\.\d+\.\d+\S*", built.builder)
        assert builds[0].image.digest == builds[1].image.digest

    def test_a_build_over_what_an_interrupted_one_left(self, kit: BuildKit, tmp_path: Path) -> None:
        folder = context(tmp_path / "sources", "FROM scratch\nCOPY hello /hello\n")
        build_layout(folder / "work" / "image", ref="left")
        built = self.build(kit, build_request(folder))
        assert len(built.layout.entries()) == 1

    def test_a_run_step_with_a_secret(
        self, kit: BuildKit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        steps = (
            "FROM scratch\nCOPY sh /bin/sh\nRUN --mount=type=secret,id=token,required=true true\n"
        )
        folder = context(tmp_path / "sources", steps, {"sh": shell()})
        monkeypatch.setenv("BUILD_TOKEN", "hunter22-token")
        options = BuildxOptions(
            Recipe(secrets=(BuildSecret("token", env="BUILD_TOKEN"),)),
            builder=BUILDER,
            program=str(kit.buildx),
        )
        request = build_request(folder, platforms=("linux/amd64",))
        built = self.build(kit, request, options)
        assert built.image.root.media_type == mt.OCI_MANIFEST
        leaks = [
            path
            for path in folder.joinpath("work").rglob("*")
            if path.is_file() and b"hunter22-token" in path.read_bytes()
        ]
        assert leaks == []

    def test_a_base_from_a_registry(self, kit: BuildKit, tmp_path: Path) -> None:
        base = build_layout(tmp_path / "base", config={"Labels": {mt.VERSION: "24.04"}})
        with registries.distribution(tmp_path / "registry") as registry:
            with closing(open_repository(registry, "library/base")) as target:
                push_sample(target, base, "12")
            name = f"{registry.host}/library/base:12"
            folder = context(tmp_path / "sources", f"FROM {name}\nCOPY hello /hello\n")
            built = self.build(kit, build_request(folder, annotations="refuse"))
        (material,) = [one for one in built.materials if one.name == "base image"]
        assert material.uri == f"pkg:docker/{name.replace(':12', '@12')}"
        assert material.digest == {"sha256": base.digest.removeprefix("sha256:")}
        assert ["inherited" in one for one in built.warnings] == [True]
        for one in built.image.platforms:
            lowest = base.layers[str(one.platform)][0].descriptor
            assert one.manifest.layers[0].digest == lowest.digest
            assert RootFs(built.layout, one.manifest).find("/hello") is not None

    def test_dockers_plugin_builds_the_same(
        self, kit: BuildKit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        docker, environment = as_plugin(kit, tmp_path / "docker")
        monkeypatch.setenv("DOCKER_CONFIG", environment["DOCKER_CONFIG"])
        folder = context(tmp_path / "sources", "FROM scratch\nCOPY hello /hello\n")
        alone = self.build(kit, build_request(folder)).image.digest
        options = BuildxOptions(builder=BUILDER, program=str(docker))
        built = BuildxBuilder(options, environment).build(build_request(folder))
        assert built.image.digest == alone

    def test_an_image_that_is_not_there(self, kit: BuildKit, tmp_path: Path) -> None:
        with registries.distribution(tmp_path / "registry") as registry:
            steps = f"FROM {registry.host}/library/none:1\n"
            error = self.failure(kit, context(tmp_path / "sources", steps))
        assert error.code is Code.IMAGE_NOT_FOUND
        assert "library/none:1" in error.message

    def test_a_registry_that_is_not_there(self, kit: BuildKit, tmp_path: Path) -> None:
        error = self.failure(kit, context(tmp_path / "sources", "FROM 127.0.0.1:1/a/none:1\n"))
        assert error.code is Code.NETWORK_UNREACHABLE
        assert error.retryable

    def test_a_failing_run_step_shows_its_last_lines(self, kit: BuildKit, tmp_path: Path) -> None:
        steps = "FROM scratch\nCOPY sh /bin/sh\nRUN break things\n"
        error = self.failure(kit, context(tmp_path / "sources", steps, {"sh": shell(3)}))
        assert error.code is Code.TOOL_CRASHED
        assert "RUN break things" in error.message
        assert "exit code: 3" in error.message

    def test_a_file_that_copy_does_not_find_is_no_missing_image(
        self, kit: BuildKit, tmp_path: Path
    ) -> None:
        error = self.failure(kit, context(tmp_path / "sources", "FROM scratch\nCOPY none /none\n"))
        assert error.code is Code.TOOL_CRASHED
        assert "/none" in error.message

    def test_a_builder_that_is_not_there(self, kit: BuildKit, tmp_path: Path) -> None:
        error = self.failure(
            kit, context(tmp_path / "sources", "FROM scratch\n"), "no-such-builder"
        )
        assert error.code is Code.TOOL_CRASHED
        assert "no-such-builder" in error.message

    def test_a_build_that_takes_too_long_is_ended(self, kit: BuildKit, tmp_path: Path) -> None:
        folder = context(tmp_path / "sources", "FROM scratch\nCOPY hello /hello\n")
        with pytest.raises(ToolError, match="did not end within") as caught:
            self.build(kit, build_request(folder, timeout=0.001))
        assert caught.value.retryable
