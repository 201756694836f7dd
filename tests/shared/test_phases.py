"""Warm-up, stable, decay."""

from __future__ import annotations

import pytest

from crossfade_shared.phases import Anneal, Phases


def test_smollm2_135m_schedule() -> None:
    phases = Phases(total_steps=2_000_000, warmup_steps=2_000, decay_steps=400_000)
    assert [phases.at(step) for step in (0, 1_999, 2_000, 1_599_999, 1_600_000)] == [
        "warm-up",
        "warm-up",
        "stable",
        "stable",
        "decay",
    ]
    factors = [phases.learning_rate_factor(step) for step in (0, 999, 1_999, 2_000, 1_600_000, 1_800_000, 1_999_999)]
    assert factors == [0.0005, 0.5, 1.0, 1.0, 1.0, 0.5, 1 / 400_000]
    assert phases.learning_rate_factor(2_000_000) == 0.0


def test_without_warm_up_and_decay_the_rate_is_constant_until_the_end() -> None:
    phases = Phases(total_steps=3, warmup_steps=0, decay_steps=0)
    assert [phases.learning_rate_factor(step) for step in range(4)] == [1.0, 1.0, 1.0, 0.0]


@pytest.mark.parametrize(
    "lengths",
    [
        {"total_steps": 0, "warmup_steps": 0, "decay_steps": 0},
        {"total_steps": 10, "warmup_steps": -1, "decay_steps": 0},
        {"total_steps": 10, "warmup_steps": 6, "decay_steps": 5},
    ],
)
def test_phases_that_do_not_fit_are_refused(lengths: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=r"at least|do not fit"):
        Phases(**lengths)


def test_a_decay_that_is_asked_for_falls_from_where_the_learning_rate_was_and_ends_the_run() -> None:
    phases = Phases(total_steps=100, warmup_steps=10, decay_steps=20)
    assert phases.under(None) == phases
    annealed = phases.under(Anneal(begin_step=40, num_steps=4))
    assert annealed.total_steps == 44
    assert [annealed.at(step) for step in (5, 39, 40, 43)] == ["warm-up", "stable", "decay", "decay"]
    assert [annealed.learning_rate_factor(step) for step in (39, 40, 41, 43, 44, 50)] == [
        1.0,
        1.0,
        0.75,
        0.25,
        0.0,
        0.0,
    ]


@pytest.mark.parametrize(("begin", "num_steps", "total", "first"), [(5, 10, 15, 0.6), (90, 50, 100, 0.5)])
def test_a_decay_never_raises_the_learning_rate_and_never_prolongs_the_run(
    begin: int, num_steps: int, total: int, first: float
) -> None:
    annealed = Phases(total_steps=100, warmup_steps=10, decay_steps=20).under(
        Anneal(begin_step=begin, num_steps=num_steps)
    )
    assert annealed.total_steps == total
    factors = [annealed.learning_rate_factor(step) for step in range(begin, total + 1)]
    assert (factors[0], factors[-1]) == (first, 0.0)
    assert factors == sorted(factors, reverse=True)


def test_a_decay_after_the_end_changes_nothing() -> None:
    phases = Phases(total_steps=100, warmup_steps=10, decay_steps=20)
    assert phases.under(Anneal(begin_step=100, num_steps=5)) == phases
