"""A proxy in front of Redis that cuts the wire when a certain command passes."""

from __future__ import annotations

import socket
import socketserver
import threading
from pathlib import Path
from types import TracebackType


class WireCutter:
    """Passes bytes on between a socket of its own and Redis, until it sees the command: that never arrives."""

    def __init__(self, directory: Path, redis_url: str, *, command: bytes) -> None:
        path = str(directory / "cut.sock")
        self.url = f"unix://{path}"
        self.has_cut = threading.Event()
        target, cut = redis_url.removeprefix("unix://"), self.has_cut

        class Wire(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                with socket.socket(socket.AF_UNIX) as far:
                    far.connect(target)
                    threading.Thread(target=_pass_on, args=(far, self.request), daemon=True).start()
                    while data := self.request.recv(1 << 16):
                        if command in data:
                            cut.set()
                            self.request.shutdown(socket.SHUT_RDWR)
                            return
                        far.sendall(data)

        self._server = socketserver.ThreadingUnixStreamServer(path, Wire)
        self._server.daemon_threads = True

    def __enter__(self) -> WireCutter:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()


def _pass_on(source: socket.socket, sink: socket.socket) -> None:
    try:
        while data := source.recv(1 << 16):
            sink.sendall(data)
    except OSError:
        return  # one side is gone; the other notices by itself
