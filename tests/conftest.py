"""What tests of several rooms share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from crossfade_shared.redis_server import embedded_redis


@pytest.fixture(scope="session")
def toy_corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A prepared corpus that no test may change."""
    from tests.toy import make_corpus  # noqa: PLC0415 - tests of the controller do without torch

    return make_corpus(tmp_path_factory.mktemp("toy")).directory


@pytest.fixture
def redis_url(tmp_path: Path) -> Iterator[str]:
    """A private, empty Redis."""
    with embedded_redis(tmp_path / "redis") as url:
        yield url
