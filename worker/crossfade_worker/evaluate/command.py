"""`crossfade evaluate`: score a run's checkpoints and post the scores."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Annotated

import typer

from crossfade_shared.client.credentials import token_from
from crossfade_worker.config import load_run_config
from crossfade_worker.evaluate.scoring_process import ScoringProcess
from crossfade_worker.evaluate.watcher import Evaluator, evaluations_directory
from crossfade_worker.stop_signal import StopSignal

app = typer.Typer(add_completion=False)


@app.command()
def _evaluate(
    run_yaml: Annotated[Path, typer.Argument(help="The run's configuration.", metavar="RUN.yaml")],
    watch: Annotated[
        bool, typer.Option("--watch", help="Go on until the last checkpoint of the run is scored and posted.")
    ] = False,
    token_file: Annotated[
        Path | None, typer.Option(help="File that holds the token for the controller; without it: CROSSFADE_TOKEN.")
    ] = None,
) -> None:
    """Score every checkpoint that has no scores yet, and post them to the controller that the run names."""
    logging.basicConfig(level=logging.WARNING, format="crossfade: %(message)s")
    logging.getLogger("crossfade_worker").setLevel(logging.INFO)
    config, token = load_run_config(run_yaml), token_from(token_file)
    with (
        StopSignal() as stop,
        ScoringProcess(config.corpus, config.evaluation, evaluations_directory(config)) as scoring,
    ):
        Evaluator(config, scoring, token=token, asked_to_stop=lambda: stop.asked).run(watch=watch)
