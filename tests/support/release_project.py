"""A small project that can be released by command line: a prebuilt image with one Python package, a key, a database."""

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from shipseal.attest.key_files import encrypt_key
from shipseal.attest.keys import LocalKey
from shipseal.cli.main import main
from shipseal.oci import Platform
from shipseal.oci.layer import LayerEntry
from shipseal.oci.layout import OciLayout
from shipseal.testing.contents import Files, plain
from shipseal.testing.images import SampleImage, build_layout

PASSWORD = "correct horse"
_KEY = LocalKey.generate()
PLATFORMS = ("linux/amd64", "linux/arm64")


def python_package(name: str, version: str) -> dict[str, LayerEntry]:
    """Return the files by which a catalogue knows an installed Python package."""
    folder = f"usr/lib/python3/dist-packages/{name}-{version}.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    return {
        f"{folder}/METADATA": plain(metadata.encode()),
        f"{folder}/RECORD": plain(f"{name}/__init__.py,,\n".encode()),
        f"usr/lib/python3/dist-packages/{name}/__init__.py": plain(b""),
    }


def files_for(platform: Platform, packages: Mapping[str, str]) -> Sequence[Files]:
    """Return the one layer of a platform's image."""
    files: dict[str, LayerEntry] = {"etc/platform": plain(str(platform).encode())}
    for name, version in packages.items():
        files |= python_package(name, version)
    return [files]


@dataclass
class Project:
    """A folder with ``shipseal.yaml``.

    Attributes:
        folder: where it is.
        targets: where the image goes; two layouts unless told otherwise.
        extra: further keys of the configuration.
    """

    folder: Path
    targets: Sequence[str] = ("oci:./a", "oci:./b")
    extra: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "cosign.key").write_bytes(encrypt_key(_KEY, PASSWORD))
        (self.folder / "cosign.pub").write_bytes(_KEY.public.pem())
        advisories = self.folder / "advisories"
        advisories.mkdir(exist_ok=True)
        (advisories / "planted.json").write_text(json.dumps(ADVISORY))
        self.configure()

    def configure(self, **extra: Any) -> None:
        """Write the configuration: the smallest useful one, with the built-in matcher."""
        document: dict[str, Any] = {
            "image": "app",
            "platforms": list(PLATFORMS),
            "build": {"builder": "prebuilt", "layout": "./image"},
            "targets": list(self.targets),
            "tags": ["{version}", "latest"],
            "sign": {"mode": "key", "key": "./cosign.key"},
            "scan": {"engine": "builtin", "database": "./advisories", "max_age": "none"},
            "gate": {"fail_on": "critical"},
        }
        document |= {**self.extra, **extra}
        # JSON is YAML.
        (self.folder / "shipseal.yaml").write_text(json.dumps(document, indent=2))

    def build(self, packages: Mapping[str, str] | None = None, **knobs: Any) -> SampleImage:
        """Make the image that will be released anew."""
        wanted = {"sample": "1.0"} if packages is None else packages
        shutil.rmtree(self.folder / "image", ignore_errors=True)
        knobs.setdefault("layers", lambda platform: files_for(platform, wanted))
        return build_layout(self.folder / "image", config={}, **{"platforms": PLATFORMS, **knobs})

    def run(self, *words: str) -> int:
        """Run a command line in this process and return its exit status."""
        return main([words[0], *words[1:], "--config", str(self.folder / "shipseal.yaml")])

    def release(self, version: str = "1.0.0", *words: str) -> int:
        """Release the image and return the exit status."""
        return self.run("release", "--version", version, *words)

    def tags(self, name: str) -> dict[str, str]:
        """Return the tags of one of the layouts, with what they name."""
        layout = OciLayout(self.folder / name)
        if not layout.exists():
            return {}
        named = "org.opencontainers.image.ref.name"
        return {
            entry.annotations[named]: entry.digest
            for entry in layout.entries()
            if named in entry.annotations
        }


ADVISORY = {
    "schema_version": "1.6.0",
    "id": "CVE-2099-0001",
    "modified": "2026-01-01T00:00:00Z",
    "published": "2026-01-01T00:00:00Z",
    "summary": "made for a test",
    "severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}],
    "affected": [
        {
            "package": {"ecosystem": "PyPI", "name": "planted"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "2.0"}]}],
        }
    ],
}
