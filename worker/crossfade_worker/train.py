"""`crossfade train RUN.yaml`: one process; `torchrun -m crossfade_worker.train RUN.yaml`: many.

The training thread plans and reads its own batches, by way of the run's stream. It makes no network call but the
collectives of training itself: mixtures arrive in a slot and reports leave through a queue, both served by background
threads.
"""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from crossfade_shared.errors import UserError
from crossfade_shared.telemetry import CheckpointReport, FinishedReport, StepReport
from crossfade_worker.checkpoint import save_checkpoint
from crossfade_worker.config import RunConfig, load_run_config
from crossfade_worker.job import Job, open_job
from crossfade_worker.optim.adamw import optimizer_step
from crossfade_worker.progress import StepProgress
from crossfade_worker.rewind import RewindTo
from crossfade_worker.step import forward_backward
from crossfade_worker.stop_signal import StopSignal
from crossfade_worker.streaming.step_batch import StepBatch
from crossfade_worker.world import join_world

_logger = logging.getLogger(__name__)


def train(config: RunConfig, *, rewind_to: RewindTo | None = None) -> None:
    """Train a run from where it stands, or goes back to, to its last step, or until a stop or the end of its data.

    However it ends, there is a checkpoint to go on from.

    Raises `UserError` for anything in the configuration, the corpus or the run's folder that a person must mend.
    """
    with (
        StopSignal() as stop,
        join_world(config.training.device) as world,
        open_job(config, world, rewind_to=rewind_to) as job,
        StepProgress(config.training.total_steps, shown=world.is_leader) as progress,
    ):
        saved_step = job.stream.num_trained_steps
        for batch in job.stream:
            progress.show(train_on(job, batch))
            if job.stream.num_trained_steps % config.checkpoint.every_steps == 0:
                save(job)
                saved_step = job.stream.num_trained_steps
            if stop.asked:
                job.stream.stop()
        if saved_step < job.stream.num_trained_steps:
            save(job)
        state = job.stream.state
        out_of_data = job.stream.end_of_data is not None
        if out_of_data and world.is_leader:
            _logger.warning("the run ends at step %d: %s", state.step, job.stream.end_of_data)
        if out_of_data or state.step == job.stream.total_steps:
            job.stream.report(FinishedReport(step=state.step, tokens=state.tokens, out_of_data=out_of_data))


def train_on(job: Job, batch: StepBatch) -> StepReport:
    """Train on one step's batch and report it."""
    config = job.config
    source_nats = forward_backward(
        job.model,
        batch.tokens,
        batch.sources,
        num_sources=len(batch.num_sequences),
        num_micro_batches=job.num_micro_batches,
        precision=config.training.precision,
        world=job.world,
    )
    phases = job.phases.under(job.stream.anneal)
    learning_rate = config.optimizer.peak_learning_rate * phases.learning_rate_factor(batch.step)
    gradient_norm = optimizer_step(
        job.model, job.optimizer, learning_rate=learning_rate, gradient_clip=config.optimizer.gradient_clip
    )
    loss, source_losses = batch.mean_losses(source_nats.tolist())
    return job.stream.step_ended(
        loss=loss,
        source_losses=source_losses,
        learning_rate=learning_rate,
        gradient_norm=gradient_norm.item(),
        phase=phases.at(batch.step),
        seconds_at_peak=job.seconds_at_peak,
    )


def save(job: Job) -> None:
    """Write a checkpoint and report it."""
    state = job.stream.state
    path = save_checkpoint(
        job.stream.directory.checkpoints,
        state,
        job.model,
        job.optimizer,
        is_leader=job.world.is_leader,
        keep=job.config.checkpoint.keep,
    )
    epochs = job.stream.source_epochs
    job.stream.report(CheckpointReport(step=state.step, tokens=state.tokens, path=str(path), source_epochs=epochs))


app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def _train(
    run_yaml: Annotated[Path, typer.Argument(help="The run's configuration.", metavar="RUN.yaml")],
    *,
    rewind_to: Annotated[
        int | None, typer.Option(min=0, metavar="STEP", help="Go back to the newest checkpoint at or before this step.")
    ] = None,
    skip_steps: Annotated[
        int, typer.Option(min=0, metavar="N", help="With --rewind-to: throw the next N steps' batches away.")
    ] = 0,
) -> None:
    """Train a run in this process, or as one of the ranks that torchrun started; run it again to resume."""
    logging.basicConfig(level=logging.WARNING, format="crossfade: %(message)s")
    if skip_steps and rewind_to is None:
        raise UserError("--skip-steps skips what follows a checkpoint; name it with --rewind-to", field="--skip-steps")
    config = load_run_config(run_yaml)
    train(config, rewind_to=None if rewind_to is None else RewindTo(rewind_to, skip_steps))


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
