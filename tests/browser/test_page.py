"""The charts and figures of one run, over what workers and evaluators really send."""

import re
from itertools import pairwise

import httpx2
import pytest
from playwright.sync_api import Browser, Page, expect
from tests.browser.screenshot import go, open_page
from tests.browser.site import SOURCES, Reporter, Site

from crossfade_shared.telemetry import DroppedReport, RefusedReport

pytestmark = pytest.mark.browser

SCORES = tuple(f"benchmarks-chart-{source}" for source in SOURCES)
CHARTS = ("weights-chart", *SCORES, "bits-per-byte-chart", "loss-chart")
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

NOTE_TEXTS = """
  window.texts = [];
  const write = CanvasRenderingContext2D.prototype.fillText;
  CanvasRenderingContext2D.prototype.fillText = function (text, ...place) {
    window.texts.push(text);
    return write.call(this, text, ...place);
  };
"""


def drag_over(page: Page, chart: str, *, begin: float, end: float) -> None:
    """Drag over a part of a chart, given as shares of its width."""
    plot = page.get_by_test_id(chart).locator(".u-over")
    plot.scroll_into_view_if_needed()
    box = plot.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] * begin, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * end, box["y"] + 30, steps=5)
    page.mouse.up()


def test_page_shows_how_the_run_stands(page: Page, site: Site, trained: Reporter) -> None:
    page.goto(f"{site.url}/?run=trained")
    now = page.get_by_test_id("now")
    expect(now).to_contain_text(re.compile(r"Run\s*trained"))
    expect(now).to_contain_text(re.compile(r"Step\s*299"))
    expect(now).to_contain_text(re.compile(r"Tokens\s*4\.915M\s*50\.0 % of 9\.83M"))
    expect(now).to_contain_text(re.compile(r"Phase\s*stable"))
    expect(now).to_contain_text(re.compile(r"Loss\s*3\.\d\d\d"))
    expect(now).to_contain_text(re.compile(r"Tokens/s\s*40\.96K"))
    expect(now).to_contain_text(re.compile(r"MFU\s*41\.2 %"))
    expect(now).to_contain_text(re.compile(r"Ranks\s*2"))
    expect(now).to_contain_text(re.compile(r"Version\s*2\s*since step 200"))
    expect(now).to_contain_text(re.compile(r"Waiting\s*nothing"))
    expect(page.get_by_test_id("link")).to_contain_text(re.compile(r"live, last report \d+ (s|min) ago"))


def test_utilisation_is_a_dash_with_the_word_why_where_no_worker_knows_it(page: Page, site: Site) -> None:
    reporter = site.make_begun_run("slow")
    reporter.mfu = None
    reporter.train(3, version=1)
    page.goto(f"{site.url}/?run=slow")
    expect(page.get_by_test_id("now")).to_contain_text(re.compile(r"MFU\s*\W\s*peak unknown"))
    expect(page.get_by_test_id("link")).to_contain_text("live")
    reporter.train(3, version=1)
    expect(page.get_by_test_id("now")).to_contain_text(re.compile(r"Step\s*5"))
    expect(page.get_by_test_id("now")).to_contain_text(re.compile(r"MFU\s*\W\s*peak unknown"))


def test_every_chart_has_its_lines_and_every_version(page: Page, site: Site, trained: Reporter) -> None:
    page.goto(f"{site.url}/?run=trained")
    for name in CHARTS:
        expect(page.get_by_test_id(name).locator("canvas")).to_have_count(1)
        expect(page.get_by_test_id(name).get_by_test_id("marker")).to_have_count(2)
    for source in SOURCES:
        expect(page.get_by_test_id("loss-chart").locator(".u-legend")).to_contain_text(source)
    weights = page.get_by_test_id("weights-chart")
    expect(weights.get_by_role("row", name="math")).to_contain_text("20.0 % (20.0 %)")
    expect(weights.get_by_role("row", name="web")).to_contain_text("26.7 % (26.7 %)")
    expect(page.get_by_test_id("bits-per-byte-chart").get_by_role("row", name="code")).to_contain_text("2.200 ± 0.050")
    expect(page.get_by_test_id("benchmarks-chart-web").get_by_role("row", name="web, held out")).to_contain_text(
        "0.550 ± 0.040"
    )


def test_charts_are_painted_not_empty(page: Page, site: Site, trained: Reporter) -> None:
    page.goto(f"{site.url}/?run=trained")
    page.get_by_test_id("loss-chart").locator("canvas").wait_for()
    page.get_by_test_id("bits-per-byte-chart").locator("canvas").wait_for()
    coloured = page.evaluate(NUM_COLOURED_PIXELS, list(CHARTS))
    assert all(number > 500 for number in coloured), coloured  # axes and their texts are grey


def test_sources_tell_their_epochs_now_and_at_the_end(page: Page, site: Site, trained: Reporter) -> None:
    page.goto(f"{site.url}/?run=trained")
    row = page.get_by_test_id("sources").get_by_role("row", name="math")
    expect(row).to_contain_text("20.0 %20.0 %655.3K")
    expect(row.get_by_role("img")).to_have_attribute("aria-label", "Epochs of math: 0.16 now, 0.41 at the end, of 4.0")


