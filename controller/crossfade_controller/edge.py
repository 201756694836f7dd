"""The outermost layer: every request gets an answer, every answer is guarded and counted, and not too many are open."""

from __future__ import annotations

import logging
import time

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from crossfade_controller.monitoring import instruments
from crossfade_controller.problems import Problem

RETRY_AFTER_SECONDS = 1
_LIVENESS = "/livez"  # a controller that is busy is alive
_SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_PRIVATE = "private, no-cache"
_logger = logging.getLogger(__name__)


class Edge:
    """Wraps the application; at most `max_open_requests` are open at once, event streams among them."""

    def __init__(self, app: ASGIApp, *, max_open_requests: int) -> None:
        self._app = app
        self._most = max_open_requests
        self._num_open = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        exchange = _Exchange(scope, send)
        self._num_open += 1
        try:
            if self._num_open > self._most and scope["path"] != _LIVENESS:
                return await _too_many(self._most).response()(scope, receive, exchange.send)
            return await exchange.run(self._app, receive)
        finally:
            self._num_open -= 1
            exchange.count()
            instruments.open_requests.set(self._num_open)


class _Exchange:
    """One request and what has been answered so far."""

    def __init__(self, scope: Scope, send: Send) -> None:
        self._scope = scope
        self._send = send
        self._begun = time.perf_counter()
        self._status = 0
        self._is_stream = False

    async def run(self, app: ASGIApp, receive: Receive) -> None:
        """Let the application answer; what it fails on becomes a 500, told in the log and not to the client."""
        try:
            await app(self._scope, receive, self.send)
        except Exception:
            _logger.exception("%s %s failed", self._scope["method"], self._scope["path"])
            if self._status:
                raise  # half an answer is out: only the end of the connection can tell
            await _failed().response()(self._scope, receive, self.send)

    async def send(self, message: Message) -> None:
        """Send a part of the answer, the first one with the headers that guard it."""
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in _SECURITY_HEADERS.items():
                headers.setdefault(name, value)
            headers.setdefault("Cache-Control", _PRIVATE)
            self._status = message["status"]
            self._is_stream = headers.get("content-type", "").startswith("text/event-stream")
        await self._send(message)

    def count(self) -> None:
        """Count the answer under its route's pattern: what clients make up is one route, `none`."""
        route = getattr(self._scope.get("route"), "path", "none")
        method = instruments.method_label(self._scope["method"])
        instruments.requests.labels(method, route, str(self._status or 499)).inc()
        if not self._is_stream:
            instruments.request_seconds.labels(route).observe(time.perf_counter() - self._begun)


def _too_many(most: int) -> Problem:
    return Problem(
        429,
        f"{most} requests are open already; try again in {RETRY_AFTER_SECONDS} s",
        headers={"Retry-After": str(RETRY_AFTER_SECONDS)},
    )


def _failed() -> Problem:
    return Problem(500, "something went wrong inside the controller; its log has the details")
