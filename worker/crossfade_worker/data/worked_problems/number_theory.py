"""Whole numbers: divisors, primes, remainders, powers, other bases."""

from __future__ import annotations

from math import gcd, lcm
from random import Random

from crossfade_worker.data.worked_problems.problem import Problem, exact
from crossfade_worker.data.worked_problems.wording import names, thing

_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def greatest_common_divisor(draw: Random) -> Problem:
    """Euclid's algorithm."""
    factor = draw.randint(2, 30)
    small, large = sorted((factor * draw.randint(3, 60), factor * draw.randint(61, 120)))
    what, other = thing(draw).many, thing(draw).many
    question = draw.choice(
        [
            f"Find the greatest common divisor of {large} and {small}.",
            f"Use Euclid's algorithm to find gcd({large}, {small}).",
            f"{large} {what} and {small} {other} are shared out into equal packets with nothing left over. "
            "What is the greatest possible number of packets?",
        ]
    )
    steps, left, right = [], large, small
    while right:
        times, rest = divmod(left, right)
        steps.append(f"{left} = {times} × {right} + {rest}")
        left, right = right, rest
    steps.append(f"The last divisor is {left}.")
    return Problem(question, tuple(steps), str(left), {"first": large, "second": small}, exact(left))


def least_common_multiple(draw: Random) -> Problem:
    """Least common multiple through the greatest common divisor."""
    first, second = draw.randint(4, 60), draw.randint(4, 60)
    one, two = names(draw, 2)
    question = draw.choice(
        [
            f"Find the least common multiple of {first} and {second}.",
            f"One light flashes every {first} seconds and another every {second} seconds. They flash together now. "
            "After how many seconds do they flash together again?",
            f"{one} goes swimming every {first} days and {two} every {second} days. Both go today. In how many days do "
            "they meet again?",
        ]
    )
    common, result = gcd(first, second), lcm(first, second)
    steps = (
        f"The greatest common divisor of {first} and {second} is {common}.",
        f"{first} × {second} ÷ {common} = {result}",
    )
    return Problem(question, steps, str(result), {"first": first, "second": second}, exact(result))


def prime_factors(draw: Random) -> Problem:
    """Write a number as a product of primes."""
    n = draw.choice([number for number in range(60, 2_000) if _smallest_factor(number) < number])
    question = draw.choice([f"Write {n} as a product of primes.", f"Find the prime factorisation of {n}."])
    steps, factors, rest = [], [], n
    while rest > 1:
        factor = _smallest_factor(rest)
        factors.append(factor)
        if rest > factor:
            steps.append(f"{factor} is the smallest prime that divides {rest}: {rest} ÷ {factor} = {rest // factor}.")
        rest //= factor
    steps.append(f"{factors[-1]} is prime, so we are done: {' × '.join(map(str, factors))} = {n}.")
    return Problem(question, tuple(steps), " × ".join(map(str, factors)), {"n": n}, exact(*factors))


def is_prime(draw: Random) -> Problem:
    """Decide whether a number is prime by trial division."""
    n = draw.choice([number for number in range(53, 700) if number % 2 and number % 5])
    factor = _smallest_factor(n)
    trials = [p for p in range(2, min(n, factor)) if p * p <= n and _smallest_factor(p) == p]
    question = draw.choice([f"Is {n} a prime number?", f"Decide whether {n} is prime."])
    steps = [f"{n} divided by {p} leaves {n % p}: {n // p} × {p} + {n % p} = {n}." for p in trials]
    if factor < n:
        steps.append(f"But {factor} divides it: {factor} × {n // factor} = {n}.")
        answer, value = f"no, {n} = {factor} × {n // factor}", exact(factor, n // factor)
    else:
        after = next(p for p in range(trials[-1] + 1, n) if _smallest_factor(p) == p)
        steps.append(f"The next prime is {after}, and {after} × {after} = {after * after} is more than {n}.")
        answer, value = f"yes, {n} is prime", exact(n)
    return Problem(question, tuple(steps), answer, {"n": n}, value)


def modular_power(draw: Random) -> Problem:
    """Remainder of a power, multiplied up step by step."""
    base, exponent, modulus = draw.randint(2, 12), draw.randint(4, 9), draw.randint(5, 19)
    question = draw.choice(
        [
            f"What is the remainder of {base}^{exponent} divided by {modulus}?",
            f"Find {base}^{exponent} modulo {modulus}.",
        ]
    )
    steps, rest = [], base % modulus
    steps.append(f"{base} leaves {rest} modulo {modulus}.")
    for power in range(2, exponent + 1):
        product = rest * base
        steps.append(f"Power {power}: {rest} × {base} = {product}, which leaves {product % modulus}.")
        rest = product % modulus
    given = {"base": base, "exponent": exponent, "modulus": modulus}
    return Problem(question, tuple(steps), str(rest), given, exact(rest))


def weekday_later(draw: Random) -> Problem:
    """Days of the week as remainders by seven."""
    today, days = draw.randrange(7), draw.randint(20, 400)
    later = (today + days) % 7
    question = draw.choice(
        [
            f"Today is {_WEEKDAYS[today]}. Which day of the week is it in {days} days, and how many whole weeks pass?",
            f"A parcel leaves on a {_WEEKDAYS[today]} and takes {days} days. How many whole weeks is that, and on "
            "which day of the week does it arrive?",
        ]
    )
    weeks, rest = divmod(days, 7)
    steps = (
        f"{days} = {weeks} × 7 + {rest}",
        f"Whole weeks change nothing; count on {rest} from {_WEEKDAYS[today]} to {_WEEKDAYS[later]}.",
    )
    answer = f"{weeks} weeks, {_WEEKDAYS[later]}"
    return Problem(question, steps, answer, {"today": _WEEKDAYS[today], "days": days}, exact(weeks))


def number_base(draw: Random) -> Problem:
    """Write a number in another base by repeated division."""
    n, base = draw.randint(20, 900), draw.choice((2, 3, 4, 5, 7, 8))
    question = draw.choice([f"Write {n} in base {base}.", f"Convert the decimal number {n} to base {base}."])
    steps, digits, rest = [], "", n
    while rest:
        quotient, digit = divmod(rest, base)
        steps.append(f"{rest} = {quotient} × {base} + {digit}, so the next digit from the right is {digit}.")
        digits, rest = f"{digit}{digits}", quotient
    return Problem(question, tuple(steps), digits, {"n": n, "base": base}, exact(int(digits)))


def count_divisors(draw: Random) -> Problem:
    """Count the divisors of a number by listing pairs."""
    n = draw.randint(24, 400)
    question = draw.choice([f"How many divisors has {n}?", f"Count the positive divisors of {n}."])
    small = [d for d in range(1, n + 1) if d * d <= n and n % d == 0]
    steps = [f"{d} × {n // d} = {n}" for d in small]
    square = small[-1] ** 2 == n
    count = 2 * len(small) - square
    doubled = f"2 × {len(small)}{' - 1' if square else ''} = {count}"
    note = ", the square root counted once" if square else ""
    steps.append(f"The pairs give {doubled} divisors{note}.")
    return Problem(question, tuple(steps), str(count), {"n": n}, exact(count))


def _smallest_factor(n: int) -> int:
    return next((p for p in range(2, int(n**0.5) + 1) if n % p == 0), n)


NUMBER_THEORY = (
    greatest_common_divisor,
    least_common_multiple,
    prime_factors,
    is_prime,
    modular_power,
    weekday_later,
    number_base,
    count_divisors,
)
