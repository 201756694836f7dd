"""Fractions: simplifying, adding, subtracting, multiplying, dividing, comparing."""

from __future__ import annotations

from fractions import Fraction
from math import gcd, lcm
from random import Random

from crossfade_worker.data.worked_problems.problem import Problem, exact, number
from crossfade_worker.data.worked_problems.wording import name, names

_FOODS = ("cake", "loaf of bread", "melon", "pie", "pizza", "tart", "block of cheese", "bar of chocolate")


def simplify_fraction(draw: Random) -> Problem:
    """Divide numerator and denominator by their greatest common divisor."""
    factor, bottom = draw.randint(2, 15), draw.randint(3, 20)
    top = draw.randint(1, bottom - 1)
    numerator, denominator = top * factor, bottom * factor
    common = gcd(numerator, denominator)
    question = draw.choice(
        [
            f"Simplify {numerator}/{denominator}.",
            f"Write {numerator}/{denominator} in lowest terms.",
            f"{name(draw)} got {numerator} of {denominator} questions right. Which fraction is that, in lowest terms?",
        ]
    )
    result = Fraction(numerator, denominator)
    steps = (
        f"The greatest common divisor of {numerator} and {denominator} is {common}.",
        f"{numerator} ÷ {common} = {result.numerator} and {denominator} ÷ {common} = {result.denominator}.",
    )
    given = {"numerator": numerator, "denominator": denominator}
    return Problem(question, steps, number(result), given, exact(result))


def add_fractions(draw: Random) -> Problem:
    """Add or subtract over the least common denominator."""
    second, first = sorted((_proper(draw), _proper(draw)))
    minus = draw.random() < 0.5 and first != second
    sign, result = ("-", first - second) if minus else ("+", first + second)
    question = _sum_question(draw, first, second, minus=minus)
    common = lcm(first.denominator, second.denominator)
    tops = [part.numerator * (common // part.denominator) for part in (first, second)]
    total = tops[0] - tops[1] if minus else tops[0] + tops[1]
    steps = [f"The least common denominator of {first.denominator} and {second.denominator} is {common}."]
    steps += [f"{part} = {top}/{common}" for part, top in zip((first, second), tops, strict=True)]
    steps.append(f"{tops[0]}/{common} {sign} {tops[1]}/{common} = {total}/{common}")
    if gcd(total, common) > 1:
        steps.append(f"In lowest terms {total}/{common} = {result}.")
    given = {"first": first, "second": second, "sign": sign}
    return Problem(question, tuple(steps), number(result), given, exact(result))


def multiply_fractions(draw: Random) -> Problem:
    """Multiply tops and bottoms, or turn the divisor over first."""
    first, second = _proper(draw), _proper(draw)
    divide = draw.random() < 0.5
    symbol = "÷" if divide else "×"
    question = draw.choice([f"Work out {first} {symbol} {second}.", f"Calculate {first} {symbol} {second} exactly."])
    if not divide and draw.random() < 0.5:
        question = (
            f"{name(draw)} ate {first} of {second} of a {draw.choice(_FOODS)}. Which fraction of the whole is that?"
        )
    turned = 1 / second if divide else second
    steps = []
    if divide:
        upside_down = f"{second.denominator}/{second.numerator}"
        steps.append(f"Dividing by {second} is multiplying by {upside_down}.")
    top, bottom = first.numerator * turned.numerator, first.denominator * turned.denominator
    result = first * turned
    steps.append(f"Tops: {first.numerator} × {turned.numerator} = {top}.")
    steps.append(f"Bottoms: {first.denominator} × {turned.denominator} = {bottom}.")
    if gcd(top, bottom) > 1:
        steps.append(f"In lowest terms {top}/{bottom} = {number(result)}.")
    given = {"first": first, "second": second, "divide": divide}
    return Problem(question, tuple(steps), number(result), given, exact(result))


def compare_fractions(draw: Random) -> Problem:
    """Say which of two different fractions is larger."""
    first, second = _proper(draw), _proper(draw)
    while first == second:
        second = _proper(draw)
    one, two = names(draw, 2)
    food = draw.choice(_FOODS)
    question = draw.choice(
        [
            f"Which is larger, {first} or {second}?",
            f"{one} ate {first} of a {food} and {two} ate {second} of an equal one. Which fraction is the larger?",
        ]
    )
    left, right = first.numerator * second.denominator, second.numerator * first.denominator
    larger = max(first, second)
    steps = (
        f"Bring both over {first.denominator} × {second.denominator} = {first.denominator * second.denominator}.",
        f"The first numerator becomes {first.numerator} × {second.denominator} = {left}.",
        f"The second numerator becomes {second.numerator} × {first.denominator} = {right}.",
        f"{max(left, right)} is greater than {min(left, right)}.",
    )
    return Problem(question, steps, f"{larger} is larger", {"first": first, "second": second}, exact(larger))


def part_of_amount(draw: Random) -> Problem:
    """Take a fraction of a whole number."""
    part = _proper(draw)
    unit = draw.randint(2, 60)
    whole = unit * part.denominator
    who = name(draw)
    question = draw.choice(
        [
            f"What is {part} of {whole}?",
            f"{who} has {whole} dollars and spends {part} of it. How many dollars does {who} spend?",
            f"A class planted {whole} seeds and {part} of them sprouted. How many sprouted?",
            f"A journey is {whole} kilometres long and {part} of it is done. How many kilometres are done?",
        ]
    )
    result = unit * part.numerator
    steps = (
        f"One part of {part.denominator}: {whole} ÷ {part.denominator} = {unit}.",
        f"{part.numerator} such part{'' if part.numerator == 1 else 's'}: {part.numerator} × {unit} = {result}.",
    )
    return Problem(question, steps, str(result), {"part": part, "whole": whole}, exact(result))


def _proper(draw: Random) -> Fraction:
    bottom = draw.randint(2, 15)
    return Fraction(draw.randint(1, bottom - 1), bottom)


def _sum_question(draw: Random, first: Fraction, second: Fraction, *, minus: bool) -> str:
    one, two = names(draw, 2)
    food = draw.choice(_FOODS)
    if minus:
        return draw.choice(
            [
                f"Work out {first} - {second}.",
                f"Subtract {second} from {first}.",
                f"{first} of a {food} was left and {one} ate {second} of the whole. Which fraction is left now?",
            ]
        )
    return draw.choice(
        [
            f"Work out {first} + {second}.",
            f"Find the sum of {first} and {second} in lowest terms.",
            f"{one} walked {first} of a mile and {two} walked {second} of a mile. What is that together, in miles?",
        ]
    )


FRACTIONS = (simplify_fraction, add_fractions, multiply_fractions, compare_fractions, part_of_amount)
