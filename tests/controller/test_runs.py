"""Runs: registered once, listed in pages, told as far as they have come."""

from __future__ import annotations

from tests.controller.served import Controller, begin, run_body, trained
from tests.eventually import eventually

from crossfade_shared.telemetry import FinishedReport


def test_a_run_is_answered_with_its_key_this_once(controller: Controller) -> None:
    body = run_body()
    made = controller.http.post("/v1/runs", json=body)
    assert made.status_code == 201
    assert len(bytes.fromhex(made.json()["signing_key"])) == 32
    shown = controller.get(f"/v1/runs/{body['name']}")
    assert "signing_key" not in shown
    assert shown["horizon_tokens"] == body["horizon_tokens"]
    assert shown["mode"] == "advise"
    assert shown["sources"] == [
        {"name": "web", "unique_tokens": 900_000, "capabilities": [], "max_epochs": 4},
        {"name": "math", "unique_tokens": 300_000, "capabilities": [], "max_epochs": 4},
    ]
    assert shown["version"] == 1
    for unknown in ("attempt", "world_size", "step", "tokens", "phase", "tokens_per_step", "last_report_at"):
        assert shown[unknown] is None


def test_a_run_tells_how_far_it_has_come(controller: Controller) -> None:
    run = controller.new_run()
    controller.report(run, 3, 0, begin(world_size=4), trained(0), trained(1))
    shown = eventually(lambda: (now := controller.get(f"/v1/runs/{run}"))["step"] == 1 and now)
    assert (shown["attempt"], shown["world_size"], shown["total_steps"], shown["tokens_per_step"]) == (3, 4, 100, 1000)
    assert (shown["tokens"], shown["phase"], shown["finished_at"]) == (2000, "stable", None)
    controller.report(run, 3, 1, FinishedReport(step=1, tokens=2000))
    assert eventually(lambda: controller.get(f"/v1/runs/{run}")["finished_at"])
    controller.report(run, 4, 0, begin())
    resumed = eventually(lambda: (now := controller.get(f"/v1/runs/{run}"))["attempt"] == 4 and now)
    assert resumed["finished_at"] is None


def test_runs_are_listed_newest_first_in_pages(controller: Controller) -> None:
    names = [controller.new_run() for _ in range(3)]
    first = controller.get("/v1/runs", limit=2)
    assert [each["name"] for each in first["items"]] == [names[2], names[1]]
    second = controller.get("/v1/runs", limit=2, page=first["next_page"])
    assert second["items"][0]["name"] == names[0]


def test_the_interface_describes_itself(controller: Controller) -> None:
    paths = controller.get("/openapi.json")["paths"]
    assert set(paths) >= {
        "/v1/runs",
        "/v1/runs/{run}",
        "/v1/runs/{run}/mixture",
        "/v1/runs/{run}/mixtures",
        "/v1/runs/{run}/mixtures/{version}",
        "/v1/runs/{run}/mixtures/{version}/diff",
        "/v1/runs/{run}/mixtures/{version}:restore",
        "/v1/runs/{run}/benchmarks",
        "/v1/runs/{run}/metrics",
        "/v1/runs/{run}/events",
        "/livez",
        "/readyz",
    }
