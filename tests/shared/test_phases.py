"""Warm-up, stable, decay."""

from __future__ import annotations

import pytest

from crossfade_shared.phases import Phases


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
