"""Worksheets: documents of one to five worked problems, of one topic or of several."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import count
from random import Random

from crossfade_worker.data.worked_problems.arithmetic import ARITHMETIC
from crossfade_worker.data.worked_problems.averages import AVERAGES
from crossfade_worker.data.worked_problems.calculus import CALCULUS
from crossfade_worker.data.worked_problems.chance import CHANCE
from crossfade_worker.data.worked_problems.equations import EQUATIONS
from crossfade_worker.data.worked_problems.everyday import EVERYDAY
from crossfade_worker.data.worked_problems.fraction_arithmetic import FRACTIONS
from crossfade_worker.data.worked_problems.geometry import GEOMETRY
from crossfade_worker.data.worked_problems.measures import MEASURES
from crossfade_worker.data.worked_problems.number_theory import NUMBER_THEORY
from crossfade_worker.data.worked_problems.percentages import PERCENTAGES
from crossfade_worker.data.worked_problems.problem import Generator, Problem
from crossfade_worker.data.worked_problems.sequences import SEQUENCES
from crossfade_worker.data.worked_problems.stories import STORIES

TOPICS: Mapping[str, tuple[Generator, ...]] = {
    "arithmetic": ARITHMETIC,
    "fractions": FRACTIONS,
    "percentages": PERCENTAGES,
    "equations": EQUATIONS,
    "sequences": SEQUENCES,
    "geometry": GEOMETRY,
    "measures": MEASURES,
    "chance and counting": CHANCE,
    "whole numbers": NUMBER_THEORY,
    "calculus": CALCULUS,
    "averages": AVERAGES,
    "everyday life": EVERYDAY,
    "word problems": STORIES,
}
"""The kinds of problems by topic."""

_TITLES = (
    "Worksheet: {}",
    "Exercises in {}",
    "Practice: {}",
    "Worked examples: {}",
    "{} with solutions",
    "Review of {}",
)
_LABELS = (
    ("Problem {}. ", "Solution. ", "Answer: "),
    ("Question {}: ", "Working: ", "Answer: "),
    ("Exercise {}. ", "Solution: ", "Result: "),
    ("{}) ", "Step by step: ", "So the answer is "),
    ("Q{}. ", "A. ", "Final answer: "),
)


def collect_worked_problems(seed: int) -> Iterator[str]:
    """Give worksheets for ever; worksheet i depends on the seed and i alone."""
    for index in count():
        yield _worksheet(Random(f"{seed} {index}"))  # noqa: S311 - a repeatable draw, no secret


def _worksheet(draw: Random) -> str:
    topic = draw.choice([*TOPICS, "mixed problems"])
    kinds = TOPICS.get(topic) or tuple(kind for kinds in TOPICS.values() for kind in kinds)
    problems = [draw.choice(kinds)(draw) for _ in range(draw.randint(1, 5))]
    labels, numbered = draw.choice(_LABELS), draw.random() < 0.4
    blocks = [_block(problem, position, labels, numbered) for position, problem in enumerate(problems, start=1)]
    if draw.random() < 0.5:
        title = draw.choice(_TITLES).format(topic)
        blocks.insert(0, title[0].upper() + title[1:])
    return "\n\n".join(blocks) + "\n"


def _block(problem: Problem, position: int, labels: tuple[str, str, str], numbered: bool) -> str:
    question, solution, answer = labels
    steps = [f"{index}. {step}" if numbered else step for index, step in enumerate(problem.steps, start=1)]
    return "\n".join(
        [question.format(position) + problem.question, solution.rstrip(), *steps, f"{answer}{problem.answer}."]
    )
