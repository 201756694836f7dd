"""A proxy in front of Redis that can cut the wire when a certain command passes."""

from __future__ import annotations

import socket
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


class WireCutter(socketserver.ThreadingUnixStreamServer):
    """Passes bytes on between a socket of its own and Redis; a command to cut at never arrives."""

    daemon_threads = True

    def __init__(self, path: Path, redis_url: str) -> None:
        super().__init__(str(path), _Wire)
        self.url = f"unix://{path}"
        self.target = redis_url.removeprefix("unix://")
        self.command: bytes | None = None
        self.has_cut = threading.Event()

    @contextmanager
    def cut_at(self, command: bytes) -> Iterator[threading.Event]:
        """Cut at a command until the end; the event tells that it came."""
        self.has_cut.clear()
        self.command = command
        yield self.has_cut
        self.command = None


class _Wire(socketserver.BaseRequestHandler):
    server: WireCutter

    def handle(self) -> None:
        with socket.socket(socket.AF_UNIX) as far, suppress(OSError):  # one side is gone; the other one notices
            far.connect(self.server.target)
            back = threading.Thread(target=_pass_on, args=(far, self.request), daemon=True)
            back.start()
            while data := self.request.recv(1 << 16):
                if self.server.command and self.server.command in data:
                    self.server.has_cut.set()
                    break
                far.sendall(data)
            far.shutdown(socket.SHUT_RDWR)
            back.join()


def _pass_on(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(1 << 16):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_RDWR)
