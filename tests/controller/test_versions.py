"""The history of a mixture: gap-free, immutable, one winner among many writers."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from tests.controller.served import Controller, applied, begin, trained
from tests.eventually import eventually

from crossfade_shared.mixture import Mixture

NUM_WRITERS = 8
NUM_ROUNDS = 5


def test_of_concurrent_writers_exactly_one_wins_each_base(controller: Controller) -> None:
    run = controller.new_run()
    with ThreadPoolExecutor(NUM_WRITERS) as writers:
        for base in range(1, NUM_ROUNDS + 1):
            answers = list(
                writers.map(
                    lambda number, base=base: controller.post_version(run, base, on_behalf_of=f"writer-{number}"),
                    range(NUM_WRITERS),
                )
            )
            statuses = sorted(answer.status_code for answer in answers)
            assert statuses == [201] + [412] * (NUM_WRITERS - 1)
            assert {answer.json()["current_version"] for answer in answers if answer.status_code == 412} == {base + 1}
    history = controller.get(f"/v1/runs/{run}/mixtures")["items"]
    assert [each["version"] for each in history] == list(range(NUM_ROUNDS + 1, 0, -1))
    assert [each["base_version"] for each in history] == [*range(NUM_ROUNDS, 0, -1), None]


def test_the_first_version_is_the_initial_mixture(controller: Controller) -> None:
    run = controller.new_run(mixture={"web": 3, "math": 1})
    answer = controller.http.get(f"/v1/runs/{run}/mixture")
    first = answer.json()
    assert answer.headers["ETag"] == '"1"'
    assert first["weights"] == {"math": 0.25, "web": 0.75}
    assert first["weights_ppm"] == {"math": 250_000, "web": 750_000}
    assert first["digest"] == Mixture(first["weights_ppm"]).digest
    assert (first["version"], first["author"], first["base_version"]) == (1, "admin", None)
    assert (first["takes_effect"], first["realised"], first["effective_steps"]) == ("next_step", None, None)


def test_a_version_says_who_why_and_from_which_base_and_is_kept(controller: Controller) -> None:
    run = controller.new_run()
    with controller.client(scopes=["operator"], name="ada") as ada:
        answer = ada.post(
            f"/v1/runs/{run}/mixtures",
            json={
                "weights": {"web": 0.5, "math": 0.5},
                "reason": "math lags",
                "on_behalf_of": "the data team",
                "takes_effect": {"step": 40},
            },
            headers={"If-Match": '"1"'},
        )
    assert answer.status_code == 201
    assert answer.headers["ETag"] == '"2"'
    made = answer.json()
    assert made["state"] == "accepted"
    controller.post_version(run, 2)
    kept = controller.get(f"/v1/runs/{run}/mixtures/2")
    for name in (
        "version",
        "weights_ppm",
        "digest",
        "takes_effect",
        "author",
        "on_behalf_of",
        "reason",
        "base_version",
        "created_at",
    ):
        assert kept[name] == made[name]
    assert (kept["author"], kept["on_behalf_of"]) == ("ada", "the data team")
    assert (kept["reason"], kept["base_version"]) == ("math lags", 1)
    assert kept["takes_effect"] == {"step": 40}


def test_a_source_that_is_off_may_be_left_out(controller: Controller) -> None:
    run = controller.new_run(mixture={"web": 1, "math": 0})
    assert controller.post_version(run, 1, {"web": 1}).json()["weights"] == {"math": 0.0, "web": 1.0}


@pytest.mark.parametrize(
    ("change", "weights"),
    [
        ({"multiply": {"math": 1.5}}, {"math": 0.15, "web": 0.85}),
        ({"set": {"math": 0.4}}, {"math": 0.4, "web": 0.6}),
    ],
)
@pytest.mark.parametrize("if_match", ['"1"', "*"])
def test_a_reweighing_scales_the_rest(
    controller: Controller, change: dict[str, Any], weights: dict[str, float], if_match: str
) -> None:
    run = controller.new_run()
    answer = controller.http.patch(
        f"/v1/runs/{run}/mixture", json={**change, "reason": "upsample"}, headers={"If-Match": if_match}
    )
    assert answer.status_code == 201, answer.text
    assert answer.json()["weights"] == weights
    assert answer.headers["ETag"] == '"2"'


def test_a_restored_version_is_a_new_one(controller: Controller) -> None:
    run = controller.new_run()
    controller.post_version(run, 1, {"web": 1, "math": 1})
    stale = controller.http.post(f"/v1/runs/{run}/mixtures/1:restore", headers={"If-Match": '"1"'})
    assert stale.status_code == 412
    answer = controller.http.post(
        f"/v1/runs/{run}/mixtures/1:restore", json={"on_behalf_of": "ada"}, headers={"If-Match": '"2"'}
    )
    restored = answer.json()
    assert (restored["version"], restored["base_version"], restored["on_behalf_of"]) == (3, 2, "ada")
    assert restored["reason"] == "restore version 1"
    assert restored["weights"] == {"math": 0.1, "web": 0.9}


def test_a_difference_is_against_the_base_or_any_other_version(controller: Controller) -> None:
    run = controller.new_run()
    controller.post_version(run, 1, {"web": 1, "math": 1})
    controller.post_version(run, 2, {"web": 3, "math": 1})
    changed = controller.get(f"/v1/runs/{run}/mixtures/2/diff")
    assert (changed["version"], changed["base"], changed["total_variation"]) == (2, 1, 0.4)
    assert changed["sources"] == [
        {"name": "math", "base": 0.1, "weight": 0.5, "change": 0.4},
        {"name": "web", "base": 0.9, "weight": 0.5, "change": -0.4},
    ]
    against_the_first = controller.get(f"/v1/runs/{run}/mixtures/3/diff", base=1)
    assert (against_the_first["base"], against_the_first["total_variation"]) == (1, 0.15)
    first = controller.get(f"/v1/runs/{run}/mixtures/1/diff")
    assert (first["base"], first["total_variation"]) == (None, None)
    assert {each["change"] for each in first["sources"]} == {None}
    unknown = controller.http.get(f"/v1/runs/{run}/mixtures/3/diff", params={"base": 9})
    assert (unknown.status_code, unknown.json()["field"]) == (404, "version")


def test_a_repeated_key_gives_the_same_answer_and_no_second_version(controller: Controller) -> None:
    run = controller.new_run()
    key = {"Idempotency-Key": "6f1c"}
    first = controller.post_version(run, 1, headers=key)
    eventually(lambda: controller.get(f"/v1/runs/{run}/mixture")["state"] == "published")
    again = controller.post_version(run, 1, headers=key)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    assert again.headers["ETag"] == first.headers["ETag"]
    assert controller.get(f"/v1/runs/{run}")["version"] == 2


def test_concurrent_repeats_make_one_version(controller: Controller) -> None:
    run = controller.new_run()
    with ThreadPoolExecutor(NUM_WRITERS) as writers:
        answers = list(
            writers.map(
                lambda _: controller.post_version(run, 1, headers={"Idempotency-Key": "same"}), range(NUM_WRITERS)
            )
        )
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert controller.get(f"/v1/runs/{run}")["version"] == 2


def test_a_key_belongs_to_one_request_of_one_run(controller: Controller) -> None:
    run, other = controller.new_run(), controller.new_run()
    key = {"Idempotency-Key": "mine"}
    assert controller.post_version(run, 1, headers=key).status_code == 201
    assert controller.post_version(other, 1, headers=key).status_code == 201
    reused = controller.post_version(run, 2, {"web": 1, "math": 9}, headers=key)
    assert (reused.status_code, reused.json()["field"]) == (422, "Idempotency-Key")
    assert controller.get(f"/v1/runs/{run}")["version"] == 2


def test_a_step_that_is_trained_on_already_is_refused_with_the_first_free_one(controller: Controller) -> None:
    run = controller.new_run()
    controller.report(run, 1, 0, begin(), trained(0), trained(1))
    eventually(lambda: controller.get(f"/v1/runs/{run}")["step"] == 1)
    for takes_effect, field, first_free in (
        ({"step": 1}, "takes_effect.step", 2),
        ({"tokens": 1999}, "takes_effect.tokens", 2000),
    ):
        refused = controller.post_version(run, 1, takes_effect=takes_effect)
        assert refused.status_code == 422
        assert (refused.json()["field"], refused.json()["first_free"]) == (field, first_free)
        assert str(first_free) in refused.json()["detail"]
    assert controller.post_version(run, 1, takes_effect={"step": 2}).status_code == 201
    assert controller.post_version(run, 2, takes_effect={"tokens": 2000}).status_code == 201


def test_what_lies_beyond_the_horizon_is_refused(controller: Controller) -> None:
    run = controller.new_run(horizon_tokens=10_000)
    refused = controller.post_version(run, 1, takes_effect={"tokens": 10_001})
    assert (refused.status_code, refused.json()["field"]) == (422, "takes_effect.tokens")
    assert "beyond the run's horizon of 10000 tokens" in refused.json()["detail"]
    assert controller.post_version(run, 1, takes_effect={"tokens": 10_000}).status_code == 201
    assert (
        controller.post_version(run, 2, takes_effect={"step": 11}).status_code == 201
    )  # who knows how large steps are
    controller.report(run, 1, 0, begin())
    eventually(lambda: controller.get(f"/v1/runs/{run}")["tokens_per_step"] == 1000)
    refused = controller.post_version(run, 3, takes_effect={"step": 11})
    assert (refused.status_code, refused.json()["field"]) == (422, "takes_effect.step")
    assert (refused.json()["horizon_tokens"], refused.json()["type"]) == (
        10_000,
        "urn:crossfade:problem:beyond-horizon",
    )
    assert controller.post_version(run, 3, takes_effect={"step": 10}).status_code == 201


def test_states_and_realised_shares_follow_the_reports(controller: Controller) -> None:
    run = controller.new_run()
    first = controller.get(f"/v1/runs/{run}/mixture")
    controller.post_version(run, 1, {"web": 8, "math": 2})
    third = controller.post_version(run, 2, {"web": 5, "math": 5}).json()
    controller.report(run, 1, 0, begin(), applied(1, first["weights_ppm"], 0))
    controller.report(run, 1, 1, trained(0, math=100), trained(1, math=200))
    controller.report(run, 1, 2, applied(3, third["weights_ppm"], 2), trained(2, math=700), trained(3, math=1250))
    eventually(lambda: controller.get(f"/v1/runs/{run}")["step"] == 3)
    current = controller.get(f"/v1/runs/{run}/mixture")
    assert (current["state"], current["effective_step"]) == ("applied", 2)
    assert current["effective_steps"] == {"0": 2, "1": 2}
    assert current["applied_at"]
    assert current["realised"] == pytest.approx({"math": 1050 / 2000, "web": 950 / 2000})
    assert controller.get(f"/v1/runs/{run}/mixtures/1")["realised"] == pytest.approx({"math": 0.1, "web": 0.9})
    passed_over = controller.get(f"/v1/runs/{run}/mixtures/2")
    assert (passed_over["state"], passed_over["realised"]) == ("superseded", None)


def test_history_comes_in_pages(controller: Controller) -> None:
    run = controller.new_run()
    for base in range(1, 5):
        assert controller.post_version(run, base).status_code == 201
    seen, page = [], None
    while True:
        answer = controller.get(f"/v1/runs/{run}/mixtures", limit=2, **({"page": page} if page else {}))
        assert len(answer["items"]) <= 2
        seen += [each["version"] for each in answer["items"]]
        if not (page := answer["next_page"]):
            break
    assert seen == [5, 4, 3, 2, 1]
