"""The step benchmark measures what it says, on a real Redis with real changes."""

from __future__ import annotations

from crossfade_worker.bench.step import REFERENCE_STEP_SECONDS, measure_control


def test_every_twentieth_step_changes_the_mixture_and_both_kinds_are_timed() -> None:
    cost = measure_control(1, num_steps=120)
    assert 0 < cost.quiet_median_microseconds <= cost.quiet_p99_microseconds
    assert 0 < cost.change_median_microseconds <= cost.change_max_microseconds
    assert cost.share_of_step == cost.quiet_median_microseconds / (REFERENCE_STEP_SECONDS * 1e6)
    assert set(cost.to_json()) >= {"ranks", "share_of_step", "quiet_median_microseconds"}
