"""A connection to the controller, of the standard library: a command that answers at once cannot load a larger one."""

from __future__ import annotations

import json
import select
import socket
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from crossfade_shared.client.refusals import PassingError
from crossfade_shared.errors import UnreachableError, UserError

DEFAULT_CONTROLLER_URL = "http://127.0.0.1:8321"
_CONNECTIONS: dict[str, type[HTTPConnection]] = {"http": HTTPConnection, "https": HTTPSConnection}


@dataclass(frozen=True, kw_only=True)
class Request:
    """A call as a value, safe to repeat; `path` stands below the controller's URL."""

    method: str
    path: str
    query: Mapping[str, str | int] | None = None
    body: object = None
    headers: Mapping[str, str] | None = None

    @property
    def target(self) -> str:
        """The path and query as they are sent."""
        return quote(self.path, safe="/:") + (f"?{urlencode(self.query)}" if self.query else "")


@dataclass(frozen=True)
class Reply:
    """An answer, read to its end."""

    status: int
    retry_after_seconds: float | None
    content: bytes

    def json(self) -> Any:  # noqa: ANN401 - JSON
        """Give the decoded body, None where there is none; raises `UnreachableError` where it is not JSON."""
        try:
            return json.loads(self.content) if self.content else None
        except ValueError:
            raise UnreachableError("what answers there is no Crossfade controller: its answer is not JSON") from None


class Transport:
    """A connection kept between calls, opened at the first. Not for two threads at once, but for `interrupt`.

    Raises `UserError` for a URL that is none, `UnreachableError` where nobody answers, `PassingError` where somebody
    did and went away.
    """

    def __init__(self, url: str, *, token: str | None, timeout_seconds: float) -> None:
        self.url = url.rstrip("/")
        self._headers = {"Accept": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
        self._connection = _connection(self.url, timeout_seconds)
        self._response: HTTPResponse | None = None

    def exchange(self, request: Request) -> Reply:
        """Send a request and read its whole answer."""
        response = self.open(request)
        try:
            content = response.read()
        except (OSError, HTTPException) as error:
            raise self._lost(error) from error
        return Reply(response.status, _retry_after(response), content)

    def open(self, request: Request) -> HTTPResponse:
        """Send a request and give its answer as soon as it begins."""
        self._connect()
        body = None if request.body is None else json.dumps(request.body).encode()
        headers = self._headers | ({} if body is None else {"Content-Type": "application/json"})
        try:
            path = urlsplit(self.url).path + request.target
            self._connection.request(request.method, path, body, headers | dict(request.headers or {}))
            self._response = self._connection.getresponse()
        except (OSError, HTTPException) as error:
            raise self._lost(error) from error
        return self._response

    def lines(self, response: HTTPResponse) -> Iterator[bytes]:
        """Give an answer line by line, for as long as it lasts."""
        try:
            yield from response
        except (OSError, HTTPException, ValueError) as error:  # ValueError: closed by `interrupt` meanwhile
            raise self._lost(error) from error

    def interrupt(self) -> None:
        """End a read that another thread is waiting in."""
        connected: socket.socket | None = self._connection.sock
        if connected:
            with suppress(OSError):
                connected.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Give the connection back; the next call opens another."""
        if self._response:
            self._response.close()  # it holds the socket where the controller said that it would close it
        self._connection.close()

    def _connect(self) -> None:
        """Open a connection unless a live one is there: an idle one with something to read was closed over there."""
        if self._connection.sock and select.select([self._connection.sock], [], [], 0)[0]:
            self._connection.close()
        if self._connection.sock:
            return
        try:
            self._connection.connect()
        except OSError as error:
            raise UnreachableError(
                f"no controller answers at {self.url} ({str(error) or type(error).__name__}); start one with "
                "`crossfade serve` or name another with --controller"
            ) from error

    def _lost(self, error: Exception) -> PassingError:
        self.close()
        return PassingError(
            f"the controller at {self.url} went away before it answered ({str(error) or type(error).__name__})"
        )


def _connection(url: str, timeout_seconds: float) -> HTTPConnection:
    try:
        parts = urlsplit(url)
        return _CONNECTIONS[parts.scheme](parts.hostname or "", parts.port, timeout=timeout_seconds)
    except (KeyError, ValueError):
        raise UserError(
            f"{url!r} is no controller's URL; write it like {DEFAULT_CONTROLLER_URL}", field="controller"
        ) from None


def _retry_after(response: HTTPResponse) -> float | None:
    given = response.getheader("Retry-After", "")
    return float(given) if given.isdecimal() else None
