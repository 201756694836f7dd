"""Worked problems: every stated answer and every equation in the steps is right, by an independent computation."""

import ast
import operator
import re
from collections.abc import Iterator
from fractions import Fraction
from itertools import islice, pairwise
from random import Random

import pytest
from tests.worker.data.independent_solutions import SOLUTIONS

from crossfade_worker.data.worked_problems import TOPICS, Problem, collect_worked_problems
from crossfade_worker.data.worked_problems.problem import decimal, money, polynomial

KINDS = {kind.__name__: kind for kinds in TOPICS.values() for kind in kinds}
NUM_DRAWS = 60
_OPERATORS = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
    ast.USub: operator.neg,
}


def problems(kind: str) -> Iterator[Problem]:
    return (KINDS[kind](Random(f"{kind} {number}")) for number in range(NUM_DRAWS))


@pytest.mark.parametrize("kind", KINDS)
def test_the_answer_is_right(kind):
    solve = SOLUTIONS[kind]
    for problem in problems(kind):
        assert problem.value == tuple(map(Fraction, solve(**problem.given))), problem


@pytest.mark.parametrize("kind", KINDS)
def test_the_answer_states_the_value(kind):
    for problem in problems(kind):
        stated = numbers_in(problem.answer)
        assert set(problem.value) <= set(stated), problem


@pytest.mark.parametrize("kind", KINDS)
def test_the_question_states_what_is_given(kind):
    for problem in problems(kind):
        text = numbers_in(problem.question)
        for quantity in plain_numbers(problem.given):
            if not hidden(kind, problem, quantity):
                assert quantity in text or -quantity in text or str(quantity) in problem.question, (quantity, problem)


def test_the_equations_in_the_steps_hold():
    num_checked = 0
    for kind in KINDS:
        for problem in problems(kind):
            for step in problem.steps:
                for left, right in equations(step):
                    assert evaluate(left) == evaluate(right), (problem.question, step)
                    num_checked += 1
    assert num_checked > 2 * NUM_DRAWS * len(KINDS)


def test_a_wrong_equation_would_be_seen():
    assert [(evaluate(a), evaluate(b)) for a, b in equations("So 2 × (3 + 4) = 15, which is more.")] == [(14, 15)]
    assert list(equations("Take x + 3 = 7 and 2x = 4.")) == []


def test_worksheets_are_repeatable_and_differ_by_seed_and_number():
    first = list(islice(collect_worked_problems(1), 200))
    assert first == list(islice(collect_worked_problems(1), 200))
    assert len(set(first)) == 200
    assert not set(first) & set(islice(collect_worked_problems(2), 200))


def test_each_kind_is_varied():
    for kind, generate in KINDS.items():
        questions = {re.sub(r"[\d./$-]+", "#", generate(Random(number)).question) for number in range(200)}
        texts = {generate(Random(number)).question for number in range(200)}
        assert len(texts) > 15, kind
        assert len(questions) >= 2 or kind == "order_of_operations", (kind, questions)


def test_numbers_are_written_as_people_write_them():
    assert [decimal(Fraction(n)) for n in ("-1/8", "5/2", "7", "0", "1/20")] == ["-0.125", "2.5", "7", "0", "0.05"]
    assert (money(5), money(Fraction(5, 2)), money(Fraction(1, 20))) == ("$5", "$2.50", "$0.05")
    assert polynomial((-1, 0, 1, -4)) == "-x^3 + x - 4"
    with pytest.raises(ValueError, match="no finite decimal form"):
        decimal(Fraction(1, 3))
    with pytest.raises(ValueError, match="whole number of cents"):
        money(Fraction(1, 3))


def numbers_in(text: str) -> list[Fraction]:
    found = re.findall(r"-?\d+/\d+|-?\d+\.\d+|-?\d+", text)
    return [Fraction(number) for number in found] + [Fraction(part) for n in found for part in re.findall(r"\d+", n)]


def plain_numbers(given) -> Iterator[Fraction]:
    for value in given.values():
        for item in value if isinstance(value, tuple) else (value,):
            for part in item if isinstance(item, tuple) else (item,):
                if isinstance(part, int | Fraction) and not isinstance(part, bool):
                    yield Fraction(part)


def hidden(kind: str, problem: Problem, quantity: Fraction) -> bool:
    """Say whether the question tells this quantity in words or in other numbers: a sequence, a shape, a clock, 1x."""
    in_words = {"angle_sum", "arithmetic_term", "arithmetic_sum", "geometric_term", "geometric_sum", "circle"}
    in_words |= {"convert_unit", "duration", "triangle_area", "dice_sum", "heads_and_legs", "unit_price", "shopping"}
    asked = kind == "speed" and quantity == problem.value[0]
    return kind in in_words or asked or abs(quantity) <= 1


def equations(step: str) -> Iterator[tuple[str, str]]:
    """Find `expression = expression` where both sides are plain numbers, not parts of terms with letters."""
    sides = step.split("=")
    for left, right in pairwise(sides):
        before = re.search(r"(?:^|[\s,;:])([-(]*\d[\d\s.+\-×÷/^()]*)$", left.rstrip())
        after = re.match(r"\s*([-(]*\d[\d\s.+\-×÷/^()]*)(?![\w^(π])", right)
        if before and after and not re.search(r"[+\-×÷]\s*$", left[: before.start(1)]):
            yield balanced(before[1]), balanced(after[1])


def balanced(expression: str) -> str:
    """Drop the punctuation and the closing brackets of the sentence around an expression."""
    expression = expression.strip().rstrip(".,+-×÷/^( ")
    while expression.count(")") > expression.count("("):
        expression = expression[:-1].rstrip() if expression.endswith(")") else expression[expression.index(")") + 1 :]
    return expression.strip()


def evaluate(expression: str) -> Fraction:
    text = re.sub(r"\d+\.\d+|\d+", lambda match: f'F("{match[0]}")', expression)
    text = text.replace("×", "*").replace("÷", "/").replace("^", "**")
    return value_of(ast.parse(text.strip(), mode="eval").body)


def value_of(node: ast.expr) -> Fraction:
    match node:
        case ast.Call(args=[ast.Constant(value=str(number))]):
            return Fraction(number)
        case ast.UnaryOp(op=op, operand=operand):
            return _OPERATORS[type(op)](value_of(operand))
        case ast.BinOp(left=left, op=op, right=right):
            return _OPERATORS[type(op)](value_of(left), value_of(right))
    raise AssertionError(ast.dump(node))
