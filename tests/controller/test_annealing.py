"""`:anneal`: a version that begins the decay, its budget, and what it may not."""

from __future__ import annotations

from typing import Any

import pytest
import redis
from tests.controller.served import Controller, applied, begin, trained
from tests.eventually import eventually

from crossfade_shared.channels import Channels
from crossfade_shared.envelope import open_envelope


def anneal(controller: Controller, run: str, *, base: str = '"1"', query: str = "", **body: Any) -> Any:
    return controller.http.post(
        f"/v1/runs/{run}:anneal{query}", json={"reason": "code lags", **body}, headers={"If-Match": base}
    )


def test_mixture_and_decay_are_one_version_in_one_envelope(controller: Controller) -> None:
    made_run = controller.http.post(
        "/v1/runs",
        json={
            "name": "annealed-" + controller.new_run(),
            "horizon_tokens": 1_000_000,
            "sources": [{"name": "web", "unique_tokens": 900_000}, {"name": "math", "unique_tokens": 300_000}],
            "mixture": {"web": 0.9, "math": 0.1},
        },
    ).json()
    run, key = made_run["name"], bytes.fromhex(made_run["signing_key"])
    made = anneal(controller, run, share=0.1, weights={"web": 0.5, "math": 0.5}, takes_effect={"tokens": 500_000})
    assert made.status_code == 201, made.text
    said = made.json()
    assert (said["version"], said["phase"], said["decay_tokens"]) == (2, "decay", 100_000)
    assert said["weights"] == {"math": 0.5, "web": 0.5}
    assert made.headers["ETag"] == '"2"'
    assert controller.get(f"/v1/runs/{run}/mixtures/1")["phase"] is None
    eventually(lambda: controller.get(f"/v1/runs/{run}/mixture")["state"] == "published")
    with redis.Redis.from_url(controller.redis_url) as client:
        wire: Any = client.get(Channels(run).mixture)
    assert open_envelope(wire, run=run, key=key).decay_tokens == 100_000


def test_the_epoch_budget_of_a_decay_ends_with_it(controller: Controller) -> None:
    """SmolLM2's fourth stage: small sources are drawn fast, for a short while."""
    run = controller.new_run(
        sources=[{"name": "web", "unique_tokens": 900_000}, {"name": "math", "unique_tokens": 10_000}],
        mixture={"web": 1, "math": 0},
    )
    refused_part = controller.post_version(run, 1, {"web": 0.6, "math": 0.4}).json()
    assert refused_part["weights"]["math"] == 0.04
    verdict = anneal(
        controller, run, base="*", query="?validate_only=true", tokens=100_000, weights={"web": 6, "math": 4}
    ).json()
    assert (verdict["valid"], verdict["guardrails"], verdict["weights"]["math"]) == (True, [], 0.4)
    math, _ = verdict["forecast"]["sources"]
    assert (verdict["forecast"]["horizon_tokens"], math["tokens_at_end"], math["epochs_at_end"]) == (
        100_000,
        40_000,
        4.0,
    )
    made = anneal(controller, run, base="*", tokens=100_000, weights={"web": 6, "math": 4}).json()
    controller.report(
        run,
        1,
        0,
        begin(),
        applied(3, made["weights_ppm"], 0),
        trained(9, math=4_000).model_copy(update={"phase": "decay"}),
    )
    eventually(lambda: controller.get(f"/v1/runs/{run}")["step"] == 9)
    ahead = controller.get(f"/v1/runs/{run}/forecast")
    assert (ahead["horizon_tokens"], ahead["remaining_tokens"]) == (100_000, 90_000)
    again = anneal(controller, run, base="*", tokens=10_000)
    assert (again.status_code, again.json()["type"]) == (409, "urn:crossfade:problem:decay-began")


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({}, 422, "tokens"),
        ({"tokens": 10, "share": 0.1}, 422, "tokens"),
        ({"tokens": 0}, 422, "tokens"),
        ({"share": 1.5}, 422, "share"),
        ({"tokens": 1_000_001}, 422, "tokens"),
        ({"share": 0.6, "takes_effect": {"tokens": 500_000}}, 422, "share"),
        ({"tokens": 10, "weights": {"web": 1}}, 422, "weights.math"),
    ],
)
def test_a_decay_that_is_none(controller: Controller, body: dict[str, Any], status: int, field: str) -> None:
    run = controller.new_run()
    answer = anneal(controller, run, **body)
    assert (answer.status_code, answer.json()["field"]) == (status, field), answer.text
    assert controller.get(f"/v1/runs/{run}")["version"] == 1


def test_only_steerers_anneal(controller: Controller) -> None:
    run = controller.new_run()
    with controller.anonymous() as client:
        body, headers = {"tokens": 10, "reason": "x"}, {"If-Match": "*"}
        assert client.post(f"/v1/runs/{run}:anneal", json=body, headers=headers).status_code == 401
        assert client.post(f"/v1/runs/{run}:anneal?validate_only=true", json=body).json()["valid"]
