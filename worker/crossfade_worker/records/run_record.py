"""What a run writes down before it acts: where an attempt begins, each version it takes up, each batch it draws."""

from __future__ import annotations

import logging
from collections.abc import Callable

from crossfade_shared.ledger import LedgerEntry
from crossfade_worker.mixing.journal import Attempt
from crossfade_worker.mixing.planner import BatchPlan
from crossfade_worker.records.batch_log import BatchLog, BatchRecord, tokens_digest
from crossfade_worker.records.run_directory import RunDirectory
from crossfade_worker.streaming.step_batch import StepBatch

logger = logging.getLogger(__name__)


class RunRecord:
    """Ledger journal (on rank 0) and batch log of one attempt.

    A disk that is full does not end training: from then on nothing more is written, so that no torn line is followed
    by another one, and `is_kept` is false, which is to say that no new version may be taken. `on_failure` is told why.
    """

    def __init__(self, directory: RunDirectory, batch_log: BatchLog, *, on_failure: Callable[[str], None]) -> None:
        self.is_kept = True
        self._directory = directory
        self._batch_log = batch_log
        self._on_failure = on_failure

    def begin(self, attempt: Attempt) -> None:
        """Write down, on rank 0 alone, that an attempt begins; raises `OSError` if that fails: it must then not."""
        self._directory.journal.begin(attempt)

    def add_version(self, entry: LedgerEntry) -> None:
        """Write a version down, on rank 0 alone; raises `OSError` if that fails, and it must then not take effect."""
        try:
            self._directory.journal.append(entry)
        except OSError as error:
            self._fail(error)
            raise

    def add_batch(self, batch: StepBatch, entry: LedgerEntry, plan: BatchPlan) -> None:
        """Write down what this rank draws of a global batch."""
        if not self.is_kept:
            return
        record = BatchRecord(
            step=batch.step,
            version=entry.version,
            mixture=entry.mixture.digest,
            plan=plan.digest(),
            tokens=tokens_digest(batch.tokens.numpy()),
        )
        try:
            self._batch_log.write(record)
        except OSError as error:
            self._fail(error)

    def _fail(self, error: OSError) -> None:
        self.is_kept = False
        why = f"{self._directory.path} cannot be written ({error.strerror}); until the run is started again, its "
        why += "batches are not logged and it stays under the mixture in force"
        logger.warning("%s", why)
        self._on_failure(why)
