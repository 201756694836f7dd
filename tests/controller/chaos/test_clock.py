"""The wall clock jumps by an hour, forth and back: no change of order, nothing times out, nothing is forgotten."""

from __future__ import annotations

import ast
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.controller.chaos.checker import violations
from tests.controller.chaos.history import History
from tests.controller.chaos.people import Follower, Steerer, close
from tests.controller.served import Controller, begin, run_body, trained
from tests.eventually import eventually

import crossfade_controller
import crossfade_shared
import crossfade_worker.mixing

HOUR_SECONDS = 3600
JUMPS = (HOUR_SECONDS, -HOUR_SECONDS, 0)
READS_THE_WALL_CLOCK = {"time.time", "datetime.now", "datetime.utcnow", "datetime.today", "date.today", "time.time_ns"}


class OffClock:
    """The clock of a controller, which can be set."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.set(0)

    def set(self, off_seconds: float) -> None:
        new = self.file.with_suffix(".new")
        new.write_text(str(off_seconds))
        new.replace(self.file)


@pytest.fixture
def clock(tmp_path: Path) -> OffClock:
    return OffClock(tmp_path / "off_seconds")


@pytest.fixture
def served(tmp_path: Path, new_database: Any, redis_url: str, clock: OffClock) -> Iterator[Controller]:
    """A controller by this clock."""
    made = Controller(tmp_path / "controller", database_url=new_database(), redis_url=redis_url)
    made.program = [str(Path(__file__).with_name("shifted_clock.py")), str(clock.file)]
    made.start()
    yield made
    made.stop()
    assert "Traceback" not in made.output


def test_an_hour_forth_and_back_changes_no_order_and_ends_nothing(
    served: Controller, clock: OffClock, tmp_path: Path
) -> None:
    body, history = run_body(), History()
    run, key = body["name"], bytes.fromhex(served.http.post("/v1/runs", json=body).json()["signing_key"])
    steerer, follower = Steerer(served, run, history), Follower(served, run, key, history, tmp_path)
    heard: list[str] = []

    def listen() -> None:
        with served.client_with(ada) as client, client.stream("GET", f"/v1/runs/{run}/events?after=0") as answer:
            heard.extend(line for line in answer.iter_lines() if line.startswith("id: "))

    asked = {"name": "ada", "scopes": ["viewer"], "expires_in_days": 1}
    ada = served.http.post("/v1/tokens", json=asked).json()["token"]
    listener = threading.Thread(target=listen)
    listener.start()
    with served.client_with(ada) as client, follower.following():
        for step, off_seconds in enumerate(JUMPS):
            steerer.steer()
            served.report(run, 1, step, *([begin()] if step == 0 else []), trained(step))
            clock.set(off_seconds)
            steerer.steer()
            repeated = history.writes[-2]
            repeated.outcome = "unknown"
            steerer.settle()  # the same key after the jump gives the same version
            assert client.get(f"/v1/runs/{run}").status_code == 200
            assert served.get("/readyz")["status"] == "ok"
            assert f'seconds{{run="{run}"}} -' not in served.http.get("/metrics").text  # no age below zero
            eventually(lambda step=step: served.get(f"/v1/runs/{run}")["step"] == step)
        newest = history.writes[-1].answers[-1]["version"]
        eventually(lambda: follower.version == newest)
        eventually(lambda: served.get(f"/v1/runs/{run}/mixture")["state"] == "published")
        close(served, run, history)
        ids = [event["id"] for event in served.events(run)]
        eventually(lambda: len(heard) > len(ids))  # and the place that it began at
    served.terminate(patience_seconds=5)
    listener.join(5)
    assert violations(history) == []
    assert ids == sorted(ids)
    assert [int(line.removeprefix("id: ")) for line in heard[1:]] == ids


def test_the_wall_clock_is_read_in_one_place_alone() -> None:
    """So what the test above shifts is all there is; whatever waits by itself goes by the monotonic clock."""
    found = []
    for package in (crossfade_controller, crossfade_shared, crossfade_worker.mixing):
        for path in Path(next(iter(package.__path__))).rglob("*.py"):
            names = {
                ast.unparse(node) for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Attribute)
            }
            if names & READS_THE_WALL_CLOCK:
                found.append(path.name)
    assert found == ["database.py"]
