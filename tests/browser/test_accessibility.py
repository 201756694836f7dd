"""The page for those who see little, or nothing, or use no mouse."""

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect
from tests.browser.screenshot import LAPTOP, go
from tests.browser.site import Reporter, Site
from tests.browser.test_login import log_in

pytestmark = pytest.mark.browser
PHONE = {"width": 390, "height": 844}


def grave_violations(page: Page) -> list[str]:
    found: list[dict[str, Any]] = Axe().run(page).response["violations"]
    return [
        f"{violation['id']}: {node['html']}: {node['failureSummary']}"
        for violation in found
        if violation["impact"] in {"serious", "critical"}
        for node in violation["nodes"]
    ]


@pytest.mark.parametrize("size", [LAPTOP, PHONE], ids=["laptop", "phone"])
@pytest.mark.parametrize("look", ["light", "dark"])
def test_axe_finds_nothing_grave(browser: Browser, site: Site, trained: Reporter, look: Any, size: Any) -> None:
    page = browser.new_page(viewport=size, color_scheme=look)
    go(page, f"{site.url}/?run=trained")
    log_in(page, site.token("operator", "approver"))
    page.get_by_test_id("steer-math").fill("60")
    expect(page.get_by_test_id("verdict")).not_to_have_attribute("data-stage", "waiting")
    page.get_by_test_id("events").locator("summary").first.click()
    page.get_by_test_id("compare").scroll_into_view_if_needed()
    expect(page.get_by_test_id("compare-chart").locator("canvas")).to_have_count(1)
    page.get_by_test_id("loss-chart").get_by_test_id("marker").last.focus()
    assert grave_violations(page) == []
    page.close()


def test_axe_finds_nothing_grave_on_an_empty_page(page: Page, site: Site) -> None:
    site.make_run("bare")
    go(page, f"{site.url}/?run=bare")
    assert grave_violations(page) == []


def test_one_steers_by_keyboard_alone(page: Page, site: Site) -> None:
    site.make_run("typist")
    go(page, f"{site.url}/?run=typist")
    page.get_by_test_id("token").focus()
    page.keyboard.type(site.token("operator", name="olga"))
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("who")).to_contain_text("olga")
    page.get_by_role("slider", name="math").focus()
    for _ in range(20):
        page.keyboard.press("ArrowRight")
    expect(page.get_by_test_id("steer-math")).to_have_value("12")
    page.get_by_test_id("reason").focus()
    page.keyboard.type("a little more")
    expect(page.get_by_test_id("apply")).to_be_enabled()
    page.keyboard.press("Tab")
    expect(page.get_by_test_id("apply")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("version-state")).to_contain_text("Version 2")


def test_markers_are_reached_by_keyboard(page: Page, site: Site, trained: Reporter) -> None:
    go(page, f"{site.url}/?run=trained")
    page.get_by_test_id("loss-chart").get_by_test_id("marker").nth(1).focus()
    expect(page.get_by_role("tooltip")).to_contain_text("Version 2")
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_role("tooltip")).to_contain_text("Version 1")
    page.keyboard.press("Escape")
    expect(page.get_by_role("tooltip")).to_be_hidden()


def test_a_chart_is_read_and_zoomed_by_keyboard(page: Page, site: Site, trained: Reporter) -> None:
    go(page, f"{site.url}/?run=trained")
    chart = page.get_by_test_id("weights-chart")
    math = chart.get_by_role("row", name="math")
    chart.focus()
    for _ in range(30):
        page.keyboard.press("ArrowLeft")
    expect(math).to_contain_text("10.0 % (10.0 %)")
    markers = page.get_by_test_id("loss-chart").get_by_test_id("marker")
    page.keyboard.press("+")
    expect(markers).to_have_count(1)
    page.keyboard.press("0")
    expect(markers).to_have_count(2)


def test_focus_stays_where_it_is_while_figures_come_in(page: Page, site: Site) -> None:
    reporter = site.make_begun_run("focused")
    reporter.train(10, version=1)
    site.change("focused", {"math": 2.0}, author="ada", reason="something to restore from")
    go(page, f"{site.url}/?run=focused")
    log_in(page, site.token("operator"))
    page.get_by_test_id("restore-1").focus()
    reporter.train(10, version=1)
    expect(page.get_by_test_id("now")).to_contain_text("19")
    site.change("focused", {"math": 2.0}, author="ada", reason="one more")
    expect(page.get_by_test_id("version-3")).to_be_visible()
    expect(page.get_by_test_id("restore-1")).to_be_focused()


def test_focus_stays_on_a_way_back_while_its_version_goes_on(page: Page, site: Site) -> None:
    site.make_run("awaited")
    site.change("awaited", {"math": 2.0}, author="ada", reason="something to restore from")
    go(page, f"{site.url}/?run=awaited")
    log_in(page, site.token("operator"))
    state = page.get_by_test_id("history-state-1")
    expect(state).not_to_have_attribute("data-state", "applied")
    page.get_by_test_id("restore-1").focus()
    reporter = Reporter(site, "awaited")
    reporter.begin()
    expect(state).to_have_attribute("data-state", "applied")
    expect(page.get_by_test_id("restore-1")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("version-3")).to_contain_text("restore version 1")


def test_focus_stays_on_a_box_that_is_ticked(page: Page, site: Site) -> None:
    site.make_run("ticked", guardrails={"ceilings": {"math": 0.2}})
    site.make_run("beside")
    go(page, f"{site.url}/?run=ticked")
    log_in(page, site.token("operator", "approver"))
    page.get_by_test_id("steer-math").fill("60")
    for box in (page.get_by_test_id("override-ceiling"), page.get_by_test_id("compare-beside")):
        box.focus()
        for ticked in (True, False, True):
            page.keyboard.press("Space")
            expect(box).to_be_checked(checked=ticked)
            expect(box).to_be_focused()
