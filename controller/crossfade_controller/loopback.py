"""This machine's own addresses: what only this machine reaches, and answers to its names alone."""

from __future__ import annotations

import ipaddress

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from crossfade_controller.problems import Problem


def is_loopback(host: str) -> bool:
    """Say whether a host's name or address is reached by this machine alone."""
    try:
        return host.lower() == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class LoopbackHosts:
    """Answers requests for this machine's own names alone, so that no web page can reach it under a name of its own."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer 400."""
        if scope["type"] == "http" and not is_loopback(host := _host_name(scope)):
            problem = Problem(400, f"Host is {host!r:.80}; use 127.0.0.1 or localhost", field="Host")
            return await problem.response()(scope, receive, send)
        return await self._app(scope, receive, send)


def _host_name(scope: Scope) -> str:
    host = Headers(scope=scope).get("host", "")
    return host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]
