"""Random lives of a run under control: people, policies, workers, restarts and a lossy Redis against a plain list."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import httpx2
import pytest
import redis
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from tests.controller.chaos.checker import violations
from tests.controller.chaos.history import History, Write
from tests.controller.chaos.people import Follower, close
from tests.controller.served import Controller, applied, begin, run_body, trained
from tests.eventually import eventually
from tests.redis_box import RedisBox

from crossfade_shared.channels import Channels
from crossfade_shared.mixture import Mixture, reweigh

NUM_LIVES = 4
NUM_STEPS = 40
weights = st.fixed_dictionaries({"web": st.sampled_from([1, 3]), "math": st.sampled_from([0, 1, 3])})


class Steering(RuleBasedStateMachine):
    """`mixtures` is the model: the mixture of version n stands at place n - 1."""

    controller: ClassVar[Controller]
    policy: ClassVar[str]
    folder: ClassVar[Path]

    @initialize()
    def register(self) -> None:
        body = run_body(guardrails={})
        key = bytes.fromhex(self.controller.http.post("/v1/runs", json=body).json()["signing_key"])
        self.run = body["name"]
        self.mixtures = [Mixture.from_weights(body["mixture"])]
        self.made: list[tuple[Write, str, dict[str, Any]]] = []
        self.scores: dict[int, float] = {}
        self.is_frozen = False
        self.num_steps = 0
        self.num_restarts = 0
        self.history = History()
        folder = self.folder / self.run
        folder.mkdir()
        self.follower = Follower(self.controller, self.run, key, self.history, folder)
        self.following = self.follower.following()
        self.following.__enter__()

    def change(self, path: str, body: dict[str, Any], mixture: Mixture, restores: int | None = None) -> None:
        """Make a version that must be made."""
        base = len(self.mixtures)
        write = Write(key=uuid.uuid4().hex, based_on=base, reason=uuid.uuid4().hex, restores=restores)
        self.history.writes.append(write)
        self.made.append((write, path, body | {"reason": write.reason}))
        self.mixtures.append(mixture)
        self.send(*self.made[-1], version=base + 1)

    def send(self, write: Write, path: str, body: dict[str, Any], *, version: int) -> None:
        method = "PATCH" if path == "mixture" else "POST"
        answer = self.ask(method, path, body, write.based_on, write.key)
        assert (answer.status_code, answer.json().get("version")) == (201, version), answer.text
        assert answer.json()["weights_ppm"] == self.mixtures[version - 1].weights_ppm
        write.answered(answer.json())

    def ask(self, method: str, path: str, body: dict[str, Any], base: int, key: str | None = None) -> httpx2.Response:
        headers = {"If-Match": f'"{base}"', **({"Idempotency-Key": key} if key else {})}
        return self.controller.http.request(method, f"/v1/runs/{self.run}/{path}", json=body, headers=headers)

    @rule(asked=weights)
    def post(self, asked: dict[str, float]) -> None:
        self.change("mixtures", {"weights": asked}, Mixture.from_weights(asked))

    @rule(share=st.sampled_from([0.1, 0.3, 0.5]))
    def patch(self, share: float) -> None:
        self.change("mixture", {"set": {"math": share}}, reweigh(self.mixtures[-1], fix={"math": share}))

    @rule(data=st.data())
    def restore(self, data: st.DataObject) -> None:
        version = data.draw(st.integers(1, len(self.mixtures)))
        self.change(f"mixtures/{version}:restore", {}, self.mixtures[version - 1], restores=version)

    @rule(asked=weights, data=st.data())
    def post_on_another_version(self, asked: dict[str, float], data: st.DataObject) -> None:
        current = len(self.mixtures)
        base = data.draw(st.integers(1, current + 2).filter(lambda base: base != current))
        answer = self.ask("POST", "mixtures", {"weights": asked, "reason": "too late"}, base)
        assert (answer.status_code, answer.json()["current_version"]) == (412, current)

    @precondition(lambda self: self.made)
    @rule(data=st.data())
    def repeat(self, data: st.DataObject) -> None:
        write, path, body = data.draw(st.sampled_from(self.made))
        self.send(write, path, body, version=write.based_on + 1)

    @precondition(lambda self: self.made)
    @rule(data=st.data())
    def take_a_key_again(self, data: st.DataObject) -> None:
        write, path, body = data.draw(st.sampled_from(self.made))
        method = "PATCH" if path == "mixture" else "POST"
        answer = self.ask(method, path, body | {"reason": "another"}, len(self.mixtures), write.key)
        assert (answer.status_code, answer.json()["type"]) == (422, "urn:crossfade:problem:idempotency-key-reused")

    @rule(freezes=st.booleans())
    def freeze(self, *, freezes: bool) -> None:
        path = f"/v1/runs/{self.run}:{'freeze' if freezes else 'unfreeze'}"
        answer = self.controller.http.post(path, json={"reason": "a look"} if freezes else None)
        assert (answer.status_code, answer.json()["frozen"] is not None) == (200, freezes)
        self.is_frozen = freezes

    @rule(asked=weights)
    def decide_by_policy(self, asked: dict[str, float]) -> None:
        """A frozen run refuses it; otherwise only ask, so that evidence and cool-downs do not matter."""
        with self.controller.client_with(self.policy) as policy:
            path = f"/v1/runs/{self.run}/mixtures"
            body = {"weights": asked, "reason": "by rule", "evidence": ["benchmark"]}
            if self.is_frozen:
                answer = policy.post(path, json=body, headers={"If-Match": f'"{len(self.mixtures)}"'})
                assert (answer.status_code, answer.json()["guardrails"][0]["rail"]) == (409, "frozen"), answer.text
            else:
                assert policy.post(f"{path}?validate_only=true", json=body).json()["problem"] is None

    @rule(step=st.integers(1, 3), value=st.sampled_from([0.25, 0.5]))
    def score(self, step: int, value: float) -> None:
        result = {"task": "t", "metric": "acc", "version": "1", "value": value, "stderr": 0.1, "num_samples": 10}
        body = {"step": step, "tokens": step, "checkpoint": f"sha256:{step}", "results": [result]}
        answer = self.controller.http.post(f"/v1/runs/{self.run}/benchmarks", json=body)
        if self.scores.setdefault(step, value) != value:
            assert answer.status_code == 409
        else:
            assert answer.status_code == 201

    @rule()
    def train(self) -> None:
        step, version = self.num_steps, len(self.mixtures)
        first = [begin()] if step == 0 else []
        done = applied(version, dict(self.mixtures[-1].weights_ppm), step)
        self.controller.report(self.run, 1, step, *first, done, trained(step))
        self.num_steps += 1

    @precondition(lambda self: self.num_restarts < 1)
    @rule()
    def kill(self) -> None:
        self.num_restarts += 1
        self.controller.kill()
        self.controller.start()

    @rule()
    def lose_redis(self) -> None:
        self.take_in()  # what was not taken in yet is lost, as it may be
        with redis.Redis.from_url(self.controller.redis_url) as client:
            client.flushall()

    @rule(lie=st.sampled_from([b"", b"{}", b'{"version":1000000}']))
    def lie_in_redis(self, lie: bytes) -> None:
        with redis.Redis.from_url(self.controller.redis_url) as client:
            client.set(Channels(self.run).mixture, lie)
            client.publish(Channels(self.run).changed, "1000000")

    @invariant()
    def what_is_current_is_what_was_made_last(self) -> None:
        current = self.controller.get(f"/v1/runs/{self.run}/mixture")
        assert (current["version"], current["weights_ppm"]) == (len(self.mixtures), self.mixtures[-1].weights_ppm)
        self.history.read.append(current)

    def take_in(self) -> None:
        if self.num_steps:
            eventually(lambda: self.controller.get(f"/v1/runs/{self.run}")["step"] == self.num_steps - 1)

    def teardown(self) -> None:
        try:
            eventually(lambda: self.follower.version == len(self.mixtures))
            self.take_in()
        finally:
            self.following.__exit__(None, None, None)
        close(self.controller, self.run, self.history)
        assert violations(self.history) == []
        log = [version["weights_ppm"] for version in self.history.log]
        assert log == [mixture.weights_ppm for mixture in self.mixtures]
        shown = self.controller.get(f"/v1/runs/{self.run}")
        assert (shown["version"], shown["frozen"] is not None) == (len(self.mixtures), self.is_frozen)
        scores = self.controller.get(f"/v1/runs/{self.run}/benchmarks")["items"]
        assert {score["step"]: score["value"] for score in scores} == self.scores


@pytest.fixture
def served(new_database: Any, redis_box: RedisBox, tmp_path: Path) -> Iterator[Controller]:
    """A controller and a Redis of this test's own."""
    made = Controller(tmp_path / "controller", database_url=new_database(), redis_url=redis_box.url)
    made.start()
    yield made
    made.stop()
    assert "Traceback" not in made.output


def test_whatever_is_done_the_versions_are_those_of_a_plain_list(served: Controller, tmp_path: Path) -> None:
    token = served.http.post("/v1/tokens", json={"name": "rule", "scopes": ["policy"]}).json()["token"]
    Steering.controller, Steering.policy, Steering.folder = served, token, tmp_path
    run_state_machine_as_test(
        Steering,
        settings=settings(
            max_examples=NUM_LIVES,
            stateful_step_count=NUM_STEPS,
            phases=[Phase.generate],  # a shorter life would take long to find
            deadline=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
