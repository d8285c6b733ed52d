"""Where things are measured: a temporary folder with registries, a key, a Grype database and a configuration.

Everything lies in one temporary folder and ends with the ``with`` block. What is slow to make and is not measured (the
image) is kept below ``build/``.
"""

import contextlib
import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from scripts.real_image import HOME, make, recipe
from shipseal.advisories.building import build_into, read_folder
from shipseal.attest.key_files import encrypt_key
from shipseal.attest.keys import LocalKey
from tests.support.grype_database import import_database
from tests.support.registries import distribution
from tests.support.tools import ROOT, need

PASSWORD = "measured"  # noqa: S105 - of a key that lives as long as one measurement
VERSION = "1.0.0"
PLATFORMS = ("linux/amd64", "linux/arm64")
SHARED = ROOT.parent / "shared"
DATABASE = SHARED / "grype-db" / "vulnerability-db.tar.zst"
ADVISORIES = SHARED / "advisories"


class Unmeasurable(Exception):
    """A measurement cannot be made here; its text says why."""


@dataclass(frozen=True, slots=True)
class Image:
    """What is released.

    Attributes:
        layout: OCI layout, read only.
        packages: per platform.
        size: compressed bytes of all layers.
    """

    layout: Path
    packages: int
    size: int


def real_image(*, small: bool) -> Image:
    """Return the real image, made now when it is not there yet (minutes, once)."""
    what = recipe(small=small)
    stamp = make(what, HOME, HOME / what.name)
    document = json.loads(json.dumps(stamp))
    packages = min(found["all"] for found in document["platforms"].values())
    return Image(Path(document["layout"]), packages, document["compressed_bytes"])


@dataclass(frozen=True, slots=True)
class Site:
    """The temporary folder.

    Attributes:
        folder: everything lies below it.
        image: what is released.
        database: for the built-in matcher; the advisories that Grype's database was made of.
    """

    folder: Path
    image: Image
    database: Path

    @property
    def key(self) -> Path:
        """An encrypted private key in cosign's format."""
        return self.folder / "cosign.key"

    def environment(self, **extra: str) -> dict[str, str]:
        """Return the environment of everything that is measured: the same tools and data for all."""
        return {
            **os.environ,
            "PATH": f"{need('syft').parent}{os.pathsep}{os.environ['PATH']}",
            "TMPDIR": str(self.folder / "tmp"),
            "DOCKER_CONFIG": str(self.folder / "docker"),
            "COSIGN_PASSWORD": PASSWORD,
            "SHIPSEAL_KEY_PASSWORD": PASSWORD,
            "GRYPE_DB_CACHE_DIR": str(self.folder / "grype"),
            "GRYPE_DB_AUTO_UPDATE": "false",
            "GRYPE_DB_VALIDATE_AGE": "false",
            "GRYPE_CHECK_FOR_APP_UPDATE": "false",
            "SYFT_CHECK_FOR_APP_UPDATE": "false",
            "OTEL_TRACES_EXPORTER": "none",
            **extra,
        }

    def project(
        self, name: str, repositories: tuple[str, ...], *, engine: str = "builtin"
    ) -> "Project":
        """Make a folder with the configuration that is released to ``repositories``, and scanned by ``engine``."""
        folder = self.folder / name
        folder.mkdir()
        document = {
            "image": "app",
            "platforms": list(PLATFORMS),
            "build": {"builder": "prebuilt", "layout": str(self.image.layout)},
            "targets": list(repositories),
            "tags": ["{version}"],
            "sign": {"mode": "key", "key": str(self.key)},
            "sbom": {"syft": str(need("syft"))},
            "scan": {"engine": engine, "max_age": "none"}
            | (
                {"grype": str(need("grype"))}
                if engine == "grype"
                else {"database": str(self.database)}
            ),
            # The data knows no Debian 12. Grype says nothing of that, the built-in matcher does.
            "gate": {"fail_on": "critical", "gaps": "report"},
        }
        # JSON is YAML.
        (folder / "shipseal.yaml").write_text(json.dumps(document, indent=2))
        return Project(self, folder)


@dataclass(frozen=True, slots=True)
class Project:
    """A folder with ``shipseal.yaml``, a state folder and an SBOM cache that are empty at first.

    Attributes:
        site: what it lies in.
        folder: where.
    """

    site: Site
    folder: Path

    @property
    def state(self) -> Path:
        """The state folder of its releases."""
        return self.folder / ".shipseal"

    @property
    def cache(self) -> Path:
        """The cache of SBOMs."""
        return self.folder / "cache"

    def environment(self) -> dict[str, str]:
        """Return the environment that its releases run in."""
        return self.site.environment(SHIPSEAL_CACHE=str(self.cache))

    def words(self, *command: str) -> list[str]:
        """Return the words after ``shipseal`` for a command about this project."""
        return [*command, "--config", str(self.folder / "shipseal.yaml")]

    def journal(self) -> list[Mapping[str, object]]:
        """Return the lines of its one release's journal."""
        (path,) = (self.state / "releases").glob("*/journal.jsonl")
        return [json.loads(line) for line in path.read_text().splitlines()]


@contextlib.contextmanager
def open_site(image: Image) -> Iterator[Site]:
    """Make the folder with key and database, for the time of a ``with`` block.

    Raises:
        Unmeasurable: the database is not there.
    """
    if not DATABASE.exists():
        raise Unmeasurable(f"{DATABASE} is not there: Grype has no database")
    with tempfile.TemporaryDirectory(prefix="shipseal-bench-") as name:
        database = build_into(read_folder(ADVISORIES), Path(name) / "advisories")
        site = Site(Path(name), image, database)
        for folder in ("tmp", "docker"):
            (site.folder / folder).mkdir()
        key = LocalKey.generate()
        site.key.write_bytes(encrypt_key(key, PASSWORD))
        site.key.with_suffix(".pub").write_bytes(key.public.pem())
        import_database(DATABASE, site.folder / "grype")
        yield site


@contextlib.contextmanager
def two_registries(site: Site) -> Iterator[tuple[str, str]]:
    """Run two empty registries and give the repositories to release to; their files go with them."""
    with (
        tempfile.TemporaryDirectory(prefix="registries-", dir=site.folder) as name,
        distribution(Path(name) / "1") as first,
        distribution(Path(name) / "2") as second,
    ):
        yield f"{first.host}/app", f"{second.host}/app"
