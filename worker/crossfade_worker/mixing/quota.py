"""How many sequences of a global batch each source gives: exact integer credit, carried from batch to batch."""

from __future__ import annotations

import heapq
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from crossfade_shared.mixture import PARTS_PER_MILLION

Int64s = NDArray[np.int64]


class Quota:
    """Shares out batches under fixed weights, in parts per million by source, so that no source is a sequence away.

    `credit` is what a source is owed, in millionths of a sequence: it earns its weight for every sequence of a batch
    and pays a million for each that it gives. From no credit at all, and with k sources that have a weight, no batch
    of any size ever leaves a source further than 1 - 1 / (2k - 2) of a sequence from what it is owed (half a
    sequence for two), the least that can be promised.

    The rule is Tijdeman's ("The chairman assignment problem", Discrete Mathematics 32, 1980), here for whole batches:
    a source may give a sequence as soon as it is owed the margin 1 / (2k - 2) of it, must give it before it is owed
    more than 1 less the margin, and the earliest deadline comes first. Sequences that are due by the end of a batch
    number less than what all sources earned and k margins more, hence never more than fit; those that may be given
    number at least what fits; so a schedule exists, and the earliest deadline first finds it (Horn, 1974).

    A change of weights neither forgets nor repeats what was owed. Sources without a weight give nothing and keep
    their credit, and the others are measured from their own mean, which then is not 0.
    """

    def __init__(self, weights_ppm: Sequence[int]) -> None:
        self._active = [(source, weight) for source, weight in enumerate(weights_ppm) if weight > 0]
        self._margin = -(-PARTS_PER_MILLION // (2 * max(len(self._active), 2) - 2))

    def share_out(self, credit: Sequence[int], num_sequences: int) -> tuple[list[int], list[int]]:
        """Give (counts, new credit) by source; counts sum to `num_sequences`, and the credit to what it did.

        Plain integers: for the few sources of most mixtures they are several times faster than arrays.
        """
        mean = sum([credit[source] for source, _ in self._active]) // len(self._active)
        is_due, may_give = mean + PARTS_PER_MILLION - self._margin, mean + self._margin
        counts, owed, left_over, may_come = [0] * len(credit), list(credit), num_sequences, []
        for source, weight in self._active:
            mine = credit[source] + weight * num_sequences
            if mine > is_due:
                counts[source] = count = (mine - is_due - 1) // PARTS_PER_MILLION + 1
                mine -= count * PARTS_PER_MILLION
                left_over -= count
            owed[source] = mine
            if mine >= may_give:
                may_come.append(((is_due - mine) // weight, source))
        if 0 <= left_over <= len(may_come):
            may_come.sort()
            for _, source in may_come[:left_over]:
                counts[source] += 1
                owed[source] -= PARTS_PER_MILLION
        else:
            self._level(counts, owed, left_over)
        return counts, owed

    def _level(self, counts: list[int], owed: list[int], left_over: int) -> None:
        """Right after a change: give what is left over to those owed most, or take what is too much from the others."""
        one = 1 if left_over > 0 else -1
        candidates = [(-one * owed[source], source) for source, _ in self._active if one > 0 or counts[source] > 0]
        heapq.heapify(candidates)
        for _ in range(abs(left_over)):
            most, source = candidates[0]
            counts[source] += one
            owed[source] -= one * PARTS_PER_MILLION
            if one > 0 or counts[source] > 0:
                heapq.heapreplace(candidates, (most + PARTS_PER_MILLION, source))
            else:
                heapq.heappop(candidates)


def interleave(counts: Int64s) -> Int64s:
    """Spread sources evenly over each of several batches.

    `counts` is `[batches, sources]`; gives `[counts.sum()]` indices into the sequences grouped by source, batch after
    batch. The j-th of n sequences of a source is placed at (2j + 1) / 2n of its batch, ties by source order, so that
    every contiguous part of a batch (a rank's slice, a micro-batch) holds nearly the same shares as the whole. The
    sequences of one source keep their order.
    """
    num_batches, num_sources = counts.shape
    runs = counts.T.ravel()  # one for each source and batch
    first = np.repeat(np.cumsum(runs) - runs, runs)
    batches = np.repeat(np.tile(np.arange(num_batches), num_sources), runs)
    numerator = 2 * (np.arange(len(first)) - first) + 1
    # Fixed point instead of a fraction: integers sort alike on every machine.
    place = (numerator << 32) // (2 * np.repeat(runs, runs))
    return np.argsort((batches << 32) + place, kind="stable")
