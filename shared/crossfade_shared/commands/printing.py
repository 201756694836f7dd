"""How results look: aligned tables, on a terminal by rich, and JSON for programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence

import typer


def print_table(titles: Sequence[str], rows: Sequence[Sequence[str]], *, err: bool = False) -> None:
    """Print aligned columns, the last one left ragged; on a terminal in its width and with its titles set off."""
    if (sys.stderr if err else sys.stdout).isatty():
        return _print_rich_table(titles, rows, err=err)
    widths = [max(len(row[column]) for row in (titles, *rows)) for column in range(len(titles))]
    for row in (titles, *rows):
        typer.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip(), err=err)
    return None


def _print_rich_table(titles: Sequence[str], rows: Sequence[Sequence[str]], *, err: bool) -> None:
    from rich.console import Console  # noqa: PLC0415 - a pipe does not wait for it to load
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    table = Table(*titles, box=None, pad_edge=False, header_style="bold")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))  # Text: brackets in it are no markup
    Console(stderr=err).print(table)


def print_json(value: object) -> None:
    """Print an answer as JSON over several lines."""
    typer.echo(json.dumps(value, indent=2))


def print_json_line(value: object) -> None:
    """Print one of many answers as JSON on one line."""
    typer.echo(json.dumps(value))


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
