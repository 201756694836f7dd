"""Measures: units of length, mass, volume and time; speed; durations and clocks."""

from __future__ import annotations

from fractions import Fraction
from random import Random

from crossfade_worker.data.worked_problems.problem import Problem, decimal, exact
from crossfade_worker.data.worked_problems.wording import name, place

_CONVERSIONS = (
    ("kilometres", "metres", 1_000),
    ("metres", "centimetres", 100),
    ("centimetres", "millimetres", 10),
    ("kilograms", "grams", 1_000),
    ("tonnes", "kilograms", 1_000),
    ("litres", "millilitres", 1_000),
    ("hours", "minutes", 60),
    ("minutes", "seconds", 60),
    ("days", "hours", 24),
    ("weeks", "days", 7),
    ("feet", "inches", 12),
    ("yards", "feet", 3),
    ("pounds", "ounces", 16),
    ("gallons", "quarts", 4),
)


def convert_unit(draw: Random) -> Problem:
    """Convert between a larger and a smaller unit."""
    large, small, factor = draw.choice(_CONVERSIONS)
    amount = Fraction(draw.randint(2, 400), draw.choice((1, 1, 2, 4)))
    if draw.random() < 0.5:
        result = amount * factor
        question = draw.choice(
            [f"Convert {decimal(amount)} {large} to {small}.", f"How many {small} are {decimal(amount)} {large}?"]
        )
        step = f"{decimal(amount)} × {factor} = {decimal(result)}"
        given = {"amount": amount, "factor": Fraction(factor)}
        answer = f"{decimal(result)} {small}"
    else:
        result, start = amount, amount * factor
        question = draw.choice(
            [f"Convert {decimal(start)} {small} to {large}.", f"How many {large} are {decimal(start)} {small}?"]
        )
        step = f"{decimal(start)} ÷ {factor} = {decimal(result)}"
        given = {"amount": start, "factor": Fraction(1, factor)}
        answer = f"{decimal(result)} {large}"
    steps = (f"1 of the {large} is {factor} {small}.", step)
    return Problem(question, steps, answer, given, exact(result))


def speed(draw: Random) -> Problem:
    """Distance, speed or time from the other two."""
    rate, hours = draw.randint(3, 110), draw.randint(2, 12)
    distance = rate * hours
    who = name(draw)
    vehicle = draw.choice(("train", "bus", "lorry", "boat", "cyclist", "plane", "runner", "car"))
    asked = draw.choice(("distance", "speed", "time"))
    if asked == "distance":
        question = f"A {vehicle} moves at {rate} km/h for {hours} hours. How far does it get?"
        step, value, unit = f"Speed times time: {rate} × {hours} = {distance}", distance, "km"
    elif asked == "speed":
        question = f"{who} travels {distance} km by {vehicle} in {hours} hours. What is the average speed?"
        question = question.replace("by cyclist", "as a cyclist").replace("by runner", "as a runner")
        step, value, unit = f"Distance divided by time: {distance} ÷ {hours} = {rate}", rate, "km/h"
    else:
        question = f"How long does a {vehicle} need for {distance} km at {rate} km/h?"
        step, value, unit = f"Distance divided by speed: {distance} ÷ {rate} = {hours}", hours, "hours"
    given = {"asked": asked, "distance": distance, "speed": rate, "time": hours}
    return Problem(question, (f"{step}.",), f"{value} {unit}", given, exact(value))


def average_speed(draw: Random) -> Problem:
    """Average speed over two legs: whole distance over whole time."""
    first_speed, second_speed = draw.randint(2, 18) * 5, draw.randint(2, 18) * 5
    first_hours, second_hours = draw.randint(1, 6), draw.randint(1, 6)
    first, second = first_speed * first_hours, second_speed * second_hours
    hours = first_hours + second_hours
    average = Fraction(first + second, hours)
    who = name(draw)
    question = (
        f"{who} drives {first_hours} h at {first_speed} km/h and then {second_hours} h at {second_speed} km/h. "
        "What is the average speed of the whole trip, in km/h?"
    )
    steps = (
        f"Distances: {first_hours} × {first_speed} = {first} and {second_hours} × {second_speed} = {second}.",
        f"Together {first} + {second} = {first + second} km in {first_hours} + {second_hours} = {hours} hours.",
        f"Average: {first + second} ÷ {hours} = {average}, in km/h.",
    )
    given = {"legs": ((first_speed, first_hours), (second_speed, second_hours))}
    return Problem(question, steps, f"{average} km/h", given, exact(average))


def duration(draw: Random) -> Problem:
    """Find when something ends, minutes carried into hours."""
    start, minutes = draw.randint(6 * 60, 16 * 60), draw.randint(25, 420)
    end = start + minutes
    who, where = name(draw), place(draw)
    hours, rest = divmod(minutes, 60)
    length = f"{hours} h {rest} min" if hours else f"{rest} min"
    question = draw.choice(
        [
            f"A film starts at {_clock(start)} and lasts {length}. When does it end?",
            f"{who} leaves for the {where} at {_clock(start)} and is on the way for {length}. When does {who} arrive?",
            f"What time is it {length} after {_clock(start)}?",
        ]
    )
    steps = (
        f"Minutes since midnight at the start: {start // 60} × 60 + {start % 60} = {start}.",
        f"{length} is {hours} × 60 + {rest} = {minutes} minutes, and {start} + {minutes} = {end}.",
        f"{end} minutes are {end // 60} hours and {end % 60} minutes: {end // 60} × 60 + {end % 60} = {end}.",
    )
    return Problem(question, steps, _clock(end), {"start": start, "minutes": minutes}, exact(end // 60, end % 60))


def _clock(minutes: int) -> str:
    return f"{minutes // 60}:{minutes % 60:02d}"


MEASURES = (convert_unit, speed, average_speed, duration)
