"""A request repeated under its key does its work once, whatever it makes."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tests.controller.served import Controller, run_body
from tests.eventually import eventually

NUM_WRITERS = 8
SCORE = {"task": "t", "metric": "acc", "version": "1", "value": 0.5, "stderr": 0.1, "num_samples": 10}
SCORES = {"step": 1, "tokens": 1000, "checkpoint": "sha256:00", "results": [SCORE]}


def repeated(controller: Controller, path: str, body: Any, key: str) -> list[Any]:
    """Send one request many times at once and give the answers."""
    headers = {"Idempotency-Key": key}
    with ThreadPoolExecutor(NUM_WRITERS) as writers:
        return list(writers.map(lambda _: controller.http.post(path, json=body, headers=headers), range(NUM_WRITERS)))


def test_a_run_is_registered_once_and_every_repeat_gets_its_key(controller: Controller) -> None:
    body = run_body()
    answers = repeated(controller, "/v1/runs", body, "one run")
    assert {answer.status_code for answer in answers} == {422}  # a key has no spaces
    answers = repeated(controller, "/v1/runs", body, "one-run" + body["name"])
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["signing_key"] for answer in answers}) == 1
    reused = controller.http.post("/v1/runs", json=run_body(), headers={"Idempotency-Key": "one-run" + body["name"]})
    assert (reused.status_code, reused.json()["type"]) == (422, "urn:crossfade:problem:idempotency-key-reused")


def test_a_token_is_made_once_and_its_secret_shown_once(controller: Controller) -> None:
    run = controller.new_run()
    answers = repeated(controller, "/v1/tokens", {"name": f"of {run}", "scopes": ["viewer"]}, f"token-{run}")
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert [answer.json()["token"] is None for answer in answers].count(False) == 1


def test_scores_are_counted_once_and_a_query_is_part_of_the_request(controller: Controller) -> None:
    run = controller.new_run()
    path = f"/v1/runs/{run}/benchmarks"
    answers = repeated(controller, path, SCORES, "scores")
    assert {answer.status_code for answer in answers} == {201}
    assert {answer.json()["num_new"] for answer in answers} == {1}
    assert controller.http.post(path, json=SCORES).json()["num_new"] == 0
    other = controller.http.post(f"{path}?step=2", json=SCORES, headers={"Idempotency-Key": "scores"})
    assert other.status_code == 422


def test_a_request_that_failed_leaves_its_key_free(controller: Controller) -> None:
    run = controller.new_run()
    key = {"Idempotency-Key": "again"}
    assert controller.post_version(run, 7, headers=key).status_code == 412
    assert controller.post_version(run, 1, headers=key).status_code == 201


def test_a_key_is_forgotten_after_a_day(rough_controller: Controller) -> None:
    controller, run = rough_controller, rough_controller.new_run()
    for base, key in ((1, "yesterday"), (2, "today")):
        assert controller.post_version(run, base, headers={"Idempotency-Key": key}).status_code == 201
    controller.tamper("UPDATE idempotency_keys SET created_at = '2020-01-01 00:00:00' WHERE key = 'yesterday'")
    controller.kill()
    controller.start()  # it looks for old keys when it starts, and every minute
    kept = f"SELECT count(*) FROM idempotency_keys WHERE run = '{run}'"
    eventually(lambda: controller.tamper(kept) == 1)
    assert controller.post_version(run, 2, headers={"Idempotency-Key": "today"}).json()["version"] == 3
    assert controller.post_version(run, 3, headers={"Idempotency-Key": "yesterday"}).json()["version"] == 4
