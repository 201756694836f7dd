"""One guarded Redis for all tests of its users."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.docker.redis_users import GuardedRedis, guarded_redis


@pytest.fixture(scope="session")
def guarded() -> Iterator[GuardedRedis]:
    with tempfile.TemporaryDirectory(prefix="crossfade-") as folder, guarded_redis(Path(folder)) as redis:
        yield redis
