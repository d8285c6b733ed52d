"""Parts of a private instance that can be stopped and started again where they were, as in an outage."""

import contextlib
import os
import socket
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx

from shipseal.testing.http_server import Exchange, HttpServer

_START_SECONDS = 30.0
_LOG_TAIL = 2000


class StackError(RuntimeError):
    """A part does not run."""


class Part(ABC):
    """One part; :attr:`url` stays the same for all its life."""

    def __init__(self, name: str, port: int) -> None:
        self.name = name
        self.port = port
        self.url = f"http://127.0.0.1:{port}"

    @property
    @abstractmethod
    def runs(self) -> bool:
        """Whether it was started and not stopped."""

    @abstractmethod
    def begin(self) -> None:
        """Start it without waiting for it."""

    @abstractmethod
    def wait(self) -> None:
        """Wait until it answers.

        Raises:
            StackError: it does not.
        """

    @abstractmethod
    def stop(self) -> None:
        """End it; its address then refuses connections."""

    def start(self) -> None:
        """Start it where it does not run, and wait until it answers.

        Raises:
            StackError: it does not.
        """
        if not self.runs:
            self.begin()
            self.wait()


class PythonPart(Part):
    """A server in this process."""

    def __init__(self, name: str, respond: Callable[[Exchange], None]) -> None:
        self._answer = respond
        self._server: HttpServer | None = HttpServer(self._respond)
        super().__init__(name, self._server.port)

    @property
    def runs(self) -> bool:
        """Whether it was started and not stopped."""
        return self._server is not None

    def begin(self) -> None:
        """Listen on the port that it had at first."""
        self._server = HttpServer(self._respond, port=self.port)

    def wait(self) -> None:
        """Return at once: it listens as soon as it is there."""

    def stop(self) -> None:
        """Stop listening."""
        server, self._server = self._server, None
        if server is not None:
            server.close()

    def _respond(self, exchange: Exchange) -> None:
        # Connections that were kept open outlive the listener, and an outage spares nobody.
        if self.runs:
            self._answer(exchange)
        else:
            exchange.drop()


@dataclass(frozen=True, slots=True)
class Command:
    """A program and how to see that it answers.

    Attributes:
        argv: the command line.
        health: path that it answers with success.
    """

    argv: tuple[str, ...]
    health: str


class Program(Part):
    """A server that is a program of its own; what it says is kept in a file."""

    def __init__(self, name: str, port: int, command: Command, folder: Path) -> None:
        super().__init__(name, port)
        self._command = command
        self._log = folder / f"{name}.log"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def runs(self) -> bool:
        """Whether it was started and not stopped."""
        return self._process is not None

    def begin(self) -> None:
        """Start the program."""
        with self._log.open("ab") as output:
            self._process = subprocess.Popen(
                self._command.argv,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=_environment(),
            )

    def wait(self) -> None:
        """Wait until it answers.

        Raises:
            StackError: it ended, or says nothing for half a minute.
        """
        deadline = time.monotonic() + _START_SECONDS
        with httpx.Client(trust_env=False, timeout=1.0) as client:
            while time.monotonic() < deadline:
                if self._process is None or self._process.poll() is not None:
                    break
                with contextlib.suppress(httpx.TransportError):
                    if client.get(self.url + self._command.health).status_code < 500:
                        return
                time.sleep(0.02)
        self.stop()
        said = self._log.read_text("utf-8", "replace")[-_LOG_TAIL:]
        raise StackError(f"{self.name} does not answer at {self.url}:\n{said}")

    def stop(self) -> None:
        """End the program."""
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def free_ports(count: int) -> Sequence[int]:
    """Return ports of the loopback address that nobody listens on.

    They are held together and then let go, because the programs cannot take a port that is held for them.
    """
    with contextlib.ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [int(one.getsockname()[1]) for one in sockets]


def _environment() -> dict[str, str]:
    """Return this process's environment without proxies: everything here talks to this machine alone."""
    proxies = ("http_proxy", "https_proxy", "all_proxy")
    return {name: value for name, value in os.environ.items() if name.lower() not in proxies}
