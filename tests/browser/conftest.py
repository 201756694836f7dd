"""A real controller, a real Redis and a real browser."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser
from tests.browser.chromium import find_chromium, open_chromium
from tests.browser.site import Site

from crossfade_shared.redis_server import embedded_redis


@pytest.fixture(scope="module")  # not longer: while it is open, no other test could run an event loop of its own
def browser() -> Iterator[Browser]:
    executable = find_chromium()
    if executable is None:
        pytest.skip("no Chromium is installed; on Debian: apt-get install chromium")
    with open_chromium(executable) as browser:
        yield browser


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    directory: Path = tmp_path_factory.mktemp("site")
    with embedded_redis(directory / "redis") as redis_url:
        site = Site(directory, redis_url)
        site.start()
        yield site
        site.stop()
