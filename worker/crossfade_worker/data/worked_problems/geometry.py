"""Geometry: lengths, areas, volumes, angles, right triangles, scale."""

from __future__ import annotations

from fractions import Fraction
from math import isqrt
from random import Random

from crossfade_worker.data.worked_problems.problem import Problem, decimal, exact
from crossfade_worker.data.worked_problems.wording import name

_UNITS = ("centimetres", "metres", "inches", "feet", "millimetres")
_TRIPLES = ((3, 4, 5), (5, 12, 13), (8, 15, 17), (7, 24, 25), (20, 21, 29), (9, 40, 41), (12, 35, 37))


def rectangle(draw: Random) -> Problem:
    """Area and perimeter of a rectangle."""
    length, width, unit = draw.randint(5, 90), draw.randint(3, 60), draw.choice(_UNITS)
    shape = draw.choice(
        ("rectangle", "rectangular field", "rectangular sheet", "rectangular floor", "rectangular pool")
    )
    question = draw.choice(
        [
            f"A {shape} is {length} {unit} long and {width} {unit} wide. Find its area and its perimeter.",
            f"{name(draw)} measures a {shape}: {length} by {width} {unit}. What are its area and its perimeter?",
        ]
    )
    area, perimeter = length * width, 2 * (length + width)
    steps = (
        f"Area: {length} × {width} = {area} square {unit}.",
        f"Perimeter: 2 × ({length} + {width}) = {perimeter} {unit}.",
    )
    answer = f"area {area} square {unit}, perimeter {perimeter} {unit}"
    return Problem(question, steps, answer, {"length": length, "width": width}, exact(area, perimeter))


def missing_side(draw: Random) -> Problem:
    """Find a rectangle's width from its perimeter."""
    length, width, unit = draw.randint(6, 80), draw.randint(3, 60), draw.choice(_UNITS)
    perimeter = 2 * (length + width)
    question = draw.choice(
        [
            f"A rectangle has a perimeter of {perimeter} {unit} and a length of {length} {unit}. How wide is it?",
            f"{name(draw)} fences a rectangular garden with {perimeter} {unit} of fence. One side is {length} {unit} "
            "long. How long is the other side?",
        ]
    )
    steps = (
        f"Half the perimeter is {perimeter} ÷ 2 = {length + width}.",
        f"The other side is {length + width} - {length} = {width}.",
    )
    return Problem(question, steps, f"{width} {unit}", {"perimeter": perimeter, "length": length}, exact(width))


def triangle_area(draw: Random) -> Problem:
    """Area of a triangle or a trapezium."""
    height, base, top, unit = draw.randint(3, 40), draw.randint(4, 50), draw.randint(2, 40), draw.choice(_UNITS)
    if draw.random() < 0.5:
        area = Fraction(base * height, 2)
        question = f"A triangle has a base of {base} {unit} and a height of {height} {unit}. What is its area?"
        steps: tuple[str, ...] = (f"Half of base times height: {base} × {height} ÷ 2 = {decimal(area)}.",)
        given = {"base": base, "top": 0, "height": height}
    else:
        area = Fraction((base + top) * height, 2)
        question = (
            f"The parallel sides of a trapezium are {base} and {top} {unit} long and its height is {height} {unit}. "
            "What is its area?"
        )
        steps = (
            f"Add the parallel sides: {base} + {top} = {base + top}.",
            f"Half of that times the height: {base + top} × {height} ÷ 2 = {decimal(area)}.",
        )
        given = {"base": base, "top": top, "height": height}
    return Problem(question, steps, f"{decimal(area)} square {unit}", given, exact(area))


def right_triangle(draw: Random) -> Problem:
    """Find the third side of a right triangle with whole sides."""
    scale, unit = draw.randint(1, 9), draw.choice(_UNITS)
    a, b, c = (side * scale for side in draw.choice(_TRIPLES))
    if draw.random() < 0.5:
        question = draw.choice(
            [
                f"The legs of a right triangle are {a} and {b} {unit} long. How long is the hypotenuse?",
                f"{name(draw)} walks {a} {unit} east and then {b} {unit} north. How far away is the starting point "
                "in a straight line?",
            ]
        )
        squares, result, sign, first, second = a * a + b * b, c, "+", a, b
    else:
        question = draw.choice(
            [
                f"The hypotenuse of a right triangle is {c} {unit} and one leg is {a} {unit}. How long is the other?",
                f"A ladder of {c} {unit} leans against a wall, its foot {a} {unit} from the wall. How high is its top?",
            ]
        )
        squares, result, sign, first, second = c * c - a * a, b, "-", c, a
    steps = (
        f"By Pythagoras: {first}^2 {sign} {second}^2 = {first * first} {sign} {second * second} = {squares}.",
        f"The square root of {squares} is {isqrt(squares)}, because {result} × {result} = {squares}.",
    )
    return Problem(question, steps, f"{result} {unit}", {"first": first, "second": second, "sign": sign}, exact(result))


