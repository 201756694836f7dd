"""Caps: a source gives so many epochs at most, and then follows its declared rule."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from crossfade_shared.mixture import Mixture
from crossfade_worker.mixing.quota import Int64s, Quota

ExhaustionRule = Literal["redistribute", "stop"]
_NO_LIMIT = 2**62


@dataclass(frozen=True)
class Cap:
    """The most rows that a source may give in a whole run, and what happens then.

    `redistribute`: the other sources share its weight in proportion. `stop`: training ends before the first batch
    that would need more.
    """

    num_rows: int
    rule: ExhaustionRule = "redistribute"


class EndOfData(Exception):  # noqa: N818 - it ends a run as it should end, like StopIteration
    """No further batch can be drawn: a source whose rule is to stop is at its cap, or every source is."""

    def __init__(self, sources: Sequence[str]) -> None:
        super().__init__(f"no further batch can be drawn: {', '.join(sources)} gave all rows allowed by max_epochs")
        self.sources = tuple(sources)


class CappedQuota:
    """Shares out batches of a fixed size by quota while no source passes its cap.

    `sources` and `caps` (None: no cap) go by source number.
    """

    def __init__(self, sources: Sequence[str], caps: Sequence[Cap | None], *, batch_sequences: int) -> None:
        self._sources = tuple(sources)
        self._stopping = {name for name, cap in zip(sources, caps, strict=True) if cap and cap.rule == "stop"}
        self._limits = np.array([cap.num_rows if cap else _NO_LIMIT for cap in caps], dtype=np.int64)
        self._is_capped = any(caps)
        self._batch_sequences = batch_sequences
        self._latest: tuple[Mixture, tuple[int, ...], Quota] | None = None

    def share_out(self, mixture: Mixture, credit: Int64s, cursors: Int64s, *, num_batches: int) -> Int64s:
        """Give the `[batches, sources]` counts of the next batches and settle `credit` and `cursors` in place.

        `cursors` is what each source gave before. A source that would pass its cap gives what it has left, and the
        others share the rest of the batch by their own quota, as they share every later batch. It depends on its
        arguments alone, so every rank and every replay comes to the same counts. Gives fewer batches where the data
        end before, and raises `EndOfData` where not even one whole batch can be drawn.
        """
        counts = np.zeros((num_batches, len(self._sources)), dtype=np.int64)
        done = 0
        while done < num_batches:
            try:
                quota = self._quota_without(self._at_cap(cursors), mixture)
                done += quota.share_out_batches(credit, cursors, self._limits, self._batch_sequences, counts[done:])
                if done < num_batches:
                    counts[done] = self._reach_caps(mixture, credit, cursors)
                    done += 1
            except EndOfData:
                if not done:
                    raise
                break
        return counts[:done]

    def exhausted(self, mixture: Mixture, cursors: Sequence[int]) -> tuple[str, ...]:
        """Name the sources at their cap whose weights in the mixture go to the others."""
        at_cap = [self._sources[source] for source in self._at_cap(np.array(cursors, dtype=np.int64))]
        return tuple(name for name in at_cap if mixture.weights_ppm[name] > 0 and name not in self._stopping)

    def _at_cap(self, cursors: Int64s) -> tuple[int, ...]:
        if not self._is_capped:
            return ()
        return tuple(np.flatnonzero(cursors >= self._limits).tolist())

    def _reach_caps(self, mixture: Mixture, credit: Int64s, cursors: Int64s) -> Int64s:
        """Share out the batch in which sources come to their caps."""
        rooms = np.maximum(self._limits - cursors, 0)  # a cap may be lower than what was given under an earlier one
        at_cap = rooms == 0
        while True:
            quota = self._quota_without(tuple(np.flatnonzero(at_cap).tolist()), mixture)
            owed, given = credit.copy(), np.where(at_cap, rooms, 0)
            counts = given + quota.share_out(owed, self._batch_sequences - int(given.sum()))
            short = counts > rooms
            if not short.any():
                break
            at_cap |= short
        credit[:] = owed
        cursors += counts
        return counts

    def _quota_without(self, at_cap: tuple[int, ...], mixture: Mixture) -> Quota:
        if self._latest and self._latest[0] is mixture and self._latest[1] == at_cap:
            return self._latest[2]
        mixture.check_covers(self._sources)
        names = [self._sources[source] for source in at_cap]
        asked = [name for name in names if mixture.weights_ppm[name] > 0]
        effective = mixture.without(names)
        if effective is None:
            raise EndOfData(asked)
        if stopping := self._stopping.intersection(asked):
            raise EndOfData(sorted(stopping))
        quota = Quota(tuple(effective.weights_ppm.values()))
        self._latest = mixture, at_cap, quota
        return quota
