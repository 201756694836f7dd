"""Several ranks: exact resume, another number of ranks, and mistakes told once."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import psutil
import pytest
import torch
from safetensors.torch import load_file
from tests.eventually import eventually
from tests.integration.jobs import TrainingJob, last_logged_step, logged
from tests.toy import run_values, toy_run, write_run

from crossfade_worker.config import load_run_config
from crossfade_worker.replay import replay_run
from crossfade_worker.train import train


def train_with_two_ranks(run_yaml: Path) -> TrainingJob:
    job = TrainingJob(run_yaml, ranks=2)
    job.start()
    assert job.wait() == 0, job.output
    return job


def test_two_ranks_resume_exactly_and_hand_over_to_one(tmp_path: Path, toy_corpus: Path) -> None:
    undisturbed, resumed = (write_run(tmp_path / name, run_values(toy_corpus)) for name in ("undisturbed", "resumed"))
    train_with_two_ranks(undisturbed)
    checkpoints = tmp_path / "undisturbed/run/checkpoints"
    for name in ("resumed", "one"):
        shutil.copytree(tmp_path / "undisturbed/run", tmp_path / name / "run")
        for step in (15, 20):
            shutil.rmtree(tmp_path / name / f"run/checkpoints/step-{step:08d}")
    train_with_two_ranks(resumed)
    for file in ("model.safetensors", "optimizer.safetensors"):
        one = load_file(checkpoints / "step-00000020" / file)
        other = load_file(tmp_path / "resumed/run/checkpoints/step-00000020" / file)
        assert all(torch.equal(tensor, other[name]) for name, tensor in one.items())

    alone = toy_run(tmp_path / "one", toy_corpus)
    train(alone)
    one = load_file(checkpoints / "step-00000020/model.safetensors")
    other = load_file(alone.directory / "checkpoints/step-00000020/model.safetensors")
    assert all(torch.allclose(tensor, other[name], atol=1e-4) for name, tensor in one.items())
    logs = logged(alone.directory)
    assert [record.plan for record in logs[2, 0]] == [record.plan for record in logs[1, 0][10:]]
    assert replay_run(load_run_config(resumed)).mismatches == []
    assert replay_run(alone).mismatches == []


@pytest.mark.parametrize(
    ("changes", "mistake"),
    [
        (
            {"training": {"batch_sequences": 7}},
            "crossfade: training.batch_sequences is 7, which 2 ranks cannot share equally; use a multiple of 2",
        ),
        (
            {"control": {"redis_url": "redis://127.0.0.1:1/0", "signing_key_file": "missing"}},
            "crossfade: control.signing_key_file: ",
        ),
    ],
    ids=["batch", "key"],
)
def test_a_mistake_ends_every_rank_and_is_told_once(
    tmp_path: Path, toy_corpus: Path, changes: dict[str, Any], mistake: str
) -> None:
    job = TrainingJob(write_run(tmp_path, run_values(toy_corpus, **changes)), ranks=2)
    job.start()
    assert job.wait() != 0
    assert job.output.count(mistake) == 1
    before_the_launcher_speaks = re.split(r"torch[./]distributed[./]elastic", job.output)[0]
    assert "Traceback" not in before_the_launcher_speaks


def test_ranks_end_when_their_launcher_is_killed(tmp_path: Path, toy_corpus: Path) -> None:
    values = run_values(toy_corpus, training={"total_steps": 1_000_000}, checkpoint={"every_steps": 1_000_000})
    job = TrainingJob(write_run(tmp_path, values), ranks=2)
    job.start()
    eventually(lambda: last_logged_step(tmp_path / "run") > 5, patience_seconds=90)
    ranks = job.kill_launcher()
    _, alive = psutil.wait_procs(ranks, timeout=30)
    assert alive == []
