"""The script of the real image: what it makes out of packages, without fetching any."""

import json
import re
import subprocess
import tarfile
from collections.abc import Iterable, Mapping
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest

from scripts import real_image
from scripts.realimage.apt import _apt_settings
from scripts.realimage.assemble import LayerCache, Part, write_image
from scripts.realimage.debian import root_tar
from scripts.realimage.languages import entries_of, node_packages
from shipseal.build.check import checked
from shipseal.build.values import RawBuild
from shipseal.oci import Platform
from shipseal.oci.layer import Kind, layer_tar
from shipseal.oci.layout import OciLayout
from tests.support.build_requests import build_request
from tests.support.tools import need

MTIME = 1_700_000_000


def package(
    folder: Path,
    fields: Mapping[str, str],
    files: Mapping[str, bytes],
    *,
    links: Mapping[str, str] | None = None,
    conffiles: Iterable[str] = (),
) -> Path:
    """Build a Debian package with the real tool."""
    need("dpkg-deb")
    root = folder / fields["Package"]
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    for name, link in (links or {}).items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).symlink_to(link)
    rest = {"Version": "1", "Maintainer": "A <a@example.org>", "Description": "test"}
    control = {**fields, **{key: value for key, value in rest.items() if key not in fields}}
    (root / "DEBIAN").mkdir()
    (root / "DEBIAN" / "control").write_text("".join(f"{k}: {v}\n" for k, v in control.items()))
    if names := list(conffiles):
        (root / "DEBIAN" / "conffiles").write_text("".join(f"/{name}\n" for name in names))
    target = folder / f"{fields['Package']}_1_{fields['Architecture']}.deb"
    subprocess.run(
        ["dpkg-deb", "--root-owner-group", "--build", str(root), str(target)],
        check=True,
        capture_output=True,
    )
    return target


def opened(chunks: Iterable[bytes]) -> tuple[dict[str, tarfile.TarInfo], dict[str, bytes]]:
    """Return members and contents of a layer, and fail when a path occurs twice."""
    members: dict[str, tarfile.TarInfo] = {}
    contents: dict[str, bytes] = {}
    with tarfile.open(fileobj=BytesIO(b"".join(chunks))) as archive:
        for member in archive:
            assert member.name not in members
            members[member.name] = member
            if content := archive.extractfile(member):
                contents[member.name] = content.read()
    return members, contents


@pytest.fixture
def packages(tmp_path: Path) -> list[Path]:
    """Return two packages that overlap and have everything that is treated specially."""
    shell = package(
        tmp_path,
        {"Package": "shell", "Architecture": "amd64", "Multi-Arch": "same", "Version": "2:1.0-1"},
        {
            "bin/sh": b"shell",
            "lib/one.so": b"one",
            "usr/lib/two.so": b"two",
            "etc/shell.conf": b"setting",
            "usr/share/doc/shell/copyright": b"free",
            "usr/share/doc/shell/changelog.gz": b"long",
            "usr/share/man/man1/sh.1.gz": b"long",
        },
        links={"lib/link.so": "one.so"},
        conffiles=["etc/shell.conf"],
    )
    users = package(
        tmp_path,
        {"Package": "users", "Architecture": "all"},
        {"usr/share/base-passwd/passwd.master": b"root:x\n", "usr/lib/two.so": b"another two"},
    )
    return [shell, users]


@pytest.mark.tools
def test_packages_are_unpacked_onto_a_merged_usr(packages: list[Path]) -> None:
    members, contents = opened(root_tar(packages, "amd64", mtime=MTIME))
    for top in ("bin", "sbin", "lib", "lib64"):
        assert (members[top].type, members[top].linkname) == (tarfile.SYMTYPE, f"usr/{top}")
    assert contents["usr/bin/sh"] == b"shell"
    assert contents["usr/lib/one.so"] == b"one"
    assert members["usr/lib/link.so"].linkname == "one.so"
    assert contents["usr/lib/two.so"] == b"two"
    assert contents["etc/passwd"] == b"root:x\n"
    assert not any(name.startswith(("bin/", "lib/")) for name in members)


@pytest.mark.tools
def test_packages_are_registered_as_dpkg_does_it(packages: list[Path]) -> None:
    _, contents = opened(root_tar(packages, "amd64", mtime=MTIME))
    status = contents["var/lib/dpkg/status"].decode()
    first, second = status.strip().split("\n\n")
    assert first.startswith("Package: shell\nStatus: install ok installed\n")
    assert re.search(r"\nConffiles:\n /etc/shell.conf [0-9a-f]{32}$", first)
    assert second.startswith("Package: users\nStatus: install ok installed\n")
    info = "var/lib/dpkg/info"
    listed = contents[f"{info}/shell:amd64.list"].decode().splitlines()
    assert listed[0] == "/."
    assert {"/bin/sh", "/lib/link.so", "/usr/share/doc/shell/changelog.gz"} <= set(listed)
    sums = contents[f"{info}/shell:amd64.md5sums"].decode()
    assert "  bin/sh\n" in sums
    assert "etc/shell.conf" not in sums
    assert contents[f"{info}/shell:amd64.conffiles"] == b"/etc/shell.conf\n"
    assert f"{info}/users.list" in contents
    assert contents[f"{info}/format"] == b"1\n"


