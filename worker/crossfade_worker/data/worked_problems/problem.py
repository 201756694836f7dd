"""One worked problem: the text that is read, and the numbers behind it that a checker can recompute."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from random import Random
from typing import Any


@dataclass(frozen=True)
class Problem:
    """A question, the steps to its answer, and the answer."""

    question: str
    steps: tuple[str, ...]
    answer: str
    given: Mapping[str, Any]
    """The quantities that the question states, by name."""
    value: tuple[Fraction, ...]
    """The numbers that the answer states, exact and in order."""


Generator = Callable[[Random], Problem]
"""Draws one problem of a kind."""


def exact(*numbers: int | Fraction) -> tuple[Fraction, ...]:
    """Give numbers as the exact value of a problem."""
    return tuple(Fraction(number) for number in numbers)


def number(value: int | Fraction) -> str:
    """Write a whole number, or a fraction as `3/4`."""
    return str(Fraction(value))


def decimal(value: int | Fraction) -> str:
    """Write a number whose decimal form ends; raises `ValueError` for one that goes on for ever."""
    value = Fraction(value)
    for places in range(13):
        scaled = value * 10**places
        if scaled.denominator == 1:
            digits = f"{abs(scaled.numerator):0{places + 1}d}"
            whole = digits[: len(digits) - places]
            return f"{'-' if value < 0 else ''}{whole}{'.' + digits[-places:] if places else ''}"
    raise ValueError(f"{value} has no finite decimal form of at most 12 places")


def money(value: int | Fraction) -> str:
    """Write an amount in dollars, with cents where there are any; raises `ValueError` for parts of a cent."""
    cents = Fraction(value) * 100
    if cents.denominator != 1:
        raise ValueError(f"{value} dollars are no whole number of cents")
    whole, rest = divmod(cents.numerator, 100)
    return f"${whole}.{rest:02d}" if rest else f"${whole}"


def bracketed(value: int | Fraction) -> str:
    """Write a number so that it may follow a sign: negative ones and fractions in brackets."""
    text = number(value)
    return f"({text})" if value < 0 or "/" in text else text


def polynomial(coefficients: tuple[int, ...], variable: str = "x") -> str:
    """Write a polynomial, highest power first: (1, -3, 0) is `x^2 - 3x`."""
    text = ""
    for position, coefficient in enumerate(coefficients):
        if coefficient == 0:
            continue
        power = len(coefficients) - 1 - position
        sign = ("-" if not text else " - ") if coefficient < 0 else ("" if not text else " + ")
        size = "" if abs(coefficient) == 1 and power else str(abs(coefficient))
        text += sign + size + ("" if power == 0 else variable if power == 1 else f"{variable}^{power}")
    return text or "0"


def listed(items: list[str]) -> str:
    """Write `a, b and c`."""
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}"
