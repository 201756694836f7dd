"""Equations: linear ones, systems of two, quadratics."""

from __future__ import annotations

from fractions import Fraction
from math import isqrt
from random import Random

from crossfade_worker.data.worked_problems.problem import Problem, bracketed, exact, number, polynomial

_LETTERS = ("x", "y", "n", "t", "k", "m")


def linear_equation(draw: Random) -> Problem:
    """Solve a·x + b = c·x + d."""
    letter, root = draw.choice(_LETTERS), draw.randint(-12, 12)
    left, right = draw.sample(range(1, 12), 2)
    constant = draw.randint(-20, 20)
    other = (left - right) * root + constant
    given = {"a": left, "b": constant, "c": right, "d": other}
    equation = f"{polynomial((left, constant), letter)} = {polynomial((right, other), letter)}"
    question = draw.choice([f"Solve {equation}.", f"Find {letter}: {equation}.", f"For which {letter} is {equation}?"])
    difference = left - right
    steps = [
        f"Take {polynomial((right, 0), letter)} from both sides: "
        f"{polynomial((difference, constant), letter)} = {other}."
    ]
    if constant:
        verb, sign = ("Subtract", "-") if constant > 0 else ("Add", "+")
        steps.append(
            f"{verb} {abs(constant)}: {other} {sign} {abs(constant)} = {other - constant}, "
            f"so {polynomial((difference, 0), letter)} = {other - constant}."
        )
    if difference != 1:
        steps.append(f"Divide by {difference}: {other - constant} ÷ {bracketed(difference)} = {root}.")
    return Problem(question, tuple(steps), f"{letter} = {root}", given, exact(root))


def equation_with_brackets(draw: Random) -> Problem:
    """Solve a(x + b) = c."""
    letter, root = draw.choice(_LETTERS), draw.randint(-15, 15)
    factor, shift = draw.randint(2, 12), draw.choice([n for n in range(-12, 13) if n])
    total = factor * (root + shift)
    equation = f"{factor}({polynomial((1, shift), letter)}) = {total}"
    question = draw.choice(
        [f"Solve {equation}.", f"Solve the equation {equation} for {letter}.", f"Find {letter} if {equation}."]
    )
    verb, sign = ("Subtract", "-") if shift > 0 else ("Add", "+")
    steps = (
        f"Divide both sides by {factor}: {total} ÷ {factor} = {root + shift}, "
        f"so {polynomial((1, shift), letter)} = {root + shift}.",
        f"{verb} {abs(shift)}: {root + shift} {sign} {abs(shift)} = {root}.",
    )
    return Problem(question, steps, f"{letter} = {root}", {"a": factor, "b": shift, "c": total}, exact(root))


def fraction_equation(draw: Random) -> Problem:
    """Solve x/a + b = c."""
    letter, part = draw.choice(_LETTERS), draw.randint(2, 15)
    divisor, shift = draw.randint(2, 12), draw.randint(1, 20)
    total, root = part + shift, part * divisor
    question = draw.choice(
        [
            f"Solve {letter}/{divisor} + {shift} = {total}.",
            f"A number is divided by {divisor} and {shift} is added. The result is {total}. What is the number?",
        ]
    )
    steps = (
        f"Undo the addition: {total} - {shift} = {part}.",
        f"Undo the division: {part} × {divisor} = {root}.",
        f"Check: {root} ÷ {divisor} + {shift} = {total}.",
    )
    return Problem(question, steps, str(root), {"a": divisor, "b": shift, "c": total}, exact(root))


