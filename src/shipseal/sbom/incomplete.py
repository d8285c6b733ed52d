"""Say when a catalogue cannot be whole: it is empty, or the image starts a binary that no package owns.

A binary that was copied into an image (a Rust or C program without build information) is invisible to every scanner:
an SBOM without it looks clean and is not. Scripts that belong to nobody are the image's own glue and are fine, but
what interprets them is looked at in their place.

Each sentence begins with the name by which a policy accepts it (``sbom.accept_incomplete: [/app/server]``).
"""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field

import msgspec

from shipseal.oci import ImageConfig, PlatformImage
from shipseal.oci.rootfs import RootFile, RootFs
from shipseal.sbom.native import SyftDocument

NO_PACKAGES = "no-packages"
_DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_SHELLS = frozenset({"sh", "bash", "ash", "dash", "zsh", "ksh", "busybox"})
_BINARIES = (
    b"\x7fELF",
    b"MZ",
    b"\xfe\xed\xfa\xce",
    b"\xfe\xed\xfa\xcf",
    b"\xce\xfa\xed\xfe",
    b"\xcf\xfa\xed\xfe",
    b"\xca\xfe\xba\xbe",
)
_MAX_INTERPRETERS = 4
_RULES = 1  # goes up when what is found changes: remembered answers of other rules do not count
_SCRIPT_FLAG = re.compile(r"-[a-z]*c")
# With a merged /usr these name the same files, and package databases know them by either.
_MERGED = ("bin/", "sbin/", "lib/", "lib64/")


def incomplete_reasons(
    image: PlatformImage, catalogue: SyftDocument, rootfs: RootFs
) -> tuple[str, ...]:
    """Return why the catalogue cannot be trusted to be whole, a sentence each; empty when it can.

    The layers are read only for what the catalogue's own lists do not settle.

    Args:
        image: the platform's image.
        catalogue: Syft JSON of it.
        rootfs: its merged layers.

    Raises:
        ImageError: a layer is missing or damaged.
    """
    if not catalogue.artifacts:
        platform = image.platform
        return (f"{NO_PACKAGES}: the catalogue of {platform} lists no package at all",)
    search = _Search(image.config, catalogue.owned_paths(), rootfs)
    found = dict.fromkeys(
        path for word in _program_words(image.config) for path in search.unowned(word)
    )
    return tuple(
        f"{path}: the image starts this binary, and no package in the catalogue owns it"
        for path in found
    )


def start_of(image: PlatformImage) -> bytes:
    """Return everything beside the root file system and its catalogue that :func:`incomplete_reasons` depends on."""
    config = image.config
    words = (config.entrypoint, config.cmd, _path_of(config), config.working_dir)
    return msgspec.json.encode((_RULES, str(image.platform), *words))


@dataclass(frozen=True, slots=True)
class _Word:
    """A word of the command line that may name a program.

    Attributes:
        text: the word.
        searched: whether a bare name is looked up in PATH, as the first word is.
    """

    text: str
    searched: bool


def _program_words(config: ImageConfig) -> Iterator[_Word]:
    """Return the words of ``Entrypoint`` and ``Cmd`` that may name programs: wrappers and shells start others."""
    words = [*config.entrypoint, *config.cmd]
    # What Windows starts cannot be told from a layer: its files have no executable bit.
    if not words or config.platform.os == "windows":
        return
    yield _Word(words[0], searched=True)
    for number, word in enumerate(words[1:], start=1):
        if _is_script(words, number):
            yield from _shell_words(word)
        elif not word.startswith("-"):
            # After an entrypoint the command's first word is the program of a wrapper (docker-entrypoint.sh, tini --).
            yield _Word(word, number == len(config.entrypoint) or words[number - 1] == "--")


def _is_script(words: list[str], number: int) -> bool:
    """Return whether a word is the line that a shell is to run (``sh -c LINE``)."""
    names = {word.rpartition("/")[2] for word in words[: number - 1]}
    return bool(_SCRIPT_FLAG.fullmatch(words[number - 1]) and names & _SHELLS)


def _shell_words(line: str) -> Iterator[_Word]:
    try:
        words = shlex.split(line, comments=True)
    except ValueError:  # an unfinished quotation: the shell will say so
        words = line.split()
    while words and (words[0] == "exec" or "=" in words[0]):
        words.pop(0)
    for number, word in enumerate(words):
        yield _Word(word, searched=number == 0)


@dataclass(slots=True)
class _Search:
    config: ImageConfig
    owned: frozenset[str]
    rootfs: RootFs
    _merged: dict[str, bool] = field(default_factory=dict)

    def unowned(self, word: _Word, depth: int = 0) -> Iterator[str]:
        """Return the binaries that running ``word`` starts and that nobody owns, as absolute paths."""
        for candidate in self._candidates(word):
            # The first place of the search decides; a package that lists this very path settles it without the layers.
            if candidate in self.owned:
                return
            found = self.rootfs.find(candidate)
            if found is not None and found.is_executable:
                yield from self._judge(candidate, found, depth)
                return

    def _judge(self, written: str, found: RootFile, depth: int) -> Iterator[str]:
        if self._is_owned(found):
            return
        if found.head.startswith(_BINARIES):
            yield written
        elif found.head.startswith(b"#!") and depth < _MAX_INTERPRETERS:
            for word in _interpreter(found.head):
                yield from self.unowned(word, depth + 1)

    def _is_owned(self, found: RootFile) -> bool:
        path = f"/{found.path}"
        return path in self.owned or any(name in self.owned for name in self._aliases(found.path))

    def _aliases(self, path: str) -> Iterator[str]:
        """Return other names of a real path: package databases know ``/usr/bin/x`` of a merged /usr as ``/bin/x``."""
        short = path.removeprefix("usr/")
        if short == path or not short.startswith(_MERGED):
            return
        top = short.partition("/")[0]
        if top not in self._merged:
            self._merged[top] = self.rootfs.real_path(f"{top}/x") == f"usr/{top}/x"
        if self._merged[top]:
            yield f"/{short}"

    def _candidates(self, word: _Word) -> Iterator[str]:
        text = word.text
        if text.startswith("/"):
            yield _clean(text)
        elif "/" in text and word.searched:
            yield _clean(f"{self.config.working_dir}/{text}")
        elif text and word.searched and "/" not in text:
            for folder in _path_of(self.config).split(":"):
                yield _clean(f"{folder or self.config.working_dir}/{text}")


def _interpreter(head: bytes) -> Iterator[_Word]:
    """Return the program that a script's first line names, and the one that ``env`` looks up for it."""
    line = head.partition(b"\n")[0][2:].decode("utf-8", "replace").split()
    if not line:
        return
    yield _Word(line[0], searched=True)
    if line[0].rpartition("/")[2] == "env":
        rest = [word for word in line[1:] if not word.startswith("-") and "=" not in word]
        if rest:
            yield _Word(rest[0], searched=True)


def _path_of(config: ImageConfig) -> str:
    settings = dict(entry.partition("=")[::2] for entry in config.env)
    return settings.get("PATH", _DEFAULT_PATH)


def _clean(path: str) -> str:
    return "/" + "/".join(part for part in path.split("/") if part not in ("", "."))
