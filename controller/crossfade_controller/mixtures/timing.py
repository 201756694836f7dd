"""When a version takes effect: the first step and token count that it can govern, and which it cannot."""

from __future__ import annotations

from crossfade_controller.problems import Problem
from crossfade_controller.runs.models import Run
from crossfade_shared.envelope import AtStep, AtTokens, TakesEffect


def first_step(run: Run, takes_effect: TakesEffect, tokens_per_step: int | None) -> int | None:
    """Give the first step that a new version can govern; None before the first report of a step."""
    if run.step is None:
        return None
    match takes_effect:
        case AtStep(step=step):
            return step
        case AtTokens(tokens=tokens) if tokens_per_step:
            return -(-tokens // tokens_per_step)
        case _:
            return run.step + 1


def first_tokens(run: Run, takes_effect: TakesEffect, tokens_per_step: int | None) -> int:
    """Give the token count from which on a new version governs, as far as it is known."""
    match takes_effect:
        case AtTokens(tokens=tokens):
            return tokens
        case AtStep(step=step) if tokens_per_step:
            return step * tokens_per_step
        case _:
            return run.tokens or 0


def check_timing(run: Run, takes_effect: TakesEffect, tokens_per_step: int | None) -> None:
    """Raise a 422 `Problem` for what is trained on already, and for what could never apply."""
    _check_is_ahead(run, takes_effect)
    _check_is_within_horizon(run, takes_effect, tokens_per_step)


def _check_is_ahead(run: Run, takes_effect: TakesEffect) -> None:
    """Refuse a step or a token count that the last report says was trained on already."""
    match takes_effect:
        case AtStep(step=asked) if run.step is not None and asked <= run.step:
            first_free, place = run.step + 1, "takes_effect.step"
        case AtTokens(tokens=asked) if run.tokens is not None and asked < run.tokens:
            first_free, place = run.tokens, "takes_effect.tokens"
        case _:
            return
    unit = place.rpartition(".")[2]
    raise Problem(
        422,
        f"{place} is {asked}, which is trained on already; the first free {unit} is {first_free}",
        kind="already-drawn",
        field=place,
        first_free=first_free,
    )


def _check_is_within_horizon(run: Run, takes_effect: TakesEffect, tokens_per_step: int | None) -> None:
    """Refuse what could never apply; a step can be judged once the workers told how many tokens one has."""
    horizon = run.horizon_tokens
    match takes_effect:
        case AtTokens(tokens=asked) if asked > horizon:
            last, place = horizon, "takes_effect.tokens"
        case AtStep(step=asked) if tokens_per_step and asked * tokens_per_step > horizon:
            last, place = horizon // tokens_per_step, "takes_effect.step"
        case _:
            return
    raise Problem(
        422,
        f"{place} is {asked}, which is beyond the run's horizon of {horizon} tokens; the last that is not is {last}",
        kind="beyond-horizon",
        field=place,
        horizon_tokens=horizon,
    )