def test_a_cursor_on_one_chart_tells_the_values_on_every_chart(page: Page, site: Site, trained: Reporter) -> None:
    page.goto(f"{site.url}/?run=trained")
    math = page.get_by_test_id("weights-chart").get_by_role("row", name="math")
    expect(math).to_contain_text("20.0 % (20.0 %)")
    plot = page.get_by_test_id("benchmarks-chart-code").locator(".u-over").bounding_box()
    assert plot is not None
    page.mouse.move(plot["x"] + plot["width"] / 3, plot["y"] + plot["height"] / 2)
    expect(math).to_contain_text("10.0 % (10.0 %)")
    page.mouse.move(0, 0)
    expect(math).to_contain_text("20.0 % (20.0 %)")


def test_dragging_zooms_every_chart_and_the_link_keeps_it(page: Page, site: Site) -> None:
    reporter = site.make_begun_run("zoomed")
    reporter.train(100, version=1)
    reporter.apply(site.change("zoomed", {"math": 2.0}, author="ada", reason="something to lose sight of"))
    reporter.train(50, version=2)
    page.goto(f"{site.url}/?run=zoomed")
    markers = page.get_by_test_id("weights-chart").get_by_test_id("marker")
    expect(markers).to_have_count(2)
    drag_over(page, "loss-chart", begin=0.1, end=0.4)
    expect(markers).to_have_count(0)
    expect(page).to_have_url(re.compile(r"run=zoomed&tokens=2\d{5}-9\d{5}$"))
    reporter.train(10, version=2)
    expect(page.get_by_test_id("now")).to_contain_text(re.compile(r"Step\s*159"))
    expect(markers).to_have_count(0)

    page.reload()
    expect(page.get_by_test_id("loss-chart").locator("canvas")).to_have_count(1)
    expect(markers).to_have_count(0)
    page.get_by_test_id("loss-chart").locator(".u-over").dblclick()
    expect(markers).to_have_count(2)
    expect(page).to_have_url(f"{site.url}/?run=zoomed")


def test_a_zoomed_curve_is_read_in_more_detail(page: Page, site: Site) -> None:
    reporter = site.make_begun_run("long")
    for _ in range(6):
        reporter.train(100, version=1)
    page.goto(f"{site.url}/?run=long")
    expect(page.get_by_test_id("now")).to_contain_text(re.compile(r"Step\s*599"))
    page.get_by_test_id("loss-chart").locator("canvas").wait_for()
    with page.expect_response(lambda answer: "names=loss" in answer.url and "from=" in answer.url) as told:
        drag_over(page, "loss-chart", begin=0.5, end=0.6)
    loss = told.value.json()["series"]["loss"]
    assert len(loss) > 50  # of the 600 steps some 60, and no longer every second
    assert all(later["step"] - earlier["step"] == 1 for earlier, later in pairwise(loss))


def test_marker_says_who_what_and_why(page: Page, site: Site, trained: Reporter) -> None:
    page.goto(f"{site.url}/?run=trained")
    for name in CHARTS:
        page.get_by_test_id(name).get_by_test_id("marker").nth(1).hover()
        tooltip = page.get_by_role("tooltip")
        expect(tooltip).to_contain_text("Version 2")
        expect(tooltip).to_contain_text("applied at step 200")
        expect(tooltip).to_contain_text("math 10.0 % → 20.0 %")
        expect(tooltip).to_contain_text("ada: math lags behind")


def test_markers_stand_where_the_version_took_effect(page: Page, site: Site, trained: Reporter) -> None:
    page.goto(f"{site.url}/?run=trained")
    for name in CHARTS:
        chart = page.get_by_test_id(name)
        plot, marker = chart.locator(".u-over").bounding_box(), chart.get_by_test_id("marker").nth(1).bounding_box()
        assert plot is not None
        assert marker is not None
        share = (marker["x"] + marker["width"] / 2 - plot["x"]) / plot["width"]
        assert share == pytest.approx(200 / 300, abs=0.005), name


def test_versions_too_close_for_the_eye_share_a_marker(page: Page, site: Site) -> None:
    reporter = site.make_begun_run("busy")
    reporter.train(500, version=1)
    for version in range(2, 7):
        site.change("busy", {"math": 1.1}, author="ada", reason=f"change {version}")
        reporter.apply(version)
        reporter.train(1, version=version)
    reporter.train(50, version=6)
    page.goto(f"{site.url}/?run=busy")
    markers = page.get_by_test_id("loss-chart").get_by_test_id("marker")
    expect(markers).to_have_count(2)
    expect(markers.nth(1)).to_have_attribute("data-label", "v2\N{EN DASH}6")
    markers.nth(1).hover()
    expect(page.get_by_role("tooltip")).to_contain_text("and 2 more")


