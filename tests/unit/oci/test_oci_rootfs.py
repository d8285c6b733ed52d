"""A path is looked up in the layers as a runtime would see it after unpacking them."""

import tarfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from shipseal.errors import Code, ImageError
from shipseal.oci import Descriptor, Digest, Platform, RawManifest
from shipseal.oci import media_types as mt
from shipseal.oci.compression import Compression, compressed
from shipseal.oci.digest import digest_of, verified
from shipseal.oci.layer import OPAQUE, WHITEOUT, Kind, LayerEntry, layer_tar
from shipseal.oci.load import load_image
from shipseal.oci.manifest import Manifest, build_manifest
from shipseal.oci.rootfs import HEAD_BYTES, RootFs
from shipseal.oci.tar_stream import clean_path
from shipseal.testing.contents import (
    Files,
    as_entries,
    elf,
    empty_folder,
    executable,
    hardlink,
    plain,
    symlink,
)
from shipseal.testing.damage import corrupt_blob
from shipseal.testing.images import build_layout

ELF = elf(Platform.parse("linux/amd64"))
BINARY = executable(ELF)
FOLDER = empty_folder()


@dataclass
class Blobs:
    """Layers in memory, and which of them were opened."""

    content: dict[Digest, bytes] = field(default_factory=dict)
    opened: list[Digest] = field(default_factory=list)

    def read_manifest(self, digest: Digest) -> RawManifest:
        raise AssertionError(digest)

    def open_blob(self, blob: Descriptor, *, offset: int = 0) -> Iterator[bytes]:
        self.opened.append(blob.digest)
        data = self.content[blob.digest][offset:]
        return verified([data], blob.digest, blob.size, what=blob.digest)

    def add(self, entries: Sequence[LayerEntry]) -> Descriptor:
        return self.add_tar(b"".join(layer_tar(entries)))

    def add_tar(self, tar: bytes) -> Descriptor:
        data = b"".join(compressed([tar], Compression.ZSTD))
        digest = digest_of(data)
        self.content[digest] = data
        return Descriptor(mt.OCI_LAYER_ZSTD, digest, len(data))


def rootfs_of(*layers: Files) -> RootFs:
    """Return the file system of layers with exactly the given entries: no folder is added."""
    blobs = Blobs()
    return RootFs(blobs, manifest_of(blobs, layers))


def manifest_of(blobs: Blobs, layers: Sequence[Files]) -> Manifest:
    entries = [as_entries(files) for files in layers]
    raw = build_manifest({"schemaVersion": 2, "mediaType": mt.OCI_MANIFEST})
    config = Descriptor(mt.OCI_CONFIG, digest_of(b"{}"), 2)
    return Manifest(raw, config, tuple(blobs.add(one) for one in entries), None, "", {})


def where(rootfs: RootFs, path: str) -> tuple[str, int] | None:
    found = rootfs.find(path)
    return None if found is None else (found.path, found.layer)


def test_the_highest_layer_wins() -> None:
    rootfs = rootfs_of({"app": b"old"}, {"app": BINARY}, {"other": b""})
    found = rootfs.find("/app")
    assert found is not None
    assert (found.path, found.kind, found.layer, found.size) == ("app", Kind.FILE, 1, 64)
    assert found.head == ELF


def test_lower_layers_are_not_read_when_the_answer_lies_above() -> None:
    blobs = Blobs()
    layers: list[Files] = [
        {"etc": FOLDER, "etc/x": b""},
        {"b": b""},
        {"usr": FOLDER, "usr/app": BINARY},
    ]
    rootfs = RootFs(blobs, manifest := manifest_of(blobs, layers))
    assert where(rootfs, "/usr/app") == ("usr/app", 2)
    assert blobs.opened == [manifest.layers[2].digest]
    assert rootfs.find("/etc/x")
    assert rootfs.find("/etc/x")
    assert blobs.opened == [layer.digest for layer in reversed(manifest.layers)]


def test_only_the_beginning_of_executables_is_kept() -> None:
    rootfs = rootfs_of({"big": executable(b"#!" + b"x" * 5000), "data": b"text"})
    big, data = rootfs.find("big"), rootfs.find("data")
    assert big is not None
    assert data is not None
    assert (len(big.head), big.size) == (HEAD_BYTES, 5002)
    assert (data.head, data.size) == (b"", 4)


