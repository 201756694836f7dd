"""The permutation: every row once an epoch, another order in every epoch, any position at the same cost."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numba import njit
from numpy.typing import NDArray

from crossfade_worker.mixing.permutation import Uint64s, epoch_key, half_bits, permuted


@njit  # type: ignore[untyped-decorator]
def rows_at(positions: NDArray[np.int64], num_rows: int, half_width: int, keys: Uint64s) -> NDArray[np.int64]:
    """Give the rows at `[n]` positions under `[n, NUM_ROUNDS]` keys."""
    rows = np.empty_like(positions)
    for number in range(len(positions)):
        rows[number] = permuted(positions[number], num_rows, half_width, keys[number])
    return rows


def whole_epoch(num_rows: int, *, seed: int = 0, source: str = "s", epoch: int = 0) -> NDArray[np.int64]:
    return at(np.arange(num_rows), num_rows, seed=seed, source=source, epoch=epoch)


def at(positions: NDArray[np.int64], num_rows: int, *, seed: int, source: str, epoch: int) -> NDArray[np.int64]:
    keys = np.repeat(epoch_key(seed, source, epoch)[None], len(positions), axis=0)
    rows: NDArray[np.int64] = rows_at(positions, num_rows, half_bits(num_rows), keys)
    return rows


@given(st.integers(1, 5000), st.integers(0, 2**63), st.integers(0, 100))
@settings(max_examples=100, deadline=None)
def test_every_row_comes_exactly_once(num_rows: int, seed: int, epoch: int) -> None:
    assert sorted(whole_epoch(num_rows, seed=seed, epoch=epoch).tolist()) == list(range(num_rows))


def test_seed_source_and_epoch_each_change_the_order() -> None:
    orders = [
        whole_epoch(1000),
        whole_epoch(1000, seed=1),
        whole_epoch(1000, source="t"),
        whole_epoch(1000, epoch=1),
    ]
    for number, order in enumerate(orders):
        for other in orders[number + 1 :]:
            assert (order == other).mean() < 0.02


def test_one_position_of_a_huge_source_is_the_same_alone_or_among_others() -> None:
    num_rows = 5_400_000_000_000
    positions = np.array([0, 1, 10**12, num_rows - 1])
    rows = at(positions, num_rows, seed=3, source="web", epoch=7)
    assert ((rows >= 0) & (rows < num_rows)).all()
    alone = at(positions[2:3], num_rows, seed=3, source="web", epoch=7)
    assert alone[0] == rows[2]


@pytest.mark.parametrize("num_rows", [5, 10, 17, 100])
def test_every_row_is_as_likely_at_every_position(num_rows: int) -> None:
    num_epochs = 400 * num_rows
    hits = np.zeros((num_rows, num_rows))
    positions = np.arange(num_rows)
    for epoch in range(0, num_epochs, 20):
        keys = np.repeat(np.array([epoch_key(0, "s", epoch + n) for n in range(20)]), num_rows, axis=0)
        rows = rows_at(np.tile(positions, 20), num_rows, half_bits(num_rows), keys)
        np.add.at(hits, (np.tile(positions, 20), rows), 1)
    expected = num_epochs / num_rows
    chi_square = ((hits - expected) ** 2 / expected).sum() / (num_rows - 1) ** 2
    # Equal chances give 1 with a standard deviation of sqrt(2) / (num_rows - 1).
    assert abs(chi_square - 1) < 5 * np.sqrt(2) / (num_rows - 1)
