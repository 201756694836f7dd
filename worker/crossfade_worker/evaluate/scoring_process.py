"""Scoring in a process of its own, so that a crash or a hang of it can be ended and training keeps its cores."""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from types import FrameType

from crossfade_shared.closing import Closing
from crossfade_shared.errors import UserError
from crossfade_worker.child_process import follow_parent
from crossfade_worker.evaluate.scores import EvaluationError, Score
from crossfade_worker.evaluate.settings import EvaluationConfig

_NICENESS = 5
_LOOK_SECONDS = 0.2
_END_SECONDS = 5.0
_ENVIRONMENT = {
    "HF_DATASETS_OFFLINE": "1",
    "HF_HUB_OFFLINE": "1",
    "TOKENIZERS_PARALLELISM": "false",
    "TQDM_DISABLE": "1",
}


class ScoringProcess(Closing):
    """Scores checkpoints one after another; the process is started when needed and anew after a crash or a hang."""

    def __init__(self, corpus: Path, settings: EvaluationConfig, work_directory: Path) -> None:
        self._arguments = (corpus, settings, work_directory)
        self._timeout_seconds = settings.timeout_seconds
        self._context = multiprocessing.get_context("spawn")
        self._process: multiprocessing.process.BaseProcess | None = None
        self._connection: Connection

    def score(self, checkpoint: Path, *, asked_to_stop: Callable[[], bool]) -> list[Score] | None:
        """Give the scores of a checkpoint, or None if asked to stop before they are there.

        Raises `EvaluationError` if scoring fails, crashes or takes longer than its time-out.
        """
        self._start()
        deadline = time.monotonic() + self._timeout_seconds
        try:
            self._connection.send(checkpoint)
            while not self._connection.poll(_LOOK_SECONDS):
                if asked_to_stop():
                    self.close()
                    return None
                if time.monotonic() > deadline:
                    self.close()
                    raise EvaluationError(
                        f"{checkpoint} was not scored within {self._timeout_seconds:g} s and was given up; give "
                        "`evaluation.timeout_seconds` more, or fewer items and documents"
                    )
            answer: list[Score] | str = self._connection.recv()
        except (EOFError, OSError) as error:
            self.close()
            if asked_to_stop():  # a signal to the whole group ends the scoring process too
                return None
            raise EvaluationError(f"the scoring process crashed on {checkpoint}; its last words are above") from error
        if isinstance(answer, str):
            raise EvaluationError(answer)
        return answer

    def close(self) -> None:
        """End the process, if there is one."""
        if self._process is None:
            return
        self._process.terminate()
        self._process.join(_END_SECONDS)
        self._process.kill()
        self._process.join()
        self._process.close()
        self._connection.close()
        self._process = None

    def _start(self) -> None:
        if self._process is not None:
            return
        self._connection, theirs = self._context.Pipe()
        self._process = self._context.Process(target=_serve, args=(theirs, *self._arguments), daemon=True)
        self._process.start()
        theirs.close()  # only the child holds its end, so that its death is seen here


def _leave(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - the signature of a handler
    """End in order, so that nothing shared is left behind; a second signal must not disturb that."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    sys.exit()


def _serve(connection: Connection, corpus_directory: Path, settings: EvaluationConfig, work_directory: Path) -> None:
    """Answer each checkpoint with its scores, or with what went wrong."""
    follow_parent()
    signal.signal(signal.SIGTERM, _leave)
    os.nice(_NICENESS)
    os.environ.update(_ENVIRONMENT)
    logging.basicConfig(level=logging.WARNING, format="crossfade: %(message)s")
    logging.getLogger("lm_eval").setLevel(logging.ERROR)
    import torch  # noqa: PLC0415 - these read the environment when they are imported

    from crossfade_worker.data.shards import open_corpus  # noqa: PLC0415
    from crossfade_worker.evaluate.scoring import score_checkpoint  # noqa: PLC0415

    torch.set_num_threads(settings.num_threads)
    while True:
        checkpoint: Path = connection.recv()
        try:
            corpus = open_corpus(corpus_directory)
            connection.send(score_checkpoint(checkpoint, corpus, settings, work_directory=work_directory))
        except UserError as error:
            connection.send(str(error))
        except Exception as error:  # whatever went wrong belongs to this checkpoint
            connection.send(f"{checkpoint} could not be scored: {type(error).__name__}: {error}")
