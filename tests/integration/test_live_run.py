"""Two ranks, a controller and a Redis, all real: live changes at random moments, and every one of them killed."""

from __future__ import annotations

import random
import shutil
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from tests.controller.served import Controller
from tests.eventually import eventually
from tests.integration.jobs import TrainingJob, last_logged_step, logged
from tests.redis_box import RedisBox
from tests.toy import MIXTURE, run_values, toy_run, write_run

from crossfade_shared.ledger import Ledger
from crossfade_worker.config import load_run_config
from crossfade_worker.records.run_directory import RunDirectory
from crossfade_worker.replay import replay_run
from crossfade_worker.train import train

pytestmark = pytest.mark.timeout(600)
LAUNCH_SECONDS = 90.0


class LiveRun:
    """The run of these tests, and what a person does to it."""

    def __init__(self, folder: Path, corpus: Path, redis_box: RedisBox) -> None:
        self.redis = redis_box
        self.controller = Controller(folder, database_url=f"sqlite:///{folder}/controller.db", redis_url=redis_box.url)
        self.controller.start()
        self.random = random.Random(7)
        registered = self.controller.http.post("/v1/runs", json=_body()).json()
        control = {"redis_url": redis_box.url, "signing_key_file": "signing_key"}
        values = run_values(corpus, control=control, training={"total_steps": 100_000}, checkpoint={"every_steps": 40})
        self.yaml = write_run(folder, values)
        (folder / "signing_key").write_text(registered["signing_key"])
        self.directory = folder / "run"
        self.job = TrainingJob(self.yaml, ranks=2)
        self.version = 1

    def change(self) -> int:
        """Ask for random weights and give the new version."""
        weights = {name: self.random.choice([0, 1, 2, 5]) for name in MIXTURE}
        weights[self.random.choice(list(MIXTURE))] = 9
        answer = self.controller.post_version("toy", self.version, weights)
        assert answer.status_code == 201, answer.text
        self.version = answer.json()["version"]
        return self.version

    def change_live(self, times: int) -> None:
        """Change at random moments, most often once the workers have the change before; every sixth time at once."""
        for number in range(times):
            self.change()
            if number % 6 < 5:
                self.wait_until_applied(self.version)
                time.sleep(self.random.choice([0, 0.02, 0.1, 0.3]))

    def change_unheard(self, times: int) -> None:
        """Change while there is nobody to take it."""
        for _ in range(times):
            self.change()
            time.sleep(self.random.choice([0, 0.02, 0.1, 0.3]))

    def wait_until_applied(self, version: int) -> dict[str, Any]:
        path = f"/v1/runs/toy/mixtures/{version}"
        return eventually(
            lambda: answer if (answer := self.controller.get(path))["state"] == "applied" else None,
            patience_seconds=LAUNCH_SECONDS,
        )

    def wait_for_steps(self, count: int) -> None:
        goal = last_logged_step(self.directory) + count
        eventually(lambda: last_logged_step(self.directory) >= goal, patience_seconds=LAUNCH_SECONDS)

    def ledger(self) -> Ledger:
        ledger = RunDirectory(self.directory).journal.read()
        assert ledger is not None
        return ledger

    def close(self) -> None:
        self.job.close()
        self.controller.stop()


