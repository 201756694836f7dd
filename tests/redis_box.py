"""A Redis for rough treatment."""

from __future__ import annotations

import shutil
from contextlib import ExitStack
from pathlib import Path

from crossfade_shared.redis_server import embedded_redis


class RedisBox:
    """A Redis that can be stopped, emptied and started again at the same address."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._running = ExitStack()
        self._is_running = False
        self.url = ""

    def start(self) -> None:
        """Start it, unless it runs."""
        if not self._is_running:
            self.url = self._running.enter_context(embedded_redis(self._directory))
            self._is_running = True

    def stop(self) -> None:
        self._running.close()
        self._is_running = False

    def empty(self) -> None:
        """Lose everything, as a Redis without persistence does; it must be stopped."""
        shutil.rmtree(self._directory)
