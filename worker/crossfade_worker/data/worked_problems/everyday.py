"""Word problems of everyday life: shopping, packing, saving, prices, heads and legs."""

from __future__ import annotations

from fractions import Fraction
from random import Random

from crossfade_worker.data.worked_problems.problem import Problem, decimal, exact, money
from crossfade_worker.data.worked_problems.wording import container, name, place, thing


def shopping(draw: Random) -> Problem:
    """Prices times numbers, and the change."""
    who, first, second = name(draw), thing(draw), thing(draw)
    while second == first:
        second = thing(draw)
    counts, cents = (draw.randint(2, 9), draw.randint(2, 9)), (draw.randint(4, 60) * 5, draw.randint(4, 60) * 5)
    prices = [Fraction(price, 100) for price in cents]
    costs = [count * price for count, price in zip(counts, prices, strict=True)]
    total = sum(costs, Fraction())
    paid = (int(total) // 10 + draw.randint(1, 3)) * 10
    question = (
        f"{who} buys {first.count(counts[0])} at {money(prices[0])} each and {second.count(counts[1])} at "
        f"{money(prices[1])} each and pays with ${paid}. How much change does {who} get?"
    )
    steps = (
        f"The {first.many} cost {counts[0]} × {decimal(prices[0])} = {decimal(costs[0])} dollars.",
        f"The {second.many} cost {counts[1]} × {decimal(prices[1])} = {decimal(costs[1])} dollars.",
        f"Together {decimal(costs[0])} + {decimal(costs[1])} = {decimal(total)} dollars.",
        f"The change is {paid} - {decimal(total)} = {decimal(paid - total)} dollars.",
    )
    given = {"counts": counts, "cents": cents, "paid": paid}
    return Problem(question, steps, money(paid - total), given, exact(paid - total))


def packing(draw: Random) -> Problem:
    """Containers with things in them, some taken out."""
    who, what, box, where = name(draw), thing(draw), container(draw), place(draw)
    boxes, each = draw.randint(3, 40), draw.randint(4, 36)
    taken = draw.randint(1, boxes * each - 1)
    question = draw.choice(
        [
            f"The {where} has {box.count(boxes)} with {what.count(each)} in each. {taken} are used. "
            f"How many {what.many} are left?",
            f"{who} fills {box.count(boxes)}, each with {what.count(each)}, and then gives {taken} away. "
            f"How many {what.many} does {who} still have?",
        ]
    )
    whole = boxes * each
    steps = (f"At first: {boxes} × {each} = {whole}.", f"Then {whole} - {taken} = {whole - taken} are left.")
    given = {"boxes": boxes, "each": each, "taken": taken}
    return Problem(question, steps, str(whole - taken), given, exact(whole - taken))


def saving(draw: Random) -> Problem:
    """How many weeks until a goal is reached."""
    who, what = name(draw), draw.choice(("bicycle", "camera", "guitar", "tent", "telescope", "sewing machine"))
    start, weekly, goal = draw.randint(0, 60), draw.randint(4, 30), draw.randint(90, 600)
    missing = goal - start
    weeks, rest = -(-missing // weekly), missing % weekly
    question = (
        f"A {what} costs ${goal}. {who} has ${start} and saves ${weekly} a week. After how many weeks is there enough?"
    )
    steps = [
        f"Missing: {goal} - {start} = {missing} dollars.",
        f"{missing} ÷ {weekly} is {missing // weekly} with {rest} left over: "
        f"{missing // weekly} × {weekly} + {rest} = {missing}.",
    ]
    if rest:
        steps.append(f"The rest takes one more week: {missing // weekly} + 1 = {weeks}.")
    given = {"start": start, "weekly": weekly, "goal": goal}
    return Problem(question, tuple(steps), f"{weeks} weeks", given, exact(weeks))


def heads_and_legs(draw: Random) -> Problem:
    """Two kinds of animals, or vehicles, from two totals."""
    few, many, few_legs, many_legs = draw.choice(
        [("hens", "goats", 2, 4), ("ducks", "cows", 2, 4), ("bicycles", "cars", 2, 4), ("ostriches", "beetles", 2, 6)]
    )
    first, second = draw.randint(2, 40), draw.randint(2, 40)
    heads, legs = first + second, first * few_legs + second * many_legs
    part = "wheels" if few == "bicycles" else "legs"
    question = f"There are {heads} {few} and {many} in all, with {legs} {part} together. How many of each are there?"
    extra = legs - heads * few_legs
    steps = (
        f"If all were {few}, there would be {heads} × {few_legs} = {heads * few_legs} {part}.",
        f"There are {legs} - {heads * few_legs} = {extra} more, and each of the {many} adds "
        f"{many_legs} - {few_legs} = {many_legs - few_legs}.",
        f"{many.capitalize()}: {extra} ÷ {many_legs - few_legs} = {second}. "
        f"{few.capitalize()}: {heads} - {second} = {first}.",
    )
    given = {"heads": heads, "legs": legs, "each": (few_legs, many_legs)}
    return Problem(question, steps, f"{first} {few} and {second} {many}", given, exact(first, second))


def unit_price(draw: Random) -> Problem:
    """Scale a price or a recipe from one number to another."""
    what, who = thing(draw), name(draw)
    first, second, cents = draw.randint(2, 12), draw.randint(2, 30), draw.randint(3, 80) * 5
    price = Fraction(cents, 100)
    question = draw.choice(
        [
            f"{what.count(first).capitalize()} cost {money(first * price)}. What do {what.count(second)} cost?",
            f"{who} paid {money(first * price)} for {what.count(first)}. How much would {what.count(second)} be?",
        ]
    )
    steps = (
        f"One costs {decimal(first * price)} ÷ {first} = {decimal(price)} dollars.",
        f"{second} cost {second} × {decimal(price)} = {decimal(second * price)} dollars.",
    )
    given = {"first": first, "second": second, "cents": first * cents}
    return Problem(question, steps, money(second * price), given, exact(second * price))


EVERYDAY = (shopping, packing, saving, heads_and_legs, unit_price)
