"""The guard rails one by one: what each does, what it says, and what it says where nothing can be done."""

from __future__ import annotations

from typing import Any

import pytest

from crossfade_controller.forecast.progress import RunProgress, SourceProgress
from crossfade_controller.guardrails.settings import GuardrailSettings
from crossfade_controller.guardrails.verdict import Situation, Verdict, check_initial, check_settings, judge
from crossfade_shared.errors import UserError
from crossfade_shared.mixture import Mixture

CURRENT = Mixture.from_weights({"web": 0.7, "code": 0.2, "math": 0.1})


def progress(**math: Any) -> RunProgress:
    """Give a run with 600 of 1000 tokens to go."""
    plenty = {"unique_tokens": 1000, "max_epochs": 4.0, "consumed_tokens": 0}
    return RunProgress(
        tokens=400,
        horizon_tokens=1000,
        tokens_per_step=10,
        sources=(
            SourceProgress(name="web", **plenty),
            SourceProgress(name="code", **plenty),
            SourceProgress(name="math", **plenty | math),
        ),
    )


def ask(weights: dict[str, float], settings: dict[str, Any], *, override: Any = (), **situation: Any) -> Verdict:
    facts = {"current": CURRENT, "day_ago": CURRENT, "progress": progress(), **situation}
    rails = GuardrailSettings.model_validate({"epoch_budget": False, **settings})
    return judge(Mixture.from_weights(weights), Situation(**facts), rails, overridden=override)


MATHS = {"web": 0.4, "code": 0.2, "math": 0.4}


def test_what_is_allowed_passes_as_it_is() -> None:
    verdict = ask(MATHS, {"epoch_budget": True, "floors": {"web": 0.4}, "ceilings": {"math": 0.4}, "max_change": 0.3})
    assert (verdict.allowed, verdict.findings) == (Mixture.from_weights(MATHS), ())


@pytest.mark.parametrize(
    ("settings", "weights", "finding"),
    [
        ({"ceilings": {"math": 0.25}}, {"web": 0.5, "code": 0.25, "math": 0.25}, ("ceiling", "math", 0.4, 0.25)),
        ({"floors": {"web": 0.7}}, {"web": 0.7, "code": 0.1, "math": 0.2}, ("floor", "web", 0.4, 0.7)),
        ({"max_change": 0.1}, {"web": 0.6, "code": 0.2, "math": 0.2}, ("change", None, 0.3, 0.1)),
        ({"max_change_per_day": 0.1}, {"web": 0.6, "code": 0.2, "math": 0.2}, ("day", None, 0.3, 0.1)),
        ({"protected": ["math"]}, {"web": 0.6, "code": 0.3, "math": 0.1}, ("protected", "math", 0.4, 0.1)),
    ],
)
def test_one_rail_binds(settings: dict[str, Any], weights: dict[str, float], finding: tuple[Any, ...]) -> None:
    verdict = ask(MATHS, settings)
    assert verdict.allowed == Mixture.from_weights(weights)
    (found,) = verdict.findings
    assert (found.rail, found.source, found.asked, found.allowed) == finding
    assert f"{found.asked:g}" in found.message


@pytest.mark.parametrize(("consumed", "allowed_ppm"), [(0, 400_000), (340, 100_000), (399, 1_666), (400, 0), (500, 0)])
def test_a_source_gets_no_more_than_lasts_to_the_end(consumed: int, allowed_ppm: int) -> None:
    facts = progress(unique_tokens=100, consumed_tokens=consumed)
    verdict = ask(MATHS, {"epoch_budget": True}, progress=facts)
    assert verdict.allowed
    assert verdict.allowed.weights_ppm["math"] == allowed_ppm
    if consumed:
        (found,) = verdict.findings
        assert (found.rail, found.source, found.allowed) == ("epoch_budget", "math", allowed_ppm / 1e6)
        assert "for the 600 tokens still to come" in found.message


def test_a_source_pushed_up_to_its_ceiling_by_another_rail_is_told_too() -> None:
    verdict = ask(MATHS, {"ceilings": {"math": 0.2, "web": 0.45}})
    assert verdict.allowed == Mixture.from_weights({"web": 0.45, "code": 0.35, "math": 0.2})
    assert [(found.rail, found.source, found.asked, found.allowed) for found in verdict.findings] == [
        ("ceiling", "math", 0.4, 0.2),
        ("ceiling", "web", 0.4, 0.45),
    ]


def test_going_back_within_the_day_costs_nothing_of_it() -> None:
    moved = Mixture.from_weights({"web": 0.5, "code": 0.2, "math": 0.3})
    verdict = ask(dict(CURRENT.weights), {"max_change_per_day": 0.2}, current=moved, day_ago=CURRENT)
    assert (verdict.allowed, verdict.findings) == (CURRENT, ())
    further = ask(MATHS, {"max_change_per_day": 0.2}, current=moved, day_ago=CURRENT)
    assert further.allowed == moved


