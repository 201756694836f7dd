"""Calculus of polynomials: derivatives, tangents, turning points, areas."""

from __future__ import annotations

from fractions import Fraction
from random import Random

from crossfade_worker.data.worked_problems.problem import Problem, bracketed, exact, number, polynomial

_FUNCTIONS = ("f", "g", "h", "p")


def derivative(draw: Random) -> Problem:
    """Differentiate a polynomial and evaluate the derivative."""
    coefficients, letter, at = _coefficients(draw), draw.choice(_FUNCTIONS), draw.randint(-4, 5)
    question = draw.choice(
        [
            f"Differentiate {letter}(x) = {polynomial(coefficients)} and find {letter}'({at}).",
            f"Let {letter}(x) = {polynomial(coefficients)}. What is {letter}'({at})?",
        ]
    )
    slope = _derive(coefficients)
    steps = [
        *_power_rule(coefficients),
        f"So {letter}'(x) = {polynomial(slope)}.",
        f"At x = {at}: {_substitute(slope, at)} = {_evaluate(slope, at)}.",
    ]
    value = _evaluate(slope, at)
    given = {"coefficients": coefficients, "at": at}
    return Problem(question, tuple(steps), f"{letter}'({at}) = {value}", given, exact(at, value))


def tangent(draw: Random) -> Problem:
    """Tangent line of a polynomial at a point."""
    coefficients, at = _coefficients(draw, degree=2), draw.randint(-4, 5)
    question = f"Find the tangent to y = {polynomial(coefficients)} at x = {at}, in the form y = mx + c."
    slope, height = _derive(coefficients), _evaluate(coefficients, at)
    m = _evaluate(slope, at)
    c = height - m * at
    steps = (
        f"The height there is {_substitute(coefficients, at)} = {height}.",
        f"The derivative is {polynomial(slope)}, so the slope is {_substitute(slope, at)} = {m}.",
        f"The line meets the y-axis at {height} - {bracketed(m)} × {bracketed(at)} = {c}.",
    )
    answer = f"slope {m}, intercept {c}: y = {polynomial((m, c))}"
    return Problem(question, steps, answer, {"coefficients": coefficients, "at": at}, exact(m, c))


def turning_point(draw: Random) -> Problem:
    """Vertex of a parabola."""
    a, at, height = draw.choice((-3, -2, -1, 1, 2, 3)), draw.randint(-8, 8), draw.randint(-20, 20)
    coefficients = (a, -2 * a * at, a * at * at + height)
    kind = "minimum" if a > 0 else "maximum"
    question = draw.choice(
        [
            f"Find the {kind} of {polynomial(coefficients)} and where it is taken.",
            f"At which x does y = {polynomial(coefficients)} have its {kind}, and what is it?",
        ]
    )
    slope = _derive(coefficients)
    steps = (
        f"The derivative is {polynomial(slope)}; it is 0 at x = {at}, since {_substitute(slope, at)} = 0.",
        f"The leading coefficient is {'positive' if a > 0 else 'negative'}, so this is a {kind}.",
        f"The value there is {_substitute(coefficients, at)} = {height}.",
    )
    return Problem(question, steps, f"x = {at}, {kind} {height}", {"coefficients": coefficients}, exact(at, height))


def definite_integral(draw: Random) -> Problem:
    """Integrate a polynomial between whole limits."""
    coefficients = _coefficients(draw, degree=2)
    low = draw.randint(-2, 2)
    high = low + draw.randint(1, 3)
    question = draw.choice(
        [
            f"Integrate {polynomial(coefficients)} from x = {low} to x = {high}.",
            f"Find the definite integral of {polynomial(coefficients)} between {low} and {high}.",
        ]
    )
    degree = len(coefficients) - 1
    parts = [Fraction(coefficient, degree - index + 1) for index, coefficient in enumerate(coefficients)]
    at_high, at_low = (
        sum((part * x ** (degree - index + 1) for index, part in enumerate(parts)), Fraction()) for x in (high, low)
    )
    powers = [f"x^{power}" if power > 1 else "x" for power in range(degree + 1, 0, -1)]
    terms = [f"{bracketed(part)} × {power}" for part, power in zip(parts, powers, strict=True) if part]
    steps = (
        f"An antiderivative is F(x), the sum of {' and '.join(terms)}.",
        f"F({high}) is {number(at_high)} and F({low}) is {number(at_low)}.",
        f"{number(at_high)} - {bracketed(at_low)} = {number(at_high - at_low)}",
    )
    given = {"coefficients": coefficients, "low": low, "high": high}
    return Problem(question, steps, number(at_high - at_low), given, exact(at_high - at_low))


def _coefficients(draw: Random, degree: int | None = None) -> tuple[int, ...]:
    degree = degree or draw.randint(2, 4)
    lead = draw.choice((-1, 1)) * draw.randint(1, 5)
    return (lead, *(draw.randint(-9, 9) for _ in range(degree)))


def _derive(coefficients: tuple[int, ...]) -> tuple[int, ...]:
    degree = len(coefficients) - 1
    return tuple(coefficient * (degree - index) for index, coefficient in enumerate(coefficients[:-1]))


def _evaluate(coefficients: tuple[int, ...], x: int) -> int:
    value = 0
    for coefficient in coefficients:
        value = value * x + coefficient
    return value


def _power_rule(coefficients: tuple[int, ...]) -> list[str]:
    degree = len(coefficients) - 1
    lines = []
    for index, coefficient in enumerate(coefficients[:-1]):
        if coefficient:
            power = degree - index
            before = polynomial((coefficient, *[0] * power))
            after = polynomial((coefficient * power, *[0] * (power - 1)))
            lines.append(f"The derivative of {before} is {after}.")
    return lines


def _substitute(coefficients: tuple[int, ...], x: int) -> str:
    degree = len(coefficients) - 1
    terms: list[str] = []
    for index, coefficient in enumerate(coefficients):
        power = degree - index
        if coefficient:
            factor = "" if power == 0 else f" × {bracketed(x)}" if power == 1 else f" × {bracketed(x)}^{power}"
            terms.append(f"{bracketed(coefficient) if terms else coefficient}{factor}")
    return " + ".join(terms) or "0"


CALCULUS = (derivative, tangent, turning_point, definite_integral)
