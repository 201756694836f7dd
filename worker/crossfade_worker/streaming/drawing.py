"""Drawing: from the plan of a step to this rank's tokens, logged before anybody trains on them."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from copy import copy

import numpy as np

from crossfade_shared.ledger import LedgerEntry
from crossfade_worker.data.batches import BatchReader
from crossfade_worker.mixing.exhaustion import EndOfData
from crossfade_worker.mixing.planner import BatchPlan, Planner
from crossfade_worker.records.run_record import RunRecord
from crossfade_worker.streaming.step_batch import StepBatch
from crossfade_worker.world import Ranks


class Drawing:
    """Draws a rank's part of one step's batch after the other; every rank plans the whole batch alike."""

    def __init__(self, reader: BatchReader, record: RunRecord, ranks: Ranks) -> None:
        self._reader = reader
        self._record = record
        self._ranks = ranks

    def draw(self, plan: BatchPlan, sources: Sequence[str], step: int, entry: LedgerEntry) -> StepBatch:
        """Read and log what was planned for a step; `sources` are those of the planner, in its order."""
        rows = self._reader.read(plan.part(self._ranks.rank, self._ranks.size))
        counts = np.bincount(plan.sources, minlength=len(sources)).tolist()
        batch = StepBatch(step, entry.version, rows, dict(zip(sources, counts, strict=True)))
        self._record.add_batch(batch, entry, plan)
        return batch

    def read_ahead(self, planner: Planner, entry: LedgerEntry) -> None:
        """Have the rows read ahead that come next if the mixture stays; if not, a wasted read is all it costs."""
        with suppress(EndOfData):  # the next step will tell it
            probable = copy(planner).next_plan(entry.mixture)
            self._reader.will_need(probable.part(self._ranks.rank, self._ranks.size))
