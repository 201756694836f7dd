"""The reader: rows of tokens by (source, row), straight from the memory-mapped shards."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from crossfade_worker.compiled import compiled
from crossfade_worker.data.row_table import Int64s, RowTable
from crossfade_worker.data.shards import Corpus
from crossfade_worker.mixing.planner import BatchPlan


class RowReader:
    """Reads rows of `sequence_length + 1` neighbouring tokens, cut without overlap inside each shard.

    Sources are numbered in name order, as the planner numbers them. What is left of a shard after its last whole
    row is not used. Every read first makes sure that its shards are what they were when the corpus was opened and
    raises `CorpusError` naming the file that is not.
    """

    def __init__(self, corpus: Corpus, *, sequence_length: int) -> None:
        self.row_tokens = sequence_length + 1
        sources = [corpus.sources[name] for name in sorted(corpus.sources)]
        self._table = RowTable(sources, row_tokens=self.row_tokens)
        self.num_rows = dict(zip(sorted(corpus.sources), self._table.num_rows, strict=True))
        self.stored_dtype = np.result_type(*(source.dtype for source in sources))
        """Narrowest type that holds the tokens of every source."""

    def read(self, plan: BatchPlan) -> NDArray[np.int64]:
        """Give the tokens of a plan as `[rows, sequence_length + 1]` in memory of their own."""
        tokens = np.empty((len(plan.rows), self.row_tokens), dtype=np.int64)
        self.read_into(tokens, plan)
        return tokens

    def read_into(self, tokens: NDArray[np.integer], plan: BatchPlan) -> None:
        """Fill `[rows, sequence_length + 1]` tokens of a type that holds them, in the order of the plan.

        Each token is read once and written once, widened on the way, so that memory sees it once in each direction.
        """
        locations = self._table.locate(plan)
        for location in locations:
            _gather(tokens, location.places, location.shard.tokens, location.rows)
        for location in locations:
            location.shard.file.check()  # what changed while it was copied must not be trained on

    def will_need(self, plan: BatchPlan) -> None:
        """Have the rows of a plan that will probably be next read ahead; a wrong guess costs a wasted read."""
        for location in self._table.locate(plan):
            location.shard.will_need(location.rows, self.row_tokens)

    def position_ids(self, plan: BatchPlan) -> Int64s:
        """Give `[rows, sequence_length + 1]` positions that begin at 0 with every row and every document in it.

        They follow from where the documents of each shard end; the tokens are not looked at. Raises `CorpusError`
        for a shard whose documents are not known.
        """
        starts = np.zeros((len(plan.rows), self.row_tokens), dtype=np.int64)
        for location in self._table.locate(plan):
            ends = location.shard.document_ends
            begins = location.rows * self.row_tokens
            first = np.searchsorted(ends, begins.astype(ends.dtype), side="right")
            last = np.searchsorted(ends, (begins + self.row_tokens).astype(ends.dtype), side="left")
            counts = last - first
            numbers = np.repeat(last - np.cumsum(counts), counts) + np.arange(counts.sum())
            inside = ends[numbers].astype(np.int64) - np.repeat(begins, counts)
            starts[np.repeat(location.places, counts), inside] = inside
        return np.arange(self.row_tokens) - np.maximum.accumulate(starts, axis=1)


@compiled
def _gather(tokens: NDArray[np.integer], places: Int64s, stored: NDArray[np.unsignedinteger], rows: Int64s) -> None:
    """Copy rows of a shard to places in `[rows, width]` tokens."""
    width = tokens.shape[1]
    for place, row in zip(places, rows):  # noqa: B905 - the compiler knows no `strict`
        target, begin = tokens[place], row * width
        source = stored[begin : begin + width]
        for column in range(width):
            target[column] = source[column]
