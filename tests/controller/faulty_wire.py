"""A proxy in front of a server's socket: a wire that is slow, silent or dead, or cut when a certain command passes."""

from __future__ import annotations

import socket
import socketserver
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Literal

Trouble = Literal["down", "silent", "slow"]
SLOW_SECONDS = 2.0


class FaultyWire(socketserver.ThreadingUnixStreamServer):
    """Passes bytes on between a Unix socket of its own and that of a server."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, path: Path, target: str) -> None:
        super().__init__(str(path), _Wire)
        self.target = target
        self.trouble: Trouble | None = None
        self.command: bytes | None = None
        self.arrives = False
        self.has_cut = threading.Event()
        self.open: set[socket.socket] = set()

    @contextmanager
    def passing(self) -> Iterator[None]:
        """Pass bytes on until the end."""
        with self:
            threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()
            yield
            self.shutdown()

    @contextmanager
    def cut_at(self, command: bytes, *, arrives: bool = False) -> Iterator[threading.Event]:
        """Cut at a command until the end, before it arrives or after; the event tells that it came."""
        self.has_cut.clear()
        self.command, self.arrives = command, arrives
        yield self.has_cut
        self.command = None

    @contextmanager
    def in_trouble(self, trouble: Trouble) -> Iterator[None]:
        """Be down (every connection ends at once), silent (nothing passes) or slow until the end."""
        self.trouble = trouble
        if trouble == "down":
            self._cut_all()
        yield
        self.trouble = None
        if trouble == "silent":
            self._cut_all()  # what was lost makes no sense without the rest

    def _cut_all(self) -> None:
        for wire in list(self.open):
            with suppress(OSError):
                wire.shutdown(socket.SHUT_RDWR)


class _Wire(socketserver.BaseRequestHandler):
    server: FaultyWire

    def handle(self) -> None:
        if self.server.trouble == "down":
            return
        self.server.open.add(self.request)
        with socket.socket(socket.AF_UNIX) as far, suppress(OSError):  # one side is gone; the other one notices
            far.connect(self.server.target)
            back = threading.Thread(target=_pass_back, args=(far, self.request), daemon=True)
            back.start()
            while data := self.request.recv(1 << 16):
                if not self._pass_on(far, data):
                    break
            far.shutdown(socket.SHUT_RDWR)
            back.join()
        self.server.open.discard(self.request)

    def _pass_on(self, far: socket.socket, data: bytes) -> bool:
        """Pass on what came, and tell whether the wire is whole."""
        server = self.server
        is_cut = server.command is not None and server.command in data
        if server.trouble == "slow":
            time.sleep(SLOW_SECONDS)
        if server.trouble != "silent" and (server.arrives or not is_cut):
            far.sendall(data)
        if is_cut:
            self.request.shutdown(socket.SHUT_RDWR)  # before the answer comes back
            server.has_cut.set()
        return not is_cut


def _pass_back(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(1 << 16):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_RDWR)
