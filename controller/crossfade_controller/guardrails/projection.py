"""The nearest allowed mixture: the one of least Kullback-Leibler divergence from what was asked.

Minimising Σ w·log(w / asked) under bounds scales every source by one factor and cuts it off at its bounds, so what one
source may not have goes to the others in proportion to what was asked for them. A reach (a greatest total variation
from some mixture) adds a kink at that mixture: sources that grow have one factor, sources that shrink a larger one, and
those for which the one is too small and the other too large stay where they are. Growth and shrinking must each come to
the whole reach, so the two factors are found apart. Where two reaches bind at once, the second one is a price on
leaving its centre, found by chords. (Optimality conditions of a separable convex programme: Boyd and Vandenberghe,
Convex Optimization, section 5.5.3.)

The arithmetic is that of IEEE doubles without any transcendental function, so equal questions have equal answers on
every machine. `rounding` then makes whole parts per million of it.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from crossfade_controller.guardrails.region import Parts, Reach, Region, variation
from crossfade_controller.guardrails.rounding import TOLERANCE, round_within
from crossfade_shared.mixture import PARTS_PER_MILLION

_FAINT = 1e-12
"""What a source that was not asked for weighs in the divergence: it gets something only where the rails leave no other
choice, in proportion to what it has now."""
_MOST_PRICE = 1e30
_MOST_ROUNDS = 64
_EXACT = 1e-9
"""Parts per million: a reach that is used up but for so little is used up."""


@dataclass(frozen=True)
class _Source:
    """What one source gets under a common factor: its shape times the factor, cut off at its bounds.

    Leaving `kink` has a price: below it the factor counts `price` times, above it only a `price`-th.
    """

    shape: float
    least: int
    most: int
    kink: int = 0
    price: float = 1.0

    def bends(self, centre: int) -> list[float]:
        """Give the factors at which the pieces meet, those included at which its weight passes a centre."""
        return [
            value / self.shape * price
            for value in (self.least, self.most, self.kink, centre)
            for price in (self.price, 1 / self.price)
        ]


def _under(factor: float, sources: Sequence[_Source]) -> list[float]:
    """Give the weight of each source; it grows with the factor, in straight pieces."""
    weights = []
    for source in sources:
        plain = factor * source.shape
        below = plain * source.price
        weight = below if below < source.kink else max(plain / source.price, source.kink)
        weights.append(source.least if weight < source.least else min(weight, source.most))
    return weights


def nearest(asked: Parts, current: Parts, region: Region) -> tuple[int, ...]:
    """Give the mixture in the region that is nearest to the one asked, in parts per million.

    The region must not be empty. A mixture that lies in it is its own nearest.
    """
    if region.holds(asked):
        return tuple(asked)
    sources = [
        _Source(share if share > 0 else _FAINT * max(now, least, 1), least, most)
        for share, now, least, most in zip(asked, current, region.least, region.most, strict=True)
    ]
    return round_within(region, _solve(sources, region))


def _solve(sources: Sequence[_Source], region: Region) -> list[float]:
    """Try fewer reaches first: an answer that keeps the others too is the answer."""
    for reach in (None, *region.reaches):
        weights = _within(sources, reach)
        if region.holds(weights, tolerance=TOLERANCE):
            return weights
    first, second = region.reaches
    return _within_both(sources, first, second)


def _within_both(sources: Sequence[_Source], first: Reach, second: Reach) -> list[float]:
    """Raise the price on leaving the second centre until that reach is kept; the first one is kept all the while."""

    def at(price: float) -> list[float]:
        priced = [replace(source, kink=kink, price=price) for source, kink in zip(sources, second.centre, strict=True)]
        return _within(priced, first)

    def excess(price: float) -> float:
        return variation(at(price), second.centre) - second.most

    return at(_price_of_reach(excess))


def _price_of_reach(excess: Callable[[float], float]) -> float:
    """Give the price at which a falling excess, above 0 without a price, is used up; or the greatest price of all.

    Chords find it; an end that stays twice counts half (the Illinois method: Dowell and Jarratt 1971).
    """
    low, above, high = 1.0, excess(1.0), 2.0
    while (below := excess(high)) > 0 and high < _MOST_PRICE:
        low, above, high = high, below, high * high
    if below > 0:
        return high
    was_above: bool | None = None
    for _ in range(_MOST_ROUNDS):
        price = low + (high - low) * above / (above - below)
        left = excess(price)
        if abs(left) <= _EXACT:
            return price
        stays = 0.5 if (left > 0) is was_above else 1.0
        was_above = left > 0
        if was_above:
            low, above, below = price, left, below * stays
        else:
            high, below, above = price, left, above * stays
    return high


def _within(sources: Sequence[_Source], reach: Reach | None) -> list[float]:
    """Give the weights of least divergence (and price) within the bounds, and within a reach if there is one."""
    centre = reach.centre if reach else (0,) * len(sources)
    bends = sorted({bend for source, place in zip(sources, centre, strict=True) for bend in source.bends(place)})
    weights = _under(_factor(bends, lambda factor: sum(_under(factor, sources)), PARTS_PER_MILLION), sources)
    if reach is None or variation(weights, centre) <= reach.most:
        return weights

    def growth(factor: float) -> float:
        return sum(max(weight - place, 0) for weight, place in zip(_under(factor, sources), centre, strict=True))

    def shrinkage(factor: float) -> float:
        return sum(max(place - weight, 0) for weight, place in zip(_under(factor, sources), centre, strict=True))

    grown = _under(_factor(bends, growth, reach.most), sources)
    shrunk = _under(_factor(bends, lambda factor: -shrinkage(factor), -reach.most), sources)
    return [max(up, min(place, down)) for up, place, down in zip(grown, centre, shrunk, strict=True)]


def _factor(bends: Sequence[float], curve: Callable[[float], float], value: float) -> float:
    """Give the factor at which a curve, growing in straight pieces between the bends, has a value."""
    end = bisect_left(bends, value, key=curve)
    if end in {0, len(bends)}:
        return bends[min(end, len(bends) - 1)]
    left, right = bends[end - 1], bends[end]
    below, above = curve(left), curve(right)
    return left + (right - left) * (value - below) / (above - below)
