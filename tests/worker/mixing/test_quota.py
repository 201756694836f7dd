"""Quotas: exact, carried over changes, and never two sequences away (guarantees A3 and A7)."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from crossfade_shared.mixture import PARTS_PER_MILLION, Mixture
from crossfade_worker.mixing.quota import Int64s, apportion, interleave


def ppm(weights: list[int]) -> Int64s:
    mixture = Mixture.from_weights({f"s{number:03d}": weight for number, weight in enumerate(weights)})
    return np.array(list(mixture.weights_ppm.values()), dtype=np.int64)


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[Int64s], int]:
    """Random mixtures of 2 to 256 sources that change at random steps, and a batch size."""
    num_sources = draw(st.integers(2, 256))
    batch_sequences = draw(st.sampled_from([1, 2, 7, 8, 64, 512]))
    random = draw(st.randoms(use_true_random=False))
    steps: list[Int64s] = []
    for _ in range(draw(st.integers(1, 8))):
        weights = [random.choice([0, 0, 1, 5, 40, 300]) for _ in range(num_sources)]
        weights[random.randrange(num_sources)] = 7
        steps += [ppm(weights)] * random.randint(1, 12)
    return steps, batch_sequences


@given(histories())
@settings(max_examples=150, deadline=None)
def test_no_source_strays_two_sequences_from_its_quota(history: tuple[list[Int64s], int]) -> None:
    steps, batch_sequences = history
    credit = np.zeros(len(steps[0]), dtype=np.int64)
    owed_ppm = np.zeros(len(steps[0]), dtype=np.int64)
    drawn = np.zeros(len(steps[0]), dtype=np.int64)
    for weights in steps:
        counts, credit = apportion(credit, weights, batch_sequences)
        owed_ppm += weights * batch_sequences
        drawn += counts
        assert counts.sum() == batch_sequences
        assert (counts >= 0).all()
        assert (counts[weights == 0] == 0).all()
        assert np.array_equal(credit, owed_ppm - drawn * PARTS_PER_MILLION)
        assert np.abs(credit).max() < 2 * PARTS_PER_MILLION


@given(st.lists(st.integers(1, 1000), min_size=2, max_size=64), st.integers(0, 50))
@settings(deadline=None)
def test_where_every_source_gets_some_of_each_batch_none_is_a_whole_sequence_away(
    weights: list[int], more: int
) -> None:
    parts = ppm(weights)
    batch_sequences = -(-PARTS_PER_MILLION // int(parts.min())) + more
    credit = np.zeros(len(parts), dtype=np.int64)
    for _ in range(50):
        _, credit = apportion(credit, parts, batch_sequences)
        assert np.abs(credit).max() < PARTS_PER_MILLION


def test_a_source_that_is_off_keeps_what_it_is_owed() -> None:
    counts, credit = apportion(np.zeros(2, dtype=np.int64), ppm([1, 3]), 2)
    assert counts.tolist() == [1, 1]
    assert credit.tolist() == [-500_000, 500_000]
    counts, after = apportion(credit, np.array([0, 1_000_000]), 5)
    assert counts.tolist() == [0, 5]
    assert after.tolist() == credit.tolist()


@given(st.lists(st.integers(0, 40), min_size=1, max_size=20).filter(any))
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
