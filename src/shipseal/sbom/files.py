"""Read SBOM files that people name: plain or gzip, within a limit, with errors that say what was expected."""

import gzip
import zlib
from pathlib import Path

from shipseal._internal.limits import MIB, Limit, read_limited
from shipseal.errors import Code, ConfigError

SBOM = Limit("SBOM", 512 * MIB, "the largest known SPDX documents are below 200 MiB")
_GZIP = b"\x1f\x8b"


def read_sbom_file(path: Path) -> bytes:
    """Return the content of ``path``, decompressed when it is gzip (by its first bytes, whatever its name).

    Raises:
        ConfigError: it cannot be read, is damaged gzip, is empty, or is larger than 512 MiB.
    """
    try:
        with path.open("rb") as stream:
            packed = stream.read(len(_GZIP)) == _GZIP
            stream.seek(0)
            source = gzip.GzipFile(fileobj=stream) if packed else stream
            raw = read_limited(source, SBOM, what=str(path), code=Code.CONFIG_INVALID)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise _unreadable(
            path, f"damaged gzip: {error}", "compress or copy the file again"
        ) from error
    except OSError as error:
        raise _unreadable(path, error.strerror or str(error), "name an SBOM file") from error
    if not raw.strip():
        raise _unreadable(path, "the file is empty", "expected is an SPDX 2.3 document in JSON")
    return raw


def _unreadable(path: Path, problem: str, hint: str) -> ConfigError:
    return ConfigError(f"{path}: cannot be read: {problem}", hint=hint, context={"file": str(path)})
