"""Scores: stored once, never with two values."""

from __future__ import annotations

from typing import Any

from tests.controller.served import Controller

RESULT = {
    "task": "gsm8k",
    "metric": "exact_match",
    "filter": "strict-match",
    "num_fewshot": 5,
    "version": "3",
    "value": 0.0432,
    "stderr": 0.0056,
    "num_samples": 1319,
}


def post(controller: Controller, run: str, *results: dict[str, Any], **changes: Any) -> Any:
    body = {"step": 20, "tokens": 21_000, "checkpoint": "sha256:ab", "results": list(results), **changes}
    return controller.http.post(f"/v1/runs/{run}/benchmarks", json=body)


def test_scores_come_back_as_they_were_sent(controller: Controller) -> None:
    run = controller.new_run()
    more = {"limit": 100, "source": "math", "higher_is_better": True}
    assert post(controller, run, RESULT, RESULT | {"task": "arc"} | more).json() == {"num_results": 2, "num_new": 2}
    plain, rich = controller.get(f"/v1/runs/{run}/benchmarks")["items"]
    assert plain.items() >= (RESULT | {"step": 20, "tokens": 21_000, "checkpoint": "sha256:ab"}).items()
    assert (plain["limit"], plain["source"], plain["higher_is_better"]) == (None, None, None)
    assert rich.items() >= more.items()
    assert [each["task"] for each in controller.get(f"/v1/runs/{run}/benchmarks", task="arc")["items"]] == ["arc"]


def test_a_standard_error_that_is_not_available_is_null(controller: Controller) -> None:
    run = controller.new_run()
    assert (
        post(controller, run, RESULT | {"stderr": "N/A"}, RESULT | {"stderr": None, "metric": "bpb"}).status_code == 201
    )
    assert [each["stderr"] for each in controller.get(f"/v1/runs/{run}/benchmarks")["items"]] == [None, None]


def test_sending_again_changes_nothing(controller: Controller) -> None:
    run = controller.new_run()
    post(controller, run, RESULT)
    again = post(controller, run, RESULT, RESULT | {"metric": "f1"})
    assert (again.status_code, again.json()["num_new"]) == (201, 1)
    assert len(controller.get(f"/v1/runs/{run}/benchmarks")["items"]) == 2
    assert len(controller.events(run, "benchmark")) == 2


def test_a_second_value_for_the_same_score_is_a_conflict(controller: Controller) -> None:
    run = controller.new_run()
    post(controller, run, RESULT)
    for change in ({"value": 0.5}, {"stderr": None}, {"num_samples": 7}):
        refused = post(controller, run, RESULT | {"task": "fresh"}, RESULT | change)
        assert (refused.status_code, refused.json()["field"]) == (409, f"results.1.{next(iter(change))}")
    twice = post(controller, run, RESULT | {"task": "a"}, RESULT | {"task": "a", "value": 0.9})
    assert (twice.status_code, twice.json()["field"]) == (409, "results.1.value")
    assert len(controller.get(f"/v1/runs/{run}/benchmarks")["items"]) == 1


def test_another_checkpoint_step_version_or_limit_makes_another_score(controller: Controller) -> None:
    run = controller.new_run()
    post(controller, run, RESULT)
    other = RESULT | {"value": 0.9}
    assert post(controller, run, other, checkpoint="sha256:cd").json()["num_new"] == 1
    assert post(controller, run, other, step=21).json()["num_new"] == 1
    assert post(controller, run, other | {"version": "4"}, other | {"limit": 10}).json()["num_new"] == 2
    first = controller.get(f"/v1/runs/{run}/benchmarks", limit=3)
    rest = controller.get(f"/v1/runs/{run}/benchmarks", limit=3, page=first["next_page"])
    assert (len(first["items"]), len(rest["items"]), rest["next_page"]) == (3, 2, None)
