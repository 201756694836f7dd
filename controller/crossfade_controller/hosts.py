"""The names this controller answers to, so that no web page can reach it under a name of the page's own.

A page that has its own name point at this controller (DNS rebinding) would be let in by the browser of whoever looks at
it. It sends that name as Host; addresses and this machine's names cannot be made to point elsewhere.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Iterable

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from crossfade_controller.problems import Problem
from crossfade_shared.errors import UserError

_NAME = re.compile(r"[a-z0-9]([a-z0-9.-]{0,252}[a-z0-9])?")


def is_loopback(host: str) -> bool:
    """Say whether a host's name or address is reached by this machine alone."""
    address = _address(host)
    return host.lower() == "localhost" if address is None else address.is_loopback


def check_host_name(name: str) -> str:
    """Give a host's name in small letters; raises `UserError` for what is none."""
    if not _NAME.fullmatch(name.lower()):
        raise UserError(
            f"{name!r:.80} is no host's name; give it without scheme and port, like crossfade.example.org",
            field="allowed-host",
        )
    return name.lower()


class AllowedHosts:
    """Answers requests for this machine's own names and for `names` alone; for any address, if others reach it."""

    def __init__(self, app: ASGIApp, *, loopback: bool, names: Iterable[str]) -> None:
        self._app = app
        self._loopback = loopback
        self._names = {*names} if loopback else {*names, socket.gethostname().lower()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer 400."""
        if scope["type"] == "http" and not self.answers_to(host := _host_name(scope)):
            names = ", ".join(sorted({"localhost", *self._names}))
            problem = Problem(
                400,
                f"Host is {host!r:.80}; use an address of this controller or one of {names}, or start it with "
                "--allowed-host NAME",
                field="Host",
            )
            return await problem.response()(scope, receive, send)
        return await self._app(scope, receive, send)

    def answers_to(self, host: str) -> bool:
        """Say whether this is a name or an address that it answers to."""
        is_address = not self._loopback and _address(host) is not None
        return is_loopback(host) or is_address or host.lower() in self._names


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _host_name(scope: Scope) -> str:
    host = Headers(scope=scope).get("host", "")
    return host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]
