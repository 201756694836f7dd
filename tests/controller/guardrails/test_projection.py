"""The projection: within every rail, summing to the whole, and as near as an independent solver can come."""

from __future__ import annotations

import math
from collections.abc import Sequence
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crossfade_controller.guardrails.projection import nearest
from crossfade_controller.guardrails.region import Reach, Region, variation
from crossfade_shared.mixture import PARTS_PER_MILLION, Mixture

optimize = pytest.importorskip("scipy.optimize")
WHOLE = PARTS_PER_MILLION


def mixtures(num_sources: int, *, least: int = 0) -> st.SearchStrategy[tuple[int, ...]]:
    numbers = st.lists(st.integers(least, 100), min_size=num_sources, max_size=num_sources)
    return numbers.filter(any).map(
        lambda given: tuple(
            Mixture.from_weights({f"s{place:03}": number for place, number in enumerate(given)}).weights_ppm.values()
        )
    )


@st.composite
def questions(draw: st.DrawFn, least: int = 0) -> tuple[tuple[int, ...], tuple[int, ...], Region]:
    """Give a mixture that is asked for, the current one, and a region, empty or not."""
    num = draw(st.integers(1, 6))
    asked, current, day_ago = (draw(mixtures(num, least=least)) for _ in range(3))
    bound = st.one_of(st.just(None), st.integers(0, WHOLE))
    floors = tuple((draw(bound) or 0) // num for _ in range(num))
    ceilings = tuple(WHOLE if (most := draw(bound)) is None else most for _ in range(num))
    radius = st.one_of(st.just(None), st.integers(0, WHOLE // 2))
    reaches = tuple(Reach(centre, most) for centre in (current, day_ago) if (most := draw(radius)) is not None)
    return asked, current, Region(floors, ceilings, reaches)


def is_empty_by_linear_programming(region: Region) -> bool:
    """Ask scipy, with one more variable for each source and reach: what the source differs upwards."""
    num, rows, limits = len(region.least), [], []
    width = num * (1 + len(region.reaches))
    for number, reach in enumerate(region.reaches, start=1):
        for place in range(num):
            row = [0] * width
            row[place], row[number * num + place] = 1, -1
            rows.append(row)
            limits.append(reach.centre[place])
        rows.append([0] * (number * num) + [1] * num + [0] * (width - (number + 1) * num))
        limits.append(reach.most)
    if any(least > most for least, most in zip(region.least, region.most, strict=True)):
        return True
    bounds = [*zip(region.least, region.most, strict=True), *[(0, None)] * (width - num)]
    whole = [[1] * num + [0] * (width - num)]
    found = optimize.linprog(
        [0] * width, A_ub=rows or None, b_ub=limits or None, A_eq=whole, b_eq=[WHOLE], bounds=bounds
    )
    return bool(found.status == 2)


def divergence(weights: Sequence[float], asked: Sequence[int]) -> float:
    """Give the Kullback-Leibler divergence in nats."""
    shares = ((max(weight, 0) / WHOLE, other / WHOLE) for weight, other in zip(weights, asked, strict=True))
    return sum(share * math.log(share / other) for share, other in shares if share > 0)


def least_divergence(asked: Sequence[int], region: Region, start: Sequence[int]) -> float:
    """Minimise with scipy; a move up and a move down from each centre make the reaches smooth."""
    num = len(asked)
    shares = [weight / WHOLE for weight in asked]
    num_moves = num * len(region.reaches)

    def objective(values: Sequence[float]) -> float:
        return sum(
            value * math.log(max(value, 1e-15) / share) for value, share in zip(values[:num], shares, strict=True)
        )

    constraints = [{"type": "eq", "fun": lambda values: sum(values[:num]) - 1}]
    first = [weight / WHOLE for weight in start]
    for number, reach in enumerate(region.reaches):
        begin = num + number * num
        first += [max(weight - centre, 0) / WHOLE for weight, centre in zip(start, reach.centre, strict=True)]
        constraints += [
            {"type": "ineq", "fun": lambda values, b=begin, r=reach: r.most / WHOLE - sum(values[b : b + num])},
            *(
                {"type": "ineq", "fun": lambda v, b=begin, r=reach, k=place: v[b + k] - v[k] + r.centre[k] / WHOLE}
                for place in range(num)
            ),
        ]
    bounds = [(least / WHOLE, most / WHOLE) for least, most in zip(region.least, region.most, strict=True)]
    found = optimize.minimize(
        objective, first, method="SLSQP", bounds=bounds + [(0, 1)] * num_moves, constraints=constraints
    )
    weights = [value * WHOLE for value in found.x[:num]]
    feasible = abs(sum(weights) - WHOLE) < 1 and region.holds(weights, tolerance=1.0)
    return divergence(weights, asked) if feasible else math.inf


@given(questions())
@settings(deadline=None, max_examples=300)
def test_it_keeps_every_rail_and_knows_when_there_is_none_to_keep(
    question: tuple[tuple[int, ...], tuple[int, ...], Region],
) -> None:
    asked, current, region = question
    assert region.is_empty == is_empty_by_linear_programming(region)
    if region.is_empty:
        return
    weights = nearest(asked, current, region)
    assert sum(weights) == WHOLE
    assert region.holds(weights)
    assert nearest(asked, current, region) == weights
    assert nearest(weights, current, region) == weights
    if region.holds(asked):
        assert weights == asked


@given(questions(least=1))
@settings(deadline=None, max_examples=150)
def test_no_solver_comes_nearer(question: tuple[tuple[int, ...], tuple[int, ...], Region]) -> None:
    asked, current, region = question
    if region.is_empty:
        return
    weights = nearest(asked, current, region)
    rounding = 2e-5  # a part of a source asked for at 1/500 costs as much where it lies far from what was asked
    assert divergence(weights, asked) <= least_divergence(asked, region, weights) + rounding


@pytest.mark.parametrize("num_parts", [20])
@given(data=st.data())
@settings(deadline=None, max_examples=30)
def test_no_other_mixture_of_a_grid_is_nearer(num_parts: int, data: st.DataObject) -> None:
    unit = WHOLE // num_parts
    asked, current, region = data.draw(questions(least=1).filter(lambda question: len(question[0]) == 3))
    grid = [
        (first * unit, second * unit, WHOLE - (first + second) * unit)
        for first in range(num_parts + 1)
        for second in range(num_parts + 1 - first)
    ]
    allowed = [weights for weights in grid if region.holds(weights)]
    if region.is_empty:
        assert not allowed
        return
    best = min((divergence(weights, asked) for weights in allowed), default=math.inf)
    assert divergence(nearest(asked, current, region), asked) <= best + 2e-5


def test_what_one_source_may_not_have_goes_to_the_others_in_proportion() -> None:
    region = Region((0, 0, 0), (120_000, WHOLE, WHOLE))
    assert nearest((300_000, 500_000, 200_000), (0, 0, WHOLE), region) == (120_000, 628_571, 251_429)


def test_a_change_too_large_goes_part_of_the_way() -> None:
    current = (100_000, 200_000, 700_000)
    region = Region((0,) * 3, (WHOLE,) * 3, (Reach(current, 50_000),))
    assert nearest((400_000, 200_000, 400_000), current, region) == (150_000, 200_000, 650_000)


def test_a_source_switched_off_too_fast_shrinks_as_far_as_it_may() -> None:
    current = (100_000, 900_000)
    region = Region((0, 0), (WHOLE, WHOLE), (Reach(current, 30_000),))
    assert nearest((0, WHOLE), current, region) == (70_000, 930_000)


def test_two_reaches_bind_at_once() -> None:
    current, day_ago = (400_000, 300_000, 300_000), (300_000, 400_000, 300_000)
    region = Region((0,) * 3, (WHOLE,) * 3, (Reach(current, 150_000), Reach(day_ago, 180_000)))
    weights = nearest((800_000, 100_000, 100_000), current, region)
    assert variation(weights, day_ago) == 180_000
    assert weights[0] == 480_000


def test_many_sources_are_rounded_to_the_whole() -> None:
    asked = tuple(Mixture.from_weights({f"s{place:03}": place + 1 for place in range(256)}).weights_ppm.values())
    region = Region((0,) * 256, tuple(4_321 + place for place in range(256)))
    weights = nearest(asked, asked, region)
    assert sum(weights) == WHOLE
    assert region.holds(weights)


def test_rounding_passes_no_reach_that_is_used_up() -> None:
    asked = (115385, 269231, 307692, 153846, 153846)
    current = (259259, 74074, 111111, 296297, 259259)
    day_ago = (333334, 133333, 133333, 133333, 266667)
    region = Region((0,) * 5, (WHOLE,) * 5, (Reach(current, 130_000), Reach(day_ago, 190_000)))
    weights = nearest(asked, current, region)
    assert [variation(weights, reach.centre) for reach in region.reaches] == [130_000, 164_210]


@given(st.randoms(use_true_random=False), st.floats(0.55, 0.95), st.floats(0.55, 0.95))
@settings(deadline=None, max_examples=30)
def test_it_keeps_both_reaches_over_many_sources(random: Random, share: float, share_of_day: float) -> None:
    num = random.randint(10, 60)
    asked, current, day_ago = (
        tuple(
            Mixture.from_weights({f"s{place:02}": random.randint(1, 999) for place in range(num)}).weights_ppm.values()
        )
        for _ in range(3)
    )
    apart = variation(current, day_ago)
    reaches = (Reach(current, round(apart * share)), Reach(day_ago, round(apart * share_of_day)))
    region = Region((0,) * num, (WHOLE,) * num, reaches)
    weights = nearest(asked, current, region)
    assert sum(weights) == WHOLE
    assert region.holds(weights)
