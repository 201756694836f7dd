"""Waiting for what comes about by itself, for tests of every room."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

PATIENCE_SECONDS = 15.0
Value = TypeVar("Value")


def eventually(
    look: Callable[[], Value | None], *, patience_seconds: float = PATIENCE_SECONDS, pause_seconds: float = 0.02
) -> Value:
    """Give the first truthy thing that is seen, or fail."""
    deadline = time.monotonic() + patience_seconds
    while not (seen := look()):
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(pause_seconds)
    return seen
