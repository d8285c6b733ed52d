"""What `shipseal sbom trim` needs beside the ladder: which limit is meant, and how a failure is told."""

from pathlib import Path

from shipseal.errors import Code, ConfigError, SbomError
from shipseal.sbom.store_limits import fit_limit
from shipseal.spdx import TrimResult, read_document

DEFAULT_STORE = "github"


def chosen_limit(limit: int | None, store: str | None) -> int:
    """Return the limit in bytes: the given one, else the store's, else GitHub's (S32).

    Raises:
        ConfigError: both are given, the store is unknown, or it has no limit.
    """
    if limit is not None and store is not None:
        raise ConfigError("--limit and --store exclude each other", hint="give one of them")
    if limit is not None:
        return limit
    found = fit_limit(store or DEFAULT_STORE)
    if found is None:
        raise ConfigError(f"store {store!r} has no limit on an SBOM", hint="give --limit BYTES")
    return found


def check_output(output: Path, file: Path) -> None:
    """Refuse an output that is a folder, or the very file that is trimmed: its digest names the full SBOM.

    Raises:
        ConfigError: it is one of these.
    """
    if output.is_dir():
        raise ConfigError(f"--output {output}: this is a folder", hint="name a file in it")
    if output.exists() and output.samefile(file):
        raise ConfigError(
            f"--output {output}: this is the SBOM that is trimmed",
            hint="name another file: the full SBOM must stay, the trimmed one names it by its digest",
        )


def too_large(result: TrimResult, file: Path, limit: int) -> SbomError:
    """Return the error of an SBOM that does not fit even when all is trimmed (S33 to S35)."""
    packages = len(read_document(result.raw, what=str(file)).contents)
    return SbomError(
        Code.SBOM_TOO_LARGE,
        f"{file}: {result.size} bytes are left with all trimmed, the limit is {limit}: {packages} packages alone need "
        "more",
        hint="attest it by reference (a release does so by itself), slim the image down, or see what costs most with "
        "`shipseal sbom size FILE`",
        context={
            "file": str(file),
            "bytes": str(result.size),
            "limit": str(limit),
            "packages": str(packages),
        },
    )
