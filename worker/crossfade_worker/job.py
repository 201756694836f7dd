"""The parts of a training job, put together in order: corpus, folder, link, ledger, model."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import torch
from transformers import LlamaForCausalLM

from crossfade_shared.ledger import Ledger, LedgerEntry
from crossfade_shared.mixture import Mixture
from crossfade_shared.phases import Phases
from crossfade_shared.telemetry import AttemptReport
from crossfade_worker.batch_log import BatchLog
from crossfade_worker.checkpoint import LoopState, load_checkpoint
from crossfade_worker.config import RunConfig
from crossfade_worker.data.reader import RowReader
from crossfade_worker.data.shards import Corpus, open_corpus
from crossfade_worker.leader import ask_leader
from crossfade_worker.link import Link, open_link
from crossfade_worker.mixing.agreement import Agreement
from crossfade_worker.mixing.planner import Planner
from crossfade_worker.model.llama import build_llama
from crossfade_worker.model.parallel import parallelise
from crossfade_worker.optim.adamw import build_optimizer
from crossfade_worker.reporting import report_history
from crossfade_worker.run_directory import RunDirectory
from crossfade_worker.start import claim_run
from crossfade_worker.world import World


@dataclass(frozen=True, kw_only=True)
class Job:
    """One process's part of a run: what stays the same from step to step, or keeps its own state."""

    config: RunConfig
    world: World
    num_micro_batches: int
    directory: RunDirectory
    reader: RowReader
    planner: Planner
    phases: Phases
    model: LlamaForCausalLM
    optimizer: torch.optim.AdamW
    agreement: Agreement
    link: Link
    batch_log: BatchLog
    initial_state: LoopState


@contextmanager
def open_job(config: RunConfig, world: World) -> Iterator[Job]:
    """Put a job together, ready for its next step; closes what it opened.

    Raises `UserError`, the same on every rank, for what a person must mend.
    """
    num_micro_batches = config.training.num_micro_batches(world.size)
    corpus = open_corpus(config.corpus)
    Mixture.from_weights(config.mixture).check_covers(corpus.sources)
    reader = RowReader(corpus, sequence_length=config.model.sequence_length)
    planner = Planner(reader.num_rows, seed=config.training.seed, batch_sequences=config.training.batch_sequences)
    identity = identity_of(config, corpus)
    directory = RunDirectory(config.directory)
    ask_leader(lambda: bool(config.control.signing_key()), world)  # a mistake is told before anybody waits
    with (
        claim_run(directory, identity, world) as start,
        open_link(config, planner.sources, directory, attempt=start.attempt, is_leader=world.is_leader) as link,
        _open_batch_log(directory, link, world) as batch_log,
    ):
        ledger = start.ledger or _first_ledger(config, directory, link, world)
        model = parallelise(_build_model(config, corpus), world)
        optimizer = build_optimizer(model, config.optimizer)
        state = LoopState(step=0, tokens=0, ledger=ledger, planner=planner.state, identity=identity)
        if start.checkpoint and start.state:
            state = replace(start.state, ledger=ledger)
            planner.state = state.planner
            load_checkpoint(start.checkpoint, model, optimizer, world)
        agreement = Agreement(
            ledger,
            newest=link.newest,
            record=directory.journal.append,
            tokens_per_step=config.tokens_per_step,
            first_free_step=start.first_free_step,
            group=world.cpu_group,
        )
        agreement.check_ledgers()
        link.report(
            AttemptReport(
                start_step=state.step,
                total_steps=config.training.total_steps,
                tokens_per_step=config.tokens_per_step,
                world_size=world.size,
            )
        )
        report_history(link, ledger, world_size=world.size)
        yield Job(
            config=config,
            world=world,
            num_micro_batches=num_micro_batches,
            directory=directory,
            reader=reader,
            planner=planner,
            phases=config.phases(),
            model=model,
            optimizer=optimizer,
            agreement=agreement,
            link=link,
            batch_log=batch_log,
            initial_state=state,
        )


def identity_of(config: RunConfig, corpus: Corpus) -> dict[str, Any]:
    """Give what must be equal for a resume to draw the same batches and fit the same weights."""
    return {
        "run": config.run,
        "seed": config.training.seed,
        "batch_sequences": config.training.batch_sequences,
        "model": config.model.model_dump(mode="json", exclude={"preset", "attention"}),
        "vocab_size": corpus.vocab_size,
        "sources": {name: source.fingerprint for name, source in corpus.sources.items()},
    }


def _open_batch_log(directory: RunDirectory, link: Link, world: World) -> BatchLog:
    attempt = ask_leader(lambda: link.attempt, world)
    return BatchLog(directory.batches, attempt=attempt, rank=world.rank, world_size=world.size)


def _first_ledger(config: RunConfig, directory: RunDirectory, link: Link, world: World) -> Ledger:
    """Begin a run's history: under the newest version that is due at once, else under the configured mixture."""

    def begin() -> dict[str, Any]:
        newest = link.newest()
        entry = LedgerEntry(0, 0, Mixture.from_weights(config.mixture))
        if newest is not None and newest.earliest_step(config.tokens_per_step) == 0:
            entry = LedgerEntry(newest.version, 0, newest.mixture)
        directory.journal.append(entry)
        return entry.to_json()

    return Ledger([LedgerEntry.from_json(ask_leader(begin, world))])


def _build_model(config: RunConfig, corpus: Corpus) -> LlamaForCausalLM:
    return build_llama(
        config.model, vocab_size=corpus.vocab_size, end_of_text=corpus.end_of_text, seed=config.training.seed
    )
