"""Loopback only: until the controller knows who may do what, it talks to this machine alone."""

from __future__ import annotations

import ipaddress

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from crossfade_controller.problems import Problem
from crossfade_shared.errors import UserError


def check_loopback(host: str) -> str:
    """Give back a host that only this machine reaches; raises `UserError` for any other."""
    if not _is_loopback(host):
        raise UserError(
            f"--host {host} would let other machines change your runs: there are no access tokens yet. "
            "Use 127.0.0.1, and an SSH tunnel (ssh -L 8321:127.0.0.1:8321 …) to reach it from elsewhere",
            field="host",
        )
    return host


class LoopbackHosts:
    """Answers requests for this machine's own names alone, so that no web page can reach it under a name of its own."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer 400."""
        if scope["type"] == "http" and not _is_loopback(host := _host_name(scope)):
            problem = Problem(400, f"Host is {host!r:.80}; use 127.0.0.1 or localhost", field="Host")
            return await problem.response()(scope, receive, send)
        return await self._app(scope, receive, send)


def _host_name(scope: Scope) -> str:
    host = Headers(scope=scope).get("host", "")
    return host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]


def _is_loopback(host: str) -> bool:
    try:
        return host.lower() == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
