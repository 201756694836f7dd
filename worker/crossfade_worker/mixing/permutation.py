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

from crossfade_worker.compiled import compiled

Int64s = NDArray[np.int64]
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


@compiled
def drawn_rows(  # noqa: PLR0917 - the compiler takes no keywords alone
    sources: NDArray[np.int16],
    cursors: Int64s,
    num_rows: Int64s,
    half_widths: Int64s,
    first_epochs: Int64s,
    key_begins: Int64s,
    keys: Uint64s,
) -> Int64s:
    """Give the rows of `[draws]` from sources, the first of each source drawn at its cursor.

    Draw c of a source of N rows lies in epoch c // N at position c % N of that epoch's permutation. The keys of a
    source, from its first epoch on, begin at its place in `key_begins`.
    """
    rows = np.empty(len(sources), dtype=np.int64)
    draws = cursors.copy()
    for place, source in enumerate(sources):
        epoch, position = divmod(draws[source], num_rows[source])
        key = keys[key_begins[source] + epoch - first_epochs[source]]
        rows[place] = permuted(position, num_rows[source], half_widths[source], key)
        draws[source] += 1
    return rows


@compiled
def permuted(position: int, num_rows: int, half_width: int, keys: Uint64s) -> int:
    """Give the row at a position of an epoch with `[NUM_ROUNDS]` keys; over all positions every row comes once."""
    row = _feistel(np.uint64(position), np.uint64(half_width), keys)
    while row >= np.uint64(num_rows):  # cycle walking, a few rounds on average
        row = _feistel(row, np.uint64(half_width), keys)
    return np.int64(row)  # type: ignore[return-value]  # compiled, the two are one


@compiled
def _feistel(value: np.uint64, half_width: np.uint64, keys: Uint64s) -> np.uint64:
    mask = (np.uint64(1) << half_width) - np.uint64(1)
    left, right = value >> half_width, value & mask
    for key in keys:
        left, right = right, left ^ (_mix(right + key) & mask)
    return (left << half_width) | right


@compiled
def _mix(value: np.uint64) -> np.uint64:
    # The finaliser of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014): each input bit reaches every output bit.
    value = (value ^ (value >> np.uint64(30))) * _MULTIPLIER_1
    value = (value ^ (value >> np.uint64(27))) * _MULTIPLIER_2
    return value ^ (value >> np.uint64(31))