def circle(draw: Random) -> Problem:
    """Circumference and area of a circle as multiples of pi."""
    radius, unit = draw.randint(2, 60), draw.choice(_UNITS)
    given_diameter = draw.random() < 0.4
    size = f"diameter of {2 * radius}" if given_diameter else f"radius of {radius}"
    shape = draw.choice(("circle", "round table", "round pond", "wheel", "round plate"))
    question = f"A {shape} has a {size} {unit}. Find its circumference and its area in terms of π."
    steps: tuple[str, ...] = (f"The radius is {2 * radius} ÷ 2 = {radius} {unit}.",) if given_diameter else ()
    steps += (
        f"Circumference 2πr: 2 × {radius} = {2 * radius}, so {2 * radius}π {unit}.",
        f"Area πr^2: {radius} × {radius} = {radius * radius}, so {radius * radius}π square {unit}.",
    )
    answer = f"circumference {2 * radius}π {unit}, area {radius * radius}π square {unit}"
    return Problem(question, steps, answer, {"radius": radius}, exact(2 * radius, radius * radius))


def box(draw: Random) -> Problem:
    """Volume and surface of a box."""
    a, b, c, unit = draw.randint(2, 30), draw.randint(2, 30), draw.randint(2, 30), draw.choice(_UNITS)
    shape = draw.choice(("box", "tank", "brick", "container", "parcel"))
    question = f"A {shape} measures {a} by {b} by {c} {unit}. Find its volume and its surface area."
    volume, faces = a * b * c, a * b + a * c + b * c
    steps = (
        f"Volume: {a} × {b} × {c} = {volume} cubic {unit}.",
        f"Three different faces: {a} × {b} + {a} × {c} + {b} × {c} = {faces}.",
        f"Each occurs twice: 2 × {faces} = {2 * faces} square {unit}.",
    )
    answer = f"volume {volume} cubic {unit}, surface {2 * faces} square {unit}"
    return Problem(question, steps, answer, {"a": a, "b": b, "c": c}, exact(volume, 2 * faces))


def angle_sum(draw: Random) -> Problem:
    """Find the last angle of a triangle, a quadrilateral or a pentagon."""
    corners = draw.choice((3, 4, 5))
    total = (corners - 2) * 180
    known = [draw.randint(35, 85 if corners == 3 else 120) for _ in range(corners - 1)]
    missing = total - sum(known)
    shape = {3: "triangle", 4: "quadrilateral", 5: "pentagon"}[corners]
    angles = ", ".join(f"{angle}°" for angle in known)
    question = draw.choice(
        [
            f"The angles of a {shape} are {angles} and one more. How large is that one?",
            f"{name(draw)} knows these angles of a {shape}: {angles}. What is the remaining angle?",
        ]
    )
    steps = (
        f"The angles of a {shape} add up to ({corners} - 2) × 180 = {total} degrees.",
        f"The known ones: {' + '.join(map(str, known))} = {sum(known)}.",
        f"{total} - {sum(known)} = {missing}",
    )
    return Problem(question, steps, f"{missing}°", {"corners": corners, "known": tuple(known)}, exact(missing))


def scale_drawing(draw: Random) -> Problem:
    """Go from a map to the ground."""
    centimetres, scale = draw.randint(2, 40), draw.choice((500, 2_000, 5_000, 25_000, 50_000, 100_000))
    metres = Fraction(centimetres * scale, 100)
    question = draw.choice(
        [
            f"On a map with the scale 1:{scale} two houses are {centimetres} cm apart. How many metres is that?",
            f"A plan is drawn 1:{scale}. A path on it is {centimetres} cm long. How long is the path, in metres?",
        ]
    )
    steps = (
        f"On the ground: {centimetres} × {scale} = {centimetres * scale} centimetres.",
        f"In metres: {centimetres * scale} ÷ 100 = {decimal(metres)}.",
    )
    given = {"centimetres": centimetres, "scale": scale}
    return Problem(question, steps, f"{decimal(metres)} metres", given, exact(metres))


GEOMETRY = (rectangle, missing_side, triangle_area, right_triangle, circle, box, angle_sum, scale_drawing)
