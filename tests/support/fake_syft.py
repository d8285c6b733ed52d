"""A stand-in for Syft that counts its runs and fails in chosen ways; what real Syft does is tested with real Syft."""

import json
from pathlib import Path

from shipseal._internal.progress import SilentReporter
from tests.support import spdx as samples

SPDX = samples.document(
    [samples.package("DocumentRoot-Image-image"), samples.package("Package-npm-lodash-abc1")],
    [
        samples.relation("DOCUMENT", "DESCRIBES", "DocumentRoot-Image-image"),
        samples.relation("DocumentRoot-Image-image", "CONTAINS", "Package-npm-lodash-abc1"),
    ],
)
NATIVE = json.dumps(
    {
        "artifacts": [
            {
                "id": "abc1",
                "name": "lodash",
                "version": "4.17.20",
                "type": "npm",
                "locations": [{"path": "/app", "layerID": "sha256:1"}],
                "metadata": {"files": ["/bin/bash"]},
            }
        ],
        "artifactRelationships": [{"parent": "source", "child": "abc1", "type": "contains"}],
        "source": {"id": "source", "name": "image", "type": "image", "metadata": {}},
    }
).encode()


class FakeSyft:
    """A shell script that answers as Syft does.

    Args:
        folder: for the script and what it writes.
        body: shell commands that run at each scan before the documents are written; ``$RUN`` counts from 1.
        version: what it says; ``[not provided]`` as of a build without one.
        spdx: the SPDX that it writes.
        native: the Syft JSON that it writes.
    """

    def __init__(
        self,
        folder: Path,
        body: str = "",
        *,
        version: str = "9.9.9",
        spdx: bytes = SPDX,
        native: bytes = NATIVE,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / "syft"
        self._log = folder / "runs"
        (folder / "spdx").write_bytes(spdx)
        (folder / "native").write_bytes(native)
        self.environment = folder / "environment"
        self.path.write_text(
            "#!/bin/sh\n"
            f'if [ "$1" = version ]; then echo \'{{"version": "{version}"}}\'; exit 0; fi\n'
            f"echo run >> {self._log}\n"
            f"RUN=$(wc -l < {self._log})\n"
            f"env > {self.environment}\n"
            f"{body}\n"
            'for word in "$@"; do case "$word" in\n'
            f'  spdx-json=*) cp {folder}/spdx "${{word#spdx-json=}}";;\n'
            f'  syft-json=*) cp {folder}/native "${{word#syft-json=}}";;\n'
            "esac; done\n"
        )
        self.path.chmod(0o755)

    @property
    def runs(self) -> int:
        """How often it was asked to scan."""
        return len(self._log.read_text().splitlines()) if self._log.exists() else 0


class Listener(SilentReporter):
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        """Keep a note."""
        self.notes.append(text)