def test_scores_that_name_no_source_stand_with_the_capability_they_are_known_for(page: Page, site: Site) -> None:
    reporter = site.make_begun_run("scored")
    reporter.train(10, version=1)
    same = {"version": "3", "metric": "acc", "stderr": "N/A", "num_samples": 9, "value": 0.25}
    results = [{**same, "task": task} for task in ("gsm8k", "hellaswag", "made_up")]
    perplexity = {**same, "task": "wikitext", "metric": "word_perplexity", "value": 33.0, "higher_is_better": False}
    body = {"step": 9, "tokens": 163_840, "checkpoint": "one", "results": [*results, perplexity]}
    site.http.post("/v1/runs/scored/benchmarks", json=body).raise_for_status()
    page.goto(f"{site.url}/?run=scored")
    expected = {"math": "gsm8k", "reasoning": "hellaswag", "other": "made_up", "language-lower": "wikitext"}
    for key, task in expected.items():
        legend = page.get_by_test_id(f"benchmarks-chart-{key}").locator(".u-legend")
        expect(legend).to_contain_text(f"{task} (")


def test_a_target_is_a_line_with_its_word_within_the_scale(page: Page, site: Site) -> None:
    target = {"task": "heldout_math", "metric": "acc_norm", "value": 0.9}
    site.make_begun_run("aimed", targets=[target]).train(20, version=1)
    for step in (10, 20):
        site.post_scores("aimed", step)
    page.add_init_script(NOTE_TEXTS)
    page.goto(f"{site.url}/?run=aimed")
    chart = page.get_by_test_id("benchmarks-chart-math")
    expect(chart.get_by_role("row", name="math, held out")).to_contain_text(re.compile(r"± 0\.040, target 0\.900"))
    assert {"target of heldout_math", "0.80"} <= set(page.evaluate("window.texts"))  # the scores are below 0.45
    body = {"targets": [target | {"value": 5}]}
    site.http.put("/v1/runs/aimed/targets", json=body).raise_for_status()
    expect(chart.get_by_role("row", name="math, held out")).to_contain_text("target 5.000")
    page.wait_for_function("window.texts.includes('4.00')")
    others = page.get_by_test_id("benchmarks-chart-code")
    expect(others.get_by_role("row", name="code, held out")).not_to_contain_text("target")


def test_what_was_refused_or_dropped_is_said(page: Page, site: Site) -> None:
    reporter = site.make_begun_run("troubled")
    page.goto(f"{site.url}/?run=troubled")
    expect(page.get_by_test_id("link")).to_contain_text("live")
    notice = page.get_by_test_id("notice")
    reporter.send(RefusedReport(why="the signature does not fit"))
    expect(notice).to_contain_text("refused: the signature does not fit")
    reporter.send(DroppedReport(num_reports=12))
    expect(notice).to_contain_text("the workers could not send 12 of their reports; figures are missing")
    page.get_by_role("button", name="Close the notice").click()
    expect(notice).to_be_hidden()


def test_empty_run_says_why_it_is_empty(page: Page, site: Site) -> None:
    site.make_run("untouched")
    page.goto(f"{site.url}/?run=untouched")
    expect(page.get_by_test_id("weights-chart")).to_contain_text("No mixture is in force yet")
    expect(page.get_by_test_id("loss-chart")).to_contain_text("No step has been reported yet")
    expect(page.get_by_test_id("benchmarks-chart")).to_contain_text(
        "the evaluator posts them after the first checkpoint"
    )
    expect(page.get_by_test_id("proposals")).to_contain_text("No policy runs")
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
    page.get_by_label("Run", exact=True).select_option("trained")
    expect(page).to_have_url(f"{site.url}/?run=trained")
    expect(page.get_by_test_id("now")).to_contain_text("trained")


def test_page_waits_for_a_run_that_is_not_there_yet(page: Page, site: Site) -> None:
    page.goto(f"{site.url}/?run=later")
    expect(page.get_by_test_id("notice")).to_contain_text("There is no run later")
    site.make_run("later")
    expect(page.get_by_test_id("now")).to_contain_text("later")
    expect(page.get_by_test_id("notice")).to_be_hidden()


def test_page_is_served_with_strict_headers(site: Site) -> None:
    media_types = {"/": "text/html", "/static/main.js": "javascript", "/static/css/theme.css": "text/css"}
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


def test_a_page_that_was_seen_before_asks_for_none_of_its_parts_again(page: Page, site: Site) -> None:
    site.make_run("seen")
    go(page, f"{site.url}/?run=seen")
    sent = """performance.getEntriesByType("resource")
        .filter(({ name }) => name.includes("/static/")).map(({ transferSize }) => transferSize)"""
    assert sum(page.evaluate(sent)) > 100_000
    go(page, f"{site.url}/?run=seen")
    assert max(page.evaluate(sent)) == 0


@pytest.mark.parametrize("path", ["nothing.js", "%2e%2e/endpoints.py", "..%2fendpoints.py", "vendor", "a%00b"])
def test_nothing_else_is_served(site: Site, path: str) -> None:
    assert httpx2.get(f"{site.url}/static/{path}").status_code == 404


@pytest.mark.parametrize("width", [390, 768, 1280, 1920])
def test_page_is_as_wide_as_its_window(browser: Browser, site: Site, trained: Reporter, width: int) -> None:
    page = open_page(browser, f"{site.url}/?run=trained", size={"width": width, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") == width
    page.close()
