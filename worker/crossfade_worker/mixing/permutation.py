"""A keyed permutation of a source's rows for every epoch, computed one position at a time.

A balanced Feistel network over the smallest even number of bits that holds all rows (at least 8, since smaller
networks mix badly), with cycle walking (Black and Rogaway, "Ciphers with Arbitrary Finite Domains", 2002): a bijection
without an index in memory, so any position of any epoch costs the same.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Uint64s = NDArray[np.uint64]

NUM_ROUNDS = 4
_MIN_HALF_BITS = 4
_MULTIPLIER_1 = np.uint64(0xBF58476D1CE4E5B9)
_MULTIPLIER_2 = np.uint64(0x94D049BB133111EB)


@lru_cache(maxsize=1024)
def epoch_key(seed: int, source: str, epoch: int) -> Uint64s:
    """Derive the `[NUM_ROUNDS]` round keys of one epoch of one source."""
    digest = hashlib.blake2b(f"crossfade.rows/1:{seed}:{source}:{epoch}".encode(), digest_size=8 * NUM_ROUNDS).digest()
    return np.frombuffer(digest, dtype="<u8").astype(np.uint64)


def half_bits(num_rows: int) -> int:
    """Give the width of half a Feistel block for a source of so many rows."""
    return max(_MIN_HALF_BITS, ((num_rows - 1).bit_length() + 1) // 2)


def permute(positions: Uint64s, num_rows: Uint64s, half_widths: Uint64s, keys: Uint64s) -> NDArray[np.int64]:
    """Give the row at each of `[n]` positions; over a whole epoch every row of the source comes exactly once.

    Each position has its own number of rows, half width and `[NUM_ROUNDS]` round keys (`keys` is `[NUM_ROUNDS, n]`),
    so that one call serves all sources of a batch.
    """
    rows = _feistel(positions, half_widths, keys)
    while len(outside := np.flatnonzero(rows >= num_rows)):  # cycle walking, a few rounds on average
        rows[outside] = _feistel(rows[outside], half_widths[outside], keys[:, outside])
    return rows.astype(np.int64)


def _feistel(values: Uint64s, half_widths: Uint64s, keys: Uint64s) -> Uint64s:
    mask = (np.uint64(1) << half_widths) - np.uint64(1)
    left, right = values >> half_widths, values & mask
    for key in keys:
        left, right = right, left ^ (_mix(right + key) & mask)
    return (left << half_widths) | right


def _mix(values: Uint64s) -> Uint64s:
    # The finaliser of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014): each input bit reaches every output bit.
    values = (values ^ (values >> np.uint64(30))) * _MULTIPLIER_1
    values = (values ^ (values >> np.uint64(27))) * _MULTIPLIER_2
    return values ^ (values >> np.uint64(31))
