"""The forecast: worth of repeated tokens as published, and the ends of a run worked out by hand."""

from __future__ import annotations

import pytest

from crossfade_controller.forecast.forecast import forecast
from crossfade_controller.forecast.progress import RunProgress, SourceProgress
from crossfade_controller.forecast.repetition import effective_tokens, mean_token_value
from crossfade_shared.mixture import Mixture


@pytest.mark.parametrize(("epochs", "value"), [(0, 1.0), (1, 1.0), (4, 0.93), (16, 0.66), (40, 0.38)])
def test_a_repeated_token_is_worth_what_was_published(epochs: float, value: float) -> None:
    assert mean_token_value(epochs) == pytest.approx(value, abs=0.005)


def test_repeats_add_at_most_a_constant_number_of_epochs() -> None:
    assert effective_tokens(500, 1000) == 500
    assert effective_tokens(4000, 1000) == pytest.approx(4000 * mean_token_value(4))
    assert effective_tokens(10**12, 1000) == pytest.approx(1000 * (1 + 15.39))


def run(*, tokens: int = 0, horizon: int = 1000, per_step: int | None = 10, consumed: int = 0) -> RunProgress:
    web = SourceProgress(name="web", unique_tokens=10_000, max_epochs=4.0, consumed_tokens=tokens - consumed)
    math = SourceProgress(name="math", unique_tokens=50, max_epochs=4.0, consumed_tokens=consumed)
    return RunProgress(tokens=tokens, horizon_tokens=horizon, tokens_per_step=per_step, sources=(web, math))


def test_tokens_epochs_and_caps_at_the_end() -> None:
    ahead = forecast(run(tokens=200, consumed=20), Mixture.from_weights({"web": 0.7, "math": 0.3}))
    math, web = ahead.sources
    assert (ahead.tokens, ahead.remaining_tokens) == (200, 800)
    assert (math.name, math.tokens_at_end, math.epochs_at_end) == ("math", 260, 5.2)
    assert (math.consumed_tokens, math.consumed_epochs, math.weight) == (20, 0.4, 0.3)
    assert (math.cap_binds_at_tokens, math.cap_binds_at_step) == (800, 80)  # 180 tokens more, of 0.3 a token
    assert (web.tokens_at_end, web.effective_tokens, web.mean_token_value) == (740, 740, 1.0)
    assert (web.cap_binds_at_tokens, web.cap_binds_at_step) == (None, None)
    assert ahead.effective_tokens == web.effective_tokens + math.effective_tokens
    (warned,) = ahead.warnings
    assert warned.source == "math"
    assert "drawn 5.2 times" in warned.message


def test_four_epochs_are_no_warning() -> None:
    assert forecast(run(), Mixture.from_weights({"web": 0.8, "math": 0.2})).warnings == ()
    assert forecast(run(), Mixture.from_weights({"web": 0.79, "math": 0.21})).warnings


def test_a_source_that_is_off_never_reaches_its_cap() -> None:
    math, _ = forecast(run(tokens=400, consumed=200), Mixture.from_weights({"web": 1, "math": 0})).sources
    assert (math.cap_binds_at_tokens, math.tokens_at_end) == (None, 200)


def test_a_cap_that_no_run_reaches_is_no_number_too_large() -> None:
    endless = SourceProgress(name="web", unique_tokens=2**53, max_epochs=1e308, consumed_tokens=0)
    progress = RunProgress(tokens=0, horizon_tokens=2**53, tokens_per_step=1, sources=(endless,))
    assert forecast(progress, Mixture({"web": 1_000_000})).sources[0].cap_binds_at_tokens is None


def test_the_step_of_a_cap_waits_for_the_workers_to_tell_how_large_steps_are() -> None:
    math, _ = forecast(run(per_step=None), Mixture.from_weights({"web": 0.5, "math": 0.5})).sources
    assert (math.cap_binds_at_tokens, math.cap_binds_at_step) == (400, None)


def test_too_little_data_is_told() -> None:
    first, *_ = forecast(run(horizon=10**6), Mixture.from_weights({"web": 0.5, "math": 0.5})).warnings
    assert first.source is None
    assert "may still give 40200 tokens, and 1000000 are still to come" in first.message


def test_a_change_that_comes_later_finds_the_sources_drawn_from_until_then() -> None:
    later = run(tokens=200, consumed=20).later(600, Mixture.from_weights({"web": 0.75, "math": 0.25}))
    assert (later.tokens, later.remaining_tokens) == (600, 400)
    assert [source.consumed_tokens for source in later.sources] == [480, 120]
    assert later.later(0, Mixture.from_weights({"web": 1, "math": 0})) == later


def test_a_budget_counts_epochs_as_they_are_written() -> None:
    source = SourceProgress(name="math", unique_tokens=10, max_epochs=0.3, consumed_tokens=1)
    assert (source.budget_tokens, source.left_tokens) == (3, 2)


def test_the_second_stage_of_smollm2_repeats_openwebmath_more_than_eight_times() -> None:
    """SmolLM2, section 4.3: 5 % of two trillion tokens from 12 billion."""
    tera, giga = 10**12, 10**9
    sources = (
        SourceProgress(name="web", unique_tokens=5_100 * giga, max_epochs=4.0, consumed_tokens=5_400 * giga),
        SourceProgress(name="code", unique_tokens=250 * giga, max_epochs=4.0, consumed_tokens=600 * giga),
        SourceProgress(name="math", unique_tokens=12 * giga, max_epochs=4.0, consumed_tokens=0),
    )
    stage = RunProgress(tokens=6 * tera, horizon_tokens=8 * tera, tokens_per_step=2_097_152, sources=sources)
    code, math, _ = forecast(stage, Mixture.from_weights({"web": 0.75, "code": 0.2, "math": 0.05})).sources
    assert (code.epochs_at_end, code.cap_binds_at_tokens) == (4.0, None)
    assert math.epochs_at_end == pytest.approx(8.33, abs=0.01)
    assert math.cap_binds_at_tokens == 6_960 * giga
    assert math.cap_binds_at_step == 3_318_787
