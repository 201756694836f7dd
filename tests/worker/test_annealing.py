"""A version that begins the decay: mixture and learning rate change together, and resume and replay stay exact."""

from __future__ import annotations

import shutil
from pathlib import Path

import torch
from safetensors.torch import load_file
from tests.annealing import BEGIN, NUM_STEPS, annealed_run, check_course, publish_anneal, steps_reported

from crossfade_worker.config import load_run_config
from crossfade_worker.replay import replay_run
from crossfade_worker.rewind import RewindTo
from crossfade_worker.train import train


def test_mixture_and_learning_rate_change_together_and_the_run_ends_with_the_decay(
    tmp_path: Path, toy_corpus: Path, redis_url: str
) -> None:
    publish_anneal(redis_url)
    config = load_run_config(annealed_run(tmp_path, toy_corpus, redis_url))
    train(config)
    check_course(steps_reported(redis_url))
    found = replay_run(config)
    assert (found.num_batches, found.mismatches) == (BEGIN + NUM_STEPS, [])
    assert (config.directory / "checkpoints/step-00000012").is_dir()
    train(config)  # nothing is left to do
    assert replay_run(config).num_records == BEGIN + NUM_STEPS


def test_a_resume_in_the_middle_of_the_decay_is_exact_without_anybody_to_ask(
    tmp_path: Path, toy_corpus: Path, redis_url: str
) -> None:
    publish_anneal(redis_url)
    undisturbed = load_run_config(annealed_run(tmp_path / "undisturbed", toy_corpus, redis_url))
    train(undisturbed)
    resumed = load_run_config(annealed_run(tmp_path / "resumed", toy_corpus, None))
    shutil.copytree(undisturbed.directory, resumed.directory)
    shutil.rmtree(resumed.directory / "checkpoints/step-00000012")
    train(resumed)  # from step 10
    for name in ("model.safetensors", "optimizer.safetensors"):
        one, other = (
            load_file(config.directory / "checkpoints/step-00000012" / name) for config in (undisturbed, resumed)
        )
        assert all(torch.equal(tensor, other[key]) for key, tensor in one.items())
    assert replay_run(resumed).mismatches == []


def test_a_rewind_to_before_the_decay_begins_it_where_the_newest_version_governs(
    tmp_path: Path, toy_corpus: Path, redis_url: str
) -> None:
    publish_anneal(redis_url)
    first = load_run_config(annealed_run(tmp_path, toy_corpus, redis_url))
    train(first)
    config = load_run_config(annealed_run(tmp_path, toy_corpus, None))  # the run's own folder knows the version
    train(config, rewind_to=RewindTo(step=5))
    assert (config.directory / "checkpoints/step-00000009").is_dir()
    assert replay_run(config).mismatches == []