@pytest.mark.parametrize(
    "top",
    [
        {f"usr/{WHITEOUT}app": b""},
        {f"{WHITEOUT}usr": b""},
        {f"usr/{OPAQUE}": b""},
        {OPAQUE: b""},
        {"usr": b"a file where the folder was"},
        {"usr": symlink("elsewhere")},
    ],
)
def test_what_a_layer_removes_is_gone(top: Files) -> None:
    base: Files = {"usr": FOLDER, "usr/app": BINARY, "opt": FOLDER, "opt/app": BINARY}
    rootfs = rootfs_of(base, top)
    assert rootfs.find("usr/app") is None
    assert (rootfs.find("opt/app") is None) == (OPAQUE in top)


def test_what_is_removed_and_made_again_is_there() -> None:
    rootfs = rootfs_of(
        {"a": FOLDER, "a/x": b"", "a/y": b""},
        {f"{WHITEOUT}a": b"", "a": FOLDER, "a/x": b"new"},
    )
    assert where(rootfs, "a/x") == ("a/x", 1)
    assert rootfs.find("a/y") is None


def test_a_file_between_two_folders_of_a_name_hides_the_lower_one() -> None:
    rootfs = rootfs_of({"a": FOLDER, "a/x": b""}, {"a": b"file"}, {"a": FOLDER})
    assert where(rootfs, "a") == ("a", 2)
    assert rootfs.find("a/x") is None


def test_other_whiteout_names_are_bookkeeping() -> None:
    rootfs = rootfs_of({"plnk": b""}, {".wh..wh.plnk": b"", ".wh..wh.aufs": b""})
    assert rootfs.find("plnk")
    assert rootfs.find(".wh..wh.plnk") is None


@pytest.mark.parametrize(
    ("links", "path"),
    [
        ({"app": symlink("usr/bin/app")}, "/app"),
        ({"app": symlink("/usr/bin/app")}, "/app"),
        ({"opt/app": symlink("../usr/bin/app")}, "/opt/app"),
        ({"bin": symlink("usr/bin")}, "/bin/app"),
        ({"bin": symlink("/usr/bin/")}, "/bin/../bin/./app"),
        ({"a": symlink("b"), "b": symlink("c"), "c": symlink("usr")}, "a/bin/app"),
        ({"up": symlink("../../../usr")}, "up/bin/app"),
        ({"usr/here": symlink(".")}, "usr/here/bin/app"),
        ({"app": hardlink("usr/bin/app")}, "/app"),
    ],
)
def test_links_are_followed_inside_the_root(links: Files, path: str) -> None:
    base: Files = {"usr": FOLDER, "usr/bin": FOLDER, "usr/bin/app": BINARY}
    for layers in ([base, links], [links, base], [{**base, **links}]):
        if layers[0] is links and "app" in links and links["app"] == hardlink("usr/bin/app"):
            continue  # a hardlink cannot point upwards
        found = rootfs_of(*layers).find(path)
        assert found is not None
        assert found.head == ELF


@pytest.mark.parametrize(
    ("files", "path"),
    [
        ({"a": symlink("b"), "b": symlink("a")}, "a"),
        ({"a": symlink("a/a")}, "a"),
        ({"a": symlink("missing")}, "a"),
        ({"a": hardlink("missing")}, "a/x"),
        ({"a": b"file"}, "a/b"),
        ({}, "a"),
    ],
)
def test_what_leads_nowhere_is_not_there(files: Files, path: str) -> None:
    assert rootfs_of({"other": b""}, files).find(path) is None


def test_a_hardlink_without_its_target_is_no_program() -> None:
    found = rootfs_of({"a": hardlink("missing")}).find("a")
    assert found is not None
    assert found.kind is Kind.OTHER


def test_the_entry_of_the_root_itself_is_nothing_in_it() -> None:
    root = tarfile.TarInfo("./")
    root.type = tarfile.DIRTYPE
    blobs = Blobs()
    manifest = manifest_of(blobs, [{"a": b""}])
    layers = (*manifest.layers, blobs.add_tar(root.tobuf()))
    rootfs = RootFs(blobs, replace(manifest, layers=layers))
    assert where(rootfs, "a") == ("a", 0)
    assert rootfs.find("./")


