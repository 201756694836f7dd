"""Curves: stored from reports, reduced on the server."""

from __future__ import annotations

import math

import pytest
from tests.controller.served import TOKENS_PER_STEP, Controller, begin, trained
from tests.eventually import eventually

NUM_STEPS = 60


@pytest.fixture(scope="module")
def run(controller: Controller) -> str:
    run = controller.new_run()
    steps = [trained(step, loss=float(step), math=100 * (step + 1)) for step in range(NUM_STEPS)]
    controller.report(run, 1, 0, begin(), *steps)
    eventually(lambda: controller.get(f"/v1/runs/{run}")["step"] == NUM_STEPS - 1)
    return run


def test_a_short_curve_is_given_as_it_is(controller: Controller, run: str) -> None:
    curves = controller.get(f"/v1/runs/{run}/metrics", names="loss", points=NUM_STEPS)
    assert curves["x"] == "tokens"
    assert curves["series"]["loss"] == [
        {"x": (step + 1) * TOKENS_PER_STEP, "step": step, "mean": step, "min": step, "max": step}
        for step in range(NUM_STEPS)
    ]


@pytest.mark.parametrize("points", [1, 7, 20])
@pytest.mark.parametrize("axis", ["step", "tokens"])
def test_a_long_curve_is_reduced_to_buckets_that_hold_every_point_once(
    *, controller: Controller, run: str, points: int, axis: str
) -> None:
    curve = controller.get(f"/v1/runs/{run}/metrics", names="loss", points=points, x=axis)["series"]["loss"]
    assert len(curve) == points
    held = [set(range(int(bucket["min"]), int(bucket["max"]) + 1)) for bucket in curve]
    assert sorted(step for bucket in held for step in bucket) == list(range(NUM_STEPS))
    for bucket, steps in zip(curve, held, strict=True):
        assert bucket["mean"] == pytest.approx(sum(steps) / len(steps))
        assert bucket["step"] == max(steps)
        assert bucket["x"] == (max(steps) if axis == "step" else (max(steps) + 1) * TOKENS_PER_STEP)


def test_a_part_of_the_axis_may_be_asked_for(controller: Controller, run: str) -> None:
    curve = controller.get(f"/v1/runs/{run}/metrics", names="loss", x="step", **{"from": 10, "to": 12})["series"][
        "loss"
    ]
    assert [point["x"] for point in curve] == [10, 11, 12]


def test_every_curve_has_its_name_and_one_without_points_is_empty(controller: Controller, run: str) -> None:
    names = [
        "learning_rate",
        "gradient_norm",
        "step_seconds",
        "mfu",
        "source_loss/math",
        "source_tokens/web",
        "source_loss/tea",
    ]
    series = controller.get(f"/v1/runs/{run}/metrics", names=",".join(names), points=1)["series"]
    assert list(series) == names
    means = {name: points[0]["mean"] for name, points in series.items() if points}
    assert means == pytest.approx(
        {
            "learning_rate": 0.001,
            "gradient_norm": 1.0,
            "step_seconds": 0.5,
            "mfu": 0.4,
            "source_loss/math": 1.5,
            "source_tokens/web": sum(900 * (step + 1) for step in range(NUM_STEPS)) / NUM_STEPS,
        }
    )
    assert series["source_loss/tea"] == []


def test_a_run_without_reports_has_empty_curves(controller: Controller) -> None:
    assert controller.get(f"/v1/runs/{controller.new_run()}/metrics", names="loss")["series"] == {"loss": []}


def test_a_value_that_is_not_finite_is_null(controller: Controller) -> None:
    run = controller.new_run()
    controller.report(run, 1, 0, trained(0, loss=math.nan), trained(1, loss=None), trained(2, loss=1.0))
    eventually(lambda: controller.get(f"/v1/runs/{run}")["step"] == 2)
    curve = controller.get(f"/v1/runs/{run}/metrics", names="loss")["series"]["loss"]
    assert [point["mean"] for point in curve] == [None, None, 1.0]


def test_a_later_attempt_writes_over_the_steps_it_repeats(controller: Controller) -> None:
    run = controller.new_run()
    controller.report(run, 1, 0, begin(), *[trained(step, loss=9.0) for step in range(4)])
    controller.report(run, 2, 0, begin(start_step=2), *[trained(step, loss=5.0) for step in range(2, 4)])
    eventually(lambda: controller.get(f"/v1/runs/{run}")["attempt"] == 2)
    curve = controller.get(f"/v1/runs/{run}/metrics", names="loss")["series"]["loss"]
    assert [point["mean"] for point in curve] == [9.0, 9.0, 5.0, 5.0]


def test_many_curves_share_the_points_of_one_answer(controller: Controller) -> None:
    run = controller.new_run()
    controller.report(run, 1, 0, begin(), *(trained(step) for step in range(250)))
    eventually(lambda: controller.get(f"/v1/runs/{run}")["step"] == 249)
    names = ["loss", *(f"source_loss/s{number}" for number in range(499))]
    series = controller.get(f"/v1/runs/{run}/metrics", names=",".join(names), points=2000)["series"]
    assert len(series["loss"]) == 200
