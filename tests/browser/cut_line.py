"""A line between the browser and the controller that can be cut and mended."""

import socket
import socketserver
import threading
from contextlib import suppress


class CutLine(socketserver.ThreadingTCPServer):
    """Passes bytes on to a port of this machine while it is whole; cut, it drops what is open and what comes."""

    daemon_threads = True
    request_queue_size = 64  # a browser asks for many modules at once

    def __init__(self, port: int) -> None:
        super().__init__(("127.0.0.1", 0), _Wire)
        self.target = ("127.0.0.1", port)
        self.whole = True
        self.open: set[socket.socket] = set()
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def cut(self) -> None:
        """Drop every connection, and every one that is tried from now on."""
        self.whole = False
        for end in list(self.open):
            with suppress(OSError):  # it has gone by itself
                end.shutdown(socket.SHUT_RDWR)

    def mend(self) -> None:
        """Let connections through again."""
        self.whole = True

    def close(self) -> None:
        """Be gone."""
        self.cut()
        self.shutdown()
        self.server_close()


class _Wire(socketserver.BaseRequestHandler):
    server: CutLine

    def handle(self) -> None:
        if not self.server.whole:
            return
        ends = {self.request}
        with socket.create_connection(self.server.target) as far, suppress(OSError):
            ends.add(far)
            self.server.open |= ends
            back = threading.Thread(target=_pass_on, args=(far, self.request), daemon=True)
            back.start()
            _pass_on(self.request, far)
            back.join()
        self.server.open -= ends


def _pass_on(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(1 << 16):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
