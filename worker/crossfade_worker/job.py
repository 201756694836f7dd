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
from crossfade_worker.config import RunConfig
from crossfade_worker.leader import ask_leader
from crossfade_worker.model.llama import build_llama
from crossfade_worker.model.parallel import parallelise
from crossfade_worker.model.utilisation import seconds_at_peak
from crossfade_worker.optim.adamw import build_optimizer
from crossfade_worker.records.checkpoint_folder import complete_checkpoints
from crossfade_worker.rewind import RewindTo, put_aside
from crossfade_worker.stream import open_stream
from crossfade_worker.streaming.beginning import Rewind
from crossfade_worker.streaming.mixture_stream import MixtureStream
from crossfade_worker.streaming.state import StreamState
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
    seconds_at_peak: float | None
    """What a step would take at the devices' peak, where that is known."""


@contextmanager
def open_job(config: RunConfig, world: World, *, rewind_to: RewindTo | None = None) -> Iterator[Job]:
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
        if found := _checkpoint(stream, world, rewind_to):
            rewind = Rewind(rewind_to.skip_steps) if rewind_to and found.rewinds else None
            stream.load_state(found.state, origin=str(found.path), rewind=rewind)
            load_checkpoint(found.path, model, optimizer, world)
            if rewind:
                ask_leader(lambda: put_aside(stream.directory, after=found.path, attempt=stream.attempt), world)
        yield Job(
            config=config,
            world=world,
            num_micro_batches=num_micro_batches,
            stream=stream,
            phases=config.phases(),
            model=model,
            optimizer=optimizer,
            seconds_at_peak=seconds_at_peak(config, world, vocab_size=corpus.vocab_size),
        )


@dataclass(frozen=True)
class _Checkpoint:
    path: Path
    state: StreamState
    rewinds: bool


def _checkpoint(stream: MixtureStream, world: World, rewind_to: RewindTo | None) -> _Checkpoint | None:
    """Give what every rank goes on from, as rank 0 sees it: the newest checkpoint, or the one to go back to."""
    directory = stream.directory

    def look() -> dict[str, Any] | None:
        rewinds = rewind_to is not None and not rewind_to.is_done(directory, attempt=stream.attempt)
        found = (
            [rewind_to.checkpoint(directory)] if rewind_to and rewinds else complete_checkpoints(directory.checkpoints)
        )
        state = read_state(found[-1]).to_json() if found else None
        return {"path": str(found[-1]), "state": state, "rewinds": rewinds} if found else None

    found = ask_leader(look, world)
    return found and _Checkpoint(Path(found["path"]), StreamState.from_json(found["state"]), found["rewinds"])