def test_a_source_that_is_off_is_never_switched_on_unasked() -> None:
    off = Mixture.from_weights({"web": 0.8, "code": 0.2, "math": 0})
    asked = {"web": 1.0, "code": 0, "math": 0}
    verdict = ask(asked, {"ceilings": {"web": 0.9}}, current=off)
    assert verdict.allowed == Mixture.from_weights({"web": 0.9, "code": 0.1, "math": 0})
    refused = ask(asked, {"ceilings": {"web": 0.9, "code": 0.05}}, current=off)
    assert refused.allowed is None
    assert [(found.rail, found.source) for found in refused.infeasible] == [
        ("off", "math"),
        ("ceiling", "code"),
        ("ceiling", "web"),
    ]


def test_rails_that_cannot_hold_together_are_named_and_no_others() -> None:
    spent = progress(unique_tokens=100, consumed_tokens=400)
    rails = {"epoch_budget": True, "floors": {"math": 0.05, "web": 0.1}, "ceilings": {"code": 0.9}, "max_change": 0.3}
    verdict = ask(MATHS, rails, progress=spent)
    assert verdict.allowed is None
    assert [(found.rail, found.source) for found in verdict.infeasible] == [("floor", "math"), ("epoch_budget", "math")]
    assert verdict.findings == verdict.infeasible
    assert ask(MATHS, rails, progress=spent, override={"epoch_budget"}).allowed == Mixture.from_weights(MATHS)


def test_a_budget_and_a_small_step_can_conflict() -> None:
    spent = progress(unique_tokens=100, consumed_tokens=400)
    verdict = ask(MATHS, {"epoch_budget": True, "max_change": 0.05}, progress=spent)
    assert {(found.rail, found.source) for found in verdict.infeasible} == {("change", None), ("epoch_budget", "math")}


def test_data_that_cannot_last_is_told_by_source() -> None:
    scarce = {"unique_tokens": 10, "max_epochs": 4.0, "consumed_tokens": 0}
    sources = tuple(SourceProgress(name=name, **scarce) for name in ("web", "code", "math"))
    short = RunProgress(tokens=0, horizon_tokens=1000, tokens_per_step=None, sources=sources)
    verdict = ask(MATHS, {"epoch_budget": True}, progress=short)
    assert [found.source for found in verdict.infeasible] == ["code", "math", "web"]


@pytest.mark.parametrize(
    ("situation", "rail"),
    [
        ({"by_policy": True, "frozen": True, "num_evaluations": 2}, "frozen"),
        ({"by_policy": True, "num_evaluations": 1}, "evidence"),
        ({"takes_effect_step": 149, "last_change_step": 50}, "cool_down"),
        ({"takes_effect_step": 149, "change_pending": True}, "cool_down"),
    ],
)
def test_some_rails_refuse_whatever_is_asked(situation: dict[str, Any], rail: str) -> None:
    rails = {"minimum_evaluations": 2, "cool_down_steps": 100}
    verdict = ask(MATHS, rails, **situation)
    assert verdict.allowed is None
    assert [found.rail for found in verdict.findings] == [rail]
    assert verdict.infeasible == ()
    assert ask(MATHS, rails, **situation, override={rail}).allowed


@pytest.mark.parametrize(
    "situation",
    [
        {"frozen": True},
        {"by_policy": True, "num_evaluations": 2},
        {"takes_effect_step": 150, "last_change_step": 50},
        {"takes_effect_step": None, "change_pending": True},
        {"takes_effect_step": 10},
    ],
)
def test_those_rails_let_pass_whom_they_do_not_mean(situation: dict[str, Any]) -> None:
    assert ask(MATHS, {"minimum_evaluations": 2, "cool_down_steps": 100}, **situation).allowed


@pytest.mark.parametrize(
    ("settings", "field", "words"),
    [
        ({"floors": {"maths": 0.1}}, "floors.maths", "there is no source 'maths'"),
        ({"protected": ["maths"]}, "protected", "there is no source 'maths'"),
        ({"floors": {"web": 0.6, "code": 0.5}}, "floors.code", "floor of code, floor of web"),
        ({"floors": {"web": 0.6}, "ceilings": {"web": 0.5}}, "floors.web", "floor of web, ceiling of web"),
    ],
)
def test_settings_that_make_no_sense(settings: dict[str, Any], field: str, words: str) -> None:
    with pytest.raises(UserError, match=words) as refusal:
        check_settings(GuardrailSettings.model_validate(settings), CURRENT.sources)
    assert refusal.value.field == field


def test_an_initial_mixture_keeps_the_floors_and_ceilings_of_its_own_run() -> None:
    check_initial(CURRENT, GuardrailSettings.model_validate({"ceilings": {"math": 0.1}, "floors": {"web": 0.7}}))
    with pytest.raises(UserError, match=r"mixture\.math is 0\.1, and its ceiling is 0\.05"):
        check_initial(CURRENT, GuardrailSettings.model_validate({"ceilings": {"math": 0.05}}))
