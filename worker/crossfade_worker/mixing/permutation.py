"""A keyed permutation of a source's rows for every epoch, computed one position at a time.

A balanced Feistel network over the smallest even number of bits that holds all rows, with cycle walking (Black and
Rogaway, "Ciphers with Arbitrary Finite Domains", 2002): a bijection without an index in memory, so any position of
any epoch costs the same.
"""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

NUM_ROUNDS = 4
_MULTIPLIER_1 = np.uint64(0xBF58476D1CE4E5B9)
_MULTIPLIER_2 = np.uint64(0x94D049BB133111EB)


def epoch_key(seed: int, source: str, epoch: int) -> NDArray[np.uint64]:
    """Derive the round keys of one epoch of one source."""
    digest = hashlib.blake2b(f"crossfade.rows/1:{seed}:{source}:{epoch}".encode(), digest_size=8 * NUM_ROUNDS).digest()
    return np.frombuffer(digest, dtype="<u8").astype(np.uint64)


def permute(positions: NDArray[np.int64], num_rows: int, key: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Give the row at each position of an epoch; over all positions 0..num_rows-1 every row comes exactly once."""
    half_bits = max(1, ((num_rows - 1).bit_length() + 1) // 2)
    rows = _feistel(positions.astype(np.uint64), half_bits, key)
    while (outside := rows >= num_rows).any():  # cycle walking: fewer than 4 rounds on average
        rows[outside] = _feistel(rows[outside], half_bits, key)
    return rows.astype(np.int64)


def _feistel(values: NDArray[np.uint64], half_bits: int, key: NDArray[np.uint64]) -> NDArray[np.uint64]:
    bits = np.uint64(half_bits)
    mask = np.uint64((1 << half_bits) - 1)
    left, right = values >> bits, values & mask
    for round_key in key:
        left, right = right, left ^ (_mix(right + round_key) & mask)
    return (left << bits) | right


def _mix(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    # The finaliser of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014): each input bit reaches every output bit.
    values = (values ^ (values >> np.uint64(30))) * _MULTIPLIER_1
    values = (values ^ (values >> np.uint64(27))) * _MULTIPLIER_2
    return values ^ (values >> np.uint64(31))
