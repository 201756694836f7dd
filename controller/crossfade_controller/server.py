"""The server: uvicorn on one socket of this machine, which says where it listens and ends its streams when told to."""

from __future__ import annotations

import errno
import socket

import uvicorn
from fastapi import FastAPI

from crossfade_controller.mixtures.unchanged import UnchangedMixtures
from crossfade_shared.errors import UserError

GRACE_SECONDS = 3
_NUM_WAITING_CONNECTIONS = 2048


def open_socket(host: str, port: int) -> socket.socket:
    """Take a port, any free one for 0, and listen on it, so that nobody else can; raises `UserError` if it is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio sends small answers at once only over a socket that says TCP; others wait 40 ms for an acknowledgement.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(_NUM_WAITING_CONNECTIONS)
    except OSError as error:
        listener.close()
        raise _refusal(host, port, error) from error
    return listener


def _refusal(host: str, port: int, error: OSError) -> UserError:
    if isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
        return UserError(
            f"{host} is no address of this machine ({error.strerror}); name one of its own with --host", field="host"
        )
    why = "is taken" if error.errno == errno.EADDRINUSE else f"cannot be used ({error.strerror})"
    return UserError(
        f"port {port} of {host} {why}; choose another with --port, or any free one with --port 0", field="port"
    )


def url_of(listener: socket.socket) -> str:
    """Give the address that a browser takes."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


class Server(uvicorn.Server):
    """Says `listening on URL` on standard output once it does; ends within 5 s of SIGTERM, open streams or not."""

    def __init__(self, app: FastAPI) -> None:
        super().__init__(
            uvicorn.Config(
                UnchangedMixtures(app),
                log_config=None,
                access_log=False,
                server_header=False,
                backlog=_NUM_WAITING_CONNECTIONS,
                timeout_graceful_shutdown=GRACE_SECONDS,
            )
        )
        self._app = app

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then tell where."""
        await super().startup(sockets)
        for listener in sockets or []:
            print(f"listening on {url_of(listener)}", flush=True)  # noqa: T201 - read by people and by programs

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Let the event streams end first: uvicorn waits for every open answer."""
        self._app.state.services.feed.close()
        await super().shutdown(sockets)
