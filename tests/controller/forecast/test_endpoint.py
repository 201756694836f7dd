"""The forecast of a run by REST."""

from __future__ import annotations

from tests.controller.served import Controller, begin, trained
from tests.eventually import eventually


def test_the_forecast_follows_the_reports(controller: Controller) -> None:
    sources = [{"name": "web", "unique_tokens": 900_000}, {"name": "math", "unique_tokens": 20_000, "max_epochs": 5}]
    run = controller.new_run(sources=sources)
    before = controller.get(f"/v1/runs/{run}/forecast")
    assert (before["run"], before["version"], before["tokens"], before["remaining_tokens"]) == (run, 1, 0, 1_000_000)
    math, web = before["sources"]
    assert (math["name"], math["weight"], math["tokens_at_end"], math["epochs_at_end"]) == ("math", 0.1, 100_000, 5.0)
    assert (math["cap_binds_at_tokens"], math["cap_binds_at_step"]) == (None, None)
    assert (web["tokens_at_end"], web["effective_tokens"]) == (900_000, 900_000)
    assert [warned["source"] for warned in before["warnings"]] == ["math"]
    controller.report(run, 1, 0, begin(), trained(99, math=50_000))
    eventually(lambda: controller.get(f"/v1/runs/{run}")["step"] == 99)
    after = controller.get(f"/v1/runs/{run}/forecast")
    math, _ = after["sources"]
    assert (after["tokens"], after["remaining_tokens"]) == (100_000, 900_000)
    assert (math["consumed_tokens"], math["consumed_epochs"], math["tokens_at_end"]) == (50_000, 2.5, 140_000)
    assert (math["cap_binds_at_tokens"], math["cap_binds_at_step"]) == (600_000, 600)


def test_a_validated_change_is_forecast_from_where_it_takes_effect(controller: Controller) -> None:
    run = controller.new_run()
    body = {"weights": {"web": 0.8, "math": 0.2}, "reason": "x", "takes_effect": {"tokens": 500_000}}
    ahead = controller.http.post(f"/v1/runs/{run}/mixtures?validate_only=true", json=body).json()["forecast"]
    math, web = ahead["sources"]
    assert (ahead["tokens"], math["consumed_tokens"], web["consumed_tokens"]) == (500_000, 50_000, 450_000)
    assert (math["tokens_at_end"], web["tokens_at_end"]) == (150_000, 850_000)
