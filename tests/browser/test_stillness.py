"""What one is about to grab stays where it is, whatever the run, its workers or the line do meanwhile."""

from collections.abc import Iterator
from contextlib import contextmanager

import httpx2
import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect
from tests.browser.conftest import PATIENCE_MILLISECONDS
from tests.browser.cut_line import CutLine
from tests.browser.screenshot import LAPTOP, go
from tests.browser.site import SOURCES, Reporter, Site
from tests.browser.test_accessibility import PHONE
from tests.browser.test_login import log_in

from crossfade_shared.telemetry import CapAheadReport, DroppedReport

pytestmark = pytest.mark.browser

LEGEND_LINE_PIXELS = 30
# Looks in every frame where each thing to grab stands, and tells how far its places lie apart.
WATCH = """() => {
  const seen = (window.seen = {});
  const look = () => {
    for (const part of document.querySelectorAll("#steer-rows input, #reason, #apply, #start-over")) {
      const { top, left } = part.getBoundingClientRect();
      (seen[part.ariaLabel ?? part.id] ??= []).push([left, top]);
    }
    window.watching = requestAnimationFrame(look);
  };
  look();
}"""
STOP = """() => {
  cancelAnimationFrame(window.watching);
  const spread = (values) => Math.max(...values) - Math.min(...values);
  const farthest = (places) => Math.max(...[0, 1].map((side) => spread(places.map((place) => place[side]))));
  return Object.fromEntries(Object.entries(window.seen).map(([name, places]) => [name, farthest(places)]));
}"""
ROUNDING_PIXELS = 1.01  # a browser that scrolls along with what grew above does it in whole pixels


@contextmanager
def still(page: Page) -> Iterator[None]:
    """Hold that nothing to grab moves while the block runs."""
    page.evaluate(WATCH)
    yield
    page.wait_for_timeout(300)  # what was asked for last is drawn
    seen = page.evaluate(STOP)
    assert len(seen) == 3 * len(SOURCES) + 3
    assert {name: pixels for name, pixels in seen.items() if pixels > ROUNDING_PIXELS} == {}


@pytest.fixture(params=[LAPTOP, PHONE], ids=["laptop", "phone"])
def size(request: pytest.FixtureRequest) -> ViewportSize:
    size: ViewportSize = request.param
    return size


def open_to_steer(page: Page, site: Site, url: str) -> None:
    """Open a run, log in, and have the sliders in sight."""
    page.set_default_timeout(PATIENCE_MILLISECONDS)
    go(page, url)
    log_in(page, site.token("operator", "approver"))
    page.locator("#steer").evaluate("part => part.scrollIntoView()")
    expect(page.get_by_test_id("link")).to_contain_text("live")


def leap(reporter: Reporter, steps: int, version: int) -> None:
    """Go on after a gap, so that every figure has more digits at once."""
    reporter.next_step += steps
    reporter.train(5, version=version)


def test_live_reports_and_versions_of_others_move_nothing(browser: Browser, site: Site, size: ViewportSize) -> None:
    run = f"still-{size['width']}"
    reporter = site.make_begun_run(run, horizon_tokens=10**12)
    reporter.train(5, version=1)
    page = browser.new_page(viewport=size)
    open_to_steer(page, site, f"{site.url}/?run={run}")
    with still(page):
        for version, steps in enumerate((50, 900, 120_000, 3_000_000), start=1):
            leap(reporter, steps, version)
            expect(page.get_by_test_id("now")).to_contain_text(f"{reporter.next_step - 1:,}")
            site.change(run, {"math": 1.1}, author="grace", reason=f"a reason of her own for change {version}")
            expect(page.get_by_test_id("version-state")).to_contain_text(f"Version {version + 1}")
            reporter.apply(version + 1)
            expect(page.get_by_test_id("version-state")).to_contain_text("applied")
        site.post_scores(run, 5)
        expect(page.get_by_test_id("benchmarks-chart-math").locator("canvas")).to_have_count(1)
        reporter.send(DroppedReport(num_reports=12))
        expect(page.get_by_test_id("notice")).to_contain_text("figures are missing")
        reporter.send(CapAheadReport(step=reporter.next_step, version=5, source="math", expected_step=4_000_000))
        expect(page.get_by_test_id("notice")).to_contain_text("math will have given all its epochs")
    page.close()


def test_previews_verdicts_and_a_version_meanwhile_move_nothing(
    browser: Browser, site: Site, size: ViewportSize
) -> None:
    run = f"previewed-{size['width']}"
    site.make_begun_run(run, guardrails={"ceilings": {"math": 0.2, "web": 0.5}, "max_change": 0.3}).train(5, version=1)
    page = browser.new_page(viewport=size)
    open_to_steer(page, site, f"{site.url}/?run={run}")
    slider, verdict = page.get_by_role("slider", name="math"), page.get_by_test_id("verdict")
    slider.focus()
    with still(page):
        for key, stage in (
            ("ArrowRight", "allowed"),
            ("End", "changed"),
            ("ArrowLeft", "changed"),
            ("Home", "allowed"),
        ):
            page.keyboard.press(key)
            expect(verdict).to_have_attribute("data-stage", stage)
            expect(page.get_by_test_id("apply-obstacle")).not_to_contain_text("Waiting")
        site.change(run, {"web": 1.2}, author="grace", reason="hers")
        expect(page.get_by_role("alert").filter(has_text="grace made version 2 meanwhile")).to_be_visible()
        page.get_by_role("button", name="Keep my weights").evaluate("button => button.click()")
        page.keyboard.press("End")
        expect(verdict).to_have_attribute("data-stage", "changed")
    page.close()


def test_a_lost_and_regained_connection_moves_nothing(browser: Browser, site: Site, size: ViewportSize) -> None:
    run = f"shaken-{size['width']}"
    site.make_begun_run(run).train(5, version=1)
    line = CutLine(httpx2.URL(site.url).port or 0)
    page = browser.new_page(viewport=size)
    open_to_steer(page, site, f"{line.url}/?run={run}")
    link = page.get_by_test_id("link")
    with still(page):
        line.cut()
        expect(link).to_contain_text("connection to the controller lost")
        page.get_by_role("slider", name="math").press("ArrowRight")
        expect(page.get_by_test_id("verdict")).to_contain_text("No verdict")
        line.mend()
        expect(link).to_contain_text("live")
    page.close()
    line.close()


@pytest.mark.parametrize("chart", ["weights-chart", "loss-chart", "benchmarks-chart"])
def test_a_chart_takes_its_place_before_it_is_drawn(
    browser: Browser, site: Site, trained: Reporter, chart: str
) -> None:
    page = browser.new_page(viewport=LAPTOP)
    page.route("**/metrics?**", lambda _: None)  # never answered
    page.route("**/benchmarks?**", lambda _: None)
    page.goto(f"{site.url}/?run=trained")
    expect(page.get_by_test_id(chart)).to_contain_text("Reading")
    before = page.get_by_test_id(chart).bounding_box()
    page.unroute_all()
    go(page, f"{site.url}/?run=trained")
    after = page.get_by_test_id(chart.replace("benchmarks-chart", "benchmarks-chart-math")).bounding_box()
    assert before is not None
    assert after is not None
    assert before["height"] == pytest.approx(after["height"], abs=LEGEND_LINE_PIXELS)
    page.close()