@pytest.mark.parametrize(("path", "real"), [("/", ""), ("a/..", ""), ("here", ""), ("a/up", "a")])
def test_a_path_may_end_at_a_folder_above(path: str, real: str) -> None:
    found = rootfs_of({"a": FOLDER, "a/up": symlink("../a/."), "here": symlink(".")}).find(path)
    assert found is not None
    assert (found.path, found.kind) == (real, Kind.FOLDER)


def test_an_entry_written_through_a_link_of_a_lower_layer_lies_behind_it() -> None:
    base: Files = {
        "usr": FOLDER,
        "usr/bin": FOLDER,
        "usr/bin/app": b"old",
        "bin": symlink("usr/bin"),
    }
    rootfs = rootfs_of(base, {"bin/app": BINARY})
    assert where(rootfs, "/usr/bin/app") == where(rootfs, "/bin/app") == ("usr/bin/app", 1)
    assert rootfs_of(base, {f"bin/{WHITEOUT}app": b""}).find("usr/bin/app") is None
    # A folder entry takes the link's place, which is how a careless layer breaks a merged /usr.
    assert where(rootfs_of(base, {"bin": FOLDER, "bin/app": BINARY}), "/usr/bin/app") == (
        "usr/bin/app",
        0,
    )


def test_the_real_path_of_something_new_is_told() -> None:
    rootfs = rootfs_of(
        {"usr": FOLDER, "usr/bin": FOLDER, "bin": symlink("usr/bin"), "app": symlink("x")}
    )
    assert rootfs.real_path("/bin/new") == "usr/bin/new"
    assert rootfs.real_path("/bin/a/b") == "usr/bin/a/b"
    assert rootfs.real_path("/opt/a/b") == "opt/a/b"
    assert rootfs.real_path("app") == "app"
    assert rootfs.real_path("/") == ""


def test_folders_without_an_entry_are_folders() -> None:
    rootfs = rootfs_of({"a": empty_folder(0o700)}, {"a/b/c": b""})
    above = rootfs.find("a")
    assert above is not None
    assert above.mode == 0o700
    found = rootfs.find("a/b")
    assert found is not None
    assert (found.path, found.kind) == ("a/b", Kind.FOLDER)


def test_a_damaged_layer_is_no_answer_and_never_half_an_answer(tmp_path: Path) -> None:
    sample = build_layout(tmp_path, platforms=["linux/amd64"])
    image = load_image(sample.layout, sample.digest).platforms[0]
    corrupt_blob(sample, image.manifest.layers[1].digest)
    rootfs = RootFs(sample.layout, image.manifest)
    for _ in range(2):
        with pytest.raises(ImageError) as caught:
            rootfs.find("app")
        assert caught.value.code in {Code.DIGEST_MISMATCH, Code.FORMAT_UNSUPPORTED}


def test_bytes_behind_the_tar_belong_to_the_digest() -> None:
    blobs = Blobs()
    manifest = manifest_of(blobs, [{"a": b""}])
    layer = manifest.layers[0]
    tail = b"".join(compressed([bytes(1 << 20)], Compression.ZSTD))
    blobs.content[layer.digest] += tail
    short = replace(manifest, layers=(replace(layer, size=layer.size + len(tail)),))
    with pytest.raises(ImageError, match="expected sha256") as caught:
        RootFs(blobs, short).find("a")
    assert caught.value.code is Code.DIGEST_MISMATCH


def test_a_layer_can_be_put_on_top_without_reading_the_others_again() -> None:
    blobs = Blobs()
    layers: list[Files] = [{"usr": FOLDER, "bin": symlink("usr"), "usr/old": BINARY}]
    below = RootFs(blobs, manifest_of(blobs, layers))
    assert below.find("/bin/old")
    above = below.with_layer(as_entries({"bin/new": BINARY, "usr/.wh.old": b""}))
    assert where(above, "/bin/new") == ("usr/new", 1)
    assert above.find("/usr/old") is None
    assert below.find("/usr/old")
    assert below.find("/usr/new") is None
    assert len(blobs.opened) == 1


def test_nothing_is_on_scratch() -> None:
    scratch = RootFs(Blobs(), None)
    assert scratch.find("/etc") is None
    assert scratch.real_path("/a/b") == "a/b"
    assert where(scratch.with_layer(as_entries({"a": b""})), "a") == ("a", 0)


