"""Several ranks that go back together, while later versions are live; and what all of them are told if it fails."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.integration.jobs import TrainingJob, logged
from tests.toy import run_values, write_run
from tests.worker.streams import settings_of
from tests.worker.test_train import CONTROL, publish

from crossfade_shared.envelope import AtStep
from crossfade_worker.config import load_run_config
from crossfade_worker.replay import replay_run
from crossfade_worker.replay.from_scratch import replay_from_scratch
from crossfade_worker.train import train

TORCHRUN = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
FULL_DISK_RANK = Path(__file__).with_name("full_disk_rank.py")


def test_two_ranks_go_back_and_one_goes_on(tmp_path: Path, toy_corpus: Path, redis_url: str) -> None:
    run_yaml = write_run(tmp_path, run_values(toy_corpus, control={**CONTROL, "redis_url": redis_url}))
    publish(redis_url, 1, {"web": 1, "code": 1, "math": 1}, AtStep(step=7))
    for options in ([], ["--rewind-to", "9", "--skip-steps", "3"]):
        job = TrainingJob(run_yaml, ranks=2)
        job.start(*options)
        assert job.wait() == 0, job.output
        publish(redis_url, 2, {"web": 1, "code": 0, "math": 1})
    config = load_run_config(run_yaml)
    train(config)  # it is finished, and stays so
    found = replay_run(config, world_size=4)
    assert (found.num_batches, found.num_records, found.mismatches) == (35, 70, [])
    assert [
        [(entry.version, entry.effective_step) for entry in attempt.course.ledger] for attempt in found.attempts
    ] == [[(0, 0), (1, 7)], [(0, 0), (2, 5)], [(0, 0), (2, 5)]]
    logs = logged(config.directory)
    assert [record.plan for record in logs[2, 0]] == [record.plan for record in logs[2, 1]]
    assert all(sequences["code"] == 0 for step, sequences in found.sequences.items() if step >= 5)
    opinion = replay_from_scratch(run_yaml, world_size=8)
    assert (opinion.num_batches, opinion.differing_steps) == (35, ())


def test_an_attempt_that_cannot_be_written_down_is_refused_on_every_rank(tmp_path: Path, toy_corpus: Path) -> None:
    values = settings_of(tmp_path, toy_corpus).model_dump(mode="json") | {"control": {}}
    path = tmp_path / "stream.yaml"
    path.write_text(json.dumps(values))
    done = subprocess.run(
        [*TORCHRUN, FULL_DISK_RANK, path],
        capture_output=True,
        text=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert sorted(done.stdout.splitlines()) == [
        f"rank {rank}: [Errno 27] File too large, then {step}" for rank, step in ((0, 0), (1, 0))
    ]
