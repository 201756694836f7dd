"""Follows a run's checkpoints: scores each once, keeps the scores, and posts them when the controller is there."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable
from pathlib import Path

from crossfade_shared.client import Client
from crossfade_shared.errors import UnreachableError, UserError
from crossfade_worker.config import RunConfig
from crossfade_worker.data.manifest import hash_file
from crossfade_worker.evaluate.scores import Evaluation, EvaluationError, EvaluationFolder, Score
from crossfade_worker.evaluate.scoring_process import ScoringProcess
from crossfade_worker.records.checkpoint_folder import checkpoint_path, complete_checkpoints
from crossfade_worker.records.run_directory import RunDirectory

POLL_SECONDS = 1.0
logger = logging.getLogger(__name__)


class Evaluator:
    """Scores the checkpoints of one run and posts the scores, with a token where one is given."""

    def __init__(
        self, config: RunConfig, scoring: ScoringProcess, *, asked_to_stop: Callable[[], bool], token: str | None = None
    ) -> None:
        self._config = config
        self._scoring = scoring
        self._token = token
        self._asked_to_stop = asked_to_stop
        self._checkpoints = RunDirectory(config.directory).checkpoints
        self._folder = EvaluationFolder(evaluations_directory(config))
        self._given_up: dict[str, UserError] = {}
        self._unreachable: UnreachableError | None = None

    def run(self, *, watch: bool) -> None:
        """Score and post what is there; with `watch`, go on until the run's last checkpoint is posted, or a stop.

        Raises `EvaluationError` at the end if a checkpoint had to be given up, `UnreachableError` if the scores could
        not be posted and there is no watching for a better time, and `UserError` if there is nothing to score.
        """
        if not watch and not complete_checkpoints(self._checkpoints):
            raise UserError(f"there is no complete checkpoint in {self._checkpoints} yet; wait for one with --watch")
        while not self._asked_to_stop():
            self._score_new()
            self._post_new()
            if self._is_over() or not watch:
                self._raise_what_is_left()
                return
            time.sleep(POLL_SECONDS)

    def _raise_what_is_left(self) -> None:
        if self._given_up:
            raise EvaluationError("\n".join(str(error) for error in self._given_up.values()))
        if self._unreachable:
            raise self._unreachable

    def _score_new(self) -> None:
        for checkpoint in complete_checkpoints(self._checkpoints):
            if self._folder.has(checkpoint) or checkpoint.name in self._given_up:
                continue
            try:
                scores = self._scoring.score(checkpoint, asked_to_stop=self._asked_to_stop)
                if scores is None:
                    return
                self._folder.write(checkpoint.name, _evaluation(checkpoint, scores))
                logger.info("scored %s", checkpoint.name)
            except EvaluationError as error:
                if checkpoint.exists():  # else it was too old to be kept
                    self._give_up(checkpoint.name, error)

    def _post_new(self) -> None:
        url = self._config.control.controller_url
        waiting = [(name, evaluation) for name, evaluation in self._folder.unposted() if name not in self._given_up]
        if url is None or not waiting:
            return
        outage, self._unreachable = self._unreachable, None
        with Client(url, token=self._token) as client:
            for name, evaluation in waiting:
                try:
                    client.post_scores(self._config.run, evaluation.request_body())
                    self._folder.write(name, evaluation.model_copy(update={"posted": True}))
                except UnreachableError as error:
                    if outage is None:
                        logger.warning("scores stay in %s until they can be posted: %s", self._folder.directory, error)
                    self._unreachable = error
                    return
                except UserError as error:
                    self._give_up(name, error)

    def _is_over(self) -> bool:
        """Say whether the run's last checkpoint has been dealt with, and every score has been posted."""
        attempts, planned = RunDirectory(self._config.directory).journal.attempts(), self._config.training.total_steps
        total_steps = attempts[-1].course.ledger.total_steps(planned) if attempts else planned
        last = checkpoint_path(self._checkpoints, total_steps)
        return (self._folder.has(last) or last.name in self._given_up) and self._unreachable is None

    def _give_up(self, name: str, error: UserError) -> None:
        logger.error("%s: %s", name, error)
        self._given_up[name] = error


def evaluations_directory(config: RunConfig) -> Path:
    """Give the folder of a run's scores."""
    return RunDirectory(config.directory).evaluations


def _evaluation(checkpoint: Path, scores: list[Score]) -> Evaluation:
    try:
        state = json.loads((checkpoint / "state.json").read_bytes())
        return Evaluation(
            step=state["step"],
            tokens=state["tokens"],
            checkpoint=f"sha256:{hash_file(checkpoint / 'model.safetensors')}",
            results=tuple(scores),
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise EvaluationError(f"{checkpoint} is no complete checkpoint: {error}") from error
