"""A bare HTTP/1.1 client, so that the generator takes as little as it can of the machine it measures."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import urlsplit

from tests.controller.served import ADMIN_TOKEN


def request(method: str, path: str, body: bytes = b"", **headers: str) -> bytes:
    """Give the bytes of a request of the admin; underscores in header names stand for hyphens."""
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", f"Authorization: Bearer {ADMIN_TOKEN}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    if body:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, "", ""]).encode() + body


class Connection(asyncio.Protocol):
    """One connection, one request at a time; answers must say how long they are, unless they have no body."""

    def __init__(self) -> None:
        self._transport: Any = None
        self._received = bytearray()
        self._answer: asyncio.Future[tuple[int, bytes]] | None = None

    @classmethod
    async def open(cls, url: str) -> Connection:
        """Connect to the host and port of a URL."""
        place = urlsplit(url)
        _, connection = await asyncio.get_running_loop().create_connection(cls, place.hostname, place.port)
        return connection

    async def ask(self, wire: bytes) -> tuple[int, bytes]:
        """Send a request, and give status and body."""
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(wire)
        return await self._answer

    def close(self) -> None:
        """Close it."""
        self._transport.close()

    def connection_made(self, transport: Any) -> None:
        """Keep the transport."""
        self._transport = transport

    def connection_lost(self, error: Exception | None) -> None:
        """Let nobody wait for an answer that will not come."""
        if self._answer and not self._answer.done():
            self._answer.set_exception(error or ConnectionResetError("the connection was closed"))

    def data_received(self, data: bytes) -> None:
        """Collect an answer and hand it over when it is whole."""
        self._received += data
        head, found, body = self._received.partition(b"\r\n\r\n")
        if found and len(body) >= _length(head) and self._answer:
            self._received = bytearray()
            self._answer.set_result((int(head[9:12]), bytes(body)))


def _length(head: bytes) -> int:
    place = head.lower().find(b"content-length: ")
    return int(head[place + 16 :].split(b"\r", 1)[0]) if place >= 0 else 0
