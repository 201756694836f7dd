"""Several ranks: exact resume, another number of ranks, and mistakes told once."""

from __future__ import annotations

import shutil
from pathlib import Path

import torch
from safetensors.torch import load_file
from tests.integration.jobs import TrainingJob, logged
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


def test_a_batch_that_the_ranks_cannot_share_is_told_once(tmp_path: Path, toy_corpus: Path) -> None:
    run_yaml = write_run(tmp_path, run_values(toy_corpus, training={"batch_sequences": 7}))
    job = TrainingJob(run_yaml, ranks=2)
    job.start()
    assert job.wait() != 0
    mistake = "crossfade: training.batch_sequences is 7, which 2 ranks cannot share equally; use a multiple of 2"
    assert job.output.count(mistake) == 1
