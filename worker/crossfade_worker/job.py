"""The parts of a training job, put together in order: stream, model, optimizer, checkpoint."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import LlamaForCausalLM

from crossfade_shared.phases import Phases
from crossfade_worker.checkpoint import load_checkpoint, read_state
from crossfade_worker.checkpoint_folder import complete_checkpoints
from crossfade_worker.config import RunConfig
from crossfade_worker.leader import ask_leader
from crossfade_worker.mixture_stream import MixtureStream
from crossfade_worker.model.llama import build_llama
from crossfade_worker.model.parallel import parallelise
from crossfade_worker.optim.adamw import build_optimizer
from crossfade_worker.run_directory import RunDirectory
from crossfade_worker.stream import open_stream
from crossfade_worker.stream_state import StreamState
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
        if resumed := _newest_checkpoint(stream.directory, world):
            checkpoint, state = resumed
            stream.load_state(state, origin=str(checkpoint))
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


def _newest_checkpoint(directory: RunDirectory, world: World) -> tuple[Path, StreamState] | None:
    """Give the checkpoint that every rank resumes from, the newest that rank 0 sees, and the state in it."""

    def look() -> dict[str, Any] | None:
        found = complete_checkpoints(directory.checkpoints)
        return {"path": str(found[-1]), "state": read_state(found[-1]).to_json()} if found else None

    newest = ask_leader(look, world)
    return (Path(newest["path"]), StreamState.from_json(newest["state"])) if newest else None
