"""Answers to every kind of worked problem, found by other means than the generators use: search, counting, stepping."""

import datetime
import itertools
from collections.abc import Callable
from fractions import Fraction
from typing import Any

Solution = Callable[..., tuple]


def _sum_series(first: int, ratio_or_step: Callable[[int], int], count: int) -> list[int]:
    terms = [first]
    while len(terms) < count:
        terms.append(ratio_or_step(terms[-1]))
    return terms


def _divisors(n: int) -> list[int]:
    return [d for d in range(1, n + 1) if n % d == 0]


def _roots(a: int, b: int, c: int) -> tuple:
    """Search all fractions whose top divides c and whose bottom divides a (the rational root theorem)."""
    if c == 0:
        candidates = {Fraction(0), Fraction(-b, a)}
    else:
        candidates = {Fraction(s * p, q) for p in _divisors(abs(c)) for q in _divisors(abs(a)) for s in (1, -1)}
    return tuple(sorted(x for x in candidates if a * x * x + b * x + c == 0))


def _linear(equation: Callable[[Fraction], Fraction]) -> tuple:
    """Solve f(x) = 0 for a linear f from its values at 0 and 1."""
    at_0, at_1 = equation(Fraction(0)), equation(Fraction(1))
    return (at_0 / (at_0 - at_1),)


def _two_equations(first: tuple, second: tuple) -> tuple:
    (a, b, e), (c, d, f) = first, second
    return next((x, y) for x in range(-20, 21) for y in range(-20, 21) if a * x + b * y == e and c * x + d * y == f)


def _polynomial(coefficients: tuple, x: Fraction) -> Fraction:
    return sum((c * Fraction(x) ** power for power, c in enumerate(reversed(coefficients))), Fraction())


def _slope(coefficients: tuple, x: int) -> Fraction:
    """Central differences of higher order, exact for polynomials up to degree 4."""
    f = lambda at: _polynomial(coefficients, Fraction(at))  # noqa: E731
    return (8 * (f(x + 1) - f(x - 1)) - (f(x + 2) - f(x - 2))) / 12


def _tangent(coefficients: tuple, at: int) -> tuple:
    slope = _slope(coefficients, at)
    return slope, _polynomial(coefficients, Fraction(at)) - slope * at


def _turning_point(coefficients: tuple) -> tuple:
    best = max if coefficients[0] < 0 else min
    x = best(range(-50, 51), key=lambda at: _polynomial(coefficients, Fraction(at)))
    return x, _polynomial(coefficients, Fraction(x))


def _integral(coefficients: tuple, low: int, high: int) -> tuple:
    """Simpson's rule, exact up to degree 3."""
    f = lambda at: _polynomial(coefficients, at)  # noqa: E731
    a, b = Fraction(low), Fraction(high)
    return ((b - a) / 6 * (f(a) + 4 * f((a + b) / 2) + f(b)),)


def _draw_two(wanted: int, others: int, back: bool) -> tuple:
    balls = [True] * wanted + [False] * others
    numbered = range(len(balls))
    pairs = [pair for pair in itertools.product(numbered, repeat=2) if back or pair[0] != pair[1]]
    return (Fraction(sum(balls[a] and balls[b] for a, b in pairs), len(pairs)),)


def _at_least_one(bottom: int, times: int) -> tuple:
    spins = list(itertools.product(range(bottom), repeat=times))
    return (Fraction(sum(0 in spin for spin in spins), len(spins)),)


def _price(percent: int, up: bool) -> Fraction:
    return 1 + Fraction(percent if up else -percent, 100)


def _saving(start: int, weekly: int, goal: int) -> tuple:
    weeks = 0
    while start + weeks * weekly < goal:
        weeks += 1
    return (weeks,)


def _average_speed(legs: tuple) -> tuple:
    return (Fraction(sum(speed * hours for speed, hours in legs), sum(hours for _, hours in legs)),)


def _duration(start: int, minutes: int) -> tuple:
    end = datetime.datetime(2001, 1, 1) + datetime.timedelta(minutes=start + minutes)  # noqa: DTZ001
    return end.hour, end.minute


