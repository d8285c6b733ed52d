"""From text to target."""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from shipseal._internal.retry import RetryPolicy
from shipseal.errors import Code, ConfigError
from shipseal.registry.credentials import Anonymous
from shipseal.registry.factory import open_target
from shipseal.registry.hosts import HostSettings
from shipseal.registry.interface import Target
from shipseal.registry.layout_target import LayoutTarget
from tests.support.clocks import StoppedClock


def _open(text: str, base: Path, hosts: Mapping[str, HostSettings] | None = None) -> Target:
    return open_target(
        text,
        base=base,
        hosts=hosts or {},
        credentials=Anonymous(),
        clock=StoppedClock(),
        policy=RetryPolicy(),
    )


@pytest.mark.parametrize(
    ("text", "name", "registry", "repository"),
    [
        ("ghcr.io/org/app", "ghcr.io/org/app", "ghcr.io", "org/app"),
        ("debian", "docker.io/library/debian", "docker.io", "library/debian"),
        ("127.0.0.1:5001/app", "127.0.0.1:5001/app", "127.0.0.1:5001", "app"),
        ("[::1]:5000/a/b", "[::1]:5000/a/b", "[::1]:5000", "a/b"),
    ],
)
def test_a_repository_is_opened(
    text: str, name: str, registry: str, repository: str, tmp_path: Path
) -> None:
    target = _open(text, tmp_path)
    assert (target.name, target.registry, target.repository) == (name, registry, repository)
    target.close()


def test_a_layout_is_relative_to_the_configuration(tmp_path: Path) -> None:
    target = _open("oci:./out", tmp_path)
    assert isinstance(target, LayoutTarget)
    assert (target.name, target.registry) == ("oci:./out", "")
    assert Path(target.repository) == tmp_path / "out"
    absolute = _open(f"oci:{tmp_path}/other", Path("/nowhere"))
    assert Path(absolute.repository) == tmp_path / "other"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("oci:", "no folder"),
        ("ghcr.io/org/app:v1", "without a tag"),
        ("ghcr.io/org/app@sha256:" + "0" * 64, "without a tag or digest"),
        ("ghcr.io/Org/App", "lower-case"),
        ("https://ghcr.io/org/app", "scheme"),
        ("", "not an image reference"),
    ],
)
def test_what_names_no_target_is_a_wrong_configuration(
    text: str, problem: str, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match=problem) as caught:
        _open(text, tmp_path)
    assert caught.value.code is Code.CONFIG_INVALID


def test_settings_are_found_by_the_name_in_the_reference(tmp_path: Path) -> None:
    missing = HostSettings(ca=tmp_path / "missing.pem")
    for host, text in (("ghcr.io", "ghcr.io/a"), ("docker.io", "debian")):
        target = _open(text, tmp_path, {host: missing})
        with pytest.raises(ConfigError, match=r"missing\.pem"):
            target.resolve("v1")
        target.close()


def test_a_layout_needs_no_http_client(tmp_path: Path) -> None:
    program = (
        "import sys; from shipseal.registry.factory import open_target; "
        "sys.exit('httpx' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
