"""Sequences: arithmetic and geometric ones, their terms and sums, and what comes next."""

from __future__ import annotations

from itertools import pairwise
from random import Random

from crossfade_worker.data.worked_problems.problem import Problem, bracketed, exact
from crossfade_worker.data.worked_problems.wording import name, place


def arithmetic_term(draw: Random) -> Problem:
    """Find a far term of an arithmetic sequence."""
    first, difference, position = draw.randint(-20, 40), _not_zero(draw, 12), draw.randint(8, 60)
    shown = ", ".join(str(first + difference * index) for index in range(4))
    term = first + (position - 1) * difference
    question = draw.choice(
        [
            f"Find term number {position} of the arithmetic sequence {shown}, …",
            f"The sequence {shown}, … goes on by equal steps. What is its term number {position}?",
            f"An arithmetic sequence begins {shown}. Which number stands at position {position}?",
        ]
    )
    steps = (
        f"The common difference is {first + difference} - {bracketed(first)} = {difference}.",
        f"Term n is the first term plus (n - 1) differences, and {position} - 1 = {position - 1}.",
        f"{first} + {position - 1} × {bracketed(difference)} = {term}",
    )
    given = {"first": first, "difference": difference, "position": position}
    return Problem(question, steps, str(term), given, exact(term))


def arithmetic_sum(draw: Random) -> Problem:
    """Add the first terms of an arithmetic sequence by pairing."""
    first, difference, count = draw.randint(1, 30), draw.randint(1, 9), draw.randint(6, 50)
    last = first + (count - 1) * difference
    who, where = name(draw), place(draw)
    question = draw.choice(
        [
            f"Add the first {count} terms of {first}, {first + difference}, {first + 2 * difference}, …",
            f"{who} saves ${first} in week 1 and ${difference} more each week than in the week before. "
            f"How much is saved in {count} weeks, in dollars?",
            f"The first row of seats in the {where} has {first} seats and every further row has {difference} more. "
            f"How many seats are in {count} rows?",
        ]
    )
    total = count * (first + last) // 2
    steps = (
        f"The last term is {first} + {count - 1} × {difference} = {last}.",
        f"First and last together: {first} + {last} = {first + last}.",
        f"There are {count} terms, so the sum is {count} × {first + last} ÷ 2 = {total}.",
    )
    given = {"first": first, "difference": difference, "count": count}
    return Problem(question, steps, str(total), given, exact(total))


def geometric_term(draw: Random) -> Problem:
    """Find a term of a geometric sequence."""
    first, ratio, position = draw.randint(1, 9), draw.choice((-3, -2, 2, 3, 4, 5)), draw.randint(5, 8)
    shown = ", ".join(str(first * ratio**index) for index in range(3))
    question = draw.choice(
        [
            f"Find term number {position} of the geometric sequence {shown}, …",
            f"Each term of {shown}, … is the one before times the same number. What is term number {position}?",
        ]
    )
    term = first * ratio ** (position - 1)
    steps = [f"The common ratio is {first * ratio} ÷ {first} = {ratio}."]
    value = first
    for index in range(2, position + 1):
        steps.append(f"Term {index}: {value} × {bracketed(ratio)} = {value * ratio}")
        value *= ratio
    given = {"first": first, "ratio": ratio, "position": position}
    return Problem(question, tuple(steps), str(term), given, exact(term))


def geometric_sum(draw: Random) -> Problem:
    """Add the first terms of a geometric sequence."""
    first, ratio, count = draw.randint(1, 12), draw.randint(2, 4), draw.randint(4, 8)
    who = name(draw)
    question = draw.choice(
        [
            f"Find the sum of the first {count} terms of {first}, {first * ratio}, {first * ratio**2}, …",
            f"{who} tells {first} friends a piece of news; each hour {ratio} times as many people hear it as in the "
            f"hour before. How many heard it in the first {count} hours together, if {first} heard it in the first?",
        ]
    )
    power = ratio**count
    total = first * (power - 1) // (ratio - 1)
    steps = (
        f"The sum is first × (ratio^count - 1) ÷ (ratio - 1), with ratio {ratio} and {count} terms.",
        f"{ratio}^{count} = {power}",
        f"{first} × ({power} - 1) ÷ ({ratio} - 1) = {total}",
    )
    return Problem(question, steps, str(total), {"first": first, "ratio": ratio, "count": count}, exact(total))


def next_term(draw: Random) -> Problem:
    """Continue a sequence whose differences grow evenly."""
    start, step, growth = draw.randint(-5, 20), draw.randint(1, 9), draw.randint(1, 6)
    terms = [start]
    for index in range(5):
        terms.append(terms[-1] + step + growth * index)
    shown = ", ".join(map(str, terms[:5]))
    question = draw.choice(
        [
            f"Which number comes next: {shown}, ?",
            f"Continue the sequence {shown} by one term.",
            f"{name(draw)} writes down {shown}. What is the next number, if the differences go on growing evenly?",
        ]
    )
    differences = [right - left for left, right in pairwise(terms[:5])]
    last = differences[-1] + growth
    steps = (
        f"The differences are {', '.join(map(str, differences))}.",
        f"They grow by {growth} each time, so the next difference is {differences[-1]} + {growth} = {last}.",
        f"The next term is {terms[4]} + {last} = {terms[5]}.",
    )
    return Problem(question, steps, str(terms[5]), {"terms": tuple(terms[:5])}, exact(terms[5]))


def _not_zero(draw: Random, most: int) -> int:
    return draw.choice([-1, 1]) * draw.randint(1, most)


SEQUENCES = (arithmetic_term, arithmetic_sum, geometric_term, geometric_sum, next_term)
