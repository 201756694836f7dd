"""Averages of a few numbers: mean, median, mode, range, and a mean to be reached."""

from __future__ import annotations

from fractions import Fraction
from random import Random

from crossfade_worker.data.worked_problems.problem import Problem, exact, number
from crossfade_worker.data.worked_problems.wording import name, place

_SUBJECTS = ("test scores", "temperatures in degrees", "daily visitors", "parcel weights in kilograms", "goals")


def mean(draw: Random) -> Problem:
    """Mean of five to nine numbers."""
    values = _values(draw)
    question = _question(draw, values, "mean")
    total, result = sum(values), Fraction(sum(values), len(values))
    steps = (
        f"Add them: {' + '.join(map(str, values))} = {total}.",
        f"There are {len(values)}: {total} ÷ {len(values)} = {number(result)}.",
    )
    return Problem(question, steps, number(result), {"values": values}, exact(result))


def median(draw: Random) -> Problem:
    """Middle of the sorted numbers."""
    values = _values(draw)
    question = _question(draw, values, "median")
    ordered, half = sorted(values), len(values) // 2
    steps = [f"Sorted: {', '.join(map(str, ordered))}."]
    if len(values) % 2:
        result = Fraction(ordered[half])
        steps.append(f"The middle one of {len(values)} is number {half + 1}: {result}.")
    else:
        left, right = ordered[half - 1], ordered[half]
        result = Fraction(left + right, 2)
        steps.append(f"The two in the middle are {left} and {right}: ({left} + {right}) ÷ 2 = {number(result)}.")
    return Problem(question, tuple(steps), number(result), {"values": values}, exact(result))


def spread(draw: Random) -> Problem:
    """Range of the numbers."""
    values = _values(draw)
    question = _question(draw, values, "range")
    steps = (
        f"The largest is {max(values)} and the smallest is {min(values)}.",
        f"{max(values)} - {min(values)} = {max(values) - min(values)}",
    )
    return Problem(
        question, steps, str(max(values) - min(values)), {"values": values}, exact(max(values) - min(values))
    )


def score_needed(draw: Random) -> Problem:
    """What the next score must be to reach a mean."""
    count, target = draw.randint(3, 6), draw.randint(60, 90)
    values = tuple(target + draw.randint(-9, 6) for _ in range(count))
    who = name(draw)
    needed = target * (count + 1) - sum(values)
    question = (
        f"{who} has scored {', '.join(map(str, values))} so far. Which next score gives {who} a mean of {target}?"
    )
    steps = (
        f"{count + 1} scores with mean {target} add up to {count + 1} × {target} = {target * (count + 1)}.",
        f"So far: {' + '.join(map(str, values))} = {sum(values)}.",
        f"Missing: {target * (count + 1)} - {sum(values)} = {needed}.",
    )
    return Problem(question, steps, str(needed), {"values": values, "target": target}, exact(needed))


def _values(draw: Random) -> tuple[int, ...]:
    centre = draw.randint(10, 80)
    return tuple(max(0, centre + draw.randint(-10, 15)) for _ in range(draw.randint(5, 9)))


def _question(draw: Random, values: tuple[int, ...], measure: str) -> str:
    numbers = ", ".join(map(str, values))
    subject = draw.choice(_SUBJECTS)
    return draw.choice(
        [
            f"Find the {measure} of {numbers}.",
            f"What is the {measure} of these {subject}: {numbers}?",
            f"{name(draw)} notes {subject} at the {place(draw)}: {numbers}. What is their {measure}?",
        ]
    )


AVERAGES = (mean, median, spread, score_needed)
