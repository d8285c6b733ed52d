"""Which file a container of an image starts."""

from collections.abc import Iterator

from shipseal.oci.image import ImageConfig
from shipseal.oci.rootfs import RootFile, RootFs

# What runc and Docker give a container whose image sets none.
_DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def find_program(rootfs: RootFs, config: ImageConfig) -> RootFile | None:
    """Return the file that a container of this image starts; None when that cannot be told.

    It is the first word of ``Entrypoint``, or of ``Cmd`` without one; a bare name is looked up in the image's ``PATH``,
    a relative path starts at ``WorkingDir``. Wrappers and shells are not looked through.

    Raises:
        ImageError: as :meth:`RootFs.find`.
    """
    words = config.entrypoint or config.cmd
    if not words or config.platform.os == "windows":
        return None
    for path in _candidates(words[0], config):
        found = rootfs.find(path)
        if found is not None and found.is_executable:
            return found
    return None


def _candidates(word: str, config: ImageConfig) -> Iterator[str]:
    if "/" in word:
        yield word if word.startswith("/") else f"{config.working_dir}/{word}"
        return
    settings = dict(entry.partition("=")[::2] for entry in config.env)
    for folder in settings.get("PATH", _DEFAULT_PATH).split(":"):
        yield f"{folder}/{word}"
