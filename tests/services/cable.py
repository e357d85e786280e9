"""The cable between a client and a server of a test: it can be cut, plugged in again, or pass nothing on."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from typing import Self


class Cable:
    """A port of 127.0.0.1 whose connections lead to a server's port.

    Attributes:
        port: Where it takes connections.
        opened: How many it has taken.
    """

    def __init__(self, server: int) -> None:
        self._server = server
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self.opened = 0
        self._ends: list[socket.socket] = []
        self._passes = threading.Event()
        self._passes.set()
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._closed = False

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closed = True
        self._passes.set()
        with suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self.cut()
        for thread in self._threads:
            thread.join()

    def cut(self) -> None:
        """End every connection that is there."""
        for end in self._ends:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def stall(self) -> None:
        """Pass nothing on, but keep the connections, and take new ones."""
        self._passes.clear()

    def flow(self) -> None:
        """Pass on again."""
        self._passes.set()

    def _accept(self) -> None:
        while not self._closed:
            try:
                client, _ = self._listening.accept()
            except OSError:
                return
            self.opened += 1
            try:
                server = socket.create_connection(("127.0.0.1", self._server))
            except ConnectionError:
                # Nobody is there: the client finds its connection ended, as behind any relay.
                client.close()
                continue
            self._ends += [client, server]
            for source, target in ((client, server), (server, client)):
                thread = threading.Thread(target=self._pass, args=(source, target), daemon=True)
                self._threads.append(thread)
                thread.start()

    def _pass(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError), source:
            while data := source.recv(65536):
                self._passes.wait()
                self._relay(target, data)
        with suppress(OSError):
            target.shutdown(socket.SHUT_RDWR)

    def _relay(self, target: socket.socket, data: bytes) -> None:
        target.sendall(data)


class FrameCable(Cable):
    """A cable to a broker that is cut before a certain frame gets through, whichever way it goes.

    Attributes:
        cut_at: Which frame that is, of all from now on; 0 for none. Once it is cut, it stays whole.
    """

    def __init__(self, server: int) -> None:
        super().__init__(server)
        self.cut_at = 0
        self._counting = threading.Lock()
        self._halves: dict[socket.socket, bytes] = {}

    def _relay(self, target: socket.socket, data: bytes) -> None:
        data = self._halves.pop(target, b"") + data
        while end := _frame(data):
            with self._counting:
                self.cut_at -= 1
                if self.cut_at == 0:
                    self.cut()
                    raise ConnectionAbortedError
            target.sendall(data[:end])
            data = data[end:]
        self._halves[target] = data


def _frame(data: bytes) -> int:
    """Return how long the first frame of AMQP 0-9-1 is, 0 while it is not whole."""
    if data.startswith(b"AMQP"):
        length = 8
    elif len(data) < 7:
        return 0
    else:
        length = 8 + int.from_bytes(data[3:7], "big")
    return length if len(data) >= length else 0
