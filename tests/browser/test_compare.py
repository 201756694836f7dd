"""Runs over one another."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from tests.browser.conftest import PATIENCE_MILLISECONDS
from tests.browser.screenshot import go
from tests.browser.site import Reporter, Site
from tests.browser.test_page import drag_over

from crossfade_shared.redis_server import embedded_redis

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A controller of its own with eleven runs; three of them have trained, and one was scored."""
    directory: Path = tmp_path_factory.mktemp("many")
    with embedded_redis(directory / "redis") as redis_url:
        site = Site(directory, redis_url)
        site.start()
        for number in range(8):
            site.make_run(f"idle-{number}")
        for name in ("first", "second", "third"):
            site.make_begun_run(name).train(100, version=1)
        site.post_scores("third", 100)
        yield site
        site.stop()


@pytest.fixture
def page(browser: Browser, many: Site) -> Iterator[Page]:
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    page.set_default_timeout(PATIENCE_MILLISECONDS)
    yield page
    page.close()


def test_a_run_that_trains_meanwhile_comes_in(page: Page, many: Site) -> None:
    many.make_run("fourth")
    page.goto(f"{many.url}/?run=fourth#compare")
    chart = page.get_by_test_id("compare-chart")
    expect(chart).to_contain_text("None of the chosen runs has this measure yet.")
    reporter = Reporter(many, "fourth")
    reporter.begin()
    reporter.train(20, version=1)
    expect(chart.locator(".u-legend")).to_contain_text("fourth")


def test_runs_lie_over_one_another_and_the_link_keeps_the_view(page: Page, many: Site) -> None:
    page.goto(f"{many.url}/?run=third#compare")
    legend = page.get_by_test_id("compare-chart").locator(".u-legend")
    expect(legend).to_contain_text("third")
    page.get_by_test_id("compare-first").check()
    page.get_by_test_id("compare-second").check()
    expect(legend).to_contain_text("first")
    page.get_by_test_id("compare-axis").select_option("step")
    page.get_by_test_id("compare-log").check()
    page.get_by_test_id("compare-smoothing").fill("0.9")
    expect(legend).to_contain_text("Step")
    expect(page).to_have_url(re.compile(r"compare=third%2Cfirst%2Csecond&x=step&scale=log&smoothing=0.9"))
    page.reload()
    page.get_by_test_id("compare").scroll_into_view_if_needed()
    expect(legend).to_contain_text("second")
    expect(page.get_by_test_id("compare-axis")).to_have_value("step")
    expect(page.get_by_test_id("compare-smoothing")).to_have_value("0.9")
    expect(page.get_by_test_id("compare-log")).to_be_checked()


def test_one_run_alone_is_drawn_with_a_word_that_others_may_join(page: Page, many: Site) -> None:
    page.goto(f"{many.url}/?run=third")
    chart = page.get_by_test_id("compare-chart")
    expect(chart).to_have_text("The runs are read once this is in sight.")
    page.get_by_test_id("compare").scroll_into_view_if_needed()
    expect(chart.locator(".u-legend")).to_contain_text("third")
    expect(page.locator("#compare-answer")).to_have_text("Choose more runs to compare it with.")
    page.get_by_test_id("compare-first").check()
    expect(page.locator("#compare-answer")).to_be_empty()


def test_time_is_the_seconds_trained_for(page: Page, many: Site) -> None:
    go(page, f"{many.url}/?run=third&compare=third&x=time#compare")
    chart = page.get_by_test_id("compare-chart")
    expect(chart.locator(".u-legend")).to_contain_text("Trained for")
    chart.scroll_into_view_if_needed()
    plot = chart.locator(".u-over").bounding_box()
    assert plot is not None
    page.mouse.move(plot["x"] + plot["width"] - 2, plot["y"] + 20)
    expect(chart.locator(".u-legend")).to_contain_text(re.compile(r"Trained for:?\s*(39|40) s"))  # 100 steps of 0.4 s


def test_a_zoom_into_the_comparison_leaves_the_other_charts_alone(page: Page, many: Site) -> None:
    go(page, f"{many.url}/?run=third&compare=third,first#compare")
    page.get_by_test_id("compare-chart").locator("canvas").wait_for()
    drag_over(page, "compare-chart", begin=0.2, end=0.5)
    expect(page).to_have_url(re.compile(r"&compared=3\d{5}-8\d{5}"))
    assert "tokens=" not in page.url


def test_scores_are_compared_too(page: Page, many: Site) -> None:
    page.goto(f"{many.url}/?run=third#compare")
    page.get_by_test_id("compare-measure").select_option("heldout_math (acc_norm)")
    expect(page.get_by_test_id("compare-chart").locator(".u-legend")).to_contain_text(re.compile(r"third:?\s*0\.4333"))


def test_ten_runs_are_the_most(page: Page, many: Site) -> None:
    names = ",".join([*(f"idle-{number}" for number in range(7)), "first", "second"])
    page.goto(f"{many.url}/?run=third&compare={names}#compare")
    expect(page.get_by_test_id("compare-third")).to_be_enabled()
    page.get_by_test_id("compare-third").check()
    expect(page.get_by_test_id("compare-idle-7")).to_be_disabled()
    page.get_by_label("Filter the runs").fill("idle-7")
    expect(page.get_by_test_id("compare-idle-7")).to_be_visible()
    page.get_by_label("Filter the runs").fill("")
    page.get_by_test_id("compare-first").uncheck()
    expect(page.get_by_test_id("compare-idle-7")).to_be_enabled()


def test_a_comparison_of_runs_without_figures_says_so(page: Page, many: Site) -> None:
    page.goto(f"{many.url}/?run=third&compare=idle-1#compare")
    expect(page.get_by_test_id("compare-chart")).to_contain_text("None of the chosen runs has this measure yet")
    page.get_by_test_id("compare-idle-1").uncheck()
    expect(page.get_by_test_id("compare-chart")).to_contain_text("Choose the runs")
