"""`python -m tests.browser.bench`: what the page takes for a run of a million steps, in a real browser."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table
from tests.browser.bench import measure
from tests.browser.bench.million import MillionSteps
from tests.browser.chromium import NAMES, find_chromium, open_chromium
from tests.load.figures import Figure

from crossfade_shared.redis_server import embedded_redis


def main() -> None:
    """Make the run, measure, and print a table."""
    executable = find_chromium()
    if executable is None:
        sys.exit(f"the page is measured in a browser; install one of {', '.join(NAMES)}")
    notes = Console(stderr=True)
    with tempfile.TemporaryDirectory(prefix="crossfade-page-") as folder, embedded_redis(Path(folder) / "redis") as url:
        site = MillionSteps(Path(folder), url)
        site.start()
        try:
            notes.print("making a run of a million steps …")
            site.fill()
            with open_chromium(executable) as browser:
                figures: list[Figure] = []
                for each in (measure.first_paint, measure.zoom, measure.memory):
                    notes.print(f"measuring {each.__name__} …")
                    found = each(browser, site)
                    notes.print(*(f"{figure.name}: {figure.shown}" for figure in found), sep="\n")
                    figures += found
                title = (
                    f"the page in Chromium {browser.version}, load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
                )
        finally:
            site.stop()
    table = Table("figure", title=title)
    for column in ("measured", "must", ""):
        table.add_column(column, justify="right")
    for figure in figures:
        must = "" if figure.bound is None else f"{figure.bound.must:,.0f}"
        table.add_row(figure.name, figure.shown, must, figure.verdict)
    Console(width=110).print(table)


if __name__ == "__main__":
    main()
