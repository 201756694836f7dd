"""The page's own arithmetic, run where it runs: in the browser."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page
from tests.browser.site import Site

pytestmark = pytest.mark.browser

CALL = "async ([module, name, given]) => (await import(`/static/${module}.js`))[name](...given)"


@pytest.fixture(scope="module")
def page(browser: Browser, site: Site) -> Iterator[Page]:
    page = browser.new_page()
    page.goto(f"{site.url}/static/icon.svg")
    yield page
    page.close()


def call(page: Page, name: str, *given: object, module: str = "series") -> Any:
    return page.evaluate(CALL, [module, name, list(given)])


def test_versions_stand_where_they_took_effect_or_will(page: Page) -> None:
    versions = [
        {"version": 5, "state": "published"},
        {"version": 4, "state": "accepted"},
        {"version": 3, "state": "applied", "effective_step": 40},
        {"version": 2, "state": "superseded"},
        {"version": 1, "state": "applied", "effective_step": 0},
    ]
    places = call(page, "placeVersions", versions, 10, 990)
    assert [(place["tokens"], [version["version"] for version in place["versions"]]) for place in places] == [
        (0, [1]),
        (400, [3, 2]),
        (990, [5, 4]),
    ]


def test_realised_shares_are_those_of_the_tokens_since_the_point_before(page: Page) -> None:
    consumed = {
        "a": [{"x": 100, "max": 75}, {"x": 200, "max": 100}],
        "b": [{"x": 100, "max": 25}, {"x": 200, "max": 100}],
    }
    assert call(page, "realisedWindows", consumed, ["a", "b"]) == [
        {"from": 0, "to": 100, "shares": [0.75, 0.25]},
        {"from": 100, "to": 200, "shares": [0.25, 0.75]},
    ]


def test_consumption_that_went_back_gives_no_share(page: Page) -> None:
    consumed = {"a": [{"x": 100, "max": 100}, {"x": 200, "max": 50}, {"x": 300, "max": 90}]}
    windows = call(page, "realisedWindows", consumed, ["a"])
    assert [window["to"] for window in windows] == [100, 300]


def test_source_that_was_never_drawn_has_share_zero(page: Page) -> None:
    windows = call(page, "realisedWindows", {"a": [{"x": 100, "max": 100}], "b": []}, ["a", "b"])
    assert windows == [{"from": 0, "to": 100, "shares": [1, 0]}]


def test_requested_shares_change_at_their_token_and_realised_ones_fill_their_window(page: Page) -> None:
    changes = [{"tokens": 0, "weights": {"a": 1.0}}, {"tokens": 50, "weights": {"a": 0.5}}]
    windows = [{"from": 0, "to": 40, "shares": [0.9]}, {"from": 40, "to": 80, "shares": [0.6]}]
    assert call(page, "weightColumns", changes, windows, ["a"], 100) == {
        "x": [0, 40, 50, 80, 100],
        "requested": [[1, 1, 0.5, 0.5, 0.5]],
        "realised": [[0.9, 0.9, 0.6, 0.6, None]],
    }


def test_stack_sums_from_below_and_keeps_gaps(page: Page) -> None:
    assert call(page, "stacked", [[0.5, None], [0.25, None], [0.25, None]]) == [[1, None], [0.5, None], [0.25, None]]


def test_curves_on_different_points_share_one_axis(page: Page) -> None:
    curves = [[{"x": 1, "mean": 10}, {"x": 3, "mean": 30}], [{"x": 2, "mean": 20, "max": 21}]]
    assert call(page, "aligned", curves, [["mean"], ["mean", "max"]]) == [
        [1, 2, 3],
        [10, None, 30],
        [None, 20, None],
        [None, 21, None],
    ]


def test_scores_of_other_shots_are_another_curve(page: Page) -> None:
    same = {"task": "arc", "metric": "acc", "filter": "none", "version": "1", "limit": None, "stderr": None}
    results = [
        {**same, "num_fewshot": 0, "tokens": 5, "value": 0.5},
        {**same, "num_fewshot": 5, "tokens": 5, "value": 0.75},
        {**same, "num_fewshot": 0, "tokens": 9, "value": 0.625, "stderr": 0.125},
    ]
    zero_shot, five_shot = call(page, "benchmarkCurves", results)
    assert zero_shot["points"] == [
        {"x": 5, "mean": 0.5, "low": 0.5, "high": 0.5},
        {"x": 9, "mean": 0.625, "low": 0.5, "high": 0.75},
    ]
    assert [point["mean"] for point in five_shot["points"]] == [0.75]


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("compact", 2_000_000_000_000, "2T"),
        ("percent", 0.14, "14.0 %"),
        ("decimal", None, "\N{EN DASH}"),
        ("ago", 59.9, "59 s ago"),
        ("ago", 3600, "1 h ago"),
    ],
)
def test_values_are_written_for_people(page: Page, name: str, value: float | None, text: str) -> None:
    assert call(page, name, value, module="text") == text


def test_a_reader_is_never_run_twice_at_a_time_and_runs_again_after_it_was_asked(page: Page) -> None:
    counted = page.evaluate(
        """async () => {
          const { paced } = await import("/static/refresh.js");
          let [running, most, runs] = [0, 0, 0];
          const read = async () => {
            running += 1;
            most = Math.max(most, running);
            await new Promise((resolve) => setTimeout(resolve, 20));
            running -= 1;
            runs += 1;
          };
          const ask = paced(read, 10, () => {});
          for (let time = 0; time < 10; time += 1) ask();
          while (runs < 2) await new Promise((resolve) => setTimeout(resolve, 5));
          await new Promise((resolve) => setTimeout(resolve, 200));
          return { most, runs };
        }"""
    )
    assert counted == {"most": 1, "runs": 2}
