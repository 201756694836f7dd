"""The rails of a run as limits on whole parts per million, each with its reason in words."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from crossfade_controller.forecast.progress import RunProgress, SourceProgress
from crossfade_controller.guardrails.region import Reach, Region, variation
from crossfade_controller.guardrails.settings import GuardrailSettings
from crossfade_shared.mixture import PARTS_PER_MILLION, Mixture

RailName = Literal["floor", "ceiling", "epoch_budget", "protected", "change", "day", "cool_down", "frozen", "evidence"]
LimitName = RailName | Literal["off"]
"""`off` is no rail: a source that is off is not switched on unless somebody asks for it."""


@dataclass(frozen=True, kw_only=True)
class SourceLimit:
    """The least and the most that one source may have."""

    rail: LimitName
    source: str
    because: str
    least: int = 0
    most: int = PARTS_PER_MILLION

    def asked(self, mixture: Mixture) -> int:
        """Give what a mixture asks of it."""
        return mixture.weights_ppm[self.source]

    def allowed(self, mixture: Mixture) -> int:
        """Give what it makes of that."""
        return min(max(self.asked(mixture), self.least), self.most)

    def binds(self, asked: Mixture, allowed: Mixture) -> bool:
        """Say whether the source stands at this limit and was not asked to."""
        weight = allowed.weights_ppm[self.source]
        at_limit = (0 < self.least == weight) or (weight == self.most < PARTS_PER_MILLION)
        return at_limit and weight != self.asked(asked)


@dataclass(frozen=True, kw_only=True)
class MoveLimit:
    """How far the mixture may be from another one, in total variation."""

    rail: LimitName
    because: str
    centre: Mixture
    most: int
    source: None = None

    def asked(self, mixture: Mixture) -> int:
        """Give how far away a mixture is."""
        return round(variation(_parts(mixture), _parts(self.centre)))

    def allowed(self, mixture: Mixture) -> int:
        """Give how far it may be."""
        return min(self.asked(mixture), self.most)

    def binds(self, asked: Mixture, allowed: Mixture) -> bool:
        """Say whether the mixture stands at this limit, but for the rounding, and was asked to go further."""
        return self.asked(asked) > self.most and self.asked(allowed) > self.most - len(allowed.sources)


Limit = SourceLimit | MoveLimit


def limits_of(
    settings: GuardrailSettings, *, asked: Mixture, current: Mixture, day_ago: Mixture, progress: RunProgress
) -> list[Limit]:
    """Give every limit on the next mixture; all mixtures name the sources of the run."""
    return [
        *_switched_off(settings, asked, current),
        *_on_moves(settings, current, day_ago),
        *declared_limits(settings),
        *(_protected(name, current.weights_ppm[name]) for name in settings.protected),
        *(epoch_budgets(progress) if settings.epoch_budget else ()),
    ]


def declared_limits(settings: GuardrailSettings) -> Iterator[SourceLimit]:
    """Give the limits that hold for every mixture of the run, whenever it is made."""
    for name, floor in sorted(settings.floors.items()):
        yield SourceLimit(rail="floor", source=name, least=-_down(-floor), because=f"its floor is {floor:g}")
    for name, ceiling in sorted(settings.ceilings.items()):
        yield SourceLimit(rail="ceiling", source=name, most=_down(ceiling), because=f"its ceiling is {ceiling:g}")


def epoch_budgets(progress: RunProgress) -> Iterator[SourceLimit]:
    """Give weight <= (max_epochs * unique - consumed) / remaining, for each source that cannot fill the rest alone."""
    for source in sorted(progress.sources, key=lambda source: source.name):
        if source.left_tokens < progress.remaining_tokens:
            most = source.left_tokens * PARTS_PER_MILLION // progress.remaining_tokens
            yield SourceLimit(rail="epoch_budget", source=source.name, most=most, because=_scarcity(source, progress))


def region_of(limits: Iterable[Limit], sources: Sequence[str]) -> Region:
    """Give what all limits leave together."""
    least, most = dict.fromkeys(sources, 0), dict.fromkeys(sources, PARTS_PER_MILLION)
    reaches = []
    for limit in limits:
        if isinstance(limit, MoveLimit):
            reaches.append(Reach(_parts(limit.centre), limit.most))
        else:
            least[limit.source] = max(least[limit.source], limit.least)
            most[limit.source] = min(most[limit.source], limit.most)
    return Region(tuple(least.values()), tuple(most.values()), tuple(reaches))


def _switched_off(settings: GuardrailSettings, asked: Mixture, current: Mixture) -> Iterator[SourceLimit]:
    for name, ppm in asked.weights_ppm.items():
        if ppm == 0 == current.weights_ppm[name] and not settings.floors.get(name):
            yield SourceLimit(rail="off", source=name, most=0, because="it is off, and nobody asks for it")


def _on_moves(settings: GuardrailSettings, current: Mixture, day_ago: Mixture) -> Iterator[MoveLimit]:
    if (share := settings.max_change) is not None:
        because = f"one change may move at most {share:g} of the mixture"
        yield MoveLimit(rail="change", centre=current, most=_down(share), because=because)
    if (share := settings.max_change_per_day) is not None:
        because = f"at most {share:g} of the mixture may move against that of 24 hours before"
        yield MoveLimit(rail="day", centre=day_ago, most=_down(share), because=because)


def _protected(name: str, ppm: int) -> SourceLimit:
    because = f"it is protected and stays at {ppm / PARTS_PER_MILLION:g}"
    return SourceLimit(rail="protected", source=name, least=ppm, most=ppm, because=because)


def _scarcity(source: SourceProgress, progress: RunProgress) -> str:
    return (
        f"{source.left_tokens} tokens are left of its {source.max_epochs:g} epochs, "
        f"for the {progress.remaining_tokens} tokens still to come"
    )


def _parts(mixture: Mixture) -> tuple[int, ...]:
    return tuple(mixture.weights_ppm.values())


def _down(share: float) -> int:
    """Give the whole parts per million in a share as it is written."""
    return math.floor(Fraction(str(share)) * PARTS_PER_MILLION)
