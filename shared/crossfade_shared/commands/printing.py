"""How results look: aligned tables for people, JSON for programs."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence

import typer


def print_table(titles: Sequence[str], rows: Sequence[Sequence[str]], *, err: bool = False) -> None:
    """Print aligned columns, the last one left ragged; on a terminal the titles are bold."""
    rows = [[visible(cell) for cell in row] for row in rows]
    widths = [max(len(row[column]) for row in (titles, *rows)) for column in range(len(titles))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in (titles, *rows)
    ]
    if (sys.stderr if err else sys.stdout).isatty() and "NO_COLOR" not in os.environ:
        lines[0] = typer.style(lines[0], bold=True)
    typer.echo("\n".join(lines), err=err)


def print_json(value: object) -> None:
    """Print an answer as JSON over several lines."""
    typer.echo(json.dumps(value, indent=2))


def print_json_line(value: object) -> None:
    """Print one of many answers as JSON on one line."""
    typer.echo(json.dumps(value))


def visible(text: str) -> str:
    """Give a text in which nothing moves the cursor: what somebody wrote may hold what a terminal obeys."""
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode() for character in text
    )


def percent(share: float | None) -> str:
    """Give a share as people read it."""
    return "-" if share is None else f"{100 * share:.2f} %"


def tokens(count: float | None) -> str:
    """Give a number of tokens as people read it: 5.1T."""
    if count is None:
        return "-"
    for size, letter in ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k")):
        if count >= size:
            return f"{count / size:.4g}{letter}"
    return f"{count:.4g}"
