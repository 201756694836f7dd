"""A real controller, a real Redis and a real browser."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect
from tests.browser.chromium import find_chromium, open_chromium
from tests.browser.screenshot import LAPTOP
from tests.browser.site import Reporter, Site

from crossfade_shared.redis_server import embedded_redis

PATIENCE_MILLISECONDS = 30_000
FAILED_LOAD = "Failed to load resource"


@pytest.fixture(scope="module")  # not longer: while it is open, no other test could run an event loop of its own
def browser() -> Iterator[Browser]:
    executable = find_chromium()
    if executable is None:
        pytest.skip("no Chromium is installed; on Debian: apt-get install chromium")
    expect.set_options(timeout=PATIENCE_MILLISECONDS)
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


@pytest.fixture(scope="session")
def trained(site: Site) -> Reporter:
    """A run in which version 2 took effect after 200 of 300 steps, with scores of three checkpoints."""
    return site.make_trained_run("trained")


class Complaints(list[str]):
    """What a page complained of on its console, or asked of anybody but the controller."""

    def __init__(self, page: Page, origin: Callable[[], str]) -> None:
        super().__init__()
        page.on("console", self._on_console)
        page.on("pageerror", lambda error: self.append(str(error)))
        page.on("request", lambda request: None if request.url.startswith(origin()) else self.append(request.url))

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.append(message.text)


@pytest.fixture
def page(browser: Browser, site: Site) -> Iterator[Page]:
    """A page that must not complain of anything, nor ask anybody but the controller."""
    page = browser.new_page(viewport=LAPTOP)
    page.set_default_timeout(PATIENCE_MILLISECONDS)
    complaints = Complaints(page, lambda: f"{site.url}/")
    yield page
    page.close()
    assert complaints == []


@pytest.fixture
def rough_page(browser: Browser, site: Site) -> Iterator[Page]:
    """A page of which requests may fail; the browser says so on the console, and nothing else may stand there."""
    page = browser.new_page(viewport=LAPTOP)
    page.set_default_timeout(PATIENCE_MILLISECONDS)
    complaints = Complaints(page, lambda: "http://127.0.0.1")
    yield page
    page.close()
    assert [complaint for complaint in complaints if not complaint.startswith(FAILED_LOAD)] == []
