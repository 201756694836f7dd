"""What benchmarks are meant to reach: it comes with the run, is set as a whole, and is kept in the audit."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Table, create_engine, insert, select
from sqlalchemy.schema import MetaData
from tests.controller.served import Controller, run_body

from crossfade_controller.database import database_url, now
from crossfade_controller.migration import migrate

GSM8K = {"task": "gsm8k", "metric": "exact_match", "value": 0.5}
MMLU = {"task": "mmlu", "metric": "acc", "value": 0.45}


def put(controller: Controller, run: str, *targets: dict[str, Any]) -> Any:
    return controller.http.put(f"/v1/runs/{run}/targets", json={"targets": list(targets)})


def test_targets_come_with_the_run_and_are_set_as_a_whole(controller: Controller) -> None:
    run = controller.new_run(targets=[GSM8K])
    assert controller.get(f"/v1/runs/{run}")["targets"] == [GSM8K]
    assert put(controller, run, MMLU, GSM8K | {"value": 0.6}).status_code == 200
    expected = [MMLU, GSM8K | {"value": 0.6}]
    assert controller.get(f"/v1/runs/{run}/targets") == {"targets": expected}
    assert controller.get(f"/v1/runs/{run}")["targets"] == expected
    (event,) = controller.events(run, "targets")
    assert event["data"]["targets"] == expected
    newest = controller.http.get("/v1/audit", params={"run": run, "limit": 1000}).json()["items"][-1]
    assert (newest["action"], newest["detail"]["targets"]) == ("run.targets_set", expected)
    assert put(controller, run).json() == {"targets": []}


def test_a_run_has_no_targets_until_somebody_sets_them(controller: Controller) -> None:
    assert controller.get(f"/v1/runs/{controller.new_run()}/targets") == {"targets": []}
    assert controller.http.get("/v1/runs/nobody/targets").status_code == 404
    assert put(controller, "nobody", MMLU).status_code == 404


@pytest.mark.parametrize(
    ("targets", "field"),
    [
        ([GSM8K | {"value": "0.5"}], "targets.0.value"),
        ([GSM8K, MMLU | {"task": ""}], "targets.1.task"),
        ([GSM8K | {"goal": 1}], "targets.0.goal"),
        ([GSM8K, MMLU, GSM8K], "targets"),
        ([GSM8K | {"task": f"task-{number}"} for number in range(257)], "targets"),
    ],
)
def test_what_is_wrong_with_a_target_is_named(controller: Controller, targets: Any, field: str) -> None:
    run = controller.new_run(targets=[MMLU])
    refused = put(controller, run, *targets)
    assert (refused.status_code, refused.json()["field"]) == (422, field)
    assert controller.get(f"/v1/runs/{run}")["targets"] == [MMLU]
    registered = controller.http.post("/v1/runs", json=run_body(targets=targets))
    assert (registered.status_code, registered.json()["field"]) == (422, field)


def test_setting_targets_needs_an_operator(controller: Controller) -> None:
    run = controller.new_run()
    with controller.client(scopes=["evaluator"]) as evaluator:
        assert evaluator.put(f"/v1/runs/{run}/targets", json={"targets": [MMLU]}).status_code == 403
    with controller.client(scopes=["operator"], run=run) as operator:
        assert operator.put(f"/v1/runs/{run}/targets", json={"targets": [MMLU]}).status_code == 200


def test_a_run_from_before_has_none_and_keeps_the_rest(new_database: Any) -> None:
    url = new_database()
    migrate(url, target="0006")
    parsed = database_url(url)
    engine = create_engine(parsed.set(drivername=parsed.drivername.replace("+aiosqlite", "")))
    with engine.begin() as connection:
        old = Table("runs", MetaData(), autoload_with=connection)
        same = {"mode": "advise", "signing_key": b"k" * 32, "version": 0, "attempt": 0, "created_at": now()}
        connection.execute(insert(old).values(name="kept", horizon_tokens=7, guardrails={}, **same))
    assert migrate(url, target="0007") == ("0006", "0007")
    with engine.connect() as connection:
        new = Table("runs", MetaData(), autoload_with=connection)
        assert connection.execute(select(new.c.name, new.c.horizon_tokens, new.c.targets)).all() == [("kept", 7, [])]
    assert migrate(url, target="0006") == ("0007", "0006")
    with engine.connect() as connection:
        assert connection.execute(select(old.c.name, old.c.horizon_tokens)).all() == [("kept", 7)]
    engine.dispose()
