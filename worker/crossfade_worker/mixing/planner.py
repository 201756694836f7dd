"""The planner: a pure function from (seed, sources, mixtures so far) to the composition of the next global batch."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from crossfade_shared.errors import UserError
from crossfade_shared.mixture import Mixture
from crossfade_worker.compiled import compiled
from crossfade_worker.mixing.exhaustion import Cap, CappedQuota, EndOfData
from crossfade_worker.mixing.permutation import Uint64s, drawn_rows, epoch_key, half_bits
from crossfade_worker.mixing.quota import Int64s, interleaved_sources


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

    def arrays(self) -> tuple[Int64s, Int64s]:
        """Give credits and cursors as `[sources]` arrays of one's own."""
        return np.array(self.credits, dtype=np.int64), np.array(self.cursors, dtype=np.int64)

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
        self._half_widths = np.array([half_bits(num_rows[name]) for name in self.sources], dtype=np.int64)
        self._keys_drawn = b""
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
        credit, cursors = self.state.arrays()
        counts = self._quota.share_out(mixture, credit, cursors, num_batches=num_batches)
        plans = self._compose(np.array(self.state.cursors, dtype=np.int64), counts)
        self.state = PlannerState(tuple(credit.tolist()), tuple(cursors.tolist()))
        return plans

    def has_batch(self, mixture: Mixture) -> bool:
        """Say whether a whole batch is left under a mixture."""
        try:
            self._quota.share_out(mixture, *self.state.arrays(), num_batches=1)
        except EndOfData:
            return False
        return True

    def exhausted(self, mixture: Mixture) -> tuple[str, ...]:
        """Name the sources that have given all they may and whose weights in the mixture go to the others."""
        return self._quota.exhausted(mixture, self.state.cursors)

    def _compose(self, cursors: Int64s, counts: Int64s) -> list[BatchPlan]:
        """Give the batches that hold `[batches, sources]` sequences, the first ones drawn at `cursors`."""
        first_epochs, last_epochs = _epochs(counts, cursors, self._num_rows)
        keys = self._keys_of(first_epochs, last_epochs)
        sources = interleaved_sources(counts)
        rows = drawn_rows(sources, cursors, self._num_rows, self._half_widths, first_epochs, *keys)
        size = self.batch_sequences
        parts = (slice(number * size, (number + 1) * size) for number in range(len(counts)))
        return [BatchPlan(sources[part], rows[part]) for part in parts]

    def _keys_of(self, first_epochs: Int64s, last_epochs: Int64s) -> tuple[Int64s, Uint64s]:
        """Give where each source's keys begin, and the `[keys, NUM_ROUNDS]` keys of all its epochs, first to last."""
        epochs_drawn = first_epochs.tobytes() + last_epochs.tobytes()
        if epochs_drawn != self._keys_drawn:
            epochs = list(map(range, first_epochs.tolist(), (last_epochs + 1).tolist()))
            keys = [
                epoch_key(self._seed, name, epoch)
                for name, of_source in zip(self.sources, epochs, strict=True)
                for epoch in of_source
            ]
            self._keys_drawn, self._keys = epochs_drawn, (np.cumsum([0, *map(len, epochs)]), np.array(keys))
        return self._keys


@compiled
def _epochs(counts: Int64s, cursors: Int64s, num_rows: Int64s) -> tuple[Int64s, Int64s]:
    """Give the epochs in which the draws of each source begin and end, over `[batches, sources]` counts."""
    return cursors // num_rows, (cursors + np.maximum(counts.sum(axis=0), 1) - 1) // num_rows
