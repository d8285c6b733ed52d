"""A line between a client and a server that breaks when it is told to."""

import contextlib
import socket
import struct
import threading
from collections.abc import Callable
from typing import Self


class CuttingProxy:
    """Passes bytes on between clients and one server; a context manager.

    Args:
        server: address and port that it passes on to.

    Attributes:
        host: address and port for clients.
        cut_up: so many bytes of each of the next connections go to the server before the connection is cut; None: all.
        cut_down: likewise for what comes back.
    """

    def __init__(self, server: str) -> None:
        name, _, port = server.rpartition(":")
        self._server = (name, int(port))
        self.cut_up: list[int | None] = []
        self.cut_down: list[int | None] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.host = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self._open: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._start(self._accept)

    def close(self) -> None:
        """Cut all connections and stop."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for one in self._open:
            _end(one)
        for thread in self._threads:
            thread.join(5)
        for one in self._open:
            one.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _start(self, target: Callable[..., None], *args: object) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.create_connection(self._server)
            self._open += [client, server]
            up = self.cut_up.pop(0) if self.cut_up else None
            down = self.cut_down.pop(0) if self.cut_down else None
            self._start(_pass_on, client, server, up)
            self._start(_pass_on, server, client, down)


def _pass_on(source: socket.socket, sink: socket.socket, most: int | None) -> None:
    passed = 0
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            if most is not None and passed + len(data) >= most:
                sink.sendall(data[: most - passed])
                break
            sink.sendall(data)
            passed += len(data)
    _end(source)
    _end(sink)
    # Closed with a reset: a client that still sends must learn that nobody reads.
    with contextlib.suppress(OSError):
        source.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    source.close()


def _end(one: socket.socket) -> None:
    with contextlib.suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
