"""When a catalogue cannot be whole: nothing in it, or a program that nobody owns."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from shipseal.errors import ImageError
from shipseal.oci import Platform
from shipseal.oci.layer import LayerEntry
from shipseal.oci.rootfs import RootFs
from shipseal.sbom.incomplete import incomplete_reasons
from shipseal.sbom.native import SyftDocument, read_native
from shipseal.testing.contents import Files, elf, executable, plain, symlink
from shipseal.testing.images import SampleImage, build_layout
from tests.support.sample_images import of

AMD64 = Platform.parse("linux/amd64")
BINARY = executable(elf(AMD64))
PE = executable(b"MZ\x90\x00".ljust(64, b"\0"))
MACH_O = executable(b"\xcf\xfa\xed\xfe".ljust(64, b"\0"))


def script(line: str) -> LayerEntry:
    return executable(f'#!{line}\nexec "$@"\n'.encode())


def catalogue(*paths: str, **members: Any) -> SyftDocument:
    """A catalogue with one package that owns ``paths`` by its own list."""
    package = {
        "id": "p1",
        "name": "base",
        "metadata": {"files": [{"path": path} for path in paths]},
        "locations": [{"path": "/var/lib/dpkg/status"}],
    }
    value = {"artifacts": [package], "source": {"id": "s"}} | members
    return read_native(json.dumps(value).encode(), what="test")


class Case:
    """An image, and what its catalogue owns."""

    def __init__(self, folder: Path, files: Files | Sequence[Files], **config: Any) -> None:
        layers = [files] if isinstance(files, Mapping) else list(files)
        self.sample: SampleImage = build_layout(
            folder, platforms=["linux/amd64"], layers=layers, config=config, shape="bare"
        )
        self.image = of(self.sample, "linux/amd64")
        self.rootfs = RootFs(self.sample.layout, self.image.manifest)

    def lose_layers(self) -> None:
        """Whoever reads a layer from now on fails."""
        for layer in self.image.manifest.layers:
            self.sample.layout.blobs.path(layer.digest).unlink()

    def reasons(self, *owned: str, **members: Any) -> list[str]:
        found = incomplete_reasons(self.image, catalogue(*owned, **members), self.rootfs)
        return [reason.partition(": ")[0] for reason in found]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "image"


def test_a_catalogue_without_packages(folder: Path) -> None:
    case = Case(folder, {"app": BINARY}, Entrypoint=["/app"])
    case.lose_layers()
    (reason,) = incomplete_reasons(case.image, catalogue(artifacts=[]), case.rootfs)
    assert reason == "no-packages: the catalogue of linux/amd64 lists no package at all"


@pytest.mark.parametrize("binary", [BINARY, PE, MACH_O])
def test_a_binary_that_no_package_owns_is_named_by_its_path(
    folder: Path, binary: LayerEntry
) -> None:
    case = Case(folder, {"app/server": binary}, Entrypoint=["/app/server", "--port", "1"])
    (reason,) = incomplete_reasons(case.image, catalogue("/bin/sh"), case.rootfs)
    assert reason.startswith("/app/server: ")


def test_what_a_package_lists_is_owned_and_the_layers_are_not_read(folder: Path) -> None:
    case = Case(folder, {"usr/bin/app": BINARY}, Entrypoint=["/usr/bin/app"])
    case.lose_layers()
    assert case.reasons("/usr/bin/app") == []
    with pytest.raises(ImageError):
        case.reasons()


@pytest.mark.parametrize(
    "members",
    [
        {"artifacts": [{"id": "go", "locations": [{"path": "/app"}]}]},
        {"artifacts": [{"id": "go", "locations": [{"path": "/x", "accessPath": "/app"}]}]},
        {
            "artifacts": [{"id": "go"}],
            "files": [{"id": "f", "location": {"path": "/app"}}],
            "artifactRelationships": [{"parent": "go", "child": "f", "type": "contains"}],
        },
    ],
)
def test_a_location_or_a_contained_file_is_owned_too(folder: Path, members: Any) -> None:
    case = Case(folder, {"app": BINARY}, Entrypoint=["/app"])
    assert case.reasons(**members) == []


def test_a_file_that_only_the_source_contains_is_not_owned(folder: Path) -> None:
    case = Case(folder, {"app": BINARY}, Entrypoint=["/app"])
    found = case.reasons(
        files=[{"id": "f", "location": {"path": "/app"}}],
        artifactRelationships=[{"parent": "s", "child": "f", "type": "contains"}],
    )
    assert found == ["/app"]


def test_links_are_followed_to_what_a_package_owns(folder: Path) -> None:
    files = {
        "usr/local/bin/python": symlink("python3"),
        "usr/local/bin/python3": symlink("/opt/python/bin/python3.11"),
        "opt/python/bin/python3.11": BINARY,
    }
    case = Case(folder, files, Cmd=["python"], Env=["PATH=/usr/local/bin:/usr/bin"])
    assert case.reasons("/opt/python/bin/python3.11") == []
    assert case.reasons("/opt/python/bin/python3.10") == ["/usr/local/bin/python"]


def test_a_merged_usr_gives_a_file_two_names(folder: Path) -> None:
    files = {"bin": symlink("usr/bin"), "usr/bin/nginx": BINARY, "run": symlink("/bin/nginx")}
    assert Case(folder, files, Entrypoint=["/run"]).reasons("/bin/nginx") == []


def test_without_a_merged_usr_the_two_names_are_two_files(folder: Path) -> None:
    files = {"bin/nginx": BINARY, "usr/bin/nginx": BINARY, "run": symlink("/usr/bin/nginx")}
    assert Case(folder, files, Entrypoint=["/run"]).reasons("/bin/nginx") == ["/run"]


def test_the_first_place_in_the_path_decides(folder: Path) -> None:
    files = {"usr/local/bin/tool": BINARY, "usr/bin/tool": BINARY}
    case = Case(folder, files, Cmd=["tool"], Env=["PATH=/usr/local/bin:/usr/bin"])
    assert case.reasons("/usr/bin/tool") == ["/usr/local/bin/tool"]
    other = Case(folder.parent / "b", files, Cmd=["tool"], Env=["PATH=/usr/bin:/usr/local/bin"])
    assert other.reasons("/usr/bin/tool") == []


def test_a_file_that_cannot_be_executed_is_passed_over_in_the_path(folder: Path) -> None:
    files = {"a/tool": plain(elf(AMD64)), "b/tool": BINARY}
    case = Case(folder, files, Cmd=["tool"], Env=["PATH=/a:/b"])
    assert case.reasons("/usr") == ["/b/tool"]


def test_a_relative_program_starts_in_the_working_folder(folder: Path) -> None:
    case = Case(folder, {"srv/app": BINARY}, Entrypoint=["./app"], WorkingDir="/srv")
    assert case.reasons("/x") == ["/srv/app"]


def test_a_script_of_nobody_is_fine_when_its_interpreter_is_owned(folder: Path) -> None:
    files = {"start.sh": script("/bin/sh -e"), "bin/sh": BINARY}
    case = Case(folder, files, Entrypoint=["/start.sh"])
    assert case.reasons("/bin/sh") == []
    assert case.reasons("/x") == ["/bin/sh"]


def test_env_in_a_script_is_looked_through(folder: Path) -> None:
    files = {
        "app.js": script("/usr/bin/env -S node --flag"),
        "usr/bin/env": BINARY,
        "usr/local/bin/node": BINARY,
    }
    case = Case(folder, files, Entrypoint=["/app.js"])
    assert case.reasons("/usr/bin/env") == ["/usr/local/bin/node"]
    assert case.reasons("/usr/bin/env", "/usr/local/bin/node") == []


def test_scripts_that_interpret_each_other_come_to_an_end(folder: Path) -> None:
    files = {"a": script("/b"), "b": script("/a")}
    assert Case(folder, files, Entrypoint=["/a"]).reasons("/x") == []


@pytest.mark.parametrize(
    ("entrypoint", "cmd"),
    [
        (["/tini", "--", "/app"], []),
        (["/tini", "--"], ["/app"]),
        (["/tini", "--", "app"], []),
        (["/tini"], ["app", "serve"]),
        (["/bin/sh", "-c", "exec /app --port 1"], []),
        (["/bin/sh", "-c"], ["MODE=1 app # start"]),
        (["/tini", "--", "/bin/sh", "-ec", "app"], []),
        ([], ["/bin/sh", "-c", "/app 'unfinished"]),
    ],
)
def test_programs_behind_wrappers_and_shells_are_found(
    folder: Path, entrypoint: list[str], cmd: list[str]
) -> None:
    files = {"tini": BINARY, "bin/sh": BINARY, "app": BINARY}
    case = Case(folder, files, Entrypoint=entrypoint, Cmd=cmd, Env=["PATH=/bin:/"])
    assert case.reasons("/tini", "/bin/sh") == ["/app"]
    assert case.reasons("/tini", "/bin/sh", "/app") == []


@pytest.mark.parametrize(
    "config",
    [
        {},
        {"Entrypoint": ["/not-there"]},
        {"Entrypoint": ["/data"]},
        {"Entrypoint": ["/etc"]},
        {"Entrypoint": ["/bin/sh", "-c", ""]},
        {"Entrypoint": ["/bin/sh"], "Cmd": ["--flag", "words"]},
    ],
)
def test_what_starts_no_binary_is_no_reason(folder: Path, config: Any) -> None:
    files: Files = {"data": plain(b"text"), "etc/x": b"", "bin/sh": BINARY}
    assert Case(folder, files, **config).reasons("/bin/sh") == []


def test_an_empty_first_line_interprets_nothing(folder: Path) -> None:
    files: Files = {"a": executable(b"#!\n"), "b": script("/usr/bin/env"), "usr/bin/env": BINARY}
    assert Case(folder, files, Entrypoint=["/a"], Cmd=["/b"]).reasons("/usr/bin/env") == []


def test_windows_is_not_judged_because_its_files_have_no_executable_bit(folder: Path) -> None:
    sample = build_layout(
        folder,
        platforms=["windows/amd64"],
        layers=[{"app.exe": PE}],
        config={"Entrypoint": ["/app.exe"]},
        shape="bare",
    )
    image = of(sample, "windows/amd64")
    rootfs = RootFs(sample.layout, image.manifest)
    assert incomplete_reasons(image, catalogue("/x"), rootfs) == ()


def test_each_binary_is_named_once(folder: Path) -> None:
    case = Case(folder, {"app": BINARY}, Entrypoint=["/app"], Cmd=["/app", "/app"])
    assert case.reasons("/x") == ["/app"]


def test_upper_layers_decide(folder: Path) -> None:
    layers: list[Files] = [{"app": script("/bin/sh"), "bin/sh": BINARY}, {"app": BINARY}]
    assert Case(folder, layers, Entrypoint=["/app"]).reasons("/bin/sh") == ["/app"]