def two_equations(draw: Random) -> Problem:
    """Solve two linear equations by elimination."""
    x, y = draw.randint(-8, 9), draw.randint(-8, 9)
    a, b, c, d = (draw.randint(1, 7) for _ in range(4))
    while a * d == b * c:
        d = draw.randint(1, 9)
    e, f = a * x + b * y, c * x + d * y
    first, second = f"{_two(a, b)} = {e}", f"{_two(c, d)} = {f}"
    question = draw.choice(
        [
            f"Solve the system {first} and {second}.",
            f"Find x and y such that {first} and {second}.",
            f"Two lines have the equations {first} and {second}. At which point do they meet?",
        ]
    )
    determinant, right = a * d - c * b, e * d - f * b
    steps = (
        f"Multiply the first equation by {d} and the second by {b}: "
        f"{_two(a * d, b * d)} = {e * d} and {_two(c * b, d * b)} = {f * b}.",
        f"Subtract: {a * d} - {c * b} = {determinant} and {e * d} - {bracketed(f * b)} = {right}, "
        f"so {polynomial((determinant, 0))} = {right}.",
        f"x is {right} ÷ {bracketed(determinant)} = {x}.",
        f"Put x into the first equation: {b}y is {e} - {a} × {bracketed(x)} = {e - a * x}, "
        f"and y is {e - a * x} ÷ {b} = {y}.",
    )
    given = {"first": (a, b, e), "second": (c, d, f)}
    return Problem(question, steps, f"x = {x}, y = {y}", given, exact(x, y))


def quadratic_by_factors(draw: Random) -> Problem:
    """Solve a monic quadratic with whole roots."""
    small, large = sorted((draw.randint(-12, 12), draw.randint(-12, 12)))
    total, product = small + large, small * large
    equation = f"{polynomial((1, -total, product))} = 0"
    question = draw.choice([f"Solve {equation}.", f"Solve {equation} by factoring.", f"Find all x with {equation}."])
    factors = [f"({polynomial((1, -root))})" for root in (small, large)]
    steps = (
        f"Look for two numbers with sum {total} and product {product}.",
        f"They are {small} and {large}: {small} + {bracketed(large)} = {total} and "
        f"{small} × {bracketed(large)} = {product}.",
        f"So {polynomial((1, -total, product))} = {factors[0]}{factors[1]}, and a factor must be 0.",
    )
    answer = f"x = {small}" if small == large else f"x = {small} or x = {large}"
    value = exact(small) if small == large else exact(small, large)
    return Problem(question, steps, answer, {"a": 1, "b": -total, "c": product}, value)


def quadratic_by_formula(draw: Random) -> Problem:
    """Solve a quadratic by the formula: two rational roots, one, or none."""
    left, right, first, second = draw.randint(1, 4), draw.randint(1, 3), draw.randint(-7, 7), draw.randint(-7, 7)
    a, b, c = left * right, -(left * first + right * second), first * second  # (left x - second)(right x - first)
    if draw.random() < 0.25:
        c = b * b // (4 * a) + draw.randint(1, 9)
    discriminant = b * b - 4 * a * c
    equation = f"{polynomial((a, b, c))} = 0"
    question = draw.choice([f"Use the quadratic formula on {equation}.", f"Find the real solutions of {equation}."])
    steps = [f"The discriminant is {bracketed(b)}^2 - 4 × {a} × {bracketed(c)} = {discriminant}."]
    if discriminant < 0:
        steps.append("It is negative, so no real number solves the equation.")
        return Problem(question, tuple(steps), "no real solution", {"a": a, "b": b, "c": c}, ())
    root = isqrt(discriminant)
    steps.append(f"Its square root is {root}, because {root} × {root} = {discriminant}.")
    roots = sorted({Fraction(-b - root, 2 * a), Fraction(-b + root, 2 * a)})
    for sign, top in (("-", -b - root), ("+", -b + root)):
        steps.append(f"({-b} {sign} {root}) ÷ (2 × {a}) = {number(Fraction(top, 2 * a))}")
    answer = " or ".join(f"x = {number(value)}" for value in roots)
    return Problem(question, tuple(steps), answer, {"a": a, "b": b, "c": c}, exact(*roots))


def _two(a: int, b: int) -> str:
    return f"{polynomial((a, 0))} + {polynomial((b, 0), 'y')}"


EQUATIONS = (
    linear_equation,
    equation_with_brackets,
    fraction_equation,
    two_equations,
    quadratic_by_factors,
    quadratic_by_formula,
)
