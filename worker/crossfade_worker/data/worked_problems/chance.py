"""Chance and counting: drawing, dice, arrangements, choices."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from math import comb, factorial, gcd, perm, prod
from random import Random

from crossfade_worker.data.worked_problems.problem import Problem, exact, number
from crossfade_worker.data.worked_problems.wording import container, name, thing

_COLOURS = ("red", "blue", "green", "yellow", "white", "black", "purple", "orange")
_WORD_LIST = """BANANA BOOKS CANAL CHEESE COFFEE EAGLE ERROR FLOOR GARAGE GUITAR HELLO KAYAK LEMON LEVEL MATHS MELON
NOON PAPAYA PEPPER PUZZLE RADAR RIVER SALSA SPOON STREET SUMMER TABLE TOMATO TREE VIOLIN"""


def draw_one(draw: Random) -> Problem:
    """Chance of one colour in one draw."""
    colours = draw.sample(_COLOURS, 3)
    counts = [draw.randint(1, 12) for _ in colours]
    what, where = thing(draw).many, container(draw).one
    listed = f"{counts[0]} {colours[0]}, {counts[1]} {colours[1]} and {counts[2]} {colours[2]} {what}"
    question = f"A {where} holds {listed}. One is drawn at random. What is the probability that it is {colours[0]}?"
    total, chance = sum(counts), Fraction(counts[0], sum(counts))
    steps = [
        f"In all: {counts[0]} + {counts[1]} + {counts[2]} = {total}.",
        f"{counts[0]} of the {total} are {colours[0]}, so the probability is {counts[0]}/{total}.",
    ]
    if gcd(counts[0], total) > 1:
        steps.append(f"In lowest terms {counts[0]}/{total} = {number(chance)}.")
    return Problem(question, tuple(steps), number(chance), {"counts": tuple(counts)}, exact(chance))


def draw_two(draw: Random) -> Problem:
    """Chance of the same colour twice, with or without putting back."""
    first, second = draw.randint(2, 10), draw.randint(1, 10)
    colour, other = draw.sample(_COLOURS, 2)
    what, who = thing(draw).many, name(draw)
    back = draw.random() < 0.5
    total = first + second
    rule = "puts it back and draws again" if back else "draws a second one without putting it back"
    question = (
        f"There are {first} {colour} and {second} {other} {what} in a bag. {who} draws one, {rule}. "
        f"What is the probability that both are {colour}?"
    )
    one, two = Fraction(first, total), Fraction(first, total) if back else Fraction(first - 1, total - 1)
    later = f"{first}/{total} again" if back else f"{first - 1}/{total - 1}, because one {colour} is gone"
    steps = (
        f"In all there are {first} + {second} = {total}.",
        f"The first is {colour} with probability {first}/{total}, the second with {later}.",
        f"Multiply: {one} × {two} = {one * two}.",
    )
    given = {"wanted": first, "others": second, "back": back}
    return Problem(question, steps, number(one * two), given, exact(one * two))


def dice_sum(draw: Random) -> Problem:
    """Chance of a sum of two dice."""
    sides = draw.choice((4, 6, 6, 8))
    wanted = draw.randint(2, 2 * sides)
    pairs = [(a, wanted - a) for a in range(1, sides + 1) if 1 <= wanted - a <= sides]
    kind = "dice" if sides == 6 else f"dice with {sides} sides"
    question = draw.choice(
        [
            f"Two fair {kind} are rolled. What is the probability that they show {wanted} together?",
            f"{name(draw)} rolls two fair {kind}. How likely is a sum of {wanted}?",
        ]
    )
    chance = Fraction(len(pairs), sides * sides)
    steps = [
        f"There are {sides} × {sides} = {sides * sides} equally likely pairs.",
        f"The sum is {wanted} for {', '.join(f'({a}, {b})' for a, b in pairs)}: {len(pairs)} of them.",
    ]
    if gcd(len(pairs), sides * sides) > 1:
        steps.append(f"In lowest terms {len(pairs)}/{sides * sides} = {number(chance)}.")
    return Problem(question, tuple(steps), number(chance), {"sides": sides, "wanted": wanted}, exact(chance))


def at_least_one(draw: Random) -> Problem:
    """Chance of at least one success, through the opposite."""
    bottom, times = draw.randint(2, 6), draw.randint(2, 4)
    miss = Fraction(bottom - 1, bottom)
    question = draw.choice(
        [
            f"An event happens with probability 1/{bottom} in each of {times} independent tries. What is the "
            "probability that it happens at least once?",
            f"A spinner has {bottom} equal fields and one of them wins. {name(draw)} spins {times} times. What is the "
            "probability of at least one win?",
        ]
    )
    chance = 1 - miss**times
    steps = (
        f"One try fails with probability 1 - 1/{bottom} = {miss}.",
        f"All {times} fail with probability ({miss})^{times} = {miss**times}.",
        f"At least one succeeds with probability 1 - {miss**times} = {chance}.",
    )
    return Problem(question, steps, number(chance), {"bottom": bottom, "times": times}, exact(chance))


def choose_group(draw: Random) -> Problem:
    """Choose without order."""
    people, chosen = draw.randint(5, 14), draw.randint(2, 4)
    what = thing(draw).many
    question = draw.choice(
        [
            f"In how many ways can {chosen} of {people} people be chosen for a team?",
            f"{name(draw)} may pick {chosen} of {people} different {what}. How many choices are there?",
            f"How many subsets with {chosen} elements has a set of {people} elements?",
        ]
    )
    tops, ways = [people - index for index in range(chosen)], comb(people, chosen)
    steps = (
        f"In order: {' × '.join(map(str, tops))} = {prod(tops)}.",
        f"Each group is counted in {' × '.join(map(str, range(chosen, 0, -1)))} = {factorial(chosen)} orders.",
        f"{prod(tops)} ÷ {factorial(chosen)} = {ways}",
    )
    return Problem(question, steps, str(ways), {"people": people, "chosen": chosen}, exact(ways))


def ranked_choice(draw: Random) -> Problem:
    """Choose with order."""
    people, places = draw.randint(5, 12), draw.randint(2, 4)
    question = draw.choice(
        [
            f"{people} runners start. In how many ways can the first {places} places be taken?",
            f"How many codes of {places} different symbols can be made from {people} symbols?",
            f"A club of {people} members fills {places} different offices with different people. "
            "How many ways are there?",
        ]
    )
    tops = [people - index for index in range(places)]
    steps = tuple(f"Place {index}: {choices} choices." for index, choices in enumerate(tops, start=1))
    steps += (f"Multiply: {' × '.join(map(str, tops))} = {prod(tops)}.",)
    return Problem(question, steps, str(prod(tops)), {"people": people, "places": places}, exact(perm(people, places)))


def arrange_letters(draw: Random) -> Problem:
    """Arrange the letters of a word, some of them equal."""
    word = draw.choice(_WORD_LIST.split())
    repeats = {letter: count for letter, count in sorted(Counter(word).items()) if count > 1}
    question = draw.choice(
        [
            f"In how many different orders can the letters of {word} be written?",
            f"How many arrangements has the word {word}?",
        ]
    )
    whole, shared = factorial(len(word)), prod(factorial(count) for count in repeats.values())
    steps = [f"{len(word)} letters can be put in {len(word)}! orders, which is {whole}."]
    steps += [f"{letter} occurs {count} times: {count}! is {factorial(count)}." for letter, count in repeats.items()]
    if repeats:
        steps.append(f"Divide the equal orders out: {whole} ÷ {shared} = {whole // shared}.")
    return Problem(question, tuple(steps), str(whole // shared), {"word": word}, exact(whole // shared))


CHANCE = (draw_one, draw_two, dice_sum, at_least_one, choose_group, ranked_choice, arrange_letters)
