"""How many sequences of a global batch each source gives: exact integer credit, carried from batch to batch."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from crossfade_shared.mixture import PARTS_PER_MILLION
from crossfade_worker.compiled import compiled

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
        self._weights_ppm = np.array(weights_ppm, dtype=np.int64)
        num_active = int(np.count_nonzero(self._weights_ppm))
        self._margin = -(-PARTS_PER_MILLION // (2 * max(num_active, 2) - 2))

    def share_out(self, credit: Int64s, num_sequences: int) -> Int64s:
        """Give the `[sources]` counts of one batch, which sum to `num_sequences`, and settle `credit` in place."""
        counts = np.zeros_like(credit)
        _share_out(self._weights_ppm, self._margin, credit, num_sequences, counts)
        return counts

    def share_out_batches(
        self, credit: Int64s, cursors: Int64s, limits: Int64s, num_sequences: int, counts: Int64s
    ) -> int:
        """Fill `[batches, sources]` counts, one batch after another, while no source's cursor passes its limit.

        Gives how many batches that are; `credit` and `cursors` (what each source gave before) are settled in place
        for these.
        """
        return _share_out_batches(self._weights_ppm, self._margin, credit, cursors, limits, num_sequences, counts)


@compiled
def _share_out_batches(  # noqa: PLR0917 - the compiler takes no keywords alone
    weights_ppm: Int64s,
    margin: int,
    credit: Int64s,
    cursors: Int64s,
    limits: Int64s,
    num_sequences: int,
    counts: Int64s,
) -> int:
    before = np.empty_like(credit)
    for batch in range(len(counts)):
        before[:] = credit
        _share_out(weights_ppm, margin, credit, num_sequences, counts[batch])
        if (counts[batch] > np.maximum(limits - cursors, 0)).any():
            credit[:] = before
            return batch
        cursors += counts[batch]
    return len(counts)


@compiled
def _share_out(weights_ppm: Int64s, margin: int, credit: Int64s, num_sequences: int, counts: Int64s) -> None:
    active = np.flatnonzero(weights_ppm)
    mean = credit[active].sum() // len(active)
    is_due, may_give = mean + PARTS_PER_MILLION - margin, mean + margin
    left_over = num_sequences
    for source in active:
        credit[source] += weights_ppm[source] * num_sequences
        due = max(0, -((is_due - credit[source]) // PARTS_PER_MILLION))
        counts[source] = due
        credit[source] -= due * PARTS_PER_MILLION
        left_over -= due
    may_come = active[credit[active] >= may_give]
    if 0 <= left_over <= len(may_come):
        deadlines = (is_due - credit[may_come]) // weights_ppm[may_come]
        for source in may_come[np.argsort(deadlines, kind="mergesort")[:left_over]]:  # equal ones by source order
            counts[source] += 1
            credit[source] -= PARTS_PER_MILLION
    else:
        _level(active, credit, left_over, counts)


@compiled
def _level(active: Int64s, credit: Int64s, left_over: int, counts: Int64s) -> None:
    """Right after a change: give what is left over to those owed most, or take what is too much from the others."""
    one = 1 if left_over > 0 else -1
    for _ in range(abs(left_over)):
        chosen = -1
        for source in active:
            may_change = one > 0 or counts[source] > 0
            if may_change and (chosen < 0 or one * credit[source] > one * credit[chosen]):
                chosen = source
        counts[chosen] += one
        credit[chosen] -= one * PARTS_PER_MILLION


@compiled
def interleaved_sources(counts: Int64s) -> NDArray[np.int16]:
    """Give the source numbers of the sequences of `[batches, sources]` counts, each batch interleaved."""
    sources = np.empty(counts.sum(), dtype=np.int16)
    place = 0
    for batch in counts:
        of_sequence = np.repeat(np.arange(len(batch)), batch)
        for index in interleave(batch):
            sources[place] = of_sequence[index]
            place += 1
    return sources


@compiled
def interleave(counts: Int64s) -> Int64s:
    """Spread the sources of a batch evenly over it.

    `counts` is `[sources]`; gives `[counts.sum()]` indices into the sequences grouped by source. The j-th of n
    sequences of a source is placed at (2j + 1) / 2n of the batch, ties by source order, so that every contiguous part
    of the batch (a rank's slice, a micro-batch) holds nearly the same shares as the whole. The sequences of one source
    keep their order.
    """
    places = np.empty(counts.sum(), dtype=np.int64)
    begin = 0
    for count in counts:
        for number in range(count):
            # Fixed point instead of a fraction: integers sort alike on every machine.
            places[begin + number] = ((2 * number + 1) << 32) // (2 * count)
        begin += count
    return np.argsort(places, kind="mergesort")
