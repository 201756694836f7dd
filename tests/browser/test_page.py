"""The page in a real Chromium, over a real controller, a real Redis and what workers and evaluators really send."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, expect
from tests.browser.screenshot import LAPTOP, open_page, take
from tests.browser.site import SOURCES, Reporter, Site

from crossfade_shared.telemetry import DroppedReport, RefusedReport

pytestmark = pytest.mark.browser

CHARTS = ("weights-chart", "loss-chart", "bits-per-byte-chart", "benchmarks-chart")
HOSTILE = "<img src=x onerror=\"document.title='harmed'\"> & <b>bold</b>"
LOOKS = {"light": (1280, False), "dark": (1280, True), "phone": (390, False)}
PATIENCE_MILLISECONDS = 15_000
NUM_COLOURED_PIXELS = """(names) => names.map((name) => {
  const canvas = document.querySelector(`[data-testid=${name}] canvas`);
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  let coloured = 0;
  for (let at = 0; at < data.length; at += 4) {
    const channels = data.slice(at, at + 3);
    if (data[at + 3] > 0 && Math.max(...channels) - Math.min(...channels) > 60) coloured += 1;
  }
  return coloured;
})"""


@pytest.fixture(scope="module")
def trained(site: Site) -> Reporter:
    """A run in which version 2 took effect after 200 of 300 steps, with scores of three checkpoints."""
    site.make_run("trained")
    reporter = Reporter(site, "trained")
    reporter.begin()
    reporter.train(200, version=1)
    site.change("trained", {"math": 2.0}, author="ada", reason="math lags behind")
    reporter.apply(2)
    reporter.train(100, version=2)
    for step in (100, 200, 300):
        site.post_scores("trained", step)
    return reporter


class Watched:
    """Keeps what a page complained of and whom it asked."""

    def __init__(self, page: Page) -> None:
        self.complaints: list[str] = []
        self.requested: list[str] = []
        page.on("console", self._on_console)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", self._on_request)

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.complaints.append(message.text)

    def _on_request(self, request: Request) -> None:
        self.requested.append(request.url)


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    page = browser.new_page(viewport=LAPTOP)
    page.set_default_timeout(PATIENCE_MILLISECONDS)
    expect.set_options(timeout=PATIENCE_MILLISECONDS)
    yield page
    page.close()


def test_page_shows_how_the_run_stands(page: Page, site: Site, trained: Reporter) -> None:
    page.goto(f"{site.url}/?run=trained")
    now = page.get_by_test_id("now")
    expect(now).to_contain_text(re.compile(r"Run\s*trained"))
    expect(now).to_contain_text(re.compile(r"Step\s*299"))
    expect(now).to_contain_text(re.compile(r"Tokens\s*4\.915M\s*50\.0 %"))
    expect(now).to_contain_text(re.compile(r"Phase\s*stable"))
    expect(now).to_contain_text(re.compile(r"Loss\s*3\.\d\d\d"))
    expect(now).to_contain_text(re.compile(r"Tokens/s\s*40\.96K\s*2 ranks"))
    expect(now).to_contain_text(re.compile(r"Version\s*2\s*since step 200"))
    expect(page.get_by_test_id("link")).to_contain_text(re.compile(r"live, last report \d+ (s|min) ago"))


def test_every_chart_has_its_lines_and_every_version(page: Page, site: Site, trained: Reporter) -> None:
    page.goto(f"{site.url}/?run=trained")
    for name in CHARTS:
        chart = page.get_by_test_id(name)
        expect(chart.locator("canvas")).to_have_count(1)
        expect(chart.get_by_test_id("marker")).to_have_count(2)
        for source in SOURCES:
            expect(chart.locator(".u-legend")).to_contain_text(source)
    expect(page.get_by_test_id("weights-chart").get_by_role("row", name="math")).to_contain_text("20.0 % (20.0 %)")
    expect(page.get_by_test_id("weights-chart").get_by_role("row", name="web")).to_contain_text("26.7 % (26.7 %)")
    expect(page.get_by_test_id("bits-per-byte-chart").get_by_role("row", name="code")).to_contain_text("2.200 ± 0.050")
    expect(page.get_by_test_id("benchmarks-chart").get_by_role("row", name="web")).to_contain_text("0.550 ± 0.040")
    expect(page.get_by_test_id("sources").get_by_role("row", name="math")).to_contain_text(
        "20.0 %20.0 %655.3K0.16 of 4"
    )


def test_legend_tells_the_values_under_the_cursor_on_every_chart(page: Page, site: Site, trained: Reporter) -> None:
    page.goto(f"{site.url}/?run=trained")
    math = page.get_by_test_id("weights-chart").get_by_role("row", name="math")
    expect(math).to_contain_text("20.0 % (20.0 %)")
    plot = page.get_by_test_id("loss-chart").locator(".u-over").bounding_box()
    assert plot is not None
    page.mouse.move(plot["x"] + plot["width"] / 3, plot["y"] + plot["height"] / 2)
    expect(math).to_contain_text("10.0 % (10.0 %)")
    page.mouse.move(0, 0)
    expect(math).to_contain_text("20.0 % (20.0 %)")


def test_dragging_zooms_every_chart_until_a_double_click(page: Page, site: Site) -> None:
    site.make_run("zoomed")
    reporter = Reporter(site, "zoomed")
    reporter.begin()
    reporter.train(100, version=1)
    reporter.apply(site.change("zoomed", {"math": 2.0}, author="ada", reason="something to lose sight of"))
    reporter.train(50, version=2)
    page.goto(f"{site.url}/?run=zoomed")
    change = page.get_by_test_id("weights-chart").get_by_test_id("marker").nth(1)
    expect(change).to_be_visible()
    over = page.get_by_test_id("loss-chart").locator(".u-over")
    plot = over.bounding_box()
    assert plot is not None
    page.mouse.move(plot["x"] + plot["width"] * 0.1, plot["y"] + 20)
    page.mouse.down()
    page.mouse.move(plot["x"] + plot["width"] * 0.4, plot["y"] + 30, steps=5)
    page.mouse.up()
    expect(change).to_be_hidden()
    reporter.train(10, version=2)
    expect(page.get_by_test_id("now")).to_contain_text(re.compile(r"Step\s*159"))
    expect(change).to_be_hidden()
    over.dblclick()
    expect(change).to_be_visible()


def test_charts_are_painted_not_empty(page: Page, site: Site, trained: Reporter) -> None:
    page.goto(f"{site.url}/?run=trained")
    page.get_by_test_id("benchmarks-chart").locator("canvas").wait_for()
    coloured = page.evaluate(NUM_COLOURED_PIXELS, list(CHARTS))
    assert all(number > 500 for number in coloured), coloured  # axes and their texts are grey


def test_marker_says_who_what_and_why(page: Page, site: Site, trained: Reporter) -> None:
    page.goto(f"{site.url}/?run=trained")
    for name in CHARTS:
        page.get_by_test_id(name).get_by_test_id("marker").nth(1).hover()
        tooltip = page.get_by_role("tooltip")
        expect(tooltip).to_contain_text("Version 2")
        expect(tooltip).to_contain_text("applied at step 200")
        expect(tooltip).to_contain_text("math 10.0 % → 20.0 %")
        expect(tooltip).to_contain_text("ada: math lags behind")
        page.mouse.move(0, 0)
        expect(tooltip).to_be_hidden()


def test_markers_stand_where_the_version_took_effect(page: Page, site: Site, trained: Reporter) -> None:
    page.goto(f"{site.url}/?run=trained")
    for name in CHARTS:
        chart = page.get_by_test_id(name)
        plot, marker = chart.locator(".u-over").bounding_box(), chart.get_by_test_id("marker").nth(1).bounding_box()
        assert plot is not None
        assert marker is not None
        share = (marker["x"] + marker["width"] / 2 - plot["x"]) / plot["width"]
        assert share == pytest.approx(200 / 300, abs=0.005), name


def test_markers_are_reached_by_keyboard(page: Page, site: Site, trained: Reporter) -> None:
    page.goto(f"{site.url}/?run=trained")
    page.get_by_test_id("loss-chart").get_by_test_id("marker").nth(1).focus()
    expect(page.get_by_role("tooltip")).to_contain_text("Version 2")
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_role("tooltip")).to_contain_text("Version 1")
    page.keyboard.press("Escape")
    expect(page.get_by_role("tooltip")).to_be_hidden()


def test_change_appears_without_reload_and_is_followed_until_applied(page: Page, site: Site) -> None:
    site.make_run("live")
    reporter = Reporter(site, "live")
    reporter.begin()
    reporter.train(50, version=1)
    site.post_scores("live", 50)
    watched = Watched(page)
    page.goto(f"{site.url}/?run=live")
    newest = page.get_by_test_id("version-state").first
    expect(newest).to_have_text("accepted → published → applied at step 0")
    expect(page.get_by_test_id("steer-command")).to_contain_text("""-H 'If-Match: "1"'""")

    version = site.change("live", {"code": 1.5}, author="grace", reason=HOSTILE)
    expect(newest).to_have_attribute("data-version", str(version))
    expect(newest).to_have_text("accepted → published, not yet applied")
    expect(page.get_by_test_id("now")).to_contain_text("2 is published")
    expect(page.get_by_test_id("steer-command")).to_contain_text("""-H 'If-Match: "2"'""")
    for name in CHARTS:
        expect(page.get_by_test_id(name).get_by_test_id("marker").nth(1)).to_have_attribute("data-waits", "true")

    step = reporter.apply(version)
    reporter.train(20, version=version)
    expect(newest).to_have_text(f"accepted → published → applied at step {step}")
    expect(page.get_by_test_id("now")).to_contain_text(re.compile(r"Step\s*69"))
    for name in CHARTS:
        expect(page.get_by_test_id(name).get_by_test_id("marker").nth(1)).to_have_attribute("data-waits", "false")

    page.get_by_test_id("loss-chart").get_by_test_id("marker").nth(1).hover()
    expect(page.get_by_role("tooltip")).to_contain_text(f"grace: {HOSTILE}")
    expect(page.get_by_test_id("history")).to_contain_text(HOSTILE)
    expect(page).to_have_title("live · Crossfade")
    assert page.locator("main img, #tooltip img, main b").count() == 0
    assert watched.complaints == []
    assert [url for url in watched.requested if not url.startswith(f"{site.url}/")] == []


def test_what_was_refused_or_dropped_is_said(page: Page, site: Site) -> None:
    site.make_run("troubled")
    reporter = Reporter(site, "troubled")
    reporter.begin()
    page.goto(f"{site.url}/?run=troubled")
    expect(page.get_by_test_id("link")).to_contain_text("live")
    notice = page.get_by_test_id("notice")
    reporter.send(RefusedReport(why="the signature does not fit"))
    expect(notice).to_have_text("Refused: the signature does not fit")
    reporter.send(DroppedReport(num_reports=12))
    expect(notice).to_have_text("The workers could not send 12 of their reports; figures are missing.")


def test_steer_command_works_as_it_stands(page: Page, site: Site) -> None:
    curl = shutil.which("curl")
    if curl is None:
        pytest.skip("curl is not installed; on Debian: apt-get install curl")
    site.make_run("steered")
    page.goto(f"{site.url}/?run=steered")
    command = page.get_by_test_id("steer-command")
    expect(command).to_contain_text("curl -X PATCH")
    subprocess.run(["sh", "-c", f"{command.inner_text()} --fail --silent"], check=True, capture_output=True)
    expect(page.get_by_test_id("version-state")).to_have_count(2)
    expect(page.get_by_test_id("history")).to_contain_text("math 15.0 %")


def test_empty_run_says_why_it_is_empty(page: Page, site: Site) -> None:
    site.make_run("untouched")
    page.goto(f"{site.url}/?run=untouched")
    expect(page.get_by_test_id("weights-chart")).to_contain_text("No mixture is in force yet")
    expect(page.get_by_test_id("loss-chart")).to_contain_text("No step has been reported yet")
    expect(page.get_by_test_id("bits-per-byte-chart")).to_contain_text(
        "the evaluator posts them after the first checkpoint"
    )
    expect(page.get_by_test_id("benchmarks-chart")).to_contain_text("No benchmark scores yet")
    expect(page.get_by_test_id("link")).to_have_text("live, no worker has reported yet")
    expect(page.get_by_test_id("version-state")).to_contain_text("accepted")


def test_lines_follow_a_change_between_light_and_dark(page: Page, site: Site, trained: Reporter) -> None:
    page.goto(f"{site.url}/?run=trained")
    swatch = page.get_by_test_id("loss-chart").get_by_role("row", name="code").locator(".u-marker")
    expect(swatch).to_have_css("border-top-color", "rgb(0, 114, 178)")
    page.emulate_media(color_scheme="dark")
    expect(swatch).to_have_css("border-top-color", "rgb(43, 143, 208)")


def test_one_chooses_among_runs(page: Page, site: Site, trained: Reporter) -> None:
    site.make_run("newest")
    page.goto(site.url)
    expect(page.get_by_test_id("now")).to_contain_text("newest")
    page.get_by_label("Run").select_option("trained")
    expect(page).to_have_url(f"{site.url}/?run=trained")
    expect(page.get_by_test_id("now")).to_contain_text("trained")


def test_page_waits_for_a_run_that_is_not_there_yet(page: Page, site: Site) -> None:
    page.goto(f"{site.url}/?run=later")
    expect(page.get_by_test_id("notice")).to_contain_text("There is no run later")
    site.make_run("later")
    expect(page.get_by_test_id("now")).to_contain_text("later")
    expect(page.get_by_test_id("notice")).to_be_hidden()


def test_killed_controller_is_shown_and_recovered_from(page: Page, site: Site, trained: Reporter) -> None:
    site.make_run("survivor")
    page.goto(f"{site.url}/?run=survivor")
    expect(page.get_by_test_id("link")).to_contain_text("live")
    site.kill()
    expect(page.get_by_test_id("link")).to_contain_text("connection to the controller lost")
    site.start()
    expect(page.get_by_test_id("link")).to_contain_text("live")
    version = site.change("survivor", {"math": 1.5}, author="ada", reason="after the restart")
    expect(page.get_by_test_id("version-state").first).to_have_attribute("data-version", str(version))


def test_page_is_served_with_strict_headers(site: Site) -> None:
    media_types = {"/": "text/html", "/static/main.js": "javascript", "/static/page.css": "text/css"}
    for path, media_type in media_types.items():
        response = httpx2.get(site.url + path)
        policy = response.headers["content-security-policy"]
        assert response.status_code == 200
        assert media_type in response.headers["content-type"]
        assert "default-src 'self'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert response.headers["x-content-type-options"] == "nosniff"
        assert response.headers["referrer-policy"] == "no-referrer"


@pytest.mark.parametrize("path", ["nothing.js", "%2e%2e/endpoints.py", "..%2fendpoints.py", "vendor", "a%00b"])
def test_nothing_else_is_served(site: Site, path: str) -> None:
    assert httpx2.get(f"{site.url}/static/{path}").status_code == 404


def test_page_fits_a_phone(browser: Browser, site: Site, trained: Reporter) -> None:
    page = open_page(browser, f"{site.url}/?run=trained", size={"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    page.close()


@pytest.mark.skipif("CROSSFADE_SCREENSHOTS" not in os.environ, reason="CROSSFADE_SCREENSHOTS names no folder")
@pytest.mark.parametrize("look", LOOKS)
def test_pictures_are_taken(browser: Browser, site: Site, trained: Reporter, look: str) -> None:
    width, dark = LOOKS[look]
    file = Path(os.environ["CROSSFADE_SCREENSHOTS"]) / f"{look}.png"
    page = open_page(browser, f"{site.url}/?run=trained", size={"width": width, "height": 800}, dark=dark)
    take(page, str(file))
    page.close()
    assert file.stat().st_size < 300_000
