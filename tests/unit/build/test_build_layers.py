"""The embedded builder: files become a reproducible image on nothing or on a base."""

import os
import subprocess
import tracemalloc
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from shipseal._internal.progress import Left, SilentReporter, SilentTransfer, Transfer
from shipseal.build.interface import BuildRequest, BuiltImage, GitFacts
from shipseal.build.layer_options import LayerFile, LayersOptions, LayerSpec
from shipseal.build.layers import LayersBuilder
from shipseal.errors import Code, ConfigError, ImageError, ShipsealError
from shipseal.oci import Platform, Reference
from shipseal.oci import media_types as mt
from shipseal.oci.compression import Compression, decompressed
from shipseal.oci.layer import Kind, LayerEntry, layer_tar
from shipseal.oci.layout import OciLayout
from shipseal.oci.load import layout_root
from shipseal.oci.manifest import parse_index
from shipseal.oci.rootfs import RootFs
from shipseal.oci.tar_stream import read_tar
from shipseal.registry.interface import Target
from shipseal.registry.layout_target import LayoutTarget
from shipseal.testing.contents import elf, empty_folder, executable, symlink
from shipseal.testing.damage import corrupt_blob
from shipseal.testing.images import build_layout
from tests.support.tools import need

AMD64, ARM64 = Platform.parse("linux/amd64"), Platform.parse("linux/arm64")
EPOCH = 1_700_000_000
CREATED = "2023-11-14T22:13:20Z"
GIT = GitFacts(
    commit="c" * 40,
    remote="https://github.com/org/app",
    committed_at=EPOCH - 10,
    ref="refs/heads/main",
)


def no_registry(reference: Reference) -> Target:
    raise AssertionError(f"{reference} must not be asked for")


def request_for(folder: Path, *platforms: Platform, work: str = "work") -> BuildRequest:
    return BuildRequest(
        name="app",
        version="1.2.3",
        platforms=platforms or (AMD64, ARM64),
        folder=folder,
        work=folder.parent / work,
        git=GIT,
        epoch=EPOCH,
        annotations="refuse",
    )


def layer(*files: tuple[str, str], platform: Platform | None = None) -> LayerSpec:
    return LayerSpec(tuple(LayerFile(Path(one), to) for one, to in files), platform)


def build(request: BuildRequest, options: LayersOptions) -> BuiltImage:
    return LayersBuilder(options, no_registry).build(request)


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    """A folder with a program for each processor, data, links and an empty folder."""
    folder = tmp_path / "sources"
    return fill(folder)


def fill(folder: Path, *, backwards: bool = False) -> Path:
    files: dict[str, bytes] = {
        "amd64/app": elf(AMD64),
        "arm64/app": elf(ARM64),
        "data/b.txt": b"b",
        "data/a.txt": b"a",
        "data/sub/c.sh": b"#!/bin/sh\n",
    }
    for name in sorted(files, reverse=backwards):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(files[name])
    for name in ("amd64/app", "arm64/app", "data/sub/c.sh"):
        (folder / name).chmod(0o700 if backwards else 0o777)
    (folder / "data/link").symlink_to("sub/../../outside")
    (folder / "data/empty").mkdir()
    return folder


PROGRAM = (
    layer(("amd64/app", "/bin/app"), platform=AMD64),
    layer(("arm64/app", "/bin/app"), platform=ARM64),
    layer(("data", "/srv")),
)
OPTIONS = LayersOptions(layers=PROGRAM, entrypoint=("/bin/app",))


def entries_of(built: BuiltImage, platform: int = 0, number: int = -1) -> dict[str, LayerEntry]:
    found = built.image.platforms[platform].manifest.layers[number]
    content = decompressed(built.layout.open_blob(found), what="layer")
    return {entry.path: entry for entry in read_tar(content, what="layer")}


def rootfs_of(built: BuiltImage, platform: int = 0) -> RootFs:
    return RootFs(built.layout, built.image.platforms[platform].manifest)


