"""Word problems of several steps: sharing, ages, work, meeting, mixing."""

from __future__ import annotations

from fractions import Fraction
from random import Random

from crossfade_worker.data.worked_problems.problem import Problem, exact, number
from crossfade_worker.data.worked_problems.wording import name, names, thing

_LIQUIDS = ("juice", "paint", "salt water", "syrup", "vinegar", "cleaning fluid", "dye")


def sharing_in_ratio(draw: Random) -> Problem:
    """Divide an amount in a ratio."""
    one, two = names(draw, 2)
    left, right, part = draw.randint(1, 9), draw.randint(1, 9), draw.randint(3, 60)
    total = (left + right) * part
    what = thing(draw).many
    question = draw.choice(
        [
            f"{one} and {two} share {total} {what} in the ratio {left}:{right}. How many does each get?",
            f"Divide {total} dollars between {one} and {two} in the ratio {left} to {right}.",
        ]
    )
    steps = (
        f"There are {left} + {right} = {left + right} parts.",
        f"One part is {total} ÷ {left + right} = {part}.",
        f"{one}: {left} × {part} = {left * part}. {two}: {right} × {part} = {right * part}.",
    )
    answer = f"{one} {left * part}, {two} {right * part}"
    given = {"total": total, "ratio": (left, right)}
    return Problem(question, steps, answer, given, exact(left * part, right * part))


def ages(draw: Random) -> Problem:
    """Two ages from their sum and difference, or from a multiple in some years."""
    older, younger = names(draw, 2)
    age, difference = draw.randint(3, 40), draw.randint(2, 30)
    total = 2 * age + difference
    relation = draw.choice(("sister", "brother", "cousin", "neighbour", "friend"))
    question = (
        f"{older} is {difference} years older than a {relation}, {younger}. Together they are {total} years old. "
        "How old is each?"
    )
    steps = (
        f"Without the difference both would be equally old: {total} - {difference} = {2 * age}.",
        f"Half of that is the age of {younger}: {2 * age} ÷ 2 = {age}.",
        f"{older} is {age} + {difference} = {age + difference}.",
    )
    answer = f"{younger} is {age}, {older} is {age + difference}"
    return Problem(question, steps, answer, {"difference": difference, "total": total}, exact(age, age + difference))


def working_together(draw: Random) -> Problem:
    """Two workers with different speeds on one task."""
    one, two = names(draw, 2)
    first, second = draw.randint(2, 15), draw.randint(2, 15)
    task = draw.choice(
        ("paint a fence", "clean a hall", "sort the mail", "dig a ditch", "fill a pool", "type a report")
    )
    question = f"{one} can {task} in {first} hours, {two} in {second} hours. How many hours do they need together?"
    rate = Fraction(1, first) + Fraction(1, second)
    steps = (
        f"In one hour {one} does 1/{first} of it and {two} does 1/{second}.",
        f"Together 1/{first} + 1/{second} = {number(rate)} in one hour.",
        f"The whole takes 1 ÷ ({number(rate)}) = {number(1 / rate)} hours.",
    )
    return Problem(question, steps, f"{number(1 / rate)} hours", {"first": first, "second": second}, exact(1 / rate))


def meeting(draw: Random) -> Problem:
    """Two travellers towards each other."""
    one, two = names(draw, 2)
    first, second, hours = draw.randint(3, 90), draw.randint(3, 90), draw.randint(2, 9)
    distance = (first + second) * hours
    question = (
        f"{one} and {two} start {distance} km apart and travel towards each other, {one} at {first} km/h and {two} at "
        f"{second} km/h. After how many hours do they meet, and how far has {one} come by then?"
    )
    steps = (
        f"Each hour they come {first} + {second} = {first + second} km closer.",
        f"They meet after {distance} ÷ {first + second} = {hours} hours.",
        f"By then {one} has come {first} × {hours} = {first * hours} km.",
    )
    given = {"distance": distance, "speeds": (first, second)}
    return Problem(question, steps, f"{hours} hours, {first * hours} km", given, exact(hours, first * hours))


def mixing(draw: Random) -> Problem:
    """Strength of a mixture of two solutions."""
    litres, percents = (draw.randint(2, 12), draw.randint(2, 12)), (draw.randint(2, 45), draw.randint(46, 95))
    liquid, who = draw.choice(_LIQUIDS), name(draw)
    question = (
        f"{who} mixes {litres[0]} litres of {percents[0]}% {liquid} with {litres[1]} litres of {percents[1]}% {liquid}."
        " How strong is the mixture, in percent?"
    )
    parts = [litre * percent for litre, percent in zip(litres, percents, strict=True)]
    whole = sum(litres)
    result = Fraction(sum(parts), whole)
    steps = (
        f"Litres times percent: {litres[0]} × {percents[0]} = {parts[0]} and {litres[1]} × {percents[1]} = {parts[1]}.",
        f"Together {parts[0]} + {parts[1]} = {sum(parts)} in {litres[0]} + {litres[1]} = {whole} litres.",
        f"{sum(parts)} ÷ {whole} = {number(result)}",
    )
    return Problem(question, steps, f"{number(result)}%", {"litres": litres, "percents": percents}, exact(result))


STORIES = (sharing_in_ratio, ages, working_together, meeting, mixing)
