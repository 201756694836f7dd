"""Compiled loops: kept machine code is made anew when a loop changes."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator

from numba.core.registry import CPUDispatcher

import crossfade_worker


def compiled_functions() -> Iterator[CPUDispatcher]:
    """Give every compiled function of the package where it is defined."""
    for package in pkgutil.walk_packages(crossfade_worker.__path__, "crossfade_worker."):
        if package.name.startswith(("crossfade_worker.mixing.", "crossfade_worker.data.")):
            module = importlib.import_module(package.name)
            yield from (
                found
                for found in vars(module).values()
                if isinstance(found, CPUDispatcher) and found.__module__ == module.__name__
            )


def test_compiled_functions_call_those_of_their_own_file_alone() -> None:
    """Numba looks at one file alone: code taken from another one would stay as it was, and so would plans."""
    num_calls = 0
    for function in compiled_functions():
        code, names = function.py_func.__code__, function.py_func.__globals__
        called = [names[name] for name in code.co_names if isinstance(names.get(name), CPUDispatcher)]
        num_calls += len(called)
        assert {other.__module__ for other in called} <= {function.__module__}, function
    assert num_calls >= 5