def config_of(built: BuiltImage, platform: int = 0) -> dict[str, object]:
    document = msgspec.json.decode(built.image.platforms[platform].config.raw)
    assert isinstance(document, dict)
    return document


def settings_of(built: BuiltImage) -> Mapping[str, object]:
    settings = config_of(built)["config"]
    assert isinstance(settings, dict)
    return settings


# What comes out


def test_files_become_an_index_with_an_image_for_each_platform(sources: Path) -> None:
    built = build(request_for(sources), OPTIONS)
    assert built.image.root.media_type == mt.OCI_INDEX
    assert [one.platform for one in built.image.platforms] == [AMD64, ARM64]
    assert layout_root(built.layout) == built.image.root
    assert built.warnings == ()
    assert built.materials == ()
    assert built.builder.startswith("shipseal layers ")
    for number, platform in enumerate((AMD64, ARM64)):
        found = rootfs_of(built, number).find("/bin/app")
        assert found is not None
        assert found.head == elf(platform)


def test_one_platform_gets_an_index_too(sources: Path) -> None:
    built = build(request_for(sources, AMD64), OPTIONS)
    assert built.image.root.is_index
    assert len(built.image.platforms) == 1


def test_layers_that_platforms_share_are_written_once(sources: Path) -> None:
    built = build(request_for(sources), OPTIONS)
    first, second = (one.manifest.layers for one in built.image.platforms)
    assert first[1] == second[1]
    assert first[0] != second[0]


def test_entries_are_normalised(sources: Path) -> None:
    entries = entries_of(build(request_for(sources), OPTIONS))
    assert {path: (entry.kind, oct(entry.mode)) for path, entry in entries.items()} == {
        "srv": (Kind.FOLDER, "0o755"),
        "srv/a.txt": (Kind.FILE, "0o644"),
        "srv/b.txt": (Kind.FILE, "0o644"),
        "srv/empty": (Kind.FOLDER, "0o755"),
        "srv/link": (Kind.SYMLINK, "0o777"),
        "srv/sub": (Kind.FOLDER, "0o755"),
        "srv/sub/c.sh": (Kind.FILE, "0o755"),
    }
    assert list(entries) == sorted(entries)
    assert {(entry.uid, entry.gid, entry.mtime) for entry in entries.values()} == {(0, 0, EPOCH)}
    assert entries["srv/link"].link == "sub/../../outside"


def test_owner_and_mode_are_as_told(sources: Path) -> None:
    file = LayerFile(Path("data"), "/srv", uid=1000, gid=3_000_000, mode=0o4550)
    entries = entries_of(
        build(request_for(sources, AMD64), LayersOptions(layers=(LayerSpec((file,)),)))
    )
    assert {(entry.uid, entry.gid) for entry in entries.values()} == {(1000, 3_000_000)}
    assert entries["srv/a.txt"].mode == 0o4550
    assert entries["srv/sub"].mode == 0o755


@pytest.mark.parametrize(
    ("source", "destination", "path"),
    [
        ("data/a.txt", "/etc/b.conf", "etc/b.conf"),
        ("data/a.txt", "/etc/", "etc/a.txt"),
        ("data/a.txt", "/", "a.txt"),
        ("data", "/", "sub/c.sh"),
        ("data/", "/x/y/", "x/y/sub/c.sh"),
    ],
)
def test_destinations_are_read_as_copy_reads_them(
    sources: Path, source: str, destination: str, path: str
) -> None:
    options = LayersOptions(layers=(layer((source, destination)),))
    built = build(request_for(sources, AMD64), options)
    assert path in entries_of(built)
    assert "" not in entries_of(built)


def test_origin_stands_on_index_manifests_and_labels(sources: Path) -> None:
    built = build(request_for(sources), OPTIONS)
    expected = {
        "org.opencontainers.image.title": "app",
        "org.opencontainers.image.version": "1.2.3",
        "org.opencontainers.image.created": CREATED,
        "org.opencontainers.image.source": "https://github.com/org/app",
        "org.opencontainers.image.revision": "c" * 40,
    }
    assert parse_index(built.image.root, what="index").annotations == expected
    for one in built.image.platforms:
        assert one.manifest.annotations == one.config.labels == expected
        assert one.config.created == CREATED


