"""Build requests for tests."""

from pathlib import Path

from shipseal.build.values import BuildRequest, GitFacts
from shipseal.oci import Platform

COMMIT = "6f5e4d3c2b1a09876f5e4d3c2b1a09876f5e4d3c"
REMOTE = "https://git.example.org/org/app"
COMMITTED = 1_700_000_000
FACTS = GitFacts(commit=COMMIT, ref="refs/heads/main", remote=REMOTE, committed_at=COMMITTED)


def build_request(
    folder: Path,
    *,
    platforms: tuple[str, ...] = ("linux/amd64", "linux/arm64"),
    version: str = "1.4.0",
    git: GitFacts = FACTS,
    annotations: str = "warn",
    timeout: float = 60.0,
) -> BuildRequest:
    """Return a request that starts in ``folder`` and works in ``folder/work``."""
    return BuildRequest(
        name="app",
        version=version,
        platforms=tuple(map(Platform.parse, platforms)),
        folder=folder,
        work=folder / "work",
        git=git,
        epoch=COMMITTED,
        timeout=timeout,
        annotations=annotations,
    )
