"""Connections to real registries that break, and writers on other processes."""

import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from shipseal.oci.reference import Reference
from shipseal.registry.interface import Target, Uploaded
from shipseal.registry.layout_target import LayoutTarget
from shipseal.registry.repository import RegistryOptions, RepositoryTarget
from tests.support.cutting_proxy import CuttingProxy
from tests.support.registries import (
    Registry,
    crane_registry,
    debian_registry,
    distribution,
    referrers_registry,
)
from tests.support.target_content import Content, staged
from tests.support.targets import QUICK
from tests.support.tools import ROOT

pytestmark = pytest.mark.tools

Start = Callable[[Path], AbstractContextManager[Registry]]
SERVERS: dict[str, Start] = {
    "distribution-3": distribution,
    "debian-2.8": debian_registry,
    "referrers-api": referrers_registry,
    "crane-serve": crane_registry,
}
BLOB = Content(bytes(range(251)) * 40_000)

# What another process does: put four referrers of its own on one subject.
_WRITER = """
import sys
from pathlib import Path
from shipseal.oci import Descriptor, parse_digest
from shipseal.oci.reference import Reference
from shipseal.registry.layout_target import LayoutTarget
from shipseal.registry.repository import RegistryOptions, RepositoryTarget
from tests.support.target_content import referrer

where, name, digest = sys.argv[1:]
target = (
    LayoutTarget(Path(where.removeprefix("oci:")))
    if where.startswith("oci:")
    else RepositoryTarget(Reference.parse(where), RegistryOptions())
)
subject = target.read_manifest(parse_digest(digest))
for number in range(4):
    target.put_referrer(referrer(target, subject, f"{name} {number}"))
target.close()
"""


def _open(host: str) -> RepositoryTarget:
    return RepositoryTarget(Reference.parse(f"{host}/org/app"), RegistryOptions(policy=QUICK))


@pytest.mark.parametrize("server", SERVERS)
def test_an_upload_survives_a_connection_that_breaks(server: str, tmp_path: Path) -> None:
    with SERVERS[server](tmp_path) as registry, CuttingProxy(registry.host) as line:
        target = _open(line.host)
        line.cut_up = [4_000_000, 3_000_000]
        assert target.put_blob(BLOB.upload()) is Uploaded.SENT
        target.close()
        direct = _open(registry.host)
        assert b"".join(direct.open_blob(BLOB.descriptor)) == BLOB.data
        direct.close()
        log = registry.log.read_text("utf-8", "replace")
    # Only distribution 3 tells how much of a broken upload it has kept.
    assert ('"PATCH' in log or "PATCH /v2" in log) is (server == "distribution-3")


@pytest.mark.parametrize("server", SERVERS)
def test_a_download_survives_a_connection_that_breaks(server: str, tmp_path: Path) -> None:
    with SERVERS[server](tmp_path) as registry, CuttingProxy(registry.host) as line:
        direct = _open(registry.host)
        direct.put_blob(BLOB.upload())
        direct.close()
        target = _open(line.host)
        line.cut_down = [1_000_000, 4_000_000, 20_000]
        assert b"".join(target.open_blob(BLOB.descriptor)) == BLOB.data
        line.cut_down = [500_000]
        assert b"".join(target.open_blob(BLOB.descriptor, offset=77)) == BLOB.data[77:]
        target.close()


def _write_from_two_processes(target: Target, where: str) -> None:
    root = staged(target, "contended")

    def write(name: str) -> None:
        command = [sys.executable, "-c", _WRITER, where, name, root.digest]
        subprocess.run(command, check=True, cwd=ROOT, timeout=50)

    with ThreadPoolExecutor(2) as threads:
        list(threads.map(write, ("one", "two")))
    assert len(target.referrers(root.digest)) == 8


@pytest.mark.parametrize("server", ["distribution-3", "debian-2.8"])
def test_two_processes_lose_no_referrer_in_the_fallback_tag(server: str, tmp_path: Path) -> None:
    with SERVERS[server](tmp_path) as registry:
        target = _open(registry.host)
        _write_from_two_processes(target, target.name)
        assert target.list_tags() != ()
        target.close()


def test_two_processes_lose_no_referrer_in_a_layout(tmp_path: Path) -> None:
    target = LayoutTarget(tmp_path / "layout")
    _write_from_two_processes(target, f"oci:{tmp_path / 'layout'}")
    assert target.list_tags() == ()
