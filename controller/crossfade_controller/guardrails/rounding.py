"""From real weights to whole parts per million that sum to 1 000 000 and keep every bound and reach.

Bounds and centres are whole numbers, so between two neighbouring whole numbers every rail is linear: giving a source
one part more costs a reach one part if the source is at or above the centre, and nothing otherwise. Which sources may
be rounded up is then a system over sets of sources that, well ordered, are intervals; such a system has a whole
solution wherever it has a real one (it is totally unimodular: Schrijver, Theory of Linear and Integer Programming,
section 19.4), so an answer within the rails can always be rounded within them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from crossfade_controller.guardrails.region import Region
from crossfade_shared.mixture import PARTS_PER_MILLION

TOLERANCE = 1e-6  # parts per million; that close to a whole number is one


def round_within(region: Region, weights: Sequence[float]) -> tuple[int, ...]:
    """Round weights that lie in the region (up to `TOLERANCE`), each by less than one part, largest remainders up.

    Ties go to the source that comes first.
    """
    parts = [math.floor(weight + TOLERANCE) for weight in weights]
    remainders = [weight - part for weight, part in zip(weights, parts, strict=True)]
    open_places = [place for place, part in enumerate(parts) if part < region.most[place]]
    order = sorted(open_places, key=lambda place: (-remainders[place], place))
    spare = [reach.most - _growth(parts, reach.centre) for reach in region.reaches]
    costs = {place: tuple(parts[place] >= reach.centre[place] for reach in region.reaches) for place in order}
    num_up = PARTS_PER_MILLION - sum(parts)
    most_costly = min(num_up, *spare) if len(spare) > 1 else 0
    choices = (_take(order, costs, spare, num_up, costly=costly) for costly in range(most_costly + 1))
    whole = [choice for choice in choices if len(choice) == num_up]
    assert whole, "weights within the rails can be rounded within them"
    for place in max(whole, key=lambda choice: sum(remainders[place] for place in choice)):
        parts[place] += 1
    return tuple(parts)


def _take(
    order: Sequence[int], costs: dict[int, tuple[bool, ...]], spare: Sequence[int], num_up: int, *, costly: int
) -> list[int]:
    """Take places in their order, at most `costly` of those that cost two reaches at once, and what is left of each."""
    left = [have - costly if len(spare) > 1 else have for have in spare]
    taken: list[int] = []
    for place in order:
        cost = costs[place]
        if len(taken) == num_up:
            break
        if sum(cost) > 1:
            costly -= 1
            if costly < 0:
                continue
        elif any(cost) and left[cost.index(True)] <= 0:
            continue
        elif any(cost):
            left[cost.index(True)] -= 1
        taken.append(place)
    return taken


def _growth(parts: Sequence[int], centre: Sequence[int]) -> int:
    return sum(max(part - other, 0) for part, other in zip(parts, centre, strict=True))
