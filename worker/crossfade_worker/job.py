"""The parts of a training job, put together in order: stream, model, optimizer, checkpoint."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch
from transformers import LlamaForCausalLM

from crossfade_shared.phases import Phases
from crossfade_worker.checkpoint import load_checkpoint, read_state
from crossfade_worker.checkpoint_folder import complete_checkpoints
from crossfade_worker.config import RunConfig
from crossfade_worker.mixing.agreement import share_json
from crossfade_worker.mixture_stream import MixtureStream
from crossfade_worker.model.llama import build_llama
from crossfade_worker.model.parallel import parallelise
from crossfade_worker.optim.adamw import build_optimizer
from crossfade_worker.run_directory import RunDirectory
from crossfade_worker.stream import open_stream
from crossfade_worker.world import World


@dataclass(frozen=True, kw_only=True)
class Job:
    """One process's part of a run."""

    config: RunConfig
    world: World
    num_micro_batches: int
    stream: MixtureStream
    phases: Phases
    model: LlamaForCausalLM
    optimizer: torch.optim.AdamW


@contextmanager
def open_job(config: RunConfig, world: World) -> Iterator[Job]:
    """Put a job together, ready for its next step; closes what it opened.

    Raises `UserError`, the same on every rank, for what a person must mend.
    """
    num_micro_batches = config.training.num_micro_batches(world.size)
    identity = {"model": config.model.model_dump(mode="json", exclude={"preset", "attention"})}
    with open_stream(config.stream_settings(), ranks=world, identity=identity) as stream:
        corpus = stream.corpus
        model = build_llama(
            config.model, vocab_size=corpus.vocab_size, end_of_text=corpus.end_of_text, seed=config.training.seed
        )
        model = parallelise(model, world)
        optimizer = build_optimizer(model, config.optimizer)
        if checkpoint := _newest_checkpoint(stream.directory, world):
            stream.load_state(read_state(checkpoint), origin=str(checkpoint))
            load_checkpoint(checkpoint, model, optimizer, world)
        yield Job(
            config=config,
            world=world,
            num_micro_batches=num_micro_batches,
            stream=stream,
            phases=config.phases(),
            model=model,
            optimizer=optimizer,
        )


def _newest_checkpoint(directory: RunDirectory, world: World) -> Path | None:
    """Give the checkpoint that every rank resumes from: the newest that rank 0 sees."""
    found = complete_checkpoints(directory.checkpoints)
    newest = share_json(str(found[-1]) if found else None, world.cpu_group)
    return Path(newest) if newest else None
