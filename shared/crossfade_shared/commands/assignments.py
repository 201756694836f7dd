"""Numbers by source, as they are typed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Annotated

import typer

from crossfade_shared.errors import UserError

Assignments = Annotated[list[str], typer.Argument(metavar="SOURCE=NUMBER", help="For example: math=0.14 code=0.2")]


def read_numbers(assignments: Sequence[str]) -> dict[str, float]:
    """Read `math=0.14 code=0.2`."""
    numbers: dict[str, float] = {}
    for assignment in assignments:
        name, _, text = assignment.partition("=")
        if name in numbers:
            raise UserError(f"{name!r} is given twice; give it once", field=name)
        try:
            numbers[name] = float(text)
        except ValueError:
            numbers[name] = math.nan
        if not math.isfinite(numbers[name]):
            raise UserError(f"{assignment!r} is not SOURCE=NUMBER; write it like math=0.14", field=name)
    return numbers