def _weeks(today: str, days: int) -> tuple:
    return (len([day for day in range(1, days + 1) if day % 7 == 0]),)


def _digits(n: int, base: int) -> tuple:
    texts = (
        "".join(digits)
        for length in itertools.count(1)
        for digits in itertools.product("01234567"[:base], repeat=length)
    )
    return next((int(text),) for text in texts if int(text, base) == n)


def _prime_factors(n: int) -> tuple:
    return tuple(p for p in range(2, n + 1) if _divisors(p) == [1, p] for power in range(1, 20) if n % p**power == 0)


def _is_prime(n: int) -> tuple:
    smallest = _divisors(n)[1]
    return (n,) if smallest == n else (smallest, n // smallest)


def _modular_power(base: int, exponent: int, modulus: int) -> tuple:
    return (pow(base, exponent, modulus),)


def _median(values: tuple) -> tuple:
    ordered = sorted(values)
    while len(ordered) > 2:
        ordered = ordered[1:-1]
    return (Fraction(sum(ordered), len(ordered)),)


def _right_triangle(first: int, second: int, sign: str) -> tuple:
    wanted = first**2 + second**2 if sign == "+" else first**2 - second**2
    return (next(side for side in itertools.count(1) if side * side == wanted),)


def _next_term(terms: tuple) -> tuple:
    rows = [list(terms)]
    while any(rows[-1]):
        rows.append([right - left for left, right in itertools.pairwise(rows[-1])])
    return (sum(row[-1] for row in rows),)


def _heads_and_legs(heads: int, legs: int, each: tuple) -> tuple:
    return next((n, heads - n) for n in range(heads + 1) if n * each[0] + (heads - n) * each[1] == legs)


def _ages(difference: int, total: int) -> tuple:
    return next((age, age + difference) for age in range(200) if 2 * age + difference == total)


def _divide(dividend: int, divisor: int) -> tuple:
    quotient = 0
    while dividend >= divisor:
        dividend, quotient = dividend - divisor, quotient + 1
    return quotient, dividend


def _compound(capital: int, percent: int, years: int) -> tuple:
    amount = Fraction(capital)
    for _ in range(years):
        amount += amount * Fraction(percent, 100)
    return (amount,)


SOLUTIONS: dict[str, Callable[..., Any]] = {
    "column_addition": lambda first, second: (first + second,),
    "column_subtraction": lambda first, second: (first - second,),
    "long_multiplication": lambda first, second: (sum([first] * second),),
    "long_division": _divide,
    "order_of_operations": lambda a, b, c, d, e: (a * b + a * c - d * e,),
    "simplify_fraction": lambda numerator, denominator: (Fraction(numerator, denominator),),
    "add_fractions": lambda first, second, sign: (first + second if sign == "+" else first - second,),
    "multiply_fractions": lambda first, second, divide: (first / second if divide else first * second,),
    "compare_fractions": lambda first, second: (first if float(first) > float(second) else second,),
    "part_of_amount": lambda part, whole: (part * whole,),
    "percent_of": lambda percent, whole: (Fraction(percent, 100) * whole,),
    "price_change": lambda percent, price, up: (price * _price(percent, up),),
    "price_before": lambda percent, after, up: (after / _price(percent, up),),
    "share_in_percent": lambda part, whole: (Fraction(part, whole) * 100,),
    "simple_interest": lambda capital, percent, years: (sum([capital * Fraction(percent, 100)] * years),),
    "compound_interest": _compound,
    "linear_equation": lambda a, b, c, d: _linear(lambda x: a * x + b - c * x - d),
    "equation_with_brackets": lambda a, b, c: _linear(lambda x: a * (x + b) - c),
    "fraction_equation": lambda a, b, c: _linear(lambda x: x / a + b - c),
    "two_equations": _two_equations,
    "quadratic_by_factors": _roots,
    "quadratic_by_formula": _roots,
    "arithmetic_term": lambda first, difference, position: (
        _sum_series(first, lambda term: term + difference, position)[-1],
    ),
    "arithmetic_sum": lambda first, difference, count: (
        sum(_sum_series(first, lambda term: term + difference, count)),
    ),
    "geometric_term": lambda first, ratio, position: (_sum_series(first, lambda term: term * ratio, position)[-1],),
    "geometric_sum": lambda first, ratio, count: (sum(_sum_series(first, lambda term: term * ratio, count)),),
    "next_term": _next_term,
    "rectangle": lambda length, width: (length * width, length + width + length + width),
    "missing_side": lambda perimeter, length: (Fraction(perimeter - 2 * length, 2),),
    "triangle_area": lambda base, top, height: (Fraction(base + top, 2) * height,),
    "right_triangle": _right_triangle,
    "circle": lambda radius: (radius + radius, radius**2),
    "box": lambda a, b, c: (a * b * c, sum(2 * x * y for x, y in itertools.combinations((a, b, c), 2))),
    "angle_sum": lambda corners, known: ({3: 180, 4: 360, 5: 540}[corners] - sum(known),),
    "scale_drawing": lambda centimetres, scale: (Fraction(centimetres, 100) * scale,),
    "convert_unit": lambda amount, factor: (amount * factor,),
    "speed": lambda asked, distance, speed, time: (
        {"distance": speed * time, "speed": Fraction(distance, time), "time": Fraction(distance, speed)}[asked],
    ),
    "average_speed": _average_speed,
    "duration": _duration,
    "draw_one": lambda counts: (Fraction(counts[0], sum(counts)),),
    "draw_two": _draw_two,
    "dice_sum": lambda sides, wanted: (
        Fraction(sum(a + b == wanted for a in range(1, sides + 1) for b in range(1, sides + 1)), sides**2),
    ),
    "at_least_one": _at_least_one,
    "choose_group": lambda people, chosen: (len(list(itertools.combinations(range(people), chosen))),),
    "ranked_choice": lambda people, places: (len(list(itertools.permutations(range(people), places))),),
    "arrange_letters": lambda word: (len(set(itertools.permutations(word))),),
    "greatest_common_divisor": lambda first, second: (max(set(_divisors(first)) & set(_divisors(second))),),
    "least_common_multiple": lambda first, second: (next(n for n in itertools.count(first, first) if n % second == 0),),
    "prime_factors": _prime_factors,
    "is_prime": _is_prime,
    "modular_power": _modular_power,
    "weekday_later": _weeks,
    "number_base": _digits,
    "count_divisors": lambda n: (len(_divisors(n)),),
    "derivative": lambda coefficients, at: (at, _slope(coefficients, at)),
    "tangent": _tangent,
    "turning_point": _turning_point,
    "definite_integral": _integral,
    "mean": lambda values: (Fraction(sum(values), len(values)),),
    "median": _median,
    "spread": lambda values: (max(a - b for a in values for b in values),),
    "score_needed": lambda values, target: _linear(lambda x: (sum(values) + x) / (len(values) + 1) - target),
    "shopping": lambda counts, cents, paid: (
        Fraction(100 * paid - sum(count * price for count, price in zip(counts, cents, strict=True)), 100),
    ),
    "packing": lambda boxes, each, taken: (sum([each] * boxes) - taken,),
    "saving": _saving,
    "heads_and_legs": _heads_and_legs,
    "unit_price": lambda first, second, cents: (Fraction(cents, first) * second / 100,),
    "sharing_in_ratio": lambda total, ratio: tuple(Fraction(total * part, sum(ratio)) for part in ratio),
    "ages": _ages,
    "working_together": lambda first, second: (Fraction(first * second, first + second),),
    "meeting": lambda distance, speeds: (
        Fraction(distance, sum(speeds)),
        Fraction(distance, sum(speeds)) * speeds[0],
    ),
    "mixing": lambda litres, percents: (
        sum(Fraction(litre, sum(litres)) * percent for litre, percent in zip(litres, percents, strict=True)),
    ),
}
