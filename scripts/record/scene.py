"""Where a failure is made: a folder, an environment of its own, and scripts that run in it as steps of CI."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from tests.support.missing import UNAVOIDABLE
from tests.support.tools import BUILT, ROOT

_STEP_SECONDS = 90.0
_WAIT_SECONDS = 30.0
_SYSTEM = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/go/bin"


class StepFailedError(Exception):
    """A step ended with another status than 0, which is what a case is there for."""


@dataclass(frozen=True, slots=True)
class Step:
    """A script that was run.

    Attributes:
        title: of the step in CI; empty for the first line of the script.
        script: as it was written.
        environment: what the step was given besides what all have, as far as people see it.
        output: both streams as they came.
        status: of its end; negative for a signal.
    """

    title: str
    script: str
    environment: Mapping[str, str]
    output: str
    status: int


class Scene(contextlib.ExitStack):
    """A place for one case; a context manager that ends the servers which were entered in it.

    Args:
        folder: for everything.
        traced: whether scripts show each command (``set -x``).

    Attributes:
        folder: where servers have their files.
        work: the folder that scripts run in.
        home: the home folder of whoever runs them.
        steps: that were run.
        environment: of scripts.
    """

    def __init__(self, folder: Path, *, traced: bool = False) -> None:
        super().__init__()
        self.folder = folder
        self.home = folder / "home"
        self.work = self.home / "work" / "app" / "app"
        self.work.mkdir(parents=True)
        self.traced = traced
        self.steps: list[Step] = []
        self.environment = _environment(self.home)

    def step(
        self,
        script: str,
        *,
        title: str = "",
        shown: Mapping[str, str] | None = None,
        disk: str = "",
        hosts: str = "",
        offline: bool = False,
        memory: int = 0,
        **environment: str,
    ) -> None:
        """Run a script as CI runs a step: with bash, ended by the first command that fails.

        Args:
            script: commands.
            title: of the step.
            shown: variables that the step's log shows, as its own ``env:``.
            disk: options of a small tmpfs that is mounted on the folder ``disk`` meanwhile; empty for none.
            hosts: lines that stand in the file of host names meanwhile.
            offline: whether there is no network meanwhile, not even this machine's own.
            memory: bytes that all of it may use; 0 for any.
            environment: further variables, which no log shows.

        Raises:
            StepFailedError: it ended with another status than 0.
        """
        variables = self.environment | dict(shown or {}) | environment
        with self._memory(memory) as entrance:
            done = subprocess.run(
                self._command(script, self._walls(disk, hosts, offline=offline), entrance),
                cwd=self.work,
                env=variables,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                timeout=_STEP_SECONDS,
                check=False,
            )
        output = done.stdout.decode("utf-8", "replace")
        self.steps.append(Step(title, script, dict(shown or {}), output, done.returncode))
        if done.returncode:
            raise StepFailedError(f"status {done.returncode}")

    def setup(self, script: str, **environment: str) -> str:
        """Run a script that is no part of the case, and return what it printed.

        Raises:
            RuntimeError: it failed.
        """
        done = subprocess.run(
            ["/bin/bash", "-e", "-o", "pipefail", "-c", script],
            cwd=self.work,
            env=self.environment | environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_STEP_SECONDS,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"{script}\n{done.stdout}{done.stderr}")
        return done.stdout

    def start(self, argv: Sequence[str]) -> "subprocess.Popen[bytes]":
        """Start a program beside the case; it ends with the scene."""
        process = subprocess.Popen(
            argv,
            cwd=self.work,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        self.callback(_end, process)
        return process

    def wait_for(
        self, true: Callable[[], bool], process: "subprocess.Popen[bytes] | None" = None
    ) -> None:
        """Wait until something is so, at most half a minute.

        Raises:
            RuntimeError: it never was, or the program that should do it has ended.
        """
        deadline = time.monotonic() + _WAIT_SECONDS
        while time.monotonic() < deadline and (process is None or process.poll() is None):
            if true():
                return
            time.sleep(0.02)
        raise RuntimeError("what was waited for did not happen")

    def file(self, name: str, text: str | bytes) -> Path:
        """Write a file of the work folder."""
        path = self.work / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return path

    def login(self, host: str, user: str, password: str) -> None:
        """Keep credentials where Docker keeps them, and whoever learned from it."""
        path = self.home / ".docker" / "config.json"
        path.parent.mkdir(exist_ok=True)
        auth = b64encode(f"{user}:{password}".encode()).decode()
        path.write_text(json.dumps({"auths": {host: {"auth": auth}}}), "utf-8")

    def _walls(self, disk: str, hosts: str, *, offline: bool) -> list[str]:
        """Return the command line that a script is run by where it sees less than the machine has."""
        mounts = self._mounts(disk, hosts)
        if not mounts and not offline:
            return []
        flags = [*(["--net"] if offline else []), "--mount", "--propagation", "private"]
        root = [] if os.geteuid() == 0 else ["--map-root-user"]
        if subprocess.run(
            ["unshare", *root, *flags, "true"], capture_output=True, check=False
        ).returncode:
            _skip("nobody may mount here")
        inside = " && ".join([*mounts, 'exec "$@"'])
        return ["unshare", *root, *flags, "sh", "-c", inside, "sh"]

    def _mounts(self, disk: str, hosts: str) -> list[str]:
        mounts = []
        if disk:
            place = self.work / "disk"
            place.mkdir(exist_ok=True)
            mounts.append(f'mount -t tmpfs -o {disk} small "{place}"')
        if hosts:
            path = self.folder / "hosts"
            path.write_text(f"127.0.0.1 localhost\n{hosts}\n", "utf-8")
            mounts.append(f'mount --bind "{path}" /etc/hosts')
        return mounts

    def _command(self, script: str, walls: list[str], entrance: str) -> list[str]:
        path = self.folder / f"step-{len(self.steps)}.sh"
        path.write_text(script + "\n", "utf-8")
        words = ["/bin/bash", "-ex" if self.traced else "-e", str(path)]
        words = [*walls, *words]
        if entrance:
            words = ["/bin/sh", "-c", f'echo $$ > {entrance} && exec "$@"', "sh", *words]
        return words

    @contextlib.contextmanager
    def _memory(self, limit: int) -> Iterator[str]:
        if not limit:
            yield ""
            return
        from tests.support.memory_group import memory_group  # noqa: PLC0415 - pytest, only here

        with memory_group(limit) as group:
            yield str(group.folder / "cgroup.procs")


def _skip(reason: str) -> NoReturn:
    """Leave the case out: neither a recorder nor a test can make it on this machine."""
    import pytest  # noqa: PLC0415 - only here

    pytest.skip(f"{UNAVOIDABLE}{reason}")


def _end(process: "subprocess.Popen[bytes]") -> None:
    """End a program with all that it started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _environment(home: Path) -> dict[str, str]:
    """Return what scripts get: nothing of whoever records but where the programs are."""
    kept = ("RUSTUP_HOME", "CARGO_HOME", "GOROOT", "JAVA_HOME")
    user = Path.home()
    tools = {"RUSTUP_HOME": str(user / ".rustup")} if (user / ".rustup").is_dir() else {}
    folders = (BUILT, Path(sys.prefix) / "bin", user / ".cargo" / "bin")
    return {
        **tools,
        **{name: os.environ[name] for name in kept if name in os.environ},
        "PATH": ":".join([*map(str, folders), _SYSTEM]),
        "HOME": str(home),
        "PYTHONPATH": f"{ROOT / 'src'}",
        "LC_ALL": "C.UTF-8",
        "COLUMNS": "120",
        "CI": "true",
        "DO_NOT_TRACK": "1",
        "SYFT_CHECK_FOR_APP_UPDATE": "false",
        "GRYPE_CHECK_FOR_APP_UPDATE": "false",
        "GH_NO_UPDATE_NOTIFIER": "1",
        "OTEL_TRACES_EXPORTER": "none",
    }
