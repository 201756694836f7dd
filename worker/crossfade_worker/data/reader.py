"""The reader: rows of tokens by (source, row), straight from the memory-mapped shards."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from crossfade_worker.data.shards import Corpus, TokenSource
from crossfade_worker.mixing.planner import BatchPlan


class RowReader:
    """Reads rows of `sequence_length + 1` neighbouring tokens, cut without overlap inside each shard.

    Sources are numbered in name order, as the planner numbers them. What is left of a shard after its last whole
    row is not used.
    """

    def __init__(self, corpus: Corpus, *, sequence_length: int) -> None:
        self.row_tokens = sequence_length + 1
        self._sources = [corpus.sources[name] for name in sorted(corpus.sources)]
        self._first_rows = [self._first_row_of_each_shard(source) for source in self._sources]
        self.num_rows = {
            source.name: int(first_rows[-1]) for source, first_rows in zip(self._sources, self._first_rows, strict=True)
        }

    def read(self, plan: BatchPlan) -> NDArray[np.int64]:
        """Give the tokens of a plan as `[rows, sequence_length + 1]`."""
        tokens = np.empty((len(plan.rows), self.row_tokens), dtype=np.int64)
        for place, (source, row) in enumerate(zip(plan.sources.tolist(), plan.rows.tolist(), strict=True)):
            first_rows = self._first_rows[source]
            shard = int(np.searchsorted(first_rows, row, side="right")) - 1
            begin = (row - int(first_rows[shard])) * self.row_tokens
            tokens[place] = self._sources[source].shards[shard].tokens[begin : begin + self.row_tokens]
        return tokens

    def _first_row_of_each_shard(self, source: TokenSource) -> NDArray[np.int64]:
        """Give the number of the first row of each shard, and the number of rows as one more entry."""
        rows = [shard.num_tokens // self.row_tokens for shard in source.shards]
        return np.concatenate([[0], np.cumsum(rows)]).astype(np.int64)
