"""A page that loses the controller, and finds it again."""

from collections.abc import Iterator

import httpx2
import pytest
from playwright.sync_api import Browser, Page, Request, expect
from tests.browser.cut_line import CutLine
from tests.browser.site import Site

pytestmark = pytest.mark.browser


@pytest.fixture
def line(site: Site) -> Iterator[CutLine]:
    line = CutLine(httpx2.URL(site.url).port or 0)
    yield line
    line.close()


def test_what_happened_while_the_line_was_cut_is_caught_up_without_a_gap(
    rough_page: Page, site: Site, line: CutLine
) -> None:
    reporter = site.make_begun_run("cut")
    reporter.train(10, version=1)
    asked: list[Request] = []
    rough_page.on("request", lambda request: asked.append(request))  # noqa: PLW0108 - Playwright wants a function
    rough_page.goto(f"{line.url}/?run=cut")
    rough_page.get_by_test_id("events").locator("summary").first.click()
    site.change("cut", {"math": 1.1}, author="ada", reason="change 2")
    expect(rough_page.get_by_test_id("version-state")).to_contain_text("Version 2")
    link = rough_page.get_by_test_id("link")
    line.cut()
    expect(link).to_contain_text("connection to the controller lost")
    seen = str(site.events("cut")[-1]["id"])

    for version in range(3, 8):
        reporter.apply(site.change("cut", {"math": 1.1}, author="ada", reason=f"change {version}"))
        reporter.train(5, version=version)
    line.mend()
    expect(link).to_contain_text("live")
    expect(rough_page.get_by_test_id("version-state")).to_contain_text(f"applied at step {reporter.next_step - 5}")
    expect(rough_page.get_by_test_id("now")).to_contain_text(str(reporter.next_step - 1))
    stored = [event["id"] for event in site.events("cut")]
    for number in stored:
        expect(rough_page.get_by_test_id(f"event-{number}")).to_have_count(1)
    streams = [request for request in asked if request.url.endswith("/events")]
    assert streams[-1].headers["last-event-id"] == seen


def test_a_killed_controller_is_shown_and_recovered_from(rough_page: Page, site: Site) -> None:
    site.make_run("survivor")
    rough_page.goto(f"{site.url}/?run=survivor")
    link = rough_page.get_by_test_id("link")
    expect(link).to_contain_text("live")
    site.kill()
    expect(link).to_contain_text("connection to the controller lost")
    site.start()
    expect(link).to_contain_text("live")
    site.change("survivor", {"math": 1.5}, author="ada", reason="after the restart")
    expect(rough_page.get_by_test_id("version-state")).to_contain_text("Version 2")


def test_pages_come_back_at_different_moments_and_ever_later(browser: Browser, site: Site) -> None:
    page = browser.new_page()
    page.goto(f"{site.url}/static/icon.svg")
    call = "async ([losses, chance]) => (await import('/static/data/stream.js')).pauseMilliseconds(losses, chance)"
    assert [page.evaluate(call, [losses, 0.5]) for losses in range(6)] == [1000, 2000, 4000, 5000, 5000, 5000]
    assert [page.evaluate(call, [0, chance]) for chance in (0, 0.999)] == [500, pytest.approx(1499)]
    page.close()
