"""Quotas: exact, carried over changes, and never two sequences away (guarantees A3 and A7)."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crossfade_shared.mixture import PARTS_PER_MILLION, Mixture
from crossfade_worker.mixing.quota import Int64s, Quota, interleave


def ppm(weights: list[int]) -> list[int]:
    mixture = Mixture.from_weights({f"s{number:03d}": weight for number, weight in enumerate(weights)})
    return list(mixture.weights_ppm.values())


def nothing_owed(num_sources: int) -> Int64s:
    return np.zeros(num_sources, dtype=np.int64)


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[list[int]], int]:
    """Random mixtures of 2 to 256 sources that change at random steps, and a batch size."""
    num_sources = draw(st.integers(2, 256))
    batch_sequences = draw(st.sampled_from([1, 2, 7, 8, 64, 512]))
    random = draw(st.randoms(use_true_random=False))
    steps: list[list[int]] = []
    for _ in range(draw(st.integers(1, 8))):
        weights = [random.choice([0, 0, 1, 5, 40, 300]) for _ in range(num_sources)]
        weights[random.randrange(num_sources)] = 7
        steps += [ppm(weights)] * random.randint(1, 12)
    return steps, batch_sequences


@given(histories())
@settings(max_examples=70, deadline=None)
def test_no_source_strays_two_sequences_from_its_quota(history: tuple[list[list[int]], int]) -> None:
    steps, batch_sequences = history
    credit = nothing_owed(len(steps[0]))
    owed_ppm, drawn = np.zeros(len(steps[0]), dtype=np.int64), np.zeros(len(steps[0]), dtype=np.int64)
    for weights in steps:
        counts = Quota(weights).share_out(credit, batch_sequences)
        owed_ppm += np.array(weights) * batch_sequences
        drawn += counts
        assert counts.sum() == batch_sequences
        assert counts.min() >= 0
        assert not counts[np.array(weights) == 0].any()
        assert (credit == owed_ppm - drawn * PARTS_PER_MILLION).all()
        assert np.abs(credit).max() < 2 * PARTS_PER_MILLION


@given(st.lists(st.integers(1, 1000), min_size=1, max_size=256), st.integers(1, 300))
@settings(max_examples=70, deadline=None)
def test_under_fixed_weights_nothing_can_be_nearer_to_the_quota(weights: list[int], batch_sequences: int) -> None:
    """Tijdeman's bound, below one sequence for every batch size, is the least that can be promised."""
    parts = ppm(weights)
    quota, credit = Quota(parts), nothing_owed(len(parts))
    bound = PARTS_PER_MILLION * (1 - Fraction(1, 2 * max(len(parts), 2) - 2))
    for _ in range(60):
        quota.share_out(credit, batch_sequences)
        assert int(np.abs(credit).max()) <= bound


@pytest.mark.parametrize("num_sources", [2, 3, 8, 64, 256])
def test_the_bound_is_kept_over_thousands_of_single_draws(num_sources: int) -> None:
    parts = ppm([1, *[30] * (num_sources - 2), 500])
    quota, credit, worst = Quota(parts), nothing_owed(num_sources), 0
    for _ in range(4_000):
        quota.share_out(credit, 1)
        worst = max(worst, int(np.abs(credit).max()))
    assert worst <= PARTS_PER_MILLION * (1 - Fraction(1, 2 * num_sources - 2))


def test_a_source_that_is_off_keeps_what_it_is_owed() -> None:
    credit = nothing_owed(2)
    assert Quota(ppm([1, 3])).share_out(credit, 2).tolist() == [1, 1]
    assert credit.tolist() == [-500_000, 500_000]
    assert Quota([0, 1_000_000]).share_out(credit, 5).tolist() == [0, 5]
    assert credit.tolist() == [-500_000, 500_000]


def test_after_a_change_those_owed_most_come_first() -> None:
    credit = np.array([-900_000, 1_900_000, 100_000, -1_100_000])
    assert Quota([250_000] * 4).share_out(credit, 2).tolist() == [0, 2, 0, 0]
    assert credit.tolist() == [-400_000, 400_000, 600_000, -600_000]


def test_several_batches_stop_before_a_limit_and_leave_the_rest_undone() -> None:
    credit, cursors, counts = nothing_owed(2), np.array([10, 0]), np.zeros((5, 2), dtype=np.int64)
    quota, limits = Quota(ppm([1, 1])), np.array([15, 100])
    assert quota.share_out_batches(credit, cursors, limits, 4, counts) == 2
    assert counts.tolist()[:2] == [[2, 2], [2, 2]]
    assert (credit.tolist(), cursors.tolist()) == ([0, 0], [14, 4])


@given(st.lists(st.integers(0, 40), min_size=1, max_size=20).filter(any))
@settings(deadline=None)
def test_interleaving_spreads_every_source_evenly(counts: list[int]) -> None:
    order = interleave(np.array(counts))
    total = sum(counts)
    assert sorted(order.tolist()) == list(range(total))
    placed = np.repeat(np.arange(len(counts)), counts)[order]
    for source, count in enumerate(counts):
        so_far = np.cumsum(placed == source)
        even = np.arange(1, total + 1) * count / total
        # A place is shared by as many sources as there are: no prefix is further from even than they can push it.
        assert np.abs(so_far - even).max() <= 0.5 + len(counts) * count / total
