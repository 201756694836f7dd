"""Steering by hand: shares that sum to the whole, what they would do, and what comes of applying them."""

import re
import subprocess
from typing import Any

import httpx2
import pytest
from playwright.sync_api import Page, Route, expect
from tests.browser.site import SOURCES, Site
from tests.browser.test_login import log_in

pytestmark = pytest.mark.browser


def open_as_operator(page: Page, site: Site, run: str, *scopes: str) -> None:
    page.goto(f"{site.url}/?run={run}")
    log_in(page, site.token(*(scopes or ("operator",)), name="olga"))
    page.get_by_test_id("steer-math").wait_for()


def shares(page: Page) -> dict[str, float]:
    return {source: float(page.get_by_test_id(f"steer-{source}").input_value()) for source in SOURCES}


def drag_slider(page: Page, source: str, *, to: float) -> None:
    """Drag a slider by the mouse to a share of its width, and let it go."""
    slider = page.get_by_role("slider", name=source)
    box = slider.bounding_box()
    assert box is not None
    value = float(slider.input_value()) / 100
    thumb = 16  # pixels; its centre stays within the track
    across = [box["x"] + thumb / 2 + (box["width"] - thumb) * share for share in (value, to)]
    page.mouse.move(across[0], box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(across[1], box["y"] + box["height"] / 2, steps=8)
    page.mouse.up()


def test_dragging_a_weight_is_judged_applied_and_followed_until_the_workers_have_it(page: Page, site: Site) -> None:
    reporter = site.make_begun_run("steered", guardrails={"ceilings": {"math": 0.5}})
    reporter.train(50, version=1)
    open_as_operator(page, site, "steered")
    forecast = page.get_by_test_id("forecast").get_by_role("row", name="math")
    expect(forecast).to_contain_text("0.25")
    verdict, state = page.get_by_test_id("verdict"), page.get_by_test_id("version-state")

    drag_slider(page, "math", to=0.8)
    expect(verdict).to_contain_text("The guard rails allow only part of it")
    expect(verdict).to_contain_text(re.compile(r"ceiling, math \d\d\.\d % → 50\.0 %"))
    drag_slider(page, "math", to=0.4)
    assert shares(page)["math"] == pytest.approx(40, abs=2)
    expect(verdict).to_have_text("Allowed as asked.")
    expect(forecast).to_contain_text(re.compile(r"0\.25 → 0\.9\d"))
    assert sum(shares(page).values()) == pytest.approx(100)

    expect(page.get_by_test_id("apply")).to_be_disabled()
    page.get_by_test_id("reason").fill("math lags behind")
    page.get_by_test_id("apply").click()
    expect(state).to_have_text("Version 2acceptedpublished … waiting for the workers")
    expect(page.get_by_test_id("now")).to_contain_text("version 2 is published")
    made = site.get("/v1/runs/steered/mixture")
    assert made["weights"]["math"] == pytest.approx(0.4, abs=0.02)
    assert (made["author"], made["reason"]) == ("olga", "math lags behind")

    step = reporter.apply(2)
    reporter.train(5, version=2)
    expect(state).to_have_text(f"Version 2acceptedpublishedapplied at step {step}")
    expect(page.get_by_test_id("reason")).to_have_value("")


def test_typed_numbers_stay_as_they_were_typed_while_others_make_room(page: Page, site: Site) -> None:
    site.make_run("typed")
    page.goto(f"{site.url}/?run=typed")
    for source, share in (("math", "20"), ("web", "50"), ("code", "12.5")):
        page.get_by_test_id(f"steer-{source}").fill(share)
    assert shares(page) == {"code": 12.5, "docs": 17.5, "math": 20, "web": 50}
    expect(page.get_by_test_id("change-web")).to_have_text("+20.0")
    page.get_by_role("button", name="Start over").click()
    assert shares(page) == {"code": 30, "docs": 30, "math": 10, "web": 30}


def test_a_locked_source_keeps_its_share(page: Page, site: Site) -> None:
    site.make_run("locked")
    page.goto(f"{site.url}/?run=locked")
    page.get_by_test_id("lock-web").check()
    expect(page.get_by_test_id("steer-web")).to_be_disabled()
    page.get_by_test_id("steer-math").fill("100")
    page.get_by_test_id("steer-math").blur()
    assert shares(page) == {"code": 0, "docs": 0, "math": 70, "web": 30}


def test_what_the_rails_allow_can_be_taken_over(page: Page, site: Site) -> None:
    site.make_run("railed", guardrails={"ceilings": {"math": 0.2}})
    open_as_operator(page, site, "railed")
    page.get_by_test_id("steer-math").fill("60")
    page.get_by_role("button", name="Show what is allowed").click()
    expect(page.get_by_test_id("verdict")).to_have_text("Allowed as asked.")
    assert shares(page)["math"] == 20


def test_an_approver_may_set_a_rail_aside(page: Page, site: Site) -> None:
    site.make_run("overridden", guardrails={"ceilings": {"math": 0.2}})
    open_as_operator(page, site, "overridden", "operator", "approver")
    page.get_by_test_id("steer-math").fill("60")
    page.get_by_test_id("override-ceiling").check()
    expect(page.get_by_test_id("verdict")).to_have_text("Allowed as asked.")
    page.get_by_test_id("reason").fill("an experiment")
    page.get_by_test_id("apply").click()
    expect(page.get_by_test_id("version-state")).to_contain_text("Version 2")
    assert site.get("/v1/runs/overridden/mixture")["weights"]["math"] == pytest.approx(0.6)


def test_the_command_for_a_shell_does_what_the_panel_would(page: Page, site: Site) -> None:
    site.make_run("shelled", guardrails={"ceilings": {"math": 0.2}})
    open_as_operator(page, site, "shelled", "operator", "approver")
    page.get_by_test_id("steer-math").fill("60")
    page.get_by_test_id("override-ceiling").check()
    page.get_by_test_id("reason").fill('it\'s "$HOME"; true')
    expect(page.get_by_test_id("verdict")).to_have_text("Allowed as asked.")
    page.locator("summary", has_text="from a shell").click()
    made = run_by_hand(page.get_by_test_id("steer-command").inner_text(), site)
    assert made["weights"]["math"] == pytest.approx(0.6)
    assert made["reason"] == 'it\'s "$HOME"; true'
    assert made["override"] == ["ceiling"]
    assert made["base_version"] == 1


def run_by_hand(command: str, site: Site) -> Any:
    """Let a real shell read the command, and send what it makes of it."""
    tell = "curl() { printf '%s\\0' \"$@\"; }\n"
    environment = {"CROSSFADE_TOKEN": site.token("operator", "approver"), "HOME": "/somewhere"}
    told = subprocess.run(["bash", "-c", tell + command], env=environment, check=True, capture_output=True, text=True)
    method_flag, method, url, *options = told.stdout.split("\0")[:-1]
    assert method_flag == "-X"
    pairs = list(zip(options[::2], options[1::2], strict=True))
    headers = dict(value.split(": ", 1) for flag, value in pairs if flag == "-H")
    [body] = [value for flag, value in pairs if flag == "-d"]
    return httpx2.request(method, url, headers=headers, content=body).raise_for_status().json()


def test_what_no_rail_allows_is_refused_in_words(page: Page, site: Site) -> None:
    site.make_run("fenced", guardrails={"max_change": 0.05, "floors": {"web": 0.3}})
    site.http.put("/v1/runs/fenced/guardrails", json={"floors": {"web": 0.6}, "max_change": 0.05}).raise_for_status()
    open_as_operator(page, site, "fenced")
    page.get_by_test_id("steer-math").fill("60")
    expect(page.get_by_test_id("verdict")).to_contain_text("Refused:")
    page.get_by_test_id("reason").fill("because")
    expect(page.get_by_test_id("apply")).to_be_disabled()
    expect(page.get_by_test_id("apply-obstacle")).to_have_text("It cannot be applied as it is.")


def test_a_version_that_came_meanwhile_is_told_before_anything_is_applied(page: Page, site: Site) -> None:
    site.make_run("shared")
    open_as_operator(page, site, "shared")
    page.get_by_test_id("steer-math").fill("40")
    page.get_by_test_id("reason").fill("mine")
    site.change("shared", {"web": 1.5}, author="grace", reason="hers")
    expect(page.get_by_role("alert").filter(has_text="grace made version 2 meanwhile: hers")).to_be_visible()
    expect(page.get_by_test_id("apply")).to_be_disabled()
    assert shares(page)["math"] == 40
    page.get_by_role("button", name="Keep my weights").click()
    page.get_by_test_id("apply").click()
    expect(page.get_by_test_id("version-state")).to_contain_text("Version 3")
    assert site.get("/v1/runs/shared/mixture")["base_version"] == 2


def test_without_a_draft_the_panel_follows_what_others_do(page: Page, site: Site) -> None:
    site.make_run("followed")
    page.goto(f"{site.url}/?run=followed")
    expect(page.get_by_test_id("steer-math")).to_have_value("10")
    site.change("followed", {"math": 2.0}, author="grace", reason="hers")
    expect(page.get_by_test_id("steer-math")).to_have_value("20")


def test_undo_restores_what_was_before(page: Page, site: Site) -> None:
    site.make_run("undone")
    site.change("undone", {"math": 2.0}, author="grace", reason="a mistake")
    open_as_operator(page, site, "undone")
    page.get_by_role("button", name="Undo version 2").click()
    expect(page.get_by_test_id("version-state")).to_contain_text("Version 3")
    expect(page.get_by_test_id("steer-math")).to_have_value("10")
    first, third = (site.get(f"/v1/runs/undone/mixtures/{version}") for version in (1, 3))
    assert first["weights_ppm"] == third["weights_ppm"]


def test_a_lost_answer_makes_no_second_version(rough_page: Page, site: Site) -> None:
    site.make_run("lost")
    open_as_operator(rough_page, site, "lost")

    def lose_the_answer(route: Route) -> None:
        route.fetch()
        route.abort()
        rough_page.unroute("**/v1/runs/lost/mixtures")

    def tell_of_no_version(route: Route) -> None:
        """The page must not learn from elsewhere that the version was made."""
        if route.request.method == "GET":
            route.abort()
        else:
            route.continue_()

    rough_page.route("**/v1/runs/lost/mixtures", lose_the_answer)
    rough_page.route(re.compile(r"/v1/runs/lost/mixtures\?"), tell_of_no_version)
    rough_page.get_by_test_id("steer-math").fill("40")
    rough_page.get_by_test_id("reason").fill("once")
    rough_page.get_by_test_id("apply").click()
    expect(rough_page.get_by_test_id("steer-answer")).to_contain_text("it may be made already, or not")
    rough_page.get_by_test_id("apply").click()
    expect(rough_page.get_by_test_id("steer-answer")).to_have_text("Version 2 is made: once")
    assert site.get("/v1/runs/lost/mixture")["version"] == 2


def test_policies_are_frozen_and_freed_by_hand(page: Page, site: Site) -> None:
    site.make_run("frozen")
    open_as_operator(page, site, "frozen")
    page.get_by_test_id("freeze-reason").fill("a spike")
    page.get_by_test_id("freeze").click()
    expect(page.get_by_test_id("proposals")).to_contain_text("Policies are frozen by olga")
    expect(page.get_by_test_id("proposals")).to_contain_text("a spike")
    assert site.get("/v1/runs/frozen")["frozen"]["reason"] == "a spike"
    page.get_by_test_id("freeze-reason").fill("it was the data")
    page.get_by_role("button", name="Unfreeze").click()
    expect(page.get_by_test_id("proposals")).to_contain_text("No policy runs")
