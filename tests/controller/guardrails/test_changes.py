"""Guard rails in the service: for everybody who changes a mixture, by every way, kept in the history."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.controller.served import Controller, applied, begin, run_body, trained
from tests.eventually import eventually

from crossfade_shared.telemetry import ExhaustedReport

CEILING = {"ceilings": {"math": 0.2}}
MATHS = {"web": 0.5, "math": 0.5}
BOUND = {"rail": "ceiling", "source": "math", "asked": 0.5, "allowed": 0.2}


def guarded(controller: Controller, **guardrails: Any) -> str:
    return controller.new_run(guardrails={"epoch_budget": False, **guardrails})


def ask(client: Any, run: str, weights: dict[str, float], *, base: int = 1, **more: Any) -> Any:
    headers = {"If-Match": f'"{base}"'}
    body = {"weights": weights, "reason": "math lags", **more}
    return client.post(f"/v1/runs/{run}/mixtures", json=body, headers=headers)


def refused(answer: Any) -> list[str]:
    """Check that guard rails refuse, and give which."""
    assert answer.status_code == 409, answer.text
    problem = answer.json()
    assert problem["type"] == "urn:crossfade:problem:guardrail"
    return [finding["rail"] for finding in problem["guardrails"]]


def test_a_change_is_brought_within_the_rails_and_says_how(controller: Controller) -> None:
    run = guarded(controller, **CEILING)
    made = ask(controller.http, run, MATHS).json()
    assert made["weights"] == {"math": 0.2, "web": 0.8}
    assert made["asked_weights"] == MATHS
    (finding,) = made["guardrails"]
    assert BOUND.items() <= finding.items()
    assert "0.5 was asked for, and its ceiling is 0.2" in finding["message"]
    kept = controller.get(f"/v1/runs/{run}/mixtures/2")
    assert (kept["guardrails"], kept["asked_weights"], kept["override"]) == ([finding], MATHS, [])
    first = controller.get(f"/v1/runs/{run}/mixtures/1")
    assert (first["guardrails"], first["asked_weights"]) == ([], first["weights"])


def test_the_rails_hold_for_every_way_to_make_a_version(controller: Controller) -> None:
    run = guarded(controller)
    assert ask(controller.http, run, MATHS).json()["weights"] == MATHS
    put = controller.http.put(f"/v1/runs/{run}/guardrails", json={"epoch_budget": False, **CEILING})
    assert put.status_code == 200
    patched = controller.http.patch(
        f"/v1/runs/{run}/mixture", json={"multiply": {"math": 1.1}, "reason": "more"}, headers={"If-Match": '"2"'}
    )
    assert patched.json()["weights"] == {"math": 0.2, "web": 0.8}
    restored = controller.http.post(f"/v1/runs/{run}/mixtures/2:restore", headers={"If-Match": '"3"'})
    assert restored.json()["weights"] == {"math": 0.2, "web": 0.8}
    assert restored.json()["asked_weights"] == MATHS


def test_what_is_asked_only_to_know_is_not_written(controller: Controller) -> None:
    run = guarded(controller, **CEILING)
    for path, body, method in (
        ("mixtures", {"weights": MATHS, "reason": "x"}, "POST"),
        ("mixture", {"set": {"math": 0.5}, "reason": "x"}, "PATCH"),
        ("mixtures/1:restore", {}, "POST"),
    ):
        with controller.anonymous() as client:
            answer = client.request(method, f"/v1/runs/{run}/{path}", params={"validate_only": "true"}, json=body)
        assert answer.status_code == 200, answer.text
        said = answer.json()
        assert (said["valid"], said["problem"]) == (True, None)
        assert said["forecast"]["sources"][0]["weight"] == said["weights"]["math"]
        assert sum(said["weights_ppm"].values()) == 1_000_000
        if body:
            assert (said["asked_weights"], said["weights"]) == (MATHS, {"math": 0.2, "web": 0.8})
            assert BOUND.items() <= said["guardrails"][0].items()
    assert controller.get(f"/v1/runs/{run}")["version"] == 1


@pytest.mark.parametrize(
    ("body", "if_match", "kind"),
    [
        ({"weights": {"web": 1}}, None, "unprocessable-entity"),
        ({"weights": MATHS}, '"7"', "stale-version"),
        ({"weights": MATHS, "takes_effect": {"tokens": 10**9}}, None, "beyond-horizon"),
        ({"weights": MATHS, "override": ["all"]}, None, "override-needs-approver"),
        ({"weights": MATHS}, None, "guardrail"),
    ],
)
def test_a_refusal_is_part_of_the_answer(
    controller: Controller, body: dict[str, Any], if_match: str | None, kind: str
) -> None:
    run = guarded(controller, protected=["math"], floors={"math": 0.05}, ceilings={"math": 0.1})
    change = {"epoch_budget": False, "protected": ["math"], "floors": {"math": 0.2}}
    assert controller.http.put(f"/v1/runs/{run}/guardrails", json=change).status_code == 200
    with controller.anonymous() as client:
        answer = client.post(
            f"/v1/runs/{run}/mixtures?validate_only=true",
            json={"reason": "x", **body},
            headers={"If-Match": if_match} if if_match else {},
        )
    assert answer.status_code == 200, answer.text
    said = answer.json()
    assert (said["valid"], said["weights"]) == (False, None)
    assert said["problem"]["type"] == f"urn:crossfade:problem:{kind}"
    if kind == "guardrail":
        assert [(finding["rail"], finding["source"]) for finding in said["problem"]["infeasible"]] == [
            ("floor", "math"),
            ("protected", "math"),
        ]
        assert said["forecast"]["sources"][0]["weight"] == 0.5


def test_whoever_may_only_look_cannot_slip_a_change_through(controller: Controller) -> None:
    run = controller.new_run()
    with controller.anonymous() as client:
        body, headers = {"weights": MATHS, "reason": "x"}, {"If-Match": '"1"'}
        answers = {
            query: client.post(f"/v1/runs/{run}/mixtures?{query}", json=body, headers=headers).status_code
            for query in ("validate_only=false", "validate_only=true&validate_only=false", "validate_only=1", "")
        }
    assert answers == {
        "validate_only=false": 401,
        "validate_only=true&validate_only=false": 422,
        "validate_only=1": 200,
        "": 401,
    }
    assert controller.get(f"/v1/runs/{run}")["version"] == 1


def test_an_approver_passes_a_rail_with_a_reason_and_it_is_kept(controller: Controller) -> None:
    run = guarded(controller, **CEILING)
    with controller.client(scopes=["operator"]) as operator, controller.client(scopes=["policy"]) as policy:
        for client in (operator, policy):
            answer = ask(client, run, MATHS, override=["ceiling"])
            assert (answer.status_code, answer.json()["field"]) == (403, "override")
    with controller.client(scopes=["approver"], name="grace") as approver:
        made = ask(approver, run, MATHS, override=["ceiling"]).json()
        assert (made["weights"], made["override"], made["author"]) == (MATHS, ["ceiling"], "grace")
        made = ask(approver, run, {"web": 1, "math": 3}, base=2, override=["all"]).json()
        assert (made["weights"], made["override"]) == ({"math": 0.75, "web": 0.25}, ["all"])
        silent = approver.post(
            f"/v1/runs/{run}/mixtures/2:restore", json={"override": ["all"]}, headers={"If-Match": '"3"'}
        )
        assert (silent.status_code, silent.json()["field"]) == (422, "reason")
    unknown = ask(controller.http, run, MATHS, base=3, override=["gravity"])
    assert (unknown.status_code, unknown.json()["field"]) == (422, "override.0")


def test_freezing_stops_policies_and_nobody_else(controller: Controller) -> None:
    run = guarded(controller)
    assert controller.get(f"/v1/runs/{run}")["frozen"] is None
    with (
        controller.client(scopes=["policy"], name="odm") as policy,
        controller.client(scopes=["operator"], name="ada") as ada,
    ):
        assert policy.post(f"/v1/runs/{run}:freeze", json={"reason": "x"}).status_code == 403
        frozen = ada.post(f"/v1/runs/{run}:freeze", json={"reason": "loss spike"}).json()["frozen"]
        assert (frozen["by"], frozen["reason"]) == ("ada", "loss spike")
        again = ada.post(f"/v1/runs/{run}:freeze", json={"reason": "once more"}).json()
        assert again["frozen"] == frozen == controller.get(f"/v1/runs/{run}")["frozen"]
        assert refused(ask(policy, run, MATHS)) == ["frozen"]
        assert ask(ada, run, MATHS).status_code == 201
        assert ada.post(f"/v1/runs/{run}:unfreeze").json()["frozen"] is None
        assert ask(policy, run, {"web": 3, "math": 1}, base=2).json()["author"] == "odm"
    assert [event["data"]["by"] for event in controller.events(run, "frozen")] == ["ada"]
    assert len(controller.events(run, "unfrozen")) == 1


def test_a_policy_waits_for_evaluations_since_the_last_change(controller: Controller) -> None:
    run = guarded(controller, minimum_evaluations=2)
    score = {"task": "t", "metric": "acc", "version": "1", "value": 0.5, "stderr": 0.1, "num_samples": 10}

    def evaluate(step: int) -> None:
        body = {"step": step, "tokens": step * 1000, "checkpoint": f"step-{step}", "results": [score]}
        assert controller.http.post(f"/v1/runs/{run}/benchmarks", json=body).status_code == 201

    with controller.client(scopes=["policy"]) as policy:
        evaluate(1)
        assert refused(ask(policy, run, MATHS)) == ["evidence"]
        evaluate(2)
        second = ask(policy, run, MATHS)
        assert second.status_code == 201
        assert refused(ask(policy, run, MATHS, base=2)) == ["evidence"]  # not even applied
        controller.report(run, 1, 0, begin(), applied(2, second.json()["weights_ppm"], 3), trained(3))
        eventually(lambda: controller.get(f"/v1/runs/{run}")["step"] == 3)
        evaluate(3)
        assert refused(ask(policy, run, MATHS, base=2)) == ["evidence"]
        assert ask(controller.http, run, MATHS, base=2).status_code == 201


def test_a_cool_down_counts_steps_from_the_last_change(controller: Controller) -> None:
    run = guarded(controller, cool_down_steps=10)
    second = ask(controller.http, run, MATHS)
    assert second.status_code == 201
    assert ask(controller.http, run, MATHS, base=2).status_code == 201  # nothing is trained yet
    controller.report(run, 1, 0, begin(), trained(0))
    eventually(lambda: controller.get(f"/v1/runs/{run}")["step"] == 0)
    assert refused(ask(controller.http, run, MATHS, base=3)) == ["cool_down"]
    controller.report(run, 1, 1, applied(3, second.json()["weights_ppm"], 2), trained(2))
    eventually(lambda: controller.get(f"/v1/runs/{run}")["step"] == 2)
    early = ask(controller.http, run, MATHS, base=3)
    assert refused(early) == ["cool_down"]
    assert early.json()["guardrails"][0]["allowed"] == 12
    assert ask(controller.http, run, MATHS, base=3, takes_effect={"step": 12}).status_code == 201


def test_the_day_is_measured_from_the_mixture_of_a_day_ago(controller: Controller) -> None:
    run = guarded(controller, max_change_per_day=0.2)
    assert ask(controller.http, run, MATHS).json()["weights"] == {"math": 0.3, "web": 0.7}
    further = ask(controller.http, run, MATHS, base=2).json()
    assert further["weights"] == {"math": 0.3, "web": 0.7}
    assert [finding["rail"] for finding in further["guardrails"]] == ["day"]
    back = {"web": 0.9, "math": 0.1}
    assert ask(controller.http, run, back, base=3).json()["guardrails"] == []
    hours = {1: 60, 2: 25, 3: 24.5, 4: 23}
    for version, ago in hours.items():
        moment = f"datetime('now', '-{ago * 60:.0f} minutes')"
        if controller.database_url.startswith("postgresql"):
            moment = f"now() - interval '{ago * 60:.0f} minutes'"
        run_id = f"(SELECT id FROM runs WHERE name = '{run}')"
        controller.tamper(f"UPDATE mixtures SET created_at = {moment} WHERE run_id = {run_id} AND version = {version}")
    assert ask(controller.http, run, MATHS, base=4).json()["weights"] == MATHS


def test_the_budget_of_a_source_is_what_its_epochs_leave(controller: Controller) -> None:
    sources = [{"name": "web", "unique_tokens": 900_000}, {"name": "math", "unique_tokens": 25_000}]
    run = controller.new_run(sources=sources)
    assert controller.get(f"/v1/runs/{run}/guardrails")["epoch_budget"]
    assert ask(controller.http, run, MATHS).json()["weights"] == {"math": 0.1, "web": 0.9}
    controller.report(run, 1, 0, begin(), trained(199, math=100_000))
    eventually(lambda: controller.get(f"/v1/runs/{run}")["step"] == 199)
    spent = ask(controller.http, run, MATHS, base=2).json()
    assert spent["weights"] == {"math": 0, "web": 1}
    assert "0 tokens are left of its 4 epochs" in spent["guardrails"][0]["message"]
    later = ask(controller.http, run, MATHS, base=3, override=["epoch_budget"])
    assert later.json()["weights"] == MATHS


def test_a_source_that_runs_out_passes_the_rails_and_costs_nothing_of_the_day(controller: Controller) -> None:
    run = guarded(controller, floors={"math": 0.05}, max_change_per_day=0.05, cool_down_steps=100)
    controller.report(
        run, 1, 0, begin(), trained(4), ExhaustedReport(step=5, version=1, source_epochs={"math": 4.0}, ends_run=False)
    )
    fact = eventually(lambda: (now := controller.get(f"/v1/runs/{run}/mixture"))["version"] == 2 and now)
    assert (fact["author"], fact["weights"], fact["guardrails"]) == ("exhaustion", {"math": 0, "web": 1}, [])
    put = controller.http.put(f"/v1/runs/{run}/guardrails", json={"epoch_budget": False, "max_change_per_day": 0.05})
    assert put.status_code == 200
    same = ask(controller.http, run, {"web": 1, "math": 0}, base=2)
    assert (same.status_code, same.json()["guardrails"]) == (201, [])


def test_rails_are_set_by_approvers_and_told(controller: Controller) -> None:
    run = controller.new_run()
    assert controller.get(f"/v1/runs/{run}")["guardrails"]["epoch_budget"]
    with controller.client(scopes=["operator"]) as operator:
        assert operator.put(f"/v1/runs/{run}/guardrails", json=CEILING).status_code == 403
    with controller.client(scopes=["approver"], name="grace") as approver:
        put = approver.put(f"/v1/runs/{run}/guardrails", json=CEILING)
    assert put.status_code == 200, put.text
    assert put.json()["ceilings"] == {"math": 0.2}
    assert controller.get(f"/v1/runs/{run}")["guardrails"] == put.json() == controller.get(f"/v1/runs/{run}/guardrails")
    assert [event["data"]["by"] for event in controller.events(run, "guardrails")] == ["grace"]


@pytest.mark.parametrize(
    ("guardrails", "field"),
    [
        ({"floors": {"poetry": 0.1}}, "floors.poetry"),
        ({"floors": {"web": 1.5}}, "floors.web"),
        ({"ceilings": {"web": 0.3, "math": 0.3}}, "ceilings.math"),
        ({"ceilings": {"web": float("nan")}}, "ceilings.web"),
        ({"max_change": -0.1}, "max_change"),
        ({"max_change": "0.1"}, "max_change"),
        ({"cool_down_steps": 1.5}, "cool_down_steps"),
        ({"protected": ["web", "poetry"]}, "protected"),
        ({"floor": {}}, "floor"),
    ],
)
def test_settings_that_are_none(controller: Controller, guardrails: dict[str, Any], field: str) -> None:
    run = controller.new_run()
    answer = controller.http.put(
        f"/v1/runs/{run}/guardrails", content=json.dumps(guardrails), headers={"Content-Type": "application/json"}
    )
    assert (answer.status_code, answer.json()["field"]) == (422, field), answer.text


def test_a_run_whose_data_cannot_last_is_not_held_to_its_epochs_unless_it_says_so(controller: Controller) -> None:
    sources = [{"name": name, "unique_tokens": 1000} for name in ("web", "math")]
    run = controller.new_run(sources=sources)
    assert not controller.get(f"/v1/runs/{run}/guardrails")["epoch_budget"]
    assert ask(controller.http, run, MATHS).json()["weights"] == MATHS
    held = controller.new_run(sources=sources, guardrails={"epoch_budget": True})
    answer = ask(controller.http, held, MATHS)
    assert refused(answer) == ["epoch_budget", "epoch_budget"]
    assert {finding["source"] for finding in answer.json()["infeasible"]} == {"web", "math"}


def test_an_initial_mixture_and_its_rails_must_agree(controller: Controller) -> None:
    answer = controller.http.post("/v1/runs", json=run_body(guardrails={"ceilings": {"math": 0.05}}))
    assert (answer.status_code, answer.json()["field"]) == (422, "mixture.math")
    for mode in ("shadow", "advise", "auto"):
        assert controller.get(f"/v1/runs/{controller.new_run(mode=mode)}")["mode"] == mode
