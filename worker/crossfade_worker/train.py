"""`crossfade train RUN.yaml`: one process; `torchrun -m crossfade_worker.train RUN.yaml`: many.

The training thread plans and reads its own batches. It makes no network call but the collectives of training itself:
mixtures arrive in a slot and reports leave through a queue, both served by background threads.
"""

from __future__ import annotations

import logging
import os
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from crossfade_shared.errors import UserError
from crossfade_shared.telemetry import CheckpointReport, FinishedReport
from crossfade_worker.batch_log import BatchRecord, tokens_digest
from crossfade_worker.checkpoint import LoopState, save_checkpoint
from crossfade_worker.config import RunConfig, load_run_config
from crossfade_worker.job import Job, open_job
from crossfade_worker.optim.adamw import optimizer_step
from crossfade_worker.progress import StepProgress
from crossfade_worker.reporting import applied_report, step_report
from crossfade_worker.step import forward_backward
from crossfade_worker.stop_signal import StopSignal
from crossfade_worker.world import join_world


def train(config: RunConfig) -> None:
    """Train a run from where it stands to its last step, or until it is asked to stop; either way it can go on.

    Raises `UserError` for anything in the configuration, the corpus or the run's folder that a person must mend.
    """
    total_steps = config.training.total_steps
    with (
        StopSignal() as stop,
        join_world(config.training.device) as world,
        open_job(config, world) as job,
        StepProgress(total_steps, shown=world.is_leader) as progress,
    ):
        state = job.initial_state
        saved_step = state.step
        if state.step < total_steps:
            job.agreement.announce(state.step)
        while state.step < total_steps:
            decision = job.agreement.conclude(state.step)
            if decision.stop:
                break
            if decision.adoption:
                job.link.report(applied_report(decision.adoption))
            if state.step + 1 < total_steps:
                job.agreement.announce(state.step + 1, stop=stop.asked)

            state = take_step(job, state, progress)
            if state.step % config.checkpoint.every_steps == 0:
                save(job, state)
                saved_step = state.step
        job.agreement.finish()
        if saved_step < state.step:
            save(job, state)
        if state.step == total_steps:
            job.link.report(FinishedReport(step=state.step, tokens=state.tokens))


def take_step(job: Job, state: LoopState, progress: StepProgress) -> LoopState:
    """Draw, log and train on the next global batch; gives the state after it."""
    began = time.perf_counter()
    config, step = job.config, state.step
    entry = state.ledger.entry_at(step)
    plan = job.planner.next_plan(entry.mixture)
    share = plan.part(job.world.rank, job.world.size)
    tokens = job.reader.read(share)
    job.batch_log.write(
        BatchRecord(
            step=step,
            version=entry.version,
            mixture=entry.mixture.digest,
            plan=plan.digest(),
            tokens=tokens_digest(tokens),
        )
    )

    source_nats = forward_backward(
        job.model,
        tokens,
        share.sources,
        num_sources=len(job.planner.sources),
        num_micro_batches=job.num_micro_batches,
        precision=config.training.precision,
        world=job.world,
    )
    learning_rate = config.optimizer.peak_learning_rate * job.phases.learning_rate_factor(step)
    gradient_norm = optimizer_step(
        job.model, job.optimizer, learning_rate=learning_rate, gradient_clip=config.optimizer.gradient_clip
    )

    state = replace(state, step=step + 1, tokens=state.tokens + config.tokens_per_step, planner=job.planner.state)
    report = step_report(
        state,
        plan,
        job.planner.sources,
        version=entry.version,
        phase=job.phases.at(step),
        source_nats=source_nats.tolist(),
        sequence_length=config.model.sequence_length,
        gradient_norm=gradient_norm.item(),
        learning_rate=learning_rate,
        seconds=time.perf_counter() - began,
    )
    job.link.report(report)
    progress.show(report)
    return state


def save(job: Job, state: LoopState) -> None:
    """Write a checkpoint and report it."""
    path = save_checkpoint(
        job.directory.checkpoints,
        state,
        job.model,
        job.optimizer,
        is_leader=job.world.is_leader,
        keep=job.config.checkpoint.keep,
    )
    job.link.report(CheckpointReport(step=state.step, tokens=state.tokens, path=str(path)))


app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def _train(run_yaml: Annotated[Path, typer.Argument(help="The run's configuration.", metavar="RUN.yaml")]) -> None:
    """Train a run in this process, or as one of the ranks that torchrun started; run it again to resume."""
    logging.basicConfig(level=logging.WARNING, format="crossfade: %(message)s")
    train(load_run_config(run_yaml))


def main() -> None:
    """Run as a module: `torchrun -m crossfade_worker.train RUN.yaml`; rank 0 alone prints a person's mistake."""
    try:
        app()
    except UserError as error:
        if os.environ.get("RANK", "0") == "0":
            print(f"crossfade: {error}", file=sys.stderr)  # noqa: T201 - this is the terminal
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
