"""Pictures of every view, for people to look at: CROSSFADE_SCREENSHOTS names the folder they go to."""

import os
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from tests.browser.screenshot import go, take
from tests.browser.site import SOURCES, Site
from tests.browser.test_login import log_in

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif("CROSSFADE_SCREENSHOTS" not in os.environ, reason="CROSSFADE_SCREENSHOTS names no folder"),
]
SIZES = {"laptop": (1280, 800), "desk": (1920, 1080), "phone": (390, 844)}
VIEWS = ("now", "weights", "benchmarks", "sources", "steer", "proposals", "history", "compare")
TASKS = ("gsm8k", "mmlu", "arc_challenge", "hellaswag", "humaneval", "piqa")
MAX_PICTURE_BYTES = 2_000_000


@pytest.fixture(scope="module")
def rich(site: Site) -> str:
    """A run with all there is to see: eight versions, held-out and standard scores, targets, rails that bind."""
    run = "rich"
    goals = {"gsm8k": 0.45, "mmlu": 0.5, "arc_challenge": 0.52, "humaneval": 0.7, "heldout_math": 0.6}
    metrics = {"heldout_math": "acc_norm"}
    targets = [{"task": task, "metric": metrics.get(task, "acc"), "value": goal} for task, goal in goals.items()]
    guardrails = {"ceilings": {"math": 0.45}, "epoch_budget": True}
    reporter = site.make_begun_run(run, guardrails=guardrails, targets=targets)
    version = 1
    for number, source in enumerate(("math", "code", "math", "web", "docs", "math", "code")):
        reporter.train(45, version=version)
        site.post_scores(run, reporter.next_step)
        post_standard_scores(site, run, reporter.next_step)
        version = site.change(
            run, {source: 1.3}, author="ada", reason=f"{source} lags behind its target ({number + 1})"
        )
        if number != 3:  # one is overtaken before it takes effect
            reporter.apply(version)
    reporter.train(30, version=version)
    site.make_trained_run("other")
    return run


def post_standard_scores(site: Site, run: str, step: int) -> None:
    results = [
        {
            "task": task,
            "metric": "acc",
            "version": "1",
            "num_samples": 500,
            "value": 0.2 + 0.04 * place + step / 2000,
            "stderr": 0.02,
        }
        for place, task in enumerate(TASKS)
    ]
    body = {"step": step, "tokens": step * 16_384, "checkpoint": f"standard-{step}", "results": results}
    site.http.post(f"/v1/runs/{run}/benchmarks", json=body).raise_for_status()


@pytest.mark.parametrize("look", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
def test_pictures_are_taken(browser: Browser, site: Site, rich: str, size: str, look: str) -> None:
    width, height = SIZES[size]
    folder = Path(os.environ["CROSSFADE_SCREENSHOTS"]) / f"{size}-{look}"
    folder.mkdir(parents=True, exist_ok=True)
    page = browser.new_page(
        viewport={"width": width, "height": height}, color_scheme="dark" if look == "dark" else "light"
    )
    go(page, f"{site.url}/?run={rich}&compare={rich},other&smoothing=0.8")
    prepare(page, site)
    for view in VIEWS:
        page.locator(f"#{view}").scroll_into_view_if_needed()
        page.locator(f"#{view}").evaluate("part => part.scrollIntoView()")
        take(page, str(folder / f"{view}.png"), whole=False)
    take(page, str(folder / "whole.png"))
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert all(picture.stat().st_size < MAX_PICTURE_BYTES for picture in folder.iterdir())
    page.close()


def prepare(page: Page, site: Site) -> None:
    """Have something in every part: a draft that the rails shorten, the events, the comparison."""
    log_in(page, site.token("operator", "approver", name="olga"))
    page.get_by_test_id("steer-math").fill("60")
    page.get_by_test_id("reason").fill("math is still below its target")
    expect(page.get_by_test_id("verdict")).to_have_attribute("data-stage", "changed")
    page.get_by_test_id("events").locator("summary").first.click()
    page.get_by_test_id("compare").scroll_into_view_if_needed()
    expect(page.get_by_test_id("compare-chart").locator(".u-legend")).to_contain_text("other")
    assert {page.get_by_test_id(f"steer-{source}").input_value() for source in SOURCES} != {""}
