"""Functions compiled to machine code: the few loops over every row and every token."""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar, cast

from numba import njit

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


def compiled(function: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """Compile a function over numbers and arrays at its first call; other threads run while it does.

    The machine code is kept beside the source file or in the user's cache folder for the processes that follow; where
    neither can be written, every process compiles for itself, in a few seconds. It is made anew when the file of the
    function changes, and only then: so a compiled function calls no compiled one of another file.
    """
    try:
        return cast("Callable[Parameters, Result]", njit(cache=True, nogil=True)(function))
    except RuntimeError:  # no place for the cache
        return cast("Callable[Parameters, Result]", njit(nogil=True)(function))
