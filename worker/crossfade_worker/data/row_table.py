"""Where rows lie: from (source, row) to shard and place, for whole plans at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from crossfade_worker.compiled import compiled
from crossfade_worker.data.shards import Shard, TokenSource
from crossfade_worker.mixing.planner import BatchPlan

Int64s = NDArray[np.int64]


@dataclass(slots=True, eq=False)  # frozen would treble the time of making one
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
        places, shards, rows, begins = _locate(
            plan.sources, plan.rows, self._first_row_of_source, self._first_row_of_shard
        )
        bounds = [*begins.tolist(), len(places)]
        return [
            Location(self._shards[shards[begin]], rows[begin:end], places[begin:end]) for begin, end in pairwise(bounds)
        ]


@compiled
def _locate(
    sources: NDArray[np.int16], rows: Int64s, first_row_of_source: Int64s, first_row_of_shard: Int64s
) -> tuple[Int64s, Int64s, Int64s, Int64s]:
    """Give, by shard and row: places in the plan, shards, rows within them, and where another shard begins."""
    numbers = np.empty_like(rows)
    for place in range(len(rows)):
        source = sources[place]
        numbers[place] = first_row_of_source[source] + rows[place]
        if rows[place] < 0 or numbers[place] >= first_row_of_source[source + 1]:
            raise ValueError("the plan asks for rows that its sources do not have; it was made for another corpus")
    places = np.argsort(numbers)
    shards, found = np.empty_like(places), np.empty_like(places)
    begins = []
    shard = -1
    for index, place in enumerate(places):
        if shard < 0 or numbers[place] >= first_row_of_shard[shard + 1]:
            shard = np.searchsorted(first_row_of_shard, numbers[place], side="right") - 1
            begins.append(index)
        shards[index] = shard
        found[index] = numbers[place] - first_row_of_shard[shard]
    return places, shards, found, np.array(begins, dtype=np.int64)
