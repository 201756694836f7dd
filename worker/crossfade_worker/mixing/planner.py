"""The planner: a pure function from (seed, sources, mixtures so far) to the composition of the next global batch."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from operator import add
from types import MappingProxyType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from crossfade_shared.errors import UserError
from crossfade_shared.mixture import Mixture
from crossfade_worker.mixing.exhaustion import Cap, CappedQuota, EndOfData
from crossfade_worker.mixing.permutation import epoch_key, half_bits, permute
from crossfade_worker.mixing.quota import Int64s, interleave


@dataclass(frozen=True, eq=False)
class BatchPlan:
    """What one global batch holds: `[sequences]` source numbers (by name order) and `[sequences]` rows within them."""

    sources: NDArray[np.int16]
    rows: Int64s

    def digest(self) -> str:
        """SHA-256 (hexadecimal) of the composition, equal on every rank and machine."""
        digest = hashlib.sha256(self.sources.astype("<i2").tobytes())
        digest.update(self.rows.astype("<i8").tobytes())
        return digest.hexdigest()

    def part(self, index: int, num_parts: int) -> BatchPlan:
        """Give the index-th of `num_parts` equal, contiguous parts: a rank's slice or one of its micro-batches."""
        size = len(self.rows) // num_parts
        place = slice(index * size, (index + 1) * size)
        return BatchPlan(self.sources[place], self.rows[place])


@dataclass(frozen=True)
class PlannerState:
    """All that the next plan depends on besides the mixture: by source, credit (millionths) and sequences drawn."""

    credits: tuple[int, ...]
    cursors: tuple[int, ...]

    @classmethod
    def start(cls, num_sources: int) -> Self:
        """Give the state before the first batch."""
        return cls((0,) * num_sources, (0,) * num_sources)

    def to_json(self) -> dict[str, list[int]]:
        """Give plain JSON values for a checkpoint."""
        return {"credits": list(self.credits), "cursors": list(self.cursors)}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """Read what `to_json` wrote."""
        return cls(tuple(map(int, values["credits"])), tuple(map(int, values["cursors"])))


class Planner:
    """Plans global batches of a fixed size, in order, without looking at world size, threads or prefetch depth.

    `num_rows` gives each source's rows by name, and `caps` the most that it may give; sources are numbered in name
    order.
    """

    def __init__(
        self,
        num_rows: Mapping[str, int],
        *,
        seed: int,
        batch_sequences: int,
        caps: Mapping[str, Cap] = MappingProxyType({}),
    ) -> None:
        for name, rows in num_rows.items():
            if rows < 1:
                raise UserError(
                    f"source {name!r} has no full row of tokens; give it more text or a shorter sequence length",
                    field=f"sources.{name}",
                )
        self.sources = tuple(sorted(num_rows))
        self.state = PlannerState.start(len(self.sources))
        self._num_rows = np.array([num_rows[name] for name in self.sources], dtype=np.int64)
        self._half_widths = np.array([half_bits(num_rows[name]) for name in self.sources], dtype=np.uint64)
        self.batch_sequences = batch_sequences
        self._seed = seed
        self._quota = CappedQuota(
            self.sources, [caps.get(name) for name in self.sources], batch_sequences=batch_sequences
        )

    def next_plan(self, mixture: Mixture) -> BatchPlan:
        """Plan the next batch under a mixture of exactly these sources and move on.

        Raises `EndOfData`, and stays where it is, if no whole batch is left.
        """
        return self.next_plans(mixture, 1)[0]

    def next_plans(self, mixture: Mixture, num_batches: int) -> list[BatchPlan]:
        """Plan several batches at once, the same as one by one but far faster, and move on.

        Gives fewer where the data end before, and raises `EndOfData` where not even one whole batch is left. The
        plans are neighbouring parts of the same two arrays.
        """
        credit, cursors = list(self.state.credits), list(self.state.cursors)
        counts: list[list[int]] = []
        while len(counts) < num_batches:
            try:
                batch_counts, credit = self._quota.share_out(mixture, credit, cursors)
            except EndOfData:
                if not counts:
                    raise
                break
            cursors = list(map(add, cursors, batch_counts))
            counts.append(batch_counts)
        if not counts:
            return []
        plans = self._compose(np.array(self.state.cursors, dtype=np.int64), np.array(counts, dtype=np.int64))
        self.state = PlannerState(tuple(credit), tuple(cursors))
        return plans

    def has_batch(self, mixture: Mixture) -> bool:
        """Say whether a whole batch is left under a mixture."""
        try:
            self._quota.share_out(mixture, self.state.credits, self.state.cursors)
        except EndOfData:
            return False
        return True

    def exhausted(self, mixture: Mixture) -> tuple[str, ...]:
        """Name the sources that have given all they may and whose weights in the mixture go to the others."""
        return self._quota.exhausted(mixture, self.state.cursors)

    def _compose(self, cursors: Int64s, counts: Int64s) -> list[BatchPlan]:
        """Give the batches that hold `[batches, sources]` sequences, the first ones drawn at `cursors`."""
        totals = counts.sum(axis=0)
        sources = np.repeat(np.arange(len(totals)), totals)
        order = interleave(counts)
        rows = self._rows(cursors, totals, sources)[order]
        numbers = sources[order].astype(np.int16)
        ends = np.cumsum(counts.sum(axis=1)).tolist()
        return [BatchPlan(numbers[begin:end], rows[begin:end]) for begin, end in pairwise([0, *ends])]

    def _rows(self, cursors: Int64s, counts: Int64s, sources: Int64s) -> Int64s:
        """Give the rows of the next `counts` draws, grouped by source.

        Draw c of a source of N rows lies in epoch c // N at position c % N of that epoch's permutation.
        """
        first_in_batch = np.repeat(np.cumsum(counts) - counts, counts)
        draws = cursors[sources] + np.arange(len(sources)) - first_in_batch
        epochs, positions = np.divmod(draws, self._num_rows[sources])
        # Draws are grouped by source and grow within it, so a pair (source, epoch) is one run of neighbours.
        begins = np.flatnonzero(np.diff(sources, prepend=-1) | np.diff(epochs, prepend=-1))
        keys = [epoch_key(self._seed, self.sources[sources[begin]], int(epochs[begin])) for begin in begins]
        return permute(
            positions.astype(np.uint64),
            self._num_rows[sources].astype(np.uint64),
            self._half_widths[sources],
            np.repeat(np.array(keys).T, np.diff(begins, append=len(sources)), axis=1),
        )
