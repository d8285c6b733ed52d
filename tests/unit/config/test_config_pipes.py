"""A pipe where a file should be is refused, and never waited for."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from shipseal._internal.limits import CONFIG_FILE, read_file
from shipseal._internal.regular_file import NotRegularFileError, open_file
from shipseal.cli.main import main
from shipseal.config.load import load, load_policy
from shipseal.errors import Code, ConfigError, Exit
from shipseal.registry.docker_config import DockerCredentials


@pytest.fixture
def pipe(tmp_path: Path) -> Path:
    """Return a pipe that nobody writes to: whoever opens it as a file waits for ever."""
    os.mkfifo(tmp_path / "pipe.yaml")
    return tmp_path / "pipe.yaml"


READERS: list[Callable[[Path], object]] = [
    lambda path: load(path, env={}, overrides={}),
    load_policy,
]


@pytest.mark.timeout(10)
@pytest.mark.parametrize("reader", READERS, ids=["configuration", "policy"])
def test_a_configuration_that_is_a_pipe_is_refused(
    pipe: Path, reader: Callable[[Path], object]
) -> None:
    with pytest.raises(
        ConfigError, match=r"pipe\.yaml: cannot be read: it is a pipe, not a file"
    ) as found:
        reader(pipe)
    assert found.value.code is Code.CONFIG_INVALID
    assert "--config" in found.value.hint


@pytest.mark.timeout(10)
def test_a_device_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="it is a device, not a file"):
        load(Path("/dev/zero"), env={}, overrides={})


@pytest.mark.timeout(10)
def test_credentials_that_are_a_pipe_are_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "config.json")
    with pytest.raises(ConfigError, match="it is a pipe, not a file"):
        DockerCredentials({"DOCKER_CONFIG": str(tmp_path)}).find("ghcr.io", "org/app")


@pytest.mark.timeout(20)
def test_the_command_line_says_so_at_once(pipe: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for words in (["config", "check"], ["release", "--version", "1.0.0"]):
        assert main([*words, "--config", str(pipe), "--json"]) == Exit.USAGE
        error = json.loads(capsys.readouterr().out)["error"]
        assert error["code"] == "config.invalid"
        assert "it is a pipe, not a file" in error["message"]


@pytest.mark.timeout(10)
def test_files_of_our_own_are_not_waited_for_either(pipe: Path) -> None:
    with pytest.raises(NotRegularFileError):
        read_file(pipe, CONFIG_FILE)


def test_a_file_is_a_file_also_behind_a_link(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"content")
    (tmp_path / "link").symlink_to("file")
    with open_file(tmp_path / "link") as stream:
        assert stream.read(10) == b"content"
    with pytest.raises(IsADirectoryError):
        open_file(tmp_path)
    with pytest.raises(FileNotFoundError):
        open_file(tmp_path / "no")
