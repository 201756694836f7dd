"""A thin client of the controller's REST interface; it turns problem documents into errors that say what to do.

It is made of the standard library, because a command line that answers at once cannot wait for a larger one to load.
"""

from __future__ import annotations

import json
import os
import select
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote, urlencode, urlsplit

from crossfade_shared.errors import ConflictError, UnreachableError, UserError

DEFAULT_CONTROLLER_URL = "http://127.0.0.1:8321"
TIMEOUT_SECONDS = 10.0
_CONFLICTS = {409, 412}
_CONNECTIONS: dict[str, type[HTTPConnection]] = {"http": HTTPConnection, "https": HTTPSConnection}


class RestClient:
    """Calls one controller. Raises `UnreachableError`, `ConflictError` or `UserError`, never a bare HTTP error."""

    def __init__(self, url: str = DEFAULT_CONTROLLER_URL, *, token: str | None = None) -> None:
        self.url = url.rstrip("/")
        token = token or os.environ.get("CROSSFADE_TOKEN")
        self._authorization = {"Authorization": f"Bearer {token}"} if token else {}
        self._connection = _connection(self.url)

    def get(self, path: str, **query: str | int) -> Any:  # noqa: ANN401 - JSON
        """Give the decoded body of a GET."""
        return self._call("GET", f"{quote(path, safe='/:')}{'?' * bool(query)}{urlencode(query)}", None, {})

    def post(self, path: str, body: object, *, if_match: int | None = None) -> Any:  # noqa: ANN401 - JSON
        """Send a JSON body and give the decoded answer; `if_match` is the version the change is based on."""
        return self._call("POST", quote(path, safe="/:"), body, _if_match(if_match))

    def patch(self, path: str, body: object, *, if_match: int | None = None, idempotency_key: str | None = None) -> Any:  # noqa: ANN401 - JSON
        """Like `post`, with PATCH; a repeat under the same key changes nothing a second time."""
        key = {"Idempotency-Key": idempotency_key} if idempotency_key else {}
        return self._call("PATCH", quote(path, safe="/:"), body, _if_match(if_match) | key)

    def _call(self, method: str, target: str, body: object, headers: dict[str, str]) -> Any:  # noqa: ANN401 - JSON
        wire = None if method == "GET" else json.dumps(body).encode()
        headers = {"Accept": "application/json", "Content-Type": "application/json", **self._authorization, **headers}
        try:
            self._leave_stale_connection()
            self._connection.request(method, urlsplit(self.url).path + target, wire, headers)
            response = self._connection.getresponse()
            status, content = response.status, response.read()
        except (OSError, HTTPException) as error:
            self._connection.close()
            raise UnreachableError(
                f"no controller answers at {self.url} ({str(error) or type(error).__name__}); start one with "
                "`crossfade serve` or name another with --controller"
            ) from error
        if status < 300:
            return json.loads(content)
        raise _error_of(status, content)

    def _leave_stale_connection(self) -> None:
        """Open a new connection if the controller closed the idle one: only then is there something to read."""
        if self._connection.sock and select.select([self._connection.sock], [], [], 0)[0]:
            self._connection.close()

    def close(self) -> None:
        """Give the connection back."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _connection(url: str) -> HTTPConnection:
    """Prepare a connection, opened at the first call; raises `UserError` for what is no http or https URL."""
    try:
        parts = urlsplit(url)
        return _CONNECTIONS[parts.scheme](parts.hostname or "", parts.port, timeout=TIMEOUT_SECONDS)
    except (KeyError, ValueError):
        raise UserError(
            f"{url!r} is no controller's URL; write it like {DEFAULT_CONTROLLER_URL}", field="controller"
        ) from None


def _if_match(version: int | None) -> dict[str, str]:
    return {} if version is None else {"If-Match": f'"{version}"'}


def _error_of(status: int, content: bytes) -> UserError:
    try:
        problem = json.loads(content)
    except ValueError:
        problem = {}
    if not isinstance(problem, dict):
        problem = {}
    message = str(problem.get("detail") or problem.get("title") or f"HTTP {status}")
    field = problem.get("field")
    if status in _CONFLICTS:
        return ConflictError(message, field=field)
    if status >= 500:
        return UnreachableError(f"the controller answered {status}: {message}", field=field)
    return UserError(message, field=field)
