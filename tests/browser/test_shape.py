"""The page's own arithmetic, run where it runs: in the browser."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
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


def call(page: Page, name: str, *given: object, module: str = "shape/series") -> Any:
    return page.evaluate(CALL, [module, name, list(given)])


def test_versions_stand_where_they_took_effect_or_will(page: Page) -> None:
    versions = [
        {"version": 5, "state": "published"},
        {"version": 4, "state": "accepted"},
        {"version": 3, "state": "applied", "effective_step": 40},
        {"version": 2, "state": "superseded"},
        {"version": 1, "state": "applied", "effective_step": 0},
    ]
    places = call(page, "placeVersions", versions, 10, 990, module="shape/places")
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


def test_a_part_of_the_curves_begins_with_what_it_is_compared_with(page: Page) -> None:
    consumed = {"a": [{"x": 100, "max": 75}, {"x": 200, "max": 100}], "b": [{"x": 100, "max": 25}]}
    windows = call(page, "realisedWindows", consumed, ["a", "b"], {"whole": False})
    assert windows == [{"from": 100, "to": 200, "shares": [1, 0]}]


def test_scores_of_other_shots_are_another_curve(page: Page) -> None:
    same = {"task": "arc", "metric": "acc", "filter": "none", "version": "1", "limit": None, "step": 1, "stderr": None}
    results = [
        {**same, "num_fewshot": 0, "tokens": 9, "value": 0.625, "stderr": 0.125},
        {**same, "num_fewshot": 5, "tokens": 5, "value": 0.75},
        {**same, "num_fewshot": 0, "tokens": 5, "value": 0.5},
        {**same, "num_fewshot": 0, "tokens": 12, "value": None},
    ]
    five_shot, zero_shot = call(page, "scoreCurves", results, module="shape/scores")
    assert zero_shot["points"] == [
        {"x": 5, "step": 1, "mean": 0.5, "low": 0.5, "high": 0.5},
        {"x": 9, "step": 1, "mean": 0.625, "low": 0.5, "high": 0.75},
    ]
    assert [point["mean"] for point in five_shot["points"]] == [0.75]
    assert (five_shot["name"], zero_shot["name"]) == ("arc (acc, 5-shot)", "arc (acc)")


@pytest.mark.parametrize(
    ("task", "source", "capability"),
    [
        ("anything", "stack", "code"),
        ("anything", "bare", "bare"),
        ("heldout-poetry", None, "poetry"),
        ("gsm8k", None, "math"),
        ("something_else", None, "other"),
    ],
)
def test_a_score_belongs_to_the_skill_it_measures(page: Page, task: str, source: str | None, capability: str) -> None:
    sources = [
        {"name": "stack", "capabilities": ["code", "tools"]},
        {"name": "bare", "capabilities": []},
        {"name": "verse", "capabilities": ["poetry"]},
    ]
    assert call(page, "capabilityOf", {"task": task, "source": source}, sources, module="shape/scores") == capability


WITH_SHARE = """async ([shares, name, wanted, locked, held]) => {
  const { withShare } = await import("/static/shape/shares.js");
  return withShare(shares, name, wanted, { locked: new Set(locked), held: new Set(held), fallback: shares });
}"""


@given(
    shares=st.lists(st.integers(0, 1_000_000), min_size=2, max_size=6).filter(sum),
    wanted=st.integers(-10, 1_200_000),
    locked=st.sets(st.integers(1, 5)),
    held=st.sets(st.integers(1, 5)),
)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_shares_sum_to_the_whole_whatever_is_asked(
    page: Page, shares: list[int], wanted: int, locked: set[int], held: set[int]
) -> None:
    names = [str(place) for place in range(len(shares))]
    before = call(page, "apportion", 1_000_000, dict(zip(names, shares, strict=True)), module="shape/shares")
    kept = [str(place) for place in locked if str(place) in names]
    after = page.evaluate(
        WITH_SHARE, [before, "0", wanted, kept, [str(place) for place in held if str(place) in names]]
    )
    assert sum(after.values()) == 1_000_000
    assert min(after.values()) >= 0
    assert all(after[name] == before[name] for name in kept)
    room = 1_000_000 - sum(before[name] for name in kept)
    if len(kept) < len(names) - 1:
        assert after["0"] == min(max(wanted, 0), room)


def test_what_nobody_set_makes_room_first(page: Page) -> None:
    shares = {"a": 100_000, "b": 400_000, "c": 300_000, "d": 200_000}
    assert page.evaluate(WITH_SHARE, [shares, "a", 350_000, [], ["b"]]) == {
        "a": 350_000,
        "b": 400_000,
        "c": 150_000,
        "d": 100_000,
    }


def test_smoothing_begins_unbiased_and_passes_over_gaps(page: Page) -> None:
    assert call(page, "smoothed", [4, None, 4, 8], 0.5, module="shape/compare") == [4, None, 4, pytest.approx(44 / 7)]
    assert call(page, "smoothed", [4, 1], 0, module="shape/compare") == [4, 1]


def test_seconds_trained_for_follow_from_the_seconds_of_each_step(page: Page) -> None:
    clock = """async (steps) => {
      const { clockOf } = await import("/static/shape/compare.js");
      return steps.map(clockOf([{ step: 9, mean: 2 }, { step: 19, mean: 1 }]));
    }"""
    assert page.evaluate(clock, [0, 5, 10, 15, 20, 99]) == [0, 10, 20, 25, 30, 30]


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_events_are_read_however_the_wire_cuts_them(page: Page, size: int) -> None:
    wire = ": ping\r\n\r\nid: 7\nretry: 10\n\nid: 8\nevent: mixture\ndata: {\ndata: }\n\ndata:bare\r\n\r\n"
    read = """async ([wire, size]) => {
      const { EventParser } = await import("/static/data/event_parser.js");
      const parser = new EventParser();
      const events = [];
      for (let at = 0; at < wire.length; at += size) events.push(...parser.push(wire.slice(at, at + size)));
      return [events, parser.lastEventId];
    }"""
    events = [{"kind": "mixture", "data": "{\n}"}, {"kind": "message", "data": "bare"}]
    assert page.evaluate(read, [wire, size]) == [events, "8"]


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("compact", 2_000_000_000_000, "2T"),
        ("percent", 0.14, "14.0 %"),
        ("decimal", None, "\N{EN DASH}"),
        ("ago", 59.9, "59 s ago"),
        ("ago", 3600, "1 h ago"),
        ("duration", 90_000, "1.0 d"),
        ("signedPoints", -0.033, "\N{MINUS SIGN}3.3"),
        ("signedPoints", 0.0001, "0.0"),
    ],
)
def test_values_are_written_for_people(page: Page, name: str, value: float | None, text: str) -> None:
    assert call(page, name, value, module="shape/text") == text


def test_a_reader_is_never_run_twice_at_a_time_and_runs_again_after_it_was_asked(page: Page) -> None:
    counted = page.evaluate(
        """async () => {
          const { paced } = await import("/static/data/paced.js");
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