def test_what_is_not_known_about_the_origin_is_not_said(sources: Path) -> None:
    built = build(replace(request_for(sources), git=GitFacts()), OPTIONS)
    assert set(built.image.platforms[0].manifest.annotations) == {
        "org.opencontainers.image.title",
        "org.opencontainers.image.version",
        "org.opencontainers.image.created",
    }


def test_own_labels_win_and_become_annotations_where_they_are_of_oci(sources: Path) -> None:
    labels = {"org.opencontainers.image.title": "Mine", "team": "blue"}
    built = build(request_for(sources), replace(OPTIONS, labels=labels))
    (one, _) = built.image.platforms
    assert one.config.labels["org.opencontainers.image.title"] == "Mine"
    assert one.config.labels["team"] == "blue"
    assert one.manifest.annotations["org.opencontainers.image.title"] == "Mine"
    assert "team" not in one.manifest.annotations


def test_how_a_container_starts_is_written_down(sources: Path) -> None:
    options = replace(
        OPTIONS,
        cmd=("serve",),
        env={"PATH": "/bin", "EMPTY": ""},
        user="1000:1000",
        workdir="/srv",
        ports=("8080", "53/udp"),
    )
    settings = settings_of(build(request_for(sources), options))
    assert {key: value for key, value in settings.items() if key != "Labels"} == {
        "Entrypoint": ["/bin/app"],
        "Cmd": ["serve"],
        "Env": ["PATH=/bin", "EMPTY="],
        "User": "1000:1000",
        "WorkingDir": "/srv",
        "ExposedPorts": {"8080/tcp": {}, "53/udp": {}},
    }


def test_history_tells_what_was_copied_but_not_where_it_lay(sources: Path) -> None:
    spec = LayerSpec((LayerFile(Path("data/a.txt"), "/a"), LayerFile(sources / "data/b.txt", "/b")))
    built = build(request_for(sources, AMD64), LayersOptions(layers=(spec,)))
    (line,) = built.image.platforms[0].config.history
    assert line.created_by == "COPY data/a.txt /a; COPY b.txt /b"


@pytest.mark.parametrize("how", list(Compression))
def test_layers_are_compressed_as_told(sources: Path, how: Compression) -> None:
    built = build(request_for(sources), replace(OPTIONS, compression=how))
    media_type = built.image.platforms[0].manifest.layers[0].media_type
    assert (
        media_type
        == {
            Compression.NONE: mt.OCI_LAYER,
            Compression.GZIP: mt.OCI_LAYER_GZIP,
            Compression.ZSTD: mt.OCI_LAYER_ZSTD,
        }[how]
    )


# The same again


def test_equal_files_give_equal_digests_on_every_machine(tmp_path: Path) -> None:
    first = build(request_for(fill(tmp_path / "one" / "src")), OPTIONS)
    old = os.umask(0o077)
    try:
        folder = fill(tmp_path / "two" / "elsewhere", backwards=True)
        for number, path in enumerate(sorted(folder.rglob("*"))):
            os.utime(path, (number, number * 1e8 % 2e9), follow_symlinks=False)
        second = build(request_for(folder), OPTIONS)
    finally:
        os.umask(old)
    assert first.image.digest == second.image.digest
    again = build(request_for(folder, work="third"), OPTIONS)
    assert again.image.digest == first.image.digest


@pytest.mark.parametrize(
    "change",
    [
        lambda request: replace(request, epoch=EPOCH + 1),
        lambda request: replace(request, version="1.2.4"),
        lambda request: replace(request, git=replace(GIT, commit="d" * 40)),
    ],
)
def test_another_time_version_or_commit_gives_another_digest(sources: Path, change: object) -> None:
    assert callable(change)
    request = replace(request_for(sources), annotations="off")
    first = build(request, OPTIONS)
    assert build(change(replace(request, work=sources.parent / "b")), OPTIONS).image.digest != (
        first.image.digest
    )