# A model: unpack the layers from the lowest into a dictionary, as a runtime does on disk.


class Model:
    def __init__(self) -> None:
        self.tree: dict[str, LayerEntry] = {}

    def unpack(self, entries: Sequence[LayerEntry]) -> None:
        done: set[str] = set()
        for entry in sorted(entries, key=lambda entry: entry.path.split("/")):
            folder, _, name = entry.path.rpartition("/")
            real = self.resolve(folder)[0]
            if name == OPAQUE:
                self._remove(f"{real}/" if real else "", keep=done)
            elif name.startswith(WHITEOUT):
                gone = _under(real, name.removeprefix(WHITEOUT))
                self._remove(gone, keep=done)
                self._remove(f"{gone}/", keep=done)
            else:
                self._place(_under(real, name), entry, done)

    def _place(self, path: str, entry: LayerEntry, done: set[str]) -> None:
        for length in range(1, len(path.split("/"))):
            parent = "/".join(path.split("/")[:length])
            # A file, or a link in a circle, of a lower layer there: a runtime refuses the layer.
            assume(self.tree.setdefault(parent, FOLDER).kind is Kind.FOLDER)
            done.add(parent)
        old = self.tree.get(path)
        if not (old is not None and old.kind is entry.kind is Kind.FOLDER):
            self._remove(f"{path}/", keep=set())
        self.tree[path] = entry
        done.add(path)

    def _remove(self, start: str, *, keep: set[str]) -> None:
        for path in list(self.tree):
            inside = path.startswith(start) if start.endswith("/") or not start else path == start
            if inside and path not in keep:
                del self.tree[path]

    def resolve(self, path: str) -> tuple[str, LayerEntry | None]:
        rest, real, links = path.split("/"), "", 0
        node: LayerEntry | None = FOLDER
        while rest:
            part, *rest = rest
            if part in {"", "."}:
                continue
            if part == "..":
                real, node = real.rpartition("/")[0], FOLDER
                continue
            node = self.tree.get(_under(real, part))
            if node is None or (rest and node.kind is Kind.FILE):
                return clean_path("/".join([real, part, *rest])), None
            if node.kind is Kind.SYMLINK:
                links += 1
                if links > 40:
                    return _under(real, part), None
                rest = [*node.link.split("/"), *rest]
                real, node = "" if node.link.startswith("/") else real, FOLDER
            else:
                real = _under(real, part)
        return real, node


def _under(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name


NAMES = st.sampled_from(["a", "b", "c"])
PATHS = st.lists(NAMES, min_size=1, max_size=3).map("/".join)
LINKS = st.sampled_from(["a", "/b", "../c", "b/c", "/a/b", "."])
CONTENT = st.one_of(st.just(plain(b"")), st.just(FOLDER), st.just(FOLDER), LINKS.map(symlink))
REMOVALS = st.one_of(
    st.lists(NAMES, min_size=1, max_size=3).map(
        lambda parts: "/".join([*parts[:-1], WHITEOUT + parts[-1]])
    ),
    st.lists(NAMES, max_size=2).map(lambda parts: "/".join([*parts, OPAQUE])),
)
LAYERS = st.dictionaries(st.one_of(PATHS, PATHS, REMOVALS), CONTENT, max_size=6).filter(
    lambda files: not any(_inside_a_file(files, path) for path in files)
)


def _inside_a_file(files: Mapping[str, LayerEntry], path: str) -> bool:
    """Tell whether an entry lies below something that is no folder: no tool writes such a layer."""
    parts = path.split("/")
    parents = ("/".join(parts[:length]) for length in range(1, len(parts)))
    return any(files.get(parent, FOLDER).kind is not Kind.FOLDER for parent in parents)


@settings(max_examples=400, deadline=None)
@given(st.lists(LAYERS, max_size=4), st.data())
def test_every_path_is_where_unpacking_would_put_it(
    layers: list[dict[str, LayerEntry]], data: st.DataObject
) -> None:
    model = Model()
    for files in layers:
        model.unpack(as_entries(files))
    rootfs = rootfs_of(*layers)
    for path in data.draw(st.lists(PATHS, min_size=1, max_size=8)):
        real, node = model.resolve(path)
        found = rootfs.find(path)
        assert (found and (found.path, found.kind)) == (node and (real, node.kind))
