"""Looking back: versions, differences, events, restoring, and files to take along."""

import csv
import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, Response, expect
from tests.browser.site import Reporter, Site
from tests.browser.test_steer import open_as_operator

pytestmark = pytest.mark.browser


def download(page: Page, host: Locator, ending: str) -> Path:
    """Choose one kind of file in a part's export menu, and give the file."""
    host.locator(".menu summary").first.click()
    with page.expect_download() as told:
        host.get_by_test_id(f"export-{ending}").first.click()
    assert told.value.suggested_filename.endswith(f".{ending}")
    return told.value.path()


def test_an_old_version_is_restored_by_one_press(page: Page, site: Site) -> None:
    site.make_run("restored")
    site.change("restored", {"math": 2.0}, author="ada", reason="try it")
    site.change("restored", {"math": 2.0}, author="ada", reason="more of it")
    open_as_operator(page, site, "restored")
    page.get_by_test_id("restore-1").click()
    expect(page.get_by_test_id("version-4")).to_contain_text("restore version 1")
    expect(page.get_by_test_id("version-4")).to_contain_text("olga")
    expect(page.get_by_test_id("history-answer")).to_contain_text("restore 3 to undo it")
    expect(page.get_by_test_id("restore-4")).to_have_count(0)
    assert site.get("/v1/runs/restored/mixture")["weights"]["math"] == pytest.approx(0.1)


def test_history_says_how_far_each_version_came_and_what_it_changed(page: Page, site: Site, trained: Reporter) -> None:
    page.goto(f"{site.url}/?run=trained")
    row = page.get_by_test_id("version-2")
    expect(row).to_contain_text("accepted → published → applied at step 200")
    expect(row).to_contain_text("math 20.0 % (+10.0)")
    expect(row).to_contain_text("web 26.7 % (\N{MINUS SIGN}3.3)")
    expect(row).to_contain_text("math lags behind")
    expect(page.get_by_test_id("history-state-1")).to_have_attribute("data-state", "applied")


def test_any_two_versions_are_compared(page: Page, site: Site) -> None:
    site.make_run("differing")
    for _ in range(2):
        site.change("differing", {"math": 2.0}, author="ada", reason="more of it")
    page.goto(f"{site.url}/?run=differing")
    difference = page.get_by_test_id("difference")
    math = difference.get_by_role("row", name="math")
    expect(math).to_contain_text("20.0 %40.0 %+20.0")
    page.get_by_test_id("difference-base").select_option("1")
    expect(math).to_contain_text("10.0 %40.0 %+30.0")
    expect(difference).to_contain_text("30.0 % of the mixture moved")
    page.get_by_test_id("difference-version").select_option("2")
    expect(math).to_contain_text("10.0 %20.0 %+10.0")


def test_long_histories_are_shown_a_part_at_a_time(page: Page, site: Site) -> None:
    site.make_run("wordy")
    for number in range(2, 32):
        answer = site.post_version("wordy", number - 1, {"code": number, "docs": 1, "math": 1, "web": 1})
        assert answer.status_code == 201
    page.goto(f"{site.url}/?run=wordy")
    expect(page.get_by_test_id(re.compile(r"^version-\d+$"))).to_have_count(25)
    page.get_by_role("button", name="Show older versions").click()
    expect(page.get_by_test_id(re.compile(r"^version-\d+$"))).to_have_count(31)


def test_of_a_long_history_only_what_changed_is_read_again(page: Page, site: Site) -> None:
    reporter = site.make_begun_run("lengthy")
    for number in range(2, 62):
        site.post_version("lengthy", number - 1, {"code": number, "docs": 1, "math": 1, "web": 1}).raise_for_status()
    page.goto(f"{site.url}/?run=lengthy")
    expect(page.get_by_test_id("link")).to_contain_text("live")
    page.wait_for_timeout(1500)  # what happened before the events began to flow is read by then
    read: list[Response] = []
    page.on("response", lambda answer: read.append(answer) if "/mixtures?" in answer.url else None)
    site.change("lengthy", {"math": 1.5}, author="ada", reason="one more")
    row = page.get_by_test_id("version-62")
    expect(row).to_contain_text("accepted → published")
    assert read[-1].json()["items"][-1]["version"] == 13
    reporter.apply(62)
    expect(row).to_contain_text("applied at step 0")
    expect(page.get_by_test_id("history-state-61")).to_contain_text("superseded")
    page.get_by_role("button", name="Show older versions").click()
    page.get_by_role("button", name="Show older versions").click()
    expect(page.get_by_test_id("history-state-2")).to_contain_text("superseded")
    expect(page.get_by_test_id(re.compile(r"^version-\d+$"))).to_have_count(62)


def test_events_of_the_run_are_read_when_they_are_wanted(page: Page, site: Site, trained: Reporter) -> None:
    page.goto(f"{site.url}/?run=trained")
    events = page.get_by_test_id("events")
    expect(page.get_by_test_id("difference")).to_contain_text("moved")
    expect(events.get_by_role("row")).to_have_count(0)
    events.locator("summary").first.click()
    expect(events).to_contain_text("attempt 1 began at step 0")
    expect(events).to_contain_text("by ada: math lags behind")


def test_versions_are_taken_along_as_csv_and_json(page: Page, site: Site) -> None:
    site.make_run("exported")
    site.change("exported", {"math": 2.0}, author="ada", reason='=1+1, "quoted"\nand a line')
    page.goto(f"{site.url}/?run=exported")
    page.get_by_test_id("version-2").wait_for()
    with download(page, page.get_by_test_id("history"), "csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["version"] for row in rows] == ["2", "1"]
    assert rows[0]["reason"] == '\'=1+1, "quoted"\nand a line'  # no spreadsheet runs it
    assert float(rows[0]["weight_math"]) == pytest.approx(0.2)
    page.reload()
    page.get_by_test_id("version-2").wait_for()
    versions = json.loads(download(page, page.get_by_test_id("history"), "json").read_text())
    assert versions[0]["reason"] == '=1+1, "quoted"\nand a line'


def test_a_chart_is_taken_along_as_picture_and_as_figures(page: Page, site: Site, trained: Reporter) -> None:
    page.goto(f"{site.url}/?run=trained")
    page.get_by_test_id("weights-chart").locator("canvas").wait_for()
    card = page.locator("#weights")
    picture = download(page, card, "png").read_bytes()
    assert picture.startswith(b"\x89PNG")
    width, height = (int.from_bytes(picture[at : at + 4]) for at in (16, 20))
    assert width > 600
    assert height > 250
    page.keyboard.press("Escape")
    with download(page, page.locator("#loss"), "csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["curve"] for row in rows} == {"all", "code", "docs", "math", "web"}
    assert float(rows[0]["mean"]) > float(rows[250]["mean"]) > 0
