"""Scores: stored once, never with two values."""

from __future__ import annotations

import json
from typing import Any

from tests.controller.served import TOKENS_PER_STEP, Controller, begin
from tests.eventually import eventually

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


BODY = {"step": 20, "tokens": 21_000, "checkpoint": "sha256:ab"}


def post(controller: Controller, run: str, *results: dict[str, Any], **changes: Any) -> Any:
    body = {**BODY, "results": list(results), **changes}
    return controller.http.post(f"/v1/runs/{run}/benchmarks", json=body)


def test_scores_come_back_as_they_were_sent(controller: Controller) -> None:
    run = controller.new_run()
    more = {"limit": 100, "source": "math", "higher_is_better": True}
    answer = post(controller, run, RESULT, RESULT | {"task": "arc"} | more).json()
    assert answer == {"num_results": 2, "num_new": 2, "skipped": []}
    plain, rich = controller.get(f"/v1/runs/{run}/benchmarks")["items"]
    assert plain.items() >= (RESULT | BODY).items()
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


def test_a_value_that_is_no_finite_number_is_null_and_flagged(controller: Controller) -> None:
    run = controller.new_run()
    diverged = RESULT | {"value": None, "flag": "nan", "stderr": None, "num_samples": None}
    assert post(controller, run, diverged).status_code == 201
    (stored,) = controller.get(f"/v1/runs/{run}/benchmarks")["items"]
    assert (stored["value"], stored["flag"], stored["num_samples"]) == (None, "nan", None)
    assert post(controller, run, diverged | {"flag": "inf"}).json()["field"] == "results.0.flag"
    for lame in ({"value": None}, {"flag": "nan"}):
        assert "value is null exactly where flag" in post(controller, run, RESULT | lame | {"task": "x"}).text


FILE = {
    "results": {
        "mmlu": {"acc,none": 0.3, "acc_stderr,none": 0.1, "alias": "mmlu"},
        "mmlu_anatomy": {"acc,none": 0.25, "acc_stderr,none": "N/A", "alias": " - anatomy"},
        "lambada": {"perplexity,none": float("nan"), "perplexity_stderr,none": float("inf"), "acc,none": 0.5},
    },
    "groups": {"mmlu": {"acc,none": 0.3, "acc_stderr,none": 0.1, "alias": "mmlu"}},
    "group_subtasks": {"mmlu": ["mmlu_anatomy"], "lambada": []},
    "versions": {"mmlu": 2, "mmlu_anatomy": 1.0, "lambada": "1"},
    "n-shot": {"mmlu_anatomy": 5, "lambada": 0},
    "n-samples": {"mmlu_anatomy": {"original": 135, "effective": 10}, "lambada": {"original": 20, "effective": 10}},
    "higher_is_better": {"mmlu_anatomy": {"acc": True}, "lambada": {"perplexity": False, "acc": True}},
    "config": {"model": "hf", "model_args": "pretrained=out/step-00000020,dtype=float32", "limit": 10.0},
    "git_hash": "0123abc",
}


def post_file(controller: Controller, run: str, file: Any = FILE, **place: Any) -> Any:
    content = json.dumps(file).encode()  # with NaN as lm-eval writes it
    headers = {"Content-Type": "application/json"}
    return controller.http.post(f"/v1/runs/{run}/benchmarks", content=content, params=place, headers=headers)


def test_a_results_file_of_lm_eval_is_taken_as_it_is(controller: Controller) -> None:
    run = controller.new_run()
    answer = post_file(controller, run, tokens=21_000).json()
    assert (answer["num_results"], answer["num_new"]) == (3, 3)
    assert answer["skipped"] == ["'mmlu' is a group; its tasks are taken one by one"]
    anatomy, perplexity, accuracy = controller.get(f"/v1/runs/{run}/benchmarks")["items"]
    expected = {"task": "mmlu_anatomy", "metric": "acc", "filter": "none", "num_fewshot": 5, "version": "1.0"}
    expected |= {"limit": 10, "value": 0.25, "stderr": None, "num_samples": 10, "higher_is_better": True}
    assert anatomy.items() >= (expected | {"step": 20, "tokens": 21_000, "checkpoint": "out/step-00000020"}).items()
    assert (perplexity["value"], perplexity["flag"], perplexity["stderr"]) == (None, "nan", None)
    assert (accuracy["value"], accuracy["flag"]) == (0.5, None)
    assert post_file(controller, run, tokens=21_000).json()["num_new"] == 0
    other = {**FILE, "results": {"mmlu_anatomy": {"acc,none": 0.75}}}
    refused = post_file(controller, run, other, tokens=21_000)
    assert (refused.status_code, refused.json()["field"]) == (409, "results.0.value")


def test_a_file_belongs_where_the_query_says_or_where_its_name_tells(controller: Controller) -> None:
    run = controller.new_run()
    nameless = {"results": {"arc": {"acc": 0.25, "acc_stderr": 0.02}}, "versions": {"arc": 0}}
    assert post_file(controller, run).json()["field"] == "tokens"
    assert post_file(controller, run, nameless).json()["field"] == "step"
    assert post_file(controller, run, nameless, step=3).json()["field"] == "checkpoint"
    assert post_file(controller, run, nameless, step=3, tokens=9, checkpoint="mine").status_code == 201
    controller.report(run, 1, 0, begin())
    eventually(lambda: controller.get(f"/v1/runs/{run}")["tokens_per_step"])
    assert post_file(controller, run).status_code == 201
    told, *guessed = controller.get(f"/v1/runs/{run}/benchmarks")["items"]
    assert (told["step"], told["tokens"], told["checkpoint"], told["num_samples"]) == (3, 9, "mine", None)
    assert {each["tokens"] for each in guessed} == {20 * TOKENS_PER_STEP}
    assert post_file(controller, run, step=2**53).json()["field"] == "step"


def test_what_is_neither_scores_nor_a_results_file_is_refused(controller: Controller) -> None:
    run = controller.new_run()
    for file, message in [
        ({"results": {}}, "the file holds no score"),
        ({"results": {"arc": 3}}, "no lm-eval results file"),
        ({"results": {"arc": {"submission,none": []}}}, "'submission,none' of 'arc' is [], which is no score"),
        ({"results": {"a\u0000": {"acc": 1}}}, "results.0.task"),
        ([], "body"),
    ]:
        refused = post_file(controller, run, file, step=1, tokens=1, checkpoint="x")
        assert (refused.status_code, message in refused.text) == (422, True), refused.text
    refused = controller.http.post(f"/v1/runs/{run}/benchmarks?step=1", json={**BODY, "results": [RESULT]})
    assert (refused.status_code, refused.json()["field"]) == (422, "step")
