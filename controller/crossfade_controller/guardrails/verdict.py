"""The guard rails: one pure projection of the mixture asked for onto those allowed, and what each rail did."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from crossfade_controller.forecast.progress import RunProgress
from crossfade_controller.guardrails.limits import (
    Limit,
    LimitName,
    MoveLimit,
    RailName,
    declared_limits,
    limits_of,
    region_of,
)
from crossfade_controller.guardrails.projection import nearest
from crossfade_controller.guardrails.settings import GuardrailSettings
from crossfade_shared.errors import UserError
from crossfade_shared.mixture import PARTS_PER_MILLION, Mixture


@dataclass(frozen=True, kw_only=True)
class Situation:
    """What the rails look at besides the mixture asked for. Steps are the run's own; no clock is read here."""

    current: Mixture
    day_ago: Mixture
    """The mixture that was current 24 hours before, less the sources that have run out since."""
    progress: RunProgress
    """As it will be when the new mixture takes effect."""
    takes_effect_step: int | None = None
    """The first step that the new mixture can govern; None before training has begun."""
    last_change_step: int | None = None
    """The first step of the last change somebody made; None if there was none or it has not taken effect yet."""
    change_pending: bool = False
    """Whether a change that somebody made has not taken effect yet."""
    by_policy: bool = False
    frozen: bool = False
    num_evaluations: int = 0
    """The evaluations since the last change took effect."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What one rail did: what was asked of it and what it allows, in the rail's own unit (shares, steps, a count)."""

    rail: LimitName
    source: str | None = None
    asked: float | None = None
    allowed: float | None = None
    message: str


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """The nearest allowed mixture and the rails that bound; or None, and the rails that refuse.

    `infeasible` names rails that no mixture keeps together, and every one of them is needed for that.
    """

    asked: Mixture
    allowed: Mixture | None
    findings: tuple[Finding, ...] = ()
    infeasible: tuple[Finding, ...] = ()


def judge(
    asked: Mixture, situation: Situation, settings: GuardrailSettings, *, overridden: Collection[RailName] = ()
) -> Verdict:
    """Project a mixture onto what the rails allow, those left out that were overridden.

    All mixtures must name the sources of the run.
    """
    refusals = tuple(finding for finding in _refusals(situation, settings) if finding.rail not in overridden)
    if refusals:
        return Verdict(asked=asked, allowed=None, findings=refusals)
    limits = limits_of(
        settings,
        asked=asked,
        current=situation.current,
        day_ago=situation.day_ago,
        progress=situation.progress,
    )
    limits = [limit for limit in limits if limit.rail not in overridden]
    region = region_of(limits, asked.sources)
    if region.is_empty:
        conflict = tuple(_describe(limit, asked, limit.allowed(asked)) for limit in _conflict(limits, asked.sources))
        return Verdict(asked=asked, allowed=None, findings=conflict, infeasible=conflict)
    parts = nearest(tuple(asked.weights_ppm.values()), tuple(situation.current.weights_ppm.values()), region)
    allowed = Mixture(dict(zip(asked.sources, parts, strict=True)))
    bound = (limit for limit in limits if limit.rail != "off" and limit.binds(asked, allowed))
    findings = tuple(_describe(limit, asked, limit.allowed(allowed)) for limit in bound)
    return Verdict(asked=asked, allowed=allowed, findings=findings)


def check_settings(settings: GuardrailSettings, sources: Collection[str], *, within: str = "") -> None:
    """Raise `UserError` where a source is unknown, or where floors and ceilings leave no mixture at all.

    `within` begins the name of the field at fault: `guardrails.` for settings that are a part of something.
    """
    settings.check_names(sources, within=within)
    limits = list(declared_limits(settings))
    if region_of(limits, sorted(sources)).is_empty:
        conflict = _conflict(limits, sorted(sources))
        field = f"{within}{conflict[0].rail}s.{conflict[0].source}"
        together = ", ".join(f"{limit.rail} of {limit.source}" for limit in conflict)
        raise UserError(f"{field}: no mixture keeps these together: {together}; loosen one", field=field)


def check_initial(mixture: Mixture, settings: GuardrailSettings) -> None:
    """Raise `UserError` where the mixture that a run begins with breaks a floor or a ceiling of the same run."""
    for limit in declared_limits(settings):
        if limit.allowed(mixture) != limit.asked(mixture):
            field = f"mixture.{limit.source}"
            raise UserError(
                f"{field} is {mixture.weights[limit.source]:g}, and {limit.because}; change one of them", field=field
            )


def _refusals(situation: Situation, settings: GuardrailSettings) -> Iterator[Finding]:
    """Give the rails that look at no weights."""
    if situation.by_policy and situation.frozen:
        yield Finding(rail="frozen", message="the run is frozen: policies change nothing until somebody unfreezes it")
    if situation.by_policy and situation.num_evaluations < settings.minimum_evaluations:
        yield Finding(
            rail="evidence",
            asked=situation.num_evaluations,
            allowed=settings.minimum_evaluations,
            message=f"there are {situation.num_evaluations} evaluations since the last change took effect; a policy "
            f"needs {settings.minimum_evaluations}",
        )
    if settings.cool_down_steps and situation.takes_effect_step is not None:
        yield from _cool_down(situation, situation.takes_effect_step, settings.cool_down_steps)


def _cool_down(situation: Situation, step: int, cool_down_steps: int) -> Iterator[Finding]:
    if situation.change_pending:
        message = f"the last change has not taken effect yet; the next one may {cool_down_steps} steps after it"
        yield Finding(rail="cool_down", asked=step, message=message)
    elif situation.last_change_step is not None and step < (first := situation.last_change_step + cool_down_steps):
        yield Finding(
            rail="cool_down",
            asked=step,
            allowed=first,
            message=f"the last change took effect at step {situation.last_change_step}; the next one may at step "
            f"{first}, and this one would at step {step}",
        )


def _conflict(limits: Sequence[Limit], sources: Sequence[str]) -> list[Limit]:
    """Give limits that no mixture keeps together, none of which could be spared for that."""
    needed = list(limits)
    for limit in limits:
        without = [other for other in needed if other is not limit]
        if region_of(without, sources).is_empty:
            needed = without
    return needed


def _describe(limit: Limit, asked: Mixture, allowed_ppm: int) -> Finding:
    share, allowed = limit.asked(asked) / PARTS_PER_MILLION, allowed_ppm / PARTS_PER_MILLION
    if isinstance(limit, MoveLimit):
        message = f"{limit.because}; this one moves {share:g}"
    else:
        message = f"{limit.source}: {share:g} was asked for, and {limit.because}"
    if limit.rail == "epoch_budget":
        message += f", which is at most {limit.most / PARTS_PER_MILLION:g}"
    return Finding(rail=limit.rail, source=limit.source, asked=share, allowed=allowed, message=message)