def _body() -> dict[str, Any]:
    sources = [{"name": name, "unique_tokens": 10_000} for name in MIXTURE]
    return {"name": "toy", "horizon_tokens": 10**9, "sources": sources, "mixture": MIXTURE}


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory, toy_corpus: Path) -> Iterator[LiveRun]:
    """A run that went through everything; the tests below look at what it left."""
    redis_box = RedisBox(tmp_path_factory.mktemp("redis"))
    redis_box.start()
    live = LiveRun(tmp_path_factory.mktemp("live"), toy_corpus, redis_box)
    try:
        live.job.start()
        live.wait_until_applied(1)
        live.change_live(12)
        live.wait_until_applied(live.version)
        live.wait_for_steps(60)

        live.job.kill()
        live.change_unheard(2)
        live.job.start()
        live.wait_until_applied(live.version)

        live.controller.kill()
        live.wait_for_steps(30)
        live.controller.start()
        live.wait_until_applied(live.change())

        live.redis.stop()
        live.change_unheard(2)
        live.wait_for_steps(30)
        live.redis.empty()
        live.redis.start()
        live.wait_until_applied(live.version)

        live.controller.kill()
        live.redis.stop()
        live.redis.empty()
        live.wait_for_steps(30)
        live.redis.start()
        live.controller.start()
        live.change_live(12)
        live.wait_until_applied(live.version)
        live.wait_for_steps(5)
        live.job.stop()
        yield live
    finally:
        live.close()
        redis_box.stop()


def test_both_ranks_drew_every_step_under_the_same_version(finished: LiveRun) -> None:
    logs = logged(finished.directory)
    attempts = {attempt for attempt, _ in logs}
    assert attempts == {1, 2}
    for attempt in attempts:
        one, other = (
            [(record.step, record.version, record.mixture, record.plan) for record in logs[attempt, rank]]
            for rank in (0, 1)
        )
        shorter = min(len(one), len(other))  # the kill may have caught one rank a step ahead of the other
        assert abs(len(one) - len(other)) <= (1 if attempt == 1 else 0)
        assert one[:shorter] == other[:shorter]
        assert [step for step, *_ in one] == list(range(one[0][0], one[0][0] + len(one)))


def test_at_least_twenty_changes_were_made_live(finished: LiveRun) -> None:
    applied = [entry for entry in finished.ledger() if entry.effective_step > 0]
    assert finished.version >= 29
    assert len(applied) >= 20
    for before, after in pairwise(finished.ledger()):
        assert before.effective_step < after.effective_step


def test_the_controller_knows_the_step_of_every_rank(finished: LiveRun) -> None:
    ledger = {entry.version: entry for entry in finished.ledger()}
    for version in range(1, finished.version + 1):
        shown = finished.controller.get(f"/v1/runs/toy/mixtures/{version}")
        if version in ledger:
            step = ledger[version].effective_step
            assert (shown["state"], shown["effective_steps"]) == ("applied", {"0": step, "1": step})
            assert shown["digest"] == ledger[version].mixture.digest
        else:
            assert shown["state"] == "superseded"


def test_the_replay_proves_every_batch_of_both_attempts(finished: LiveRun) -> None:
    found = replay_run(load_run_config(finished.yaml))
    assert found.mismatches == []
    assert found.num_batches == last_logged_step(finished.directory) + 1
    assert found.num_records == sum(len(records) for records in logged(finished.directory).values())
    assert found.num_records > 2 * found.num_batches  # the second attempt drew some of the first one's steps again


def test_a_run_that_was_left_alone_draws_the_same_batches(finished: LiveRun, toy_corpus: Path, tmp_path: Path) -> None:
    """The same ledger in one process, never killed, gives batch by batch what two ranks drew in two attempts."""
    drawn = {
        record.step: (record.version, record.plan)
        for (_, rank), records in logged(finished.directory).items()
        if rank == 0
        for record in records
    }
    alone = toy_run(tmp_path, toy_corpus, training={"total_steps": len(drawn)}, checkpoint={"every_steps": 100_000})
    alone.directory.mkdir()
    shutil.copy(finished.directory / "ledger.jsonl", alone.directory)
    train(alone)
    ((_, records),) = logged(alone.directory).items()
    assert {record.step: (record.version, record.plan) for record in records} == drawn


def test_training_never_stopped_for_anybody(finished: LiveRun) -> None:
    """Two attempts, one kill: no outage of controller or Redis ended a rank or made it start again."""
    assert sorted(logged(finished.directory)) == [(1, 0), (1, 1), (2, 0), (2, 1)]
    assert "Traceback" not in finished.job.output.split("SIGTERM")[0]
