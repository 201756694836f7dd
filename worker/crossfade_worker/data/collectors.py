"""Built-in sources: real text that every machine has once Crossfade's worker is installed, or can make itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from crossfade_worker.data.docstrings import collect_docstrings
from crossfade_worker.data.package_readmes import collect_package_readmes
from crossfade_worker.data.python_code import collect_python_code
from crossfade_worker.data.settings import CollectorName
from crossfade_worker.data.worked_problems import collect_worked_problems

Collector = Callable[[int], Iterator[str]]
"""From a seed to documents; equal seeds and equal installed packages give equal documents in equal order."""

COLLECTORS: Mapping[CollectorName, Collector] = {
    "python_code": collect_python_code,
    "docstrings": collect_docstrings,
    "package_readmes": collect_package_readmes,
    "worked_problems": collect_worked_problems,
}
