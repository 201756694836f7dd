"""Events: a page of what was, a stream of what comes, resumed where it broke off."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import takewhile
from typing import Any

from tests.controller.served import Controller, applied, begin, trained
from tests.eventually import eventually

from crossfade_shared.telemetry import CheckpointReport, DroppedReport, FinishedReport, RefusedReport


@contextmanager
def stream(controller: Controller, run: str, **headers: str) -> Iterator[Iterator[dict[str, Any]]]:
    """Follow the events of a run as a browser does; it has begun when this enters."""
    with controller.http.stream("GET", f"/v1/runs/{run}/events", headers=headers) as answer:
        assert answer.headers["Content-Type"].startswith("text/event-stream")
        lines = answer.iter_lines()
        assert sorted(line.partition(":")[0] for line in takewhile(bool, lines)) == ["id", "retry"]
        yield _parse(lines)


def _parse(lines: Iterator[str]) -> Iterator[dict[str, Any]]:
    event: dict[str, Any] = {}
    for line in lines:
        name, _, value = line.partition(": ")
        if name == "data":
            event["data"] = json.loads(value)
        elif name in {"event", "id"}:
            event[name] = value
        elif not line and event:
            yield event
            event = {}


def test_every_kind_of_event_is_kept_in_order(controller: Controller) -> None:
    run = controller.new_run()
    made = controller.post_version(run, 1).json()
    eventually(lambda: controller.get(f"/v1/runs/{run}/mixture")["state"] == "published")
    controller.report(
        run,
        1,
        0,
        begin(),
        applied(2, made["weights_ppm"], 5),
        RefusedReport(why="the signature does not fit"),
        CheckpointReport(step=9, tokens=10_000, path="checkpoints/9", source_epochs={"web": 0.5}),
        DroppedReport(num_reports=3),
        FinishedReport(step=9, tokens=10_000),
    )
    eventually(lambda: controller.events(run, "finished"))
    told = [(each["kind"], each["data"].get("version"), each["data"].get("state")) for each in controller.events(run)]
    assert sorted(told[:4]) == sorted(
        ("mixture", version, state) for version in (1, 2) for state in ("accepted", "published")
    )
    assert told[4:] == [
        ("attempt", None, None),
        ("mixture", 2, "applied"),
        ("mixture", 1, "superseded"),
        ("refused", None, None),
        ("checkpoint", None, None),
        ("dropped", None, None),
        ("finished", None, None),
    ]
    by_kind = {each["kind"]: each["data"] for each in controller.events(run)}
    told = {"attempt": 1, "step": 9, "tokens": 10_000, "path": "checkpoints/9", "source_epochs": {"web": 0.5}}
    assert by_kind["checkpoint"] == told
    assert by_kind["dropped"]["num_reports"] == 3
    assert by_kind["refused"]["why"] == "the signature does not fit"


def test_a_page_goes_on_where_the_last_one_ended(controller: Controller) -> None:
    run = controller.new_run()
    eventually(lambda: len(controller.events(run)) == 2)
    ask = {"headers": {"Accept": "application/json"}}
    first = controller.http.get(f"/v1/runs/{run}/events?limit=1", **ask).json()
    second = controller.http.get(f"/v1/runs/{run}/events?after={first['after']}", **ask).json()
    assert [each["data"]["state"] for each in first["items"] + second["items"]] == ["accepted", "published"]
    nothing = controller.http.get(f"/v1/runs/{run}/events?after={second['after']}", **ask).json()
    assert nothing == {"items": [], "after": second["after"]}


def test_a_stream_tells_what_comes_and_only_of_its_run(controller: Controller) -> None:
    run, other = controller.new_run(), controller.new_run()
    eventually(lambda: len(controller.events(run)) == 2)
    with stream(controller, run) as events:
        controller.post_version(other, 1)
        controller.post_version(run, 1)
        accepted, published = next(events), next(events)
        assert (accepted["event"], accepted["data"]["data"]["version"]) == ("mixture", 2)
        assert accepted["data"]["data"]["author"] == "admin"
        assert [each["data"]["data"]["state"] for each in (accepted, published)] == ["accepted", "published"]
        assert int(published["id"]) > int(accepted["id"])


def test_a_stream_is_resumed_after_the_last_event_seen(controller: Controller) -> None:
    run = controller.new_run()
    for base in range(1, 4):
        controller.post_version(run, base)
    stored = eventually(lambda: len(seen := controller.events(run)) == 8 and seen)
    with stream(controller, run, **{"Last-Event-ID": str(stored[2]["id"])}) as events:
        resumed = [next(events) for _ in stored[3:]]
    assert [int(each["id"]) for each in resumed] == [each["id"] for each in stored[3:]]
    assert [each["data"] for each in resumed] == stored[3:]


def test_a_stream_resumed_beyond_the_end_misses_nothing_that_comes(controller: Controller) -> None:
    run = controller.new_run()
    stored = eventually(lambda: len(seen := controller.events(run)) == 2 and seen)
    with stream(controller, run, **{"Last-Event-ID": str(stored[-1]["id"] + 1000)}) as events:
        controller.post_version(run, 1)
        assert next(events)["data"]["data"]["version"] == 2


def test_progress_passes_by_without_an_id(controller: Controller) -> None:
    run = controller.new_run()
    eventually(lambda: len(controller.events(run)) == 2)
    with stream(controller, run) as events:
        controller.report(run, 1, 0, begin(), trained(0), trained(1, loss=1.5))
        seen = {each["event"]: each for each in (next(events), next(events))}
    assert "id" not in seen["step"]
    assert seen["step"]["data"] == {
        "step": 1,
        "tokens": 2000,
        "phase": "stable",
        "version": 1,
        "loss": 1.5,
        "tokens_per_second": 2000.0,
        "mfu": 0.4,
    }
    assert "step" not in {each["kind"] for each in controller.events(run)}
    with stream(controller, run) as events:
        controller.report(run, 1, 1, trained(2).model_copy(update={"seconds": 1e-320}))
        in_no_time = next(each for each in events if each["data"].get("step") == 2)
    assert in_no_time["data"]["tokens_per_second"] is None  # JSON has no infinity
