"""A controller killed wherever it hurts, a Redis emptied, set back and lied to: the guarantees hold."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any, get_args

import pytest
import redis
from tests.controller.chaos.checker import violations
from tests.controller.chaos.history import History
from tests.controller.chaos.people import Follower, Steerer, close
from tests.controller.served import Controller, begin, run_body, trained
from tests.eventually import eventually
from tests.redis_box import RedisBox

from crossfade_controller.failpoints import VARIABLE, Failpoint, read_setting
from crossfade_shared.channels import Channels
from crossfade_shared.envelope import open_envelope
from crossfade_shared.errors import UserError
from crossfade_shared.telemetry import CheckpointReport

MOST_ROUNDS = 40


class Trainer:
    """Reports one step and one checkpoint at a time."""

    def __init__(self, controller: Controller, run: str) -> None:
        self._controller = controller
        self._run = run
        self.num_steps = 0

    def report(self) -> None:
        step = self.num_steps
        reports = [
            trained(step, loss=float(step)),
            CheckpointReport(step=step, tokens=step, path=f"checkpoints/{step}"),
        ]
        self._controller.report(self._run, 1, step, *([begin()] if step == 0 else []), *reports)
        self.num_steps += 1

    def check(self) -> None:
        """Everything reported was stored, and nothing twice."""
        steps = list(range(self.num_steps))
        eventually(lambda: len(self._controller.events(self._run, "checkpoint")) >= self.num_steps)
        assert [event["data"]["step"] for event in self._controller.events(self._run, "checkpoint")] == steps
        curve = self._controller.get(f"/v1/runs/{self._run}/metrics", names="loss", x="step", points=2000)
        assert [point["step"] for point in curve["series"]["loss"]] == steps


@pytest.fixture
def fresh_controller(new_database: Any, redis_box: RedisBox, tmp_path: Path) -> Any:
    """A controller of this test's own."""
    made = Controller(tmp_path / "controller", database_url=new_database(), redis_url=redis_box.url)
    yield made
    made.stop()


def test_killed_at_every_place_it_loses_nothing_and_makes_nothing_twice(
    fresh_controller: Controller, tmp_path: Path
) -> None:
    controller, history = fresh_controller, History()
    controller.start()
    body = run_body()
    key = bytes.fromhex(controller.http.post("/v1/runs", json=body).json()["signing_key"])
    run = body["name"]
    steerer, trainer = Steerer(controller, run, history), Trainer(controller, run)
    follower = Follower(controller, run, key, history, tmp_path)
    with follower.following():
        for place in get_args(Failpoint):
            controller.kill()
            controller.start(**{VARIABLE: f"{place}@2"})
            steerer.settle()
            for _ in range(MOST_ROUNDS):
                trainer.report()
                steerer.steer()
                if history.writes[-1].outcome == "unknown":
                    break
            assert controller.wait_for_death() == -signal.SIGKILL, place
        controller.start()
        steerer.settle()
        steerer.steer()
        trainer.report()
        eventually(lambda: follower.version == history.writes[-1].answers[-1]["version"])
        trainer.check()
        close(controller, run, history)
    assert violations(history) == []
    assert len(history.log) > len(get_args(Failpoint))
    assert eventually(lambda: controller.get(f"/v1/runs/{run}/mixture")["state"] == "published")


def test_a_redis_that_is_emptied_set_back_or_lied_to_turns_no_worker_back(
    fresh_controller: Controller, redis_box: RedisBox, tmp_path: Path
) -> None:
    controller, history = fresh_controller, History()
    controller.start()
    body = run_body()
    key = bytes.fromhex(controller.http.post("/v1/runs", json=body).json()["signing_key"])
    run = body["name"]
    steerer, follower = Steerer(controller, run, history), Follower(controller, run, key, history, tmp_path)
    place = Channels(run).mixture
    with follower.following(), redis.Redis.from_url(redis_box.url) as client:
        eventually(lambda: follower.version == 1)
        old: Any = client.get(place)
        for _ in range(3):
            steerer.steer()
        eventually(lambda: follower.version == 4)
        newest: Any = client.get(place)
        forged = open_envelope(newest, run=run, key=key).model_copy(update={"version": 99}).seal(b"another key")
        for lie in (old, forged, newest[:-20], newest.replace(b'"version":4', b'"version":5'), b"\xff"):
            client.set(place, lie)
            client.publish(Channels(run).changed, "99")
            eventually(lambda: client.get(place) == newest)  # repaired
        for lose in (client.flushall, lambda: restart_empty(redis_box)):
            lose()
            steerer.steer()
            eventually(lambda: follower.version == history.writes[-1].answers[-1]["version"])
        close(controller, run, history)
    assert violations(history) == []
    assert follower.refusals, "no lie was ever noticed"
    # A worker that starts while Redis is away goes on from what it held last.
    redis_box.stop()
    again = Follower(controller, run, key, history, tmp_path)
    assert again.version == history.log[-1]["version"]
    redis_box.start()


def restart_empty(redis_box: RedisBox) -> None:
    redis_box.stop()
    redis_box.empty()
    redis_box.start()


@pytest.mark.parametrize("text", ["nowhere", "before-publish@x", "@"])
def test_a_place_that_does_not_exist_is_refused(text: str) -> None:
    with pytest.raises(UserError, match=r"use NAME or NAME@TIMES with version-before-commit"):
        read_setting(text)
