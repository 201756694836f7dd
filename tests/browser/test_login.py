"""Who may see the page, and who may steer on it."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect
from tests.browser.site import Reporter, Site

pytestmark = pytest.mark.browser


def log_in(page: Page, token: str) -> None:
    page.get_by_test_id("token").fill(token)
    page.get_by_test_id("login").click()
    expect(page.get_by_test_id("logout")).to_be_visible()


@pytest.fixture(scope="module")
def closed_site(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A controller that shows nothing without a token."""
    directory: Path = tmp_path_factory.mktemp("closed")
    closed = Site(directory, site.redis_url)
    closed.options = ["--no-anonymous-viewer"]
    closed.start()
    yield closed
    closed.stop()


def ask_for_more_mathematics(page: Page) -> None:
    page.get_by_test_id("steer-math").fill("40")
    page.get_by_test_id("reason").fill("because")
    expect(page.get_by_test_id("verdict")).to_have_text("Allowed as asked.")


def test_without_a_token_one_looks_and_tries_but_cannot_apply(page: Page, site: Site, trained: Reporter) -> None:
    page.goto(f"{site.url}/?run=trained")
    ask_for_more_mathematics(page)
    expect(page.get_by_test_id("apply")).to_be_disabled()
    expect(page.get_by_test_id("apply-obstacle")).to_contain_text("log in with a token that has the operator scope")
    expect(page.get_by_test_id("restore-1")).to_be_disabled()
    expect(page.get_by_test_id("undo")).to_be_hidden()
    expect(page.get_by_test_id("freeze")).to_be_hidden()


def test_a_viewers_token_cannot_steer(page: Page, site: Site, trained: Reporter) -> None:
    page.goto(f"{site.url}/?run=trained")
    log_in(page, site.token("viewer", name="vera"))
    expect(page.get_by_test_id("who")).to_have_text("vera (viewer)")
    ask_for_more_mathematics(page)
    expect(page.get_by_test_id("apply")).to_be_disabled()
    expect(page.get_by_test_id("restore-1")).to_be_disabled()


def test_what_the_page_forbids_a_viewer_the_controller_forbids_too(
    rough_page: Page, site: Site, trained: Reporter
) -> None:
    rough_page.goto(f"{site.url}/?run=trained")
    log_in(rough_page, site.token("viewer", name="vera"))
    ask_for_more_mathematics(rough_page)
    rough_page.evaluate("""() => {
      const apply = document.querySelector("[data-testid=apply]");
      const restore = document.querySelector("[data-testid=restore-1]");
      for (const button of [apply, restore]) {
        button.disabled = false;
        button.click();
      }
    }""")
    for answer in ("steer-answer", "history-answer"):
        expect(rough_page.get_by_test_id(answer)).to_contain_text("Nothing was changed: this needs the scope operator")
    assert site.get("/v1/runs/trained/mixture")["version"] == 2


def test_an_operator_may_steer_until_logging_out(page: Page, site: Site, trained: Reporter) -> None:
    page.goto(f"{site.url}/?run=trained")
    log_in(page, site.token("operator", name="olga"))
    ask_for_more_mathematics(page)
    expect(page.get_by_test_id("apply")).to_be_enabled()
    expect(page.get_by_test_id("restore-1")).to_be_enabled()
    page.reload()
    expect(page.get_by_test_id("who")).to_have_text(re.compile("olga .*operator"))
    page.get_by_test_id("logout").click()
    expect(page.get_by_test_id("restore-1")).to_be_disabled()
    expect(page.get_by_test_id("token")).to_have_value("")


def test_who_logs_in_before_the_page_knows_who_they_are_stays_logged_in(page: Page, site: Site) -> None:
    site.make_run("hasty")
    held: list[Route] = []

    def hold(route: Route) -> None:
        """Let nobody know who is there without a token, before the test says so."""
        if "authorization" in route.request.headers:
            route.continue_()
        else:
            held.append(route)

    def tell() -> None:
        with page.expect_response("**/v1/whoami"):
            held.pop().continue_()

    page.route("**/v1/whoami", hold)
    page.goto(f"{site.url}/?run=hasty")
    page.get_by_test_id("token").fill("cf_typed")
    page.get_by_test_id("steer-math").wait_for()
    tell()
    ask_for_more_mathematics(page)
    expect(page.get_by_test_id("token")).to_have_value("cf_typed")

    page.reload()
    log_in(page, site.token("operator", name="olga"))
    page.get_by_test_id("steer-math").wait_for()
    tell()
    ask_for_more_mathematics(page)
    expect(page.get_by_test_id("apply")).to_be_enabled()
    expect(page.get_by_test_id("logout")).to_be_visible()


def test_a_token_of_another_run_looks_on_and_is_told_why(page: Page, site: Site) -> None:
    site.make_run("neighbour")
    reporter = site.make_begun_run("watched")
    site.change("watched", {"math": 1.1}, author="ada", reason="something to undo")
    answer = site.http.post("/v1/tokens", json={"name": "olga", "scopes": ["operator", "approver"], "run": "neighbour"})
    page.goto(f"{site.url}/?run=watched")
    log_in(page, answer.json()["token"])
    ask_for_more_mathematics(page)
    why = "log in with another token: yours is bound to run neighbour"
    expect(page.get_by_test_id("apply-obstacle")).to_have_text(f"To apply, {why}.")
    expect(page.get_by_test_id("apply")).to_be_disabled()
    expect(page.get_by_test_id("undo")).to_be_hidden()
    expect(page.get_by_test_id("freeze")).to_be_hidden()
    expect(page.get_by_test_id("restore-1")).to_have_attribute("title", f"To restore, {why}")
    reporter.train(5, version=1)
    expect(page.get_by_test_id("now")).to_contain_text(re.compile(r"Step\s*4"))
    page.reload()
    expect(page.get_by_test_id("notice")).to_contain_text("Your token is bound to run neighbour")
    page.goto(f"{site.url}/?run=neighbour")
    ask_for_more_mathematics(page)
    expect(page.get_by_test_id("apply")).to_be_enabled()


def test_a_token_that_nobody_knows_is_refused_and_not_kept(rough_page: Page, site: Site, trained: Reporter) -> None:
    rough_page.goto(f"{site.url}/?run=trained")
    rough_page.get_by_test_id("token").fill("cf_nobody-knows-this-one")
    rough_page.get_by_test_id("login").click()
    expect(rough_page.get_by_test_id("login-answer")).to_contain_text("The controller does not know this token")
    assert rough_page.evaluate("sessionStorage.length") == 0


def test_a_token_in_the_address_logs_in_and_leaves_the_address(page: Page, site: Site, trained: Reporter) -> None:
    page.goto(f"{site.url}/?run=trained#token={site.token('operator', name='olga')}")
    expect(page.get_by_test_id("who")).to_contain_text("olga")
    expect(page).to_have_url(f"{site.url}/?run=trained")


def test_a_closed_controller_shows_all_once_somebody_logs_in(rough_page: Page, closed_site: Site) -> None:
    closed_site.make_run("secret")
    rough_page.goto(f"{closed_site.url}/?run=secret")
    expect(rough_page.get_by_test_id("notice")).to_contain_text("log in with a token")
    assert "secret" not in rough_page.get_by_test_id("now").inner_text()
    log_in(rough_page, closed_site.token("viewer", name="vera"))
    expect(rough_page.get_by_test_id("now")).to_contain_text("secret")
    expect(rough_page.get_by_test_id("link")).to_contain_text("live")
    expect(rough_page.get_by_test_id("notice")).to_be_hidden()
