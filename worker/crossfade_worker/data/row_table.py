"""Where rows lie: from (source, row) to shard and place, for whole plans at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crossfade_worker.data.shards import Shard, TokenSource
from crossfade_worker.mixing.planner import BatchPlan

Int64s = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Location:
    """Rows of one shard: `rows` are their numbers within it, `places` their places in the plan."""

    shard: Shard
    rows: Int64s
    places: Int64s


class RowTable:
    """Numbers the rows of all shards of all sources through; rows are cut without overlap inside each shard."""

    def __init__(self, sources: Sequence[TokenSource], *, row_tokens: int) -> None:
        self._shards = [shard for source in sources for shard in source.shards]
        num_rows = [shard.num_tokens // row_tokens for shard in self._shards]
        self._first_row_of_shard = np.concatenate([[0], np.cumsum(num_rows)]).astype(np.int64)
        first_shards = np.cumsum([0] + [len(source.shards) for source in sources])
        self._first_row_of_source = self._first_row_of_shard[first_shards]
        self.num_rows: list[int] = np.diff(self._first_row_of_source).tolist()

    def locate(self, plan: BatchPlan) -> list[Location]:
        """Group the rows of a plan by shard, in the order in which they lie there.

        Raises `ValueError` for a row that its source does not have, which would be another source's.
        """
        numbers = self._first_row_of_source[plan.sources] + plan.rows
        if (numbers >= self._first_row_of_source[1:][plan.sources]).any() or (plan.rows < 0).any():
            raise ValueError("the plan asks for rows that its sources do not have; it was made for another corpus")
        places = np.argsort(numbers)
        numbers = numbers[places]
        shards = np.searchsorted(self._first_row_of_shard, numbers, side="right") - 1
        rows = numbers - self._first_row_of_shard[shards]
        begins = np.flatnonzero(np.diff(shards, prepend=-1))
        numbers_of_shards = shards[begins].tolist()
        bounds = [*begins.tolist(), len(numbers)]
        return [
            Location(self._shards[shard], rows[begin:end], places[begin:end])
            for shard, begin, end in zip(numbers_of_shards, bounds, bounds[1:], strict=False)
        ]