def test_building_again_into_the_same_folder_leaves_one_image(sources: Path) -> None:
    build(request_for(sources), OPTIONS)
    (sources / "data/a.txt").write_bytes(b"changed")
    built = build(request_for(sources), OPTIONS)
    assert len(built.layout.entries()) == 1
    assert layout_root(built.layout) == built.image.root


def test_large_files_are_streamed(sources: Path) -> None:
    with (sources / "data/large").open("wb") as stream:
        stream.truncate(96 << 20)
    tracemalloc.start()
    try:
        build(request_for(sources, AMD64), OPTIONS)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 24 << 20


def test_progress_is_told(sources: Path) -> None:
    class Listener(SilentReporter):
        def __init__(self) -> None:
            self.totals: list[tuple[str, int | None]] = []

        def transfer(
            self, label: str, total: int | None, *, of: str = "", left: Left | None = None
        ) -> Transfer:
            self.totals.append((label, total))
            return SilentTransfer()

    listener = Listener()
    build(replace(request_for(sources, AMD64), reporter=listener), OPTIONS)
    assert ("COPY amd64/app /bin/app", 64) in listener.totals


# What cannot go in


@pytest.mark.parametrize(
    ("source", "destination", "problem"),
    [
        ("missing", "/x", "No such file"),
        ("data/a.txt", "/..", "cannot take the place of the root"),
        ("escape", "/x", "a link leads to"),
        ("door/a.txt", "/x", "a link leads to"),
        ("fifo", "/x", "only files, folders and links"),
        ("pipes", "/x", "only files, folders and links"),
        ("white", "/x", "remove files in a layer"),
        ("bytes", "/x", "not UTF-8"),
    ],
)
def test_what_cannot_go_into_a_layer_is_refused_by_name(
    sources: Path, source: str, destination: str, problem: str
) -> None:
    outside = sources.parent / "outside"
    outside.mkdir()
    (outside / "a.txt").write_bytes(b"secret")
    (sources / "escape").symlink_to(outside / "a.txt")
    (sources / "door").symlink_to(outside)
    os.mkfifo(sources / "fifo")
    for name in ("pipes", "white", "bytes"):
        (sources / name).mkdir()
    os.mkfifo(sources / "pipes/fifo")
    (sources / "white/.wh.passwd").write_bytes(b"")
    (sources / "bytes" / os.fsdecode(b"\xff")).write_bytes(b"")
    options = LayersOptions(layers=(layer((source, destination)),))
    with pytest.raises(ConfigError, match=problem) as caught:
        build(request_for(sources, AMD64), options)
    assert caught.value.code is Code.CONFIG_INVALID
    assert source.partition("/")[0] in caught.value.message


def test_a_source_may_be_a_link_inside_and_lie_outside_on_purpose(sources: Path) -> None:
    (sources / "current").symlink_to("data")
    options = LayersOptions(
        layers=(layer(("current", "/a"), ("../sources/data", "/b"), (str(sources / "data"), "/c")),)
    )
    entries = entries_of(build(request_for(sources, AMD64), options))
    assert {"a/a.txt", "b/a.txt", "c/a.txt"} <= set(entries)
    assert entries["a"].kind is Kind.FOLDER


@pytest.mark.parametrize(
    ("files", "problem"),
    [
        ([("data/a.txt", "/x"), ("data/b.txt", "/x")], "/x, from .*b.txt: comes from .*a.txt too"),
        ([("data/a.txt", "/x"), ("data", "/x")], "comes from"),
        ([("data/a.txt", "/x"), ("data/b.txt", "/x/y")], "which is no folder"),
        ([("data", "/d"), ("data/b.txt", "/d/link/y")], "which is no folder"),
    ],
)
def test_two_sources_for_one_place_are_refused(
    sources: Path, files: list[tuple[str, str]], problem: str
) -> None:
    with pytest.raises(ConfigError, match=problem) as caught:
        build(request_for(sources, AMD64), LayersOptions(layers=(layer(*files),)))
    assert caught.value.code is Code.CONFIG_INVALID


