"""The page as it is sent: out of a bundle that is made of it as it is, else out of its sources."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from crossfade_controller.dashboard.bundle import BUNDLED, is_fresh
from crossfade_controller.dashboard.files import read_files
from crossfade_controller.dashboard.html import page_of

FILES = read_files()
PARTS = re.compile(r'"/static/state/([^"]+)"')


def test_the_bundle_is_made_of_the_page_as_it_is() -> None:
    assert is_fresh(FILES), "the page was changed after it was bundled; run: make page"
    parts = PARTS.findall(page_of(FILES, "state").decode())
    assert set(parts) == {"icon.svg", *BUNDLED.values()}


@pytest.mark.parametrize("path", ["charts/chart.js", "css/theme.css", "bundle/SOURCES"])
def test_a_bundle_of_something_else_is_left_aside(path: str) -> None:
    changed = FILES | {path: replace(FILES[path], content=b"/* changed */")}
    assert not is_fresh(changed)
    parts = PARTS.findall(page_of(changed, "state").decode())
    assert {"main.js", "css/page.css", "charts/chart.js", "vendor/uplot/uPlot.esm.js"} <= set(parts)
    assert not any(part.startswith("bundle/") for part in parts)


def test_without_a_bundle_the_page_is_served_from_its_sources() -> None:
    files = {path: file for path, file in FILES.items() if not path.startswith("bundle/")}
    assert not is_fresh(files)
    assert set(PARTS.findall(page_of(files, "state").decode())) <= files.keys()
