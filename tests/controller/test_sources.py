"""What is said of a source may change while the run goes on: forecast and guard rails go by it at once."""

from __future__ import annotations

from typing import Any

import pytest
from tests.controller.served import Controller

REASON = {"reason": "more epochs did no harm"}


def patch(controller: Controller, run: str, source: str, **body: Any) -> Any:
    return controller.http.patch(f"/v1/runs/{run}/sources/{source}", json=body)


def small_run(controller: Controller) -> str:
    """Register a run of a thousand tokens, of which math has a hundred, twice."""
    sources = [
        {"name": "web", "unique_tokens": 10_000, "capabilities": ["knowledge"]},
        {"name": "math", "unique_tokens": 100, "max_epochs": 2},
    ]
    return controller.new_run(horizon_tokens=1000, sources=sources, mixture={"web": 0.9, "math": 0.1})


def test_more_epochs_leave_room_for_a_greater_share(controller: Controller) -> None:
    run = small_run(controller)

    def allowed() -> float:
        body = {"weights": {"web": 0.5, "math": 0.5}, "reason": "math lags"}
        asked = controller.http.post(f"/v1/runs/{run}/mixtures", params={"validate_only": "true"}, json=body)
        return float(asked.json()["weights"]["math"])

    assert allowed() == 0.2
    changed = patch(controller, run, "math", max_epochs=4, **REASON)
    assert changed.json() == {"name": "math", "unique_tokens": 100, "capabilities": [], "max_epochs": 4.0}
    assert allowed() == 0.4
    forecast = controller.get(f"/v1/runs/{run}/forecast")
    assert {source["name"]: source["max_epochs"] for source in forecast["sources"]} == {"web": 4.0, "math": 4.0}


def test_a_change_is_seen_everywhere_and_keeps_what_it_leaves_out(controller: Controller) -> None:
    run = small_run(controller)
    assert patch(controller, run, "web", capabilities=["knowledge", "reading"], **REASON).status_code == 200
    listed = controller.get(f"/v1/runs/{run}/sources")["sources"]
    assert listed == controller.get(f"/v1/runs/{run}")["sources"]
    assert listed[0] == {
        "name": "web",
        "unique_tokens": 10_000,
        "capabilities": ["knowledge", "reading"],
        "max_epochs": 4.0,
    }
    (event,) = controller.events(run, "source")
    newest = controller.http.get("/v1/audit", params={"run": run, "limit": 1000}).json()["items"][-1]
    said = {"source": "web", "capabilities": ["knowledge", "reading"], **REASON}
    assert event["data"] == {"by": newest["actor"], **said}
    assert (newest["action"], newest["detail"]) == ("source.changed", said)


@pytest.mark.parametrize(
    ("source", "body", "status", "field"),
    [
        ("web", REASON, 422, "max_epochs"),
        ("web", {"max_epochs": 3}, 422, "reason"),
        ("web", {"max_epochs": 0, **REASON}, 422, "max_epochs"),
        ("web", {"max_epochs": "4", **REASON}, 422, "max_epochs"),
        ("web", {"capabilities": [""], **REASON}, 422, "capabilities.0"),
        ("web", {"unique_tokens": 5, **REASON}, 422, "unique_tokens"),
        ("code", {"max_epochs": 3, **REASON}, 404, "source"),
    ],
)
def test_what_is_wrong_is_named_and_changes_nothing(
    controller: Controller, source: str, body: dict[str, Any], status: int, field: str
) -> None:
    run = small_run(controller)
    before = controller.get(f"/v1/runs/{run}/sources")
    refused = patch(controller, run, source, **body)
    assert (refused.status_code, refused.json()["field"]) == (status, field)
    assert controller.get(f"/v1/runs/{run}/sources") == before


def test_it_needs_an_approver_for_it_loosens_a_guard_rail(controller: Controller) -> None:
    run = small_run(controller)
    for scope, status in (("operator", 403), ("approver", 200)):
        with controller.client(scopes=[scope]) as client:
            answer = client.patch(f"/v1/runs/{run}/sources/math", json={"max_epochs": 3, **REASON})
            assert answer.status_code == status
    assert controller.http.get("/v1/runs/nobody/sources").status_code == 404
