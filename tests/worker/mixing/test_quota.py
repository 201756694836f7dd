"""Quotas: exact, carried over changes, and never two sequences away (guarantees A3 and A7)."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crossfade_shared.mixture import PARTS_PER_MILLION, Mixture
from crossfade_worker.mixing.quota import Quota, interleave


def ppm(weights: list[int]) -> list[int]:
    mixture = Mixture.from_weights({f"s{number:03d}": weight for number, weight in enumerate(weights)})
    return list(mixture.weights_ppm.values())


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
    credit = [0] * len(steps[0])
    owed_ppm, drawn = np.zeros(len(steps[0]), dtype=np.int64), np.zeros(len(steps[0]), dtype=np.int64)
    for weights in steps:
        counts, credit = Quota(weights).share_out(credit, batch_sequences)
        owed_ppm += np.array(weights) * batch_sequences
        drawn += np.array(counts)
        assert sum(counts) == batch_sequences
        assert min(counts) >= 0
        assert all(count == 0 for count, weight in zip(counts, weights, strict=True) if weight == 0)
        assert credit == (owed_ppm - drawn * PARTS_PER_MILLION).tolist()
        assert max(map(abs, credit)) < 2 * PARTS_PER_MILLION


@given(st.lists(st.integers(1, 1000), min_size=1, max_size=256), st.integers(1, 300))
@settings(max_examples=70, deadline=None)
def test_under_fixed_weights_nothing_can_be_nearer_to_the_quota(weights: list[int], batch_sequences: int) -> None:
    """Tijdeman's bound, below one sequence for every batch size, is the least that can be promised."""
    parts = ppm(weights)
    quota, credit = Quota(parts), [0] * len(parts)
    bound = PARTS_PER_MILLION * (1 - Fraction(1, 2 * max(len(parts), 2) - 2))
    for _ in range(60):
        _, credit = quota.share_out(credit, batch_sequences)
        assert max(map(abs, credit)) <= bound


@pytest.mark.parametrize("num_sources", [2, 3, 8, 64, 256])
def test_the_bound_is_kept_over_thousands_of_single_draws(num_sources: int) -> None:
    parts = ppm([1, *[30] * (num_sources - 2), 500])
    quota, credit, worst = Quota(parts), [0] * num_sources, 0
    for _ in range(4_000):
        _, credit = quota.share_out(credit, 1)
        worst = max(worst, *map(abs, credit))
    assert worst <= PARTS_PER_MILLION * (1 - Fraction(1, 2 * num_sources - 2))


def test_a_source_that_is_off_keeps_what_it_is_owed() -> None:
    counts, credit = Quota(ppm([1, 3])).share_out([0, 0], 2)
    assert counts == [1, 1]
    assert credit == [-500_000, 500_000]
    counts, after = Quota([0, 1_000_000]).share_out(credit, 5)
    assert counts == [0, 5]
    assert after == credit


def test_after_a_change_those_owed_most_come_first() -> None:
    counts, credit = Quota([250_000, 250_000, 250_000, 250_000]).share_out(
        [-900_000, 1_900_000, 100_000, -1_100_000], 2
    )
    assert counts == [0, 2, 0, 0]
    assert credit == [-400_000, 400_000, 600_000, -600_000]


@given(st.lists(st.integers(0, 40), min_size=1, max_size=20).filter(any))
def test_interleaving_spreads_every_source_evenly(counts: list[int]) -> None:
    order = interleave(np.array([counts]))
    total = sum(counts)
    assert sorted(order.tolist()) == list(range(total))
    placed = np.repeat(np.arange(len(counts)), counts)[order]
    for source, count in enumerate(counts):
        so_far = np.cumsum(placed == source)
        even = np.arange(1, total + 1) * count / total
        # A place is shared by as many sources as there are: no prefix is further from even than they can push it.
        assert np.abs(so_far - even).max() <= 0.5 + len(counts) * count / total


def test_several_batches_are_interleaved_as_one_by_one() -> None:
    counts = np.array([[3, 0, 5], [1, 7, 0], [2, 2, 4]])
    together = np.repeat(np.arange(3), counts.sum(axis=0))[interleave(counts)]
    alone = [np.repeat(np.arange(3), batch)[interleave(batch[None])] for batch in counts]
    assert together.tolist() == np.concatenate(alone).tolist()
