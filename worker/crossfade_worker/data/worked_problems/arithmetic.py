"""Arithmetic by hand: columns with carrying and borrowing, long multiplication and division, order of operations."""

from __future__ import annotations

from random import Random

from crossfade_worker.data.worked_problems.problem import Problem, exact
from crossfade_worker.data.worked_problems.wording import name, place, thing

_PLACE_VALUES = ("ones", "tens", "hundreds", "thousands", "ten thousands", "hundred thousands")


def column_addition(draw: Random) -> Problem:
    """Add two numbers of up to five digits, with the carries explained."""
    size = 10 ** draw.randint(2, 5)
    first, second = draw.randrange(size // 10, size), draw.randrange(size // 10, size)
    what, where = thing(draw), place(draw)
    question = draw.choice(
        [
            f"Add {first} and {second}.",
            f"Work out {first} + {second}, showing each carry.",
            f"What is the sum of {first} and {second}?",
            f"The {where} had {first} {what.many} and received {second} more. How many {what.many} are there now?",
            f"{name(draw)} counted {first} {what.many} in the morning and {second} in the afternoon. "
            "How many were counted in all?",
        ]
    )
    steps, carry = [], 0
    for position in range(len(str(max(first, second)))):
        left, right = first // 10**position % 10, second // 10**position % 10
        total = left + right + carry
        carried = f" + {carry}" if carry else ""
        carry, digit = divmod(total, 10)
        after = f", so write {digit} and carry {carry}." if carry else f", so write {digit}."
        steps.append(f"{_PLACE_VALUES[position].capitalize()}: {left} + {right}{carried} = {total}{after}")
    if carry:
        steps.append(f"Write the last carry, {carry}, in front.")
    total = first + second
    steps.append(f"Together: {first} + {second} = {total}.")
    return Problem(question, tuple(steps), str(total), {"first": first, "second": second}, exact(total))


def column_subtraction(draw: Random) -> Problem:
    """Subtract with borrowing explained."""
    size = 10 ** draw.randint(2, 5)
    second, first = sorted((draw.randrange(size // 10, size), draw.randrange(size // 10, size)))
    what, who = thing(draw), name(draw)
    question = draw.choice(
        [
            f"Subtract {second} from {first}.",
            f"Calculate {first} - {second}. Show where you borrow.",
            f"How much larger is {first} than {second}?",
            f"There were {first} {what.many} in the store and {second} were sold. How many were left?",
            f"{who} needs {first} points and has {second} so far. How many points are missing?",
        ]
    )
    steps, borrow = [], 0
    for position in range(len(str(first))):
        left, right = first // 10**position % 10 - borrow, second // 10**position % 10
        where = _PLACE_VALUES[position]
        borrow_note = f" (after lending 1, {left + 1} - 1 = {left} remains on top)" if borrow else ""
        borrow = int(left < right)
        if borrow:
            steps.append(
                f"{where.capitalize()}{borrow_note}: {left} is less than {right}, so borrow 10: "
                f"{left + 10} - {right} = {left + 10 - right}."
            )
        else:
            steps.append(f"{where.capitalize()}{borrow_note}: {left} - {right} = {left - right}.")
    difference = first - second
    steps.append(f"Check by adding: {difference} + {second} = {first}.")
    return Problem(question, tuple(steps), str(difference), {"first": first, "second": second}, exact(difference))


def long_multiplication(draw: Random) -> Problem:
    """Multiply by splitting one factor into its digits."""
    first, second = draw.randint(12, 999), draw.randint(12, 399)
    what = thing(draw)
    question = draw.choice(
        [
            f"Multiply {first} by {second}.",
            f"Find the product {first} × {second} by long multiplication.",
            f"A factory packs {second} {what.many} in each crate. How many {what.many} are in {first} crates?",
            f"Each of {first} visitors gets {what.count(second)}. How many {what.many} are given out?",
        ]
    )
    steps, partials = [], []
    for power, digit in enumerate(reversed(str(second))):
        factor = int(digit) * 10**power
        if factor:
            partials.append(first * factor)
            steps.append(f"{first} × {factor} = {first * factor}")
    product = first * second
    steps.insert(0, f"Split {second} into {' + '.join(str(part // first) for part in partials)}.")
    if len(partials) > 1:
        steps.append(f"Add the parts: {' + '.join(map(str, partials))} = {product}.")
    return Problem(question, tuple(steps), str(product), {"first": first, "second": second}, exact(product))


def long_division(draw: Random) -> Problem:
    """Divide with a remainder, digit by digit."""
    divisor, dividend = draw.randint(3, 29), draw.randint(100, 9_999)
    what = thing(draw)
    question = draw.choice(
        [
            f"Divide {dividend} by {divisor}. Give the quotient and the remainder.",
            f"What are the quotient and the remainder of {dividend} ÷ {divisor}?",
            f"{name(draw)} packs {dividend} {what.many} into boxes of {divisor}. How many boxes are full, and how many "
            f"{what.many} are left over?",
        ]
    )
    steps: list[str] = []
    rest = 0
    for digit in str(dividend):
        brought = rest * 10 + int(digit)
        times, rest = divmod(brought, divisor)
        if times or steps:
            steps.append(
                f"{divisor} goes into {brought} {times} time{'' if times == 1 else 's'}: "
                f"{times} × {divisor} = {times * divisor}, and {brought} - {times * divisor} = {rest}."
            )
    quotient = dividend // divisor
    steps.append(f"Check: {quotient} × {divisor} + {rest} = {dividend}.")
    answer = f"quotient {quotient}, remainder {rest}"
    return Problem(question, tuple(steps), answer, {"dividend": dividend, "divisor": divisor}, exact(quotient, rest))


def order_of_operations(draw: Random) -> Problem:
    """Evaluate brackets first, then products, then sums."""
    a, b, c, d, e = (draw.randint(2, 12) for _ in range(5))
    inner, product = b + c, d * e
    expression = f"{a} × ({b} + {c}) - {d} × {e}"
    question = draw.choice(
        [f"Evaluate {expression}.", f"Work out {expression}.", f"What is the value of {expression}?"]
    )
    value = a * inner - product
    steps = (
        f"Brackets first: {b} + {c} = {inner}.",
        f"Then the products: {a} × {inner} = {a * inner} and {d} × {e} = {product}.",
        f"Last the difference: {a * inner} - {product} = {value}.",
    )
    return Problem(question, steps, str(value), {"a": a, "b": b, "c": c, "d": d, "e": e}, exact(value))


ARITHMETIC = (column_addition, column_subtraction, long_multiplication, long_division, order_of_operations)
