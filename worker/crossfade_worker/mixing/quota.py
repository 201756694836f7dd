"""How many sequences of a global batch each source gives: exact integer credit, carried from batch to batch."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from crossfade_shared.mixture import PARTS_PER_MILLION

Int64s = NDArray[np.int64]


def apportion(credit: Int64s, weights_ppm: Int64s, num_sequences: int) -> tuple[Int64s, Int64s]:
    """Share out a batch and give (counts, new credit); counts sum to `num_sequences` and the credit to what it did.

    `credit` is what each source is owed, in millionths of a sequence. Every source earns its weight for every
    sequence of the batch; whole sequences are paid out, and what is left over of the batch goes to the largest
    remainders (ties by source order): the largest-remainder method on carried quotas. While every batch owes each
    source at least one sequence, none is ever a whole sequence away from its quota. A change of weights neither
    forgets nor repeats what was owed. A source at weight 0 draws nothing and keeps its credit.
    """
    owed = credit + weights_ppm * num_sequences
    active = weights_ppm > 0
    counts = np.where(active, np.maximum(owed // PARTS_PER_MILLION, 0), 0)
    # The credit of sources that are switched off can leave the rest of the sum further from the batch than one
    # sequence a source, hence the rounds; without a change of mixture there is one round at most.
    while (missing := num_sequences - int(counts.sum())) != 0:
        left = owed - counts * PARTS_PER_MILLION
        if missing > 0:
            candidates = np.flatnonzero(active)
            order = np.argsort(-left[candidates], kind="stable")
        else:
            candidates = np.flatnonzero(counts > 0)
            order = np.argsort(left[candidates], kind="stable")
        counts[candidates[order[: abs(missing)]]] += 1 if missing > 0 else -1
    return counts, owed - counts * PARTS_PER_MILLION


def interleave(counts: Int64s) -> Int64s:
    """Spread sources evenly over a batch: give `[counts.sum()]` indices into the sequences grouped by source.

    The j-th of n sequences of a source is placed at (2j + 1) / 2n of the batch, ties by source order, so that every
    contiguous part of the batch (a rank's slice, a micro-batch) holds nearly the same shares as the whole. The
    sequences of one source keep their order.
    """
    first = np.repeat(np.cumsum(counts) - counts, counts)
    numerator = 2 * (np.arange(len(first)) - first) + 1
    # Fixed point instead of a fraction: integers sort alike on every machine.
    place = (numerator << 32) // (2 * np.repeat(counts, counts))
    return np.argsort(place, kind="stable")
