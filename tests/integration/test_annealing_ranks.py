"""Two ranks begin the decay at the same step, and draw and learn what one process does."""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors.torch import load_file
from tests.annealing import annealed_run, check_course, publish_anneal, steps_reported
from tests.integration.jobs import TrainingJob, logged

from crossfade_worker.config import load_run_config
from crossfade_worker.replay import replay_run
from crossfade_worker.train import train


def test_two_ranks_anneal_as_one_process_does(tmp_path: Path, toy_corpus: Path, redis_url: str) -> None:
    publish_anneal(redis_url)
    run_yaml = annealed_run(tmp_path / "two", toy_corpus, redis_url)
    job = TrainingJob(run_yaml, ranks=2)
    job.start()
    assert job.wait() == 0, job.output
    check_course(steps_reported(redis_url))
    two, alone = load_run_config(run_yaml), load_run_config(annealed_run(tmp_path / "one", toy_corpus, None))
    alone.directory.mkdir()
    (alone.directory / "ledger.jsonl").write_bytes((two.directory / "ledger.jsonl").read_bytes())
    train(alone)
    ((_, by_one),) = logged(alone.directory).items()
    by_two = logged(two.directory)
    for records in (by_two[1, 0], by_two[1, 1]):
        assert [(each.step, each.version, each.plan) for each in records] == [
            (each.step, each.version, each.plan) for each in by_one
        ]
    one, other = (load_file(each.directory / "checkpoints/step-00000012/model.safetensors") for each in (two, alone))
    assert all(torch.allclose(tensor, other[name], atol=1e-4) for name, tensor in one.items())
    assert replay_run(two).mismatches == []
