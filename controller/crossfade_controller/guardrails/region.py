"""What guard rails leave of all mixtures, in whole parts per million: bounds for each source, and at most two reaches.

A reach is a greatest total variation from some mixture: half the sum of all differences, which is what the sources
that grew gained together.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from crossfade_shared.mixture import PARTS_PER_MILLION

Parts = Sequence[int]
"""One number for each source, always in the same order."""


@dataclass(frozen=True)
class Reach:
    """How far from `centre` a mixture may be, in total variation."""

    centre: tuple[int, ...]
    most: int


@dataclass(frozen=True)
class Region:
    """`least <= weights <= most` for each source, a sum of 1 000 000, and every reach kept."""

    least: tuple[int, ...]
    most: tuple[int, ...]
    reaches: tuple[Reach, ...] = ()

    def holds(self, weights: Sequence[float], *, tolerance: float = 0.0) -> bool:
        """Say whether a mixture lies in the region, give or take a tolerance for each comparison."""
        return all(
            least - tolerance <= weight <= most + tolerance
            for least, weight, most in zip(self.least, weights, self.most, strict=True)
        ) and all(variation(weights, reach.centre) <= reach.most + tolerance for reach in self.reaches)

    @property
    def is_empty(self) -> bool:
        """Whether no mixture lies in it."""
        if any(least > most for least, most in zip(self.least, self.most, strict=True)):
            return True
        if not sum(self.least) <= PARTS_PER_MILLION <= sum(self.most):
            return True
        first, second = (*self.reaches, None, None)[:2]
        if first is None:
            return False
        target = second or first
        nearest = self._nearest_within(first, target.centre)
        return nearest is None or variation(nearest, target.centre) > target.most

    def _nearest_within(self, reach: Reach, target: Parts) -> list[int] | None:
        """Give a mixture within the bounds and a reach that is as near to a target as any; None where none is.

        Every unit moved costs one unit of the reach, wherever it goes. So first as few as the bounds and the sum ask
        for are moved, towards the target where there is a choice; then what is left of the reach is spent on pairs
        that raise one source below its target and lower one above it.
        """
        weights = [
            min(max(weight, least), most)
            for weight, least, most in zip(reach.centre, self.least, self.most, strict=True)
        ]
        missing = PARTS_PER_MILLION - sum(weights)
        for limits in (target, self.most if missing > 0 else self.least):
            missing -= self._shift(weights, missing, limits)
        spare = math.floor(reach.most - variation(weights, reach.centre))
        if spare < 0:
            return None
        raised, lowered = list(weights), list(weights)
        pairs = min(self._shift(raised, spare, target), -self._shift(lowered, -spare, target))
        self._shift(weights, pairs, target)
        self._shift(weights, -pairs, target)
        return weights

    def _shift(self, weights: list[int], amount: int, limits: Parts) -> int:
        """Raise weights by an amount in all (lower them, if it is negative), no further than limits; give how much."""
        left = amount
        for place, weight in enumerate(weights):
            limit = min(max(limits[place], self.least[place]), self.most[place])
            step = min(max(limit - weight, 0), left) if amount > 0 else max(min(limit - weight, 0), left)
            weights[place] += step
            left -= step
        return amount - left


def variation(weights: Sequence[float], centre: Parts) -> float:
    """Give the total variation between two mixtures: half the sum of the differences."""
    return sum(abs(weight - other) for weight, other in zip(weights, centre, strict=True)) / 2
