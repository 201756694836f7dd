"""Names and reasons that try to become markup."""

import pytest
from playwright.sync_api import Page, expect
from tests.browser.site import Site

pytestmark = pytest.mark.browser
HOSTILE = "<img src=x onerror=\"document.title='harmed'\"> & <b>bold</b>"


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


def test_a_source_with_a_hostile_name_does_no_harm(rough_page: Page, site: Site) -> None:
    """Such names are refused on the way in; this one came by the database."""
    site.make_run("tampered")
    site.kill()
    hostile = HOSTILE.replace("'", "''")
    of_run = "run_id = (SELECT id FROM runs WHERE name = 'tampered')"
    in_json = f"replace(weights_ppm, '\"docs\"', json_quote('{hostile}'))"
    site.tamper(
        f"UPDATE sources SET name = '{hostile}' WHERE name = 'docs' AND {of_run}",
        f"UPDATE mixture_versions SET weights_ppm = {in_json} WHERE {of_run}",
    )
    site.start()
    rough_page.goto(f"{site.url}/?run=tampered")
    for part in ("sources", "forecast", "history", "difference"):
        expect(rough_page.get_by_test_id(part)).to_contain_text(HOSTILE)
    expect(rough_page.get_by_test_id(f"steer-{HOSTILE}")).to_have_value("30")
    expect(rough_page).to_have_title("tampered · Crossfade")
    assert rough_page.locator("main img, main b").count() == 0
