"""The files of `shipseal verify bundle`: bundles in one, and what they must be about."""

from itertools import islice
from pathlib import Path

from shipseal._internal.json_lines import MOST_LINES, json_lines
from shipseal._internal.limits import BUNDLE, read_file
from shipseal.attest.artifact import Artifact, artifact_of_digest, artifact_of_file
from shipseal.errors import Code, ConfigError, ImageError, ShipsealError
from shipseal.oci import parse_digest


def bundles_in(path: Path) -> list[bytes]:
    """Return the bundles in a file: its lines, where each of several is a JSON object, else all of it.

    Whatever else the file holds is one bundle, which will not be genuine.

    Raises:
        ConfigError: the file cannot be read.
        ShipsealError: ``attest.invalid``: it is larger than any bundle, or has more lines than anybody verifies.
    """
    try:
        raw = read_file(path, BUNDLE, code=Code.ATTEST_INVALID)
    except OSError as error:
        raise ConfigError(
            f"{path}: cannot be read: {error.strerror}",
            hint="name a file with a bundle",
            context={"path": str(path)},
        ) from error
    lines = [line for _, line in islice(json_lines(raw), MOST_LINES + 1)]
    if len(lines) > MOST_LINES and lines[0].lstrip().startswith(b"{"):
        raise ShipsealError(
            Code.ATTEST_INVALID,
            f"{path}: more than {MOST_LINES} lines, each of which may be a bundle",
            hint="verify a part of it at a time",
        )
    several = path.suffix == ".jsonl" or all(line.lstrip().startswith(b"{") for line in lines)
    return lines if len(lines) > 1 and several else [raw.strip()]


def check_artifact(path: Path | None, digest: str | None) -> None:
    """Check that one of the two is named.

    Raises:
        ConfigError: none is, or both are.
    """
    if (path is None) == (digest is None):
        raise ConfigError(
            "name exactly one of --artifact and --digest",
            hint="a bundle proves something about one content only: say which one is meant",
        )


def artifact_named(path: Path | None, digest: str | None) -> Artifact:
    """Return what the bundles must be about: the file, else what has the digest.

    Raises:
        ConfigError: the file cannot be read, or that is no digest.
    """
    if path is not None:
        return artifact_of_file(path)
    try:
        return artifact_of_digest(parse_digest(digest or ""))
    except ImageError as error:
        raise ConfigError(
            f"--digest: {error.message}", hint="write sha256:… or sha512:…, in lower case"
        ) from error
