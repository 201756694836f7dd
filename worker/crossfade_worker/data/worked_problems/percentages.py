"""Percentages: parts, changes up and down, the amount before a change, simple and compound interest."""

from __future__ import annotations

from fractions import Fraction
from random import Random

from crossfade_worker.data.worked_problems.problem import Problem, decimal, exact, money
from crossfade_worker.data.worked_problems.wording import name, place, thing


def percent_of(draw: Random) -> Problem:
    """Take a percentage of an amount."""
    percent, whole = draw.choice(range(2, 99)), draw.randint(2, 80) * 50
    what = thing(draw)
    question = draw.choice(
        [
            f"What is {percent}% of {whole}?",
            f"Find {percent} percent of {whole}.",
            f"Of {whole} {what.many} at the {place(draw)}, {percent}% were sold in May. What number is {percent}% of "
            f"{whole}?",
        ]
    )
    result = Fraction(percent * whole, 100)
    steps = (
        f"1% of {whole} is {whole} ÷ 100 = {decimal(Fraction(whole, 100))}.",
        f"{percent}% is {percent} times as much: {percent} × {decimal(Fraction(whole, 100))} = {decimal(result)}.",
    )
    return Problem(question, steps, decimal(result), {"percent": percent, "whole": whole}, exact(result))


def price_change(draw: Random) -> Problem:
    """Raise or lower a price by a percentage."""
    percent, price = draw.choice(range(5, 65, 5)), draw.randint(4, 150) * 4
    up = draw.random() < 0.5
    what = thing(draw).one
    who = name(draw)
    change = Fraction(price * percent, 100)
    result = price + change if up else price - change
    question = draw.choice(
        [
            f"The price of a {what} is ${price} and {'rises' if up else 'falls'} by {percent}%. What is the new price?",
            f"{who} {'adds a mark-up' if up else 'gives a discount'} of {percent}% on a ${price} order. "
            f"How much is {'charged' if up else 'to pay'}?",
            f"{'Increase' if up else 'Decrease'} ${price} by {percent}%.",
        ]
    )
    sign = "+" if up else "-"
    steps = (
        f"{percent}% of {price} is {price} × {percent} ÷ 100 = {decimal(change)}.",
        f"The new price is {price} {sign} {decimal(change)} = {decimal(result)}.",
    )
    given = {"percent": percent, "price": price, "up": up}
    return Problem(question, steps, money(result), given, exact(result))


def price_before(draw: Random) -> Problem:
    """Find the amount before a percentage change."""
    percent, before = draw.choice(range(10, 60, 5)), draw.randint(2, 60) * 20
    up = draw.random() < 0.5
    rate = 100 + percent if up else 100 - percent
    after = before * rate // 100
    event = f"a rise of {percent}%" if up else f"a discount of {percent}%"
    question = draw.choice(
        [
            f"After {event}, a coat costs ${after}. What did it cost before?",
            f"{name(draw)} paid ${after} for a bicycle after {event}. What was the price before?",
            f"A number became {after} after {event.replace('discount', 'cut')}. What was it before?",
        ]
    )
    one_percent = Fraction(after, rate)
    steps = (
        f"{after} is 100% {'plus' if up else 'minus'} {percent}%, which is {rate}% of the old amount.",
        f"1% is {after} ÷ {rate} = {decimal(one_percent)}.",
        f"100% is {decimal(one_percent)} × 100 = {before}.",
    )
    return Problem(question, steps, str(before), {"percent": percent, "after": after, "up": up}, exact(before))


def share_in_percent(draw: Random) -> Problem:
    """Say which percentage one number is of another."""
    percent, hundredth = draw.randint(3, 97), draw.randint(1, 40)
    whole, part = hundredth * 100, percent * hundredth
    who = name(draw)
    question = draw.choice(
        [
            f"{part} is what percentage of {whole}?",
            f"{who} scored {part} of {whole} possible points. What percentage is that?",
            f"Of {whole} voters, {part} voted yes. What percentage voted yes?",
        ]
    )
    steps = (
        f"Divide the part by the whole: {part} ÷ {whole} = {decimal(Fraction(percent, 100))}.",
        f"Multiply by 100: {decimal(Fraction(percent, 100))} × 100 = {percent}.",
    )
    return Problem(question, steps, f"{percent}%", {"part": part, "whole": whole}, exact(percent))


def simple_interest(draw: Random) -> Problem:
    """Interest that is not added to the capital."""
    capital, percent, years = draw.randint(2, 90) * 100, draw.randint(2, 12), draw.randint(2, 10)
    who = name(draw)
    question = draw.choice(
        [
            f"{who} lends ${capital} at {percent}% simple interest a year. What is the interest after {years} years?",
            f"What is the simple interest on ${capital} at {percent}% a year for {years} years?",
        ]
    )
    yearly = capital * percent // 100
    steps = (
        f"Interest of one year: {capital} × {percent} ÷ 100 = {yearly}.",
        f"{years} years: {yearly} × {years} = {yearly * years}.",
    )
    given = {"capital": capital, "percent": percent, "years": years}
    return Problem(question, steps, f"${yearly * years}", given, exact(yearly * years))


def compound_interest(draw: Random) -> Problem:
    """Interest that earns interest, over two or three years."""
    capital, percent, years = draw.randint(1, 20) * 10_000, draw.choice((2, 4, 5, 10, 20)), draw.randint(2, 3)
    account = draw.choice(("an account", "a fund", "a deposit"))
    question = (
        f"{name(draw)} puts ${capital} into {account} that grows by {percent}% each year. "
        f"How much is there after {years} years?"
    )
    steps, amount = [], Fraction(capital)
    for year in range(1, years + 1):
        grown = amount * (100 + percent) / 100
        steps.append(
            f"After year {year}: {decimal(amount)} × {decimal(Fraction(100 + percent, 100))} = {decimal(grown)}."
        )
        amount = grown
    given = {"capital": capital, "percent": percent, "years": years}
    return Problem(question, tuple(steps), money(amount), given, exact(amount))


PERCENTAGES = (percent_of, price_change, price_before, share_in_percent, simple_interest, compound_interest)