def test_folders_from_several_sources_are_merged(sources: Path) -> None:
    options = LayersOptions(layers=(layer(("data", "/x"), ("amd64", "/x")),))
    entries = entries_of(build(request_for(sources, AMD64), options))
    assert {"x", "x/a.txt", "x/app"} <= set(entries)


def test_an_empty_image_is_refused(sources: Path) -> None:
    with pytest.raises(ConfigError, match="image for linux/arm64 would be empty"):
        build(request_for(sources, ARM64), LayersOptions(layers=PROGRAM[:1]))


def test_platforms_come_from_the_layers_when_nobody_names_them(sources: Path) -> None:
    request = replace(request_for(sources), platforms=())
    built = build(request, OPTIONS)
    assert [one.platform for one in built.image.platforms] == [AMD64, ARM64]
    with pytest.raises(ConfigError, match="for which platforms"):
        build(request, LayersOptions(layers=PROGRAM[2:]))


def test_a_file_that_changes_while_it_is_read_is_noticed(
    sources: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def growing(entries: Iterator[LayerEntry]) -> Iterator[bytes]:
        with (sources / "data/a.txt").open("ab") as stream:
            stream.write(b"more")
        return original(entries)

    original = layer_tar
    monkeypatch.setattr("shipseal.build.layers.layer_tar", growing)
    with pytest.raises(ImageError, match="had 1 bytes when it was listed and has"):
        build(request_for(sources, AMD64), OPTIONS)


# On a base


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """A base with a merged /usr, a sticky /tmp, and things that builders write about themselves."""
    folder = tmp_path / "base"
    build_layout(
        folder,
        layers=lambda platform: [
            {
                "bin": symlink("usr/bin"),
                "usr/bin/sh": executable(elf(platform)),
                "tmp": empty_folder(0o1777),
                "etc/conf/x": b"",
            }
        ],
        config={
            "Entrypoint": ["/bin/sh"],
            "Cmd": ["-c", "true"],
            "Env": ["PATH=/usr/bin", "LANG=C"],
            "User": "nobody",
            "Labels": {"org.opencontainers.image.version": "base", "vendor": "base"},
            "ExposedPorts": {"1/tcp": {}},
        },
        ref="stable",
        compression="zstd",
    )
    return folder


def digest_of_base(base: Path) -> str:
    return layout_root(OciLayout(base)).digest


def on(base: Path, *layers: LayerSpec, **more: object) -> LayersOptions:
    return LayersOptions(base=f"oci:{base}", layers=layers, **more)  # type: ignore[arg-type]


def test_layers_lie_on_top_of_the_base(sources: Path, base: Path) -> None:
    built = build(request_for(sources), on(base, *PROGRAM))
    for one in built.image.platforms:
        assert [layer.media_type for layer in one.manifest.layers] == [
            mt.OCI_LAYER_ZSTD,
            mt.OCI_LAYER_GZIP,
            mt.OCI_LAYER_GZIP,
        ]
        assert len(one.config.diff_ids) == len(one.config.history) == 3
    assert rootfs_of(built).find("/bin/sh")


def test_links_and_folders_of_the_base_stay_as_they_are(sources: Path, base: Path) -> None:
    (sources / "root/bin").mkdir(parents=True)
    (sources / "root/tmp").mkdir()
    (sources / "root/etc/conf").mkdir(parents=True)
    for name in ("bin/new", "tmp/new", "etc/conf/new"):
        (sources / "root" / name).write_bytes(b"x")
    built = build(request_for(sources, AMD64), on(base, layer(("root", "/"))))
    assert set(entries_of(built)) == {"usr/bin/new", "tmp/new", "etc/conf/new"}
    tmp = rootfs_of(built).find("tmp")
    assert tmp is not None
    assert tmp.mode == 0o1777
    assert rootfs_of(built).find("/bin/sh")


def test_links_of_own_layers_are_followed_too(sources: Path) -> None:
    (sources / "links").mkdir()
    (sources / "links/current").symlink_to("v1")
    options = LayersOptions(
        layers=(layer(("links", "/opt")), layer(("data/a.txt", "/opt/current/a.txt")))
    )
    built = build(request_for(sources, AMD64), options)
    assert set(entries_of(built)) == {"opt/v1", "opt/v1/a.txt"}


@pytest.mark.parametrize(("source", "place"), [("data/a.txt", "/etc/conf"), ("links", "/")])
def test_a_folder_of_the_base_is_not_hidden_by_a_file_or_link(
    sources: Path, base: Path, source: str, place: str
) -> None:
    (sources / "links").mkdir()
    (sources / "links/etc").symlink_to("elsewhere")
    with pytest.raises(ConfigError, match="would hide a folder"):
        build(request_for(sources, AMD64), on(base, layer((source, place))))


def test_settings_of_the_base_are_kept_changed_or_dropped(sources: Path, base: Path) -> None:
    kept = settings_of(build(request_for(sources), on(base, *PROGRAM)))
    assert (kept["Entrypoint"], kept["Cmd"], kept["User"]) == (
        ["/bin/sh"],
        ["-c", "true"],
        "nobody",
    )
    options = on(
        base, *PROGRAM, entrypoint=("/bin/app",), env={"LANG": "C.UTF-8", "A": "b"}, ports=("2",)
    )
    changed = settings_of(build(request_for(sources, work="b"), options))
    assert changed["Entrypoint"] == ["/bin/app"]
    assert "Cmd" not in changed
    assert changed["Env"] == ["PATH=/usr/bin", "LANG=C.UTF-8", "A=b"]
    assert changed["ExposedPorts"] == {"1/tcp": {}, "2/tcp": {}}
    assert changed["Labels"] == {
        "vendor": "base",
        "org.opencontainers.image.title": "app",
        "org.opencontainers.image.version": "1.2.3",
        "org.opencontainers.image.created": CREATED,
        "org.opencontainers.image.source": "https://github.com/org/app",
        "org.opencontainers.image.revision": "c" * 40,
        "org.opencontainers.image.base.digest": digest_of_base(base),
    }


def test_only_the_platforms_that_are_built_are_taken_from_the_base(
    sources: Path, base: Path
) -> None:
    built = build(request_for(sources, ARM64), on(base, *PROGRAM))
    assert [one.platform for one in built.image.platforms] == [ARM64]
    all_of_it = build(replace(request_for(sources, work="b"), platforms=()), on(base, *PROGRAM))
    assert [one.platform for one in all_of_it.image.platforms] == [AMD64, ARM64]


def test_a_platform_that_the_base_lacks_is_named(sources: Path, base: Path) -> None:
    with pytest.raises(
        ImageError, match="expected linux/riscv64, got linux/amd64, linux/arm64"
    ) as caught:
        build(request_for(sources, Platform.parse("linux/riscv64")), on(base, PROGRAM[2]))
    assert caught.value.code is Code.PLATFORM_MISSING


def test_a_damaged_base_is_noticed(sources: Path, tmp_path: Path) -> None:
    sample = build_layout(tmp_path / "broken", platforms=["linux/amd64"])
    corrupt_blob(sample, sample.layers["linux/amd64"][0].descriptor.digest)
    with pytest.raises(ImageError) as caught:
        build(request_for(sources, AMD64), on(tmp_path / "broken", PROGRAM[2]))
    assert caught.value.code is Code.DIGEST_MISMATCH


def test_a_base_with_docker_types_becomes_an_oci_image(sources: Path, tmp_path: Path) -> None:
    build_layout(tmp_path / "docker", docker=True, compression=["gzip", "none"])
    built = build(request_for(sources), on(tmp_path / "docker", PROGRAM[2]))
    one = built.image.platforms[0]
    assert one.manifest.source.media_type == mt.OCI_MANIFEST
    assert one.manifest.config.media_type == mt.OCI_CONFIG
    assert [layer.media_type for layer in one.manifest.layers] == [
        mt.OCI_LAYER_GZIP,
        mt.OCI_LAYER,
        mt.OCI_LAYER_GZIP,
    ]


@pytest.mark.parametrize("form", ["oci:../base", "oci:../base:stable", "oci:../base@{digest}"])
def test_a_base_on_disk_is_named_by_folder_and_name_or_digest(
    sources: Path, base: Path, form: str
) -> None:
    digest = layout_root(build_layout(base, platforms=["linux/riscv64"]).layout, "stable").digest
    options = LayersOptions(base=form.format(digest=digest), layers=PROGRAM)
    if form == "oci:../base":
        with pytest.raises(ImageError, match="expected one image"):
            build(request_for(sources), options)
        return
    built = build(request_for(sources), options)
    (material,) = built.materials
    assert f"sha256:{material.digest['sha256']}" == digest


def test_a_base_in_a_registry_is_named_in_materials_and_annotations(
    sources: Path, base: Path
) -> None:
    digest = digest_of_base(base)
    asked: list[str] = []

    def connect(reference: Reference) -> Target:
        asked.append(str(reference))
        return LayoutTarget(base)

    options = LayersOptions(base=f"debian:stable@{digest}", layers=PROGRAM)
    built = LayersBuilder(options, connect).build(request_for(sources))
    assert asked == [f"docker.io/library/debian:stable@{digest}"]
    annotations = built.image.platforms[0].manifest.annotations
    assert annotations["org.opencontainers.image.base.name"] == "docker.io/library/debian:stable"
    assert annotations["org.opencontainers.image.base.digest"] == digest
    (material,) = built.materials
    assert (material.name, f"sha256:{material.digest['sha256']}") == ("base image", digest)
    assert built.warnings == ()


def test_a_tag_of_a_base_is_resolved_once_and_told(sources: Path, base: Path) -> None:
    options = LayersOptions(base="debian:stable", layers=PROGRAM)
    built = LayersBuilder(options, lambda _: LayoutTarget(base)).build(request_for(sources))
    assert any("debian:stable is sha256:" in note for note in built.warnings)
    missing = replace(options, base="debian:old")
    with pytest.raises(ImageError, match="there is no tag 'old'") as caught:
        LayersBuilder(missing, lambda _: LayoutTarget(base)).build(request_for(sources, work="b"))
    assert caught.value.code is Code.IMAGE_NOT_FOUND


def test_what_is_no_reference_is_no_base(sources: Path) -> None:
    with pytest.raises(ShipsealError, match="not an image reference") as caught:
        build(request_for(sources), LayersOptions(base="Not A Name", layers=PROGRAM))
    assert caught.value.code is Code.CONFIG_INVALID


# In the eyes of another tool


@pytest.mark.tools
def test_buildah_unpacks_the_image_as_it_was_meant(
    sources: Path, base: Path, tmp_path: Path
) -> None:
    buildah = need("buildah")
    built = build(request_for(sources), on(base, *PROGRAM))
    store = [f"--root={tmp_path}/store", f"--runroot={tmp_path}/run", "--storage-driver=vfs"]

    def run(*words: str) -> str:
        command = [str(buildah), *store, *words]
        done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60)
        return done.stdout.strip()

    policy = tmp_path / "policy.json"
    policy.write_text('{"default":[{"type":"insecureAcceptAnything"}]}')
    source = f"oci:{built.layout.folder}"
    container = run("from", f"--signature-policy={policy}", "--arch=amd64", source)
    root = Path(run("mount", container))
    try:
        assert (root / "bin").is_symlink()
        assert (root / "usr/bin/app").read_bytes() == elf(AMD64)
        assert (root / "usr/bin/app").stat().st_mode & 0o7777 == 0o755
        assert (root / "tmp").stat().st_mode & 0o7777 == 0o1777
        assert (root / "srv/link").readlink() == Path("sub/../../outside")
        assert (root / "srv/a.txt").stat().st_mtime == EPOCH
    finally:
        run("umount", container)
