"""Names and reasons that try to become markup."""

import json
import re
from urllib.parse import unquote_plus

import pytest
from playwright.sync_api import Page, Request, Route, expect
from tests.browser.site import Site

pytestmark = pytest.mark.browser
HOSTILE = "<img src=x onerror=\"document.title='harmed'\"> & <b>bold</b>"
NAME_IN_JSON = json.dumps(f"/{HOSTILE}")[1:-1]


def test_reasons_never_become_markup(page: Page, site: Site) -> None:
    reporter = site.make_begun_run("hostile")
    reporter.train(20, version=1)
    reporter.apply(site.change("hostile", {"math": 2.0}, author="grace", reason=HOSTILE))
    site.post_scores("hostile", 20)
    page.goto(f"{site.url}/?run=hostile")
    expect(page.get_by_test_id("history")).to_contain_text(HOSTILE)
    page.get_by_test_id("loss-chart").get_by_test_id("marker").last.hover()
    expect(page.get_by_role("tooltip")).to_contain_text(f"grace: {HOSTILE}")
    expect(page).to_have_title("hostile · Crossfade")
    assert page.locator("main img, #tooltip img, main b").count() == 0


def rename_docs(route: Route, request: Request) -> None:
    """Answer as the controller does, with another name for a source."""
    asked = unquote_plus(request.url).replace(HOSTILE, "docs")
    answer = route.fetch(url=asked)
    route.fulfill(
        response=answer, body=answer.text().replace('"docs"', json.dumps(HOSTILE)).replace("/docs", NAME_IN_JSON)
    )


def test_a_source_with_a_hostile_name_does_no_harm(page: Page, site: Site) -> None:
    """The controller refuses such names; this page is told one nevertheless."""
    site.make_trained_run("renamed")
    page.route(
        re.compile("/v1/runs"),
        lambda route, request: route.fallback() if "/events" in request.url else rename_docs(route, request),
    )
    page.goto(f"{site.url}/?run=renamed")
    for part in ("sources", "forecast", "history", "difference", "weights-chart", "loss-chart", "bits-per-byte-chart"):
        expect(page.get_by_test_id(part)).to_contain_text(HOSTILE)
    expect(page.locator("#steer input[type=number]").nth(0)).to_have_attribute("aria-label", f"{HOSTILE}, per cent")
    page.get_by_test_id("compare").scroll_into_view_if_needed()
    expect(page.get_by_test_id("compare-measure")).to_contain_text(f"Loss of {HOSTILE}")
    expect(page).to_have_title("renamed · Crossfade")
    assert page.locator("main img, main b").count() == 0
