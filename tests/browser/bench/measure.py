"""What the page takes in a real browser: its first paint, a zoom, and its memory while figures come in fast."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from statistics import median

from playwright.sync_api import Browser, CDPSession, Page
from rich.console import Console
from rich.progress import Progress
from tests.browser.bench.million import NUM_VERSIONS, RUN, MillionSteps
from tests.browser.screenshot import LAPTOP
from tests.browser.test_page import drag_over
from tests.load.figures import Bound, Figure

ROUNDS = 7
ZOOMS = 7
NUM_CHARTS = 6
"""Weights, four capabilities and losses."""
MEGABYTE = 1 << 20
ACCELERATION = 20
"""How many times as fast the page's clock for its own pauses runs, so that minutes stand for an hour."""
HOUR_REFRESHES = 1800
"""Refreshes of the curves in an hour, one in two seconds."""
REPORT_PAUSE_MILLISECONDS = 20
MAX_LIVE_SECONDS = 1800
"""A slow machine gets as far as it gets, and the table says that an hour was not reached."""

PAINTED = f"""() => {{
  window.painted = {{}};
  const note = (name, there) => there && (window.painted[name] ??= performance.now());
  const look = () => {{
    const canvases = document.querySelectorAll(".chart canvas").length;
    note("weights", document.querySelector("[data-testid=weights-chart] canvas"));
    note("charts", canvases >= {NUM_CHARTS});
    if (canvases < {NUM_CHARTS}) requestAnimationFrame(look);
  }};
  requestAnimationFrame(look);
}}"""
FASTER_PAUSES = f"""() => {{
  const real = window.setTimeout;
  window.setTimeout = (act, pause, ...more) => real(act, pause / {ACCELERATION}, ...more);
}}"""
WATCH_ZOOM = """() => {
  const next = (tell) => requestAnimationFrame(() => setTimeout(() => tell(performance.now()), 0));
  window.zoomed = new Promise((resolve) => {
    let begun = null;
    let drawn = null;
    document.addEventListener("mouseup", () => {
      begun = performance.now();
      next((now) => (drawn = now - begun));
    }, { capture: true, once: true });
    new PerformanceObserver((list) => {
      const asked = ({ name }) => name.includes("names=source_tokens") && name.includes("from=");
      if (list.getEntries().some(asked)) next((now) => resolve([drawn, now - begun]));
    }).observe({ type: "resource" });
  });
}"""


def first_paint(browser: Browser, site: MillionSteps) -> list[Figure]:
    """Open the page in a browser that never saw it, several times."""
    first, weights, charts = [], [], []
    for _ in range(ROUNDS):
        page = browser.new_page(viewport=LAPTOP)
        page.add_init_script(f"({PAINTED})()")
        page.goto(f"{site.url}/?run={RUN}")
        page.locator(".chart canvas").nth(NUM_CHARTS - 1).wait_for()
        painted = page.evaluate("window.painted")
        first.append(page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime"))
        weights.append(painted["weights"])
        charts.append(painted["charts"])
        page.close()
    return [
        Figure(name="first contentful paint, median", value=median(first), unit="ms"),
        Figure(
            name="weights painted, median",
            value=median(weights),
            unit="ms",
            bound=Bound(must=1000, aim=300, at_most=True),
        ),
        Figure(name="weights, losses and every benchmark painted, median", value=median(charts), unit="ms"),
    ]


def zoom(browser: Browser, site: MillionSteps) -> list[Figure]:
    """Zoom into a fifth of the run by the mouse, several times."""
    drawn, detailed = [], []
    for _ in range(ZOOMS):
        page = _open(browser, site)
        page.evaluate(WATCH_ZOOM)
        drag_over(page, "weights-chart", begin=0.3, end=0.5)
        milliseconds = page.evaluate("window.zoomed")
        drawn.append(milliseconds[0])
        detailed.append(milliseconds[1])
        page.close()
    return [
        Figure(
            name="zoom drawn on every chart, median",
            value=median(drawn),
            unit="ms",
            bound=Bound(must=300, at_most=True),
        ),
        Figure(
            name="zoom in full detail, median", value=median(detailed), unit="ms", bound=Bound(must=300, at_most=True)
        ),
    ]


def memory(browser: Browser, site: MillionSteps) -> list[Figure]:
    """Let an hour of refreshes come in as fast as they can, and compare the heap once warm with that at the end."""
    page = browser.new_page(viewport=LAPTOP)
    page.add_init_script(f"({FASTER_PAUSES})()")
    refreshes: list[str] = []
    page.on("requestfinished", lambda request: refreshes.append("") if "names=loss" in request.url else None)
    page.goto(f"{site.url}/?run={RUN}")
    page.locator(".chart canvas").nth(NUM_CHARTS - 1).wait_for()
    cdp = page.context.new_cdp_session(page)
    with Progress(console=Console(stderr=True)) as progress:
        hour = progress.add_task("refreshes", total=HOUR_REFRESHES)
        report = partial(progress.update, hour)
        _live(page, site, refreshes, until=HOUR_REFRESHES // 6, report=report)  # warm: every cache is full
        before = _heap_megabytes(cdp)
        _live(page, site, refreshes, until=HOUR_REFRESHES, report=report)
    after = _heap_megabytes(cdp)
    page.close()
    return [
        Figure(name="refreshes of all curves", value=len(refreshes), unit="", bound=Bound(must=HOUR_REFRESHES)),
        Figure(name="heap once it is warm", value=before, unit="MB"),
        Figure(name="heap at the end", value=after, unit="MB", bound=Bound(must=before * 1.2 + 2, at_most=True)),
    ]


def _open(browser: Browser, site: MillionSteps) -> Page:
    page = browser.new_page(viewport=LAPTOP)
    page.goto(f"{site.url}/?run={RUN}")
    page.locator(".chart canvas").nth(NUM_CHARTS - 1).wait_for()
    page.wait_for_timeout(1000)
    return page


def _live(page: Page, site: MillionSteps, refreshes: list[str], *, until: int, report: Callable[..., None]) -> None:
    deadline = time.monotonic() + MAX_LIVE_SECONDS
    while len(refreshes) < until and time.monotonic() < deadline:
        site.reporter.train(1, version=NUM_VERSIONS)
        page.wait_for_timeout(REPORT_PAUSE_MILLISECONDS)
        report(completed=len(refreshes))


def _heap_megabytes(cdp: CDPSession) -> float:
    cdp.send("HeapProfiler.collectGarbage")
    return float(cdp.send("Runtime.getHeapUsage")["usedSize"]) / MEGABYTE
