"""An HTTP server that answers as it was told to: what a real controller does too seldom to wait for."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

DROP = None
"""Instead of an answer: the connection is lost."""


@dataclass
class Answer:
    """What is answered to one request."""

    status: int
    body: Any
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Scripted:
    """Where the server is, and what it was asked."""

    url: str
    asked: list[tuple[str, str, dict[str, str]]]


@contextmanager
def scripted(answers: Sequence[Answer | None]) -> Iterator[Scripted]:
    """Serve some answers, one a request."""
    left, asked = list(answers), []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            asked.append((self.command, self.path, dict(self.headers)))
            answer = left.pop(0)
            if answer is DROP:
                self.close_connection = True
                return
            content = answer.body if isinstance(answer.body, bytes) else json.dumps(answer.body).encode()
            self.send_response(answer.status)
            for name, value in {"Content-Length": str(len(content)), **answer.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)
            self.close_connection = "Connection" in answer.headers

        do_POST = do_PATCH = do_GET  # noqa: N815 - as the library looks for them

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        try:
            yield Scripted(f"http://127.0.0.1:{server.server_port}", asked)
        finally:
            server.shutdown()