@pytest.mark.tools
def test_documentation_is_left_out_as_in_slim_images(packages: list[Path]) -> None:
    members, contents = opened(root_tar(packages, "amd64", mtime=MTIME))
    assert contents["usr/share/doc/shell/copyright"] == b"free"
    assert "usr/share/doc/shell/changelog.gz" not in members
    assert "usr/share/man/man1/sh.1.gz" not in members
    assert b"path-exclude /usr/share/man/*" in contents["etc/dpkg/dpkg.cfg.d/slim"]


@pytest.mark.tools
def test_the_same_packages_give_the_same_layer(packages: list[Path]) -> None:
    first, second = (b"".join(root_tar(packages, "arm64", mtime=MTIME)) for _ in range(2))
    assert first == second


@pytest.mark.tools
def test_what_is_fetched_is_private_and_how_is_the_machines(tmp_path: Path) -> None:
    need("apt-config")
    settings = _apt_settings("arm64", tmp_path)
    assert 'APT::Architecture "arm64";' in settings
    for key in ("Dir::State", "Dir::Cache", "Dir::Etc::parts", "Dir::State::status"):
        assert f'{key} "{tmp_path}' in settings
    # Hooks of the machine must not run for somebody else's root.
    assert "Invoke" not in settings


def test_a_tree_becomes_entries_of_root(tmp_path: Path) -> None:
    modules = tmp_path / "node_modules"
    for name in ("a", "@scope/b", "a/node_modules/c"):
        (modules / name).mkdir(parents=True)
        (modules / name / "package.json").write_text("{}")
    (modules / "a" / "test").mkdir()
    (modules / "a" / "test" / "package.json").write_text("{}")
    (modules / ".bin").mkdir()
    (modules / ".bin" / "run").symlink_to("../a/run.js")
    (modules / "a" / "run.js").write_text("#!")
    (modules / "a" / "run.js").chmod(0o700)
    assert node_packages(modules) == 3
    entries = {
        entry.path: entry for entry in entries_of(modules, "opt/app/node_modules", mtime=MTIME)
    }
    assert entries["opt/app"].kind is Kind.FOLDER
    assert entries["opt/app/node_modules/.bin/run"].link == "../a/run.js"
    assert entries["opt/app/node_modules/a/run.js"].mode == 0o755
    assert entries["opt/app/node_modules/a/package.json"].mode == 0o644
    _, contents = opened(layer_tar(entries.values()))
    assert contents["opt/app/node_modules/a/run.js"] == b"#!"


def part(cache: LayerCache, title: str, content: bytes, made: list[str]) -> Part:
    def make() -> tuple[Iterable[bytes], int]:
        made.append(title)
        folder = cache.blobs.root.parent / title
        folder.mkdir(parents=True)
        (folder / "file").write_bytes(content)
        return layer_tar(entries_of(folder, "opt", mtime=MTIME)), 7

    return cache.part(title, ("1", content.decode()), make)


def test_layers_are_made_once_and_the_image_holds_what_a_release_asks_for(tmp_path: Path) -> None:
    cache, made = LayerCache(tmp_path / "layers"), list[str]()
    parts = [part(cache, "one", b"1", made), part(cache, "two", b"2", made)]
    again = [part(cache, "one", b"1", made), part(cache, "two", b"2", made)]
    assert made == ["one", "two"]
    assert again == parts
    platforms = {Platform.of("linux", one): parts for one in ("amd64", "arm64")}
    digests = set()
    for _ in range(2):
        settings = {"Entrypoint": ["/usr/bin/python3"]}
        index = write_image(
            tmp_path / "out", cache, platforms, settings, created="2024-01-01T00:00:00Z"
        )
        digests.add(index.digest)
        built = checked(
            RawBuild(OciLayout(tmp_path / "out"), index.digest), build_request(tmp_path)
        )
        assert built.image.platforms[0].config.entrypoint == ("/usr/bin/python3",)
    assert len(digests) == 1


@pytest.mark.parametrize("small", [False, True])
def test_recipes_are_pinned_and_name_no_registry(*, small: bool) -> None:
    what = real_image.recipe(small=small)
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+==[0-9][\w.!+-]*", pin) for pin in what.python)
    text = (what.node / "package-lock.json").read_text()
    assert "://" not in text
    lock = json.loads(text)
    assert (
        lock["packages"][""]["dependencies"]
        == json.loads((what.node / "package.json").read_text())["dependencies"]
    )
    packages = {name: entry for name, entry in lock["packages"].items() if name}
    assert all(entry["version"] and entry["integrity"] for entry in packages.values())
    assert len(packages) > (50 if small else 2500)


def test_what_is_planted_changes_name_and_digest_only() -> None:
    plain, planted = (real_image.recipe(small=True, planted=one) for one in ("", "Django==2.2.0"))
    assert planted.name == "small-with-django-2.2.0"
    assert planted.digest() != plain.digest()
    assert replace(planted, name=plain.name, planted="") == plain


def test_an_image_that_is_there_is_not_made_again(tmp_path: Path) -> None:
    what = real_image.recipe(small=True)
    out = tmp_path / "small"
    out.mkdir()
    (out / "index.json").write_text("{}")
    said = {"recipe": what.digest(), "digest": "sha256:1"}
    (tmp_path / "small.json").write_text(json.dumps(said))
    assert real_image.make(what, tmp_path, out) == said
